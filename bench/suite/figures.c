// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From what was measured to what is said of it.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

size_t subjects_n(const struct bench_case *c)
{
	size_t n = 0;

	while (n < SUBJECTS_MAX && c->subjects[n].who)
		n++;
	return n;
}

const char *unit_of(const struct bench_case *c)
{
	return c->kind == TIMED || c->kind == SYNCED ? "ms"
	       : c->kind == CPU_USED		     ? "ms of CPU"
						     : c->unit;
}

const char *section_note(const struct section *s)
{
	auto_free char *name = NULL;

	return asprintf(&name, "%s_NOTE", s->name) < 0 ? NULL : getenv(name);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *of, size_t n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, of, n * sizeof(*of));
	qsort(sorted, n, sizeof(*of), compare);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void figures_settle(struct figures *f)
{
	f->there = f->n > 0;
	if (!f->there)
		return;
	f->median = median(f->all, f->n);
	f->min = f->max = f->all[0];
	for (size_t i = 0; i < f->n; i++) {
		f->min = MIN(f->min, f->all[i]);
		f->max = MAX(f->max, f->all[i]);
	}
}

static const struct figures *first(const struct result *r, enum role role)
{
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->c->subjects[i].role == role && r->of[i].there)
			return &r->of[i];
	return NULL;
}

/* Round by round, as both met the same machine then; the median of that. */
void result_settle(struct result *r)
{
	const struct figures *ours = first(r, OURS), *other = first(r, PEER);
	const struct figures *again = first(r, AGAIN);
	double each[ROUNDS_MAX];

	other = other ? other : first(r, FLOOR);
	if (ours && other && ours->n == other->n) {
		for (size_t i = 0; i < ours->n; i++)
			each[i] = ours->all[i] / other->all[i];
		r->ratio = median(each, ours->n);
	}
	if (!ours || !again || ours->n != again->n)
		return;
	for (size_t i = 0; i < ours->n; i++) {
		each[i] = again->all[i] / ours->all[i];
		r->same_min = i ? MIN(r->same_min, each[i]) : each[i];
		r->same_max = i ? MAX(r->same_max, each[i]) : each[i];
	}
	r->same = median(each, ours->n);
}

bool result_is_same(const struct result *r)
{
	return r->ratio > 0 && r->same > 0 &&
	       ((r->ratio >= r->same_min && r->ratio <= r->same_max) ||
		(r->ratio >= 0.98 && r->ratio <= 1.02));
}
