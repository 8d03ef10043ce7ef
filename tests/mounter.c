// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mounter DEED [ARGS]: mounts of procfs as programs make them, and as nobody should. Prints what
 * came of it. Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096
#define MAGIC 0xC0ED0000ul

static volatile bool stop;

static const char *text(long r)
{
	return r < 0 ? strerrorname_np(errno) : "ok";
}

static int mount_raw(const void *source, const void *target, const void *type, unsigned long flags,
		     const void *data)
{
	return (int)syscall(SYS_mount, source, target, type, flags, data);
}

/* The text at the very end of what there is in memory. */
static char *at_the_end(const char *s)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = p + PAGE - strlen(s) - 1;

	munmap(p + PAGE, PAGE);
	return strcpy(at, s);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- as programs do ---- */

static void plain(char **a) /* TARGET [DATA] */
{
	puts(text(mount("proc", a[0], "proc", MS_NOSUID, a[1])));
}

static void by_fd(char **a) /* TARGET: as systemd and runc */
{
	char path[64];
	int fd = open(a[0], O_PATH | O_DIRECTORY);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	puts(text(mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)));
}

static void relative(char **a) /* DIRECTORY NAME */
{
	puts(text(chdir(a[0]) < 0 ? -1 : mount("proc", a[1], "proc", 0, NULL)));
}

static void in_chroot(char **a) /* ROOT TARGET */
{
	puts(text(chroot(a[0]) < 0 || chdir("/") < 0 ? -1 : mount("proc", a[1], "proc", 0, NULL)));
}

static void magic(char **a) /* TARGET: as programs of the last century */
{
	puts(text(mount_raw("proc", a[0], "proc", MAGIC | MS_NOSUID, NULL)));
}

static void at_end(char **a) /* TARGET: no byte of any text is followed by memory */
{
	puts(text(mount_raw(at_the_end("proc"), at_the_end(a[0]), at_the_end("proc"), 0,
			    at_the_end("hidepid=0"))));
}

/* The new calls, or mount(2) where they are not there. */
static void by_fsopen(char **a) /* TYPE TARGET */
{
	int fs = (int)syscall(SYS_fsopen, a[0], 0), m;

	if (fs < 0 && errno == ENOSYS) {
		printf("ENOSYS, then %s\n", text(mount(a[0], a[1], a[0], 0, NULL)));
		return;
	}
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		puts(text(-1));
		return;
	}
	m = (int)syscall(SYS_fsmount, fs, 0, 0);
	puts(text(m < 0 ? m : syscall(SYS_move_mount, m, "", AT_FDCWD, a[1], 4)));
}

static void off(char **a) /* TARGET FLAGS */
{
	puts(text(umount2(a[0], atoi(a[1]))));
}

/* With somebody in it, and without. */
static void busy(char **a) /* TARGET */
{
	int fd = open(a[0], O_RDONLY | O_DIRECTORY);

	printf("%s, ", text(umount2(a[0], 0)));
	close(fd);
	puts(text(umount2(a[0], 0)));
}

/* ---- as who has confined itself ---- */

static void bound(char **a) /* PROGRAM ARGS: with no_new_privs */
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	execv(a[0], a);
	puts(text(-1));
}

/* In a domain that lets nobody make directories, which is enough to forbid every mount. */
static void landlock(char **a) /* PROGRAM ARGS */
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		printf("no landlock: %s\n", text(-1));
		return;
	}
	execv(a[0], a);
	puts(text(-1));
}

/* With one more filter, whose word on mount(2) is this. */
static void filtered(char **a) /* errno|trap|kill|log PROGRAM ARGS */
{
	static const struct {
		const char *name;
		unsigned action;
	} actions[] = { { "errno", SECCOMP_RET_ERRNO | EBADE },
			{ "trap", SECCOMP_RET_TRAP },
			{ "kill", SECCOMP_RET_KILL_PROCESS },
			{ "log", SECCOMP_RET_LOG } };

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct sock_filter f[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, actions[i].action),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog prog = { sizeof(f) / sizeof(*f), f };

		if (strcmp(actions[i].name, a[0]) != 0)
			continue;
		/* Not with no_new_privs: the kernel itself would be asked then. */
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0)
			execv(a[1], a + 1);
		puts(text(-1));
	}
}

/* ---- as nobody should ---- */

static void bad(char **a) /* TARGET: pointers to nowhere, texts without an end */
{
	static const char end[] = "proc";
	void *nowhere[] = { NULL, (void *)1, (void *)-1, (void *)(1ul << 63),
			    (void *)0x7ffffffff000 };
	char *endless =
	    mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int failed = 0, all = 0;

	memset(endless, 'a', 16 * PAGE);
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		failed += mount_raw("p", nowhere[i], "proc", 0, NULL) < 0;
		failed += mount_raw("p", a[0], nowhere[i], 0, NULL) < 0;
		failed += i == 0 || mount_raw(nowhere[i], a[0], end, 0, NULL) < 0;
		failed += i == 0 || mount_raw("p", a[0], end, 0, nowhere[i]) < 0;
		failed += syscall(SYS_umount2, nowhere[i], 0) < 0;
		failed += syscall(SYS_fsopen, nowhere[i], 0) < 0;
		all += 6;
	}
	failed += mount_raw("p", endless, "proc", 0, NULL) < 0;
	failed += mount_raw("p", a[0], endless, 0, NULL) < 0;
	failed += mount_raw("p", a[0], "proc", 0, endless) < 0;
	failed += mount_raw("p", a[0], "process", 0, NULL) < 0;
	failed += mount_raw("p", a[0], "pro", 0, NULL) < 0;
	failed += mount_raw("p", a[0], "proc", 0, "nonsense=1") < 0;
	failed += syscall(SYS_umount2, endless, 0) < 0;
	printf("%d of %d failed\n", failed, all + 7);
}

/* Its texts and its paths become others while it is made. */
static char changing[64], *paths[2];

static void *change(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !stop; i++) {
		strcpy(changing, i & 1 ? "proc" : "tmpfs");
		(void)!unlink("/swapped");
		(void)!symlink(paths[i & 1], "/swapped");
	}
	return NULL;
}

static void races(char **a) /* N DIRECTORY DIRECTORY: where it may land */
{
	int mounted = 0, failed = 0;
	pthread_t t;

	paths[0] = a[1], paths[1] = a[2];
	pthread_create(&t, NULL, change, NULL);
	for (int i = atoi(a[0]); i > 0; i--) {
		int r = mount_raw("p", "/swapped", i & 1 ? changing : "proc", 0, NULL);

		mounted += r == 0;
		failed += r < 0;
		for (int k = 0; k < 2; k++)
			while (umount2(a[1 + k], i & 2 ? 0 : MNT_DETACH) == 0)
				;
	}
	stop = true;
	pthread_join(t, NULL);
	printf("%d mounted, %d failed\n", mounted, failed);
}

static void tick(int sig)
{
	(void)sig;
}

/* Signals: each time the call begins anew, and still it is one mount. */
static void signals(char **a) /* N TARGET */
{
	struct sigaction act = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval once = { 0 }, never = { 0 };
	int n = 0, twice = 0;

	sigaction(SIGALRM, &act, NULL);
	for (int i = atoi(a[0]); i > 0; i--) {
		int had = 0;

		once.it_value.tv_usec = 1 + rand() % 8000;
		setitimer(ITIMER_REAL, &once, NULL);
		n += mount("proc", a[1], "proc", 0, NULL) == 0;
		setitimer(ITIMER_REAL, &never, NULL);
		while (umount2(a[1], MNT_DETACH) == 0)
			had++;
		twice += had > 1;
	}
	printf("%d mounted, %d of them twice\n", n, twice);
}

/* It ends while it waits. */
static void dies(char **a) /* N TARGET */
{
	int n = 0;

	for (int i = atoi(a[0]); i > 0; i--) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				(void)!mount("proc", a[1], "proc", 0, NULL);
				(void)!umount2(a[1], 0);
			}
		}
		usleep((useconds_t)(rand() % 6000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		n++;
	}
	while (umount2(a[1], MNT_DETACH) == 0)
		;
	printf("%d died\n", n);
}

static volatile sig_atomic_t told_to_end;

static void end(int sig)
{
	(void)sig;
	told_to_end = 1;
}

/* Whoever else is seen in this pid namespace is stopped. */
static void stops(char **a) /* SECONDS TARGET: or until it is told to end; in ms */
{
	double until = now() + atoi(a[0]), longest = 0;
	pid_t self = getpid(), stopper = fork();
	int n = 0;

	if (stopper == 0)
		for (;;)
			for (pid_t p = self + 2; p < self + 3000; p++)
				kill(p, SIGSTOP);
	signal(SIGTERM, end);
	while (now() < until && !told_to_end) {
		double t = now();

		n += mount("proc", a[1], "proc", 0, NULL) == 0;
		longest = now() - t > longest ? now() - t : longest;
		(void)!umount2(a[1], MNT_DETACH);
	}
	kill(stopper, SIGKILL);
	printf("%d %.0f\n", n, longest * 1000);
}

/*
 * A file system that never answers, and N calls for a mount in there; until somebody ends it.
 * The first line says when it is there.
 */
static void hangs(char **a) /* N DIRECTORY */
{
	int fd = open("/dev/fuse", O_RDWR);
	char data[128], path[256], request[65536];
	struct fuse_in_header *in = (struct fuse_in_header *)request;
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} out = { .head = { .len = sizeof(out) },
		  .init = { .major = FUSE_KERNEL_VERSION,
			    .minor = FUSE_KERNEL_MINOR_VERSION,
			    .max_write = PAGE } };

	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("hangs", a[1], "fuse", 0, data) < 0 ||
	    read(fd, request, sizeof(request)) < (ssize_t)sizeof(*in)) {
		puts(text(-1));
		return;
	}
	out.head.unique = in->unique;
	(void)!write(fd, &out, sizeof(out));
	puts("ok");
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/x/y", a[1]);
	for (int i = atoi(a[0]); i > 0; i--)
		if (fork() == 0) {
			close(fd);
			_exit(mount("proc", path, "proc", 0, NULL) < 0);
		}
	while (read(fd, request, sizeof(request)) > 0)
		;
}

static void cost(char **a) /* N TARGET: microseconds a call */
{
	int n = atoi(a[0]);
	double t = now();
	struct sysinfo si;
	cpu_set_t cpus;

	for (int i = 0; i < n; i++)
		(void)!sched_getaffinity(0, sizeof(cpus), &cpus);
	printf("sched_getaffinity (the kernel's): %.2f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++)
		(void)!sysinfo(&si);
	printf("sysinfo (asked, and answered): %.1f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++)
		(void)!umount2("/nonexistent", MNT_DETACH);
	printf("umount2 of nothing, lazily (the kernel's): %.2f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++)
		(void)!mount("t", "/nonexistent", "tmpfs", 0, NULL);
	printf("mount of a tmpfs nowhere (asked, and continued): %.1f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++)
		(void)!umount2("/nonexistent", 0);
	printf("umount2 of nothing (asked, and continued): %.1f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++) {
		(void)!mount("proc", a[1], "proc", 0, NULL);
		(void)!umount2(a[1], MNT_DETACH);
	}
	printf("mount of procfs, lazily unmounted: %.1f us\n", (now() - t) / n * 1e6);
	t = now();
	for (int i = 0; i < n; i++) {
		(void)!mount("proc", a[1], "proc", 0, NULL);
		(void)!umount2(a[1], 0);
	}
	printf("mount and umount2 of it: %.1f us\n", (now() - t) / n * 1e6);
}

static const struct {
	const char *name;
	int args; /* at least */
	void (*run)(char **args);
} deeds[] = {
	{ "plain", 1, plain },	    { "by-fd", 1, by_fd },	 { "relative", 2, relative },
	{ "chroot", 2, in_chroot }, { "magic", 1, magic },	 { "at-end", 1, at_end },
	{ "fsopen", 2, by_fsopen }, { "off", 2, off },		 { "busy", 1, busy },
	{ "bad", 1, bad },	    { "races", 3, races },	 { "signals", 2, signals },
	{ "bound", 1, bound },	    { "landlock", 1, landlock }, { "filtered", 2, filtered },
	{ "hangs", 2, hangs },	    { "dies", 2, dies },	 { "stops", 2, stops },
	{ "cost", 2, cost },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds) && argc > 1; i++) {
		if (strcmp(argv[1], deeds[i].name) != 0 || argc - 2 < deeds[i].args)
			continue;
		deeds[i].run(argv + 2);
		return 0;
	}
	fputs("usage: mounter DEED ARGS\n", stderr);
	return 2;
}
