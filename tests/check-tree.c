// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is below a mount: the rows of the table that the host has, and of its directories what may
 * be seen.
 */
#include "tests/fixture.h"

#include "launcher/tree.h"
#include "procfs/tree.h"

#define MEMORY	"sys/devices/system/memory"
#define CPUFREQ "sys/devices/system/cpu/cpufreq"

static struct tmp tmp;
static struct cgv_host host;
static struct tree tree;

static void setup(void)
{
	tmp_make(&tmp);
	tmp_host(&tmp, 2);
	tmp_v2(&tmp);
	tmp_put(&tmp, "sys/devices/system/cpu/cpu0/topology/core_id", "0\n");
	tmp_put(&tmp, CPUFREQ "/policy0/related_cpus", "0 2\n");
	tmp_put(&tmp, CPUFREQ "/policy0/cpuinfo_max_freq", "3900000\n");
	tmp_put(&tmp, CPUFREQ "/policy1/related_cpus", "1 3\n");
	tmp_put(&tmp, CPUFREQ "/policy4/cpuinfo_max_freq", "1\n");
	tmp_put(&tmp, MEMORY "/block_size_bytes", "8000000\n");
	tmp_put(&tmp, MEMORY "/memory0/state", "online\n");
	tmp_open(&tmp, &host);
	ck_assert_int_eq(tree_build(&host, &tree), 0);
}

static void teardown(void)
{
	tree_free(&tree);
	cgv_host_close(&host);
	tmp_remove(&tmp);
}

START_TEST(what_the_host_has_not_is_not_there)
{
	ck_assert_uint_ne(tree_find(&tree, "proc/meminfo"), NODE_NONE);
	ck_assert_uint_eq(tree_find(&tree, "proc/slabinfo"), NODE_NONE);
	ck_assert_uint_eq(tree_find(&tree, "sys/devices/system/node"), NODE_NONE);
}
END_TEST

START_TEST(a_directory_is_all_that_is_in_it)
{
	uint32_t n = tree_find(&tree, "sys/devices/system/cpu/cpu0/topology/core_id");

	ck_assert_uint_ne(n, NODE_NONE);
	ck_assert_ptr_eq(tree.node[n].file, file_find("sys/devices/system/cpu/online"));
}
END_TEST

static bool hides(const char *path, const char *cpus)
{
	struct seen seen = { 0 };
	uint32_t n = tree_find(&tree, path);

	ck_assert_int_eq(cgv_cpuset_list(span_of(cpus), &seen.cpus), 0);
	ck_assert_uint_ne(n, NODE_NONE);
	ck_assert(tree_selects(&tree, n));
	return tree_hides(&tree, n, &seen);
}

START_TEST(frequency_policies_are_those_of_the_cpus_in_sight)
{
	ck_assert(!hides(CPUFREQ "/policy0", "0"));
	ck_assert(!hides(CPUFREQ "/policy0/cpuinfo_max_freq", "2"));
	ck_assert(hides(CPUFREQ "/policy0", "1"));
	ck_assert(hides(CPUFREQ "/policy0/cpuinfo_max_freq", "1,3-4"));
	ck_assert(!hides(CPUFREQ "/policy1", "3"));
	ck_assert(hides(CPUFREQ "/policy4", "0-3"));
	ck_assert(!hides(CPUFREQ "/policy4", "4"));
}
END_TEST

START_TEST(one_without_a_renderer_is_empty)
{
	uint32_t n = tree_find(&tree, MEMORY);

	ck_assert_uint_ne(n, NODE_NONE);
	ck_assert(S_ISDIR(tree.node[n].mode));
	ck_assert_uint_eq(tree.node[n].child, NODE_NONE);
	ck_assert_ptr_null(file_find(MEMORY "/block_size_bytes"));
}
END_TEST

/* Where nobody can be asked, the launcher tells views by itself. */
START_TEST(what_the_launcher_takes_whole_is_a_directory_of_the_table)
{
	size_t whole = 0;

	for (size_t i = 0; i < n_files; i++) {
		size_t n = strlen(files[i].path) - 1;
		bool found = false;

		if (files[i].path[n] != '/')
			continue;
		for (size_t k = 0; tree_whole[k]; k++)
			found |= strlen(tree_whole[k]) == n &&
				 strncmp(tree_whole[k], files[i].path, n) == 0;
		ck_assert_msg(found, "%s", files[i].path);
		whole++;
	}
	for (size_t k = 0; tree_whole[k]; k++)
		ck_assert_uint_ge(whole--, 1);
	ck_assert_uint_eq(whole, 0);
}
END_TEST

START_TEST(the_launcher_finds_files_and_whole_directories)
{
	static const char *const want[] = { "proc/meminfo", "proc/pressure/cpu",
					    "sys/devices/system/cpu", MEMORY };
	json_object *list = NULL;
	char top[300], ct[300];

	snprintf(top, sizeof(top), "%s/t", tmp.dir);
	snprintf(ct, sizeof(ct), "%s/t/ct", tmp.dir);
	tmp_put(&tmp, "t/proc/meminfo", "x");
	tmp_put(&tmp, "t/proc/pressure/cpu", "x");
	tmp_put(&tmp, "t/sys/devices/system/cpu/cpu0/online", "x");
	tmp_put(&tmp, "t/" MEMORY "/x", "x");
	tmp_put(&tmp, "t/ct/a/proc/meminfo", "x");
	ck_assert_int_eq(tree_views(top, &list), 0);
	ck_assert_uint_eq(json_object_array_length(list), ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(want); k++)
			found |= strcmp(json_object_get_string(json_object_array_get_idx(list, k)),
					want[i]) == 0;
		ck_assert_msg(found, "%s", want[i]);
	}
	json_object_put(list);
	ck_assert(tree_is(top));
	ck_assert(!tree_is_inner(top));
	ck_assert(!tree_is(ct));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_the_host_has_not_is_not_there);
	tcase_add_test(t, a_directory_is_all_that_is_in_it);
	tcase_add_test(t, frequency_policies_are_those_of_the_cpus_in_sight);
	tcase_add_test(t, one_without_a_renderer_is_empty);
	tcase_add_test(t, what_the_launcher_takes_whole_is_a_directory_of_the_table);
	tcase_add_test(t, the_launcher_finds_files_and_whole_directories);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
