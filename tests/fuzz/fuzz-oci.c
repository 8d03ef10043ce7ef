// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as a container's state and as its config.json. One that gets our hooks is read back as
 * the same; without them it is what it was.
 */
#include <limits.h>
#include <stdint.h>

#include "base/say.h"
#include "launcher/hooks.h"
#include "tests/fuzz/fuzz.h"

static void state(json_object *o)
{
	struct oci_state s;

	if (state_of(o, &s))
		return;
	HOLDS(s.id && *s.id && *s.bundle == '/' && s.pid >= 0);
}

static void config(json_object *o)
{
	static const char *const words[] = { HOOK_OWN, "oci", "createRuntime" };
	auto_json again = NULL;
	char root[PATH_MAX];
	const char *text;

	(void)config_wants_clock(o);
	(void)!config_root(o, "/proc/self", root, sizeof(root));
	hooks_drop(o);
	for (int i = 0; i < 2; i++) {
		if (hooks_add(o, "createRuntime", hook_new("/x/pct-launch", words, 3)) < 0)
			return;
		text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
		HOLDS(document_parse(text, strlen(text), &again) == 0);
		HOLDS(json_object_equal(o, again));
		json_object_put(take_ptr(again));
		hooks_drop(o);
		HOLDS(json_object_array_length(document_find(o, "hooks.createRuntime")) == 0 ||
		      i == 0 || !strstr(json_object_to_json_string(o), "/x/pct-launch\""));
		if (hooks_find(o, "createRuntime"))
			(void)!hook_word(hooks_find(o, "createRuntime"), "--strict");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json o = NULL;

	say_limit = SAY_ERR - 1;
	if (document_parse((const char *)data, size, &o) < 0)
		return 0;
	state(o);
	config(o);
	return 0;
}
