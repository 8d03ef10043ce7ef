// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/kept.h"

#include <limits.h>
#include <stdbool.h>

static bool in_user_namespace(void)
{
	auto_file f = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, n;

	return f && fscanf(f, "%lu %lu %lu", &inside, &outside, &n) == 3 &&
	       (inside != 0 || outside != 0 || n != 4294967295ul);
}

/* A user's folder is root's only where root is some user of the host's. */
static bool runc_takes_users(void)
{
	const char *user = getenv("USER");

	return geteuid() != 0 || (in_user_namespace() && (!user || strcmp(user, "root") != 0));
}

static bool crun_takes_users(void)
{
	return true;
}

/* Programs whose name begins so: "crun-1.9" is one. */
static const struct {
	const char *name;
	bool (*takes_users)(void); /* is it below XDG_RUNTIME_DIR, where there is one? */
} runtimes[] = {
	{ "runc", runc_takes_users },
	{ "crun", crun_takes_users },
};

const char *kept_known(size_t i)
{
	return i < ARRAY_LEN(runtimes) ? runtimes[i].name : NULL;
}

static int by_default(const char *runtime, char *path, size_t size)
{
	const char *slash = strrchr(runtime, '/'), *name = slash ? slash + 1 : runtime;
	const char *users = getenv("XDG_RUNTIME_DIR");
	size_t i = 0;

	while (i < ARRAY_LEN(runtimes) &&
	       strncmp(runtimes[i].name, name, strlen(runtimes[i].name)) != 0)
		i++;
	if (i == ARRAY_LEN(runtimes))
		return -ENOENT;
	if (!users || !*users || !runtimes[i].takes_users())
		users = "/run";
	return (size_t)snprintf(path, size, "%s/%s", users, runtimes[i].name) >= size
		   ? -ENAMETOOLONG
		   : 0;
}

int kept_root(const char *runtime, const char *root, char *path, size_t size)
{
	char here[PATH_MAX], by_name[PATH_MAX];
	int r;

	if (!*root) {
		r = by_default(runtime, by_name, sizeof(by_name));
		if (r < 0)
			return r;
		root = by_name;
	}
	if (*root != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	return (size_t)snprintf(path, size, "%s%s%s", *root == '/' ? "" : here,
				*root == '/' ? "" : "/", root) >= size
		   ? -ENAMETOOLONG
		   : 0;
}
