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

static bool calls(json_object *hook, const char *program)
{
	const char *path = document_text(hook, "path");
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && strcmp(slash + 1, program) == 0;
}

static bool has_word(json_object *args, const char *word)
{
	for (size_t i = 0; i < json_object_array_length(args); i++) {
		json_object *a = json_object_array_get_idx(args, i);

		if (json_object_is_type(a, json_type_string) &&
		    strcmp(json_object_get_string(a), word) == 0)
			return true;
	}
	return false;
}

/* Not those that an engine was told to add: their words are somebody's wish. */
static bool is_own(json_object *hook)
{
	json_object *args = document_find(hook, "args"), *first = NULL;

	if (json_object_is_type(args, json_type_array) && json_object_array_length(args) > 0)
		first = json_object_array_get_idx(args, 0);
	return json_object_is_type(first, json_type_string) &&
	       strcmp(json_object_get_string(first), HOOK_OWN) == 0 &&
	       (calls(hook, "pct-launch") || calls(hook, "pct-runc"));
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
			if (is_own(json_object_array_get_idx(list, i)))
				json_object_array_del_idx(list, i, 1);
	}
}

json_object *hooks_find(json_object *config, const char *stage)
{
	json_object *list = document_find(document_find(config, "hooks"), stage);

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (calls(json_object_array_get_idx(list, i), "pct-launch"))
			return json_object_array_get_idx(list, i);
	return NULL;
}

int hook_word(json_object *hook, const char *word)
{
	json_object *args = document_find(hook, "args");

	if (!json_object_is_type(args, json_type_array))
		return -EBADMSG;
	if (has_word(args, word))
		return 0;
	return json_object_array_add(args, json_object_new_string(word)) < 0 ? -ENOMEM : 0;
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
