// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The tasks of a container by state, and the load average made of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "cgview/container.h"
#include "cgview/read.h"

#define DEEPEST 32 /* sub-cgroups below a container that are looked into */

struct count {
	const struct cgv_container *c;
	const char *list; /* "tasks" | "cgroup.threads" */
	struct cgv_text text;
	struct cgv_tasks tasks;
	uint64_t listed; /* all there are; tasks.total is those that were looked at */
	uint64_t until;	 /* CLOCK_MONOTONIC; 0: take all the time it needs */
	uint64_t steps;	 /* tasks and directories so far */
	bool late;
};

/*
 * Asked for each task and directory, answered by the clock for every sixteenth. The first are
 * looked at in any case: a long list may have taken all of the time to be read.
 */
static bool late(struct count *n)
{
	struct timespec t;

	if (n->until && !n->late && ++n->steps % 16 == 0) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		n->late = (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec > n->until;
	}
	return n->late;
}

/*
 * Its state, and its number in the innermost pid namespace: the last word of NSpid. A task that is
 * gone meanwhile counts nowhere. (TID/stat would add up all threads of the process: 7 ms for one
 * of 20,000.)
 */
static void count_task(struct count *n, uint64_t tid)
{
	struct span text, line, key, word;
	char name[40], buf[8192];
	uint64_t v, own = 0;
	bool counted = false;

	snprintf(name, sizeof(name), "%llu/status", (unsigned long long)tid);
	if (cgv_read(n->c->host->proc, name, buf, sizeof(buf), &text) < 0)
		return;
	while (!own && span_line(&text, &line)) {
		if (!span_word(&line, &key))
			continue;
		if (!counted && span_is(key, "State:") && span_word(&line, &word)) {
			counted = true;
			n->tasks.total++;
			n->tasks.running += *word.p == 'R';
			n->tasks.blocked += *word.p == 'D';
		}
		while (span_is(key, "NSpid:") && span_u64(&line, &v))
			own = v;
	}
	n->tasks.last_pid = MAX(n->tasks.last_pid, own);
}

static int count_list(struct count *n, int dir)
{
	struct span text, line;
	uint64_t tid;
	int r;

	r = cgv_read_text(dir, n->list, &n->text, &text);
	/* Removed meanwhile; or a domain of threads in v2: they are in its children. */
	if (r == -EOPNOTSUPP || r == -ENODEV || r == -ENOENT)
		return 0;
	while (r == 0 && span_line(&text, &line)) {
		if (!span_u64(&line, &tid))
			continue;
		if (!late(n))
			count_task(n, tid);
		n->listed++;
	}
	return r;
}

static int count_tree(struct count *n, int dir, int deep);

static int count_children(struct count *n, int dir, int deep)
{
	struct dirent *e;
	struct stat st;
	int fd, r = 0;
	DIR *d;

	if (fstat(dir, &st) == 0 && st.st_nlink == 2) /* no directory is in it */
		return 0;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		close_fd(&fd);
		return -errno;
	}
	while (r == 0 && !late(n) && (e = readdir(d))) {
		auto_fd child = -EBADF;

		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			r = count_tree(n, child, deep - 1);
	}
	closedir(d);
	return r;
}

static int count_tree(struct count *n, int dir, int deep)
{
	int r = count_list(n, dir);

	return r < 0 || !deep ? r : count_children(n, dir, deep);
}

/* A hierarchy in which the container has a cgroup: all of its tasks are in each of them. */
static int some_cgroup(const struct cgv_container *c, bool *v1)
{
	static const enum cgv_controller order[] = { CGV_CPUACCT, CGV_MEMORY, CGV_PIDS, CGV_CPU,
						     CGV_UNIFIED };
	int dir = -ENOENT;

	/* Best one that is not the root, where others are too. */
	for (int root = 0; root < 2; root++)
		for (size_t i = 0; i < ARRAY_LEN(order) && dir < 0; i++) {
			if (!root && !*cgv_container_path(c, order[i]))
				continue;
			dir = cgv_open_cgroup(c, order[i]);
			*v1 = cgv_owner(c->host, order[i]) == CGV_V1;
		}
	return dir;
}

/* Of those that were looked at the states are known; the others are taken to be like them. */
static void scale(struct count *n)
{
	uint64_t seen = n->tasks.total;

	if (!n->late || !seen)
		return;
	n->tasks.running = n->tasks.running * n->listed / seen;
	n->tasks.blocked = n->tasks.blocked * n->listed / seen;
	n->tasks.total = n->listed;
}

int cgv_tasks(const struct cgv_container *c, uint64_t until, struct cgv_tasks *io)
{
	struct count n = { .c = c, .until = until };
	bool v1 = false;
	auto_fd dir = some_cgroup(c, &v1);
	int r;

	if (dir < 0)
		return dir;
	n.list = v1 ? "tasks" : "cgroup.threads";
	r = count_tree(&n, dir, DEEPEST);
	free(n.text.p);
	if (r < 0)
		return r;
	scale(&n);
	n.tasks.last_pid = MAX(io->last_pid, n.tasks.last_pid);
	*io = n.tasks;
	return 0;
}

/* All CPU time, ns; in v2 it is a key among others. */
static int cpu_used(const struct cgv_container *c, uint64_t *out)
{
	static const struct field key[] = { { "usage_usec", 0 } };
	struct span text;
	char buf[1024];
	int r;

	if (cgv_file_owner(c, ACCT_USAGE) == CGV_V1)
		return cgv_glance_number(c, ACCT_USAGE, out);
	r = cgv_file_glance(c, UNIFIED_CPU_STAT, buf, sizeof(buf), &text);
	return r < 0 ? r : span_fields(text, key, 1, out) ? 0 : -EBADMSG;
}

int cgv_pulse(const struct cgv_container *c, struct cgv_pulse *out)
{
	struct cgv_pulse p = { 0 };
	int r = cgv_glance_number(c, PIDS_CURRENT, &p.tasks);

	if (r == 0)
		r = cpu_used(c, &p.used);
	if (r == 0)
		*out = p;
	return r;
}

int cgv_tasks_total(struct cgv_container *c, uint64_t *out)
{
	return cgv_file_number(c, PIDS_CURRENT, 0, out);
}

void cgv_load_add(struct cgv_load *l, uint64_t active)
{
	/* 2048 / e^(5 s / 1, 5, 15 min) */
	static const uint64_t decay[3] = { 1884, 2014, 2037 };

	active = MIN(active, (uint64_t)UINT32_MAX) * CGV_LOAD_1;
	for (int i = 0; i < 3; i++) {
		uint64_t next = l->avg[i] * decay[i] + active * (CGV_LOAD_1 - decay[i]);

		if (active >= l->avg[i])
			next += CGV_LOAD_1 - 1;
		l->avg[i] = next / CGV_LOAD_1;
	}
}
