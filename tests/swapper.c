// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * swapper VICTIM OWN SHARED: a container's root that swaps the targets of views while they are
 * being attached. Runs inside. A packet in is one deed, "DEED TARGET", one out is its end: "d" for
 * done, "f" for failed. VICTIM is a file of the host's, OWN one of the container's, SHARED a folder
 * whose mounts the host has too.
 *
 * "back" takes the last deed back, "bare" makes new trees without a view, of those that were
 * touched.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPWARDS "../../../../../../../../../../../../../../../../../../../../"

static const char *victim, *own, *shared;
static char covered[64]; /* what the last deed has mounted something on; "": nothing */
static bool touched_sys;

static const char *tree_of(const char *target)
{
	return strncmp(target, "/sys/", 5) == 0 ? "/sys" : "/proc";
}

static bool cover(const char *source, const char *onto, const char *type, unsigned long flags)
{
	if (mount(source, onto, type, flags, NULL) < 0)
		return false;
	snprintf(covered, sizeof(covered), "%s", onto);
	touched_sys |= strncmp(onto, "/sys", 4) == 0;
	return true;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void make_way(const char *path)
{
	char part[128];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		(void)mkdir(part, 0755);
	}
}

/* ---- the deeds ---- */

/* Not a file any more, but a way to one of the host's, if it were followed. */
static bool do_link(const char *target)
{
	char to[512];

	snprintf(to, sizeof(to), UPWARDS "%s", victim + 1);
	if (!cover("none", tree_of(target), "tmpfs", 0))
		return false;
	make_way(target);
	return symlink(to, target) == 0;
}

/* The same of the first part of its path. */
static bool do_folder_link(const char *target)
{
	const char *tree = tree_of(target);
	char way[128], to[512];
	size_t n;

	if (!cover("none", tree, "tmpfs", 0))
		return false;
	snprintf(way, sizeof(way), "%s/self", tree);
	if (symlink("/proc/self/root", way) < 0)
		return false;
	snprintf(to, sizeof(to), UPWARDS "%.*s", (int)(strrchr(victim, '/') - victim) - 1,
		 victim + 1);
	n = strcspn(target + strlen(tree) + 1, "/");
	snprintf(way, sizeof(way), "%.*s", (int)(strlen(tree) + 1 + n), target);
	return symlink(to, way) == 0;
}

static bool do_cover(const char *target)
{
	return cover("none", tree_of(target), "tmpfs", 0);
}

static bool do_file(const char *target)
{
	return cover(own, target, NULL, MS_BIND);
}

/* What is mounted there is mounted on the host too. */
static bool do_volume(const char *target)
{
	char from[256];

	snprintf(from, sizeof(from), "%s/%s", shared, is_folder(target) ? "d" : "f");
	return cover(from, target, NULL, MS_BIND);
}

/* A file of its own, whose mount has the number that the view's had. */
static bool do_recycled(const char *target)
{
	return umount2(target, MNT_DETACH) == 0 && cover(own, target, NULL, MS_BIND);
}

/* It calls itself what may be taken off. */
static bool do_fake(const char *target)
{
	return cover("lxcfs", is_folder(target) ? target : tree_of(target), "tmpfs", 0);
}

static bool do_unmount(const char *target)
{
	touched_sys |= strcmp(tree_of(target), "/sys") == 0;
	return umount2(tree_of(target), MNT_DETACH) == 0;
}

static bool do_again(const char *target)
{
	const char *tree = tree_of(target);

	return cover(tree + 1, tree, strcmp(tree, "/sys") == 0 ? "sysfs" : "proc", 0);
}

static bool do_self_root(const char *target)
{
	return cover("/proc/self/root", tree_of(target), NULL, MS_BIND);
}

/* Of the kernel's, but another one: it changes whenever a process wants it to. */
static bool do_self_file(const char *target)
{
	return cover(is_folder(target) ? "/proc/self/task" : "/proc/self/comm", target, NULL,
		     MS_BIND);
}

static bool do_nothing(const char *target)
{
	(void)target;
	return true;
}

/* ---- and the way back ---- */

static bool do_back(const char *target)
{
	bool done = *covered && umount2(covered, MNT_DETACH) == 0;

	(void)target;
	*covered = '\0';
	return done;
}

static bool make_bare(const char *tree, const char *type)
{
	for (int i = 0; i < 64 && umount2(tree, MNT_DETACH) == 0; i++)
		;
	return mount(type, tree, type, 0, NULL) == 0;
}

static bool do_bare(const char *target)
{
	bool sys = touched_sys;

	(void)target;
	*covered = '\0';
	touched_sys = false;
	return make_bare("/proc", "proc") && (!sys || make_bare("/sys", "sysfs"));
}

static const struct {
	const char *name;
	bool (*run)(const char *target);
} deeds[] = {
	{ "link", do_link },	       { "folder-link", do_folder_link },
	{ "cover", do_cover },	       { "file", do_file },
	{ "volume", do_volume },       { "recycled", do_recycled },
	{ "fake", do_fake },	       { "unmount", do_unmount },
	{ "again", do_again },	       { "self-root", do_self_root },
	{ "self-file", do_self_file }, { "nothing", do_nothing },
	{ "back", do_back },	       { "bare", do_bare },
};

static bool run(const char *name, const char *target)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
		if (strcmp(deeds[i].name, name) == 0)
			return deeds[i].run(target);
	return false;
}

int main(int argc, char **argv)
{
	char line[200], name[40], target[160];
	ssize_t n;

	if (argc != 4) {
		fputs("usage: swapper VICTIM OWN SHARED\n", stderr);
		return 2;
	}
	victim = argv[1], own = argv[2], shared = argv[3];
	/* Else the host's own /proc would be unmounted with ours, where its root is shared. */
	if (mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0 ||
	    mount(NULL, "/proc", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(NULL, "/sys", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || chdir("/") < 0)
		return 1;
	touched_sys = true;
	while ((n = read(0, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		if (sscanf(line, "%39s %159s", name, target) != 2 ||
		    write(1, run(name, target) ? "d" : "f", 1) != 1)
			return 1;
	}
	return 0;
}
