// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/say.h"
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/cli/progress.h"
#include "pct/cli/size.h"
#include "pct/paths.h"

#define SECOND 1000000000ull
#define WIDTH  80
/* What is done sooner has no bar, and then it moves ten times a second. */
#define PATIENCE (SECOND / 3)
#define BAR_EACH (SECOND / 10)
#define ROW_EACH (SECOND / 2)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

struct progress progress_of(const struct args *a)
{
	struct progress p = { .unit = "bytes" };

	if (args_json(a))
		p.shown = PROGRESS_JSON;
	else if (isatty(STDERR_FILENO))
		p.shown = PROGRESS_BAR;
	return p;
}

/* ---- a bar ---- */

static unsigned width_of(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : WIDTH;
}

static void put_amount(FILE *f, const struct progress *p, uint64_t n)
{
	char text[SIZE_TEXT];

	if (strcmp(p->unit, "bytes") == 0)
		size_short(n, text);
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	fputs(text, f);
}

static void put_time(FILE *f, uint64_t seconds)
{
	if (seconds >= 3600)
		fprintf(f, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600),
			(unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
	else
		fprintf(f, "%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

/* "  50%  1.0G/2.0G  512.0M/s  0:02": the time is what is left, or what it took if that is not
 * known. */
static void put_figures(FILE *f, const struct progress *p, uint64_t now)
{
	uint64_t took = now > p->begun ? now - p->begun : 0;
	double speed = took ? (double)p->done * SECOND / (double)took : 0;
	uint64_t done = p->total ? MIN(p->done, p->total) : p->done;

	if (p->total)
		fprintf(f, "%3u%%  ", (unsigned)((double)done * 100 / (double)p->total));
	put_amount(f, p, done);
	if (p->total) {
		fputc('/', f);
		put_amount(f, p, p->total);
	}
	if (speed < 1)
		return;
	fputs("  ", f);
	put_amount(f, p, (uint64_t)speed);
	fputs("/s  ", f);
	put_time(f, p->total ? (uint64_t)((double)(p->total - done) / speed) : took / SECOND);
}

static char *figures(const struct progress *p, uint64_t now)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_figures(f, p, now);
	return fclose(f) == 0 ? text : NULL;
}

#define BAR_MIN 6
#define BAR_MAX 40

char *progress_line(const struct progress *p, uint64_t now, unsigned width)
{
	static const char full[] = "########################################",
			  empty[] = "----------------------------------------";
	auto_free char *text = figures(p, now);
	size_t used = strlen(p->work) + 2 + (text ? strlen(text) : 0);
	int bar = used + 4 < width ? (int)MIN(width - used - 4, (size_t)BAR_MAX) : 0;
	auto_free char *line = NULL;

	if (p->total && bar >= BAR_MIN) {
		double share = (double)MIN(p->done, p->total) / (double)p->total;
		int n = (int)(share * bar);

		line = text_of("%s  [%.*s%.*s]  %s", p->work, n, full, bar - n, empty,
			       text ? text : "");
	} else {
		line = text_of("%s  %s", p->work, text ? text : "");
	}
	if (strlen(line) > width)
		line[width] = '\0';
	return take_ptr(line);
}

static void erase(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

/* The bar there is: a message that comes while it is there takes its place. */
static struct progress *drawn;

static void before_message(void)
{
	if (drawn)
		erase(drawn);
}

static void draw(struct progress *p, uint64_t now)
{
	/* Not in the last column, where some terminals begin a new line. */
	auto_free char *line = progress_line(p, now, width_of() - 1);

	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
	p->drawn = true;
}

/* ---- for programs ---- */

static void put_row(const struct progress *p, const char *result)
{
	auto_output o = json_object_new_object();

	json_object_object_add(o, "work", json_object_new_string(p->work));
	json_object_object_add(o, "done", json_object_new_uint64(p->done));
	if (p->total)
		json_object_object_add(o, "total", json_object_new_uint64(p->total));
	json_object_object_add(o, "unit", json_object_new_string(p->unit));
	if (result)
		json_object_object_add(o, "result", json_object_new_string(result));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
						   JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

/* ---- ---- */

void progress_begin(struct progress *p, uint64_t total, const char *fmt, ...)
{
	va_list ap;

	if (!p)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(p->work, sizeof(p->work), fmt, ap);
	va_end(ap);
	for (char *c = p->work; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	p->unit = "bytes";
	p->total = total;
	p->done = 0;
	p->begun = p->last = now_ns();
	if (p->shown == PROGRESS_JSON)
		put_row(p, NULL);
	if (p->shown != PROGRESS_BAR)
		return;
	p->last = p->begun + PATIENCE - BAR_EACH;
	drawn = p;
	say_before = before_message;
}

/* As long as it has been faster than it may be; a second at most, to be asked again. */
static void hold_back(const struct progress *p)
{
	uint64_t due = (uint64_t)((double)p->done / (double)p->limit * SECOND);
	uint64_t took = now_ns() - p->begun, ahead = due > took ? MIN(due - took, SECOND) : 0;
	struct timespec t = { (time_t)(ahead / SECOND), (long)(ahead % SECOND) };

	if (ahead)
		nanosleep(&t, NULL);
}

void progress_at(struct progress *p, uint64_t done)
{
	uint64_t now;

	if (!p)
		return;
	p->done = done;
	if (p->limit)
		hold_back(p);
	if (p->shown == PROGRESS_NOT)
		return;
	now = now_ns();
	/* The first bar's last is yet to come. */
	if (now < p->last || now - p->last < (p->shown == PROGRESS_BAR ? BAR_EACH : ROW_EACH))
		return;
	p->last = now;
	if (p->shown == PROGRESS_BAR)
		draw(p, now);
	else
		put_row(p, NULL);
}

void progress_add(struct progress *p, uint64_t n)
{
	if (p)
		progress_at(p, p->done + n);
}

int progress_end(struct progress *p, int r)
{
	if (!p)
		return r;
	if (p->shown == PROGRESS_JSON)
		put_row(p, r < 0 ? "failed" : "ok");
	if (p->shown != PROGRESS_BAR)
		return r;
	erase(p);
	fflush(stderr);
	drawn = NULL;
	say_before = NULL;
	return r;
}
