// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench-sysinfo calls            what one sysinfo(2) takes here: us, the median of many
 * bench-sysinfo floor continue   … where a supervisor that does nothing else says "continue"
 *                     wake       … and its caller runs on the same CPU (Linux 6.6)
 *                     write      … or writes an answer into its memory
 *                     relay      … or hands it to another process that does, as LXC's monitor: what
 * no answer by way of that can be faster than
 *
 * Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS 4000

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int measure(void)
{
	static double took[CALLS];
	struct sysinfo si;

	for (int i = -100; i < CALLS; i++) {
		double t = now_us();

		if (syscall(SYS_sysinfo, &si) < 0) {
			perror("sysinfo");
			return 1;
		}
		if (i >= 0)
			took[i] = now_us() - t;
	}
	qsort(took, CALLS, sizeof(*took), by_size);
	printf("%.2f %.2f\n", took[CALLS / 2], took[CALLS * 99 / 100]);
	return 0;
}

/* ---- a supervisor ---- */

static int filter_self(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sysinfo, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &prog);
}

/* Three descriptors, as in a message of LXC's. */
static void send_call(int sock, const void *p, size_t n, const int fds[3])
{
	union {
		char room[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
	(void)!sendmsg(sock, &h, 0);
}

static void receive_call(int sock, void *p, size_t n, int fds[3])
{
	union {
		char room[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { p, n };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	if (recvmsg(sock, &h, 0) <= 0)
		_exit(0);
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&h)), 3 * sizeof(int));
}

/* Who answers a monitor, at once. */
static void proxy(int sock)
{
	static const struct sysinfo si = { .totalram = 1, .mem_unit = 1 };

	for (;;) {
		struct seccomp_notif call;
		int fds[3];

		receive_call(sock, &call, sizeof(call), fds);
		(void)!pwrite(fds[1], &si, sizeof(si), (off_t)call.data.args[0]);
		for (int i = 0; i < 3; i++)
			close(fds[i]);
		(void)!send(sock, "", 1, 0);
	}
}

static void hand_over(int sock, int listener, const struct seccomp_notif *call, int dir, int mem)
{
	const int fds[3] = { dir, mem, listener };
	char byte;

	send_call(sock, call, sizeof(*call), fds);
	(void)!recv(sock, &byte, 1, 0);
}

static void answer(int listener, const char *how, int sock)
{
	static const struct sysinfo si = { .totalram = 1, .mem_unit = 1 };
	bool go_on = *how == 'c' || strcmp(how, "wake") == 0;
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp resp = { 0 };
	char path[32];
	int dir, mem;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	resp.id = call.id;
	resp.flags = go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	if (!go_on) {
		snprintf(path, sizeof(path), "/proc/%u", call.pid);
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		mem = openat(dir, "mem", O_RDWR | O_CLOEXEC);
		if (sock >= 0)
			hand_over(sock, listener, &call, dir, mem);
		else
			(void)!pwrite(mem, &si, sizeof(si), (off_t)call.data.args[0]);
		close(mem);
		close(dir);
	}
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static int floor_of(const char *how)
{
	uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
	int fd[2], sock[2] = { -1, -1 }, listener, status;
	struct pollfd p = { .events = POLLIN };
	pid_t caller, relay = 0;
	int from[3];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return 1;
	caller = fork();
	if (caller == 0) {
		listener = filter_self();
		from[0] = from[1] = from[2] = listener;
		send_call(fd[1], "", 1, from);
		_exit(listener < 0 ? 1 : (measure() || fflush(stdout)));
	}
	receive_call(fd[0], &(char){ 0 }, 1, from);
	listener = from[0];
	if (strcmp(how, "relay") == 0) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
			return 1;
		relay = fork();
		if (relay == 0)
			proxy(sock[1]);
	}
	p.fd = listener;
	if (strcmp(how, "wake") == 0 && ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags) < 0)
		puts("0 0");
	/* qsort(3) asks too; when nobody can any more it hangs up. */
	while (poll(&p, 1, -1) == 1 && p.revents == POLLIN)
		answer(listener, how, sock[0]);
	(void)waitpid(caller, &status, 0);
	if (relay)
		kill(relay, SIGKILL);
	return status != 0;
}

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "calls") == 0)
		return measure();
	if (argc == 3 && strcmp(argv[1], "floor") == 0)
		return floor_of(argv[2]);
	fputs("usage: bench-sysinfo calls | floor continue|wake|write|relay\n", stderr);
	return 2;
}
