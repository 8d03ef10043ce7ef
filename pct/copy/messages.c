// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/fds.h"
#include "pct/copy/copy.h"

int copy_send(int sock, const struct copy_entry *e, int fd)
{
	int r;

	do
		r = fds_send(sock, e, sizeof(*e), &fd, fd >= 0, 0);
	while (r == -EINTR);
	return r;
}

int copy_recv(int sock, struct copy_entry *e, int *fd)
{
	auto_fd came = -EBADF;
	ssize_t n = fds_receive(sock, e, sizeof(*e), &came, 1);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return -EPIPE;
	if (n != (ssize_t)sizeof(*e))
		return -EPROTO;
	e->name[sizeof(e->name) - 1] = '\0';
	e->target[sizeof(e->target) - 1] = '\0';
	*fd = take_fd(&came);
	return 0;
}

int copy_answer(int sock, int error, int fd)
{
	struct copy_entry e = { .error = error };

	return copy_send(sock, &e, fd);
}
