/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets with open files, over a socket of AF_UNIX.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "base/base.h"

#define FDS_MAX 4 /* of one packet */

union fds_control {
	char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

/* @flags: of send(2). */
static inline int fds_send(int sock, const void *p, size_t n, const int *fds, size_t n_fds,
			   int flags)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };
	union fds_control control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		struct cmsghdr *c;

		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(sock, &h, MSG_NOSIGNAL | flags) == (ssize_t)n ? 0 : -errno;
}

/* The packet's size; fds that did not come are -EBADF. */
static inline ssize_t fds_receive(int sock, void *p, size_t n, int *fds, size_t n_fds)
{
	struct iovec iov = { p, n };
	union fds_control control = { 0 };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t got;

	for (size_t i = 0; i < n_fds; i++)
		fds[i] = -EBADF;
	do
		got = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < came; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (i < n_fds && fds[i] < 0)
				fds[i] = fd;
			else
				close(fd);
		}
	}
	return got;
}
