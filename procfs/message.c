// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/socket.h>

#include "base/fds.h"
#include "procfs/daemon.h"

int packet_send(int sock, const void *data, size_t n, int fd)
{
	return fds_send(sock, data, n, &fd, fd >= 0, 0);
}

int message_send(int sock, enum message_kind kind, uint32_t id, int fd)
{
	struct message m = { kind, id };

	return packet_send(sock, &m, sizeof(m), fd);
}

int message_receive(int sock, struct message *out, int *fd)
{
	struct message m = { 0 };
	ssize_t n = fds_receive(sock, &m, sizeof(m), fd, 1);

	if (n < 0)
		return n == -ECONNRESET ? 0 : (int)n;
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
