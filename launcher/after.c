// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For a caller with no_new_privs. It may be in a domain of Landlock's, which forbids it every
 * mount, and of which nothing outside of it can be seen; without no_new_privs a domain takes
 * CAP_SYS_ADMIN. So the kernel is to say whether it may, by making the call itself. Views are laid
 * a moment later.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "launcher/mountjob.h"

#define LOOKS 300 /* a millisecond apart */

/* Seen from the directory above it: what is mounted on it is there then, not it. */
static bool name_of(int target, char name[PATH_MAX])
{
	char path[PATH_MAX];
	const char *slash;

	if (fchdir(target) < 0 || syscall(SYS_getcwd, path, sizeof(path)) < 0 || *path != '/')
		return false;
	slash = strrchr(path, '/');
	return slash[1] && snprintf(name, PATH_MAX, "..%s", slash) < PATH_MAX;
}

/* A procfs at @name that was not there before. */
static int find_new(const char *name, uint64_t before)
{
	auto_fd fd = open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	bool is_root;
	uint64_t mnt;
	dev_t dev;

	if (fd < 0 || !identify(fd, "", &dev, &mnt, &is_root) || mnt == before || !is_root ||
	    fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -ENOENT;
	return take_fd(&fd);
}

static bool go_on(const struct job *j)
{
	struct seccomp_notif_resp resp = { .id = j->e.id,
					   .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return ioctl(j->e.notify, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0;
}

int double_after(struct job *j)
{
	int top, r = entrance_enter(&j->e, &top);
	auto_fd target = take_fd(&j->texts.given);
	char name[PATH_MAX];
	bool is_root;
	uint64_t before;
	dev_t dev;

	if (r == 0 && target < 0)
		target = open(j->texts.target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r < 0 || target < 0 || !name_of(target, name) ||
	    !identify(AT_FDCWD, name, &dev, &before, &is_root) || !go_on(j))
		return MOUNTING_CONTINUE;
	(void)prctl(PR_SET_PDEATHSIG, 0);
	close_fd(&j->sock);
	for (int i = 0; i < LOOKS; i++) {
		auto_fd proc = find_new(name, before);

		if (proc >= 0) {
			lay_clones(j, proc);
			break;
		}
		(void)poll(NULL, 0, 1);
	}
	return MOUNTING_CONTINUE;
}
