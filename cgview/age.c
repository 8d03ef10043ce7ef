// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For how long a container runs.
 */
#include <string.h>
#include <sys/stat.h>

#include "cgview/container.h"
#include "cgview/read.h"

#define SETTLED (10 * CGV_NSEC) /* of age: a container's clock is what it stays */

/* Field 22 of proc/PID/stat. The name before it may hold blanks and ")": the last one ends it. */
int cgv_start(const struct cgv_host *h, pid_t pid, uint64_t *out)
{
	char name[32], buf[4096];
	struct span text, word;
	const char *close;
	uint64_t ticks;
	int r;

	snprintf(name, sizeof(name), "%d/stat", pid);
	r = cgv_read(h->proc, name, buf, sizeof(buf), &text);
	if (r < 0)
		return r == -ESRCH ? -ENOENT : r;
	close = memrchr(text.p, ')', span_len(text));
	if (!close)
		return -EBADMSG;
	text.p = close + 1;
	for (int field = 3; field < 22; field++)
		if (!span_word(&text, &word))
			return -EBADMSG;
	if (!span_u64(&text, &ticks) || ticks > UINT64_MAX / CGV_TICK)
		return -EBADMSG;
	*out = ticks * CGV_TICK;
	return 0;
}

/* "boottime  SECONDS  NANOSECONDS", the seconds signed: as a container with its own clock has. */
static int boot_offset(const struct cgv_host *h, pid_t pid, int64_t *out)
{
	struct span text, line, key, word;
	char name[40], buf[256];
	uint64_t s, ns;
	int r;

	*out = 0;
	snprintf(name, sizeof(name), "%d/timens_offsets", pid);
	r = cgv_read(h->proc, name, buf, sizeof(buf), &text);
	if (r < 0) /* an older kernel, or a process that is just going: no clock of its own */
		return r == -ENOENT || r == -ESRCH || r == -EACCES ? 0 : r;
	while (span_line(&text, &line)) {
		bool negative;

		if (!span_word(&line, &key) || !span_is(key, "boottime"))
			continue;
		if (!span_word(&line, &word))
			return -EBADMSG;
		negative = *word.p == '-';
		word.p += negative;
		if (!span_u64(&word, &s) || !span_u64(&line, &ns) || s > INT32_MAX ||
		    ns >= CGV_NSEC)
			return -EBADMSG;
		*out = (negative ? -1 : 1) * (int64_t)(s * CGV_NSEC) + (int64_t)ns;
	}
	return 0;
}

static int stat_cgroup(const struct cgv_container *c, struct stat *out)
{
	auto_fd dir = -EBADF;

	for (int in = 0; in < CGV_N_CONTROLLERS && dir < 0; in++)
		dir = cgv_open_cgroup(c, (enum cgv_controller)in);
	if (dir < 0)
		return dir;
	return fstat(dir, out) < 0 ? -errno : 0;
}

int cgv_inode(const struct cgv_container *c, uint64_t *out)
{
	struct stat st;
	int r = stat_cgroup(c, &st);

	if (r == 0)
		*out = st.st_ino;
	return r;
}

/* Without an init to ask: when the kernel made the cgroup's directory, as far as it tells. */
static int start_of_cgroup(const struct cgv_container *c, const struct cgv_time *now, uint64_t *out)
{
	struct stat st;
	uint64_t made;
	int r = stat_cgroup(c, &st);

	if (r < 0)
		return r;
	made = (uint64_t)st.st_ctim.tv_sec * CGV_NSEC + (uint64_t)st.st_ctim.tv_nsec;
	made = now->real > made ? now->real - made : 0;
	*out = now->boot > made ? now->boot - made : 0;
	return 0;
}

/*
 * A process starts once, and has its clock before it runs anything: both are asked until some
 * seconds of its life have passed, as a hook may have told us of it before that.
 */
static int age_of_init(struct cgv_container *c, pid_t init, const struct cgv_time *now,
		       uint64_t *start, int64_t *offset)
{
	int r = 0;

	if (c->init.pid != init || !c->init.settled) {
		r = cgv_start(c->host, init, &c->init.start);
		if (r == 0)
			r = boot_offset(c->host, init, &c->init.offset);
		c->init.pid = r == 0 ? init : 0;
		c->init.settled = r == 0 && now->boot > c->init.start + SETTLED;
	}
	if (r == 0) {
		*start = c->init.start;
		*offset = c->init.offset;
	}
	return r;
}

int cgv_age(struct cgv_container *c, pid_t init, const struct cgv_time *now, struct cgv_age *out)
{
	struct cgv_age age = { 0 };
	int64_t offset = 0;
	uint64_t boot;
	int r;

	if (init) {
		r = age_of_init(c, init, now, &age.start, &offset);
	} else {
		r = start_of_cgroup(c, now, &age.start);
	}
	if (r < 0)
		return r;
	age.timens = offset != 0;
	if (offset < 0 && now->boot < (uint64_t)-offset)
		boot = 0;
	else
		boot = now->boot + (uint64_t)offset;
	age.uptime = age.timens ? boot : now->boot > age.start ? now->boot - age.start : 0;
	age.btime = (now->real > boot ? now->real - boot : 0) / CGV_NSEC;
	*out = age;
	return 0;
}
