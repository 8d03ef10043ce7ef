// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/bundle.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"

#define DEPTH_MAX 64

int document_parse(const char *text, size_t n, json_object **out)
{
	json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
	auto_json o = NULL;
	bool whole;

	if (!t)
		return -ENOMEM;
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(t, text, (int)MIN(n, (size_t)DOCUMENT_MAX));
	whole = json_tokener_get_error(t) == json_tokener_success;
	for (size_t i = json_tokener_get_parse_end(t); whole && i < n; i++)
		whole = strchr(" \t\r\n", text[i]) && text[i];
	json_tokener_free(t);
	if (!whole || !json_object_is_type(o, json_type_object))
		return -EBADMSG;
	*out = take_ptr(o);
	return 0;
}

int document_read(int fd, json_object **out)
{
	auto_free char *text = NULL;
	size_t room = 0, n = 0;

	for (;;) {
		ssize_t got;

		if (n == room) {
			char *more = n >= DOCUMENT_MAX ? NULL : realloc(text, room += 65536);

			if (!more)
				return n >= DOCUMENT_MAX ? -E2BIG : -ENOMEM;
			text = more;
		}
		got = read(fd, text + n, room - n);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return document_parse(text, n, out);
		n += (size_t)MAX(got, 0);
	}
}

json_object *document_find(json_object *o, const char *path)
{
	while (o) {
		size_t n = strcspn(path, ".");
		auto_free char *key = strndup(path, n);
		json_object *m = NULL;

		if (!key || !json_object_is_type(o, json_type_object) ||
		    !json_object_object_get_ex(o, key, &m))
			return NULL;
		o = m;
		path += n;
		if (!*path++)
			break;
	}
	return o;
}

const char *document_text(json_object *o, const char *path)
{
	json_object *m = document_find(o, path);
	const char *text =
	    json_object_is_type(m, json_type_string) ? json_object_get_string(m) : NULL;

	return text && *text && strlen(text) == (size_t)json_object_get_string_len(m) ? text : NULL;
}

/* JSON is; json-c does not look. */
static bool is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
		uint32_t c = *p & 0x3f >> MAX(more, 0);

		if (more < 0 || *p++ > 0xf4)
			return false;
		for (int i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
		    (more == 3 && (c < 0x10000 || c > 0x10ffff)))
			return false;
	}
	return true;
}

#define ID_MAX (NAME_MAX - 16) /* it is part of a file's name */

static bool has_controls(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

const char *state_of(json_object *document, struct oci_state *out)
{
	json_object *pid = document_find(document, "pid");
	int64_t n = json_object_get_int64(pid);
	struct oci_state s = { .id = document_text(document, "id"),
			       .bundle = document_text(document, "bundle") };

	if (!s.id)
		return "names no 'id'";
	if (!s.bundle || *s.bundle != '/')
		return "has no absolute path as 'bundle'";
	if (!is_utf8(s.id) || !is_utf8(s.bundle))
		return "has an 'id' or a 'bundle' that is not UTF-8";
	if (strlen(s.id) > ID_MAX)
		return "has an 'id' that is longer than a file's name can be";
	if (has_controls(s.id))
		return "has an 'id' with control characters";
	if (pid && (!json_object_is_type(pid, json_type_int) || n < 0 || n > INT32_MAX))
		return "has a 'pid' that is none";
	s.pid = (pid_t)n;
	*out = s;
	return NULL;
}

int config_read(int bundle, json_object **out)
{
	/* Not to wait for a pipe's other end. */
	auto_fd fd = openat(bundle, "config.json", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0 && !S_ISREG(st.st_mode))
		return refuse(-EINVAL, "the bundle's config.json is no regular file");
	if (r == 0)
		r = document_read(fd, out);
	if (r == -EBADMSG)
		return refuse(r, "the bundle's config.json is no JSON object");
	return r < 0 ? fail(r, "read the bundle's config.json") : 0;
}

bool config_wants_clock(json_object *config)
{
	json_object *list = document_find(config, "linux.namespaces");
	bool pids = false;

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *ns = json_object_array_get_idx(list, i);
		const char *type = document_text(ns, "type");

		if (type && strcmp(type, "time") == 0)
			return false;
		if (type && strcmp(type, "pid") == 0)
			pids = !document_text(ns, "path");
	}
	return pids;
}

static bool is_root(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int config_root(json_object *config, const char *bundle, char *path, size_t size)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	const char *root = document_text(config, "root.path");
	auto_fd dir = -EBADF;
	auto_fd fd = -EBADF;

	if (!root)
		return refuse(-EBADMSG, "the bundle's config.json names no 'root.path'");
	if (*root != '/')
		how.resolve |= RESOLVE_BENEATH;
	dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(-errno, "open the bundle '%s'", bundle);
	fd = (int)syscall(SYS_openat2, dir, root, &how, sizeof(how));
	if (fd < 0 && errno == EXDEV)
		return refuse(-EXDEV, "root.path '%s' leads out of the bundle", root);
	if (fd < 0 && errno == ELOOP)
		return refuse(-ELOOP,
			      "root.path '%s' is or crosses a symbolic link: name the "
			      "directory itself",
			      root);
	if (fd < 0)
		return fail(-errno, "open root.path '%s'", root);
	if (is_root(fd))
		return refuse(-EINVAL, "root.path '%s' is the host's own root", root);
	if ((size_t)snprintf(path, size, "%s%s%s", *root == '/' ? "" : bundle,
			     *root == '/' ? "" : "/", root) >= size)
		return fail(-ENAMETOOLONG, "open root.path '%s'", root);
	return 0;
}
