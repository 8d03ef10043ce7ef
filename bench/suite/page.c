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
    "color:#222}h2{border-bottom:2px solid #2a6f97;margin-top:2.5em}table{border-collapse:collapse;"
    "margin:1em 0}td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}"
    "td.why{text-align:left}.ours{font-weight:600}tr.new td{border-top:1px solid #888}"
    ".not{color:#888}.good{color:#2b7a3d}.bad{color:#b3261e}.note{background:#fff6e0;padding:.4em "
    ".8em}"
    ".machine{color:#555}figure{margin:0;display:inline-block}"
    ".plots{display:flex;flex-wrap:wrap;gap:8px}p,li{max-width:60em}</style>\n";

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

/* From its <svg> on, by itself, as a page may be saved and sent. */
static void put_picture(FILE *to, const struct plan *p, const char *name)
{
	auto_free char *path = NULL;
	char line[8192];
	bool begun = false;

	if (asprintf(&path, "%s/%s", p->out, name) < 0)
		return;
	auto_file f = fopen(path, "re");

	if (!f || !plots_can()) /* one of a run before, maybe */
		return;
	fprintf(to, "<figure data-plot='%s'>", name);
	while (fgets(line, sizeof(line), f)) {
		begun |= strncmp(line, "<svg", 4) == 0;
		if (begun)
			fputs(line, to);
	}
	fputs("</figure>\n", to);
}

static void put_who(FILE *f, const struct result *r, size_t i)
{
	const struct subject *s = &r->c->subjects[i];

	fprintf(f, "<tr class='%s%s'><td>", s->role == OURS ? "ours" : "", i ? "" : " new");
	if (i == 0) {
		put(f, r->c->name);
		fputs(", ", f);
		put(f, unit_of(r->c));
	}
	fputs("</td><td>", f);
	put(f, s->who);
	fputs("</td>", f);
}

static void put_why(FILE *f, const struct figures *s, size_t columns)
{
	fprintf(f, "<td colspan=%zu class='not why'>", columns);
	put(f, s->why ? s->why : "no figure");
	fputs("</td>", f);
}

static void put_ratio(FILE *f, const struct result *r, enum role role, double ratio)
{
	const struct subject *other = result_other(r, role);
	bool good = r->c->more ? ratio >= 1 : ratio <= 1;
	bool same = role == PEER && result_is_same(r);

	if (!other || ratio <= 0)
		return;
	fputs("<tr><td></td><td>÷ ", f);
	put(f, other->who);
	fprintf(f, "</td><td class=%s>%.3f</td><td colspan=2 class=why>%s</td></tr>\n",
		same   ? "not"
		: good ? "good"
		       : "bad",
		ratio, same ? "A/A has it, too: no difference" : "");
}

static void put_case(FILE *f, const struct result *r)
{
	const struct figures *s = r->of;

	for (size_t i = 0; i < subjects_n(r->c); i++, s++) {
		put_who(f, r, i);
		if (s->there)
			fprintf(f, "<td>%.4g</td><td>%.4g–%.4g</td><td>%zu</td>", s->median, s->min,
				s->max, s->n);
		else
			put_why(f, s, 3);
		fputs("</tr>\n", f);
	}
	put_ratio(f, r, PEER, r->ratio);
	put_ratio(f, r, FLOOR, r->to_floor);
	if (r->same > 0)
		fprintf(f,
			"<tr class=not><td></td><td>A/A</td><td>%.3f</td><td>%.3f–%.3f</td>"
			"<td></td></tr>\n",
			r->same, r->same_min, r->same_max);
}

/* A column for each number that anybody was measured at. */
static size_t columns_of(const struct result *all, size_t n, double x[POINTS_MAX])
{
	size_t some = 0, k;

	for (size_t i = 0; i < n; i++)
		for (size_t s = 0; s < subjects_n(all[i].c); s++)
			for (size_t at = 0; at < all[i].of[s].n; at++) {
				double new = all[i].of[s].x[at];

				for (k = 0; k < some && x[k] < new; k++)
					;
				if ((k < some && x[k] == new) || some == POINTS_MAX)
					continue;
				memmove(&x[k + 1], &x[k], (some - k) * sizeof(*x));
				x[k] = new;
				some++;
			}
	return some;
}

static void put_curve(FILE *f, const struct result *r, const double *x, size_t columns)
{
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		const struct figures *s = &r->of[i];
		size_t at = 0;

		put_who(f, r, i);
		if (!s->there)
			put_why(f, s, columns);
		for (size_t k = 0; s->there && k < columns; k++) {
			for (at = 0; at < s->n && s->x[at] != x[k]; at++)
				;
			if (at < s->n)
				fprintf(f, "<td>%.4g</td>", s->all[at]);
			else
				fputs("<td></td>", f);
		}
		fputs("</tr>\n", f);
	}
}

static void put_table(FILE *f, const struct result *all, size_t n)
{
	double x[POINTS_MAX + 1];
	size_t columns;

	fputs("<table><tr><th></th><th></th>", f);
	if (all->c->kind != CURVE) {
		fputs("<th>median</th><th>min–max</th><th>rounds</th></tr>\n", f);
		for (size_t i = 0; i < n; i++)
			put_case(f, &all[i]);
	} else {
		columns = columns_of(all, n, x);
		for (size_t k = 0; k < columns; k++)
			fprintf(f, "<th>%g</th>", x[k]);
		fprintf(f, "<th class=not>%s</th></tr>\n", all->c->x);
		for (size_t i = 0; i < n; i++)
			put_curve(f, &all[i], x, columns);
	}
	fputs("</table>\n", f);
}

static void put_section(FILE *f, const struct plan *p, const struct result *all, size_t first,
			size_t end)
{
	const struct section *s = all[first].section;
	const char *note = section_note(s);
	char name[80];

	fputs("<h2>", f);
	put(f, s->title);
	fputs("</h2><p>", f);
	put(f, s->about);
	fputs("</p>\n", f);
	if (note) {
		fputs("<p class=note>", f);
		put(f, note);
		fputs("</p>\n", f);
	}
	snprintf(name, sizeof(name), "%s.svg", s->name);
	if (section_has_plot(all + first, end - first))
		put_picture(f, p, name);
	fputs("<div class=plots>", f);
	for (size_t i = first; i < end; i++) {
		snprintf(name, sizeof(name), "%s-%zu.svg", s->name, i);
		if (result_has_plot(&all[i]))
			put_picture(f, p, name);
	}
	fputs("</div>\n", f);
	put_table(f, all + first, end - first);
	fputs("<ul>", f);
	for (size_t i = first; i < end; i++)
		if (all[i].c->about) {
			fputs("<li><b>", f);
			put(f, all[i].c->name);
			fputs("</b>: ", f);
			put(f, all[i].c->about);
			fputs("</li>\n", f);
		}
	fputs("</ul>\n", f);
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
	fputs("<h1>pct: benchmarks</h1><p class=machine>", f);
	put(f, machine);
	fprintf(
	    f,
	    "</p><p>Subjects of a case in turns (A B, B A …), one warm-up, %d rounds. A bar is the "
	    "median of the rounds, its line the least and the most. A ratio is ours ÷ the other's, "
	    "round by round; the median of that. A/A is ours ÷ ours, measured twice: it tells how "
	    "much of a ratio is noise. Figures of one run tell something of each other; of another "
	    "machine only their ratios do. Who is not there is said to be, and has no "
	    "number.</p>\n",
	    p->rounds);
	if (!plots_can())
		fputs("<p class=not>No plots: gnuplot is not installed.</p>\n", f);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || all[i + 1].section != all[i].section) {
			put_section(f, p, all, first, i + 1);
			first = i + 1;
		}
	return fflush(f) == 0 ? 0 : fail(-errno, "write '%s'", path);
}
