// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In the container, as its root. Its files may be anything: links, pipes, missing.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/ct/inside.h"
#include "pct/root/block.h"
#include "pct/root/resolv.h"

#define FILE_MAX 65536
#define NEW	 ".resolv.conf.pct"

static int open_in(int at, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
				.resolve = RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, at, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* A program in there that keeps it, systemd-resolved or resolvconf, would write over it. */
static int refuse_link(int etc, struct inside *out)
{
	char target[256] = "";

	if (readlinkat(etc, "resolv.conf", target, sizeof(target) - 1) < 0)
		return 0;
	snprintf(
	    out->why, sizeof(out->why),
	    "its /etc/resolv.conf is a link to '%s', so a program in it writes that: it is left "
	    "alone",
	    target);
	return 1;
}

static bool is_ignored(int etc)
{
	return faccessat(etc, ".pct-ignore.resolv.conf", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(etc, ".pve-ignore.resolv.conf", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* "": there is none. */
static int read_old(int etc, char *text)
{
	auto_fd fd = open_in(etc, "resolv.conf", O_RDONLY | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size >= FILE_MAX)
		return -EINVAL;
	n = read(fd, text, FILE_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

static int replace(int etc, const char *text)
{
	auto_fd fd = -EBADF;
	int r = 0;

	(void)unlinkat(etc, NEW, 0);
	fd = open_in(etc, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0644) < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		r = errno ? -errno : -EIO;
	if (r == 0 && renameat(etc, NEW, etc, "resolv.conf") < 0)
		r = -errno;
	/* One that is mounted there: only its content can be another. */
	if (r == -EBUSY) {
		auto_fd there = open_in(etc, "resolv.conf", O_WRONLY | O_TRUNC | O_NOFOLLOW);

		r = there < 0							? there
		    : write(there, text, strlen(text)) != (ssize_t)strlen(text) ? -EIO
										: 0;
	}
	if (r < 0)
		(void)unlinkat(etc, NEW, 0);
	return r;
}

static int work(const void *arg, struct inside *out)
{
	auto_fd etc = open_in(AT_FDCWD, "/etc", O_RDONLY | O_DIRECTORY);
	static char old[FILE_MAX];
	auto_free char *text = NULL;
	int r;

	if (etc < 0)
		return etc;
	if (is_ignored(etc) || refuse_link(etc, out))
		return 0;
	r = read_old(etc, old);
	if (r < 0)
		return r;
	text = block_put(old, arg);
	return strcmp(old, text) == 0 ? 0 : replace(etc, text);
}

int resolv_write(unsigned vmid, pid_t init, const char *lines)
{
	struct inside said = { 0 };
	int r = inside_run(vmid, init, CLONE_NEWUSER | CLONE_NEWNS, work, lines, &said);

	if (r < 0)
		return fail(r, "write /etc/resolv.conf of CT %u", vmid);
	if (*said.why)
		warn(0, "CT %u: %s", vmid, said.why);
	return 0;
}
