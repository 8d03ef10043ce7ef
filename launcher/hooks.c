// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/hooks.h"

#include <limits.h>

#include "base/say.h"

/* Seconds: pctfs is waited for twice at most, ten each, and then there is still a message. */
#define TIMEOUT 30

json_object *hook_new(const char *path, const char *const *words, size_t n)
{
	json_object *hook = json_object_new_object(), *args = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		if (words[i] && *words[i])
			json_object_array_add(args, json_object_new_string(words[i]));
	json_object_object_add(hook, "path", json_object_new_string(path));
	json_object_object_add(hook, "args", args);
	json_object_object_add(hook, "timeout", json_object_new_int(TIMEOUT));
	return hook;
}

/* The member, made where there is none; also where it is null, as Go writes what is empty. */
static json_object *member_made(json_object *o, const char *key, json_type type)
{
	json_object *m = document_find(o, key);

	if (m)
		return json_object_is_type(m, type) ? m : NULL;
	m = type == json_type_array ? json_object_new_array() : json_object_new_object();
	json_object_object_add(o, key, m);
	return m;
}

int hooks_add(json_object *config, const char *stage, json_object *hook)
{
	json_object *hooks = member_made(config, "hooks", json_type_object);
	json_object *list = hooks ? member_made(hooks, stage, json_type_array) : NULL;

	if (!list) {
		json_object_put(hook);
		return -EBADMSG;
	}
	return json_object_array_add(list, hook) < 0 ? -ENOMEM : 0;
}

static bool is_ours(json_object *hook)
{
	const char *path = document_text(hook, "path");
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && (strcmp(slash, "/pct-launch") == 0 || strcmp(slash, "/pct-runc") == 0);
}

void hooks_drop(json_object *config)
{
	json_object *hooks = document_find(config, "hooks");

	if (!json_object_is_type(hooks, json_type_object))
		return;
	json_object_object_foreach(hooks, stage, list)
	{
		(void)stage;
		if (!json_object_is_type(list, json_type_array))
			continue;
		for (size_t i = json_object_array_length(list); i-- > 0;)
			if (is_ours(json_object_array_get_idx(list, i)))
				json_object_array_del_idx(list, i, 1);
	}
}

int program_beside(const char *name, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return fail(-errno, "find the folder this program is in");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if ((size_t)snprintf(path, size, "%s/%s", self, name) >= size)
		return fail(-ENAMETOOLONG, "find '%s' beside this program", name);
	return 0;
}
