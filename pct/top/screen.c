// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ncurses is loaded when it is wanted: a `pct status` in a loop shall not pay for it, and a host
 * without it has all other commands.
 */
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <dlfcn.h>
#include <math.h>
#include <poll.h>
#include <time.h>

#include "base/say.h"
#include "pct/interrupt.h"
#include "pct/top/top.h"

#define LIBRARY	   "libncursesw.so.6"
#define NAME_LEAST 10
#define NAME_MOST  24

#define INTERVAL_MIN (CGV_NSEC / 10)
#define INTERVAL_MAX (3600 * CGV_NSEC)

static struct {
	__typeof__(&newterm) newterm;
	__typeof__(&endwin) endwin;
	__typeof__(&cbreak) cbreak;
	__typeof__(&noecho) noecho;
	__typeof__(&keypad) keypad;
	__typeof__(&nodelay) nodelay;
	__typeof__(&curs_set) curs_set;
	__typeof__(&werase) werase;
	__typeof__(&wmove) wmove;
	__typeof__(&waddnstr) waddnstr;
	__typeof__(&wattrset) wattrset;
	__typeof__(&wrefresh) wrefresh;
	__typeof__(&wgetch) wgetch;
	__typeof__(&getmaxx) getmaxx;
	__typeof__(&getmaxy) getmaxy;
	__typeof__(&has_colors) has_colors;
	__typeof__(&start_color) start_color;
	__typeof__(&use_default_colors) use_default_colors;
	__typeof__(&init_pair) init_pair;
	WINDOW **stdscr;
} nc;

static int load_curses(void)
{
	static const struct {
		const char *name;
		void *into;
	} symbols[] = {
		{ "newterm", &nc.newterm },
		{ "endwin", &nc.endwin },
		{ "cbreak", &nc.cbreak },
		{ "noecho", &nc.noecho },
		{ "keypad", &nc.keypad },
		{ "nodelay", &nc.nodelay },
		{ "curs_set", &nc.curs_set },
		{ "werase", &nc.werase },
		{ "wmove", &nc.wmove },
		{ "waddnstr", &nc.waddnstr },
		{ "wattrset", &nc.wattrset },
		{ "wrefresh", &nc.wrefresh },
		{ "wgetch", &nc.wgetch },
		{ "getmaxx", &nc.getmaxx },
		{ "getmaxy", &nc.getmaxy },
		{ "has_colors", &nc.has_colors },
		{ "start_color", &nc.start_color },
		{ "use_default_colors", &nc.use_default_colors },
		{ "init_pair", &nc.init_pair },
		{ "stdscr", &nc.stdscr },
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *symbol = library ? dlsym(library, symbols[i].name) : NULL;

		if (!symbol)
			return refuse(-ENOENT,
				      "top: cannot use " LIBRARY "; install libncursesw6, or "
				      "'pct top --once' does without");
		memcpy(symbols[i].into, &symbol, sizeof(symbol));
	}
	return 0;
}

enum { PLAIN, HEAD, BUSY, FULL };

struct screen {
	struct top *top;
	size_t rows;
	int by;
	bool reverse;
	uint64_t interval;
	size_t first;	  /* row */
	int first_column; /* of the values */
	bool colors;
};

static int open_screen(struct screen *s)
{
	if (!nc.newterm(NULL, stdout, stdin))
		return refuse(-ENOTTY,
			      "top: the terminal '%s' is not known; 'pct top --once' needs none",
			      getenv("TERM") ? getenv("TERM") : "");
	nc.cbreak();
	nc.noecho();
	nc.keypad(*nc.stdscr, TRUE);
	nc.nodelay(*nc.stdscr, TRUE);
	nc.curs_set(0);
	s->colors = nc.has_colors() && nc.start_color() == OK;
	if (s->colors) {
		nc.use_default_colors();
		nc.init_pair(BUSY, COLOR_YELLOW, -1);
		nc.init_pair(FULL, COLOR_RED, -1);
	}
	return 0;
}

static void style(const struct screen *s, int how)
{
	int attribute = how == HEAD ? (int)A_REVERSE : how == PLAIN ? 0 : (int)A_BOLD;

	if (s->colors && (how == BUSY || how == FULL))
		attribute |= how << 8; /* COLOR_PAIR() */
	nc.wattrset(*nc.stdscr, attribute);
}

static void put(int y, int x, const char *text, int room)
{
	if (room > 0 && nc.wmove(*nc.stdscr, y, x) == OK)
		nc.waddnstr(*nc.stdscr, text, room);
}

/* Of what is scarce, how much of it is too much. */
static int how(const struct top_row *r, enum top_value v)
{
	double value = r->value[v];

	switch (v) {
	case TOP_MEMORY_PART:
		return value >= 95 ? FULL : value >= 80 ? BUSY : PLAIN;
	case TOP_PSI_CPU:
	case TOP_PSI_MEMORY:
	case TOP_PSI_IO:
		return value >= 40 ? FULL : value >= 10 ? BUSY : PLAIN;
	default:
		return PLAIN;
	}
}

static void put_summary(const struct screen *s, int width)
{
	const struct top_host *h = &s->top->of_host;
	char used[TOP_CELL], total[TOP_CELL], line[256], cpu[TOP_CELL] = "-";
	struct tm now;
	time_t t = time(NULL);

	top_bytes((double)h->memory_used, used);
	top_bytes((double)h->memory, total);
	if (!isnan(h->cpu))
		snprintf(cpu, sizeof(cpu), "%.0f%%", h->cpu);
	localtime_r(&t, &now);
	snprintf(line, sizeof(line),
		 "%02d:%02d:%02d  %zu running   host: cpu %s of %u, mem %s of %s, load %.2f   "
		 "every %g s",
		 now.tm_hour, now.tm_min, now.tm_sec, s->top->n, cpu, h->cpus, used, total, h->load,
		 (double)s->interval / CGV_NSEC);
	style(s, PLAIN);
	put(0, 0, line, width);
}

/* Where the values begin. */
static int name_width(const struct screen *s, int width)
{
	int need = 9;

	for (int v = s->first_column; v < TOP_N_VALUES; v++)
		need += top_columns[v].width;
	need = width - need;
	return need < NAME_LEAST ? NAME_LEAST : MIN(need, NAME_MOST);
}

static void put_head(const struct screen *s, int y, int width)
{
	int names = name_width(s, width), x = 9 + names;
	char cell[64];

	style(s, HEAD);
	for (int i = 0; i < width; i++)
		put(y, i, " ", 1);
	put(y, 0, s->by == TOP_BY_VMID ? "*VMID" : "VMID", MIN(9, width));
	put(y, 9, s->by == TOP_BY_NAME ? "*NAME" : "NAME", width - 9);
	for (int v = s->first_column; v < TOP_N_VALUES; v++) {
		const struct top_column *c = &top_columns[v];
		char title[16];

		if (x + c->width > width)
			break;
		snprintf(title, sizeof(title), "%s%s", s->by == v ? "*" : "", c->title);
		snprintf(cell, sizeof(cell), "%*s", c->width, title);
		put(y, x, cell, c->width);
		x += c->width;
	}
	style(s, PLAIN);
}

static void put_row(const struct screen *s, int y, int width, const struct top_row *r)
{
	int names = name_width(s, width), x = 9 + names;
	char cell[64], value[TOP_CELL];

	snprintf(cell, sizeof(cell), "%u", r->vmid);
	put(y, 0, cell, MIN(9, width));
	snprintf(cell, sizeof(cell), "%.*s", names, r->name);
	put(y, 9, cell, width - 9);
	for (int v = s->first_column; v < TOP_N_VALUES; v++) {
		const struct top_column *c = &top_columns[v];

		if (x + c->width > width)
			break;
		top_cell(r, (enum top_value)v, value);
		snprintf(cell, sizeof(cell), "%*s", c->width, value);
		style(s, how(r, (enum top_value)v));
		put(y, x, cell, c->width);
		style(s, PLAIN);
		x += c->width;
	}
}

static void draw(struct screen *s)
{
	WINDOW *w = *nc.stdscr;
	int width = nc.getmaxx(w), height = nc.getmaxy(w);
	size_t room = height > 3 ? (size_t)height - 3 : 0;

	if (s->first + room > s->rows)
		s->first = s->rows > room ? s->rows - room : 0;
	nc.werase(w);
	put_summary(s, width);
	put_head(s, 1, width);
	for (size_t i = 0; i < room && s->first + i < s->rows; i++)
		put_row(s, 2 + (int)i, width, &s->top->row[s->first + i]);
	if (height > 3)
		put(height - 1, 0,
		    "q quit  +- interval  R reverse  <> columns  sort: n v c m M s r w i o l p P O "
		    "t",
		    width - 1);
	nc.wrefresh(w);
}

static void sort(struct screen *s)
{
	top_sort(s->top->row, s->rows, s->by, s->reverse);
}

/* What sorts: a column's key. */
static bool take_sort(struct screen *s, int key)
{
	int by = s->by;

	for (int v = 0; v < TOP_N_VALUES; v++)
		if (key == top_columns[v].key)
			by = v;
	if (key == 'n')
		by = TOP_BY_NAME;
	if (key == 'v')
		by = TOP_BY_VMID;
	if (by == s->by)
		return false;
	s->by = by;
	s->reverse = false;
	return true;
}

static void scroll_by(struct screen *s, long rows)
{
	if (rows < 0 && s->first < (size_t)-rows)
		s->first = 0;
	else
		s->first += (size_t)rows;
}

/* False: leave. */
static bool take_key(struct screen *s, int key)
{
	int page = nc.getmaxy(*nc.stdscr) - 3;

	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'R':
		s->reverse = !s->reverse;
		break;
	case '+':
		s->interval = MIN(s->interval * 2, INTERVAL_MAX);
		break;
	case '-':
		s->interval = MAX(s->interval / 2, INTERVAL_MIN);
		break;
	case '>':
	case KEY_RIGHT:
		s->first_column = MIN(s->first_column + 1, TOP_N_VALUES - 1);
		break;
	case '<':
	case KEY_LEFT:
		s->first_column = MAX(s->first_column - 1, 0);
		break;
	case KEY_UP:
		scroll_by(s, -1);
		break;
	case KEY_DOWN:
		scroll_by(s, 1);
		break;
	case KEY_PPAGE:
		scroll_by(s, -page);
		break;
	case KEY_NPAGE:
		scroll_by(s, page);
		break;
	default:
		(void)take_sort(s, key);
	}
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Keys until the next look; false: leave. A window of another size comes as a key. */
static bool wait_keys(struct screen *s)
{
	uint64_t began = now_ms(), now;
	struct pollfd p = { .fd = 0, .events = POLLIN };

	while ((now = now_ms()) < began + s->interval / 1000000) {
		int key, r = poll(&p, 1, (int)(began + s->interval / 1000000 - now));

		if (interrupted() || (r > 0 && (p.revents & (POLLHUP | POLLERR))))
			return false;
		if (r == 0)
			break;
		while ((key = nc.wgetch(*nc.stdscr)) != ERR)
			if (!take_key(s, key))
				return false;
		sort(s);
		draw(s);
	}
	return true;
}

static int look(struct screen *s)
{
	int r = top_sample(s->top, &s->rows);

	if (r == 0)
		sort(s);
	return r;
}

int top_show(struct top *t, int by, uint64_t interval)
{
	struct screen s = { .top = t, .by = by, .interval = interval };
	enum say_level limit = say_limit;
	int r = load_curses();

	if (r == 0)
		r = look(&s);
	if (r < 0)
		return r;
	interrupt_catch();
	/* A first number soon; each then is of its whole interval. */
	poll(NULL, 0, 200);
	r = open_screen(&s);
	if (r < 0)
		return r;
	/* What is wrong with one container's conf shall not be written over the others. */
	say_limit = 0;
	do {
		r = look(&s);
		if (r == 0)
			draw(&s);
	} while (r == 0 && wait_keys(&s));
	nc.endwin();
	say_limit = limit;
	return r;
}
