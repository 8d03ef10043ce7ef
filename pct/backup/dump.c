// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/dump.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "pct/backup/notes.h"
#include "pct/cli/args.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/storage.h"

int dump_directory(const struct args *a, bool make, char **dir)
{
	const char *id = args_value(a, "storage"), *given = args_value(a, "dumpdir");
	const struct storage *s;
	const char *path;
	auto_free char *found = NULL;
	int r;

	if (given && id)
		return refuse(-EINVAL, "--storage and --dumpdir: give one of the two");
	if (given) {
		found = text_of("%s", given);
	} else {
		r = storage_get(id ? id : "local", &s);
		if (r < 0)
			return r;
		path = storage_option(s, "path");
		if (!path || !storage_has_content(s, "backup"))
			return refuse(-EINVAL,
				      "storage '%s' takes no backups: give one whose content is "
				      "backup, or --dumpdir",
				      s->id);
		found = text_of("%s/dump", path);
	}
	r = make && access(found, F_OK) < 0 ? paths_make(found, 0700) : 0;
	if (r == 0)
		*dir = take_ptr(found);
	return r;
}

void dump_free(struct dump_file *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].name);
		free(all[i].notes);
	}
	free(all);
}

static bool is_there(int dir, const char *name, const char *suffix)
{
	auto_free char *path = text_of("%s%s", name, suffix);

	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static char *read_notes(int dir, const char *name)
{
	auto_free char *path = text_of("%s.notes", name);
	auto_fd fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return n <= 0 ? NULL : strndup(text, (size_t)n);
}

static int look(int dir, const char *name, struct dump_file *out)
{
	struct stat st;

	if (backup_name_parse(name, &out->is) < 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	out->name = text_of("%s", name);
	out->is.suffix = out->name + out->is.stem;
	out->size = (uint64_t)st.st_size;
	out->protected = is_there(dir, name, ".protected");
	out->notes = read_notes(dir, name);
	return 0;
}

static int in_order(const void *a, const void *b)
{
	const struct dump_file *x = a, *y = b;

	if (x->is.vmid != y->is.vmid)
		return x->is.vmid < y->is.vmid ? -1 : 1;
	return x->is.when > y->is.when	 ? -1
	       : x->is.when < y->is.when ? 1
					 : strcmp(x->name, y->name);
}

int dump_list(const char *dir, unsigned vmid, struct dump_file **all, size_t *n)
{
	DIR *names = opendir(dir);
	struct dump_file *list = NULL;
	struct dirent *e;
	size_t have = 0;

	if (!names && errno != ENOENT)
		return fail(-errno, "read '%s'", dir);
	while (names && (e = readdir(names))) {
		struct dump_file f = { 0 }, *grown;

		if (look(dirfd(names), e->d_name, &f) < 0)
			continue;
		grown =
		    vmid && f.is.vmid != vmid ? NULL : reallocarray(list, have + 1, sizeof(*list));
		if (!grown) {
			free(f.name);
			free(f.notes);
			continue;
		}
		list = grown;
		list[have++] = f;
	}
	if (names)
		closedir(names);
	if (have)
		qsort(list, have, sizeof(*list), in_order);
	*all = list;
	*n = have;
	return 0;
}

int dump_find(const char *dir, const char *word, char **path)
{
	static const char backup[] = ":backup/";
	const char *in = strstr(word, backup);
	auto_free char *found = NULL;

	if (in && in < strchrnul(word, '/')) {
		auto_free char *id = text_of("%.*s", (int)(in - word), word);
		const struct storage *s;
		int r = storage_get(id, &s);

		if (r < 0)
			return r;
		if (!storage_option(s, "path") || strchr(in + strlen(backup), '/'))
			return refuse(-EINVAL, "'%s' is no archive of storage '%s'", word, id);
		found = text_of("%s/dump/%s", storage_option(s, "path"), in + strlen(backup));
	} else {
		found =
		    strchr(word, '/') || !dir ? text_of("%s", word) : text_of("%s/%s", dir, word);
		if (access(found, F_OK) < 0 && !strchr(word, '/') && access(word, F_OK) == 0) {
			free(found);
			found = text_of("%s", word);
		}
	}
	if (access(found, F_OK) < 0)
		return fail(-errno, "archive '%s' ('pct backup list' shows those there are)", word);
	*path = take_ptr(found);
	return 0;
}

/* Of what is beside an archive: by its whole name, and by its name without the suffix. */
static char *beside(const char *path, const char *suffix, bool whole)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct backup_name is;

	if (whole || backup_name_parse(name, &is) < 0)
		return text_of("%s%s", path, suffix);
	return text_of("%.*s%s", (int)(name - path + (ptrdiff_t)is.stem), path, suffix);
}

static int sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir =
	    slash ? text_of("%.*s", (int)(slash - path + (slash == path)), path) : text_of(".");
	auto_fd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int dump_remove(const char *path)
{
	static const struct {
		const char *suffix;
		bool whole;
	} others[] = { { ".notes", true }, { ".notes", false }, { ".log", false } };
	auto_free char *protection = beside(path, ".protected", true);
	int r;

	if (access(protection, F_OK) == 0)
		return refuse(-EPERM, "'%s' is protected; 'pct backup unprotect' it first", path);
	r = step("backup: remove an archive");
	if (r < 0 || unlink(path) < 0)
		return fail(r < 0 ? r : -errno, "remove '%s'", path);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		auto_free char *other = beside(path, others[i].suffix, others[i].whole);

		(void)unlink(other);
	}
	return 0;
}

int dump_protect(const char *path, bool on)
{
	auto_free char *protection = beside(path, ".protected", true);
	int r = step("backup: protect an archive");
	auto_fd fd = -EBADF;

	if (r == 0 && !on)
		r = unlink(protection) < 0 && errno != ENOENT ? -errno : 0;
	if (r == 0 && on) {
		fd = open(protection, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 || fsync(fd) < 0 ? -errno : sync_directory(path);
	}
	return r < 0 ? fail(r, "%s '%s'", on ? "protect" : "unprotect", path) : 0;
}

int dump_note(const char *path, const char *text)
{
	auto_free char *file = beside(path, ".notes", true);
	size_t n = strlen(text);
	int r = step("backup: write the notes");
	auto_fd fd = -EBADF;

	if (r == 0) {
		fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 ? -errno : 0;
	}
	return r < 0 ? fail(r, "write '%s'", file) : 0;
}

/* Its writer holds a lock of it, on whatever host that is. */
static void clean_one(int dir, const char *path, const char *name)
{
	auto_fd fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (step("backup: remove what was not finished") == 0 && unlinkat(dir, name, 0) == 0)
		info("removed '%s/%s', which was never finished", path, name);
}

int dump_clean(const char *dir, unsigned vmid)
{
	auto_free char *begin = text_of("vzdump-lxc-%u-", vmid);
	DIR *names = opendir(dir);
	struct dirent *e;

	if (!names)
		return fail(-errno, "read '%s'", dir);
	while ((e = readdir(names))) {
		size_t n = strlen(e->d_name);

		if (strncmp(e->d_name, begin, strlen(begin)) == 0 && n > 4 &&
		    strcmp(e->d_name + n - 4, ".dat") == 0)
			clean_one(dirfd(names), dir, e->d_name);
	}
	closedir(names);
	return 0;
}
