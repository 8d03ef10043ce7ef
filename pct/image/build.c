// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/build.h"
#include <ctype.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/image/import.h"
#include "pct/paths.h"
#include "pct/tool.h"

static const struct {
	const char *os, *number, *suite;
} suites[] = {
	{ "debian", "11", "bullseye" }, { "debian", "12", "bookworm" },
	{ "debian", "13", "trixie" },	{ "debian", "14", "forky" },
	{ "ubuntu", "20.04", "focal" }, { "ubuntu", "22.04", "jammy" },
	{ "ubuntu", "24.04", "noble" }, { "ubuntu", "26.04", "resolute" },
};

/* What a system needs to begin, and to be reached by its network. */
#define INIT "systemd-sysv,dbus,netbase,iproute2,iputils-ping,procps"

static const struct {
	const char *name, *include;
} variants[] = {
	/* The first is what is meant without one. */
	{ "important", "dbus,netbase" },
	{ "minbase", INIT ",ifupdown" },
	{ "standard", "dbus,netbase" },
	{ "apt", INIT },
	{ "required", INIT },
	{ "buildd", INIT },
};

/* A name of letters: one that a later release may have. */
static bool is_suite(const char *text)
{
	const char *p = text;

	while (islower((unsigned char)*p))
		p++;
	return p > text && !*p && p - text < 32;
}

int recipe_of(const char *name, struct recipe *out)
{
	static const char *const systems[] = { "debian", "ubuntu" };
	struct recipe r = { .variant = variants[0].name, .include = variants[0].include };
	auto_free char *copy = text_of("%s", name);
	char *rest = copy, *os = strsep(&rest, "-/"), *release = strsep(&rest, "-/");

	for (size_t i = 0; i < ARRAY_LEN(systems); i++)
		if (strcmp(os, systems[i]) == 0)
			r.os = systems[i];
	if (!r.os || !release)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(suites); i++)
		if (strcmp(suites[i].os, r.os) == 0 && strcmp(suites[i].number, release) == 0)
			snprintf(r.suite, sizeof(r.suite), "%s", suites[i].suite);
	if (!*r.suite && !is_suite(release))
		return -EINVAL;
	if (!*r.suite)
		snprintf(r.suite, sizeof(r.suite), "%s", release);
	if (rest) {
		r.variant = NULL;
		for (size_t i = 0; i < ARRAY_LEN(variants); i++)
			if (strcmp(variants[i].name, rest) == 0) {
				r.variant = variants[i].name;
				r.include = variants[i].include;
			}
	}
	if (!r.variant)
		return -EINVAL;
	*out = r;
	return 0;
}

static const char *last_line(char *text)
{
	char *line;

	for (size_t n = strlen(text); n && text[n - 1] == '\n';)
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static int make_tar(const struct recipe *r, const char *mirror, const char *arch, const char *tar)
{
	auto_free char *variant = text_of("--variant=%s", r->variant);
	auto_free char *include = text_of("--include=%s", r->include);
	auto_free char *for_arch = text_of("--architectures=%s", arch);
	const char *argv[] = { "mmdebstrap", "--quiet", "--format=tar", variant, include, for_arch,
			       r->suite,     tar,	mirror,		NULL };
	auto_free char *said = NULL;
	int got = tool_try(argv, "", "/", &said);

	if (got < 0)
		return fail(got, "run mmdebstrap");
	if (got == TOOL_MISSING)
		return refuse(-ENOENT, "there is no 'mmdebstrap': install the package mmdebstrap");
	return got == 0
		   ? 0
		   : refuse(-EIO, "mmdebstrap: %s", said && *said ? last_line(said) : "it failed");
}

/* mmdebstrap may have made a file of its own with the part's name. */
static int take(struct part *part, const char *arch, struct image *i, struct progress *p)
{
	auto_fd made = open(part->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st, was;

	if (made < 0 || fstat(made, &st) < 0 || fstat(part->fd, &was) < 0)
		return fail(-errno, "open what mmdebstrap made");
	if (st.st_ino != was.st_ino) {
		if (flock(made, LOCK_EX | LOCK_NB) < 0)
			return fail(-errno, "lock what mmdebstrap made");
		close_fd(&part->fd);
		part->fd = take_fd(&made);
	}
	return import_file(part->fd, part, arch, i, p);
}

int build(const char *what, const char *name, const char *mirror, const char *arch,
	  struct progress *p)
{
	struct recipe recipe;
	auto_part part = PART_NONE;
	auto_image i = { .name = text_of("%s", name) };
	int r;

	arch = arch ? arch : import_arch();
	if (recipe_of(what, &recipe) < 0)
		return refuse(-EINVAL,
			      "'%s' cannot be built: say debian-12, debian-trixie, ubuntu-24.04, "
			      "and so on, and after that maybe -minbase, -standard or -apt",
			      what);
	i.source = text_of("mmdebstrap %s %s", recipe.variant, recipe.suite);
	i.os = text_of("%s", recipe.os);
	i.release = text_of("%s", recipe.suite);
	i.variant = text_of("%s", recipe.variant);
	i.arch = text_of("%s", arch);
	r = store_clean();
	if (r == 0)
		r = part_new(&part);
	if (r < 0)
		return r;
	progress_begin(p, 0, "build %s", name);
	r = progress_end(p, make_tar(&recipe, mirror, arch, part.path));
	return r < 0 ? r : take(&part, arch, &i, p);
}
