// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/inittab of sysvinit and busybox.
 */
#include <ctype.h>

#include "pct/guest/inner.h"

/* A getty on a virtual or serial terminal, which a whole machine has. */
static bool is_getty(const char *line, size_t n)
{
	auto_free char *copy = text_of("%.*s", (int)n, line);

	if (*copy == '#' || !strstr(copy, "getty"))
		return false;
	for (const char *p = copy; (p = strstr(p, "tty")); p += 3)
		if (isdigit((unsigned char)p[p[3] == 'S' ? 4 : 3]))
			return true;
	return false;
}

static void put_line(const char *form, unsigned number, FILE *out)
{
	for (; *form; form++)
		if (*form == '#')
			fprintf(out, "%u", number);
		else
			fputc(*form, out);
	fputc('\n', out);
}

/* Of the user's lines those that stay; *@power: has he one for SIGPWR? */
static void put_others(const char *text, size_t n, bool *power, FILE *out)
{
	auto_free char *part = text_of("%.*s", (int)n, text);
	const char *at = part, *line;

	while (text_line(&at, &line, &n)) {
		if (is_getty(line, n))
			continue;
		fwrite(line, 1, n, out);
		*power = *power || (*line != '#' && memmem(line, n, ":powerfail:", 11));
	}
}

static char *without_gettys(const char *old, bool *power)
{
	struct text t = text_begin();
	size_t begin, end, n = strlen(old);

	if (!block_find(old, &begin, &end))
		begin = end = n;
	put_others(old, begin, power, t.out);
	fwrite(old + begin, 1, end - begin, t.out);
	put_others(old + end, n - end, power, t.out);
	return text_end(&t);
}

char *inittab_text(const char *old, const char *getty, unsigned ttys, bool powerfail)
{
	bool power = false;
	auto_free char *rest = without_gettys(old, &power), *block = NULL;
	struct text t = text_begin();

	for (unsigned i = 1; i <= ttys; i++)
		put_line(getty, i, t.out);
	if (powerfail && !power)
		fputs("p0::powerfail:/sbin/init 0\n", t.out);
	block = text_end(&t);
	return block_put(rest, block, BLOCK_END);
}

struct wanted {
	const struct distro *d;
	unsigned ttys;
};

static char *edit(const char *old, const void *wanted)
{
	const struct wanted *w = wanted;

	return inittab_text(old, w->d->getty, w->ttys, w->d->powerfail);
}

void inittab_set(struct guest *g, unsigned ttys)
{
	within_edit(&g->files, "etc/inittab", edit, &(struct wanted){ g->distro, ttys }, 0);
}
