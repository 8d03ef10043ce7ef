// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/apart.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

int apart_begin(struct apart *a)
{
	auto_fd mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	/* no step: nobody else sees it */
	if (mounts < 0 || unshare(CLONE_NEWNS) < 0)
		return -errno;
	a->mounts = take_fd(&mounts);
	a->here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -errno : 0;
}

/* A directory that is gone meanwhile is as good as "/". */
int apart_end(struct apart *a)
{
	int r = a->mounts >= 0 && setns(a->mounts, CLONE_NEWNS) < 0 ? -errno : 0;

	if (a->mounts >= 0 && a->here >= 0 && fchdir(a->here) < 0)
		(void)chdir("/");
	close_fd(&a->mounts);
	close_fd(&a->here);
	return r;
}
