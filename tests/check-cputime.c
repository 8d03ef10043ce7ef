// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CPU time made of the differences between samples: what holds for any sequence of them.
 */
#include "tests/fixture.h"

#define CPUS 6
#define MS   1000000ull

static struct cgv_cpus see(const char *list)
{
	struct cgv_cpus c = { .quota = CGV_UNLIMITED };

	ck_assert_int_eq(cgv_cpuset_list(span_of(list), &c.visible), 0);
	c.count = cgv_cpuset_count(&c.visible);
	return c;
}

static uint64_t busy(const struct cgv_cpu_row *r)
{
	return r->user + r->nice + r->system;
}

static uint64_t busy_of(const struct cgv_cputime *t)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < t->n; i++)
		n += busy(&t->row[i]);
	return n;
}

static void init(struct cgv_cputime *t, uint64_t start)
{
	ck_assert_int_eq(cgv_cputime_init(t, CPUS, start), 0);
}

/* What one CPU may be shown to have done between two samples. */
static void check_step(const struct cgv_cpu_row *before, const struct cgv_cpu_row *after,
		       uint64_t elapsed, bool visible)
{
	uint64_t all;

	ck_assert_uint_ge(after->user, before->user);
	ck_assert_uint_ge(after->nice, before->nice);
	ck_assert_uint_ge(after->system, before->system);
	ck_assert_uint_ge(after->idle, before->idle);
	ck_assert_uint_ge(after->steal, before->steal);
	all =
	    busy(after) - busy(before) + after->idle - before->idle + after->steal - before->steal;
	ck_assert_uint_eq(all, visible ? elapsed : 0);
}

/* ---- any sequence ---- */

struct world {
	struct chance chance;
	struct cgv_cputime t;
	struct cgv_cpus cpus;
	struct cgv_cpu_usage u;
	uint64_t percpu[CPUS], now;
};

static void move_limits(struct world *w)
{
	if (chance_below(&w->chance, 10) == 0) {
		memset(&w->cpus.visible, 0, sizeof(w->cpus.visible));
		for (unsigned i = 0; i < CPUS; i++)
			if (chance_below(&w->chance, 2))
				cgv_cpuset_add(&w->cpus.visible, i);
		if (!cgv_cpuset_count(&w->cpus.visible))
			cgv_cpuset_add(&w->cpus.visible, 0);
		w->cpus.count = cgv_cpuset_count(&w->cpus.visible);
	}
	if (chance_below(&w->chance, 50) == 0)
		w->u.n_percpu = w->u.n_percpu ? 0 : CPUS;
}

static uint64_t some(struct world *w)
{
	return chance_below(&w->chance, 4) ? chance_sized(&w->chance, 300 * MS) : 0;
}

/* The kernel's counters, which now and then go back as they do when a cgroup is made anew. */
static void move_counters(struct world *w)
{
	w->u.user += some(w);
	w->u.nice += some(w);
	w->u.system += some(w);
	w->u.throttled += some(w);
	for (int i = 0; i < CPUS; i++)
		w->percpu[i] += some(w);
	if (chance_below(&w->chance, 40) == 0) {
		w->u.user = chance_sized(&w->chance, w->u.user);
		w->u.throttled = chance_sized(&w->chance, w->u.throttled);
		w->percpu[chance_below(&w->chance, CPUS)] = 0;
	}
}

START_TEST(no_field_ever_decreases_whatever_happens)
{
	struct world w = { .chance = { 60 + (uint64_t)_i }, .cpus = see("0-5"), .now = 5 * MS };
	struct cgv_cpu_row before[CPUS];

	init(&w.t, w.now);
	w.u.percpu = w.percpu;
	w.u.max_percpu = CPUS;
	for (int i = 0; i < 3000; i++) {
		uint64_t at = w.now, elapsed;

		move_limits(&w);
		move_counters(&w);
		if (chance_below(&w.chance, 8))
			w.now += chance_sized(&w.chance, 200 * MS);
		else if (w.now > MS && chance_below(&w.chance, 4) == 0)
			at = w.now -= MS; /* a clock is late: nothing may happen then */
		elapsed = w.now > w.t.at ? w.now - w.t.at : 0;
		memcpy(before, w.t.row, sizeof(before));
		cgv_cputime_add(&w.t, w.now, &w.cpus, &w.u);
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			check_step(&before[cpu], &w.t.row[cpu], elapsed,
				   cgv_cpuset_has(&w.cpus.visible, cpu));
		(void)at;
	}
	cgv_cputime_free(&w.t);
}
END_TEST

/*
 * What the kernel counted arrives to the nanosecond: at once where there is room, else as soon
 * as there is. With counters by CPU (v1) and without (v2), and while CPUs come and go.
 */
START_TEST(nothing_that_was_used_is_lost_or_made)
{
	struct world w = { .chance = { 80 + (uint64_t)_i }, .cpus = see("0-5"), .now = 7 * MS };
	bool v1 = _i % 2;
	uint64_t total = 0;

	init(&w.t, w.now);
	w.u.percpu = w.percpu;
	w.u.n_percpu = v1 ? CPUS : 0;
	for (int i = 0; i < 2000; i++) {
		uint64_t gained = 0, late;

		move_limits(&w);
		w.u.n_percpu = v1 ? CPUS : 0;
		for (int cpu = 0; cpu < CPUS; cpu++) {
			uint64_t d = i ? some(&w) : 0;

			w.percpu[cpu] += d;
			gained += d;
		}
		/* v1 counts the split in ticks: it need not agree. */
		w.u.user += v1 ? gained / 2 / CGV_TICK * CGV_TICK : gained / 2;
		w.u.nice += gained / 3;
		w.u.system += gained - gained / 2 - gained / 3;
		total += gained;
		w.now += 1 + chance_sized(&w.chance, 400 * MS);
		cgv_cputime_add(&w.t, w.now, &w.cpus, &w.u);
		late = w.t.due_user + w.t.due_nice + w.t.due_system;
		ck_assert_uint_eq(busy_of(&w.t) + late, total);
	}
	w.now += 3600 * CGV_NSEC;
	cgv_cputime_add(&w.t, w.now, &w.cpus, &w.u);
	ck_assert_uint_eq(busy_of(&w.t), total);
	cgv_cputime_free(&w.t);
}
END_TEST

/* As long as there is room nothing waits for the next sample. */
START_TEST(what_has_room_is_shown_at_once)
{
	struct world w = { .chance = { 99 }, .cpus = see("1-2,4"), .now = CGV_NSEC };
	uint64_t total = 0;

	init(&w.t, w.now);
	for (int i = 0; i < 3000; i++) {
		uint64_t elapsed = 3 + chance_sized(&w.chance, 100 * MS);
		uint64_t gained = chance_below(&w.chance, 3 * elapsed + 1);

		w.now += elapsed;
		w.u.user += gained - gained / 3;
		w.u.system += gained / 3;
		total += gained;
		cgv_cputime_add(&w.t, w.now, &w.cpus, &w.u);
		ck_assert_uint_eq(busy_of(&w.t), total);
	}
	cgv_cputime_free(&w.t);
}
END_TEST

/* ---- single rules ---- */

START_TEST(half_a_cpu_that_burns_all_reads_half_busy_half_stolen)
{
	struct cgv_cpus cpus = see("0");
	struct cgv_cpu_usage u = { 0 };
	struct cgv_cputime t;

	init(&t, 0);
	for (int i = 1; i <= 100; i++) {
		u.user = (uint64_t)i * 50 * MS;
		u.throttled = (uint64_t)i * 170 * MS; /* summed over CPUs: beyond the elapsed */
		cgv_cputime_add(&t, (uint64_t)i * 100 * MS, &cpus, &u);
		ck_assert_uint_eq(t.row[0].user, (uint64_t)i * 50 * MS);
		ck_assert_uint_eq(t.row[0].steal, (uint64_t)i * 50 * MS);
		ck_assert_uint_eq(t.row[0].idle, 0);
	}
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(work_is_poured_evenly_and_none_gets_more_than_there_was_time)
{
	struct cgv_cpus cpus = see("1,3,5");
	struct cgv_cpu_usage u = { .user = 90 * MS };
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	for (unsigned i = 0; i < CPUS; i++)
		ck_assert_uint_eq(t.row[i].user, i % 2 ? 30 * MS : 0);
	u.user += 300 * MS;
	cgv_cputime_add(&t, 200 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[1].user, 130 * MS);
	ck_assert_uint_eq(t.row[1].idle, 70 * MS);
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(v1_shows_each_cpu_what_it_did_and_pours_what_hidden_ones_did)
{
	uint64_t percpu[CPUS] = { 10 * MS, 90 * MS, 40 * MS };
	struct cgv_cpu_usage u = { .user = 140 * MS, .percpu = percpu, .n_percpu = CPUS };
	struct cgv_cpus cpus = see("0-1");
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	/* 40 ms of CPU 2 go to the emptier one. */
	ck_assert_uint_eq(t.row[0].user, 50 * MS);
	ck_assert_uint_eq(t.row[1].user, 90 * MS);
	ck_assert_uint_eq(t.row[2].user + t.row[2].idle, 0);
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(the_split_is_the_kernels)
{
	struct cgv_cpu_usage u = { .user = 60 * MS, .nice = 10 * MS, .system = 30 * MS };
	struct cgv_cpus cpus = see("0");
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 1000 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].user, 60 * MS);
	ck_assert_uint_eq(t.row[0].nice, 10 * MS);
	ck_assert_uint_eq(t.row[0].system, 30 * MS);
	ck_assert_uint_eq(t.row[0].idle, 900 * MS);
	u.system += 100 * MS;
	cgv_cputime_add(&t, 2000 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].user, 60 * MS);
	ck_assert_uint_eq(t.row[0].system, 130 * MS);
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(another_cgroups_throttling_is_none_of_the_time_between)
{
	struct cgv_cpus cpus = see("0-1");
	struct cgv_cpu_usage u = { .throttled = 5 * MS, .throttled_by = 0 };
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	u.throttled = 90 * MS; /* the ancestor has had that for long */
	u.throttled_by = 1;
	cgv_cputime_add(&t, 200 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].steal + t.row[1].steal, 5 * MS);
	u.throttled += 20 * MS;
	cgv_cputime_add(&t, 300 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].steal + t.row[1].steal, 25 * MS);
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(time_that_stands_still_changes_nothing)
{
	struct cgv_cpu_usage u = { .user = 5 * MS };
	struct cgv_cpus cpus = see("0");
	struct cgv_cputime t;

	init(&t, 100 * MS);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	cgv_cputime_add(&t, 50 * MS, &cpus, &u);
	ck_assert_uint_eq(busy_of(&t) + t.row[0].idle, 0);
	cgv_cputime_add(&t, 110 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].user, 5 * MS);
	ck_assert_uint_eq(t.row[0].idle, 5 * MS);
	cgv_cputime_free(&t);
}
END_TEST

START_TEST(what_does_not_fit_a_containers_first_moments_was_before_it)
{
	struct cgv_cpu_usage u = { .user = 500 * MS };
	struct cgv_cpus cpus = see("0");
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	cgv_cputime_add(&t, 200 * MS, &cpus, &u);
	ck_assert_uint_eq(t.row[0].user, 100 * MS);
	ck_assert_uint_eq(t.row[0].idle, 100 * MS);
	cgv_cputime_free(&t);
}
END_TEST

/* v1's split counts in ticks: it is 0 for the first 10 ms, which is not the same as no sample. */
START_TEST(a_second_sample_is_not_the_first_because_the_first_had_no_ticks)
{
	uint64_t percpu[CPUS] = { 2 * MS };
	struct cgv_cpu_usage u = { .percpu = percpu, .n_percpu = CPUS };
	struct cgv_cpus cpus = see("0");
	struct cgv_cputime t;

	init(&t, 0);
	cgv_cputime_add(&t, 4 * MS, &cpus, &u);
	percpu[1] = 6 * MS; /* on a CPU out of sight, more than fits */
	percpu[0] += 3 * MS;
	u.user = 10 * MS;
	cgv_cputime_add(&t, 8 * MS, &cpus, &u);
	cgv_cputime_add(&t, 100 * MS, &cpus, &u);
	ck_assert_uint_eq(busy_of(&t), 11 * MS);
	cgv_cputime_free(&t);
}
END_TEST

/* ---- the kernel's files ---- */

#define V2(path) "sys/fs/cgroup/" path

struct put {
	const char *path, *text;
};

static const struct {
	const char *why;
	struct put put[6];
	uint64_t user, nice, system, throttled;
	unsigned n_percpu;
} sources[] = {
	{ "v2: microseconds; nice is a part of user",
	  { { V2("cgroup.controllers"), "cpu" },
	    { V2("a/b/cpu.stat"), "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnice_usec 2\n"
				  "nr_throttled 1\nthrottled_usec 7" } },
	  3000,
	  2000,
	  4000,
	  7000,
	  0 },
	{ "v2: who has the quota knows of throttling",
	  { { V2("cgroup.controllers"), "cpu" },
	    { V2("a/cpu.max"), "5000 100000" },
	    { V2("a/cpu.stat"), "throttled_usec 8" },
	    { V2("a/b/cpu.stat"), "user_usec 5\nsystem_usec 4\nthrottled_usec 0" } },
	  5000,
	  0,
	  4000,
	  8000,
	  0 },
	{ "v2: cpu.stat.local knows better",
	  { { V2("cgroup.controllers"), "cpu" },
	    { V2("a/cpu.max"), "5000 100000" },
	    { V2("a/cpu.stat"), "throttled_usec 8" },
	    { V2("a/b/cpu.stat"), "user_usec 5\nsystem_usec 4" },
	    { V2("a/b/cpu.stat.local"), "throttled_usec 9" } },
	  5000,
	  0,
	  4000,
	  9000,
	  0 },
	{ "v2: without the controller there is still the time",
	  { { V2("cgroup.controllers"), "memory" },
	    { V2("a/b/cpu.stat"), "user_usec 5\nsystem_usec 4" } },
	  5000,
	  0,
	  4000,
	  0,
	  0 },
	{ "v1: ticks for the split, nanoseconds by CPU",
	  { { V2("cpuacct/a/b/cpuacct.stat"), "user 3\nsystem 2" },
	    { V2("cpuacct/a/b/cpuacct.usage_percpu"), "11 12 13 14 15 16 " },
	    { V2("cpu/a/b/cpu.stat"), "nr_periods 0\nthrottled_time 17" } },
	  30 * MS,
	  0,
	  20 * MS,
	  17,
	  6 },
	{ "hybrid: the unified tree has the finer split",
	  { { V2("cpuacct/a/b/cpuacct.stat"), "user 3\nsystem 2" },
	    { V2("cpuacct/a/b/cpuacct.usage_percpu"), "11 12 13 14 15 16" },
	    { V2("unified/cgroup.controllers"), "" },
	    { V2("unified/a/b/cpu.stat"), "usage_usec 9\nuser_usec 5\nsystem_usec 4" } },
	  5000,
	  0,
	  4000,
	  0,
	  6 },
};

START_TEST(reads_the_counters_where_the_kernel_has_them)
{
	uint64_t percpu[CPUS];
	struct cgv_cpu_usage u = { .percpu = percpu, .max_percpu = CPUS };
	struct cgv_container *c;
	struct cgv_cpus cpus;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, CPUS);
	for (int i = 0; i < 6 && sources[_i].put[i].path; i++)
		tmp_put(&t, sources[_i].put[i].path, "%s\n", sources[_i].put[i].text);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a/b");
	ck_assert_int_eq(cgv_cpus(c, &cpus), 0);
	ck_assert_msg(cgv_cpu_usage(c, &cpus, &u) == 0, "%s", sources[_i].why);
	ck_assert_msg(u.user == sources[_i].user && u.nice == sources[_i].nice &&
			  u.system == sources[_i].system && u.throttled == sources[_i].throttled &&
			  u.n_percpu == sources[_i].n_percpu,
		      "%s: %llu %llu %llu %llu", sources[_i].why, (unsigned long long)u.user,
		      (unsigned long long)u.nice, (unsigned long long)u.system,
		      (unsigned long long)u.throttled);
	for (unsigned i = 0; i < u.n_percpu; i++)
		ck_assert_uint_eq(percpu[i], 11 + i);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

static const struct put no_counters[] = {
	{ V2("cpuacct/a/b/cpuacct.usage_percpu"), "" },
	{ V2("cpuacct/a/b/cpuacct.usage_percpu"), "garbage" },
	{ V2("cpuacct/a/b/cpuacct.usage_percpu"), "-1 -1" },
	{ V2("cpuacct/a/b/x"), "" },	     /* no usage_percpu */
	{ V2("cgroup.controllers"), "cpu" }, /* v2, but no cpu.stat */
};

START_TEST(refuses_counters_it_does_not_know)
{
	uint64_t percpu[CPUS];
	struct cgv_cpu_usage u = { .percpu = percpu, .max_percpu = CPUS, .user = 77 };
	struct cgv_container *c;
	struct cgv_cpus cpus = see("0");
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, CPUS);
	tmp_put(&t, no_counters[_i].path, "%s\n", no_counters[_i].text);
	tmp_put(&t, V2("cpuacct/a/b/cpuacct.stat"), "user 3\nsystem 2\n");
	tmp_open(&t, &h);
	c = tmp_container(&h, "a/b");
	ck_assert_int_lt(cgv_cpu_usage(c, &cpus, &u), 0);
	ck_assert_uint_eq(u.user, 77);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- the text made of it ---- */

static unsigned long long row_of(const char *text, const char *name, int column)
{
	const char *at = strstr(text, name);
	unsigned long long v[10] = { 0 };

	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at + strlen(name), "%llu %llu %llu %llu %llu %llu %llu %llu", v,
				v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7),
			 8);
	return v[column];
}

START_TEST(the_sum_is_that_of_the_rows_and_keeps_cpus_that_left)
{
	struct cgv_cpu_row row[2] = { { .user = 29 * MS, .idle = 19 * MS, .steal = 15 * MS },
				      { .user = 29 * MS, .system = 9 * MS, .idle = 10 * MS } };
	struct cgv_cputime time = { .n = 2, .row = row };
	struct sample s = { .cputime = &time, .cpus = see("0-1") };
	struct cgv_host h = { .intr_columns = 3, .softirq_columns = 2 };
	struct view v = { .host = &h, .s = &s };
	char buf[4096];

	for (int left = 0; left < 2; left++) {
		struct out o = { buf, sizeof(buf), 0, false };

		ck_assert_int_eq(stat_render(&v, &o), 0);
		ck_assert_uint_eq(row_of(buf, "cpu  ", 0), 4);
		ck_assert_uint_eq(row_of(buf, "cpu  ", 2), 0);
		ck_assert_uint_eq(row_of(buf, "cpu  ", 3), 2);
		ck_assert_uint_eq(row_of(buf, "cpu  ", 7), 1);
		ck_assert_uint_eq(row_of(buf, "cpu0 ", 0), 2);
		ck_assert_int_eq(strstr(buf, "cpu1 ") != NULL, !left);
		ck_assert_ptr_nonnull(strstr(buf, "\nintr 0 0 0\n"));
		ck_assert_ptr_nonnull(strstr(buf, "\nprocs_running 1\n"));
		s.cpus = see("0");
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cputime");
	TCase *t = tcase_create("properties");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, no_field_ever_decreases_whatever_happens, 0, 8);
	tcase_add_loop_test(t, nothing_that_was_used_is_lost_or_made, 0, 8);
	tcase_add_test(t, what_has_room_is_shown_at_once);
	tcase_add_test(t, half_a_cpu_that_burns_all_reads_half_busy_half_stolen);
	tcase_add_test(t, work_is_poured_evenly_and_none_gets_more_than_there_was_time);
	tcase_add_test(t, v1_shows_each_cpu_what_it_did_and_pours_what_hidden_ones_did);
	tcase_add_test(t, the_split_is_the_kernels);
	tcase_add_test(t, another_cgroups_throttling_is_none_of_the_time_between);
	tcase_add_test(t, time_that_stands_still_changes_nothing);
	tcase_add_test(t, what_does_not_fit_a_containers_first_moments_was_before_it);
	tcase_add_test(t, a_second_sample_is_not_the_first_because_the_first_had_no_ticks);
	tcase_add_loop_test(t, reads_the_counters_where_the_kernel_has_them, 0, ARRAY_LEN(sources));
	tcase_add_loop_test(t, refuses_counters_it_does_not_know, 0, ARRAY_LEN(no_counters));
	tcase_add_test(t, the_sum_is_that_of_the_rows_and_keeps_cpus_that_left);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
