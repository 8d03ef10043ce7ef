/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the placeholders of usage lines and values stand for, "<vmid>", "<snapshot>", "<bridge>":
 * whoever names the same thing by the same word has it completed.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "pct/conf/config.h"
#include "pct/pct.h"

/* A command line up to the cursor. */
struct line {
	const struct command *command;
	unsigned vmid;
	struct config config;	     /* of that one; no sections: unknown, or not to be read */
	int n_words;		     /* that are no options, the VMID counted */
	bool words_only;	     /* "--" was there */
	const struct option *option; /* whose value comes now; a bool's need not */
	char *const *words;
	int n;
	/* The word at the cursor: what stays, and what is yet to be completed. */
	const char *before;
	size_t n_before;
	const char *part;
	bool files;
	FILE *to;
};

/* A candidate: what is to follow it at once is @after. */
void offer(struct line *l, const char *text, const char *after);

/* @n bytes more of the word stay as they are. */
void pass(struct line *l, size_t n);

/* All that a placeholder stands for; of "<IPv4/length>|dhcp|manual" or "<list|show>" the words. */
void offer_shape(struct line *l, const char *shape);

void offer_commands(struct line *l);
