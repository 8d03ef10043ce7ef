// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures of what was measured, by gnuplot: OUT/<section>-<n>.svg of each case, OUT/<section>.svg
 * and .png of the ratios of a section, OUT/<section>-all.png of all of its cases. Without gnuplot
 * there are none, and the page says so.
 */
#include <signal.h>

#include "base/say.h"
#include "bench/suite/suite.h"

#define FONT	"sans,11"
#define COLUMNS 3 /* of <section>-all.png */

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

static void put_lines(FILE *g, const char *one, const char *two)
{
	auto_free char *both = NULL;
	const char *cut;

	if (asprintf(&both, "%s\n%s", one, two) < 0)
		return;
	cut = strchr(both, '\n');
	fprintf(g, "\"%.*s\\n%s\"", (int)(cut - both), both, cut + 1);
}

bool plots_can(void)
{
	static int can = -1;

	if (can < 0)
		can = system("command -v gnuplot >/dev/null") == 0;
	return can;
}

bool result_has_plot(const struct result *r)
{
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->of[i].there)
			return true;
	return false;
}

bool section_has_plot(const struct result *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].ratio > 0)
			return true;
	return false;
}

/* Where a bar would be, why there is none. */
static void put_absent(FILE *g, const struct figures *f, size_t at)
{
	const char *why = f->why ? f->why : "no figure";

	fprintf(g, "set label ");
	put_text(g, strncmp(why, "failed", 6) == 0 ? "failed" : why);
	fprintf(g,
		" noenhanced at %zu, graph 0.04 left rotate by 90 font ',9' "
		"textcolor rgb '#999999'\n",
		at);
}

static void put_names(FILE *g, const struct result *r)
{
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		fputs(i ? ", " : "set xtics (", g);
		/* Every other one a line lower, where they would not fit beside each other. */
		if (subjects_n(r->c) > 4 && i % 2)
			put_lines(g, "", r->c->subjects[i].who);
		else
			put_text(g, r->c->subjects[i].who);
		fprintf(g, " %zu", i);
	}
	fputs(")\n", g);
}

/* A bar for each subject with its median on it, and a whisker from the best to the worst round. */
static void draw_bars(FILE *g, const struct result *r)
{
	size_t n = subjects_n(r->c);

	fprintf(g,
		"unset key; set style fill solid; set boxwidth 0.7; set yrange [0:*]\n"
		"set offsets 0,0,graph 0.12,0; set format y '%%g'; set xtics font ',%d' nomirror\n",
		n > 4 ? 8 : 10);
	put_names(g, r);
	fprintf(g, "set xrange [-0.6:%.1f]\nset ylabel ", (double)n - 0.4);
	put_text(g, unit_of(r->c));
	fputc('\n', g);
	for (size_t i = 0; i < n; i++)
		if (!r->of[i].there)
			put_absent(g, &r->of[i], i);
	fputs("$d << EOD\n", g);
	for (size_t i = 0; i < n; i++)
		if (r->of[i].there)
			fprintf(g, "%zu %g %g %g 0x%s %.*f\n", i, r->of[i].median, r->of[i].min,
				r->of[i].max, colours[r->c->subjects[i].role] + 1,
				r->of[i].median >= 100	? 0
				: r->of[i].median >= 10 ? 1
							: 2,
				r->of[i].median);
	fputs("EOD\nplot $d using 1:2:5 with boxes lc rgb variable, "
	      "'' using 1:3:(0):($4-$3) with vectors nohead lw 1.5 lc rgb '#333333', "
	      "'' using 1:4:6 with labels offset 0,0.6 font ',9'\n",
	      g);
}

static void draw_curve(FILE *g, const struct result *r)
{
	const char *comma = "plot ";

	fputs(
	    "set key bmargin center horizontal samplen 2; set yrange [0:*]; set xrange [0:*]; set "
	    "format y "
	    "'%g'\n"
	    "set offsets 0,0,graph 0.08,0; set xtics autofreq; set xlabel ",
	    g);
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

/* All that a case before it may have set. */
static void draw_case(FILE *g, const struct result *r)
{
	fputs("unset label; unset xlabel; unset ylabel; set grid y; set title ", g);
	put_text(g, r->c->name);
	fputs(" noenhanced\n", g);
	if (r->c->kind == CURVE)
		draw_curve(g, r);
	else
		draw_bars(g, r);
}

static void draw_svg(FILE *g, const char *out, const struct result *r, size_t at)
{
	fprintf(g,
		"reset\nset term svg size 410,260 font '" FONT "' background '#ffffff'\n"
		"set output '%s/%s-%zu.svg'\n",
		out, r->section->name, at);
	draw_case(g, r);
}

/* Small ones beside each other, with what machine it was. */
static void draw_all(FILE *g, const struct plan *p, const char *machine, const struct result *all,
		     size_t n)
{
	size_t with = 0, rows;

	for (size_t i = 0; i < n; i++)
		with += result_has_plot(&all[i]);
	rows = (with + COLUMNS - 1) / COLUMNS;
	if (with == 0)
		return;
	fprintf(g,
		"reset\nset term pngcairo size %d,%zu font '" FONT "' background '#ffffff'\n"
		"set output '%s/%s-all.png'\nset multiplot layout %zu,%d title ",
		COLUMNS * 410, rows * 260 + 50, p->out, all->section->name, rows, COLUMNS);
	put_lines(g, all->section->title, machine);
	fputs(" noenhanced font ',12'\n", g);
	for (size_t i = 0; i < n; i++)
		if (result_has_plot(&all[i]))
			draw_case(g, &all[i]);
	fputs("unset multiplot\n", g);
}

/* Is it better, worse, or does A/A say that nobody can tell? */
static const char *verdict_colour(const struct result *r)
{
	if (result_is_same(r))
		return "9aa5b1";
	return (r->c->more ? r->ratio >= 1 : r->ratio <= 1) ? "2a6f97" : "c8553d";
}

static void put_ratios(FILE *g, const struct result *all, size_t n)
{
	const struct subject *other;
	size_t at = 0;

	fputs("reset\n$r << EOD\n", g);
	for (size_t i = 0; i < n; i++) {
		char name[120];

		if (all[i].ratio <= 0)
			continue;
		other = result_other(&all[i], PEER);
		other = other ? other : result_other(&all[i], FLOOR);
		snprintf(name, sizeof(name), "%s ÷ %s", all[i].c->name, other ? other->who : "");
		put_text(g, name);
		fprintf(g, " %g %zu 0x%s %g %g %.3g\n", all[i].ratio, at++, verdict_colour(&all[i]),
			all[i].same > 0 ? all[i].same_min : 1,
			all[i].same > 0 ? all[i].same_max : 1, all[i].ratio);
	}
	fputs("EOD\n", g);
}

/* Ours ÷ the other of each case of a section, on a logarithmic axis: 1 is alike. */
static void draw_ratios(FILE *g, const struct plan *p, const char *machine,
			const struct result *all, size_t n)
{
	double least = 0.5, most = 2;
	size_t with = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].ratio > 0) {
			with++;
			least = MIN(least, all[i].ratio / 1.5);
			most = MAX(most, all[i].ratio * 1.2);
			most = MAX(most, all[i].same_max * 1.2);
		}
	most *= 1.8; /* room for the figures */
	put_ratios(g, all, n);
	for (int png = 0; png < 2; png++) {
		fprintf(g,
			"set term %s size 860,%zu font '" FONT "' background '#ffffff'\n"
			"set output '%s/%s.%s'\nunset key; set logscale x; set grid x\n"
			"set xrange [%g:%g]; set xtics "
			"(0.01,0.02,0.05,0.1,0.2,0.5,1,2,5,10,20,50,100)\n"
			"set label 99 ",
			png ? "pngcairo" : "svg", 130 + 26 * with, p->out, all->section->name,
			png ? "png" : "svg", least, most);
		put_text(g, machine);
		fputs(" noenhanced at screen 0.5, screen 0.03 center font ',9' textcolor rgb "
		      "'#666666'\n"
		      "set bmargin 4; set title \"",
		      g);
		fprintf(
		    g,
		    "%s: ours ÷ the other's (blue: better, red: worse, grey: no difference, line: "
		    "A/A)\" noenhanced font ',9' offset -14,0\n"
		    "set yrange [%zu:-0.7]; set ytics nomirror noenhanced; set lmargin 34\n"
		    "set arrow 1 from 1,graph 0 to 1,graph 1 nohead lc rgb '#333333'\n"
		    "plot $r using 2:3:(1):2:($3-0.35):($3+0.35):4:ytic(1) with boxxyerror "
		    "fill solid lc rgb variable, '' using 5:3:($6-$5):(0) with vectors nohead "
		    "lw 3 lc rgb '#222222', '' using (%g):3:7 with labels right font ',9'\n",
		    all->section->name, with, most / 1.05);
	}
}

int plots_draw(const struct plan *p, const char *machine, const struct result *all, size_t n)
{
	size_t first = 0;
	FILE *g;

	if (!plots_can())
		return 0;
	(void)signal(SIGPIPE, SIG_IGN);
	g = popen("gnuplot", "we");
	if (!g)
		return fail(-errno, "run gnuplot");
	fputs("set encoding utf8\n", g);
	for (size_t i = 0; i < n; i++) {
		if (result_has_plot(&all[i]))
			draw_svg(g, p->out, &all[i], i);
		if (i + 1 < n && all[i + 1].section == all[i].section)
			continue;
		if (section_has_plot(all + first, i + 1 - first))
			draw_ratios(g, p, machine, all + first, i + 1 - first);
		draw_all(g, p, machine, all + first, i + 1 - first);
		first = i + 1;
	}
	return pclose(g) == 0 ? 0 : refuse(-EIO, "gnuplot failed; see above");
}
