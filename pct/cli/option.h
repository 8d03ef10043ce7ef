/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a value may be: a row for every option of a command and for every config key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

#define OPTION_NAME	  64	  /* enough for any name with its number */
#define OPTION_WHY	  160	  /* enough for any reason given below */
#define NUMBER_SCALE	  1000000 /* option numbers are read in millionths */
#define OPTION_NUMBER_MAX (INT64_MAX / NUMBER_SCALE)

enum option_type {
	OPTION_BOOL,   /* 1 on yes true, 0 off no false; kept as 1 or 0 */
	OPTION_INT,    /* min to max */
	OPTION_NUMBER, /* likewise, with up to six decimals */
	OPTION_TEXT,   /* min to max bytes of one line */
	OPTION_LINES,  /* likewise, of any number of lines */
	OPTION_WORD,   /* one of words[] */
	OPTION_LIST,   /* words between separators, each of its form; may be given several times */
	OPTION_PROPERTIES, /* "name=eth0,bridge=vmbr0": each of properties[] */
};

struct option {
	const char *name;
	enum option_type type;
	int64_t min, max;	  /* of a number: its value; of a text: its bytes */
	const char *const *words; /* NULL at the end */
	const char *value;	  /* how help shows it, "<MiB>"; NULL: by its type */
	const char *help;	  /* no full stop */
	/* A text's own form, or a list's word's: NULL if @text has it, else what it should be. */
	const char *(*form)(const char *text);
	unsigned
	    count; /* there is one of them for every number below: "net0", "net1"; 0: just one */
	const char *separators; /* of a list: any of them; the first is written */
	bool asked;		/* without a value it is asked for on the terminal; it is "" then */
	bool set;		/* a list in which each word is once, sorted */
	const struct option *properties; /* the last has no name */
	bool required;			 /* as a property: must be there */
	bool bare;			 /* as a property: a value without a name is its */
};

/*
 * The text that is kept for what a user wrote: malloc'ed in @value. -EINVAL: @why says, with
 * @text quoted, what is wrong with it, without the option's name.
 */
int option_take(const struct option *o, const char *text, char **value, char why[OPTION_WHY]);

/* Why not: -EINVAL, with a sentence without the option's name. */
int option_wrong(char why[OPTION_WHY], const char *fmt, ...) FORMAT(2, 3);

/* "1", "on", "Yes"...: true, and which in @value. */
bool option_bool(const char *text, bool *value);

/* Digits with up to six decimals, in millionths. */
bool option_number(const char *text, int64_t *millionths);

/* "<MiB>", or what its type says: "<number>", "a|b|c". Empty for a bool. */
void option_shape(const struct option *o, char *out, size_t size);

/* Is @text (@n bytes) its name: "memory", or "net3" of an option that there is several of? */
bool option_is(const struct option *o, const char *text, size_t n);
