// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/tree.h"

#include <fts.h>
#include <limits.h>

// clang-format off
const char *const tree_whole[] = {
	"sys/devices/system/cpu",
	"sys/devices/system/memory",
	"sys/devices/system/node",
	"sys/kernel/mm/hugepages",
	NULL,
};
// clang-format on

static bool has(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return access(path, F_OK) == 0;
}

bool tree_is(const char *root)
{
	return has(root, "proc/meminfo");
}

bool tree_is_inner(const char *root)
{
	return tree_is(root) && !has(root, "ct");
}

static bool is_whole(const char *path)
{
	for (const char *const *w = tree_whole; *w; w++)
		if (strcmp(*w, path) == 0)
			return true;
	return false;
}

int tree_views(const char *root, json_object **out)
{
	auto_free char *proc = NULL, *sys = NULL;
	json_object *list;
	FTSENT *e;
	FTS *f;
	int r;

	if (asprintf(&proc, "%s/proc", root) < 0 || asprintf(&sys, "%s/sys", root) < 0)
		return -ENOMEM;
	f = fts_open((char *[]){ proc, sys, NULL }, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!f)
		return -errno;
	list = json_object_new_array();
	errno = 0;
	while ((e = fts_read(f))) {
		const char *path = e->fts_path + strlen(root) + 1;

		if (e->fts_info != FTS_F && (e->fts_info != FTS_D || !is_whole(path)))
			continue;
		json_object_array_add(list, json_object_new_string(path));
		fts_set(f, e, FTS_SKIP);
	}
	r = -errno;
	fts_close(f);
	if (r < 0)
		json_object_put(list);
	else
		*out = list;
	return r;
}
