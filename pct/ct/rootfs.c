// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/mount.h>

#include "base/say.h"
#include "pct/ct/apart.h"
#include "pct/ct/lxc.h"
#include "pct/ct/rootfs.h"
#include "pct/ct/start.h"
#include "pct/ct/volumes.h"
#include "pct/guest/guest.h"
#include "pct/paths.h"

static int attach(unsigned vmid, int tree)
{
	auto_free char *path = ct_rootfs_path(vmid);

	/* no step: nobody else sees it */
	return move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* Its own files follow the conf: what cannot be written is said, and is no reason not to start. */
static bool set_up(unsigned vmid, const struct config *c, int root)
{
	auto_free char *who = text_of("CT %u", vmid);
	const struct guest_job job = { .who = who,
				       .vmid = vmid,
				       .root = root,
				       .config = c,
				       .when = GUEST_START,
				       .parts = GUEST_ALL };
	struct guest_done done;

	guest_setup(&job, &done);
	return done.own_net;
}

int rootfs_start(unsigned vmid, const struct config *c, bool shown)
{
	struct apart away = APART_NONE;
	auto_fd tree = -EBADF;
	int r = ct_rootfs_open(vmid, c, &tree), back;

	if (r == 0)
		r = start_prepare(vmid, c, set_up(vmid, c, tree));
	if (r < 0)
		return r;
	r = apart_begin(&away);
	if (r == 0)
		r = attach(vmid, tree);
	close_fd(&tree);
	r = r < 0 ? fail(r, "mount the rootfs of CT %u", vmid) : ct_start(vmid, shown);
	back = apart_end(&away);
	return back < 0 ? fail(back, "leave the mounts of CT %u", vmid) : r;
}
