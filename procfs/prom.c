// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/prom.h"

#include <stdarg.h>

#include "base/base.h"

void prom_free(struct prom *p)
{
	free(p->text.p);
	*p = (struct prom){ 0 };
}

const char *prom_type_name(enum prom_type t)
{
	static const char *const names[] = { "counter", "gauge", "histogram" };

	return names[t];
}

/* Room for @n more bytes and a NUL. */
static char *room(struct prom *p, size_t n)
{
	size_t size = MAX(p->text.size, (size_t)256);

	while (size < p->len + n + 1)
		size *= 2;
	if (!p->failed && p->text.size < size && cgv_text_reserve(&p->text, size) < 0)
		p->failed = true;
	return p->failed ? NULL : p->text.p + p->len;
}

static void put(struct prom *p, const char *text, size_t n)
{
	char *to = room(p, n);

	if (!to)
		return;
	memcpy(to, text, n);
	to[n] = '\0';
	p->len += n;
}

void prom_text(struct prom *p, const char *text)
{
	put(p, text, strlen(text));
}

void prom_put(struct prom *p, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(p, line, n < 0 ? 0 : MIN((size_t)n, sizeof(line) - 1));
}

void prom_family(struct prom *p, const char *name, enum prom_type type, const char *help)
{
	/* No help of ours has a backslash or an end of line. */
	prom_put(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, prom_type_name(type));
}

/* ---- labels ---- */

/* How many bytes the character at @s takes; 0: it is none. */
static size_t utf8(const unsigned char *s)
{
	static const unsigned char least[] = { 0, 0x80, 0xa0, 0x90 };
	size_t n = *s < 0x80		      ? 1
		   : *s >= 0xc2 && *s < 0xe0  ? 2
		   : *s >= 0xe0 && *s < 0xf0  ? 3
		   : *s >= 0xf0 && *s <= 0xf4 ? 4
					      : 0;

	/* A NUL ends it too early. */
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Written longer than need be, or half of a pair, or beyond the last one. */
	if ((*s == 0xe0 || *s == 0xf0) && s[1] < least[n - 1])
		return 0;
	return (*s == 0xed && s[1] >= 0xa0) || (*s == 0xf4 && s[1] >= 0x90) ? 0 : n;
}

static void put_value(struct prom *p, const char *text)
{
	size_t n;

	for (const char *s = text; *s; s += MAX(n, (size_t)1)) {
		n = utf8((const unsigned char *)s);
		if (*s == '\n')
			prom_text(p, "\\n");
		else if (*s == '"' || *s == '\\')
			prom_put(p, "\\%c", *s);
		else if (n)
			put(p, s, n);
		else
			prom_text(p, "\xef\xbf\xbd");
	}
}

void prom_label(struct prom *p, bool first, const char *key, const char *text)
{
	if (!first)
		prom_text(p, ",");
	prom_text(p, key);
	prom_text(p, "=\"");
	put_value(p, text);
	prom_text(p, "\"");
}

bool prom_same(const char *a, const char *b)
{
	struct prom p = { 0 }, q = { 0 };
	bool same;

	put_value(&p, a);
	put_value(&q, b);
	same = p.failed || q.failed ||
	       (p.len == q.len && (!p.len || memcmp(p.text.p, q.text.p, p.len) == 0));
	prom_free(&p);
	prom_free(&q);
	return same;
}

/* ---- samples ---- */

void prom_number(struct prom *p, enum prom_unit unit, uint64_t n)
{
	const unsigned long long v = n;

	if (unit == PROM_NSEC)
		prom_put(p, " %llu.%09llu\n", v / CGV_NSEC, v % CGV_NSEC);
	else if (unit == PROM_LOAD)
		prom_put(p, " %.2f\n", (double)n / CGV_LOAD_1);
	else
		prom_put(p, " %llu\n", v);
}

void prom_sample(struct prom *p, const char *name, const char *labels, enum prom_unit unit,
		 uint64_t n)
{
	prom_text(p, name);
	if (*labels) {
		prom_text(p, "{");
		prom_text(p, labels);
		prom_text(p, "}");
	}
	prom_number(p, unit, n);
}
