// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a pid to its container's cgroup, and the files of it and its ancestors, kept open.
 */
#include <fcntl.h>
#include <limits.h>

#include "cgview/container.h"
#include "cgview/read.h"

// clang-format off
static const struct {
	enum cgv_controller in;
	const char *v1, *v2; /* NULL: no such file in that version */
} files[CGV_N_FILES] = {
	[MEM_LIMIT]        = { CGV_MEMORY,  "memory.limit_in_bytes",       "memory.max" },
	[MEM_USAGE]        = { CGV_MEMORY,  "memory.usage_in_bytes",       "memory.current" },
	[MEM_STAT]         = { CGV_MEMORY,  "memory.stat",                 "memory.stat" },
	[MEM_SWAP_LIMIT]   = { CGV_MEMORY,  "memory.memsw.limit_in_bytes", "memory.swap.max" },
	[MEM_SWAP_USAGE]   = { CGV_MEMORY,  "memory.memsw.usage_in_bytes", "memory.swap.current" },
	[MEM_KERNEL]       = { CGV_MEMORY,  "memory.kmem.usage_in_bytes",  NULL },
	[CPU_QUOTA]        = { CGV_CPU,     "cpu.cfs_quota_us",            "cpu.max" },
	[CPU_PERIOD]       = { CGV_CPU,     "cpu.cfs_period_us",           NULL },
	[CPU_STAT]         = { CGV_CPU,     "cpu.stat",                    "cpu.stat" },
	[CPU_STAT_LOCAL]   = { CGV_CPU,     "cpu.stat.local",              "cpu.stat.local" },
	[ACCT_STAT]        = { CGV_CPUACCT, "cpuacct.stat",                NULL },
	[ACCT_PERCPU]      = { CGV_CPUACCT, "cpuacct.usage_percpu",        NULL },
	[UNIFIED_CPU_STAT] = { CGV_UNIFIED, NULL,                          "cpu.stat" },
	[CPUSET_CPUS]      = { CGV_CPUSET,  "cpuset.effective_cpus",       "cpuset.cpus.effective" },
	[CPUSET_MEMS]      = { CGV_CPUSET,  "cpuset.effective_mems",       "cpuset.mems.effective" },
	[PIDS_CURRENT]     = { CGV_PIDS,    "pids.current",                "pids.current" },
};
// clang-format on

/* Tails that a container's own init adds below the cgroup where its limits are. */
static const char *const inner[] = { "/init.scope", "/ns" };

static char *container_path(struct span path)
{
	while (span_len(path) && *path.p == '/')
		path.p++;
	for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
		size_t n = strlen(inner[i]);

		if (span_len(path) > n && memcmp(path.end - n, inner[i], n) == 0)
			path.end -= n;
	}
	return strndup(path.p, span_len(path));
}

/* Above the hierarchy's root: a process outside of our own cgroup namespace. */
static bool climbs(struct span path)
{
	struct span part;

	while (span_until(&path, '/', &part))
		if (span_is(part, ".."))
			return true;
	return false;
}

static int set_path(struct cgv_place *p, enum cgv_controller c, struct span path)
{
	char *copy;

	if (climbs(path))
		return -EINVAL;
	if (memchr(path.p, '\0', span_len(path)))
		return -EBADMSG; /* what is behind it would not be in the copy */
	copy = container_path(path);
	if (!copy)
		return -ENOMEM;
	free(p->path[c]);
	p->path[c] = copy;
	return 0;
}

static bool names(struct span list, const char *name)
{
	struct span one;

	while (name && span_until(&list, ',', &one))
		if (span_is(one, name))
			return true;
	return false;
}

/* "4:memory:/a/b" or "0::/a/b": the path for every controller of that hierarchy. */
static int take_line(const struct cgv_host *h, struct span line, struct cgv_place *p)
{
	struct span id, list;
	int r = 0;

	if (!span_until(&line, ':', &id) || !span_until(&line, ':', &list))
		return -EBADMSG;
	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++) {
		enum cgv_controller in = (enum cgv_controller)c;
		bool here = cgv_owner(h, in) == CGV_V2	 ? span_is(id, "0") && !span_len(list)
			    : cgv_owner(h, in) == CGV_V1 ? names(list, cgv_controller_v1(in))
							 : false;

		if (here)
			r = set_path(p, in, line);
	}
	return r;
}

/* A process is in a cgroup of each hierarchy: a text that leaves one out is not the kernel's. */
static bool complete(const struct cgv_host *h, const struct cgv_place *p)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		if (cgv_owner(h, (enum cgv_controller)c) != CGV_NONE && !p->path[c])
			return false;
	return true;
}

void cgv_place_free(struct cgv_place *p)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++) {
		free(p->path[c]);
		p->path[c] = NULL;
	}
}

int cgv_place_of_pid(const struct cgv_host *h, pid_t pid, struct cgv_place *out)
{
	struct cgv_text buf = { 0 };
	struct cgv_place p = { { 0 } };
	struct span text, line;
	char name[32];
	int r;

	snprintf(name, sizeof(name), "%d/cgroup", pid);
	r = cgv_read_text(h->proc, name, &buf, &text);
	/* A zombie's file is empty, a pid that went meanwhile reads ESRCH. */
	if (r == -ESRCH || (r == 0 && !span_len(text)))
		r = -ENOENT;
	while (r == 0 && span_line(&text, &line))
		r = take_line(h, line, &p);
	if (r == 0 && !complete(h, &p))
		r = -EBADMSG;
	free(buf.p);
	if (r < 0)
		cgv_place_free(&p);
	else
		*out = p;
	return r;
}

int cgv_place_of_path(const char *path, struct cgv_place *out)
{
	struct cgv_place p = { { 0 } };
	int r = 0;

	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++)
		r = set_path(&p, (enum cgv_controller)c, span_of(path));
	if (r < 0)
		cgv_place_free(&p);
	else
		*out = p;
	return r;
}

static unsigned depth(const char *path)
{
	unsigned n = path && *path ? 1 : 0;

	for (; n && *path; path++)
		n += path[0] == '/' && path[1];
	return n;
}

unsigned cgv_levels(const struct cgv_container *c, enum cgv_controller in)
{
	return depth(c->place.path[in]) + 1;
}

const char *cgv_container_path(const struct cgv_container *c, enum cgv_controller in)
{
	return c->place.path[in] ? c->place.path[in] : "";
}

static int copy_place(const struct cgv_place *from, struct cgv_place *to)
{
	for (int i = 0; i < CGV_N_CONTROLLERS; i++) {
		if (!from->path[i])
			continue;
		to->path[i] = strdup(from->path[i]);
		if (!to->path[i])
			return -ENOMEM;
	}
	return 0;
}

/*
 * A path given for all hierarchies may be in some only: the others limit nothing. One that is in
 * none is gone, and its views say so.
 */
static void settle(struct cgv_container *c)
{
	bool in[CGV_N_CONTROLLERS] = { false }, any = false;

	for (int i = 0; i < CGV_N_CONTROLLERS; i++) {
		if (cgv_owner(c->host, (enum cgv_controller)i) == CGV_NONE || !c->place.path[i])
			continue;
		in[i] = cgv_exists(c, (enum cgv_controller)i) == 0;
		any |= in[i];
	}
	for (int i = 0; any && i < CGV_N_CONTROLLERS; i++)
		if (!in[i]) {
			free(c->place.path[i]);
			c->place.path[i] = NULL;
		}
}

int cgv_container_open(const struct cgv_host *h, const struct cgv_place *place,
		       struct cgv_container **out)
{
	struct cgv_container *c = calloc(1, sizeof(*c));
	size_t n;
	int r;

	if (!c)
		return -ENOMEM;
	c->host = h;
	c->levels = 1;
	for (int i = 0; i < CGV_N_CONTROLLERS; i++)
		c->levels = MAX(c->levels, depth(place->path[i]) + 1);
	n = (size_t)c->levels * CGV_N_FILES;
	c->fd = calloc(n, sizeof(*c->fd));
	if (c->fd)
		for (size_t i = 0; i < n; i++)
			c->fd[i] = -EBADF;
	r = c->fd ? copy_place(place, &c->place) : -ENOMEM;
	if (r < 0) {
		cgv_container_close(c);
		return r;
	}
	settle(c);
	*out = c;
	return 0;
}

void cgv_container_close(struct cgv_container *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->fd && i < (size_t)c->levels * CGV_N_FILES; i++)
		close_fd(&c->fd[i]);
	free(c->fd);
	cgv_place_free(&c->place);
	free(c);
}

enum cgv_owner cgv_file_owner(const struct cgv_container *c, enum cgv_file f)
{
	return cgv_owner(c->host, files[f].in);
}

/* "a/b/c" without its last @level parts, and @name in it. */
static int file_path(const char *cgroup, unsigned level, const char *name, char path[PATH_MAX])
{
	size_t n = strlen(cgroup);

	for (; level; level--) {
		while (n && cgroup[n - 1] != '/')
			n--;
		while (n && cgroup[n - 1] == '/')
			n--;
	}
	if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, cgroup, n ? "/" : "", name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static int open_file(const struct cgv_container *c, enum cgv_file f, unsigned level)
{
	enum cgv_owner owner = cgv_file_owner(c, f);
	const char *name = owner == CGV_V1 ? files[f].v1 : owner == CGV_V2 ? files[f].v2 : NULL;
	const char *cgroup = c->place.path[files[f].in];
	char path[PATH_MAX];
	int r, fd;

	if (!name || !cgroup)
		return -ENOENT;
	r = file_path(cgroup, level, name, path);
	if (r < 0)
		return r;
	fd = openat(c->host->tree[files[f].in].dir, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgv_file_read(struct cgv_container *c, enum cgv_file f, unsigned level, char *buf, size_t size,
		  struct span *text)
{
	int *fd;
	int r;

	if (level >= c->levels)
		return -ENOENT;
	fd = &c->fd[level * CGV_N_FILES + f];
	if (*fd < 0) {
		r = open_file(c, f, level);
		if (r < 0)
			return r;
		*fd = r;
	}
	r = cgv_read_fd(*fd, buf, size, text);
	if (r == -ENODEV) /* the cgroup was removed; it may be made again under its name */
		close_fd(fd);
	return r;
}

static int parse_number(struct span text, uint64_t *out)
{
	struct span word;
	uint64_t v;

	if (span_u64(&text, &v))
		*out = v >= (uint64_t)INT64_MAX - 65536 ? CGV_UNLIMITED : v;
	else if (span_word(&text, &word) && span_is(word, "max"))
		*out = CGV_UNLIMITED;
	else
		return -EBADMSG;
	return 0;
}

int cgv_file_number(struct cgv_container *c, enum cgv_file f, unsigned level, uint64_t *out)
{
	struct span text;
	char buf[64];
	int r = cgv_file_read(c, f, level, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_number(text, out);
}

int cgv_number_of(const struct cgv_container *c, enum cgv_controller in, const char *name,
		  uint64_t *out)
{
	auto_fd dir = cgv_open_cgroup(c, in);
	struct span text;
	char buf[64];
	int r = dir < 0 ? dir : cgv_read(dir, name, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_number(text, out);
}

int cgv_open_cgroup(const struct cgv_container *c, enum cgv_controller in)
{
	const char *path = c->place.path[in];
	int fd;

	if (cgv_owner(c->host, in) == CGV_NONE || !path)
		return -ENOENT;
	fd = openat(c->host->tree[in].dir, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgv_exists(const struct cgv_container *c, enum cgv_controller in)
{
	auto_fd dir = c->place.path[in] ? cgv_open_cgroup(c, in) : -EBADF;

	return dir == -ENOENT && cgv_owner(c->host, in) != CGV_NONE ? -ENOENT : 0;
}
