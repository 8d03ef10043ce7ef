// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How an image is run, as a container's conf has it. What the user has said stays.
 */
#include <ctype.h>
#include <limits.h>

#include "base/say.h"
#include "cgview/span.h"
#include "pct/conf/config.h"
#include "pct/image/image.h"
#include "pct/paths.h"
#include "pct/root/put.h"
#include "pct/root/template.h"

static const char path_default[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int set(struct config *c, const char *key, const char *value)
{
	int r = 0;

	if (value && !config_get(c, key))
		r = strncmp(key, "lxc.", 4) == 0 ? config_set_raw(c, key, value)
						 : config_set(c, key, value);
	return r < 0 ? fail(r, "set '%s' to '%s'", key, value) : 0;
}

/* The $PATH that its variables say. */
static struct span path_of(const char *env)
{
	struct span text = { env ? env : "", env ? env + strlen(env) : env }, line;

	text.end = text.p + strlen(text.p);
	while (span_line(&text, &line))
		if (span_starts(line, "PATH="))
			return (struct span){ line.p + 5, line.end };
	return (struct span){ path_default, path_default + sizeof(path_default) - 1 };
}

/* The absolute path of a command's first word, found as a shell would. malloc'ed; NULL: none. */
static char *program_of(const struct image *i, int root, const char *word, size_t n)
{
	struct span path = path_of(i->run.env);

	if (*word == '/')
		return text_of("%.*s", (int)n, word);
	if (memchr(word, '/', n))
		return text_of("%s/%.*s", i->run.cwd ? i->run.cwd : "", (int)n, word);
	while (path.p < path.end) {
		const char *colon = memchr(path.p, ':', (size_t)(path.end - path.p));
		const char *end = colon ? colon : path.end;
		auto_free char *at =
		    text_of("%.*s/%.*s", (int)(end - path.p), path.p, (int)n, word);

		if (*at == '/' && inside_has_program(root, at))
			return take_ptr(at);
		path.p = end + 1;
	}
	return NULL;
}

static int set_entrypoint(const struct image *i, int root, struct config *c)
{
	const char *words = i->run.entrypoint;
	size_t n = words ? strcspn(words, " ") : 0;
	auto_free char *program = NULL;
	auto_free char *command = NULL;

	if (!words || config_get(c, "entrypoint"))
		return 0;
	/* One whose name has blanks in it is nobody's. */
	program = *words == '"' || *words == '\'' ? NULL : program_of(i, root, words, n);
	if (!program)
		return refuse(-ENOENT,
			      "image '%s' has no program '%.*s' to begin with; give another "
			      "--entrypoint",
			      i->name, (int)MIN(n, (size_t)200), words);
	command = text_of("%s%s", program, words + n);
	return set(c, "entrypoint", command);
}

/* ---- users ---- */

static bool number(const char *text, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || n > 65535)
		return false;
	*out = (unsigned)n;
	return true;
}

/* name:x:ID:GROUP of etc/passwd, name:x:ID of etc/group. A number is looked up for its group. */
static bool look_up(int root, const char *file, const char *who, unsigned *id, unsigned *group)
{
	auto_free char *text = inside_read(root, file, 1u << 20);
	struct span rest = { text, text ? text + strlen(text) : NULL }, line;
	unsigned wanted = 0;
	bool by_number = number(who, &wanted);

	while (text && span_line(&rest, &line)) {
		auto_free char *copy = text_of("%.*s", (int)MIN(line.end - line.p, 4096), line.p);
		char *at = copy, *name = strsep(&at, ":"), *found, *of;
		unsigned n, g = 0;

		(void)strsep(&at, ":");
		found = strsep(&at, ":");
		of = strsep(&at, ":");
		if (!found || !number(found, &n) || (of && !number(of, &g)))
			continue;
		if (by_number ? n != wanted : strcmp(name, who) != 0)
			continue;
		*id = n;
		if (group)
			*group = g;
		return true;
	}
	return false;
}

static int set_user(const struct image *i, int root, struct config *c)
{
	auto_free char *user = i->run.user ? text_of("%s", i->run.user) : NULL;
	auto_free char *uid_text = NULL;
	auto_free char *gid_text = NULL;
	char *group = user ? strchr(user, ':') : NULL;
	unsigned uid = 0, gid = 0;
	int r;

	if (!user || config_get(c, "lxc.init.uid"))
		return 0;
	if (group)
		*group++ = '\0';
	if (*user && !look_up(root, "/etc/passwd", user, &uid, &gid) && !number(user, &uid))
		return refuse(-ENOENT, "image '%s' runs as the user '%s', which it has not",
			      i->name, user);
	if (group && *group && !number(group, &gid) &&
	    !look_up(root, "/etc/group", group, &gid, NULL))
		return refuse(-ENOENT, "image '%s' runs as the group '%s', which it has not",
			      i->name, group);
	uid_text = text_of("%u", uid);
	gid_text = text_of("%u", gid);
	r = uid ? set(c, "lxc.init.uid", uid_text) : 0;
	return r < 0 || !gid ? r : set(c, "lxc.init.gid", gid_text);
}

/* ---- directories ---- */

static int make_dir(struct put *p, const struct image *i, const char *path, size_t n)
{
	auto_free char *below = NULL;
	const char *base;
	int dir, r;

	for (; n && *path == '/'; n--)
		path++;
	while (n && path[n - 1] == '/')
		n--;
	if (n == 0 || memmem(path, n, "..", 2))
		return 0;
	below = text_of("%.*s/.", (int)n, path);
	r = put_parent(p, below, &dir, &base);
	return r < 0 ? fail(r, "make '/%.*s' of image '%s'", (int)n, path, i->name) : 0;
}

static int make_dirs(const struct image *i, const struct target *t)
{
	struct put p = { .root = t->root, .owner = t->shift, .layered = true, .parent = -EBADF };
	const char *v = i->run.volumes;
	int r = i->run.cwd ? make_dir(&p, i, i->run.cwd, strlen(i->run.cwd)) : 0;

	while (r == 0 && v && *v) {
		size_t n = strcspn(v, "\n");

		r = make_dir(&p, i, v, n);
		v += n + (v[n] == '\n');
	}
	put_close(&p);
	return r;
}

int image_configure(const struct image *i, const struct target *t, struct config *c)
{
	int r = set_entrypoint(i, t->root, c);

	if (!i->oci || r < 0)
		return r;
	r = make_dirs(i, t);
	if (r == 0)
		r = set(c, "arch", i->arch);
	if (r == 0)
		r = set(c, "env", i->run.env);
	if (r == 0)
		r = set_user(i, t->root, c);
	if (r == 0 && i->run.cwd && strcmp(i->run.cwd, "/") != 0)
		r = set(c, "lxc.init.cwd", i->run.cwd);
	if (r == 0 && i->run.entrypoint)
		r = set(c, "lxc.signal.halt", i->run.halt ? i->run.halt : "SIGTERM");
	if (r == 0 && i->run.entrypoint)
		r = set(c, "cmode", "console");
	return r;
}
