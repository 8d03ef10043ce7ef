// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/copy/options.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"

#define PERMS_MAX 07777

static const char *form_perms(const char *text)
{
	size_t n = strspn(text, "01234567");

	return n && !text[n] && strtoul(text, NULL, 8) <= PERMS_MAX ? NULL
								    : "octal permissions: 0644";
}

const struct option copy_option_rows[COPY_OPTIONS] = {
	{ "group", OPTION_TEXT, .min = 1, .max = 80, .value = "<name|number>",
	  .help = "group of what is copied, as it is known there" },
	{ "perms", OPTION_TEXT, .min = 1, .max = 5, .form = form_perms, .value = "<octal>",
	  .help = "permissions of files; directories get x where there is r" },
	{ "recursive", OPTION_BOOL, .help = "directories too, with all that is in them" },
	{ "user", OPTION_TEXT, .min = 1, .max = 80, .value = "<name|number>",
	  .help = "owner of what is copied, as it is known there (default root)" },
};

void copy_options_take(const struct args *a, struct copy_options *out)
{
	const char *perms = args_value(a, "perms");

	*out = (struct copy_options){ .recursive = args_bool(a, "recursive"),
				      .has_user = args_value(a, "user"),
				      .has_group = args_value(a, "group"),
				      .has_perms = perms };
	if (perms)
		out->perms = (mode_t)strtoul(perms, NULL, 8);
}

const char *copy_base(const char *path, char out[NAME_MAX + 1])
{
	size_t n = strlen(path), begin;

	while (n && path[n - 1] == '/')
		n--;
	begin = n;
	while (begin && path[begin - 1] != '/')
		begin--;
	snprintf(out, NAME_MAX + 1, "%.*s", (int)MIN(n - begin, (size_t)NAME_MAX), path + begin);
	if (strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
		*out = '\0';
	return out;
}

int copy_check(const struct args *a)
{
	for (int i = 0; i < 2; i++)
		if (!*a->argv[i])
			return refuse(-EINVAL, "a path is empty");
	if (!conf_exists(a->vmid))
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      a->vmid);
	if (!ct_running(a->vmid))
		return refuse(-ESRCH,
			      "CT %u does not run, and only of one that runs are the files "
			      "reached; 'pct start %u' starts it",
			      a->vmid, a->vmid);
	return 0;
}
