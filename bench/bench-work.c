// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench-work [--turns] MODE [DIRECTORY|ADDRESS]: how much of something is done in a second, here:
 * on the host, in a container with views, in one without. A program without libraries, so that it
 * is the same everywhere. --turns: a short turn of it for each byte that comes in, and nothing
 * between.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	   (1u << 20)
#define FILE_BYTES (8u << 20)

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

/* ---- over the network: to one that `serve` is, at the other end of a veth ---- */

#define PORT 5299 /* and the next one: what is sent there comes back */

static int dial(unsigned short port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	inet_pton(AF_INET, name, &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static double sends(void)
{
	static int fd;

	if (!fd)
		fd = dial(PORT);
	for (size_t done = 0; done < BLOCK;) {
		ssize_t n = write(fd, block + done, BLOCK - done);

		if (n <= 0)
			die("send");
		done += (size_t)n;
	}
	return BLOCK / 1e6;
}

static double trips(void)
{
	static int fd;
	char c = 0;

	if (!fd)
		fd = dial(PORT + 1);
	for (int i = 0; i < 10; i++)
		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			die("send");
	return 10;
}

static void serve_one(int fd, int back)
{
	int on = 1;
	ssize_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while ((n = read(fd, block, BLOCK)) > 0)
		if (back && write(fd, block, (size_t)n) != n)
			break;
	_exit(0);
}

/* A process for each who calls; until it is killed. */
static void serve(int back)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)(PORT + back)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, one;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	inet_pton(AF_INET, name, &at.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
		die("listen");
	signal(SIGCHLD, SIG_IGN);
	while ((one = accept(fd, NULL, NULL)) >= 0) {
		if (fork() == 0)
			serve_one(one, back);
		close(one);
	}
}

static const struct {
	const char *mode;
	double (*some)(void);
} modes[] = {
	{ "cpu", cpu },		{ "memory", memory }, { "syscall", calls },  { "sysinfo", infos },
	{ "switch", switches }, { "fork", forks },    { "create", creates }, { "read", reads },
	{ "send", sends },	{ "trip", trips },    { "write", writes },   { "fsync", syncs },
};

/* How much in a second, measured for so long. */
static void work(double (*some)(void), double seconds)
{
	double start = now(), done = 0;

	do
		done += some();
	while (now() - start < seconds);
	printf("%g\n", done / (now() - start));
	fflush(stdout);
}

int main(int argc, char *argv[])
{
	bool turns = argc > 2 && strcmp(argv[1], "--turns") == 0;
	char c;

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	argc -= turns;
	argv += turns;
	if (argc == 3 && strchr("0123456789", argv[2][0])) /* an address */
		snprintf(name, sizeof(name), "%s", argv[2]);
	else
		snprintf(name, sizeof(name), "%s/bench-work.%d", argc > 2 ? argv[2] : ".",
			 getpid());
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(fork() == 0);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[1], modes[i].mode) != 0)
			continue;
		modes[i].some(); /* warm */
		while (turns && read(0, &c, 1) == 1)
			work(modes[i].some, 0.02);
		if (!turns)
			work(modes[i].some, 0.25);
		return 0;
	}
	fprintf(stderr, "usage: bench-work [--turns] <mode> [<directory>|<address>]\n");
	return 2;
}
