// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "procfs/container.h"

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void scratch_free(void *p)
{
	struct scratch *s = p;

	free(s->host.p);
	free(s->work.p);
	free(s->out.p);
	free(s);
}

static void scratch_init(void)
{
	(void)pthread_key_create(&scratch_key, scratch_free);
}

struct scratch *scratch_get(void)
{
	struct scratch *s;

	pthread_once(&scratch_once, scratch_init);
	s = pthread_getspecific(scratch_key);
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (s)
			pthread_setspecific(scratch_key, s);
	}
	return s;
}

static int fill(struct container *c, const struct container_spec *spec)
{
	int r;

	if (spec->name) {
		c->name = strdup(spec->name);
		c->door = strdup(spec->door);
		c->id = strdup(spec->id);
		if (!c->name || !c->door || !c->id)
			return -ENOMEM;
	}
	if (spec->init && !c->host->captured) {
		c->pidfd = (int)syscall(SYS_pidfd_open, spec->init, 0);
		if (c->pidfd < 0)
			return errno == ESRCH ? -ENOENT : -errno;
	}
	r = cgv_container_open(c->host, &spec->place, &c->cgroups);
	/* The pid may have been somebody else's before the pidfd was open. */
	return r == 0 && container_dead(c) ? -ENOENT : r;
}

int container_new(const struct cgv_host *h, struct container_spec *spec, struct container **out)
{
	struct container *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->host = h;
	c->init = spec->init;
	c->who = spec->who;
	c->sample.fixed_cpus = spec->fixed_cpus;
	c->fast = spec->fast;
	c->pidfd = -EBADF;
	c->refs = 1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->place_lock, NULL);
	clock_gettime(CLOCK_REALTIME, &c->born);
	r = fill(c, spec);
	if (r < 0) {
		container_put(c);
		return r;
	}
	cgv_place_free(&spec->place);
	*out = c;
	return 0;
}

struct container *container_get(struct container *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

struct cgv_container *container_place(struct container *c)
{
	struct cgv_container *place;

	pthread_mutex_lock(&c->place_lock);
	place = cgv_container_get(c->cgroups);
	pthread_mutex_unlock(&c->place_lock);
	return place;
}

int container_keep(struct container *c, struct state *s)
{
	const struct state_name name = { c->name, c->door, c->id, c->sample.fixed_cpus, c->fast };
	struct state_key key = { .init = (uint64_t)c->init };
	int r;

	if (!s)
		return 0;
	r = c->init ? cgv_start(c->host, c->init, &key.born) : cgv_inode(c->cgroups, &key.born);
	if (r == 0)
		r = cgv_cputime_init(&c->counts.cputime, c->host->cpus, 0);
	if (r < 0)
		return r;
	c->state = s;
	c->row = state_take(s, &key, &name, &c->counts);
	c->tasks.last_pid = c->counts.last_pid;
	return 0;
}

void container_set_fast(struct container *c, bool fast)
{
	c->fast = fast;
	state_set_fast(c->state, &c->row, fast);
}

void container_forget(struct container *c)
{
	state_forget(c->state, &c->row);
}

void container_put(struct container *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	cgv_container_close(c->cgroups);
	cgv_container_close(c->first);
	cgv_cputime_free(&c->counts.cputime);
	free(c->disks.disk);
	free(c->vmstat);
	free(c->pressure);
	cgv_numa_free(&c->numa);
	close_fd(&c->pidfd);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->place_lock);
	free(c->name);
	free(c->door);
	free(c->id);
	free(c);
}

bool container_dead(const struct container *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	if (atomic_load(&c->gone))
		return true;
	return c->pidfd >= 0 && poll(&p, 1, 0) > 0;
}

/* CPU time is counted from the container's start, on which no counter was there yet. */
static int read_cputime(struct container *c)
{
	uint64_t percpu[256], *many = NULL;
	struct cgv_cpu_usage u = { .percpu = percpu, .max_percpu = ARRAY_LEN(percpu) };
	int r = 0;

	if (!c->counts.cputime.row)
		r = cgv_cputime_init(&c->counts.cputime, c->host->cpus, 0);
	if (!c->counts.cputime.begun)
		c->counts.cputime.at = c->sample.age.start;
	if (r == 0 && c->host->cpus > ARRAY_LEN(percpu)) {
		many = calloc(c->host->cpus, sizeof(*many));
		if (!many)
			return -ENOMEM;
		u.percpu = many;
		u.max_percpu = c->host->cpus;
	}
	if (r == 0)
		r = cgv_cpu_usage(c->cgroups, &c->sample.cpus, &u);
	if (r == 0) {
		cgv_cputime_add(&c->counts.cputime, c->sample.now.boot, &c->sample.cpus, &u);
		c->sample.cputime = &c->counts.cputime;
	}
	free(many);
	return r;
}

/* Until when a reader waits for tasks to be looked at, and all others with it: for 20 ms. */
static uint64_t first_look(const struct container *c)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return c->host->captured ? 0
				 : (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec + 20000000;
}

static int read_tasks(struct container *c)
{
	uint64_t total;

	if (!c->tasks.total) { /* the sampler has not been here yet */
		int r = cgv_tasks(c->cgroups, first_look(c), &c->tasks);

		if (r < 0)
			return r;
	}
	c->sample.tasks = c->tasks;
	if (cgv_tasks_total(c->cgroups, &total) == 0)
		c->sample.tasks.total = total;
	/* Counted at different moments, but shown in one. */
	c->sample.tasks.running = MIN(c->tasks.running, c->sample.tasks.total);
	c->sample.tasks.blocked =
	    MIN(c->tasks.blocked, c->sample.tasks.total - c->sample.tasks.running);
	c->sample.load = c->counts.load;
	return 0;
}

static int read_disks(struct container *c)
{
	c->sample.disks = &c->disks;
	return cgv_disks(c->cgroups, &c->disks);
}

static int read_memory(struct container *c)
{
	int r = cgv_memory(c->cgroups, &c->sample.memory);

	if (r == 0)
		cgv_swapped_add(&c->counts.swapped, &c->sample.memory);
	return r;
}

static int read_vmstat(struct container *c)
{
	if (!c->vmstat)
		c->vmstat = calloc(1, sizeof(*c->vmstat));
	c->sample.vmstat = c->vmstat;
	return c->vmstat ? cgv_vmstat(c->cgroups, &c->sample.memory, &c->disks, &c->counts.swapped,
				      c->vmstat)
			 : -ENOMEM;
}

static int read_one_pressure(const struct container *c, enum cgv_pressure p, char *text,
			     size_t size)
{
	auto_fd fd = cgv_pressure_open(c->cgroups, p, O_RDONLY);
	ssize_t n = fd < 0 ? fd : pread(fd, text, size - 1, 0);

	if (fd >= 0 && n < 0)
		n = -errno;
	text[n > 0 ? n : 0] = '\0';
	return n < 0 && n != -EOPNOTSUPP ? (int)n : 0;
}

static int read_pressure(struct container *c)
{
	int r = 0;

	if (!c->pressure)
		c->pressure = calloc(1, sizeof(*c->pressure));
	c->sample.pressure = c->pressure;
	if (!c->pressure)
		return -ENOMEM;
	for (int p = 0; p < CGV_N_PSI && r == 0; p++)
		r = read_one_pressure(c, (enum cgv_pressure)p, c->pressure->text[p],
				      sizeof(c->pressure->text[p]));
	return r;
}

static int read_part(struct container *c, enum need part)
{
	struct sample *s = &c->sample;

	switch (part) {
	case NEED_MEMORY:
		return read_memory(c);
	case NEED_CPUS:
		return cgv_cpus(c->cgroups, &s->cpus);
	case NEED_CPUTIME:
		return read_cputime(c);
	case NEED_AGE:
		return cgv_age(c->cgroups, c->init, &s->now, &s->age);
	case NEED_TASKS:
		return read_tasks(c);
	case NEED_NODES:
		return cgv_nodes(c->cgroups, &s->cpus, &s->nodes);
	case NEED_DISKS:
		return read_disks(c);
	case NEED_VMSTAT:
		return read_vmstat(c);
	case NEED_PRESSURE:
		return read_pressure(c);
	case NEED_NUMA:
		s->numa = &c->numa;
		return cgv_numa(c->cgroups, &s->memory, &s->nodes, &c->numa);
	case NEED_HUGEPAGES:
		return cgv_hugepages(c->cgroups, s->hugepages);
	case NEED_BOOT_ID:
		return cgv_boot_id(c->cgroups, c->init, &s->boot_id);
	case NEED_PRODUCT_UUID: /* it keeps its name where it is moved */
		return cgv_product_uuid(c->first ? c->first : c->cgroups, &s->product_uuid);
	case NEED_PERSONALITY: /* the reader's, not the container's */
		break;
	}
	return -EINVAL;
}

/* Its cgroup went, but its init did not: it was moved. What is accumulated stays. */
static int follow(struct container *c)
{
	struct cgv_container *there, *former = c->cgroups;
	struct cgv_place place;
	int r;

	if (!c->init || container_dead(c))
		return -ENOENT;
	r = cgv_place_of_pid(c->host, c->init, &place);
	if (r < 0)
		return r;
	r = cgv_container_open(c->host, &place, &there);
	cgv_place_free(&place);
	if (r < 0)
		return r;
	pthread_mutex_lock(&c->place_lock);
	c->cgroups = there;
	pthread_mutex_unlock(&c->place_lock);
	if (c->first)
		cgv_container_close(former);
	else
		c->first = former;
	c->sample.have = 0;
	return 0;
}

/* Before anybody sees it. */
static void save(struct container *c)
{
	c->counts.last_pid = c->tasks.last_pid;
	state_save(c->state, &c->row, &c->counts);
}

static int read_sample(struct container *c, unsigned needs)
{
	/* Which parts stand on others: they come first. */
	static const enum need order[] = { NEED_MEMORY,	     NEED_CPUS,	     NEED_AGE,
					   NEED_CPUTIME,     NEED_TASKS,     NEED_NODES,
					   NEED_DISKS,	     NEED_VMSTAT,    NEED_PRESSURE,
					   NEED_NUMA,	     NEED_HUGEPAGES, NEED_BOOT_ID,
					   NEED_PRODUCT_UUID };
	struct sample *s = &c->sample;
	unsigned had;
	struct cgv_time now;
	int r;

	if (needs & NEED_CPUTIME)
		needs |= NEED_CPUS | NEED_AGE;
	if (needs & NEED_NUMA)
		needs |= NEED_MEMORY | NEED_NODES;
	if (needs & NEED_NODES)
		needs |= NEED_CPUS;
	if (needs & NEED_VMSTAT)
		needs |= NEED_MEMORY | NEED_DISKS;
	r = cgv_now(c->host, &now);
	if (r < 0)
		return r;
	if (s->tick != now.boot / CGV_TICK) {
		s->tick = now.boot / CGV_TICK;
		s->now = now;
		s->have = 0;
	}
	had = s->have;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (!(needs & ~s->have & order[i]))
			continue;
		r = read_part(c, order[i]);
		if (r < 0)
			return r;
		s->have |= order[i];
	}
	if (s->have & ~had & (NEED_CPUTIME | NEED_TASKS | NEED_VMSTAT))
		save(c);
	return 0;
}

static int read_held(struct container *c, unsigned needs)
{
	int r;

	cgv_container_hold(c->cgroups);
	r = read_sample(c, needs);
	cgv_container_release(c->cgroups);
	return r;
}

/* Bring the sample up to this tick, with @needs in it. Called with the lock held. */
static int sample_take(struct container *c, unsigned needs)
{
	int r = read_held(c, needs);

	if ((r == -ENOENT || r == -ENODEV) && follow(c) == 0)
		r = read_held(c, needs);
	return r;
}

/* Into the thread's buffer, which grows until the text fits. */
static int render(struct container *c, const struct file *f, const char *path, struct scratch *t,
		  size_t *len)
{
	struct view v = { c->host, &c->sample, path, &t->host, &t->work };
	int r = sample_take(c, f->needs);

	for (size_t size = MAX(t->out.size, (size_t)65536); r == 0; size *= 2) {
		struct out o = { 0 };

		r = cgv_text_reserve(&t->out, size);
		if (r < 0)
			break;
		o.buf = t->out.p;
		o.size = t->out.size;
		r = file_render(f, &v, &o);
		if (r != -E2BIG) {
			*len = o.len;
			break;
		}
		r = 0;
	}
	return r;
}

static void report(struct container *c, const struct file *f, int r)
{
	unsigned bit = 1u << (f - files) % 32;
	auto_place place = container_place(c);

	if (!(atomic_fetch_or(&c->said, bit) & bit))
		warn(r, "render '%s' for container '%s'", f->path,
		     c->name ? c->name : cgv_container_path(place, CGV_MEMORY));
}

int container_render(struct container *c, const struct file *f, const char *path,
		     struct moment *out)
{
	struct scratch *t = scratch_get();
	int r;

	if (!t)
		return -ENOMEM;
	pthread_mutex_lock(&c->lock);
	r = render(c, f, path, t, &out->len);
	out->tick = c->sample.tick;
	pthread_mutex_unlock(&c->lock);
	out->text = t->out.p;
	/* A file of the host's that cannot be read is no failure of ours. */
	if (r < 0 && path == f->path && !container_dead(c))
		report(c, f, r);
	return r;
}

int container_sample(struct container *c, unsigned needs, struct sample *out)
{
	int r;

	pthread_mutex_lock(&c->lock);
	r = sample_take(c, needs);
	if (r == 0) {
		*out = c->sample;
		out->cputime = NULL;
		out->disks = NULL;
		out->vmstat = NULL;
		out->pressure = NULL;
		out->numa = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

int container_look(struct container *c, unsigned needs,
		   void (*see)(const struct sample *s, const struct state_counts *counts,
			       void *arg),
		   void *arg)
{
	struct cgv_container *visited;
	uint64_t before;
	int r;

	pthread_mutex_lock(&c->lock);
	visited = cgv_container_get(c->cgroups); /* it can move just then */
	cgv_container_visit(visited, &before);
	r = sample_take(c, needs);
	if (r == 0)
		see(&c->sample, &c->counts, arg);
	cgv_container_leave(visited, before);
	cgv_container_close(visited);
	pthread_mutex_unlock(&c->lock);
	return r;
}

int container_seen(struct container *c, struct seen *out)
{
	struct sample s;
	int r = container_sample(c, NEED_CPUS | NEED_NODES, &s);

	if (r == 0)
		*out = (struct seen){ s.cpus.visible, s.nodes };
	return r;
}

/*
 * Since all of its tasks were seen asleep none has run: they sleep on. What is looked at is of
 * later than @now, so that whatever happens meanwhile shows the next time.
 */
static bool is_idle(const struct container *c, const struct cgv_pulse *now)
{
	return c->tasks.total && !c->tasks.running && !c->tasks.blocked &&
	       c->pulse.used == now->used && c->pulse.tasks == now->tasks;
}

static int look_at_tasks(struct container *c, const struct cgv_container *place, uint64_t until)
{
	struct cgv_pulse pulse = { 0 };
	struct cgv_tasks tasks = { 0 };
	bool idle = false;
	int r;

	if (cgv_pulse(place, &pulse) == 0) {
		pthread_mutex_lock(&c->lock);
		idle = is_idle(c, &pulse);
		pthread_mutex_unlock(&c->lock);
	}
	if (idle)
		return 0;
	r = cgv_tasks(place, until, &tasks); /* without the lock: it takes its time */
	/* Only a container without an init is told dead by its cgroup. */
	if ((r == -ENOENT || r == -ENODEV) && !c->init)
		atomic_store(&c->gone, true);
	if (r < 0)
		return r;
	pthread_mutex_lock(&c->lock);
	tasks.last_pid = MAX(tasks.last_pid, c->tasks.last_pid);
	c->tasks = tasks;
	c->pulse = pulse;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

void container_count_tasks(struct container *c, uint64_t until, bool swap)
{
	auto_place place = container_place(c);
	uint64_t swapped = 0;
	struct cgv_load load;

	if (look_at_tasks(c, place, until) < 0)
		return;
	if (swap && cgv_swap_used(place, &swapped) < 0)
		swap = false;
	pthread_mutex_lock(&c->lock);
	load = c->counts.load;
	cgv_load_add(&c->counts.load, c->tasks.running + c->tasks.blocked);
	/* What went to swap between two readers is seen here. */
	swap = swap && swapped != c->counts.swapped.used;
	if (swap)
		(void)sample_take(c, NEED_MEMORY);
	if (swap || c->counts.last_pid != c->tasks.last_pid ||
	    memcmp(&load, &c->counts.load, sizeof(load)) != 0)
		save(c);
	pthread_mutex_unlock(&c->lock);
}
