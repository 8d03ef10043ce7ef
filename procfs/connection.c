// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/connection.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "base/say.h"
#include "procfs/mount.h"

int new_memory(int *fd, const char *name)
{
	close_fd(fd);
	*fd = memfd_create(name, MFD_CLOEXEC);
	return *fd < 0 ? fail(-errno, "make shared memory") : 0;
}

int connection_mount(struct connection *c)
{
	int r = new_memory(&c->memory, "pctfs-slots");

	if (r < 0)
		return r;
	slots_close(c->slots);
	c->slots = NULL;
	r = slots_open(c->memory, &c->slots);
	if (r < 0)
		return fail(r, "share memory");
	close_fd(&c->fuse);
	return mount_views(c->mount, &c->fuse);
}

void connection_close(struct connection *c)
{
	if (c->fuse >= 0 && umount2(c->mount, MNT_DETACH) < 0 && errno != EINVAL)
		warn(-errno, "unmount '%s'", c->mount);
	close_fd(&c->fuse);
	close_fd(&c->memory);
	slots_close(c->slots);
	c->slots = NULL;
}

bool connection_waits(const struct connection *c, pid_t worker)
{
	struct pollfd p = { c->fuse, POLLIN, 0 };
	bool left = false;

	for (unsigned i = 0; c->slots && i < SLOTS; i++) {
		const struct slot *t = slot_at(c->slots, i);

		if (t->head.unique && t->by == worker)
			return false;
		left |= t->head.unique != 0;
	}
	return left || (poll(&p, 1, 0) == 1 && (p.revents & POLLIN));
}

void connection_refuse_left(struct connection *c)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *t = slot_at(c->slots, i);

		/* To refuse the kernel's first request is the end of the mount. */
		if (!t->head.unique || t->head.opcode == FUSE_RELEASE ||
		    t->head.opcode == FUSE_INIT)
			continue;
		slot_refuse(c->fuse, &t->head, -EIO);
		t->head = (struct fuse_in_header){ 0 };
	}
}

/* Nobody waits for it, and it must not be lost: what was open would be so for ever. */
static bool put_aside(struct connection *c, const struct fuse_in_header *head, size_t n)
{
	for (unsigned i = 0; head->opcode == FUSE_RELEASE && i < SLOTS; i++) {
		struct slot *t = slot_at(c->slots, i);

		if (t->head.unique || n > slot_room(i))
			continue;
		memcpy(t->request, head, n);
		return true;
	}
	return false;
}

bool connection_is_new(const struct connection *c)
{
	struct fuse_buf greeting;

	return slots_greeting(c->slots, &greeting) < 0;
}

void connection_refuse(struct connection *c)
{
	static char buf[SLOT_SIZE];
	const struct fuse_in_header *head = (void *)buf;
	ssize_t n = read(c->fuse, buf, sizeof(buf));

	if (n >= (ssize_t)sizeof(*head) && !put_aside(c, head, (size_t)n))
		slot_refuse(c->fuse, head, -EIO);
}
