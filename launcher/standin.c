// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "base/proxy.h"
#include "launcher/beside.h"
#include "launcher/mountjob.h"

#define LISTENING 0 /* in @kept */
#define LOOK_MS	  1000
#define NEXT_MS	  2000 /* in which a supervisor has started another pctfs, which answers better */

/* All is the kernel's to answer, whose sysinfo(2) is of the host: "no such call" ends programs. */
static bool serve(int fd)
{
	struct call_message m = { 0 };
	ssize_t n = fds_receive(fd, &m, sizeof(m), NULL, 0);

	if (n <= 0)
		return n == -EAGAIN;
	m.answer = (struct seccomp_notif_resp){ .id = m.call.id,
						.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	return fds_send(fd, &m, sizeof(m), NULL, 0, 0) == 0;
}

static void take_monitor(int *kept, size_t n)
{
	auto_fd fd = accept4(kept[LISTENING], NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = LISTENING + 1; i < n && fd >= 0; i++)
		if (kept[i] < 0)
			kept[i] = take_fd(&fd);
}

static size_t watch(const int *kept, size_t n, struct pollfd *p)
{
	size_t monitors = 0;

	for (size_t i = 0; i < n; i++) {
		p[i] = (struct pollfd){ kept[i], POLLIN, 0 };
		monitors += i != LISTENING && kept[i] >= 0;
	}
	return monitors;
}

static void serve_all(const struct pollfd *p, int *kept, size_t n)
{
	if (p[LISTENING].revents)
		take_monitor(kept, n);
	for (size_t i = LISTENING + 1; i < n; i++)
		if (kept[i] >= 0 && p[i].revents && !serve(kept[i]))
			close_fd(&kept[i]);
}

/*
 * Each answer is given under the lock of the run directory, which a pctfs has for as long as there
 * is one: it is never two that answer.
 */
void stand_in(const struct options *o, int *kept, size_t n)
{
	auto_free struct pollfd *p = calloc(n, sizeof(*p));
	char path[PATH_MAX], dial[PATH_MAX];
	auto_fd lock = -EBADF;

	if (!p || beside(o->socket, "pctfs.lock", path, PATH_MAX) < 0 ||
	    beside(o->socket, "seccomp.sock", dial, PATH_MAX) < 0)
		return;
	lock = open(path, O_RDWR | O_CLOEXEC);
	for (int ms = getenv("NOTIFY_SOCKET") ? 0 : NEXT_MS; lock >= 0 && ms < NEXT_MS; ms += 10) {
		if (flock(lock, LOCK_EX | LOCK_NB) < 0)
			return;
		(void)flock(lock, LOCK_UN);
		(void)poll(NULL, 0, 10);
	}
	/* Somebody may dial as long as there is where. */
	while (lock >= 0 && (watch(kept, n, p) > 0 || access(dial, F_OK) == 0)) {
		int ready = poll(p, n, LOOK_MS);

		if (flock(lock, LOCK_EX | LOCK_NB) < 0)
			return;
		if (ready > 0)
			serve_all(p, kept, n);
		(void)flock(lock, LOCK_UN);
	}
}
