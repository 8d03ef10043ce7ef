// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/keep.h"

#include "base/base.h"

#define KEEP_MAX 100000

static const struct {
	const char *name, *period; /* as strftime() has it: two of one period have one text */
} rules[KEEP_PERIODS] = {
	[KEEP_LAST] = { "last", "%s" },		 [KEEP_HOURLY] = { "hourly", "%F %H %z" },
	[KEEP_DAILY] = { "daily", "%F" },	 [KEEP_WEEKLY] = { "weekly", "%G-%V" },
	[KEEP_MONTHLY] = { "monthly", "%Y-%m" }, [KEEP_YEARLY] = { "yearly", "%Y" },
};

/* "keep-daily=7", up to @n */
static int parse_one(const char *text, size_t n, struct keep *k)
{
	static const char prefix[] = "keep-";
	const char *equal = memchr(text, '=', n);
	unsigned long number;
	char *end;

	if (n > sizeof(prefix) && strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		text += sizeof(prefix) - 1;
		n -= sizeof(prefix) - 1;
	}
	if (!equal || equal[1] < '0' || equal[1] > '9')
		return -EINVAL;
	number = strtoul(equal + 1, &end, 10);
	if (end != text + n || number > KEEP_MAX)
		return -EINVAL;
	if ((size_t)(equal - text) == 3 && strncmp(text, "all", 3) == 0)
		return 0;
	for (size_t i = 0; i < KEEP_PERIODS; i++)
		if (strlen(rules[i].name) == (size_t)(equal - text) &&
		    strncmp(text, rules[i].name, (size_t)(equal - text)) == 0) {
			k->of[i] = (unsigned)number;
			return 0;
		}
	return -EINVAL;
}

int keep_parse(const char *text, struct keep *out)
{
	struct keep k = { 0 };
	int r = 0;

	do {
		size_t n = strcspn(text, ",;");

		r = parse_one(text, n, &k);
		text += n;
	} while (r == 0 && *text++);
	if (r == 0)
		*out = k;
	return r;
}

const char *form_keep(const char *text)
{
	struct keep k;

	return keep_parse(text, &k) == 0
		   ? NULL
		   : "numbers of last, hourly, daily, weekly, monthly, yearly, as last=3,daily=7";
}

bool keep_all(const struct keep *k)
{
	for (size_t i = 0; i < KEEP_PERIODS; i++)
		if (k->of[i])
			return false;
	return true;
}

bool keep_same(enum keep_period period, time_t a, time_t b)
{
	char of_a[64], of_b[64];
	struct tm tm;

	strftime(of_a, sizeof(of_a), rules[period].period, localtime_r(&a, &tm));
	strftime(of_b, sizeof(of_b), rules[period].period, localtime_r(&b, &tm));
	return strcmp(of_a, of_b) == 0;
}

static bool is_covered(enum keep_period period, time_t t, const time_t *when, const bool *stays,
		       size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (stays[i] && keep_same(period, when[i], t))
			return true;
	return false;
}

void keep_select(const struct keep *k, const time_t *when, size_t n, bool *stays)
{
	for (size_t i = 0; i < n; i++)
		stays[i] = keep_all(k);
	for (enum keep_period p = KEEP_LAST; p < KEEP_PERIODS; p++) {
		unsigned left = k->of[p];

		for (size_t i = 0; i < n && left; i++) {
			bool kept =
			    p == KEEP_LAST ? stays[i] : is_covered(p, when[i], when, stays, n);

			if (kept)
				continue;
			stays[i] = true;
			left--;
		}
	}
}

static bool schedule_parse(const char *text, enum keep_period *period, long *every)
{
	static const struct {
		char unit;
		long s;
	} units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	long n;

	for (enum keep_period p = KEEP_HOURLY; p < KEEP_PERIODS; p++)
		if (strcmp(text, rules[p].name) == 0) {
			*period = p;
			*every = 0;
			return true;
		}
	if (*text < '1' || *text > '9')
		return false;
	n = strtol(text, &end, 10);
	for (size_t i = 0; i < ARRAY_LEN(units) && n <= KEEP_MAX; i++)
		if (end[0] == units[i].unit && !end[1]) {
			*every = n * units[i].s;
			return true;
		}
	return false;
}

const char *form_schedule(const char *text)
{
	enum keep_period period;
	long every;

	return schedule_parse(text, &period, &every)
		   ? NULL
		   : "hourly, daily, weekly, monthly, yearly, or as 15m, 6h, 2d";
}

/* A clock that was set back since makes it due, too. */
bool schedule_due(const char *text, time_t last, time_t now)
{
	enum keep_period period = KEEP_LAST;
	long every = 0;

	if (!schedule_parse(text, &period, &every))
		return false;
	if (last == 0 || last > now)
		return true;
	return every ? last / every != now / every : !keep_same(period, last, now);
}
