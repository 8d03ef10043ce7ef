// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/kept.h"

int kept_fd(const struct kept *k, uint32_t id)
{
	return id && id < KEPT_MAX && k->fd[id] ? k->fd[id] - 1 : -EBADF;
}

int kept_add(struct kept *k, uint32_t id, int fd)
{
	if (id == 0 || id >= KEPT_MAX || k->fd[id] || fd < 0)
		return -EINVAL;
	k->fd[id] = fd + 1;
	return 0;
}

void kept_drop(struct kept *k, uint32_t id)
{
	int fd = kept_fd(k, id);

	if (fd < 0)
		return;
	/* From then on the number can be another's. */
	k->fd[id] = 0;
	(void)message_send(FD_KEEPER, MSG_DROP, id, -1);
	close_fd(&fd);
}

void kept_close(struct kept *k)
{
	for (uint32_t id = 1; id < KEPT_MAX; id++) {
		int fd = kept_fd(k, id);

		close_fd(&fd);
		k->fd[id] = 0;
	}
}
