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

double median(const double *of, size_t n)
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

const struct subject *result_other(const struct result *r, enum role role)
{
	for (size_t i = 0; i < subjects_n(r->c); i++)
		if (r->c->subjects[i].role == role && r->of[i].there)
			return &r->c->subjects[i];
	return NULL;
}

/* Ours ÷ that one's, round by round. How many there are. */
static size_t ratios(const struct result *r, const struct subject *ours, const struct subject *s,
		     double each[ROUNDS_MAX])
{
	const struct figures *a, *b;

	if (!ours || !s || r->c->kind == CURVE)
		return 0;
	if (r->n_each) {
		memcpy(each, r->each[s - r->c->subjects], r->n_each * sizeof(*each));
		return r->n_each;
	}
	a = &r->of[ours - r->c->subjects];
	b = &r->of[s - r->c->subjects];
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		each[i] = a->all[i] / b->all[i];
	return a->n == b->n ? a->n : 0;
}

void result_settle(struct result *r)
{
	const struct subject *ours = result_other(r, OURS), *peer = result_other(r, PEER);
	const struct subject *floor = result_other(r, FLOOR);
	double each[ROUNDS_MAX];
	size_t n;

	n = ratios(r, ours, peer ? peer : floor, each);
	r->ratio = n ? median(each, n) : 0;
	n = ratios(r, ours, floor, each);
	r->to_floor = n ? median(each, n) : 0;
	n = ratios(r, ours, result_other(r, AGAIN), each);
	for (size_t i = 0; i < n; i++) {
		r->same_min = i ? MIN(r->same_min, each[i]) : each[i];
		r->same_max = i ? MAX(r->same_max, each[i]) : each[i];
	}
	r->same = n ? median(each, n) : 0;
}

bool result_is_same(const struct result *r)
{
	return r->ratio > 0 && r->same > 0 &&
	       ((r->ratio >= r->same_min && r->ratio <= r->same_max) ||
		(r->ratio >= 0.98 && r->ratio <= 1.02));
}
