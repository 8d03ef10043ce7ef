// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysinfo loop SECONDS BYTES MAX-UPTIME   call sysinfo(2) over and over, in turns as a 64-bit and
 * as a 32-bit program does, and look whether what it says is this container's; for that long, or
 * until SIGTERM. Prints how many calls, how many failed (that there is no such call among them),
 * were wrong, and the slowest one's ms sysinfo once 32|64                      one call: totalram
 * in bytes and uptime, or its errno sysinfo stall SECONDS                   one into a page that
 * comes only then: its result, and how many ms it took sysinfo read-only                       one
 * into a page that must not be written
 *
 * Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Of a 32-bit x86 program. */
struct sysinfo32 {
	int32_t uptime;
	uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint32_t totalhigh, freehigh, mem_unit;
	char rest[8];
};

struct said {
	long uptime;
	uint64_t total, free, swap;
	unsigned procs;
};

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ask64(struct said *out)
{
	struct sysinfo si;

	memset(&si, 0x5a, sizeof(si));
	if (syscall(SYS_sysinfo, &si) < 0)
		return -errno;
	*out = (struct said){ si.uptime, (uint64_t)si.totalram * si.mem_unit,
			      (uint64_t)si.freeram * si.mem_unit,
			      (uint64_t)si.totalswap * si.mem_unit, si.procs };
	return 0;
}

#ifdef __x86_64__
/* As a 32-bit program: its call's number is 116, and its addresses have 32 bits. */
static int ask32(struct said *out)
{
	static struct {
		struct sysinfo32 si;
		char beyond[64];
	} * low;
	long r;

	if (!low)
		low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	memset(low, 0x5a, sizeof(*low));
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(116), "b"(low)
			 : "memory", "r8", "r9", "r10", "r11");
	if (r < 0)
		return (int)r;
	if (low->beyond[0] != 0x5a)
		return -EOVERFLOW;
	*out = (struct said){ low->si.uptime, (uint64_t)low->si.totalram * low->si.mem_unit,
			      (uint64_t)low->si.freeram * low->si.mem_unit,
			      (uint64_t)low->si.totalswap * low->si.mem_unit, low->si.procs };
	return 0;
}
#else
static int ask32(struct said *out)
{
	return ask64(out);
}
#endif

static int loop(double seconds, uint64_t total, long uptime)
{
	struct sigaction act = { .sa_handler = end, .sa_flags = SA_RESTART };
	double until = now() + seconds, slowest = 0;
	unsigned long n = 0, failed = 0, none = 0, wrong = 0;

	sigaction(SIGTERM, &act, NULL);
	while (!ended && now() < until) {
		struct said s;
		double t = now();
		int r = n++ & 1 ? ask32(&s) : ask64(&s);

		t = now() - t;
		slowest = t > slowest ? t : slowest;
		failed += r < 0;
		none += r == -ENOSYS;
		if (r < 0) {
			fprintf(stderr, "call %lu: %s\n", n, strerror(-r));
		} else if (s.total != total || s.free > total || s.uptime > uptime ||
			   s.uptime < 0 || s.procs > 1000) {
			wrong++;
			fprintf(stderr, "call %lu: total %llu free %llu uptime %ld procs %u\n", n,
				(unsigned long long)s.total, (unsigned long long)s.free, s.uptime,
				s.procs);
		}
	}
	printf("%lu %lu %lu %lu %.0f\n", n, failed, none, wrong, slowest * 1000);
	return failed || wrong ? 1 : 0;
}

static int once(const char *bits)
{
	struct said s;
	int r = strcmp(bits, "32") == 0 ? ask32(&s) : ask64(&s);

	if (r < 0)
		printf("%s\n", strerror(-r));
	else
		printf("%llu %ld\n", (unsigned long long)s.total, s.uptime);
	return r < 0;
}

/* ---- a page that comes late: of a file system that is served by a process beside it ---- */

static void answer(int fd, uint64_t unique, int error, const void *data, size_t n)
{
	struct fuse_out_header head = { (uint32_t)(sizeof(head) + n), -error, unique };
	struct iovec iov[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)data, n } };

	(void)!writev(fd, iov, 2);
}

/* A file 'page' of 4096 bytes, whose one read takes that long. */
static void serve(int fd, unsigned seconds)
{
	static char in[1 << 18], zero[4096];
	const struct fuse_in_header *head = (const struct fuse_in_header *)in;

	while (read(fd, in, sizeof(in)) > 0) {
		bool dir = head->nodeid == 1 && head->opcode != FUSE_LOOKUP;
		struct fuse_attr attr = { .ino = dir ? 1 : 2,
					  .size = 4096,
					  .mode = dir ? S_IFDIR | 0755 : S_IFREG | 0644,
					  .nlink = 1 };
		struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 4096 };
		struct fuse_entry_out entry = { .nodeid = 2, .attr = attr };
		struct fuse_attr_out out = { .attr = attr };
		struct fuse_open_out opened = { .fh = 1 };

		switch (head->opcode) {
		case FUSE_INIT: /* not FUSE_ASYNC_READ: who reads cannot even be killed */
			answer(fd, head->unique, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			answer(fd, head->unique, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			answer(fd, head->unique, 0, &out, sizeof(out));
			break;
		case FUSE_OPEN:
			answer(fd, head->unique, 0, &opened, sizeof(opened));
			break;
		case FUSE_READ:
			sleep(seconds);
			answer(fd, head->unique, 0, zero, sizeof(zero));
			break;
		case FUSE_FORGET:
			break;
		default:
			answer(fd, head->unique, ENOSYS, NULL, 0);
		}
	}
}

static void *stalling_page(unsigned seconds)
{
	char options[100];
	void *page;
	int fd, file;

	(void)mkdir("/tmp/stall", 0755);
	(void)mknod("/tmp/fuse", S_IFCHR | 0600, makedev(10, 229));
	fd = open("/tmp/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("stall", "/tmp/stall", "fuse", 0, options) < 0)
		return MAP_FAILED;
	if (fork() == 0) {
		serve(fd, seconds);
		_exit(0);
	}
	close(fd);
	file = open("/tmp/stall/page", O_RDWR);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	(void)umount2("/tmp/stall", MNT_DETACH);
	return page;
}

static int stall(int seconds)
{
	struct sysinfo *si = stalling_page((unsigned)seconds);
	double t = now();
	int r;

	if (si == MAP_FAILED) {
		printf("no FUSE file system: %s\n", strerror(errno));
		return 77;
	}
	r = syscall(SYS_sysinfo, si) < 0 ? errno : 0;
	printf("%s %.0f %lu\n", r ? strerror(r) : "0", (now() - t) * 1000, si->totalram);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 5 && strcmp(argv[1], "loop") == 0)
		return loop(atof(argv[2]), strtoull(argv[3], NULL, 10), atol(argv[4]));
	if (argc == 3 && strcmp(argv[1], "once") == 0)
		return once(argv[2]);
	if (argc == 3 && strcmp(argv[1], "stall") == 0)
		return stall(atoi(argv[2]));
	fputs("usage: sysinfo loop SECONDS BYTES MAX-UPTIME | once 32|64 | stall SECONDS | "
	      "read-only\n",
	      stderr);
	return 2;
}
