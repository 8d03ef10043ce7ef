// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/signature.h"

#include "base/say.h"
#include "pct/conf/site.h"
#include "pct/image/http.h"
#include "pct/image/store.h"
#include "pct/paths.h"
#include "pct/tool.h"

#define SIGNATURE_MAX (1u << 20)

/* NULL: none. malloc'ed */
static char *keyring(void)
{
	char *path = site_text("image-keyring");

	if (path)
		return path;
	path = path_to("etc/pct/images.gpg");
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

bool signature_wanted(void)
{
	auto_free char *keys = keyring();

	return keys;
}

static int get(const char *url, struct part *to)
{
	static const char *const ends[] = { ".asc", ".sig", ".gpg" };
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_LEN(ends); i++) {
		auto_free char *at = text_of("%s%s", url, ends[i]);
		auto_free char *text = NULL;
		size_t n;

		r = http_text(at, SIGNATURE_MAX, &text, &n);
		if (r == 0)
			r = part_new(to);
		if (r == 0 && write(to->fd, text, n) != (ssize_t)n)
			r = fail(-EIO, "write '%s'", to->path);
	}
	return r;
}

int signature_check(const char *url, const char *path)
{
	auto_free char *keys = keyring();
	auto_part signature = PART_NONE;
	const char *argv[] = { "gpgv", "--keyring", keys, NULL, path, NULL };
	auto_free char *said = NULL;
	int r;

	if (!keys)
		return -ENOENT;
	if (access(keys, R_OK) < 0)
		return fail(-errno, "read the keys of image-keyring, '%s'", keys);
	r = get(url, &signature);
	if (r < 0)
		return r;
	argv[3] = signature.path;
	r = tool_try(argv, "", NULL, &said);
	if (r == TOOL_MISSING)
		return refuse(-ENOENT,
			      "check the signature of '%s': there is no 'gpgv': install "
			      "the package gpgv",
			      url);
	if (r < 0)
		return fail(r, "check the signature of '%s'", url);
	return r == 0 ? 0
		      : refuse(-EBADMSG,
			       "the signature of '%s' is not good, or by nobody whose key is in "
			       "'%s'; nothing of it is used",
			       url, keys);
}
