// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The canonical text of a conf.
 */
#include <ctype.h>

#include "base/base.h"
#include "pct/conf/config.h"

char *config_encode(const char *text, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = malloc(3 * n + 1), *to = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && isprint(c) && c != ':' && c != '%') {
			*to++ = (char)c;
		} else {
			*to++ = '%';
			*to++ = digits[c >> 4];
			*to++ = digits[c & 15];
		}
	}
	*to = '\0';
	return out;
}

static int write_description(const char *text, FILE *out)
{
	while (text && *text) {
		size_t n = (size_t)(strchrnul(text, '\n') - text);
		auto_free char *line = config_encode(text, n);

		if (!line)
			return -ENOMEM;
		/* A blank at the end would be trimmed when it is read back. */
		if (n && text[n - 1] == ' ')
			fprintf(out, "#%.*s%%20\n", (int)strlen(line) - 1, line);
		else
			fprintf(out, "#%s\n", line);
		text += n + (text[n] == '\n');
	}
	return 0;
}

enum rank { RANK_KEY, RANK_LXC, RANK_ODD };

static enum rank rank(const struct entry *e)
{
	return !e->key ? RANK_ODD : entry_is_lxc(e) ? RANK_LXC : RANK_KEY;
}

/* Keys by name; the others stay in their order, so the caller's order of them must be stable. */
int entry_compare(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;

	if (rank(x) != rank(y))
		return rank(x) < rank(y) ? -1 : 1;
	if (rank(x) == RANK_KEY)
		return strcmp(x->key, y->key);
	return x < y ? -1 : x > y;
}

static void write_variables(const char *lines, FILE *out)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");

		fprintf(out, CONFIG_VARIABLE ": %.*s\n", (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

static int write_entries(const struct section *s, FILE *out)
{
	auto_free const struct entry **sorted = calloc(s->n + 1, sizeof(struct entry *));
	const char *variables = NULL;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		sorted[i] = &s->entries[i];
	qsort(sorted, s->n, sizeof(*sorted), entry_compare);
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = sorted[i];

		if (rank(e) != RANK_KEY) {
			write_variables(variables, out);
			variables = NULL;
		}
		if (!e->key)
			fprintf(out, "%s\n", e->value);
		else if (strcmp(e->key, "env") == 0)
			variables = e->value;
		else
			fprintf(out, "%s:%s%s\n", e->key, *e->value ? " " : "", e->value);
	}
	write_variables(variables, out);
	return 0;
}

/* The pending block first, then snapshots by name. */
static int section_compare(const void *a, const void *b)
{
	const struct section *x = *(const struct section *const *)a;
	const struct section *y = *(const struct section *const *)b;
	bool px = strcasecmp(x->name, "pve:pending") == 0;
	bool py = strcasecmp(y->name, "pve:pending") == 0;

	if (px != py)
		return px ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int write_section(const struct section *s, FILE *out)
{
	int r;

	if (s->name)
		fprintf(out, "\n[%s]\n", s->name);
	r = write_description(s->description, out);
	return r < 0 ? r : write_entries(s, out);
}

static int write_all(const struct config *c, FILE *out)
{
	auto_free const struct section **sorted = calloc(c->n, sizeof(struct section *));
	int r;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		sorted[i] = &c->sections[i];
	qsort(sorted + 1, c->n - 1, sizeof(*sorted), section_compare);
	r = write_section(sorted[0], out);
	for (size_t i = 1; r == 0 && i < c->n; i++) {
		bool pending = strcasecmp(sorted[i]->name, "pve:pending") == 0;

		if (!pending || sorted[i]->n || sorted[i]->description)
			r = write_section(sorted[i], out);
	}
	return r;
}

int config_write(const struct config *c, char **text, size_t *n)
{
	auto_free char *buf = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&buf, &size);
	int r;

	if (!out)
		return -ENOMEM;
	r = write_all(c, out);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	*text = take_ptr(buf);
	*n = size;
	return 0;
}
