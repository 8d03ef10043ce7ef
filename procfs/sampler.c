// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <sys/eventfd.h>

#include "procfs/sampler.h"
#include "procfs/shared.h"

#define SHARE_MIN  200000ull /* ns: some tasks can be looked at in that */
#define FILES_KEPT 12	     /* steps: a minute unused, and cgroup files are closed */

struct sampler {
	struct fs *fs;
	pthread_t thread;
	int stop;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec;
}

static bool has_swap(const struct cgv_host *h)
{
	struct cgv_host_memory m;

	return cgv_host_bounds(h, &m) < 0 || m.swap_total;
}

static void step(struct sampler *s)
{
	bool swap = has_swap(s->fs->host);
	struct container **all;
	unsigned n;

	registry_sweep(s->fs->registry);
	shared_sweep(s->fs);
	cgv_files_rest(s->fs->host, FILES_KEPT);
	if (registry_all(s->fs->registry, &all, &n) < 0)
		return;
	/* Nobody's tasks take more than everybody's share of a fifth of one CPU. */
	for (unsigned i = 0; i < n; i++)
		container_count_tasks(all[i], now() + MAX(CGV_LOAD_EVERY / 5 / n, SHARE_MIN), swap);
	registry_put_all(all, n);
}

static void *run(void *arg)
{
	struct sampler *s = arg;
	struct pollfd p = { .fd = s->stop, .events = POLLIN };
	uint64_t next = now() + CGV_LOAD_EVERY, t;

	for (;;) {
		t = now();
		if (poll(&p, 1, next > t ? (int)((next - t) / 1000000) + 1 : 0) > 0)
			return NULL;
		t = now();
		if (t < next)
			continue;
		step(s);
		/* A step that was missed is not made up for: the kernel's own would not be late. */
		next += (t - next) / CGV_LOAD_EVERY * CGV_LOAD_EVERY + CGV_LOAD_EVERY;
	}
}

int sampler_start(struct fs *fs, struct sampler **out)
{
	struct sampler *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->fs = fs;
	s->stop = eventfd(0, EFD_CLOEXEC);
	err = s->stop < 0 ? errno : pthread_create(&s->thread, NULL, run, s);
	if (err) {
		close_fd(&s->stop);
		free(s);
		return -err;
	}
	*out = s;
	return 0;
}

void sampler_stop(struct sampler *s)
{
	if (!s)
		return;
	(void)eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	close_fd(&s->stop);
	free(s);
}
