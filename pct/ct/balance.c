// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One at a time, under a lock of all containers of this root; what each is to have is read from
 * the conf files, so that two who balance come to the same.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/cores.h"
#include "pct/ct/cpuset.h"
#include "pct/ct/host.h"
#include "pct/paths.h"

static unsigned cores_of(const struct config *c)
{
	const char *value = pending_get(c, "cores");
	int64_t millionths;

	if (!value || !option_number(value, &millionths) || millionths < NUMBER_SCALE)
		return 0;
	return (unsigned)MIN(millionths / NUMBER_SCALE, (int64_t)CGV_MAX_CPUS);
}

bool cores_limited(const struct config *c)
{
	return cores_of(c) && !cores_are_raw(c);
}

/* Its row, if it runs and is ours to move. */
static bool look(const struct cgv_host *h, const char *top, unsigned vmid,
		 const struct cgv_cpuset *all, struct share *out)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *path = text_of("%s/%u", top, vmid);
	auto_free char *file = text_of("%s/cpuset.cpus", path);
	struct share s = { .vmid = vmid };

	if (!cpuset_is_entered(h->tree[CGV_CPUSET].dir, path) || !conf_exists(vmid) ||
	    conf_load(vmid, &c) < 0)
		return false;
	if (cpuset_read(h->tree[CGV_CPUSET].dir, file, &s.now) < 0)
		return false;
	/* v2: none of its own, so all. */
	if (!cgv_cpuset_count(&s.now))
		s.now = *all;
	s.cores = cores_of(&c);
	s.next = s.now;
	if (cores_are_raw(&c))
		s.cores = UINT32_MAX;
	*out = s;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->vmid < y->vmid ? -1 : x->vmid > y->vmid;
}

/* Those of the host, unless its admin has held all containers to some of them. */
static struct cgv_cpuset allowed_in(const struct cgv_host *h, const char *top,
				    const struct cgv_cpuset *all)
{
	bool v2 = h->tree[CGV_CPUSET].owner == CGV_V2;
	auto_free char *path =
	    text_of("%s/%s", top, v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus");
	struct cgv_cpuset some;

	if (h->tree[CGV_CPUSET].owner == CGV_NONE ||
	    cpuset_read(h->tree[CGV_CPUSET].dir, path, &some) < 0)
		return *all;
	cgv_cpuset_and(&some, all);
	return cgv_cpuset_count(&some) ? some : *all;
}

static int list(const struct cgv_host *h, const struct cgv_cpuset *all, struct cores_list *out)
{
	struct cores_list l = { 0 };
	char top[CGROUP_TOP];
	struct dirent *e;
	unsigned vmid;
	DIR *dir;
	int fd, r = 0;

	cgroup_top(top);
	l.allowed = allowed_in(h, top, all);
	fd = h->tree[CGV_CPUSET].owner == CGV_NONE
		 ? -ENODEV
		 : openat(h->tree[CGV_CPUSET].dir, top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && r == 0 && (e = readdir(dir))) {
		struct share *more, s;

		if (!vmid_parse(e->d_name, &vmid) || !look(h, top, vmid, &l.allowed, &s))
			continue;
		more = realloc(l.shares, (l.n + 1) * sizeof(*more));
		r = more ? 0 : -ENOMEM;
		if (more) {
			l.shares = more;
			l.shares[l.n++] = s;
		}
	}
	if (dir)
		closedir(dir);
	if (r < 0) {
		free(l.shares);
		return fail(r, "list what runs");
	}
	if (l.n)
		qsort(l.shares, l.n, sizeof(*l.shares), compare);
	*out = l;
	return 0;
}

int cores_list(struct cores_list *out)
{
	struct host_layout layout;
	struct cgv_host h;
	int r = host_open(&h, &layout);

	if (r < 0)
		return r;
	r = list(&h, &layout.cpus, out);
	cgv_host_close(&h);
	return r;
}

void cores_list_free(struct cores_list *l)
{
	free(l->shares);
	*l = (struct cores_list){ 0 };
}

/* Not those that are about to end, or whose CPUs a raw line says. */
static void leave_out(struct cores_list *l, unsigned except)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->shares[i].vmid != except && l->shares[i].cores != UINT32_MAX)
			l->shares[n++] = l->shares[i];
	l->n = n;
}

static int move(const struct cgv_host *h, const struct share *s)
{
	enum cgv_owner owner = h->tree[CGV_CPUSET].owner;
	int dir = h->tree[CGV_CPUSET].dir;
	char top[CGROUP_TOP];
	auto_free char *path = NULL;

	cgroup_top(top);
	path = text_of("%s/%u", top, s->vmid);
	/* Without any of its own, as v2 has it: that is all, and all that come. */
	if (owner == CGV_V2 && !s->cores && memcmp(&s->now, &s->next, sizeof(s->now)) == 0)
		return 0;
	if (cpuset_is(dir, path, owner, &s->next))
		return 0;
	return cpuset_write(dir, path, owner, &s->next);
}

static int balance(const struct cgv_host *h, const struct cgv_cpuset *all, unsigned vmid,
		   unsigned except)
{
	CLEANUP(cores_list_free) struct cores_list l = { 0 };
	int r = list(h, all, &l), failed = 0;

	if (r < 0)
		return r;
	leave_out(&l, except);
	r = cores_spread(&l.allowed, l.shares, l.n);
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		int moved = move(h, &l.shares[i]);

		if (moved < 0 && l.shares[i].vmid == vmid)
			failed = fail(moved, "give CT %u its CPUs", vmid);
	}
	return r < 0 ? fail(r, "spread containers over the CPUs") : failed;
}

bool cores_choose(const struct cgv_host *h, const struct host_layout *layout,
		  const struct config *c, unsigned vmid, struct cgv_cpuset *out)
{
	CLEANUP(cores_list_free) struct cores_list l = { 0 };
	auto_free unsigned *used = calloc(CGV_MAX_CPUS, sizeof(*used));

	if (!used || !cores_limited(c) || list(h, &layout->cpus, &l) < 0)
		return false;
	leave_out(&l, vmid);
	cores_count(&l.allowed, l.shares, l.n, used);
	return cores_pick(&l.allowed, used, cores_of(c), out);
}

int cores_balance(unsigned vmid, unsigned except)
{
	auto_free char *folder = path_to("run/pct/lock");
	auto_free char *path = path_to("run/pct/lock/cores");
	struct host_layout layout;
	struct cgv_host h;
	auto_fd lock = -EBADF;
	int r = paths_make(folder, 0755);

	if (r < 0)
		return r;
	lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", path);
	r = host_open(&h, &layout);
	if (r < 0)
		return r;
	r = balance(&h, &layout.cpus, vmid, except);
	cgv_host_close(&h);
	return r;
}
