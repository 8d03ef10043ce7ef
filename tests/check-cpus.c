// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which CPUs a container sees: by cpuset and quota, and the same ones in every file.
 */
#include "tests/fixture.h"

#include "procfs/tree.h"

#define V2(path) "sys/fs/cgroup/" path
#define MAX_PUT	 8

struct put {
	const char *path, *text;
};

static const struct {
	const char *why, *online;
	struct put put[MAX_PUT];
	const char *visible;
} cases[] = {
	{ "no quota, no cpuset: all", "0-3", { { V2("a/b/x"), "" } }, "0-3" },
	{ "max is no quota", "0-3", { { V2("a/b/cpu.max"), "max 100000" } }, "0-3" },
	{ "0.4 of a CPU is one", "0-3", { { V2("a/b/cpu.max"), "40000 100000" } }, "0" },
	{ "1.0 is one", "0-3", { { V2("a/b/cpu.max"), "100000 100000" } }, "0" },
	{ "1.5 is two", "0-3", { { V2("a/b/cpu.max"), "150000 100000" } }, "0-1" },
	{ "2.01 is three", "0-3", { { V2("a/b/cpu.max"), "201000 100000" } }, "0-2" },
	{ "2.00001 is three", "0-3", { { V2("a/b/cpu.max"), "200001 100000" } }, "0-2" },
	{ "9 of 4 is four", "0-3", { { V2("a/b/cpu.max"), "900000 100000" } }, "0-3" },
	{ "the least the kernel takes", "0-3", { { V2("a/b/cpu.max"), "1000 1000000" } }, "0" },
	{ "the most the kernel takes",
	  "0-3",
	  { { V2("a/b/cpu.max"), "17592186044415 100000" } },
	  "0-3" },
	{ "another period", "0-3", { { V2("a/b/cpu.max"), "15000 10000" } }, "0-1" },
	{ "an ancestor's quota is smaller",
	  "0-3",
	  { { V2("a/b/cpu.max"), "300000 100000" }, { V2("a/cpu.max"), "200000 100000" } },
	  "0-1" },
	{ "an ancestor's quota is larger",
	  "0-3",
	  { { V2("a/b/cpu.max"), "200000 100000" }, { V2("a/cpu.max"), "300000 100000" } },
	  "0-1" },
	{ "only an ancestor has one",
	  "0-3",
	  { { V2("a/b/x"), "" }, { V2("a/cpu.max"), "200000 100000" } },
	  "0-1" },
	{ "a sparse cpuset",
	  "0-63",
	  { { V2("a/b/cpuset.cpus.effective"), "3,17-18,63" } },
	  "3,17-18,63" },
	{ "a quota takes the first of it",
	  "0-63",
	  { { V2("a/b/cpuset.cpus.effective"), "3,17-18,63" },
	    { V2("a/b/cpu.max"), "150000 100000" } },
	  "3,17" },
	{ "those offline are none of them",
	  "0,2-3",
	  { { V2("a/b/cpuset.cpus.effective"), "1-2" } },
	  "2" },
	{ "offline ones do not count in the quota",
	  "2-3",
	  { { V2("a/b/cpu.max"), "200000 100000" } },
	  "2-3" },
	{ "without a cpuset of its own it is the parent's",
	  "0-3",
	  { { V2("a/b/x"), "" }, { V2("a/cpuset.cpus.effective"), "1,3" } },
	  "1,3" },
	{ "or the root's",
	  "0-3",
	  { { V2("a/b/x"), "" }, { V2("cpuset.cpus.effective"), "0-1" } },
	  "0-1" },
	{ "an empty one is not set up yet",
	  "0-3",
	  { { V2("a/b/cpuset.cpus.effective"), "" }, { V2("a/cpuset.cpus.effective"), "1" } },
	  "0-3" },
	{ "v1: -1 is no quota",
	  "0-3",
	  { { V2("cpu/a/b/cpu.cfs_quota_us"), "-1" },
	    { V2("cpu/a/b/cpu.cfs_period_us"), "100000" } },
	  "0-3" },
	{ "v1: quota and period",
	  "0-3",
	  { { V2("cpu/a/b/cpu.cfs_quota_us"), "110000" },
	    { V2("cpu/a/b/cpu.cfs_period_us"), "100000" } },
	  "0-1" },
	{ "v1: the ancestors' smallest",
	  "0-3",
	  { { V2("cpu/a/b/cpu.cfs_quota_us"), "-1" },
	    { V2("cpu/a/b/cpu.cfs_period_us"), "100000" },
	    { V2("cpu/a/cpu.cfs_quota_us"), "50000" },
	    { V2("cpu/a/cpu.cfs_period_us"), "50000" } },
	  "0" },
	{ "v1: its cpuset",
	  "0-3",
	  { { V2("cpuset/a/b/cpuset.effective_cpus"), "1-2" },
	    { V2("cpuset/a/b/cpuset.cpus"), "1-3" } },
	  "1-2" },
	{ "hybrid: cpuset on v1, cpu on v2",
	  "0-3",
	  { { V2("unified/cgroup.controllers"), "cpu" },
	    { V2("unified/a/b/cpu.max"), "100000 100000" },
	    { V2("cpuset/a/b/cpuset.effective_cpus"), "1-2" } },
	  "1" },
};

static void put_all(const struct tmp *t, const struct put *put)
{
	bool v2 = true;

	for (int i = 0; i < MAX_PUT && put[i].path; i++) {
		tmp_put(t, put[i].path, "%s\n", put[i].text);
		v2 &= strncmp(put[i].path, V2("a"), strlen(V2("a"))) == 0 ||
		      strcmp(put[i].path, V2("cpuset.cpus.effective")) == 0;
	}
	if (v2)
		tmp_v2(t);
}

static const char *list_of(const struct cgv_cpuset *s, char buf[256])
{
	struct out o = { buf, 256, 0, false };

	*buf = '\0';
	out_cpulist(&o, s);
	return buf;
}

START_TEST(sees_the_first_cpus_of_its_cpuset_that_its_quota_fills)
{
	struct cgv_container *c;
	struct cgv_cpus cpus;
	struct cgv_host h;
	char list[256];
	struct tmp t;
	int r;

	tmp_make(&t);
	tmp_host(&t, 64);
	tmp_put(&t, "sys/devices/system/cpu/online", "%s\n", cases[_i].online);
	put_all(&t, cases[_i].put);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a/b");
	r = cgv_cpus(c, &cpus);
	ck_assert_msg(r == 0, "%s: %d", cases[_i].why, r);
	ck_assert_msg(strcmp(list_of(&cpus.visible, list), cases[_i].visible) == 0,
		      "%s: %s, not %s", cases[_i].why, list, cases[_i].visible);
	ck_assert_uint_eq(cpus.count, cgv_cpuset_count(&cpus.visible));
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

static const struct {
	struct put put;
	int r;
} refused[] = {
	{ { V2("other/cpu.max"), "max 100000" }, -ENOENT }, /* the cgroup is not there */
	{ { V2("a/b/cpu.max"), "" }, -EBADMSG },
	{ { V2("a/b/cpu.max"), "100000" }, -EBADMSG },
	{ { V2("a/b/cpu.max"), "100000 0" }, -EBADMSG },
	{ { V2("a/b/cpu.max"), "-1 100000" }, -EBADMSG },
	{ { V2("a/b/cpu.max"), "max" }, -EBADMSG },
	{ { V2("a/cpu.max"), "maximum 100000" }, -EBADMSG },
	{ { V2("a/b/cpuset.cpus.effective"), "0-" }, -EBADMSG },
	{ { V2("a/b/cpuset.cpus.effective"), "9999" }, -EBADMSG },
};

START_TEST(refuses_what_would_be_a_guess)
{
	struct cgv_cpus cpus = { .count = 77 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 4);
	tmp_v2(&t);
	tmp_put(&t, refused[_i].put.path, "%s\n", refused[_i].put.text);
	if (refused[_i].r != -ENOENT)
		tmp_put(&t, V2("a/b/cpu.stat"), "%s", "");
	tmp_open(&t, &h);
	c = tmp_container(&h, "a/b");
	ck_assert_int_eq(cgv_cpus(c, &cpus), refused[_i].r);
	ck_assert_uint_eq(cpus.count, 77);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(tells_which_ancestor_sets_the_quota)
{
	struct cgv_container *c;
	struct cgv_cpus cpus;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 4);
	tmp_v2(&t);
	tmp_put(&t, V2("a/cpu.max"), "50000 100000\n");
	tmp_put(&t, V2("a/b/cpu.max"), "60000 100000\n");
	tmp_open(&t, &h);
	c = tmp_container(&h, "a/b");
	ck_assert_int_eq(cgv_cpus(c, &cpus), 0);
	ck_assert_uint_eq(cpus.quota, CGV_NSEC / 2);
	ck_assert_uint_eq(cpus.quota_level, 1);
	tmp_put(&t, V2("a/b/cpu.max"), "40000 100000\n");
	ck_assert_int_eq(cgv_cpus(c, &cpus), 0);
	ck_assert_uint_eq(cpus.quota_level, 0);
	tmp_put(&t, V2("a/b/cpu.max"), "max 100000\n");
	tmp_put(&t, V2("a/cpu.max"), "max 100000\n");
	ck_assert_int_eq(cgv_cpus(c, &cpus), 0);
	ck_assert_uint_eq(cpus.quota, CGV_UNLIMITED);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- every file names the same ones ---- */

#define CPUS 80

/* A host of CPUS CPUs with a stanza and a directory each; every fifth is a twin of the next. */
static void write_host(const struct tmp *t)
{
	FILE *f;
	char *info, path[128];
	size_t n;

	tmp_host(t, CPUS);
	tmp_v2(t);
	f = open_memstream(&info, &n);
	for (unsigned i = 0; i < CPUS; i++)
		fprintf(f,
			"processor\t: %u\nphysical id\t: %u\nsiblings\t: 99\ncore id\t\t: %u\n"
			"cpu cores\t: 99\n\n",
			i, i / 40, i % 40 / 2);
	fclose(f);
	tmp_put_bytes(t, "proc/cpuinfo", info, n);
	free(info);
	tmp_put(t, "sys/devices/system/cpu/present", "0-%u\n", CPUS - 1);
	tmp_put(t, "sys/devices/system/cpu/offline", "\n");
	tmp_put(t, "sys/devices/system/cpu/kernel_max", "8191\n");
	for (unsigned i = 0; i < CPUS; i++) {
		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", i);
		tmp_put(t, path, "%u-%u\n", i & ~1u, i | 1u);
	}
}

static struct cgv_cpuset numbers_after(const char *text, const char *key)
{
	struct cgv_cpuset s = { { 0 } };
	size_t n = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) == 0 && p[n] >= '0' && p[n] <= '9')
			cgv_cpuset_add(&s, (unsigned)strtoul(p + n, NULL, 10));
		if (!*p)
			break;
	}
	return s;
}

static char *text_of(const struct cgv_host *h, struct container *c, const char *path)
{
	size_t len;
	char *text;
	int r;

	text = fixture_text(h, c, file_find(path), &len, &r);
	ck_assert_msg(text != NULL, "%s: %d", path, r);
	return text;
}

static void check_list(const char *tree, const char *name, const struct cgv_cpuset *want)
{
	char key[128], list[256];
	struct cgv_cpuset got;
	const char *at;

	snprintf(key, sizeof(key), "sys/devices/system/cpu/%s: ", name);
	at = strstr(tree, key);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(cgv_cpuset_list(span_of(at + strlen(key)), &got), 0);
	ck_assert_msg(memcmp(&got, want, sizeof(got)) == 0, "%s is %s", name, list_of(&got, list));
}

/* What x86's cpuinfo counts: siblings of the package, cores of it, over the visible. */
static void check_counts(const char *info, const struct cgv_cpuset *want)
{
	unsigned siblings[2] = { 0 }, cores[2] = { 0 };
	const char *p = info;

	for (unsigned i = 0; i < CPUS; i++) {
		if (!cgv_cpuset_has(want, i))
			continue;
		siblings[i / 40]++;
		cores[i / 40] += i % 2 == 0 || !cgv_cpuset_has(want, i - 1);
	}
	for (unsigned i = 0; (i = cgv_cpuset_next(want, i)) < CPUS; i++) {
		unsigned s = 0, c = 0;

		p = strstr(p, "siblings");
		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(sscanf(p, "siblings : %u", &s), 1);
		p = strstr(p, "cpu cores");
		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(sscanf(p, "cpu cores : %u", &c), 1);
		ck_assert_uint_eq(s, siblings[i / 40]);
		ck_assert_uint_eq(c, cores[i / 40]);
	}
}

/* What bounds numbers for a program's life: the host's, or its cpuset where that never changes. */
static void check_bounds(const struct cgv_host *h, const struct cgv_cpuset *allowed)
{
	struct container *c = fixture_container(h, "a", true);
	auto_free char *tree = text_of(h, c, "sys/devices/system/cpu/online");
	char key[128];
	unsigned last = 0;

	for (unsigned i = 0; (i = cgv_cpuset_next(allowed, i)) < CPUS; i++)
		last = i;
	check_list(tree, "possible", allowed);
	snprintf(key, sizeof(key), "cpu/kernel_max: %u\n", last);
	ck_assert_ptr_nonnull(strstr(tree, key));
	container_put(c);
}

static void check_everywhere(const struct cgv_host *h, const struct cgv_cpuset *want)
{
	struct container *c = fixture_container(h, "a", false);
	auto_free char *info = text_of(h, c, "proc/cpuinfo");
	auto_free char *stat = text_of(h, c, "proc/stat");
	auto_free char *tree = text_of(h, c, "sys/devices/system/cpu/online");
	struct cgv_cpuset got;

	got = numbers_after(info, "processor\t: ");
	ck_assert_mem_eq(&got, want, sizeof(got));
	got = numbers_after(stat, "cpu");
	ck_assert_mem_eq(&got, want, sizeof(got));
	got = numbers_after(tree, "sys/devices/system/cpu/cpu");
	ck_assert_mem_eq(&got, want, sizeof(got));
	check_list(tree, "online", want);
	check_list(tree, "present", want);
	ck_assert_ptr_nonnull(strstr(tree, "cpu/possible: 0-79\n"));
	ck_assert_ptr_nonnull(strstr(tree, "cpu/kernel_max: 8191\n"));
	ck_assert_ptr_nonnull(strstr(tree, "cpu/offline: \n"));
	check_counts(info, want);
	for (unsigned i = 0; (i = cgv_cpuset_next(want, i)) < CPUS; i++) {
		struct cgv_cpuset twins = { { 0 } };
		char name[64];

		cgv_cpuset_add(&twins, i);
		cgv_cpuset_add(&twins, i ^ 1);
		cgv_cpuset_and(&twins, want);
		snprintf(name, sizeof(name), "cpu%u/topology/thread_siblings_list", i);
		check_list(tree, name, &twins);
	}
	container_put(c);
}

START_TEST(every_file_names_the_same_cpus)
{
	struct chance chance = { 40 + (uint64_t)_i };
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	write_host(&t);
	tmp_put(&t, V2("a/cpu.stat"), "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
	tmp_put(&t, V2("a/cgroup.threads"), "%s", "");
	tmp_open(&t, &h);
	for (int i = 0; i < 15; i++) {
		struct cgv_cpuset set = { { 0 } }, online = { { 0 } };
		uint64_t quota = 1 + chance_below(&chance, CPUS * 100000);
		char list[256];

		for (unsigned cpu = 0; cpu < CPUS; cpu++) {
			if (chance_below(&chance, 3))
				cgv_cpuset_add(&set, cpu);
			if (chance_below(&chance, 8) || cpu == 0)
				cgv_cpuset_add(&online, cpu);
		}
		tmp_put(&t, V2("a/cpuset.cpus.effective"), "%s\n", list_of(&set, list));
		tmp_put(&t, "sys/devices/system/cpu/online", "%s\n", list_of(&online, list));
		tmp_put(&t, V2("a/cpu.max"), "%llu 100000\n", (unsigned long long)quota);
		cgv_cpuset_and(&set, &online);
		if (!cgv_cpuset_count(&set))
			set = online;
		check_bounds(&h, &set);
		cgv_cpuset_first(&set, (unsigned)((quota + 99999) / 100000));
		check_everywhere(&h, &set);
	}
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cpus");
	TCase *t = tcase_create("visible");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, sees_the_first_cpus_of_its_cpuset_that_its_quota_fills, 0,
			    ARRAY_LEN(cases));
	tcase_add_loop_test(t, refuses_what_would_be_a_guess, 0, ARRAY_LEN(refused));
	tcase_add_test(t, tells_which_ancestor_sets_the_quota);
	tcase_add_loop_test(t, every_file_names_the_same_cpus, 0, 4);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
