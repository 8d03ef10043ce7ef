// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/cores.h"

#include "base/base.h"
#include "pct/ct/cpuset.h"
#include "pct/ct/limits.h"

static void drop(struct cgv_cpuset *s, unsigned cpu)
{
	s->bits[cpu / 64] &= ~(1ull << cpu % 64);
}

/* Used least of @of that are not in @but, the lower number first; CGV_MAX_CPUS: there is none. */
static unsigned least(const struct cgv_cpuset *of, const struct cgv_cpuset *but,
		      const unsigned used[CGV_MAX_CPUS])
{
	unsigned best = CGV_MAX_CPUS;

	for (EACH_CPU(cpu, of))
		if (!cgv_cpuset_has(but, cpu) && (best == CGV_MAX_CPUS || used[cpu] < used[best]))
			best = cpu;
	return best;
}

/* Used most of @of, the higher number first: what is kept are the lower ones. */
static unsigned most(const struct cgv_cpuset *of, const unsigned used[CGV_MAX_CPUS])
{
	unsigned best = CGV_MAX_CPUS;

	for (EACH_CPU(cpu, of))
		if (best == CGV_MAX_CPUS || used[cpu] >= used[best])
			best = cpu;
	return best;
}

bool cores_pick(const struct cgv_cpuset *allowed, const unsigned used[CGV_MAX_CPUS], unsigned n,
		struct cgv_cpuset *out)
{
	struct cgv_cpuset picked = { 0 };

	if (n >= cgv_cpuset_count(allowed))
		return false;
	while (n--)
		cgv_cpuset_add(&picked, least(allowed, &picked, used));
	*out = picked;
	return true;
}

/* Is it to have fewer than all? Others use every CPU alike. */
static bool is_limited(const struct cgv_cpuset *allowed, const struct share *s)
{
	return s->cores && s->cores < cgv_cpuset_count(allowed);
}

/* As many as it has cores. */
static void resize(const struct cgv_cpuset *allowed, struct share *s, unsigned used[CGV_MAX_CPUS])
{
	unsigned n = cgv_cpuset_count(&s->next);

	for (; n > s->cores; n--) {
		unsigned cpu = most(&s->next, used);

		drop(&s->next, cpu);
		used[cpu]--;
	}
	for (; n < s->cores; n++) {
		unsigned cpu = least(allowed, &s->next, used);

		cgv_cpuset_add(&s->next, cpu);
		used[cpu]++;
	}
}

/*
 * From its CPU that is used most to the least used of the others, if that is better for all.
 * Every move makes the sum of the squares of @used smaller, so there are not many.
 */
static bool move(const struct cgv_cpuset *allowed, struct share *s, unsigned used[CGV_MAX_CPUS])
{
	unsigned from = most(&s->next, used), to = least(allowed, &s->next, used);

	if (from == CGV_MAX_CPUS || to == CGV_MAX_CPUS || used[from] <= used[to] + 1)
		return false;
	drop(&s->next, from);
	cgv_cpuset_add(&s->next, to);
	used[from]--;
	used[to]++;
	return true;
}

void cores_count(const struct cgv_cpuset *allowed, const struct share *shares, size_t n,
		 unsigned used[CGV_MAX_CPUS])
{
	for (size_t i = 0; i < n; i++)
		for (EACH_CPU(cpu, &shares[i].next))
			used[cpu] += is_limited(allowed, &shares[i]);
}

int cores_spread(const struct cgv_cpuset *allowed, struct share *shares, size_t n)
{
	auto_free unsigned *used = calloc(CGV_MAX_CPUS, sizeof(*used));
	bool moved = true;

	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct share *s = &shares[i];

		s->next = *allowed;
		if (!is_limited(allowed, s))
			continue;
		/* One that had all so far says nothing of where it would be. */
		cgv_cpuset_and(&s->next, &s->now);
		if (cgv_cpuset_count(&s->next) == cgv_cpuset_count(allowed))
			s->next = (struct cgv_cpuset){ 0 };
	}
	cores_count(allowed, shares, n, used);
	for (size_t i = 0; i < n; i++)
		if (is_limited(allowed, &shares[i]))
			resize(allowed, &shares[i], used);
	while (moved) {
		moved = false;
		for (size_t i = 0; i < n; i++)
			while (is_limited(allowed, &shares[i]) && move(allowed, &shares[i], used))
				moved = true;
	}
	return 0;
}

bool cores_are_raw(const struct config *c)
{
	return limits_are_raw(c, CGV_V1, "cpuset.cpus") || limits_are_raw(c, CGV_V2, "cpuset.cpus");
}
