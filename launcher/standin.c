// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/proxy.h"
#include "launcher/beside.h"
#include "launcher/mountjob.h"

#define LISTENING 0 /* in @kept */
#define LOOK_MS	  1000
#define STEP_MS	  10
#define DIALS_MS  100  /* from a monitor's dialling to its sending, and more */
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

static bool take_monitor(int *kept, size_t n)
{
	auto_fd fd = accept4(kept[LISTENING], NULL, NULL, SOCK_CLOEXEC);
	bool came = fd >= 0;

	for (size_t i = LISTENING + 1; i < n && fd >= 0; i++)
		if (kept[i] < 0)
			kept[i] = take_fd(&fd);
	return came;
}

/* Those that there are, as poll() takes no more than there may be open files. */
static size_t watch(const int *kept, size_t n, struct pollfd *p)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (kept[i] >= 0)
			p[k++] = (struct pollfd){ kept[i], POLLIN, 0 };
	return k;
}

static void drop(int *kept, size_t n, int fd)
{
	for (size_t i = LISTENING + 1; i < n; i++)
		if (kept[i] == fd)
			close_fd(&kept[i]);
}

/* Who has something to say within @ms. Had somebody? */
static bool serve_some(int *kept, size_t n, struct pollfd *p, int ms)
{
	size_t k = watch(kept, n, p);
	int ready = poll(p, k, ms);
	bool any = false;

	for (size_t i = 0; i < k && ready > 0; i++) {
		if (!p[i].revents)
			continue;
		if (p[i].fd == kept[LISTENING]) {
			any |= take_monitor(kept, n);
			continue;
		}
		any = true;
		if (!serve(p[i].fd))
			drop(kept, n, p[i].fd);
	}
	return any;
}

/* Which socket is dialled: 0 in all of it, none. */
static struct statx dialled(const char *path)
{
	struct statx st = { 0 };

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_CTIME, &st) < 0)
		return (struct statx){ 0 };
	return st;
}

static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_ctime.tv_sec == b->stx_ctime.tv_sec &&
	       a->stx_ctime.tv_nsec == b->stx_ctime.tv_nsec;
}

/* As long as monitors wait for an answer here, or dial. */
static void serve_for(int *kept, size_t n, struct pollfd *p, int ms)
{
	for (; ms > 0; ms -= STEP_MS)
		(void)serve_some(kept, n, p, STEP_MS);
}

/*
 * Another pctfs listens. A monitor whose call cannot be sent dials anew, and one whose call is not
 * answered says "no such call": so they can send no more, and have an answer to what they sent. Who
 * has just dialled here sends first: he would not dial once more.
 */
static void hand_over(int *kept, size_t n, struct pollfd *p)
{
	serve_for(kept, n, p, DIALS_MS);
	for (size_t i = LISTENING + 1; i < n; i++) {
		if (kept[i] < 0)
			continue;
		(void)shutdown(kept[i], SHUT_RD);
		while (recv(kept[i], NULL, 0, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) > 0 &&
		       serve(kept[i]))
			;
	}
}

/*
 * Each answer is given under the lock of the run directory, which a pctfs has for as long as there
 * is one: it is never two that answer. One that has just begun has the monitors when it listens;
 * with a supervisor it has them from there.
 */
static void serve_until_there_is_one(int lock, const char *dial, int *kept, size_t n,
				     struct pollfd *p)
{
	struct statx ours = dialled(dial), now = ours;

	/* Somebody may dial as long as there is where. */
	while (watch(kept, n, p) > (kept[LISTENING] >= 0) || now.stx_ino) {
		bool alone = flock(lock, LOCK_EX | LOCK_NB) == 0, more;

		if (!alone && getenv("NOTIFY_SOCKET"))
			return;
		now = dialled(dial);
		if (now.stx_ino && !is_same(&now, &ours)) {
			hand_over(kept, n, p);
			return;
		}
		more = serve_some(kept, n, p, 0);
		if (alone)
			(void)flock(lock, LOCK_UN);
		if (!more)
			(void)poll(p, watch(kept, n, p), alone ? LOOK_MS : STEP_MS);
	}
}

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
	if (lock >= 0)
		serve_until_there_is_one(lock, dial, kept, n, p);
}
