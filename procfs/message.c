// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/socket.h>

#include "procfs/daemon.h"

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int packet_send(int sock, const void *data, size_t n, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)data, n };
	union control control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -errno;
}

int message_send(int sock, enum message_kind kind, uint32_t id, int fd)
{
	struct message m = { kind, id };

	return packet_send(sock, &m, sizeof(m), fd);
}

int message_receive(int sock, struct message *out, int *fd)
{
	struct message m = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	union control control = { 0 };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	*fd = -EBADF;
	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n != sizeof(m)) {
		close_fd(fd);
		return 0;
	}
	*out = m;
	return 1;
}

void let_go_of_stderr(void)
{
	auto_fd null = -EBADF;

	if (!isatty(STDERR_FILENO) && lseek(STDERR_FILENO, 0, SEEK_CUR) >= 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)dup2(null, STDERR_FILENO);
}
