// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One render of every proc row, for this process on the running host: ns each,
 * a fresh sample every time.
 */
#include <fcntl.h>
#include <time.h>

#include "procfs/container.h"

enum { ROUNDS = 2000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int measure(struct container *c, const struct file *f)
{
	struct moment m;
	double start = now();

	for (int i = 0; i < ROUNDS; i++) {
		c->sample.tick = 0;
		if (container_render(c, f, f->path, &m) < 0)
			return -EIO;
	}
	printf("%-28s %8.0f ns\n", f->path, (now() - start) / ROUNDS);
	return 0;
}

int main(void)
{
	struct container_spec spec = { .init = getpid() };
	struct container *c;
	struct cgv_host h;
	int r;

	r = cgv_host_open(&h);
	if (r == 0)
		r = cgv_place_of_pid(&h, spec.init, &spec.place);
	if (r == 0)
		r = container_new(&h, &spec, &c);
	for (size_t i = 0; i < n_files && r == 0; i++)
		if (files[i].path[strlen(files[i].path) - 1] != '/' &&
		    file_is_served(&h, &files[i]))
			r = measure(c, &files[i]);
	if (r < 0)
		fprintf(stderr, "bench-render: %s\n", strerror(-r));
	return r < 0;
}
