// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * liblxc, libarchive and libcurl, loaded when something is first asked of them: they and all they
 * need (ICU, PCRE, libstdc++) take five times as long to load as most commands run. Their functions
 * have their own names here, so callers know nothing of it: one that is used has a row.
 */
#include <archive.h>
#include <archive_entry.h>
#include <crypt.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <lxc/lxccontainer.h>
#include <stdarg.h>

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
#define CURLS(...)   LOADED("libcurl.so.4", "libcurl4", __VA_ARGS__)

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
ARCHIVE(int, archive_read_support_format_empty, (struct archive *a), (a))
ARCHIVE(int, archive_read_support_format_raw, (struct archive *a), (a))
ARCHIVE(la_int64_t, archive_filter_bytes, (struct archive *a, int i), (a, i))
ARCHIVE(int, archive_filter_count, (struct archive *a), (a))
ARCHIVE(int, archive_read_open,
	(struct archive *a, void *arg, archive_open_callback *open, archive_read_callback *next,
	 archive_close_callback *end), (a, arg, open, next, end))
ARCHIVE(int, archive_read_open_fd, (struct archive *a, int fd, size_t block), (a, fd, block))
ARCHIVE(int, archive_read_next_header, (struct archive *a, struct archive_entry **e), (a, e))
ARCHIVE(la_int64_t, archive_read_header_position, (struct archive *a), (a))
ARCHIVE(int, archive_read_data_block,
	(struct archive *a, const void **block, size_t *n, la_int64_t *at), (a, block, n, at))
ARCHIVE(int, archive_read_free, (struct archive *a), (a))
ARCHIVE(int, archive_write_header, (struct archive *a, struct archive_entry *e), (a, e))
ARCHIVE(la_ssize_t, archive_write_data_block,
	(struct archive *a, const void *block, size_t n, la_int64_t at), (a, block, n, at))
ARCHIVE(int, archive_write_finish_entry, (struct archive *a), (a))
ARCHIVE(int, archive_write_close, (struct archive *a), (a))
ARCHIVE(int, archive_write_free, (struct archive *a), (a))

ARCHIVE(const char *, archive_entry_pathname, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_pathname_utf8, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_hardlink, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_hardlink_utf8, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_symlink, (struct archive_entry *e), (e))
ARCHIVE(const char *, archive_entry_symlink_utf8, (struct archive_entry *e), (e))
ARCHIVE(__LA_MODE_T, archive_entry_perm, (struct archive_entry *e), (e))
ARCHIVE(dev_t, archive_entry_rdev, (struct archive_entry *e), (e))
ARCHIVE(time_t, archive_entry_mtime, (struct archive_entry *e), (e))
ARCHIVE(long, archive_entry_mtime_nsec, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_mtime_is_set, (struct archive_entry *e), (e))
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

CURLS(CURL *, curl_easy_init, (void), ())
CURLS(CURLcode, curl_easy_perform, (CURL *c), (c))
CURLS(void, curl_easy_cleanup, (CURL *c), (c))
CURLS(const char *, curl_easy_strerror, (CURLcode c), (c))
ARCHIVE(int, archive_errno, (struct archive *a), (a))
ARCHIVE(struct archive *, archive_write_new, (void), ())
ARCHIVE(int, archive_write_add_filter_gzip, (struct archive *a), (a))
ARCHIVE(int, archive_write_add_filter_none, (struct archive *a), (a))
ARCHIVE(int, archive_write_add_filter_zstd, (struct archive *a), (a))
ARCHIVE(int, archive_write_fail, (struct archive *a), (a))
ARCHIVE(int, archive_write_set_filter_option,
	(struct archive *a, const char *module, const char *option, const char *value),
	(a, module, option, value))
ARCHIVE(int, archive_write_set_format_pax, (struct archive *a), (a))
ARCHIVE(int, archive_write_set_format_option,
	(struct archive *a, const char *module, const char *option, const char *value),
	(a, module, option, value))
ARCHIVE(int, archive_write_set_bytes_in_last_block, (struct archive *a, int n), (a, n))
ARCHIVE(int, archive_write_set_bytes_per_block, (struct archive *a, int n), (a, n))
ARCHIVE(int, archive_write_open,
	(struct archive *a, void *arg, archive_open_callback *open_it, archive_write_callback *write_it,
	 archive_close_callback *close_it), (a, arg, open_it, write_it, close_it))
ARCHIVE(la_ssize_t, archive_write_data, (struct archive *a, const void *from, size_t n),
	(a, from, n))
ARCHIVE(la_ssize_t, archive_read_data, (struct archive *a, void *to, size_t n), (a, to, n))
ARCHIVE(int, archive_read_data_skip, (struct archive *a), (a))

ARCHIVE(struct archive_entry *, archive_entry_new, (void), ())
ARCHIVE(struct archive_entry *, archive_entry_clear, (struct archive_entry *e), (e))
ARCHIVE(void, archive_entry_free, (struct archive_entry *e), (e))
ARCHIVE(void, archive_entry_set_filetype, (struct archive_entry *e, unsigned type), (e, type))
ARCHIVE(void, archive_entry_set_hardlink, (struct archive_entry *e, const char *path), (e, path))
ARCHIVE(void, archive_entry_set_mtime, (struct archive_entry *e, time_t s, long ns), (e, s, ns))
ARCHIVE(void, archive_entry_set_pathname, (struct archive_entry *e, const char *path), (e, path))
ARCHIVE(void, archive_entry_set_perm, (struct archive_entry *e, __LA_MODE_T perm), (e, perm))
ARCHIVE(void, archive_entry_set_rdevmajor, (struct archive_entry *e, dev_t n), (e, n))
ARCHIVE(void, archive_entry_set_rdevminor, (struct archive_entry *e, dev_t n), (e, n))
ARCHIVE(void, archive_entry_set_size, (struct archive_entry *e, la_int64_t n), (e, n))
ARCHIVE(void, archive_entry_set_symlink, (struct archive_entry *e, const char *path), (e, path))
ARCHIVE(void, archive_entry_sparse_add_entry,
	(struct archive_entry *e, la_int64_t at, la_int64_t n), (e, at, n))
ARCHIVE(int, archive_entry_sparse_reset, (struct archive_entry *e), (e))
ARCHIVE(int, archive_entry_sparse_next,
	(struct archive_entry *e, la_int64_t *at, la_int64_t *n), (e, at, n))
// clang-format on

/* The name of these two is a macro, too, and their last argument is of any type. */
CURLcode(curl_easy_setopt)(CURL *c, CURLoption option, ...)
{
	static __typeof__(&(curl_easy_setopt)) function;
	CURLcode r;
	va_list ap;

	if (!function)
		function =
		    (__typeof__(function))find("libcurl.so.4", "libcurl4", "curl_easy_setopt");
	va_start(ap, option);
	if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
		r = function(c, option, va_arg(ap, curl_off_t));
	else if (option >= CURLOPTTYPE_OBJECTPOINT)
		r = function(c, option, va_arg(ap, void *));
	else
		r = function(c, option, va_arg(ap, long));
	va_end(ap);
	return r;
}

CURLcode(curl_easy_getinfo)(CURL *c, CURLINFO what, ...)
{
	static __typeof__(&(curl_easy_getinfo)) function;
	CURLcode r;
	va_list ap;

	if (!function)
		function =
		    (__typeof__(function))find("libcurl.so.4", "libcurl4", "curl_easy_getinfo");
	va_start(ap, what);
	r = function(c, what, va_arg(ap, void *));
	va_end(ap);
	return r;
}
