// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * liblxc and libarchive, loaded when something is first asked of them: the two and all they need
 * (ICU, PCRE, libstdc++) take five times as long to load as most commands run. Their functions
 * have their own names here, so callers know nothing of it: one that is used has a row.
 */
#include <archive.h>
#include <archive_entry.h>
#include <crypt.h>
#include <dlfcn.h>
#include <lxc/lxccontainer.h>

#include "base/say.h"

static void *find(const char *library, const char *package, const char *name)
{
	void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void *function = lib ? dlsym(lib, name) : NULL;

	if (!function) {
		say(SAY_ERR, 0, "load %s: %s; is the package %s installed?", library, dlerror(),
		    package);
		exit(EXIT_FAILURE);
	}
	return function;
}

#define LOADED(library, package, type, name, parameters, arguments)                                \
	type name parameters                                                                       \
	{                                                                                          \
		static __typeof__(&name) function;                                                 \
                                                                                                   \
		if (!function)                                                                     \
			function = (__typeof__(&name))find(library, package, #name);               \
		return function arguments;                                                         \
	}
#define LXC(...)     LOADED("liblxc.so.1", "liblxc1", __VA_ARGS__)
#define CRYPT(...)   LOADED("libcrypt.so.1", "libcrypt1", __VA_ARGS__)
#define ARCHIVE(...) LOADED("libarchive.so.13", "libarchive13", __VA_ARGS__)

// clang-format off
LXC(struct lxc_container *, lxc_container_new, (const char *name, const char *path), (name, path))
LXC(int, lxc_container_put, (struct lxc_container *c), (c))

CRYPT(char *, crypt_gensalt_ra,
      (const char *prefix, unsigned long count, const char *chance, int n),
      (prefix, count, chance, n))
CRYPT(char *, crypt_ra, (const char *phrase, const char *setting, void **data, int *size),
      (phrase, setting, data, size))

ARCHIVE(const char *, archive_error_string, (struct archive *a), (a))
ARCHIVE(struct archive *, archive_read_new, (void), ())
ARCHIVE(int, archive_read_support_filter_bzip2, (struct archive *a), (a))
ARCHIVE(int, archive_read_support_filter_gzip, (struct archive *a), (a))
ARCHIVE(int, archive_read_support_filter_xz, (struct archive *a), (a))
ARCHIVE(int, archive_read_support_filter_zstd, (struct archive *a), (a))
ARCHIVE(int, archive_read_support_format_tar, (struct archive *a), (a))
ARCHIVE(int, archive_read_open_fd, (struct archive *a, int fd, size_t block), (a, fd, block))
ARCHIVE(int, archive_read_next_header, (struct archive *a, struct archive_entry **e), (a, e))
ARCHIVE(int, archive_read_data_block,
	(struct archive *a, const void **block, size_t *n, la_int64_t *at), (a, block, n, at))
ARCHIVE(int, archive_read_free, (struct archive *a), (a))
ARCHIVE(struct archive *, archive_write_disk_new, (void), ())
ARCHIVE(int, archive_write_disk_set_options, (struct archive *a, int flags), (a, flags))
ARCHIVE(int, archive_write_header, (struct archive *a, struct archive_entry *e), (a, e))
ARCHIVE(la_ssize_t, archive_write_data_block,
	(struct archive *a, const void *block, size_t n, la_int64_t at), (a, block, n, at))
ARCHIVE(int, archive_write_finish_entry, (struct archive *a), (a))
ARCHIVE(int, archive_write_close, (struct archive *a), (a))
ARCHIVE(int, archive_write_free, (struct archive *a), (a))

ARCHIVE(const char *, archive_entry_pathname, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_pathname_utf8, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_hardlink, (struct archive_entry *e), (e))
ARCHIVE(__LA_MODE_T, archive_entry_filetype, (struct archive_entry *e), (e))
ARCHIVE(la_int64_t, archive_entry_size, (struct archive_entry *e), (e))
ARCHIVE(la_int64_t, archive_entry_uid, (struct archive_entry *e), (e))
ARCHIVE(la_int64_t, archive_entry_gid, (struct archive_entry *e), (e))
ARCHIVE(void, archive_entry_set_uid, (struct archive_entry *e, la_int64_t id), (e, id))
ARCHIVE(void, archive_entry_set_gid, (struct archive_entry *e, la_int64_t id), (e, id))
ARCHIVE(void, archive_entry_set_uname, (struct archive_entry *e, const char *name), (e, name))
ARCHIVE(void, archive_entry_set_gname, (struct archive_entry *e, const char *name), (e, name))
ARCHIVE(void, archive_entry_acl_clear, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_acl_count, (struct archive_entry *e, int type), (e, type))
ARCHIVE(int, archive_entry_acl_reset, (struct archive_entry *e, int type), (e, type))
ARCHIVE(int, archive_entry_acl_next,
	(struct archive_entry *e, int want, int *type, int *perms, int *tag, int *id,
	 const char **name), (e, want, type, perms, tag, id, name))
ARCHIVE(int, archive_entry_acl_add_entry,
	(struct archive_entry *e, int type, int perms, int tag, int id, const char *name),
	(e, type, perms, tag, id, name))
ARCHIVE(void, archive_entry_xattr_clear, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_xattr_count, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_xattr_reset, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_xattr_next,
	(struct archive_entry *e, const char **name, const void **value, size_t *n),
	(e, name, value, n))
ARCHIVE(void, archive_entry_xattr_add_entry,
	(struct archive_entry *e, const char *name, const void *value, size_t n),
	(e, name, value, n))
// clang-format on
