// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which hierarchy has which controller, and where in it a container is.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/fixture.h"

#define ALL_V2 "22222222"

/* One letter a controller, in the order of enum cgv_controller: 1, 2 or - for none. */
static const struct {
	const char *why;
	const char *put[8]; /* directories, or "file=content" */
	const char *owners;
} captured[] = {
	{ "v2", { "cgroup.controllers=cpuset cpu io memory hugetlb pids rdma misc" }, ALL_V2 },
	{ "v2, some of it", { "cgroup.controllers=cpu memory" }, "222----2" },
	{ "v2 without any", { "cgroup.controllers=" }, "-------2" },
	{ "v2 with a cgroup named as a controller of v1",
	  { "cgroup.controllers=cpu", "memory/memory.max=max" },
	  "-22----2" },
	{ "v2 with a cgroup named unified",
	  { "cgroup.controllers=cpu memory", "unified/memory.max=max" },
	  "222----2" },
	{ "v1",
	  { "memory/", "cpu/", "cpuacct/", "cpuset/", "blkio/", "pids/", "hugetlb/" },
	  "1111111-" },
	{ "v1, some of it", { "memory/", "cpu,cpuacct/" }, "1-------" },
	{ "hybrid, all on v1",
	  { "memory/", "cpu/", "cpuacct/", "unified/cgroup.controllers=" },
	  "111----2" },
	{ "hybrid, memory on v2",
	  { "cpu/", "cpuacct/", "unified/cgroup.controllers=memory pids" },
	  "211--2-2" },
	{ "hybrid, cpu on v2, and with it cpuacct",
	  { "memory/", "unified/cgroup.controllers=cpu" },
	  "122----2" },
	{ "nothing at all", { "x/" }, "--------" },
};

static void check_owners(const struct cgv_host *h, const char *want, const char *why)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++) {
		enum cgv_owner owner = cgv_owner(h, (enum cgv_controller)c);

		ck_assert_msg("-12"[owner] == want[c], "%s: controller %d is %c, not %c", why, c,
			      "-12"[owner], want[c]);
		ck_assert_int_eq(h->tree[c].dir >= 0, owner != CGV_NONE);
	}
}

START_TEST(finds_who_has_which_controller)
{
	char path[128];
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	for (int i = 0; i < 8 && captured[_i].put[i]; i++) {
		const char *put = captured[_i].put[i], *eq = strchr(put, '=');

		if (eq)
			snprintf(path, sizeof(path), "sys/fs/cgroup/%.*s", (int)(eq - put), put);
		else
			snprintf(path, sizeof(path), "sys/fs/cgroup/%stasks", put);
		tmp_put(&t, path, "%s\n", eq ? eq + 1 : "");
	}
	tmp_open(&t, &h);
	check_owners(&h, captured[_i].owners, captured[_i].why);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

static const struct {
	const char *host, *owners;
} known[] = {
	{ "hybrid-lxc", "11111122" }, { "v1-legacy", "111111--" }, { "v2-lxc", ALL_V2 },
	{ "v2-slices", ALL_V2 },      { "arm64", ALL_V2 },
};

START_TEST(finds_it_on_captured_hosts)
{
	struct fixture f;

	fixture_open(known[_i].host, &f);
	check_owners(&f.host, known[_i].owners, known[_i].host);
	fixture_close(&f);
}
END_TEST

static const struct {
	const char *path, *content; /* NULL: it is not there */
} broken[] = {
	{ "proc/meminfo", NULL },
	{ "proc/stat", NULL },
	{ "sys/devices/system/cpu/online", NULL },
	{ "sys/devices/system/cpu/possible", NULL },
	{ "sys/devices/system/cpu/possible", "" },
	{ "sys/devices/system/cpu/possible", "none" },
	{ "sys/devices/system/cpu/possible", "0-99999" },
	{ "sys/fs/cgroup", NULL },
	{ "proc", NULL },
};

START_TEST(refuses_a_host_that_is_none)
{
	struct cgv_host h = { .cpus = 77 };
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_drop(&t, broken[_i].path);
	if (broken[_i].content)
		tmp_put(&t, broken[_i].path, "%s\n", broken[_i].content);
	ck_assert_int_lt(cgv_host_open_at(t.fd, &h), 0);
	ck_assert_uint_eq(h.cpus, 77);
	tmp_remove(&t);
}
END_TEST

START_TEST(learns_the_kernels_layouts)
{
	struct cgv_host_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 6);
	tmp_put(&t, "sys/devices/system/cpu/possible", "0-3,17\n");
	tmp_put(&t, "proc/stat", "cpu 1 2\nintr 9 8 7 6\nctxt 1\nsoftirq 1 2\nbtime 5\n");
	tmp_open(&t, &h);
	ck_assert_uint_eq(h.cpus, 18);
	ck_assert_uint_eq(h.intr_columns, 4);
	ck_assert_uint_eq(h.softirq_columns, 2);
	ck_assert_int_eq(cgv_host_memory(&h, &m), 0);
	ck_assert_uint_eq(m.total, 1ull << 30);
	ck_assert_uint_eq(m.swap_free, 256ull << 20);
	tmp_put(&t, "proc/meminfo", "MemTotal: 99999999999999999 kB\n"); /* kept open, re-read */
	ck_assert_int_eq(cgv_host_memory(&h, &m), 0);
	ck_assert_uint_eq(m.total, UINT64_MAX);
	tmp_put(&t, "proc/meminfo", "MemTotal: 0 kB\n");
	ck_assert_int_eq(cgv_host_memory(&h, &m), -EBADMSG);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- on the running host ---- */

/* What /proc/self/cgroup says of @controller, "" of the v2 hierarchy: its path, or NULL. */
static char *own_path(const char *controller)
{
	auto_file f = fopen("/proc/self/cgroup", "r");
	auto_free char *line = NULL;
	char *path = NULL;
	size_t size = 0;

	ck_assert_ptr_nonnull(f);
	while (!path && getline(&line, &size, f) > 0) {
		char *list = strchr(line, ':') + 1, *at = strchr(list, ':') + 1;
		char *save = NULL;

		at[-1] = '\0';
		at[strcspn(at, "\n")] = '\0';
		if (!*list && !*controller)
			path = strdup(at);
		for (char *one = strtok_r(list, ",", &save); one; one = strtok_r(NULL, ",", &save))
			if (strcmp(one, controller) == 0)
				path = strdup(at);
	}
	return path;
}

/* Where it is mounted, by /proc/self/mounts. */
static bool mounted_at(const char *controller, char at[256])
{
	auto_file f = fopen("/proc/self/mounts", "r");
	char line[2048], type[32], options[1024], want[64], have[1100];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %255s %31s %1023s", at, type, options) != 3)
			continue;
		if (!*controller && strcmp(type, "cgroup2") == 0)
			return true;
		snprintf(want, sizeof(want), ",%s,", controller);
		snprintf(have, sizeof(have), ",%s,", options);
		if (*controller && strcmp(type, "cgroup") == 0 && strstr(have, want))
			return true;
	}
	return false;
}

static const char *const v1_names[] = { "memory", "cpu",  "cpuacct", "cpuset",
					"blkio",  "pids", "hugetlb" };

/* Hierarchies are those of /proc/self/mounts; places are those of /proc/self/cgroup. */
START_TEST(the_running_host_is_as_proc_says)
{
	struct cgv_place place;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(cgv_place_of_pid(&h, getpid(), &place), 0);
	for (int c = 0; c <= CGV_UNIFIED; c++) {
		const char *name = c == CGV_UNIFIED ? "" : v1_names[c];
		enum cgv_owner owner = cgv_owner(&h, (enum cgv_controller)c);
		struct stat want, have;
		auto_free char *path = NULL;
		char at[256];
		bool mounted = mounted_at(name, at);

		if (c != CGV_UNIFIED) {
			ck_assert_int_eq(owner == CGV_V1, mounted);
			name = owner == CGV_V2 ? "" : name;
			mounted = mounted || (owner == CGV_V2 && mounted_at("", at));
		}
		ck_assert_int_eq(owner != CGV_NONE, mounted);
		if (!mounted)
			continue;
		ck_assert_int_eq(stat(at, &want), 0);
		ck_assert_int_eq(fstat(h.tree[c].dir, &have), 0);
		ck_assert(want.st_dev == have.st_dev && want.st_ino == have.st_ino);
		path = own_path(name);
		ck_assert_ptr_nonnull(path);
		ck_assert_ptr_nonnull(place.path[c]);
		/* A tail may be cut, nothing else. */
		ck_assert_int_eq(strncmp(path + 1, place.path[c], strlen(place.path[c])), 0);
	}
	cgv_place_free(&place);
	cgv_host_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");

	tcase_add_loop_test(t, finds_who_has_which_controller, 0, ARRAY_LEN(captured));
	tcase_add_loop_test(t, finds_it_on_captured_hosts, 0, ARRAY_LEN(known));
	tcase_add_loop_test(t, refuses_a_host_that_is_none, 0, ARRAY_LEN(broken));
	tcase_add_test(t, learns_the_kernels_layouts);
	tcase_add_test(t, the_running_host_is_as_proc_says);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
