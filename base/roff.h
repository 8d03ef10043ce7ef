/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every manual page is made of: pct(1), pctfs(8) and the others are written by the programs
 * themselves, from their tables.
 */
#pragma once

#include <ctype.h>

#include "base/base.h"

/* Of the last change of what pages say; not of the build, which is to be the same each time. */
#define ROFF_DATE "2026-11-22"

/* No byte of @text is roff's: not a dot at a line's start, nor a '-' that becomes another dash. */
static inline void roff_text(const char *text, FILE *to)
{
	fputs("\\&", to);
	for (const char *p = text; *p; p++)
		if (*p == '\\')
			fputs("\\e", to);
		else if (*p == '-')
			fputs("\\-", to);
		else if (*p == '\'')
			fputs("\\(aq", to);
		else if (*p == '\n' && p[1] == '\n')
			continue;
		else if (*p == '\n' && p[1])
			fputs("\n.PP\n\\&", to);
		else
			fputc(*p, to);
	if (!*text || text[strlen(text) - 1] != '\n')
		fputc('\n', to);
}

static inline void roff_upper(const char *text, FILE *to)
{
	for (const char *p = text; *p; p++)
		fputc(toupper((unsigned char)*p), to);
}

/* @by: the command that wrote it, "pct manual". */
static inline void roff_head(const char *name, int section, const char *what, const char *by,
			     FILE *to)
{
	fprintf(to, ".\\\" Made by '%s' from its tables: changes here are lost.\n.TH ", by);
	roff_upper(name, to);
	fprintf(
	    to,
	    " %d " ROFF_DATE " pct\n"
	    ".\\\" Neither words broken by hyphens nor lines stretched: it is read on terminals.\n"
	    ".nh\n.ad l\n.SH NAME\n",
	    section);
	for (const char *p = name; *p; p++)
		fprintf(to, "%s%c", *p == '-' ? "\\" : "", *p);
	fprintf(to, " \\- %s\n", what);
}

static inline void roff_title(const char *title, FILE *to)
{
	fputs(".SH ", to);
	roff_upper(title, to);
	fputc('\n', to);
}

/* With the full stop that a table's help has not. */
static inline void roff_sentence(const char *text, FILE *to)
{
	auto_free char *whole = NULL;

	if (asprintf(&whole, "%s.", text) < 0)
		whole = NULL;
	roff_text(whole ? whole : text, to);
}

static inline void roff_item(const char *left, const char *right, FILE *to)
{
	fputs(".TP\n.B ", to);
	roff_text(left, to);
	roff_sentence(right, to);
}

/* Lines as they are. */
static inline void roff_lines(const char *text, FILE *to)
{
	fputs(".nf\n", to);
	for (const char *p = text; *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n')) {
		auto_free char *one = strndup(p, strcspn(p, "\n"));

		roff_text(one ? one : "", to);
	}
	fputs(".fi\n", to);
}
