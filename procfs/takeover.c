// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/say.h"
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
