// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/say.h"
#include "procfs/mount.h"
#include "procfs/takeover.h"

static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : take_fd(&fd);
}

int takeover_main(struct daemon *d)
{
	auto_fd exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd sock = dial(d->takeover);
	struct message m = { 0 };
	int fd, r;

	if (sock < 0)
		return refuse(sock,
			      "no pctfs runs with '%s': start one, or name its --run directory",
			      d->run) < 0;
	r = exe < 0 ? -errno : message_send(sock, MSG_GO, 0, exe);
	if (r == 0 && message_receive(sock, &m, &fd) == 1 && m.kind == MSG_READY)
		return 0;
	return refuse(-EIO, "the pctfs that runs stays as it is: this program could not start "
			    "beside it, see its log") < 0;
}

/* Nobody runs; what was left mounted can go. */
static int unmount_dead(struct daemon *d, bool mounted)
{
	int r = mounted ? take_off_dead(d->mount) : 0;

	if (r != 0)
		return r < 0;
	if (mounted && mount_number(d->mount))
		return refuse(-EBUSY,
			      "no pctfs runs with '%s', but what is mounted on '%s' is alive: name "
			      "its --run directory",
			      d->run, d->mount) < 0;
	return refuse(-ENOENT,
		      "nothing to unmount: no pctfs runs with '%s', and none left "
		      "anything on '%s'",
		      d->run, d->mount) < 0;
}

int unmount_main(struct daemon *d)
{
	auto_fd sock = dial(d->takeover);
	uint32_t number = mount_number(d->mount);
	struct message m = { 0 };
	int fd, r;

	if (sock < 0)
		return unmount_dead(d, number != 0);
	if (d->mount_named && !number)
		return refuse(-ENOENT, "nothing is mounted on '%s'", d->mount) < 0;
	r = message_send(sock, MSG_UNMOUNT, number, -1);
	if (r == 0 && message_receive(sock, &m, &fd) == 1 && m.kind == MSG_UNMOUNT)
		return 0;
	if (m.kind == MSG_DROP)
		return refuse(-EINVAL,
			      "the pctfs that runs with '%s' serves another mount point than "
			      "'%s': name that one, or the other's --run directory",
			      d->run, d->mount) < 0;
	return refuse(-EIO, "the pctfs that runs with '%s' did not unmount: see its log", d->run) <
	       0;
}
