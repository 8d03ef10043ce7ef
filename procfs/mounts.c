// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/fds.h"
#include "base/nodes.h"
#include "base/say.h"
#include "procfs/mounts.h"

#define LATE_MS (MOUNTING_MS + 500) /* the helper has said nothing, and is given up */

#define TYPE "proc"

/* Numbers of this machine's own calls, and of those of 32-bit processes on it. */
static const struct {
	uint32_t arch;
	int nr;
	enum call_kind kind;
} calls[] = {
#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
	{ AUDIT_ARCH_I386, 21, CALL_MOUNT },	{ AUDIT_ARCH_I386, 52, CALL_UMOUNT },
	{ AUDIT_ARCH_I386, 430, CALL_FSOPEN },	{ AUDIT_ARCH_I386, 14, CALL_MKNOD },
	{ AUDIT_ARCH_I386, 297, CALL_MKNODAT },
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#define NATIVE 0
#endif
	{ NATIVE, SYS_mount, CALL_MOUNT },	{ NATIVE, SYS_umount2, CALL_UMOUNT },
	{ NATIVE, SYS_fsopen, CALL_FSOPEN },	{ NATIVE, SYS_mknodat, CALL_MKNODAT },
#ifdef SYS_mknod
	{ NATIVE, SYS_mknod, CALL_MKNOD },
#endif
};

static const enum mounting_kind asked_as[] = {
	[CALL_MOUNT] = MOUNTING_MOUNT,
	[CALL_UMOUNT] = MOUNTING_UMOUNT,
	[CALL_MKNOD] = MOUNTING_MKNOD,
	[CALL_MKNODAT] = MOUNTING_MKNODAT,
};

enum call_kind call_kind(const struct seccomp_data *d)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (d->arch == calls[i].arch && d->nr == calls[i].nr && d->arch)
			return calls[i].kind;
	return CALL_OTHER;
}

bool call_makes_node(const struct seccomp_data *d)
{
	switch (call_kind(d)) {
	case CALL_MKNOD:
		return node_is_allowed(d->args[1], d->args[2]);
	case CALL_MKNODAT:
		return node_is_allowed(d->args[2], d->args[3]);
	default:
		return false;
	}
}

bool call_names_proc(int mem, uint64_t address)
{
	char type[sizeof(TYPE)];

	return address && address <= INT64_MAX &&
	       pread(mem, type, sizeof(type), (off_t)address) == sizeof(type) &&
	       memcmp(type, TYPE, sizeof(type)) == 0;
}

bool call_text(int mem, uint64_t address, char *out, size_t size)
{
	ssize_t n = address && address <= INT64_MAX ? pread(mem, out, size, (off_t)address) : -1;

	return n > 0 && memchr(out, '\0', (size_t)n);
}

/* "41 35 0:43 /proc/meminfo /proc/meminfo rw - fuse.pctfs lxcfs rw": each procfs has that view. */
bool mounts_has_views(struct span mountinfo)
{
	static const char view[] = "/meminfo", type[] = " - fuse.pctfs ";
	struct span line, at;
	unsigned n = 0;

	while (span_line(&mountinfo, &line)) {
		bool ours = memmem(line.p, span_len(line), type, strlen(type));

		for (int i = 0; i < 5; i++)
			ours = ours && span_word(&line, &at);
		if (!ours || span_len(at) < strlen(view) ||
		    memcmp(at.end - strlen(view), view, strlen(view)) != 0)
			continue;
		if (++n > 1 || !span_is(at, "/proc/meminfo"))
			return true;
	}
	return false;
}

/* Of a mountinfo's line: whose child it is, where, and of what type. */
struct mount_line {
	uint64_t id, parent;
	struct span at, type;
};

static bool mount_line(struct span *text, struct mount_line *out)
{
	struct span line, skip;

	if (!span_line(text, &line))
		return false;
	*out = (struct mount_line){ 0 };
	if (!span_u64(&line, &out->id) || !span_u64(&line, &out->parent) ||
	    !span_word(&line, &skip) || !span_word(&line, &skip) || !span_word(&line, &out->at))
		return true;
	while (span_word(&line, &skip) && !span_is(skip, "-")) /* optional fields */
		;
	(void)span_word(&line, &out->type);
	return true;
}

#define STACK_MAX 8 /* mounts on top of each other */

/* What is mounted at @target, the uppermost; 0: that cannot be told. */
static uint64_t mounted_at(struct span text, const char *target)
{
	uint64_t id[STACK_MAX], parent[STACK_MAX], top = 0;
	struct mount_line l;
	size_t n = 0;

	while (mount_line(&text, &l)) {
		if (!l.at.p || !span_is(l.at, target))
			continue;
		if (n == STACK_MAX)
			return 0;
		id[n] = l.id;
		parent[n++] = l.parent;
	}
	for (size_t i = 0; i < n; i++) {
		size_t above = 0;

		while (above < n && parent[above] != id[i])
			above++;
		if (above < n)
			continue;
		if (top)
			return 0;
		top = id[i];
	}
	return top;
}

bool mounts_holds_views(struct span mountinfo, const char *target)
{
	uint64_t top = mounted_at(mountinfo, target);
	struct mount_line l;
	bool has = false;

	if (!top)
		return true;
	while (mount_line(&mountinfo, &l)) {
		if (l.parent != top)
			continue;
		if (!l.type.p || !span_is(l.type, "fuse.pctfs"))
			return false;
		has = true;
	}
	return has;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int mounts_ask(struct mounts *m, uint32_t number, const struct seccomp_notif *call, pid_t init,
	       const int fds[MOUNTING_FDS], const char *root)
{
	struct mounting ask = {
		.kind = asked_as[call_kind(&call->data)],
		.number = number,
		.init = init,
		.call = *call,
	};
	int r;

	if (m->helper < 0 || number >= KEPT_MAX)
		return -ENOTCONN;
	if ((size_t)snprintf(ask.root, sizeof(ask.root), "%s", root) >= sizeof(ask.root))
		return -ENAMETOOLONG;
	r = fds_send(m->helper, &ask, sizeof(ask), fds, MOUNTING_FDS, MSG_DONTWAIT);
	if (r < 0)
		return r;
	m->n += !m->asked[number].until;
	m->asked[number].id = call->id;
	m->asked[number].until = now() + LATE_MS;
	return 0;
}

bool mounts_is_asked(const struct mounts *m, uint32_t number)
{
	return m->asked[number].until != 0;
}

void mounts_forget(struct mounts *m, uint32_t number)
{
	m->n -= m->asked[number].until != 0;
	m->asked[number].until = 0;
}

bool mounts_hear(struct mounts *m, struct mounted *out)
{
	struct mounted a;
	ssize_t n = recv(m->helper, &a, sizeof(a), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		mounts_helper(m, -EBADF);
	if (n != sizeof(a) || a.number >= KEPT_MAX || !m->asked[a.number].until ||
	    m->asked[a.number].id != a.id)
		return false; /* what a worker before us had asked, or too late */
	mounts_forget(m, a.number);
	*out = a;
	return true;
}

bool mounts_late(struct mounts *m, struct mounted *out)
{
	uint64_t t = m->n ? now() : 0;

	for (uint32_t i = 0; m->n && i < KEPT_MAX; i++) {
		if (!m->asked[i].until || (m->helper >= 0 && t < m->asked[i].until))
			continue;
		*out = (struct mounted){ i, MOUNTING_CONTINUE, m->asked[i].id };
		mounts_forget(m, i);
		return true;
	}
	return false;
}

void mounts_helper(struct mounts *m, int fd)
{
	for (uint32_t i = 0; m->n && i < KEPT_MAX; i++)
		if (m->asked[i].until)
			m->asked[i].until = 1; /* long ago */
	close_fd(&m->helper);
	m->helper = fd;
}
