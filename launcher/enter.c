// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/enter.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define STATUS_MAX 16384
#define PAGE	   4096 /* the smallest: what lies in one is there or not */

bool still_waits(const struct entrance *e)
{
	uint64_t id = e->id;

	return ioctl(e->notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* ---- what it says ---- */

static const char *line_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p;) {
		if (strncmp(p, key, n) == 0 && p[n] == ':')
			return p + n + 1;
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return NULL;
}

/* Up to @max numbers of a line: how many. */
static size_t numbers(const char *line, int base, unsigned long long *out, size_t max)
{
	const char *end = line ? line + strcspn(line, "\n") : NULL;
	size_t n = 0;

	while (line && n < max) {
		char *next;

		line += strspn(line, " \t");
		if (line >= end)
			break;
		out[n] = strtoull(line, &next, base);
		if (next == line || next > end)
			break;
		line = next;
		n++;
	}
	return n;
}

int identity_parse(const char *text, struct identity *out)
{
	static const char *const caps[] = { "CapEff", "CapPrm", "CapInh" };
	unsigned long long uid[4], gid[4], group[GROUPS_MAX], cap[ARRAY_LEN(caps)], bound, mask;
	struct identity who = { .n_groups = 0 };

	if (numbers(line_of(text, "Uid"), 10, uid, 4) != 4 ||
	    numbers(line_of(text, "Gid"), 10, gid, 4) != 4 ||
	    numbers(line_of(text, "Umask"), 8, &mask, 1) != 1 || !line_of(text, "Groups"))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_LEN(caps); i++)
		if (numbers(line_of(text, caps[i]), 16, &cap[i], 1) != 1)
			return -EBADMSG;
	who.n_groups = numbers(line_of(text, "Groups"), 10, group, GROUPS_MAX);
	for (size_t i = 0; i < 4; i++) {
		who.uid[i] = (uid_t)uid[i];
		who.gid[i] = (gid_t)gid[i];
	}
	for (size_t i = 0; i < who.n_groups; i++)
		who.group[i] = (gid_t)group[i];
	who.umask = (mode_t)mask;
	who.effective = cap[0];
	who.permitted = cap[1];
	who.inheritable = cap[2];
	who.bound = numbers(line_of(text, "NoNewPrivs"), 10, &bound, 1) != 1 || bound != 0;
	*out = who;
	return 0;
}

/* "lxc-CT_</var/lib/lxc> (enforce)", "unconfined" */
int label_parse(const char *text, size_t n, char *out, size_t size)
{
	const char *end = memchr(text, '\n', n);
	const char *mode;

	n = end ? (size_t)(end - text) : strnlen(text, n);
	mode = memmem(text, n, " (", 2);
	n = mode ? (size_t)(mode - text) : n;
	if (n >= size)
		return -EBADMSG;
	if (n == strlen("unconfined") && memcmp(text, "unconfined", n) == 0)
		n = 0;
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

int memory_text(int mem, uint64_t address, char *out, size_t size)
{
	size_t have = 0;

	while (have < size) {
		size_t want = MIN(PAGE - (address + have) % PAGE, size - have);
		ssize_t n;

		if (address + have < address || address + have > INT64_MAX)
			return -EFAULT;
		n = pread(mem, out + have, want, (off_t)(address + have));
		if (n <= 0)
			return -EFAULT;
		if (memchr(out + have, '\0', (size_t)n))
			return 0;
		have += (size_t)n;
	}
	return -ENAMETOOLONG;
}

int own_fd(const char *path)
{
	static const char *const before[] = { "/proc/self/fd/", "/proc/thread-self/fd/",
					      "/dev/fd/" };

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		size_t n = strlen(before[i]), digits;

		if (strncmp(path, before[i], n) != 0)
			continue;
		digits = strspn(path + n, "0123456789");
		if (digits < 1 || digits > 9 || path[n + digits])
			return -ENOENT;
		return atoi(path + n);
	}
	return -ENOENT;
}

/* ---- what it is in ---- */

static ssize_t read_file(int at, const char *name, char *buf, size_t size)
{
	auto_fd fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	while (fd >= 0 && have + 1 < size && n > 0) {
		n = read(fd, buf + have, size - 1 - have);
		have += (size_t)MAX(n, (ssize_t)0);
	}
	if (fd < 0 || n < 0)
		return -errno;
	buf[have] = '\0';
	return (ssize_t)have;
}

static bool is_ours(int fd, const char *ours)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(ours, &b) == 0 && a.st_ino == b.st_ino;
}

/* Where there is no such thing, nothing confines it. */
static int read_label(struct entrance *e)
{
	char text[sizeof(e->label) + 32];
	ssize_t n = read_file(e->proc, "attr/current", text, sizeof(text));

	e->label[0] = '\0';
	return n < 0 ? 0 : label_parse(text, (size_t)n, e->label, sizeof(e->label));
}

int entrance_open(struct entrance *e)
{
	auto_free char *status = malloc(STATUS_MAX);
	ssize_t n = status ? read_file(e->proc, "status", status, STATUS_MAX) : -ENOMEM;

	e->mnt = openat(e->proc, "ns/mnt", O_RDONLY | O_CLOEXEC);
	e->user = openat(e->proc, "ns/user", O_RDONLY | O_CLOEXEC);
	e->pid = openat(e->proc, "ns/pid", O_RDONLY | O_CLOEXEC);
	e->root = openat(e->proc, "root", O_PATH | O_CLOEXEC);
	e->cwd = openat(e->proc, "cwd", O_PATH | O_CLOEXEC);
	if (n < 0 || e->mnt < 0 || e->user < 0 || e->pid < 0 || e->root < 0 || e->cwd < 0)
		return n < 0 ? (int)n : -errno;
	if (is_ours(e->mnt, "/proc/self/ns/mnt") || is_ours(e->mnt, "/proc/1/ns/mnt"))
		return -EXDEV; /* nobody's call is made on the host's own mounts */
	if (is_ours(e->user, "/proc/self/ns/user"))
		close_fd(&e->user);
	return identity_parse(status, &e->who) < 0 ? -EBADMSG : read_label(e);
}

static bool is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

bool entrance_is_container(const struct entrance *e)
{
	auto_fd owner = ioctl(e->mnt, NS_GET_USERNS);
	auto_fd above = e->user < 0 ? -EBADF : ioctl(e->user, NS_GET_PARENT);

	return owner >= 0 && above >= 0 && is_same(owner, e->user) &&
	       is_ours(above, "/proc/self/ns/user");
}

/* ---- to become like it ---- */

static int take_label(const char *label)
{
	char text[300];
	auto_fd fd = -EBADF;
	int n;

	if (!*label)
		return 0;
	fd = open("/proc/self/attr/current", O_WRONLY | O_CLOEXEC);
	n = snprintf(text, sizeof(text), "changeprofile %s", label);
	return fd < 0 || write(fd, text, (size_t)n) != n ? -errno : 0;
}

static int raise_permitted(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct cap[2];

	if (syscall(SYS_capget, &head, cap) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		cap[i].effective = cap[i].permitted;
	return syscall(SYS_capset, &head, cap) < 0 ? -errno : 0;
}

/*
 * Capabilities stay while the users change: those of another user namespace are the last step. Not
 * by securebits, which take CAP_SETPCAP.
 */
static int take_users(const struct identity *w)
{
	int r;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(w->n_groups, w->group) < 0 ||
	    setresgid(w->gid[0], w->gid[1], w->gid[2]) < 0 ||
	    setresuid(w->uid[0], w->uid[1], w->uid[2]) < 0)
		return -errno;
	r = raise_permitted();
	if (r < 0)
		return r;
	(void)setfsgid(w->gid[3]); /* what it was before is all that these return */
	(void)setfsuid(w->uid[3]);
	if ((gid_t)setfsgid((gid_t)-1) != w->gid[3] || (uid_t)setfsuid((uid_t)-1) != w->uid[3])
		return -EPERM;
	return raise_permitted();
}

static int take_capabilities(const struct identity *w)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct now[2], cap[2];

	if (syscall(SYS_capget, &head, now) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) { /* what a service manager keeps from us it has not, either */
		cap[i].permitted = (uint32_t)(w->permitted >> 32 * i) & now[i].permitted;
		cap[i].effective = (uint32_t)(w->effective >> 32 * i) & cap[i].permitted;
		cap[i].inheritable = (uint32_t)(w->inheritable >> 32 * i) & cap[i].permitted;
	}
	return syscall(SYS_capset, &head, cap) < 0 ? -errno : 0;
}

static int take_place(const struct entrance *e, int *top)
{
	if (setns(e->mnt, CLONE_NEWNS) < 0)
		return -errno;
	*top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*top < 0 || fchdir(e->root) < 0 || chroot(".") < 0 || fchdir(e->cwd) < 0)
		return -errno;
	return take_users(&e->who);
}

/* Nobody in there may look into what comes of us, nor gain by it; and no job outlives ours. */
static int settle(void)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return 0;
}

int entrance_enter(const struct entrance *e, int *top)
{
	int r = take_label(e->label);

	if (r == 0 && setns(e->pid, CLONE_NEWPID) < 0)
		r = -errno;
	if (r == 0)
		r = take_place(e, top);
	if (r == 0 && e->user >= 0 && setns(e->user, CLONE_NEWUSER) < 0)
		r = -errno;
	if (r == 0)
		r = take_capabilities(&e->who);
	return r < 0 ? r : settle();
}

int entrance_enter_with(const struct entrance *e, uint64_t caps)
{
	const struct identity only = { .effective = caps, .permitted = caps };
	auto_fd top = -EBADF;
	int r = take_label(e->label);

	if (r == 0)
		r = take_place(e, &top);
	if (r == 0)
		r = take_capabilities(&only);
	return r < 0 ? r : settle();
}
