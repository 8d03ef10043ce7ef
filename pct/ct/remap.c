// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/base.h"
#include "base/say.h"
#include "pct/ct/remap.h"
#include "pct/paths.h"

/* One range, cut where the container's own ranges end. */
static bool put_range(const struct idmap *ids, char kind, uint32_t inside, uint32_t disk,
		      uint32_t count, FILE *out)
{
	while (count) {
		uint32_t outside = idmap_outside(ids, kind, inside), n = 1;

		if (outside == IDMAP_NONE)
			return false;
		while (n < count && idmap_outside(ids, kind, inside + n) == outside + n)
			n++;
		fprintf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", disk, outside, n);
		inside += n;
		disk += n;
		count -= n;
	}
	return true;
}

char *remap_text(const char *ranges, const struct idmap *ids, char kind)
{
	auto_free char *text = NULL;
	bool all = true;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	while (*ranges && all) {
		uint32_t inside, disk, count;

		if (*ranges == kind && sscanf(ranges + 1, ":%" SCNu32 ":%" SCNu32 ":%" SCNu32,
					      &inside, &disk, &count) == 3)
			all = put_range(ids, kind, inside, disk, count, out);
		ranges += strcspn(ranges, ";");
		ranges += *ranges == ';';
	}
	return fclose(out) == 0 && all ? take_ptr(text) : NULL;
}

static int put_map(pid_t pid, const char *file, const char *text)
{
	auto_free char *path = text_of("/proc/%d/%s", (int)pid, file);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (!*text)
		return 0;
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Until it is ended, or nobody is at the other end any more; it holds no lock of ours. */
static _Noreturn void live_in_one(int line)
{
	char none;

	if (dup3(line, 3, O_CLOEXEC) < 0 && line != 3)
		_exit(1);
	(void)close_range(4, ~0u, 0);
	if (unshare(CLONE_NEWUSER) < 0 || write(3, "x", 1) != 1)
		_exit(1);
	while (read(3, &none, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* A process holds the namespace until we have it. */
static int make_namespace(const char *users, const char *groups, int *out)
{
	auto_free char *path = NULL;
	int line[2], r, status;
	ssize_t n;
	char ready;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		live_in_one(line[1]);
	close(line[1]);
	r = pid < 0 ? -errno : 0;
	do /* a signal that is to end us is heard of later, by who cleans up */
		n = r < 0 ? 0 : read(line[0], &ready, 1);
	while (n < 0 && errno == EINTR);
	if (r == 0 && n != 1)
		r = -EPERM;
	if (r == 0)
		r = put_map(pid, "uid_map", users);
	if (r == 0)
		r = put_map(pid, "gid_map", groups);
	if (r == 0) {
		path = text_of("/proc/%d/ns/user", (int)pid);
		*out = open(path, O_RDONLY | O_CLOEXEC);
		r = *out < 0 ? -errno : 0;
	}
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	close(line[0]);
	return r;
}

int remap_open(const char *name, const char *ranges, const struct idmap *ids, int own, int *out)
{
	auto_free char *users = NULL, *groups = NULL;
	int r;

	if (strcmp(ranges, "passthrough") == 0) {
		*out = own < 0 ? -EBADF : fcntl(own, F_DUPFD_CLOEXEC, 3);
		return own >= 0 && *out < 0 ? fail(-errno, "%s", name) : 0;
	}
	users = remap_text(ranges, ids, 'u');
	groups = remap_text(ranges, ids, 'g');
	if (!users || !groups)
		return refuse(-ERANGE, "%s: idmap '%s' has ids that the container has not", name,
			      ranges);
	r = make_namespace(users, groups, out);
	return r < 0 ? fail(r, "%s: mount with the ids of '%s'", name, ranges) : 0;
}

static char *text_of_ids(const struct idmap *ids, char kind, bool back)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < ids->n; i++) {
		const struct idrange *r = &ids->range[i];

		if (r->kind == kind)
			fprintf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
				back ? r->outside : r->inside, back ? r->inside : r->outside,
				r->count);
	}
	return fclose(out) == 0 ? take_ptr(text) : NULL;
}

int remap_ids(const struct idmap *ids, bool back, int *out)
{
	auto_free char *users = text_of_ids(ids, 'u', back), *groups = text_of_ids(ids, 'g', back);
	int r = users && groups ? make_namespace(users, groups, out) : -ENOMEM;

	return r < 0 ? fail(r, "mount volumes with a container's ids") : 0;
}
