// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench-work MODE [DIRECTORY]: how much of something is done in a second, here: on the host, in a
 * container with views, in one without. A program without libraries, so that it is the same
 * everywhere.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	   (1u << 20)
#define FILE_BYTES (32u << 20)

static char name[4096]; /* of a file that is ours */
static char block[BLOCK];
static int ends[4];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Each does some and says how much, in units of its own. */

static double cpu(void)
{
	uint64_t x = 88172645463325252ull;

	for (int i = 0; i < 1000000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	__asm__ volatile("" : : "r"(x)); /* it is wanted */
	return 1;			 /* a million */
}

static double memory(void)
{
	static char *from, *to;

	if (!from) {
		from = malloc(64 * BLOCK);
		to = malloc(64 * BLOCK);
		if (!from || !to)
			die("memory");
		memset(from, 1, 64 * BLOCK);
	}
	memcpy(to, from, 64 * BLOCK);
	__asm__ volatile("" : : "r"(to) : "memory"); /* it is wanted */
	return 64 / 1024.0;			     /* GiB */
}

static double calls(void)
{
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	return 1000;
}

static double infos(void)
{
	struct sysinfo s;

	for (int i = 0; i < 100; i++)
		sysinfo(&s);
	return 100;
}

static void pair(void)
{
	char c;

	if (pipe(ends) < 0 || pipe(ends + 2) < 0)
		die("pipe");
	if (fork() == 0) {
		close(ends[1]);
		while (read(ends[0], &c, 1) == 1 && write(ends[3], &c, 1) == 1)
			;
		_exit(0);
	}
}

static double switches(void)
{
	char c = 0;

	if (!ends[1])
		pair();
	for (int i = 0; i < 100; i++)
		if (write(ends[1], &c, 1) != 1 || read(ends[2], &c, 1) != 1)
			die("pipe");
	return 200;
}

static double forks(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/proc/self/exe", "bench-work", "nothing", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return 1;
}

static double creates(void)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, block, 4096) != 4096)
		die(name);
	close(fd);
	unlink(name);
	return 1;
}

static double reads(void)
{
	static int fd;

	if (!fd) {
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		unlink(name);
		for (unsigned i = 0; i < FILE_BYTES / BLOCK; i++)
			if (write(fd, block, BLOCK) != BLOCK)
				die(name);
	}
	for (unsigned i = 0; i < FILE_BYTES / BLOCK; i++)
		if (pread(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
			die(name);
	return FILE_BYTES / 1e6;
}

static double writes(void)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	unlink(name);
	for (unsigned i = 0; i < FILE_BYTES / BLOCK; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			die(name);
	close(fd);
	return FILE_BYTES / 1e6;
}

static double syncs(void)
{
	static int fd;

	if (!fd) {
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		unlink(name);
	}
	if (pwrite(fd, block, 4096, 0) != 4096 || fdatasync(fd) < 0)
		die(name);
	return 1;
}

static const struct {
	const char *mode;
	double (*some)(void);
} modes[] = {
	{ "cpu", cpu },		{ "memory", memory }, { "syscall", calls },  { "sysinfo", infos },
	{ "switch", switches }, { "fork", forks },    { "create", creates }, { "read", reads },
	{ "write", writes },	{ "fsync", syncs },
};

int main(int argc, char *argv[])
{
	double start, done = 0;

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	snprintf(name, sizeof(name), "%s/bench-work.%d", argc > 2 ? argv[2] : ".", getpid());
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[1], modes[i].mode) != 0)
			continue;
		modes[i].some(); /* warm */
		start = now();
		do
			done += modes[i].some();
		while (now() - start < 0.25);
		printf("%g\n", done / (now() - start));
		return 0;
	}
	fprintf(stderr, "usage: bench-work <mode> [<directory>]\n");
	return 2;
}
