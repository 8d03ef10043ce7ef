// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every row of the file table, rendered over every captured host, is what tests/golden holds.
 * GOLDEN=write makes them anew.
 */
#include <sys/stat.h>

#include "tests/fixture.h"

#define GOLDEN "tests/golden"

/* What stands for a text of which the kernel says so. */
#define UNSUPPORTED "Operation not supported\n"

/* "proc/meminfo" is kept as "meminfo", "proc/pressure/cpu" as "pressure-cpu", a directory by its
 * name. */
static void golden_path(const char *host, const char *row, char path[300])
{
	size_t n = strlen(row), from, start;

	n -= row[n - 1] == '/';
	from = strlen("proc/");
	if (strncmp(row, "proc/", from) != 0)
		for (from = n; row[from - 1] != '/';)
			from--;
	start = (size_t)snprintf(path, 300, GOLDEN "/%s/", host);
	snprintf(path + start, 300 - start, "%.*s", (int)(n - from), row + from);
	for (char *p = path + start; *p; p++)
		if (*p == '/')
			*p = '-';
}

static void write_golden(const char *host, const char *path, const char *text, size_t len)
{
	char dir[300];
	FILE *f;

	snprintf(dir, sizeof(dir), GOLDEN "/%s", host);
	if (mkdir(dir, 0755) < 0)
		ck_assert_int_eq(errno, EEXIST);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static char *read_whole(FILE *f, size_t *len)
{
	struct stat st;
	char *text;

	ck_assert_int_eq(fstat(fileno(f), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	*len = fread(text, 1, (size_t)st.st_size, f);
	text[*len] = '\0';
	return text;
}

static void compare(const char *path, const char *text, size_t len)
{
	auto_file f = fopen(path, "r");
	auto_free char *want = NULL;
	size_t n;

	ck_assert_msg(f != NULL, "no golden text %s: make golden", path);
	want = read_whole(f, &n);
	ck_assert_msg(n == len && memcmp(want, text, n) == 0,
		      "%s differs:\n--- want\n%s--- got\n%s", path, want, text);
}

START_TEST(every_row_renders_as_captured)
{
	const char *host = fixture_names[_i / (int)n_files];
	const struct file *row = &files[_i % (int)n_files];
	auto_free char *text = NULL;
	struct fixture f;
	char path[300];
	size_t len;
	int r;

	fixture_open(host, &f);
	golden_path(host, row->path, path);
	if (!file_is_served(&f.host, row)) {
		ck_assert_msg(access(path, F_OK) < 0, "%s is of a file that host has not", path);
		fixture_close(&f);
		return;
	}
	text = fixture_text(&f.host, f.c, row, &len, &r);
	if (r == -EOPNOTSUPP) { /* as reading a kernel's own file says that accounts no pressure */
		text = strdup(UNSUPPORTED);
		len = strlen(UNSUPPORTED);
	}
	ck_assert_msg(text != NULL, "%s over %s: %s", row->path, host, strerror(-r));
	if (getenv("GOLDEN"))
		write_golden(host, path, text, len);
	else
		compare(path, text, len);
	fixture_close(&f);
}
END_TEST

/* A text is made anew at each open: the same moment gives the same text. */
START_TEST(a_second_look_at_the_same_moment_is_the_same)
{
	struct fixture f;

	fixture_open(fixture_names[_i], &f);
	for (size_t i = 0; i < n_files; i++) {
		auto_free char *one = NULL, *two = NULL;
		size_t len[2];
		int r;

		if (!file_is_served(&f.host, &files[i]))
			continue;
		one = fixture_text(&f.host, f.c, &files[i], &len[0], &r);
		if (r == -EOPNOTSUPP)
			continue;
		two = fixture_text(&f.host, f.c, &files[i], &len[1], &r);
		ck_assert_uint_eq(len[0], len[1]);
		ck_assert_mem_eq(one, two, len[0]);
	}
	fixture_close(&f);
}
END_TEST

/* Also the program itself says so: pctfs render, for the files whose row is one file. */
START_TEST(pctfs_render_says_the_same)
{
	const char *pctfs = getenv("PCTFS");
	const char *host = fixture_names[_i / (int)n_files];
	const struct file *row = &files[_i % (int)n_files];
	auto_free char *want = NULL, *got = NULL;
	char command[600], source[300], option[256], path[300];
	size_t len = 0, n = 0;
	FILE *f;

	if (!pctfs || row->path[strlen(row->path) - 1] == '/')
		return;
	snprintf(source, sizeof(source), FIXTURES "/%s/SOURCE", host);
	f = fopen(source, "r");
	ck_assert(f && fscanf(f, "render: %255[^\n]", option) == 1);
	fclose(f);
	snprintf(command, sizeof(command), "%s render %s %s --sysroot " FIXTURES "/%s", pctfs,
		 row->path, option, host);
	golden_path(host, row->path, path);
	f = fopen(path, "r");
	if (!f)
		return; /* that host has no such file: the test above looks after it */
	want = read_whole(f, &n);
	fclose(f);
	if (strcmp(want, UNSUPPORTED) == 0)
		return;
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	if (getdelim(&got, &len, '\0', f) < 0)
		got = strdup("");
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_str_eq(got, want);
}
END_TEST

/* Which tests run pctfs: the one beside this program, where it was built. */
static void find_pctfs(const char *self)
{
	const char *slash = strrchr(self, '/');
	char path[4096];

	snprintf(path, sizeof(path), "%.*s/pctfs", slash ? (int)(slash - self) : 1,
		 slash ? self : ".");
	if (!getenv("PCTFS") && access(path, X_OK) == 0)
		setenv("PCTFS", path, 1);
}

int main(int argc, char *argv[])
{
	Suite *s = suite_create("golden");
	TCase *t = tcase_create("files");

	(void)argc;
	fixture_list();
	find_pctfs(argv[0]);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_row_renders_as_captured, 0, n_fixtures * (int)n_files);
	if (!getenv("GOLDEN")) {
		tcase_add_loop_test(t, a_second_look_at_the_same_moment_is_the_same, 0, n_fixtures);
		tcase_add_loop_test(t, pctfs_render_says_the_same, 0, n_fixtures * (int)n_files);
	}
	suite_add_tcase(s, t);
	return fixture_run(s);
}
