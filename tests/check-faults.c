// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Take away, empty or spoil one file of a captured host at a time, each that the views read:
 * every renderer must then answer a negative errno or a whole text. It never crashes nor hangs,
 * and never shows a limited container the host's memory.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/say.h"
#include "tests/fixture.h"

static const char *const hosts[] = { "hybrid-lxc", "v2-lxc", "v2-nested" };

/* By their last part; in the cpu tree one CPU's stand for all of them. */
static const char *const names[] = {
	"cgroup.controllers",
	"memory.max",
	"memory.current",
	"memory.stat",
	"memory.swap.max",
	"memory.swap.current",
	"memory.limit_in_bytes",
	"memory.usage_in_bytes",
	"memory.memsw.limit_in_bytes",
	"memory.memsw.usage_in_bytes",
	"memory.kmem.usage_in_bytes",
	"hugetlb.2MB.max",
	"hugetlb.2MB.current",
	"cpu.max",
	"cpu.stat",
	"cpu.stat.local",
	"cpu.cfs_quota_us",
	"cpu.cfs_period_us",
	"cpuacct.stat",
	"cpuacct.usage_percpu",
	"cpuset.cpus.effective",
	"cpuset.effective_cpus",
	"pids.current",
	"tasks",
	"cgroup.threads",
	"meminfo",
	"stat",
	"uptime",
	"cpuinfo",
	"overcommit_ratio",
	"overcommit_kbytes",
	"cgroup",
	"status",
	"timens_offsets",
	"online",
	"possible",
	"present",
	"isolated",
	"nohz_full",
	"kernel_max",
	"memory.numa_stat",
	"hugepages-2048kB/nr_hugepages",
	"boot_id",
	"product_uuid",
	"interrupts",
	"schedstat",
	"zoneinfo",
	"cpu1/topology/thread_siblings",
	"cpu1/topology/thread_siblings_list",
	"cpu1/topology/core_cpus",
	"cpu1/cache/index0/shared_cpu_map",
	"cpu1/cache/index0/shared_cpu_list",
};

#define MB (1u << 20)
enum how { REMOVED, DIRECTORY, HALF, TEXT, REPEATED };

static const struct {
	const char *why;
	enum how how;
	const char *text;
	size_t len;
	bool no_limit; /* as a memory limit it is none */
} spoils[] = {
	{ "removed", REMOVED, NULL, 0, false },
	{ "a directory", DIRECTORY, NULL, 0, false },
	{ "cut in half", HALF, NULL, 0, false },
	{ "empty", TEXT, "", 0, false },
	{ "a line", TEXT, "\n", 1, false },
	{ "garbage", TEXT, "garbage\n", 8, false },
	{ "no line", TEXT, "garbage", 7, false },
	{ "-1", TEXT, "-1\n", 3, false },
	{ "0", TEXT, "0\n", 2, false },
	{ "more than 64 bits", TEXT, "99999999999999999999999\n", 24, false },
	{ "64 bits", TEXT, "18446744073709551615 18446744073709551615\n", 42, true },
	{ "63 bits", TEXT, "9223372036854775807 1\n", 22, true },
	{ "NULs", TEXT, "\0\0\0\0\0\0\0", 8, false },
	{ "a NUL in it", TEXT, "1\0002\n", 4, false },
	{ "a number of 1 MB", REPEATED, "7", 1, false },
	{ "1 MB of lines", REPEATED, "a 5\n", 4, false },
	{ "1 MB of what is not ASCII", REPEATED, "\xff\x80", 2, false },
};

static void spoil(const struct tmp *t, const char *path, size_t how)
{
	auto_free char *text = NULL;
	struct stat st;

	ck_assert_int_eq(fstatat(t->fd, path, &st, 0), 0);
	if (spoils[how].how == HALF) {
		auto_fd fd = openat(t->fd, path, O_WRONLY | O_CLOEXEC);

		ck_assert(fd >= 0 && ftruncate(fd, st.st_size / 2) == 0);
		return;
	}
	tmp_drop(t, path);
	if (spoils[how].how == DIRECTORY)
		ck_assert_int_eq(mkdirat(t->fd, path, 0755), 0);
	if (spoils[how].how == TEXT)
		tmp_put_bytes(t, path, spoils[how].text, spoils[how].len);
	if (spoils[how].how != REPEATED)
		return;
	text = malloc(MB);
	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < MB; i++)
		text[i] = spoils[how].text[i % spoils[how].len];
	tmp_put_bytes(t, path, text, MB);
}

static char *read_whole(int dir, const char *path, size_t *len)
{
	auto_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	text = malloc(*len + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(read(fd, text, *len), st.st_size);
	text[*len] = '\0';
	return text;
}

static unsigned long long total_of(const char *meminfo)
{
	unsigned long long kb = 0;
	const char *at = strstr(meminfo, "MemTotal:");

	return at && sscanf(at, "MemTotal: %llu", &kb) == 1 ? kb : 0;
}

/* "Key:   123 kB", each line. */
static bool is_meminfo(const char *text)
{
	for (; *text; text = strchr(text, '\n') + 1) {
		int n = 0;

		if (!strchr(text, '\n') || (sscanf(text, "%*[^:\n]: %*u%n", &n), n == 0) ||
		    (strncmp(text + n, "\n", 1) != 0 && strncmp(text + n, " kB\n", 4) != 0))
			return false;
	}
	return true;
}

struct case_at {
	const char *host, *path, *why;
	bool no_limit;
	unsigned long long total; /* the host's, kB */
};

static bool shows_text_of_the_kernel(const struct file *f)
{
	return f->path[strlen(f->path) - 1] == '/' || f->render == cpuinfo_render ||
	       f->render == slabinfo_render || f->render == pagetypeinfo_render ||
	       f->render == partitions_render || f->render == schedstat_render ||
	       f->render == zoneinfo_render || f->render == percpu_render ||
	       f->render == pressure_render || f->render == vmstat_render ||
	       f->render == diskstats_render;
}

static bool may_be_empty(const struct file *f)
{
	return f->render == empty_render;
}

static void check_text(const struct case_at *at, const struct file *f, const char *text, size_t len)
{
	bool meminfo = f->render == meminfo_render;

	ck_assert_msg(len == 0 || text[len - 1] == '\n', "%s of %s with %s %s: no whole text",
		      f->path, at->host, at->path, at->why);
	if (shows_text_of_the_kernel(f))
		return;
	ck_assert_msg((len > 0 || may_be_empty(f)) && strlen(text) == len,
		      "%s of %s with %s %s: a NUL", f->path, at->host, at->path, at->why);
	if (!meminfo)
		return;
	ck_assert_msg(is_meminfo(text), "meminfo of %s with %s %s:\n%s", at->host, at->path,
		      at->why, text);
	ck_assert_msg(at->no_limit || total_of(text) != at->total,
		      "%s with %s %s: shows the host's memory", at->host, at->path, at->why);
}

/* Of a directory's row all files if it is one of them that is spoiled, else one: it has limits. */
static char *text_of(const struct fixture *f, const struct file *row, const char *path, size_t *len,
		     int *r)
{
	const char *one = row->render == hugepages_render
			      ? "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
			      : "sys/devices/system/cpu/online";
	struct moment m;
	char *text;

	if (row->path[strlen(row->path) - 1] != '/' || !row->render ||
	    strncmp(row->path, path, strlen(row->path)) == 0)
		return fixture_text(&f->host, f->c, row, len, r);
	*r = container_render(f->c, row, one, &m);
	if (*r < 0)
		return NULL;
	text = strndup(m.text, m.len);
	*len = m.len;
	return text;
}

static void check_renders(const char *dir, const char *source, const struct case_at *at)
{
	struct fixture f;
	int r;

	r = fixture_try(dir, source, &f);
	ck_assert_int_le(r, 0);
	if (r < 0)
		return;
	for (size_t i = 0; i < n_files; i++) {
		auto_free char *text = NULL;
		size_t len = 0;

		text = text_of(&f, &files[i], at->path, &len, &r);
		ck_assert_msg(text || (r < 0 && r >= -4095), "%s: %d", at->path, r);
		if (text)
			check_text(at, &files[i], text, len);
	}
	fixture_close(&f);
}

static char **found;
static size_t n_found, found_skip;

static int find_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	for (size_t i = 0; type == FTW_F && i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]), all = strlen(path);

		if (all <= n || path[all - n - 1] != '/' || strcmp(path + all - n, names[i]) != 0)
			continue;
		found = realloc(found, (n_found + 1) * sizeof(*found));
		found[n_found++] = strdup(path + found_skip);
		break;
	}
	return 0;
}

/* The files of a spoiled host, each once, all in order. */
static void find_files(const char *dir)
{
	n_found = 0;
	found_skip = strlen(dir) + 1;
	ck_assert_int_eq(nftw(dir, find_one, 16, FTW_PHYS), 0);
	ck_assert_uint_gt(n_found, 30);
}

START_TEST(one_bad_file_is_an_errno_or_a_whole_text)
{
	size_t how = (size_t)_i % ARRAY_LEN(spoils);
	struct case_at at = { .host = hosts[(size_t)_i / ARRAY_LEN(spoils)],
			      .why = spoils[how].why };
	auto_free char *meminfo = NULL;
	char source[256];
	struct tmp t;
	size_t len;

	say_limit = SAY_ERR;
	snprintf(source, sizeof(source), FIXTURES "/%s", at.host);
	tmp_make(&t);
	tmp_copy(&t, source);
	meminfo = read_whole(t.fd, "proc/meminfo", &len);
	at.total = total_of(meminfo);
	find_files(t.dir);
	for (size_t i = 0; i < n_found; i++) {
		auto_free char *was = read_whole(t.fd, found[i], &len);

		at.path = found[i];
		/* What says that there is no memory controller, or no limit, is to be believed. */
		at.no_limit = spoils[how].no_limit ||
			      strcmp(at.path, "sys/fs/cgroup/cgroup.controllers") == 0;
		spoil(&t, at.path, how);
		check_renders(t.dir, source, &at);
		tmp_drop(&t, at.path);
		tmp_put_bytes(&t, at.path, was, len);
	}
	tmp_remove(&t);
}
END_TEST

/* The container ends under our hands: an errno, and no other container's or host's numbers. */
START_TEST(a_container_that_is_gone_shows_nothing)
{
	char source[256];
	struct fixture f;
	struct tmp t;

	say_limit = SAY_ERR;
	snprintf(source, sizeof(source), FIXTURES "/%s", hosts[_i]);
	tmp_make(&t);
	tmp_copy(&t, source);
	ck_assert_int_eq(fixture_try(t.dir, source, &f), 0);
	tmp_drop(&t, "sys/fs/cgroup");
	ck_assert_int_eq(mkdirat(t.fd, "sys/fs/cgroup", 0755), 0);
	for (size_t i = 0; i < n_files; i++) {
		size_t len;
		int r;

		ck_assert_ptr_null(fixture_text(&f.host, f.c, &files[i], &len, &r));
		ck_assert_int_lt(r, 0);
	}
	fixture_close(&f);
	tmp_remove(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("faults");
	TCase *t = tcase_create("one file");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, one_bad_file_is_an_errno_or_a_whole_text, 0,
			    ARRAY_LEN(spoils) * ARRAY_LEN(hosts));
	tcase_add_loop_test(t, a_container_that_is_gone_shows_nothing, 0, ARRAY_LEN(hosts));
	suite_add_tcase(s, t);
	return fixture_run(s);
}
