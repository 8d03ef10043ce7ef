// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who asks: from a process to the cgroup and the first process of its container. What needs
 * containers of its own is in e2e/.
 */
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "procfs/caller.h"
#include "tests/fixture.h"

static const struct {
	const char *path, *place; /* NULL: refused */
} cuts[] = {
	{ "/a/b", "a/b" },
	{ "/a/b/init.scope", "a/b" },
	{ "/a/b/ns", "a/b" },
	{ "/a/ns/init.scope", "a" },
	{ "/a/init.scope/ns", "a/init.scope" },
	{ "/a/ns/ns", "a/ns" }, /* one of each */
	{ "/a/ns/b", "a/ns/b" },
	{ "/a/xns", "a/xns" },
	{ "/a/ns.scope", "a/ns.scope" },
	{ "/a/x-init.scope", "a/x-init.scope" },
	{ "/init.scope", "init.scope" }, /* never cut to the whole hierarchy */
	{ "/ns", "ns" },
	{ "/", "" },
	{ "/a..b/..c", "a..b/..c" },
	{ "/lxc/100/ns", "lxc/100" },
	{ "/a b/c:d", "a b/c:d" },
	{ "/..", NULL },
	{ "/../x", NULL },
	{ "/../../a/ns", NULL },
	{ "/a/../b", NULL },
	{ "/a/..", NULL },
};

START_TEST(a_containers_place_is_above_what_its_init_adds)
{
	struct cgv_place by_path = { { 0 } }, by_pid = { { 0 } };
	struct cgv_host h;
	struct tmp t;
	int want = cuts[_i].place ? 0 : -EINVAL;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_put(&t, "proc/7/cgroup", "0::%s\n", cuts[_i].path);
	tmp_open(&t, &h);
	ck_assert_int_eq(cgv_place_of_path(cuts[_i].path, &by_path), want);
	ck_assert_int_eq(cgv_place_of_pid(&h, 7, &by_pid), want);
	for (int c = 0; c < CGV_N_CONTROLLERS; c++) {
		ck_assert_pstr_eq(by_path.path[c], cuts[_i].place);
		ck_assert_pstr_eq(by_pid.path[c], cuts[_i].place);
	}
	cgv_place_free(&by_path);
	cgv_place_free(&by_pid);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Files of a hybrid host: memory, cpu and cpuacct on v1. */
static const struct {
	const char *text;
	int r;
	const char *memory, *cpu, *unified;
} files_of_pid[] = {
	{ "3:memory:/m\n2:cpu,cpuacct:/c/ns\n1:name=systemd:/s\n0::/u/init.scope\n", 0, "m", "c",
	  "u" },
	{ "0::/u\n2:cpuacct,cpu:/c\n3:memory:/m", 0, "m", "c", "u" },
	{ "3:memory:/a:b\n2:cpu,cpuacct:/\n0::/\n", 0, "a:b", "", "" },
	{ "3:memory:/m\n2:cpu,cpuacct:/c\n", -EBADMSG, NULL, NULL, NULL },
	{ "2:cpu,cpuacct:/c\n0::/u\n", -EBADMSG, NULL, NULL, NULL }, /* memory is missing */
	{ "3:memory_recursive:/m\n2:cpu,cpuacct:/c\n0::/u\n", -EBADMSG, NULL, NULL, NULL },
	{ "3:memory:/m\n2:cpu,cpuacct:/c\n1::/u\n", -EBADMSG, NULL, NULL, NULL },
	{ "garbage\n", -EBADMSG, NULL, NULL, NULL },
	{ "-1\n", -EBADMSG, NULL, NULL, NULL },
	{ "\n", -EBADMSG, NULL, NULL, NULL },
	{ "3:memory:/m\n2:cpu,cpuacct:/c\n0::/../u\n", -EINVAL, NULL, NULL, NULL },
	{ "", -ENOENT, NULL, NULL, NULL }, /* a zombie's */
};

START_TEST(a_process_is_in_a_cgroup_of_each_hierarchy)
{
	struct cgv_place p = { { 0 } };
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_put(&t, "sys/fs/cgroup/memory/tasks", "\n");
	tmp_put(&t, "sys/fs/cgroup/cpu/tasks", "\n");
	tmp_put(&t, "sys/fs/cgroup/cpuacct/tasks", "\n");
	tmp_put(&t, "sys/fs/cgroup/unified/cgroup.controllers", "\n");
	tmp_put(&t, "proc/7/cgroup", "%s", files_of_pid[_i].text);
	tmp_open(&t, &h);
	ck_assert_int_eq(cgv_place_of_pid(&h, 7, &p), files_of_pid[_i].r);
	ck_assert_pstr_eq(p.path[CGV_MEMORY], files_of_pid[_i].memory);
	ck_assert_pstr_eq(p.path[CGV_CPU], files_of_pid[_i].cpu);
	ck_assert_pstr_eq(p.path[CGV_CPUACCT], files_of_pid[_i].cpu);
	ck_assert_pstr_eq(p.path[CGV_UNIFIED], files_of_pid[_i].unified);
	ck_assert_pstr_eq(p.path[CGV_PIDS], NULL);
	ck_assert_int_eq(cgv_place_of_pid(&h, 8, &p), -ENOENT);
	cgv_place_free(&p);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Found by fuzzing: what stands behind a NUL hid that the path before it climbs. */
START_TEST(a_path_with_a_nul_is_refused)
{
	static const char text[] = "0::/a/..\0b\n";
	struct cgv_place p = { { 0 } };
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_put_bytes(&t, "proc/7/cgroup", text, sizeof(text) - 1);
	tmp_open(&t, &h);
	ck_assert_int_eq(cgv_place_of_pid(&h, 7, &p), -EBADMSG);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- on the running host ---- */

START_TEST(the_init_found_by_scanning_is_the_one_the_kernel_names)
{
	pid_t asked = 0, scanned = 0;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(init_of(&h, getpid(), false, &asked), 0);
	ck_assert_int_eq(asked, 1);
	/* Not every init lets itself be looked at. */
	if (access("/proc/1/ns/pid", F_OK) == 0) {
		ck_assert_int_eq(init_of(&h, getpid(), true, &scanned), 0);
		ck_assert_int_eq(scanned, 1);
	}
	ck_assert_int_lt(init_of(&h, 0x7ffffff0, false, &asked), 0);
	ck_assert_int_lt(init_of(&h, 0x7ffffff0, true, &asked), 0);
	cgv_host_close(&h);
}
END_TEST

/* A pid namespace of one sleeping process; 0: not allowed here. */
static pid_t start_namespace(void)
{
	pid_t init = 0;
	int ready[2];
	int status;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
			_exit(1);
		init = fork();
		if (init == 0) {
			sleep(30);
			_exit(0);
		}
		_exit(init > 0 && write(ready[1], &init, sizeof(init)) == sizeof(init) ? 0 : 1);
	}
	close(ready[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (status == 0)
		ck_assert_int_eq(read(ready[0], &init, sizeof(init)), sizeof(init));
	close(ready[0]);
	return init;
}

START_TEST(the_init_of_another_namespace_is_found_both_ways)
{
	pid_t init = start_namespace(), asked = 0, scanned = 0;
	struct cgv_host h;

	if (!init)
		return;
	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(init_of(&h, init, false, &asked), 0);
	ck_assert_int_eq(init_of(&h, init, true, &scanned), 0);
	kill(init, SIGKILL);
	ck_assert_int_eq(asked, init);
	ck_assert_int_eq(scanned, init);
	cgv_host_close(&h);
}
END_TEST

/* Two namespaces as captured: 5, 8 and 9 are in one, in which 8 is the first; 6 is in another. */
static const struct {
	pid_t pid;
	const char *nspid;
	bool other;
} processes[] = {
	{ 5, "5\t2", false }, { 6, "6\t1", true }, { 8, "8\t3\t1", false }, { 9, "9\t7", false }
};

START_TEST(only_the_first_process_of_its_own_namespace_is_its_init)
{
	char path[64], link[64];
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_put(&t, "proc/ns/one", "%s", "");
	tmp_put(&t, "proc/ns/other", "%s", "");
	for (size_t i = 0; i < ARRAY_LEN(processes); i++) {
		snprintf(path, sizeof(path), "proc/%d/status", processes[i].pid);
		tmp_put(&t, path, "Name:\tx\nNSpid:\t%s\n", processes[i].nspid);
		snprintf(path, sizeof(path), "proc/%d/ns/x", processes[i].pid);
		tmp_put(&t, path, "%s", "");
		snprintf(path, sizeof(path), "proc/%d/ns/pid", processes[i].pid);
		snprintf(link, sizeof(link), "../../ns/%s", processes[i].other ? "other" : "one");
		ck_assert_int_eq(symlinkat(link, t.fd, path), 0);
	}
	tmp_open(&t, &h);
	for (size_t i = 0; i < ARRAY_LEN(processes); i++) {
		pid_t init = 0;

		ck_assert_int_eq(init_of(&h, processes[i].pid, true, &init), 0);
		ck_assert_int_eq(init, processes[i].other ? 6 : 8);
	}
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(who_shares_the_hosts_namespaces_is_the_host)
{
	struct registry *registry;
	struct callers *callers;
	struct container *c = (void *)1;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(registry_new(&h, NULL, &registry), 0);
	ck_assert_int_eq(callers_new(&h, registry, &callers), 0);
	ck_assert_int_eq(caller_container(callers, getppid(), &c), 0);
	ck_assert_int_eq(caller_container(callers, 0, &c), -EIO);
	ck_assert_int_eq(caller_container(callers, -1, &c), -EIO);
	ck_assert_int_eq(caller_container(callers, 0x7ffffff0, &c), -EIO);
	callers_free(callers);
	registry_free(registry);
	cgv_host_close(&h);
}
END_TEST

static const struct {
	const char *text; /* NULL: none can be read */
	bool is;
} personalities[] = {
	{ "00000000\n", false }, { "00000008\n", true },  { "08000008\n", true },
	{ "00000080\n", false }, { "00000018\n", false }, { "0000000", false },
	{ "", false },		 { NULL, false },
};

START_TEST(a_32_bit_personality_is_told_by_its_last_digits)
{
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	if (personalities[_i].text)
		tmp_put(&t, "proc/7/personality", "%s", personalities[_i].text);
	tmp_open(&t, &h);
	ck_assert_int_eq(caller_is_32bit(&h, 7), personalities[_i].is);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- the registry ---- */

static struct container *add(struct registry *r, const char *door, const char *id)
{
	struct container_spec spec = { .name = id, .door = door, .id = id, .who = 42 };
	struct container *c;

	ck_assert_int_eq(cgv_place_of_path("a", &spec.place), 0);
	ck_assert_int_eq(registry_add(r, &spec, &c), 0);
	return c;
}

START_TEST(names_are_free_or_made_so_and_a_door_replaces_its_own)
{
	struct container *one, *two, *again, *found;
	struct registry *r;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_open(&t, &h);
	ck_assert_int_eq(registry_new(&h, NULL, &r), 0);
	one = add(r, "lxc", "100");
	two = add(r, "oci", "100");
	ck_assert_str_eq(one->name, "100");
	ck_assert_str_eq(two->name, "100~2");
	again = add(r, "lxc", "100");
	ck_assert_str_eq(again->name, "100");
	ck_assert(container_dead(one) && !container_dead(two));
	ck_assert_uint_ne(one->slot, again->slot);
	ck_assert_ptr_null(registry_by_slot(r, one->slot));
	found = registry_by_name(r, "100");
	ck_assert_ptr_eq(found, again);
	container_put(found);
	found = registry_by_door(r, "oci", "100");
	ck_assert_ptr_eq(found, two);
	container_put(found);
	ck_assert_ptr_null(registry_by_door(r, "oci", "100~2"));
	registry_remove(r, two);
	registry_remove(r, two); /* what is gone may be removed again */
	ck_assert_ptr_null(registry_by_name(r, "100~2"));
	container_put(one);
	container_put(two);
	registry_free(r);
	container_put(again);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(an_id_has_only_so_many_names)
{
	struct container_spec spec = { .id = "x", .name = "x", .who = 1 };
	struct container *c;
	struct registry *r;
	struct cgv_host h;
	struct tmp t;
	char door[16];
	int n = 0, err = 0;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_open(&t, &h);
	ck_assert_int_eq(registry_new(&h, NULL, &r), 0);
	spec.door = door;
	while (n < 1000 && err == 0) {
		snprintf(door, sizeof(door), "%d", n);
		ck_assert_int_eq(cgv_place_of_path("a", &spec.place), 0);
		err = registry_add(r, &spec, &c);
		cgv_place_free(&spec.place);
		if (err == 0) {
			container_put(c);
			n++;
		}
	}
	ck_assert_int_eq(err, -EEXIST);
	ck_assert_int_eq(n, 99);
	registry_free(r);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(thousands_are_found_by_all_that_is_known_of_them)
{
	static struct container *c[3000];
	struct container **all;
	struct registry *r;
	struct cgv_host h;
	unsigned n;
	struct tmp t;
	char id[16];

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_open(&t, &h);
	ck_assert_int_eq(registry_new(&h, NULL, &r), 0);
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		snprintf(id, sizeof(id), "%u", i);
		c[i] = add(r, i % 2 ? "lxc" : "oci", id);
	}
	for (unsigned i = 0; i < ARRAY_LEN(c); i += 3)
		registry_remove(r, c[i]);
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		struct container *want = i % 3 ? c[i] : NULL, *found[3];

		snprintf(id, sizeof(id), "%u", i);
		found[0] = registry_by_name(r, id);
		found[1] = registry_by_door(r, i % 2 ? "lxc" : "oci", id);
		found[2] = registry_by_slot(r, c[i]->slot);
		for (int k = 0; k < 3; k++) {
			ck_assert_ptr_eq(found[k], want);
			container_put(found[k]);
		}
	}
	ck_assert_int_eq(registry_all(r, &all, &n), 0);
	ck_assert_uint_eq(n, 2000);
	registry_put_all(all, n);
	for (unsigned i = 0; i < ARRAY_LEN(c); i++)
		container_put(c[i]);
	registry_free(r);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

static int try_self(struct registry *r, const char *id)
{
	struct container_spec spec = { id, "test", id, .init = getpid() };
	struct container *c = NULL;
	int err = registry_register(r, &spec, &c);

	container_put(c);
	return err;
}

START_TEST(only_so_many_inits_are_watched)
{
	struct container *a;
	struct registry *r;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(registry_new(&h, NULL, &r), 0);
	registry_limit(r, 2);
	ck_assert_int_eq(try_self(r, "a"), 0);
	ck_assert_int_eq(try_self(r, "b"), 0);
	ck_assert_int_eq(try_self(r, "c"), -EMFILE);
	ck_assert_int_eq(try_self(r, "a"), 0); /* it is there already */
	a = registry_by_name(r, "a");
	ck_assert_ptr_nonnull(a);
	registry_remove(r, a);
	container_put(a);
	ck_assert_int_eq(try_self(r, "c"), 0);
	a = registry_by_init(r, getpid());
	ck_assert_ptr_nonnull(a);
	container_put(a);
	registry_free(r);
	cgv_host_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("caller");
	TCase *t = tcase_create("caller");

	tcase_add_loop_test(t, a_containers_place_is_above_what_its_init_adds, 0, ARRAY_LEN(cuts));
	tcase_add_loop_test(t, a_process_is_in_a_cgroup_of_each_hierarchy, 0,
			    ARRAY_LEN(files_of_pid));
	tcase_add_test(t, a_path_with_a_nul_is_refused);
	tcase_add_test(t, the_init_found_by_scanning_is_the_one_the_kernel_names);
	tcase_add_test(t, the_init_of_another_namespace_is_found_both_ways);
	tcase_add_test(t, only_the_first_process_of_its_own_namespace_is_its_init);
	tcase_add_test(t, who_shares_the_hosts_namespaces_is_the_host);
	tcase_add_loop_test(t, a_32_bit_personality_is_told_by_its_last_digits, 0,
			    ARRAY_LEN(personalities));
	tcase_add_test(t, names_are_free_or_made_so_and_a_door_replaces_its_own);
	tcase_add_test(t, an_id_has_only_so_many_names);
	tcase_add_test(t, thousands_are_found_by_all_that_is_known_of_them);
	tcase_add_test(t, only_so_many_inits_are_watched);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
