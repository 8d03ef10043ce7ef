// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "procfs/tree.h"

char **fixture_names;
int n_fixtures;

static int has_source(const struct dirent *e)
{
	char path[300];

	snprintf(path, sizeof(path), FIXTURES "/%s/SOURCE", e->d_name);
	return access(path, R_OK) == 0;
}

void fixture_list(void)
{
	struct dirent **e;

	n_fixtures = scandir(FIXTURES, &e, has_source, alphasort);
	if (n_fixtures < 1) {
		fprintf(stderr, "no fixtures: run this where " FIXTURES "/ is\n");
		exit(EXIT_FAILURE);
	}
	fixture_names = calloc((size_t)n_fixtures, sizeof(*fixture_names));
	for (int i = 0; i < n_fixtures; i++) {
		fixture_names[i] = strdup(e[i]->d_name);
		free(e[i]);
	}
	free(e);
}

/* "render: --pid 7" or "render: --cgroup /a", perhaps with "--fixed-cpus" behind it */
static void read_source(const char *dir, struct container_spec *spec, char cgroup[256])
{
	char path[300], line[300] = "";
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "%s/SOURCE", dir);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "no %s", path);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	n = sscanf(line, "render: --pid %d", &spec->init);
	if (n != 1)
		n = sscanf(line, "render: --cgroup %255s", cgroup);
	ck_assert_msg(n == 1, "%s does not begin with 'render: '", path);
	spec->fixed_cpus = strstr(line, " --fixed-cpus\n");
}

static int make_container(const struct cgv_host *h, const char *cgroup, struct container_spec *spec,
			  struct container **out)
{
	int r;

	if (spec->init)
		r = cgv_place_of_pid(h, spec->init, &spec->place);
	else
		r = cgv_place_of_path(cgroup, &spec->place);
	if (r == 0)
		r = container_new(h, spec, out);
	cgv_place_free(&spec->place);
	return r;
}

int fixture_try(const char *dir, const char *source, struct fixture *out)
{
	auto_fd fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct container_spec spec = { 0 };
	char cgroup[256];
	int r;

	ck_assert_msg(fd >= 0, "no %s", dir);
	read_source(source, &spec, cgroup);
	out->c = NULL;
	r = cgv_host_open_at(fd, &out->host);
	if (r < 0)
		return r;
	r = make_container(&out->host, cgroup, &spec, &out->c);
	if (r < 0)
		cgv_host_close(&out->host);
	return r;
}

void fixture_open(const char *name, struct fixture *out)
{
	char dir[300];

	snprintf(dir, sizeof(dir), FIXTURES "/%s", name);
	ck_assert_int_eq(fixture_try(dir, dir, out), 0);
}

void fixture_close(struct fixture *f)
{
	container_put(f->c);
	cgv_host_close(&f->host);
}

struct container *fixture_container(const struct cgv_host *h, const char *cgroup, bool fixed_cpus)
{
	struct container_spec spec = { .fixed_cpus = fixed_cpus };
	struct container *c;

	ck_assert_int_eq(make_container(h, cgroup, &spec, &c), 0);
	return c;
}

/* ---- texts ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of the files of @f in sight, sorted: a directory's own order is any. */
static int files_in_sight(struct container *c, const struct tree *t, const struct file *f,
			  const char **path, size_t *n)
{
	struct seen seen;
	int r = container_seen(c, &seen);

	if (r < 0)
		return r;
	*n = 0;
	for (uint32_t i = NODE_ROOT; i < t->n; i++)
		if (t->node[i].file == f && !tree_hides(t, i, &seen))
			path[(*n)++] = t->node[i].path;
	qsort(path, *n, sizeof(*path), by_path);
	return 0;
}

static int text_of_tree(const struct cgv_host *h, struct container *c, const struct file *f,
			FILE *to)
{
	struct tree t;
	const char **path;
	size_t n = 0;
	int r = tree_build(h, &t);

	if (r < 0)
		return r;
	path = calloc(t.n, sizeof(*path));
	ck_assert_ptr_nonnull(path);
	r = files_in_sight(c, &t, f, path, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct moment m;

		r = container_render(c, f, path[i], &m);
		if (r < 0)
			break;
		fprintf(to, "%s: ", path[i]);
		fwrite(m.text, 1, m.len, to);
		if (!m.len || m.text[m.len - 1] != '\n')
			fputc('\n', to);
	}
	free(path);
	tree_free(&t);
	return r;
}

char *fixture_text(const struct cgv_host *h, struct container *c, const struct file *f, size_t *len,
		   int *r)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, len);
	struct moment m;

	ck_assert_ptr_nonnull(to);
	if (f->path[strlen(f->path) - 1] == '/') {
		*r = text_of_tree(h, c, f, to);
	} else {
		*r = container_render(c, f, f->path, &m);
		if (*r == 0)
			fwrite(m.text, 1, m.len, to);
	}
	fclose(to);
	if (*r == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- a host in a temporary directory ---- */

void tmp_make(struct tmp *t)
{
	const char *in = getenv("TMPDIR");

	if (!in) /* thousands of small files are written */
		in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(t->dir, sizeof(t->dir), "%s/pct-check-XXXXXX", in);
	ck_assert_ptr_nonnull(mkdtemp(t->dir));
	t->fd = open(t->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(t->fd, 0);
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void tmp_remove(struct tmp *t)
{
	close_fd(&t->fd);
	ck_assert_int_eq(nftw(t->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void tmp_drop(const struct tmp *t, const char *path)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "%s/%s", t->dir, path);
	(void)nftw(whole, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(const struct tmp *t, const char *path)
{
	char part[4096];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdirat(t->fd, part, 0755) < 0)
			ck_assert_int_eq(errno, EEXIST);
	}
}

void tmp_put_bytes(const struct tmp *t, const char *path, const void *bytes, size_t len)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	auto_fd fd = openat(t->fd, path, flags, 0644);

	if (fd < 0) {
		make_parents(t, path);
		fd = openat(t->fd, path, flags, 0644);
	}
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
}

void tmp_put(const struct tmp *t, const char *path, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	ck_assert_int_ge(n, 0);
	tmp_put_bytes(t, path, text, (size_t)n);
	free(text);
}

static void copy_file(const struct tmp *t, const char *from, const char *to, size_t size)
{
	auto_fd fd = open(from, O_RDONLY | O_CLOEXEC);
	char *bytes = malloc(size + 1);

	ck_assert(fd >= 0 && bytes);
	ck_assert_int_eq(read(fd, bytes, size + 1), (ssize_t)size);
	tmp_put_bytes(t, to, bytes, size);
	free(bytes);
}

static const struct tmp *copy_to; /* nftw(3) has no argument of its own */
static size_t copy_skip;

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *to = path + copy_skip;
	char target[4096];
	ssize_t n;

	(void)at;
	if (!path[copy_skip - 1])
		return 0; /* the top */
	if (type == FTW_D) {
		ck_assert_int_eq(mkdirat(copy_to->fd, to, 0755), 0);
	} else if (type == FTW_SL) {
		n = readlink(path, target, sizeof(target) - 1);
		ck_assert_int_ge(n, 0);
		target[n] = '\0';
		ck_assert_int_eq(symlinkat(target, copy_to->fd, to), 0);
	} else if (type == FTW_F) {
		copy_file(copy_to, path, to, (size_t)st->st_size);
	}
	return 0;
}

void tmp_copy(const struct tmp *t, const char *from)
{
	copy_to = t;
	copy_skip = strlen(from) + 1;
	ck_assert_int_eq(nftw(from, copy_one, 16, FTW_PHYS), 0);
}

void tmp_host(const struct tmp *t, unsigned cpus)
{
	tmp_put(t, "proc/meminfo",
		"MemTotal:        1048576 kB\nMemFree:          524288 kB\n"
		"MemAvailable:     786432 kB\nSwapTotal:        262144 kB\n"
		"SwapFree:         262144 kB\n");
	tmp_put(t, "proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\nintr 3 1 2\nbtime 1700000000\n");
	tmp_put(t, "proc/uptime", "1000.00 1.00\n");
	tmp_put(t, "sys/devices/system/cpu/possible", "0-%u\n", cpus - 1);
	tmp_put(t, "sys/devices/system/cpu/online", "0-%u\n", cpus - 1);
	if (mkdirat(t->fd, "sys/fs", 0755) == 0)
		ck_assert_int_eq(mkdirat(t->fd, "sys/fs/cgroup", 0755), 0);
}

void tmp_v2(const struct tmp *t)
{
	tmp_put(t, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
}

void tmp_open(const struct tmp *t, struct cgv_host *h)
{
	ck_assert_int_eq(cgv_host_open_at(t->fd, h), 0);
}

struct cgv_container *tmp_container(const struct cgv_host *h, const char *cgroup)
{
	struct cgv_container *c;
	struct cgv_place place;

	ck_assert_int_eq(cgv_place_of_path(cgroup, &place), 0);
	ck_assert_int_eq(cgv_container_open(h, &place, &c), 0);
	cgv_place_free(&place);
	return c;
}

/* ---- numbers by chance ---- */

uint64_t chance_any(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t chance_below(struct chance *c, uint64_t n)
{
	return chance_any(c) % n;
}

uint64_t chance_sized(struct chance *c, uint64_t largest)
{
	uint64_t v = chance_any(c) >> chance_below(c, 64);

	if (chance_below(c, 16) == 0)
		return chance_below(c, 2) ? largest : 0;
	return MIN(v, largest);
}

int fixture_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
