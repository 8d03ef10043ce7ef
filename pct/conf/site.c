// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/site.h"
#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/conf/config.h"
#include "pct/net/file.h"
#include "pct/paths.h"

static const char *form_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0
		   ? NULL
		   : "an address that begins with https:// or http://";
}

static const char *form_size(const char *text)
{
	uint64_t bytes;
	bool more;

	return size_wanted(text, &more, &bytes) == 0 && !more && bytes ? NULL : "a size as 64G";
}

static const char *form_path(const char *text)
{
	return *text == '/' ? NULL : "a path that begins with /";
}

// clang-format off
const struct option site_options[] = {
	{ "image-expiry", OPTION_INT, .min = 0, .max = 36500, .value = "<days>",
	  .help = "downloaded images that nobody used so long go; 0: none; the default is 10" },
	{ "image-keyring", OPTION_TEXT, .min = 1, .max = 4096, .form = form_path, .value = "<file>",
	  .help = "whose signatures are believed; etc/pct/images.gpg if it is there" },
	{ "image-server", OPTION_TEXT, .min = 1, .max = 1024, .form = form_url, .value = "<URL>",
	  .help = "a simplestreams server" },
	{ "image-timeout", OPTION_INT, .min = 1, .max = 3600, .value = "<s>",
	  .help = "how long a server may say nothing; the default is 30" },
	{ "unpack-max-entries", OPTION_INT, .min = 1, .max = 1ll << 40,
	  .help = "files in one image; the default is 4000000" },
	{ "unpack-max-size", OPTION_TEXT, .min = 1, .max = 32, .form = form_size, .value = "<size>",
	  .help = "what they may take on the disk; the default is 256G" },
};
// clang-format on
const size_t n_site_options = ARRAY_LEN(site_options);

static const struct config *site(void)
{
	static struct config c;
	auto_free char *path = NULL;
	auto_free char *text = NULL;

	if (c.n)
		return &c;
	path = path_to("etc/pct/pct.conf");
	text = file_read(path);
	if (!text && errno != ENOENT)
		warn(-errno, "read '%s'", path);
	if (config_parse(text ? text : "", text ? strlen(text) : 0, &c, NULL) < 0)
		warn(0, "'%s' cannot be read and is not used", path);
	return &c;
}

static const struct option *row_of(const char *name)
{
	for (size_t i = 0; i < n_site_options; i++)
		if (strcmp(site_options[i].name, name) == 0)
			return &site_options[i];
	return NULL;
}

char *site_text(const char *name)
{
	const struct option *o = row_of(name);
	const char *said = o ? config_get(site(), name) : NULL;
	char why[OPTION_WHY];
	char *value = NULL;

	if (said && option_take(o, said, &value, why) < 0)
		warn(0, "'%s/etc/pct/pct.conf': %s: %s; it is not used", paths_root(), name, why);
	return value;
}

uint64_t site_number(const char *name, uint64_t fallback)
{
	auto_free char *value = site_text(name);
	uint64_t n;
	bool more;

	if (!value)
		return fallback;
	return size_wanted(value, &more, &n) == 0 ? n : fallback;
}
