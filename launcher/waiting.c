// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/waiting.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/hash.h"
#include "launcher/beside.h"

#define ABANDONED_S 60 /* a note nobody can read */

/* In ticks: behind pct-runc a hook has its container's time namespace, and sees starts by that. */
static int64_t boot_offset(void)
{
	auto_file f = fopen("/proc/self/timens_offsets", "re");
	long long s, ns;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "boottime %lld %lld", &s, &ns) == 2)
			return s * sysconf(_SC_CLK_TCK) + ns * sysconf(_SC_CLK_TCK) / 1000000000;
	return 0;
}

/*
 * Field 22 of /proc/PID/stat as the host has it, which no later process of that pid has. 0: there
 * is none.
 */
static uint64_t start_of(pid_t pid)
{
	char path[32], line[1024];
	auto_file f = NULL;
	uint64_t start = 0;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f) || !(p = strrchr(line, ')')))
		return 0;
	for (int i = 0; i < 20 && p; i++)
		p = strchr(p + 1, ' ');
	if (p)
		start = strtoull(p, NULL, 10) - (uint64_t)boot_offset();
	return start;
}

/* Offsets are no whole ticks, and both are rounded. */
static bool same_start(uint64_t a, uint64_t b)
{
	return a - b + 1 <= 2;
}

/* ---- where notes are ---- */

static void folder_of(const struct options *o, char *out, size_t size)
{
	if (beside(o->socket, "waiting", out, size) < 0)
		*out = '\0';
}

/* One folder for all doors: the hash tells containers of one name apart. */
static int file_of(const struct options *o, const char *door, const char *id, char *out,
		   size_t size)
{
	char folder[PATH_MAX];

	if (!*id || *id == '.' || strchr(id, '/'))
		return -EINVAL;
	folder_of(o, folder, sizeof(folder));
	return (size_t)snprintf(out, size, "%s/%08x-%s", folder, fnv32(door), id) < size ? 0
											 : -EINVAL;
}

static int make_folder(const struct options *o)
{
	char folder[PATH_MAX];

	folder_of(o, folder, sizeof(folder));
	for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* ---- writing ---- */

/* Whole or not at all: `list` may read at any time. Names that begin with a dot are no notes. */
static int write_whole(const char *path, json_object *note)
{
	const char *slash = strrchr(path, '/');
	char fresh[PATH_MAX];
	auto_fd fd = -EBADF;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%.*s/.%s", (int)(slash - path), path,
			     slash + 1) >= sizeof(fresh))
		return -ENAMETOOLONG;
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (json_object_to_fd(fd, note, JSON_C_TO_STRING_PLAIN) < 0) {
		(void)unlink(fresh);
		return -EIO;
	}
	return rename(fresh, path) < 0 ? -errno : 0;
}

static int write_note(const struct options *o, const char *door, const char *id, pid_t pid,
		      uint64_t start)
{
	auto_json note = json_object_new_object();
	char path[PATH_MAX];
	int r = file_of(o, door, id, path, sizeof(path));

	if (r == 0)
		r = make_folder(o);
	if (r < 0)
		return r;
	json_object_object_add(note, "door", json_object_new_string(door));
	json_object_object_add(note, "id", json_object_new_string(id));
	json_object_object_add(note, "pid", json_object_new_int(pid));
	json_object_object_add(note, "start", json_object_new_int64((int64_t)start));
	json_object_object_add(note, "fixed_cpus", json_object_new_boolean(o->cpus == CPUS_FIXED));
	json_object_object_add(note, "fast", json_object_new_boolean(o->fast));
	return write_whole(path, note);
}

void waiting_add(const struct options *o, const char *door, const char *id, pid_t pid)
{
	uint64_t start = start_of(pid);
	int r = start ? write_note(o, door, id, pid, start) : -ESRCH;

	if (r < 0)
		warn(r, "note that container '%s' waits for its views", id);
	else
		warn(0, "the container goes on without views: '%s' as soon as pctfs runs at '%s'",
		     "pct-launch repair", o->socket);
}

void waiting_remove(const struct options *o, const char *door, const char *id)
{
	char path[PATH_MAX];

	if (file_of(o, door, id, path, sizeof(path)) == 0)
		(void)unlink(path);
}

/* ---- reading ---- */

/*
 * -ESRCH: it has ended; -EBADMSG: this is no note, or not yet. The pidfd is held before the start
 * time is compared.
 */
static int read_note(int folder, const char *name, json_object **note, struct waiting *out)
{
	auto_fd fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct waiting w;
	uint64_t start;
	int r;

	if (fd < 0)
		return -errno;
	r = document_read(fd, note);
	if (r < 0)
		return r;
	w = (struct waiting){
		.door = document_text(*note, "door"),
		.id = document_text(*note, "id"),
		.pid = json_object_get_int(document_find(*note, "pid")),
		.fixed_cpus = json_object_get_boolean(document_find(*note, "fixed_cpus")),
		.fast = json_object_get_boolean(document_find(*note, "fast")),
	};
	start = (uint64_t)json_object_get_int64(document_find(*note, "start"));
	if (!w.door || !w.id || w.pid < 1 || !start)
		return -EBADMSG;
	w.pidfd = (int)syscall(SYS_pidfd_open, w.pid, 0);
	if (w.pidfd < 0) /* a thread's id by now is none either */
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : -ESRCH;
	if (!same_start(start_of(w.pid), start) ||
	    syscall(SYS_pidfd_send_signal, w.pidfd, 0, NULL, 0) < 0) {
		close_fd(&w.pidfd);
		return -ESRCH;
	}
	*out = w;
	return 0;
}

static bool is_known(json_object *all, pid_t pid)
{
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *c = json_object_array_get_idx(all, i);

		if (json_object_get_int(document_find(c, "pid")) == pid)
			return true;
	}
	return false;
}

/* What cannot be read may be of a pct-launch that writes otherwise: it is left for a while. */
static bool is_old(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime >= ABANDONED_S;
}

int waiting_each(const struct options *o, json_object *all,
		 int (*found)(const struct waiting *w, void *arg), void *arg)
{
	char folder[PATH_MAX];
	struct dirent *e;
	int r = 0;
	DIR *d;

	folder_of(o, folder, sizeof(folder));
	d = opendir(folder);
	while (d && r >= 0 && (e = readdir(d))) {
		auto_json note = NULL;
		struct waiting w = { .pidfd = -EBADF };
		int read;

		if (*e->d_name == '.')
			continue;
		read = read_note(dirfd(d), e->d_name, &note, &w);
		if (read == -ESRCH || (read == 0 && is_known(all, w.pid)) ||
		    (read == -EBADMSG && is_old(dirfd(d), e->d_name)))
			(void)unlinkat(dirfd(d), e->d_name, 0);
		else if (read == 0)
			r = found(&w, arg);
		close_fd(&w.pidfd);
	}
	if (d)
		closedir(d);
	return r;
}

int waiting_one(const struct options *o, const char *door, const char *id,
		int (*found)(const struct waiting *w, void *arg), void *arg)
{
	struct waiting w = { .pidfd = -EBADF };
	auto_json note = NULL;
	char path[PATH_MAX];
	int r = file_of(o, door, id, path, sizeof(path));

	if (r == 0)
		r = read_note(AT_FDCWD, path, &note, &w);
	if (r == -ENOENT || r == -ESRCH || r == -EBADMSG)
		return 0;
	r = r < 0 ? fail(r, "read the note of '%s', which waits for its views", id)
		  : found(&w, arg);
	close_fd(&w.pidfd);
	return r;
}
