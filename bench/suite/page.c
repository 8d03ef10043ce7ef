// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * OUT/bench.html: all in one file, pictures too; nothing is fetched.
 */
#include "base/say.h"
#include "bench/suite/suite.h"

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width'><title>pct: benchmarks</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1280px;margin:2em auto;padding:0 1em;"
    "color:#222}h2{border-bottom:2px solid #2a6f97;margin-top:2em}table{border-collapse:collapse;"
    "margin:.5em 0}td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child,td:nth-child(2){text-align:left}.ours{font-weight:600}"
    ".not{color:#888}.good{color:#2b7a3d}.bad{color:#b3261e}"
    ".plots{display:flex;flex-wrap:wrap;gap:8px}p{max-width:60em}</style>\n";

static void put(FILE *f, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		default:
			fputc(*text, f);
		}
}

/* From its <svg> on. */
static void put_picture(FILE *to, const struct plan *p, const char *name)
{
	auto_free char *path = NULL;
	char line[8192];
	bool begun = false;

	if (asprintf(&path, "%s/%s", p->out, name) < 0)
		return;
	auto_file f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		begun |= strncmp(line, "<svg", 4) == 0;
		if (begun)
			fputs(line, to);
	}
}

static void put_figures(FILE *f, const struct figures *s, bool is_curve)
{
	if (!s->there) {
		fputs("<td colspan=3 class=not>", f);
		put(f, s->why ? s->why : "no figure");
		fputs("</td>", f);
	} else if (is_curve) {
		fputs("<td colspan=3>", f);
		for (size_t i = 0; i < s->n; i++)
			fprintf(f, "%g: %.4g%s", s->x[i], s->all[i], i + 1 < s->n ? ", " : "");
		fputs("</td>", f);
	} else {
		fprintf(f, "<td>%.4g</td><td>%.4g–%.4g</td><td>%zu</td>", s->median, s->min, s->max,
			s->n);
	}
}

static void put_ratio(FILE *f, const struct result *r)
{
	bool good = r->c->more ? r->ratio >= 1 : r->ratio <= 1;

	fputs("<tr><td></td><td>ratio</td><td", f);
	if (r->ratio > 0)
		fprintf(f, " class=%s>%.2f", good ? "good" : "bad", r->ratio);
	else
		fputc('>', f);
	fputs("</td><td>", f);
	if (r->same > 0)
		fprintf(f, "A/A %.2f (%.2f–%.2f)%s", r->same, r->same_min, r->same_max,
			result_is_same(r) ? ": no difference" : "");
	fputs("</td><td></td></tr>\n", f);
}

static void put_case(FILE *f, const struct result *r)
{
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		const struct subject *s = &r->c->subjects[i];

		fputs(s->role == OURS ? "<tr class=ours><td>" : "<tr><td>", f);
		if (i == 0) {
			put(f, r->c->name);
			fputs(", ", f);
			put(f, unit_of(r->c));
		}
		fputs("</td><td>", f);
		put(f, s->who);
		fputs("</td>", f);
		put_figures(f, &r->of[i], r->c->kind == CURVE);
		fputs("</tr>\n", f);
	}
	if (r->ratio > 0 || r->same > 0)
		put_ratio(f, r);
}

static void put_section(FILE *f, const struct plan *p, const struct result *all, size_t first,
			size_t end)
{
	const struct section *s = all[first].section;
	char name[80];

	fputs("<h2>", f);
	put(f, s->title);
	fputs("</h2><p>", f);
	put(f, s->about);
	fputs("</p>\n", f);
	snprintf(name, sizeof(name), "%s.svg", s->name);
	put_picture(f, p, name);
	fputs("<table><tr><th></th><th></th><th>median</th><th>min–max</th><th>rounds</th></tr>\n",
	      f);
	for (size_t i = first; i < end; i++)
		put_case(f, &all[i]);
	fputs("</table>\n", f);
	for (size_t i = first; i < end; i++)
		if (all[i].c->about) {
			fputs("<p><b>", f);
			put(f, all[i].c->name);
			fputs("</b>: ", f);
			put(f, all[i].c->about);
			fputs("</p>\n", f);
		}
	fputs("<div class=plots>", f);
	for (size_t i = first; i < end; i++) {
		snprintf(name, sizeof(name), "%s-%zu.svg", s->name, i);
		put_picture(f, p, name);
	}
	fputs("</div>\n", f);
}

int page_write(const struct plan *p, const char *machine, const struct result *all, size_t n)
{
	auto_free char *path = NULL;
	size_t first = 0;

	if (asprintf(&path, "%s/bench.html", p->out) < 0)
		return -ENOMEM;
	auto_file f = fopen(path, "we");

	if (!f)
		return fail(-errno, "write '%s'", path);
	fputs(head, f);
	fputs("<h1>pct: benchmarks</h1><p>", f);
	put(f, machine);
	fprintf(f,
		"</p><p>Subjects of a case in turns (A B, B A …), one warm-up, %d rounds. The "
		"ratio is ours ÷ the first peer (or the floor), the median of the rounds' ratios; "
		"A/A is ours ÷ ours, and tells how much of a ratio is noise. Figures of one run "
		"tell something of each other; of another machine only their ratios do.</p>\n",
		p->rounds);
	if (system("command -v gnuplot >/dev/null") != 0)
		fputs("<p class=not>No plots: gnuplot is not installed.</p>\n", f);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || all[i + 1].section != all[i].section) {
			put_section(f, p, all, first, i + 1);
			first = i + 1;
		}
	return fflush(f) == 0 ? 0 : fail(-errno, "write '%s'", path);
}
