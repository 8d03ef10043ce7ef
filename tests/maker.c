// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * maker DEED [ARGS]: device nodes as programs make them, and as nobody should. Prints what came of
 * it. Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NULL_DEV makedev(1, 3)

static volatile bool stop;

static const char *text(long r)
{
	return r < 0 ? strerrorname_np(errno) : "ok";
}

static mode_t kind_of(const char *s)
{
	return *s == 'b' ? S_IFBLK : *s == 'p' ? S_IFIFO : *s == 'f' ? S_IFREG : S_IFCHR;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- as programs do ---- */

static void plain(char **a) /* PATH b|c|p|f MAJOR MINOR [MODE] */
{
	mode_t mode = a[4] ? (mode_t)strtoul(a[4], NULL, 8) : 0666;

	puts(text(mknod(a[0], kind_of(a[1]) | mode,
			makedev((unsigned)atoi(a[2]), (unsigned)atoi(a[3])))));
}

static void at(char **a) /* DIRECTORY NAME: what the caller holds open */
{
	puts(text(mknodat(open(a[0], O_RDONLY | O_DIRECTORY), a[1], S_IFCHR | 0666, NULL_DEV)));
}

static void relative(char **a) /* DIRECTORY NAME */
{
	puts(text(chdir(a[0]) < 0 ? -1 : mknod(a[1], S_IFCHR | 0666, NULL_DEV)));
}

static void in_chroot(char **a) /* ROOT PATH */
{
	puts(text(chroot(a[0]) < 0 || chdir("/") < 0 ? -1 : mknod(a[1], S_IFCHR | 0666, NULL_DEV)));
}

static void masked(char **a) /* UMASK PATH MODE */
{
	umask((mode_t)strtoul(a[0], NULL, 8));
	puts(text(mknod(a[1], S_IFCHR | (mode_t)strtoul(a[2], NULL, 8), NULL_DEV)));
}

/* Of those that he may have. */
static void raise_only(unsigned caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct cap[2];

	(void)syscall(SYS_capget, &head, cap);
	cap[0].effective = cap[0].permitted &= caps;
	cap[1].effective = cap[1].permitted = 0;
	(void)syscall(SYS_capset, &head, cap);
}

static void as_files(char **a) /* UID GID PATH: by setfsuid(2), with all capabilities */
{
	setfsgid((gid_t)atoi(a[1]));
	setfsuid((uid_t)atoi(a[0]));
	raise_only(~0u);
	puts(text(mknod(a[2], S_IFCHR | 0666, NULL_DEV)));
}

/* Who may do nothing but make nodes. */
static void as_user(char **a) /* UID PATH */
{
	uid_t uid = (uid_t)atoi(a[0]);

	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	(void)!setresuid(uid, uid, uid);
	raise_only(1u << CAP_MKNOD);
	puts(text(mknod(a[1], S_IFCHR | 0666, NULL_DEV)));
}

/* As a 32-bit program, whose addresses and numbers are others. */
static void narrow(char **a) /* PATH [DIRECTORY] */
{
#ifdef __x86_64__
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int dir = a[1] ? open(a[1], O_PATH | O_DIRECTORY) : AT_FDCWD;
	long r = a[1] ? 297 : 14;

	strcpy(low, a[0]);
	if (a[1])
		__asm__ volatile("int $0x80"
				 : "+a"(r)
				 : "b"((long)dir), "c"(low), "d"(S_IFCHR | 0666L), "S"(0x103L)
				 : "memory");
	else
		__asm__ volatile("int $0x80"
				 : "+a"(r)
				 : "b"(low), "c"(S_IFCHR | 0666L), "d"(0x103L)
				 : "memory");
	errno = (int)-r;
	puts(text(r < 0 ? -1 : 0));
#else
	(void)a;
	puts("none");
#endif
}

/* ---- as who is confined, or not who he says ---- */

static void bound(char **a) /* PATH: with no_new_privs */
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	puts(text(mknod(a[0], S_IFCHR | 0666, NULL_DEV)));
}

static void own_users(char **a) /* PATH: with all capabilities, of a user namespace of his own */
{
	char map[32];
	unsigned uid = getuid();
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		printf("no user namespace: %s\n", text(-1));
		return;
	}
	snprintf(map, sizeof(map), "0 %u 1", uid);
	fd = open("/proc/self/uid_map", O_WRONLY);
	(void)!write(fd, map, strlen(map));
	puts(text(mknod(a[0], S_IFCHR | 0666, NULL_DEV)));
}

/* A directory that nobody sees from where he is. */
static void detached(char **a) /* NAME */
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), m = -1;

	if (fs >= 0 && syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0) == 0)
		m = (int)syscall(SYS_fsmount, fs, 0, 0);
	puts(text(m < 0 ? m : mknodat(m, a[0], S_IFCHR | 0666, NULL_DEV)));
}

static void bad(char **a) /* DIRECTORY: pointers to nowhere, names that are none */
{
	static const void *const nowhere[] = { NULL, (void *)1, (void *)-1, (void *)(1ul << 63) };
	static const char *const names[] = { "",    ".",  "..", "x/",  "x//",	   "none/x",
					     "./.", "//", "/",	"x/.", "/proc/1/x" };
	char *endless =
	    mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char longest[300];
	size_t n = 0, i, all = 0;

	memset(endless, 'a', 65536);
	memset(longest, 'b', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	(void)!chdir(a[0]);
	for (i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++, all++)
		n += syscall(SYS_mknodat, AT_FDCWD, nowhere[i], S_IFCHR | 0666, 0x103) < 0;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++, all++)
		n += mknod(names[i], S_IFCHR | 0666, NULL_DEV) < 0;
	n += mknod(endless, S_IFCHR | 0666, NULL_DEV) < 0;
	n += mknod(longest, S_IFCHR | 0666, NULL_DEV) < 0;
	n += mknodat(99, "x", S_IFCHR | 0666, NULL_DEV) < 0;
	n += mknodat(open("/proc/self/comm", O_RDONLY), "x", S_IFCHR | 0666, NULL_DEV) < 0;
	printf("%zu of %zu failed\n", n, all + 4);
}

/* ---- while others act ---- */

/* Where a link leads, and what it is, becomes something else all the time. */
static char *paths[8];
static int n_paths;

static void *swap(void *arg)
{
	unsigned *n = arg;

	while (!stop) {
		char *to = paths[*n % (unsigned)n_paths];

		(void)!unlink("/swap.new");
		(void)!symlink(to, "/swap.new");
		*n += rename("/swap.new", "/swap") == 0;
	}
	return NULL;
}

/* Until it was swapped N times: how many were made, in SECONDS or more. */
static void races(char **a) /* N PATH PATH…: directories */
{
	unsigned swaps = 0, n = (unsigned)atoi(a[0]);
	int made = 0, failed = 0, calls = 0;
	char name[64];
	pthread_t t;

	while (a[1 + n_paths] && n_paths < 8) {
		paths[n_paths] = a[1 + n_paths];
		n_paths++;
	}
	(void)!symlink(paths[0], "/swap");
	pthread_create(&t, NULL, swap, &swaps);
	while (swaps < n || calls < 500) {
		snprintf(name, sizeof(name), "/swap/n%d", calls++);
		if (mknod(name, S_IFCHR | 0666, NULL_DEV) == 0)
			made++;
		else
			failed++;
	}
	stop = true;
	pthread_join(t, NULL);
	printf("%u %d %d\n", swaps, made, failed);
}

/* Makes and removes a node, again and again: made, EPERM, ENOSYS, EEXIST, others; ms of the
 * slowest. */
static void loop(char **a) /* SECONDS PATH */
{
	double until = now() + atof(a[0]), slowest = 0;
	int made = 0, refused = 0, none = 0, exists = 0, other = 0;

	while (now() < until) {
		double t = now();
		int r = mknod(a[1], S_IFCHR | 0666, NULL_DEV);

		slowest = now() - t > slowest ? now() - t : slowest;
		made += r == 0;
		refused += r < 0 && errno == EPERM;
		none += r < 0 && errno == ENOSYS;
		exists += r < 0 && errno == EEXIST;
		other += r < 0 && errno != EPERM && errno != ENOSYS && errno != EEXIST;
		(void)!unlink(a[1]);
	}
	printf("%d %d %d %d %d %d\n", made, refused, none, exists, other, (int)(slowest * 1000));
}

static void tick(int sig)
{
	(void)sig;
}

/* Signals make it begin anew, which nobody is to notice. */
static void signals(char **a) /* N PATH: made, and otherwise */
{
	struct sigaction act = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval once = { 0 }, never = { 0 };
	int made = 0, other = 0;

	sigaction(SIGALRM, &act, NULL);
	for (int i = atoi(a[0]); i > 0; i--) {
		once.it_value.tv_usec = 1 + rand() % 8000;
		setitimer(ITIMER_REAL, &once, NULL);
		if (mknod(a[1], S_IFCHR | 0666, NULL_DEV) == 0)
			made++;
		else
			other++;
		setitimer(ITIMER_REAL, &never, NULL);
		(void)!unlink(a[1]);
	}
	printf("%d %d\n", made, other);
}

static const struct {
	const char *name;
	int args; /* at least */
	void (*run)(char **args);
} deeds[] = {
	{ "plain", 4, plain },	       { "at", 2, at },		  { "relative", 2, relative },
	{ "chroot", 2, in_chroot },    { "masked", 3, masked },	  { "as-files", 3, as_files },
	{ "as-user", 2, as_user },     { "narrow", 1, narrow },	  { "bound", 1, bound },
	{ "own-users", 1, own_users }, { "bad", 1, bad },	  { "races", 2, races },
	{ "loop", 2, loop },	       { "signals", 2, signals }, { "detached", 1, detached },
};

int main(int argc, char **argv)
{
	umask(0);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds) && argc > 1; i++) {
		if (strcmp(argv[1], deeds[i].name) != 0 || argc - 2 < deeds[i].args)
			continue;
		deeds[i].run(argv + 2);
		return 0;
	}
	fputs("usage: maker DEED ARGS\n", stderr);
	return 2;
}
