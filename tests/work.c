// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Known work, to be done inside a container and looked for in its files. Linked statically.
 *
 *   work anon MIB          touch that much anonymous memory, say "ready", wait for a line
 *   work file PATH MIB     write and read back a file of that size, say "ready", wait for a line
 *   work burn MS ON OFF    for that long: busy for ON µs, asleep for OFF µs; says in ticks of 10 ms
 *                          how long it ran, how much it used by getrusage, and by how much
 *                          user + system, idle and steal of /proc/stat moved from its first
 *                          moment to its last
 *   work direct PATH MIB   write that much with O_DIRECT
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "base/base.h"

#define MIB 1048576ul

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int wait_for_line(void)
{
	puts("ready");
	fflush(stdout);
	(void)getchar();
	return 0;
}

static int anon(char *argv[])
{
	size_t n = strtoul(argv[0], NULL, 10) * MIB;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < n; i += 4096)
		p[i] = (char)(i >> 12 | 1);
	return wait_for_line();
}

static int write_all(const char *path, int flags, size_t mib)
{
	auto_fd fd = open(path, O_RDWR | O_CREAT | flags, 0600);
	void *buf;

	if (fd < 0)
		return -errno;
	if (posix_memalign(&buf, 4096, MIB))
		return -ENOMEM;
	memset(buf, 'x', MIB);
	while (mib--)
		if (write(fd, buf, MIB) != (ssize_t)MIB)
			return -errno;
	free(buf);
	return fsync(fd) < 0 ? -errno : 0;
}

static int file(char *argv[])
{
	int r = write_all(argv[0], O_TRUNC, strtoul(argv[1], NULL, 10));

	return r < 0 ? r : wait_for_line();
}

static int direct(char *argv[])
{
	return write_all(argv[0], O_DIRECT, strtoul(argv[1], NULL, 10));
}

struct moment {
	double at, used, busy, idle, steal; /* ticks */
};

static int now(struct moment *m)
{
	auto_fd fd = open("/proc/stat", O_RDONLY);
	unsigned long t[8];
	char text[256];
	struct rusage u;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	m->at = now_us() / 1e4;
	getrusage(RUSAGE_SELF, &u);
	if (sscanf(text, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", t, t + 1, t + 2, t + 3, t + 4,
		   t + 5, t + 6, t + 7) != 8)
		return -EBADMSG;
	m->used = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 100 +
		  (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e4;
	m->busy = (double)(t[0] + t[1] + t[2]);
	m->idle = (double)t[3];
	m->steal = (double)t[7];
	return 0;
}

static int burn(char *argv[])
{
	double end = now_us() + strtod(argv[0], NULL) * 1e3, on = strtod(argv[1], NULL), until;
	struct timespec off = { .tv_nsec = strtol(argv[2], NULL, 10) * 1000 };
	struct moment a, b;
	int r = now(&a);

	if (r < 0)
		return r;
	while (now_us() < end) {
		for (until = now_us() + on; now_us() < until && now_us() < end;)
			;
		if (off.tv_nsec)
			nanosleep(&off, NULL);
	}
	r = now(&b);
	if (r < 0)
		return r;
	printf("%.1f %.1f %.0f %.0f %.0f\n", b.at - a.at, b.used - a.used, b.busy - a.busy,
	       b.idle - a.idle, b.steal - a.steal);
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char *argv[]);
} works[] = {
	{ "anon", 1, anon },
	{ "file", 2, file },
	{ "direct", 2, direct },
	{ "burn", 3, burn },
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(works); i++) {
		int r;

		if (strcmp(works[i].name, argv[1]) != 0 || argc - 2 != works[i].args)
			continue;
		r = works[i].run(argv + 2);
		if (r < 0)
			fprintf(stderr, "work: %s: %s\n", argv[1], strerror(-r));
		return r < 0;
	}
	fprintf(stderr, "usage: work anon|file|direct|burn ...\n");
	return 2;
}
