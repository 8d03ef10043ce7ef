// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CPU time of a container over its life, from differences between samples. Pure arithmetic.
 */
#include "base/base.h"
#include "cgview/cgview.h"

struct parts {
	uint64_t user, nice, system;
};

int cgv_cputime_init(struct cgv_cputime *t, unsigned n, uint64_t start)
{
	struct cgv_cpu_row *row = calloc(n, sizeof(*row));

	if (!row)
		return -ENOMEM;
	*t = (struct cgv_cputime){ .at = start, .n = n, .row = row };
	return 0;
}

void cgv_cputime_free(struct cgv_cputime *t)
{
	free(t->row);
	t->row = NULL;
	t->n = 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t share(uint64_t amount, uint64_t part, uint64_t of)
{
	return of ? (uint64_t)((unsigned __int128)amount * part / of) : 0;
}

/* The counter moved from *last to @now; a counter that went back starts anew. */
static uint64_t step(uint64_t *last, uint64_t now)
{
	uint64_t d = less(now, *last);

	*last = now;
	return d;
}

static bool visible(const struct cgv_cputime *t, const struct cgv_cpus *cpus, unsigned cpu)
{
	return cpu < t->n && cgv_cpuset_has(&cpus->visible, cpu);
}

/* The least taken CPUs: how much, how many, and how much the next ones have. */
struct level {
	uint64_t floor, next;
	unsigned n;
};

static bool lowest(const struct cgv_cputime *t, const struct cgv_cpus *cpus, uint64_t elapsed,
		   struct level *out)
{
	struct level l = { elapsed, elapsed, 0 };

	for (unsigned i = 0; i < t->n; i++) {
		uint64_t taken = t->row[i].taken;

		if (!visible(t, cpus, i) || taken >= elapsed)
			continue;
		if (taken < l.floor)
			l = (struct level){ taken, l.floor, 0 };
		else if (taken > l.floor)
			l.next = MIN(l.next, taken);
		l.n += taken == l.floor;
	}
	*out = l;
	return l.n;
}

/* Pour @amount over the visible CPUs, the emptiest first; what finds no room is left out. */
static void pour(struct cgv_cputime *t, const struct cgv_cpus *cpus, uint64_t elapsed,
		 uint64_t amount)
{
	struct level l;

	while (amount && lowest(t, cpus, elapsed, &l)) {
		uint64_t lift = amount / l.n ? amount / l.n : 1;

		lift = MIN(lift, l.next - l.floor);
		for (unsigned i = 0; i < t->n && amount; i++) {
			uint64_t here = MIN(lift, amount);

			if (!visible(t, cpus, i) || t->row[i].taken != l.floor)
				continue;
			t->row[i].taken += here;
			amount -= here;
		}
	}
}

/* What was used since the last sample, by CPU where the kernel says so; the rest is returned. */
static uint64_t used(struct cgv_cputime *t, uint64_t elapsed, const struct cgv_cpus *cpus,
		     const struct cgv_cpu_usage *u, const struct parts *split)
{
	uint64_t elsewhere = 0;

	if (!u->n_percpu)
		return split->user + split->nice + split->system;
	for (unsigned i = 0; i < u->n_percpu && i < t->n; i++) {
		uint64_t d = step(&t->row[i].seen, u->percpu[i]);

		if (visible(t, cpus, i)) {
			t->row[i].taken = MIN(d, elapsed);
			d -= t->row[i].taken;
		}
		elsewhere += d;
	}
	return elsewhere;
}

/* Take @amount out of what is due, in the proportion of the parts that are due. */
static struct parts take_due(struct cgv_cputime *t, uint64_t amount)
{
	uint64_t due = t->due_user + t->due_nice + t->due_system;
	struct parts p;

	p.nice = share(amount, t->due_nice, due);
	p.system = share(amount, t->due_system, due);
	p.user = amount - p.nice - p.system;
	p.user = MIN(p.user, t->due_user);
	/* What rounding took from user's share goes where something is left. */
	p.system = MIN(amount - p.nice - p.user, t->due_system);
	p.nice = MIN(amount - p.user - p.system, t->due_nice);
	t->due_user -= p.user;
	t->due_nice -= p.nice;
	t->due_system -= p.system;
	return p;
}

/* The kernel's split of @total ns: by the last step, or if that is too short, by all so far. */
static void add_due(struct cgv_cputime *t, uint64_t total, struct parts d)
{
	uint64_t all = d.user + d.nice + d.system;
	uint64_t nice, system;

	if (!all) {
		d = (struct parts){ t->user, t->nice, t->system };
		all = d.user + d.nice + d.system;
	}
	nice = share(total, d.nice, all);
	system = share(total, d.system, all);
	t->due_nice += nice;
	t->due_system += system;
	t->due_user += total - nice - system;
}

/* Book the work poured so far; what is taken from here on is steal. */
static void book_work(struct cgv_cputime *t, const struct cgv_cpus *cpus)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct cgv_cpu_row *row = &t->row[i];
		struct parts p;

		if (!visible(t, cpus, i))
			continue;
		p = take_due(t, row->taken);
		row->user += p.user;
		row->nice += p.nice;
		row->system += p.system;
		row->steal -= row->taken;
	}
}

static void book_rest(struct cgv_cputime *t, const struct cgv_cpus *cpus, uint64_t elapsed)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct cgv_cpu_row *row = &t->row[i];

		if (!visible(t, cpus, i))
			continue;
		row->steal += row->taken;
		row->idle += elapsed - row->taken;
	}
}

void cgv_cputime_add(struct cgv_cputime *t, uint64_t now, const struct cgv_cpus *cpus,
		     const struct cgv_cpu_usage *u)
{
	bool first = !t->begun;
	uint64_t elapsed = less(now, t->at);
	uint64_t late = t->due_user + t->due_nice + t->due_system;
	uint64_t rest, total, throttled;
	struct parts split;

	if (!elapsed)
		return;
	t->at = now;
	t->begun = true;
	split.user = step(&t->user, u->user);
	split.nice = step(&t->nice, u->nice);
	split.system = step(&t->system, u->system);
	/* Another cgroup's counter tells nothing of the time since the last sample. */
	if (!first && t->throttled_by != u->throttled_by)
		t->throttled = u->throttled;
	t->throttled_by = u->throttled_by;
	throttled = step(&t->throttled, u->throttled);

	for (unsigned i = 0; i < t->n; i++)
		t->row[i].taken = 0;
	rest = total = used(t, elapsed, cpus, u, &split);
	for (unsigned i = 0; i < t->n; i++)
		total += t->row[i].taken;
	add_due(t, total, split);
	pour(t, cpus, elapsed, late + rest);
	book_work(t, cpus);
	if (first) /* what does not fit a container's first moments was there before it */
		t->due_user = t->due_nice = t->due_system = 0;
	pour(t, cpus, elapsed, throttled);
	book_rest(t, cpus, elapsed);
}
