// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "procfs/caller.h"

enum { NS_PID, NS_MNT, NS_CGROUP, N_NS };
static const char *const ns_names[N_NS] = { "pid", "mnt", "cgroup" };

struct callers {
	const struct cgv_host *host;
	struct registry *registry;
	ino_t ns[N_NS]; /* of the host's first process */
};

static int ns_of(const struct cgv_host *h, pid_t pid, int which, ino_t *out)
{
	char name[48];
	struct stat st;

	snprintf(name, sizeof(name), "%d/ns/%s", pid, ns_names[which]);
	if (fstatat(h->proc, name, &st, 0) < 0)
		return -errno;
	*out = st.st_ino;
	return 0;
}

int callers_new(const struct cgv_host *h, struct registry *registry, struct callers **out)
{
	/* Not every init lets itself be looked at; kernel threads have its namespaces too. */
	const pid_t hosts[] = { 1, 2, getpid() };
	struct callers *c = calloc(1, sizeof(*c));
	int r = -EACCES;

	if (!c)
		return -ENOMEM;
	for (size_t who = 0; who < ARRAY_LEN(hosts) && r < 0; who++) {
		r = 0;
		for (int i = 0; i < N_NS && r == 0; i++)
			r = ns_of(h, hosts[who], i, &c->ns[i]);
	}
	if (r < 0) {
		free(c);
		return r;
	}
	c->host = h;
	c->registry = registry;
	*out = c;
	return 0;
}

void callers_free(struct callers *c)
{
	free(c);
}

static int open_ns(const struct cgv_host *h, pid_t pid)
{
	char name[48];
	int fd;

	snprintf(name, sizeof(name), "%d/ns/pid", pid);
	fd = openat(h->proc, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* "NSpid:	4711	1": is it the first process of a namespace, @depth levels down from ours? */
static bool is_first(const struct cgv_host *h, const char *pid, unsigned *depth)
{
	struct cgv_text buf = { 0 };
	struct span text, line, key;
	uint64_t number = 0;
	char name[300];
	bool first = false;

	snprintf(name, sizeof(name), "%s/status", pid);
	if (cgv_read_text(h->proc, name, &buf, &text) == 0) {
		while (!first && span_line(&text, &line)) {
			if (!span_word(&line, &key) || !span_is(key, "NSpid:"))
				continue;
			for (*depth = 0; span_u64(&line, &number);)
				++*depth;
			first = number == 1;
		}
	}
	free(buf.p);
	return first;
}

static int scan_init(const struct cgv_host *h, ino_t ns, pid_t *out)
{
	int fd = openat(h->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = -ESRCH;

	if (!d) {
		close_fd(&fd);
		return -errno;
	}
	while (r < 0 && (e = readdir(d))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		unsigned depth;
		ino_t its;

		if (pid < 1 || ns_of(h, pid, NS_PID, &its) < 0 || its != ns)
			continue;
		if (!is_first(h, e->d_name, &depth))
			continue;
		*out = pid;
		r = 0;
	}
	closedir(d);
	return r;
}

int init_of(const struct cgv_host *h, pid_t pid, bool scan, pid_t *out)
{
	auto_fd ns = open_ns(h, pid);
	struct stat st;
	int init;

	if (ns < 0)
		return ns;
	init = scan ? -1 : ioctl(ns, NS_GET_TGID_FROM_PIDNS, 1);
	if (init > 0) {
		*out = init;
		return 0;
	}
	if (!scan && errno != ENOTTY && errno != EINVAL)
		return -errno;
	if (fstat(ns, &st) < 0)
		return -errno;
	return scan_init(h, st.st_ino, out);
}

static bool within(const char *path, const char *top)
{
	size_t n = strlen(top);

	return n == 0 || (strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

/*
 * A pid namespace shared by containers (a pod's, or docker's --pid=container:): the caller sits
 * in a cgroup of its own, beside the one of the namespace's init.
 */
static bool apart(const struct cgv_place *mine, struct container *c)
{
	auto_place its = container_place(c);

	for (int in = 0; in < CGV_N_CONTROLLERS; in++)
		if (mine->path[in] &&
		    !within(mine->path[in], cgv_container_path(its, (enum cgv_controller)in)))
			return true;
	return false;
}

static uint64_t hash_place(const struct cgv_place *p)
{
	uint64_t h = 0xcbf29ce484222325;

	for (int in = 0; in < CGV_N_CONTROLLERS; in++)
		for (const char *s = p->path[in]; s && *s; s++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return h | 1ull << 63; /* no pid namespace's inode number */
}

static int by_cgroup(struct callers *c, struct cgv_place *place, struct container **out)
{
	struct container_spec spec = { .who = hash_place(place) };
	int r;

	*out = registry_by_who(c->registry, spec.who);
	if (*out)
		return 0;
	spec.place = *place;
	r = registry_add(c->registry, &spec, out);
	if (r == 0)
		*place = spec.place; /* taken over */
	return r;
}

static int by_namespace(struct callers *c, pid_t pid, ino_t ns, struct container **out)
{
	struct container_spec spec = { .who = ns };
	int r;

	*out = registry_by_who(c->registry, ns);
	if (*out)
		return 0;
	r = init_of(c->host, pid, false, &spec.init);
	if (r == 0)
		r = cgv_place_of_pid(c->host, spec.init, &spec.place);
	if (r == 0)
		r = registry_add(c->registry, &spec, out);
	cgv_place_free(&spec.place);
	return r;
}

static int identify(struct callers *c, pid_t pid, struct container **out)
{
	struct container *inner = NULL;
	struct cgv_place place;
	ino_t ns[N_NS];
	int r = 0;

	for (int i = 0; i < N_NS && r == 0; i++)
		r = ns_of(c->host, pid, i, &ns[i]);
	if (r < 0)
		return r;
	if (memcmp(ns, c->ns, sizeof(ns)) == 0) {
		*out = NULL;
		return 0;
	}
	r = cgv_place_of_pid(c->host, pid, &place);
	if (r < 0)
		return r;
	if (ns[NS_PID] != c->ns[NS_PID])
		r = by_namespace(c, pid, ns[NS_PID], &inner);
	if (r == 0 && inner && !apart(&place, inner)) {
		*out = inner;
	} else {
		container_put(inner);
		/* Also when the init cannot be told: the caller's own cgroup can. */
		r = by_cgroup(c, &place, out);
	}
	cgv_place_free(&place);
	return r;
}

int caller_container(struct callers *c, pid_t pid, struct container **out)
{
	/* Pid 0: a caller from a pid namespace that is not below ours. */
	return pid > 0 && identify(c, pid, out) == 0 ? 0 : -EIO;
}

int caller_of_init(struct callers *c, pid_t init, struct container **out)
{
	ino_t ns;
	int r;

	*out = registry_by_init(c->registry, init);
	if (*out)
		return 0;
	r = ns_of(c->host, init, NS_PID, &ns);
	return r < 0 ? r : by_namespace(c, init, ns, out);
}

bool caller_is_beside(const struct callers *c, int proc, pid_t init)
{
	struct stat its;
	ino_t ns;

	return ns_of(c->host, init, NS_PID, &ns) == 0 && fstatat(proc, "ns/pid", &its, 0) == 0 &&
	       its.st_ino == ns;
}

bool caller_sees_all(const struct callers *c, pid_t pid)
{
	ino_t ns;

	return pid > 0 && ns_of(c->host, pid, NS_PID, &ns) == 0 && ns == c->ns[NS_PID];
}

/* Eight hexadecimal digits: flags, and the personality itself in the last two. */
bool caller_is_32bit(const struct cgv_host *h, pid_t pid)
{
	struct cgv_text buf = { 0 };
	struct span text;
	char name[32];
	bool is = false;

	snprintf(name, sizeof(name), "%d/personality", pid);
	if (cgv_read_text(h->proc, name, &buf, &text) == 0 && span_len(text) >= 8) {
		text = (struct span){ text.p + 6, text.p + 8 };
		is = span_is(text, "08"); /* PER_LINUX32 */
	}
	free(buf.p);
	return is;
}
