// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which CPUs a container sees, and the counters of what it used of them.
 */
#include "cgview/container.h"
#include "cgview/read.h"

/* A quota and its period in µs to ns of CPU time per second. */
static int per_second(uint64_t quota, uint64_t period, uint64_t *out)
{
	unsigned __int128 ns = (unsigned __int128)quota * CGV_NSEC;

	if (period == 0)
		return -EBADMSG;
	ns = quota == CGV_UNLIMITED ? CGV_UNLIMITED : ns / period;
	*out = (uint64_t)MIN(ns, (unsigned __int128)CGV_UNLIMITED);
	return 0;
}

static int quota_v2(struct cgv_container *c, unsigned level, uint64_t *out)
{
	uint64_t quota = CGV_UNLIMITED, period;
	struct span text, word;
	char buf[64];
	int r;

	r = cgv_file_read(c, CPU_QUOTA, level, buf, sizeof(buf), &text);
	if (r < 0)
		return r;
	if (!span_u64(&text, &quota) && !(span_word(&text, &word) && span_is(word, "max")))
		return -EBADMSG;
	if (!span_u64(&text, &period))
		return -EBADMSG;
	return per_second(quota, period, out);
}

static int quota_v1(struct cgv_container *c, unsigned level, uint64_t *out)
{
	uint64_t quota = CGV_UNLIMITED, period;
	struct span text, word;
	char buf[64];
	int r;

	r = cgv_file_read(c, CPU_QUOTA, level, buf, sizeof(buf), &text);
	if (r < 0)
		return r;
	if (!span_u64(&text, &quota) && !(span_word(&text, &word) && span_is(word, "-1")))
		return -EBADMSG;
	if (quota == CGV_UNLIMITED) {
		*out = quota;
		return 0;
	}
	r = cgv_file_number(c, CPU_PERIOD, level, &period);
	return r < 0 ? r : per_second(quota, period, out);
}

static int smallest_quota(struct cgv_container *c, struct cgv_cpus *cpus)
{
	bool v1 = cgv_file_owner(c, CPU_QUOTA) == CGV_V1;
	uint64_t here = CGV_UNLIMITED;
	int r;

	cpus->quota = CGV_UNLIMITED;
	cpus->quota_level = 0;
	for (unsigned level = 0; level < cgv_levels(c, CGV_CPU); level++) {
		r = v1 ? quota_v1(c, level, &here) : quota_v2(c, level, &here);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (here < cpus->quota) {
			cpus->quota = here;
			cpus->quota_level = level;
		}
	}
	return 0;
}

/*
 * A cgroup without the controller has its nearest ancestor's CPUs; none has any: @out stays as
 * it is. An empty one is a cpuset being set up: nothing can run in it yet.
 */
static int cut_effective(struct cgv_container *c, struct cgv_cpuset *out)
{
	struct cgv_cpuset own;
	struct span text;
	char buf[4096];
	int r;

	r = cgv_file_read(c, CPUSET_CPUS, 0, buf, sizeof(buf), &text);
	if (r == -ENOENT && cgv_exists(c, CGV_CPUSET) < 0)
		return r;
	for (unsigned level = 1; r == -ENOENT && level < cgv_levels(c, CGV_CPUSET); level++)
		r = cgv_file_read(c, CPUSET_CPUS, level, buf, sizeof(buf), &text);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = cgv_cpuset_list(text, &own);
	if (r < 0)
		return r;
	cgv_cpuset_and(&own, out);
	if (cgv_cpuset_count(&own))
		*out = own;
	return 0;
}

static int online(const struct cgv_host *h, struct cgv_cpuset *out)
{
	struct span text;
	char buf[4096];
	int r;

	r = cgv_read_fd(h->online, buf, sizeof(buf), &text);
	if (r == 0)
		r = cgv_cpuset_list(text, out);
	if (r == 0 && cgv_cpuset_count(out) == 0)
		r = -EBADMSG;
	return r;
}

int cgv_cpus(struct cgv_container *c, struct cgv_cpus *out)
{
	struct cgv_cpus cpus;
	int r;

	r = online(c->host, &cpus.allowed);
	if (r == 0)
		r = cut_effective(c, &cpus.allowed);
	if (r == 0)
		r = smallest_quota(c, &cpus);
	if (r < 0)
		return r;
	cpus.visible = cpus.allowed;
	cpus.count = cgv_cpuset_count(&cpus.visible);
	if (cpus.quota != CGV_UNLIMITED) {
		uint64_t whole = cpus.quota / CGV_NSEC + (cpus.quota % CGV_NSEC != 0);

		whole = MAX(whole, (uint64_t)1);
		cpus.count = (unsigned)MIN(whole, (uint64_t)cpus.count);
		cgv_cpuset_first(&cpus.visible, cpus.count);
	}
	*out = cpus;
	return 0;
}

/* The keys of a v2 cpu.stat, µs. */
struct cpu_stat {
	uint64_t usage, user, nice, system, throttled;
};

static int read_cpu_stat(struct cgv_container *c, enum cgv_file f, unsigned level,
			 struct cpu_stat *out)
{
	static const struct field fields[] = {
		{ "usage_usec", offsetof(struct cpu_stat, usage) },
		{ "user_usec", offsetof(struct cpu_stat, user) },
		{ "nice_usec", offsetof(struct cpu_stat, nice) },
		{ "system_usec", offsetof(struct cpu_stat, system) },
		{ "throttled_usec", offsetof(struct cpu_stat, throttled) },
	};
	struct cpu_stat s = { 0 };
	struct span text;
	char buf[1024];
	int r;

	r = cgv_file_read(c, f, level, buf, sizeof(buf), &text);
	if (r < 0)
		return r;
	span_fields(text, fields, ARRAY_LEN(fields), &s);
	*out = s;
	return 0;
}

/* cpu.stat.local knows of every ancestor's throttling; before it, ask the one with the quota. */
static int throttled(struct cgv_container *c, const struct cgv_cpus *cpus, struct cgv_cpu_usage *u)
{
	static const struct field v1[] = { { "throttled_time", 0 } };
	struct cpu_stat s;
	struct span text;
	char buf[1024];
	int r;

	u->throttled = 0;
	u->throttled_by = CGV_OWN_VIEW;
	if (cgv_file_owner(c, CPU_STAT) == CGV_V2) {
		r = read_cpu_stat(c, CPU_STAT_LOCAL, 0, &s);
		if (r == -ENOENT) {
			u->throttled_by = cpus->quota_level;
			r = read_cpu_stat(c, CPU_STAT, cpus->quota_level, &s);
		}
		if (r == 0)
			u->throttled = s.throttled * 1000;
		return r == -ENOENT ? 0 : r;
	}
	r = cgv_file_read(c, CPU_STAT_LOCAL, 0, buf, sizeof(buf), &text);
	if (r == -ENOENT) {
		u->throttled_by = cpus->quota_level;
		r = cgv_file_read(c, CPU_STAT, cpus->quota_level, buf, sizeof(buf), &text);
	}
	if (r == 0)
		span_fields(text, v1, 1, &u->throttled);
	return r == -ENOENT ? 0 : r;
}

/* How the kernel splits the time: the unified tree's µs are finer than v1's ticks. */
static int split_v1(struct cgv_container *c, struct cgv_cpu_usage *u)
{
	static const struct field ticks[] = { { "user", 0 }, { "system", sizeof(uint64_t) } };
	struct cpu_stat s;
	uint64_t t[2] = { 0 };
	struct span text;
	char buf[128];
	int r;

	u->nice = 0;
	r = read_cpu_stat(c, UNIFIED_CPU_STAT, 0, &s);
	if (r == 0 && s.user + s.system) {
		u->user = s.user * 1000;
		u->system = s.system * 1000;
		return 0;
	}
	r = cgv_file_read(c, ACCT_STAT, 0, buf, sizeof(buf), &text);
	if (r < 0)
		return r;
	span_fields(text, ticks, 2, t);
	u->user = t[0] * CGV_TICK;
	u->system = t[1] * CGV_TICK;
	return 0;
}

static int usage_v1(struct cgv_container *c, struct cgv_cpu_usage *u)
{
	struct cgv_text buf = { 0 };
	struct span text;
	int r;

	r = cgv_text_reserve(&buf, 64 + 24ul * u->max_percpu);
	if (r == 0)
		r = cgv_file_read(c, ACCT_PERCPU, 0, buf.p, buf.size, &text);
	u->n_percpu = 0;
	while (r == 0 && u->n_percpu < u->max_percpu && span_u64(&text, &u->percpu[u->n_percpu]))
		u->n_percpu++;
	free(buf.p);
	if (r == 0 && !u->n_percpu)
		r = -EBADMSG;
	return r < 0 ? r : split_v1(c, u);
}

static int usage_v2(struct cgv_container *c, struct cgv_cpu_usage *u)
{
	struct cpu_stat s;
	int r;

	r = read_cpu_stat(c, UNIFIED_CPU_STAT, 0, &s);
	if (r < 0)
		return r;
	u->nice = MIN(s.nice, s.user) * 1000;
	u->user = s.user * 1000 - u->nice;
	u->system = s.system * 1000;
	u->n_percpu = 0;
	return 0;
}

int cgv_cpu_usage(struct cgv_container *c, const struct cgv_cpus *cpus, struct cgv_cpu_usage *io)
{
	struct cgv_cpu_usage u = *io;
	int r;

	if (cgv_file_owner(c, ACCT_PERCPU) == CGV_V1)
		r = usage_v1(c, &u);
	else
		r = usage_v2(c, &u);
	if (r == 0)
		r = throttled(c, cpus, &u);
	if (r == 0)
		*io = u;
	return r;
}
