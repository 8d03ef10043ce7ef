// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is to be laid into a container: read from a conf, and opened on the host.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/conf/properties.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/place.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"

void placing_free(struct placing *p)
{
	free(p->source);
	free(p->path);
	free(p->ids);
	free(p->group);
	*p = (struct placing){ 0 };
}

void placings_free(struct placing *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		placing_free(&all[i]);
	free(all);
}

/* What the views lie in, and what all devices lie in. */
static bool is_ours(const char *path)
{
	static const char *const trees[] = { "/proc", "/sys" };

	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		size_t n = strlen(trees[i]);

		if (strncmp(path, trees[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return strcmp(path, "/dev") == 0;
}

/* "/a//b/" is "/a/b". */
static void plain(char *path)
{
	char *to = path;

	for (const char *p = path; *p; p++)
		if (*p != '/' || (p[1] != '/' && p[1] != '\0'))
			*to++ = *p;
	*to = '\0';
}

static char *copy_of(const struct properties *p, const char *name)
{
	const char *value = properties_get(p, name);

	return value ? text_of("%s", value) : NULL;
}

static int read_mount(const struct properties *v, struct placing *p)
{
	p->source = copy_of(v, "volume");
	p->path = copy_of(v, "mp");
	p->ids = copy_of(v, "idmap");
	ct_volume_how(v, &p->how);
	if (!p->source || !p->path)
		return refuse(-EINVAL,
			      "%s: it needs a volume or a directory of the host, and 'mp=' where "
			      "it is in the container",
			      p->name);
	if (volume_is_request(p->source))
		return refuse(-EINVAL,
			      "%s: '%s' was never made; 'pct set' with that makes it, and names it",
			      p->name, p->source);
	p->volume = *p->source != '/';
	if (!p->volume)
		plain(p->source);
	plain(p->path);
	return 0;
}

static int read_device(const struct properties *v, struct placing *p)
{
	const char *mode = properties_get(v, "mode"), *uid = properties_get(v, "uid");

	p->device = true;
	p->source = copy_of(v, "path");
	p->path = copy_of(v, "path");
	p->group = copy_of(v, "gid");
	p->mode = mode ? (mode_t)strtoul(mode, NULL, 8) & 0777 : 0660;
	p->uid = uid ? (uint32_t)strtoul(uid, NULL, 10) : 0;
	if (!p->source)
		return refuse(-EINVAL, "%s: it needs a device, as /dev/fuse", p->name);
	plain(p->path);
	return 0;
}

int placing_read(const char *name, const char *value, struct placing *out)
{
	const struct key *k = key_find(name);
	bool device = strcmp(k->option.name, "dev") == 0;
	auto_properties v = { 0 };
	auto_placing p = { 0 };
	int r = properties_read(&k->option, value, &v);

	if (r < 0)
		return fail(r, "%s: read '%s'", name, value);
	snprintf(p.name, sizeof(p.name), "%s", name);
	r = device ? read_device(&v, &p) : read_mount(&v, &p);
	if (r == 0 && (!*p.path || is_ours(p.path)))
		r = refuse(-EINVAL,
			   "%s: nothing can be mounted on '%s' in the container; give another "
			   "'mp='",
			   name, *p.path ? p.path : "/");
	if (r < 0)
		return r;
	*out = p;
	p = (struct placing){ 0 };
	return 0;
}

static int add(const char *name, const char *value, struct placing **all, size_t *n)
{
	struct placing *grown = reallocarray(*all, *n + 1, sizeof(*grown));
	int r;

	if (!grown)
		return fail(-ENOMEM, "%s", name);
	*all = grown;
	r = placing_read(name, value, &grown[*n]);
	*n += r == 0;
	return r;
}

static int add_numbered(const struct config *c, const struct key *k, unsigned number,
			struct placing **all, size_t *n)
{
	char name[OPTION_NAME];
	const char *value;

	snprintf(name, sizeof(name), "%s%u", k->option.name, number);
	value = config_get(c, name);
	return value ? add(name, value, all, n) : 0;
}

/* All may open it, as on most hosts; its node there may be root's alone. */
static int add_fuse(struct placing **all, size_t *n)
{
	int r = add("dev0", "/dev/fuse,mode=0666", all, n);

	if (r == 0)
		snprintf((*all)[*n - 1].name, OPTION_NAME, "features");
	return r;
}

int placings_read(const struct config *c, struct placing **out, size_t *n)
{
	static const char *const names[] = { "mp0", "dev0" };
	struct placing *all = NULL;
	int r = 0;

	*n = 0;
	if (lxcconf_feature(c, "fuse"))
		r = add_fuse(&all, n);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct key *k = key_find(names[i]);

		for (unsigned number = 0; number < k->option.count && r == 0; number++)
			r = add_numbered(c, k, number, &all, n);
	}
	if (r < 0) {
		placings_free(all, *n);
		return r;
	}
	paths_sort(all, *n, sizeof(*all), offsetof(struct placing, path));
	*out = all;
	return 0;
}

/* The host's /dev is root's own, and has links on purpose. */
static int open_device(const struct placing *p, int *out)
{
	auto_fd fd = open(p->source, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "%s: find the device '%s' of the host", p->name, p->source);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse(-ENODEV, "%s: '%s' is no device", p->name, p->source);
	*out = take_fd(&fd);
	return 0;
}

int placing_open(const struct placing *p, int *out)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	auto_fd fd = -EBADF;
	struct stat st;

	if (p->device)
		return open_device(p, out);
	fd = (int)syscall(SYS_openat2, AT_FDCWD, p->source, &how, sizeof(how));
	if (fd < 0 && errno == ELOOP)
		return refuse(-ELOOP,
			      "%s: '%s' is, or leads through, a symbolic link; give the path it "
			      "leads to",
			      p->name, p->source);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "%s: find '%s' on the host", p->name, p->source);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return refuse(-ENOTDIR,
			      "%s: '%s' is neither a directory nor a file; a device goes by 'dev0'",
			      p->name, p->source);
	*out = take_fd(&fd);
	return 0;
}
