// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/socket.h>

#include "pct/copy/copy.h"

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int copy_send(int sock, const struct copy_entry *e, int fd)
{
	struct iovec text = { (void *)e, sizeof(*e) };
	union control with = { 0 };
	struct msghdr m = { .msg_iov = &text, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = &with;
		m.msg_controllen = sizeof(with);
		with.head.cmsg_level = SOL_SOCKET;
		with.head.cmsg_type = SCM_RIGHTS;
		with.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&with.head), &fd, sizeof(int));
	}
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int copy_recv(int sock, struct copy_entry *e, int *fd)
{
	struct iovec text = { e, sizeof(*e) };
	union control with = { 0 };
	struct msghdr m = { .msg_iov = &text,
			    .msg_iovlen = 1,
			    .msg_control = &with,
			    .msg_controllen = sizeof(with) };
	struct cmsghdr *c;
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	if (n != (ssize_t)sizeof(*e))
		return -EPROTO;
	e->name[sizeof(e->name) - 1] = '\0';
	e->target[sizeof(e->target) - 1] = '\0';
	*fd = -EBADF;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return 0;
}

int copy_answer(int sock, int error, int fd)
{
	struct copy_entry e = { .error = error };

	return copy_send(sock, &e, fd);
}
