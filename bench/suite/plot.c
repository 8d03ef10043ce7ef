// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures of what was measured, by gnuplot: OUT/<section>-<n>.svg of each case, OUT/<section>.svg
 * and .png of the ratios of a section. Without gnuplot there are none, and the page says so.
 */
#include <signal.h>

#include "base/say.h"
#include "bench/suite/suite.h"

#define FONT "sans,11"

static const char *const colours[] = { "#2a6f97", "#c8553d", "#8d99ae", "#7cb0cf" }; /* by role */

/* In gnuplot's quotes, and as wide as a picture allows. */
static void put_text(FILE *g, const char *text)
{
	fputc('"', g);
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(g, "\\%c", *text);
		else
			fputc(*text, g);
	fputc('"', g);
}

static bool has_any(const struct result *r)
{
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->of[i].there)
			return true;
	return false;
}

/* A bar for each subject, with a whisker from the best to the worst round. */
static void draw_bars(FILE *g, const struct result *r)
{
	size_t at = 0;

	fputs("unset key; set style fill solid; set boxwidth 0.7; set yrange [0:*]\n"
	      "set format y '%g'; set xtics font ',10' nomirror\nset xtics (",
	      g);
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->of[i].there) {
			fputs(at ? ", " : "", g);
			put_text(g, r->c->subjects[i].who);
			fprintf(g, " %zu", at++);
		}
	fprintf(g, ")\nset xrange [-0.6:%.1f]\nset ylabel ", (double)at - 0.4);
	put_text(g, unit_of(r->c));
	fputs("\n$d << EOD\n", g);
	at = 0;
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->of[i].there)
			fprintf(g, "%zu %g %g %g 0x%s\n", at++, r->of[i].median, r->of[i].min,
				r->of[i].max, colours[r->c->subjects[i].role] + 1);
	fputs("EOD\nplot $d using 1:2:5 with boxes lc rgb variable, "
	      "'' using 1:2:3:4 with yerrorbars pt 0 lc rgb '#333333'\n",
	      g);
}

static void draw_curve(FILE *g, const struct result *r)
{
	const char *comma = "plot ";

	fputs("set key top left; set yrange [0:*]; set xrange [0:*]; set xlabel ", g);
	put_text(g, r->c->x);
	fputs("; set ylabel ", g);
	put_text(g, unit_of(r->c));
	fputc('\n', g);
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		if (!r->of[i].there)
			continue;
		fprintf(g, "$d%zu << EOD\n", i);
		for (size_t k = 0; k < r->of[i].n; k++)
			fprintf(g, "%g %g\n", r->of[i].x[k], r->of[i].all[k]);
		fputs("EOD\n", g);
	}
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		if (!r->of[i].there)
			continue;
		fprintf(g, "%s$d%zu with linespoints pt 7 ps 0.5 lw 2 lc rgb '%s' title ", comma, i,
			colours[r->c->subjects[i].role]);
		put_text(g, r->c->subjects[i].who);
		comma = ", ";
	}
	fputc('\n', g);
}

static void draw_case(FILE *g, const char *out, const struct result *r, size_t at)
{
	fprintf(g,
		"reset\nset term svg size 400,240 font '" FONT "' background '#ffffff'\n"
		"set output '%s/%s-%zu.svg'\nset grid y\nset title ",
		out, r->section->name, at);
	put_text(g, r->c->name);
	fputs(" noenhanced\n", g);
	if (r->c->kind == CURVE)
		draw_curve(g, r);
	else
		draw_bars(g, r);
}

/* Ours ÷ the other of each case of a section, on a logarithmic axis: 1 is alike. */
static void draw_ratios(FILE *g, const struct plan *p, const struct result *all, size_t n)
{
	size_t with = 0;

	for (size_t i = 0; i < n; i++)
		with += all[i].ratio > 0;
	if (with == 0)
		return;
	fprintf(g, "reset\n$r << EOD\n");
	with = 0;
	for (size_t i = 0; i < n; i++)
		if (all[i].ratio > 0) {
			put_text(g, all[i].c->name);
			fprintf(g, " %g %zu\n", all[i].ratio, with++);
		}
	fputs("EOD\n", g);
	for (int png = 0; png < 2; png++)
		fprintf(g,
			"set term %s size 860,%zu font '" FONT "' background '#ffffff'\n"
			"set output '%s/%s.%s'\nunset key; set logscale x; set grid x\n"
			"set title \"%s: ours / the other's\" noenhanced\n"
			"set yrange [%zu:-0.7]; set ytics nomirror noenhanced; set lmargin 30\n"
			"set arrow 1 from 1,graph 0 to 1,graph 1 nohead lc rgb '#333333' lw 2\n"
			"plot $r using 2:3:(1):2:($3-0.35):($3+0.35):ytic(1) with boxxyerror "
			"fill solid lc rgb '%s'\n",
			png ? "pngcairo" : "svg", 90 + 26 * with, p->out, all->section->name,
			png ? "png" : "svg", all->section->name, with, colours[OURS]);
}

int plots_draw(const struct plan *p, const struct result *all, size_t n)
{
	size_t first = 0;
	FILE *g;

	if (system("command -v gnuplot >/dev/null") != 0)
		return 0;
	(void)signal(SIGPIPE, SIG_IGN);
	g = popen("gnuplot", "we");
	if (!g)
		return fail(-errno, "run gnuplot");
	for (size_t i = 0; i < n; i++) {
		if (has_any(&all[i]))
			draw_case(g, p->out, &all[i], i);
		if (i + 1 < n && all[i + 1].section == all[i].section)
			continue;
		draw_ratios(g, p, all + first, i + 1 - first);
		first = i + 1;
	}
	return pclose(g) == 0 ? 0 : refuse(-EIO, "gnuplot failed; see above");
}
