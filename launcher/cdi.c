// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A CDI specification (Container Device Interface): "devices" an engine adds to a container, which
 * are nothing but our hooks.
 */
#include <limits.h>

#include "launcher/hooks.h"
#include "launcher/launch.h"

#define VERSION "0.3.0" /* that has all it needs: old engines refuse newer ones */
#define KIND	"pct/views"

static const struct {
	const char *name, *option;
} devices[] = {
	{ "default", "" },
	{ "fast", "--fast" },
	{ "strict", "--strict" },
};

static const char *const stages[] = { "createRuntime", "poststop" };

static const char *cpus_option(enum cpus_life cpus)
{
	static const char *const names[] = {
		[CPUS_UNKNOWN] = "",
		[CPUS_FIXED] = "--cpus=fixed",
		[CPUS_LIVE] = "--cpus=live",
	};

	return names[cpus];
}

static json_object *hooks_of(const struct options *o, const char *program, const char *option)
{
	json_object *hooks = json_object_new_array();

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		const char *const words[] = { "pct-launch",
					      o->socket_named ? "--socket" : "",
					      o->socket_named ? o->socket : "",
					      cpus_option(o->cpus),
					      option,
					      "oci",
					      stages[i] };
		json_object *hook = hook_new(program, words, ARRAY_LEN(words));

		json_object_object_add(hook, "hookName", json_object_new_string(stages[i]));
		json_object_array_add(hooks, hook);
	}
	return hooks;
}

static json_object *device(const struct options *o, const char *program, size_t i)
{
	json_object *d = json_object_new_object(), *edits = json_object_new_object();

	json_object_object_add(edits, "hooks", hooks_of(o, program, devices[i].option));
	json_object_object_add(d, "name", json_object_new_string(devices[i].name));
	json_object_object_add(d, "containerEdits", edits);
	return d;
}

static int run(const struct options *o, int argc, char *argv[])
{
	auto_json spec = json_object_new_object();
	json_object *list = json_object_new_array();
	char program[PATH_MAX];
	int r = program_beside("pct-launch", program, sizeof(program));

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		json_object_array_add(list, device(o, program, i));
	json_object_object_add(spec, "cdiVersion", json_object_new_string(VERSION));
	json_object_object_add(spec, "kind", json_object_new_string(KIND));
	json_object_object_add(spec, "devices", list);
	if (r < 0)
		return r;
	if (puts(json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE)) < 0 ||
	    fflush(stdout) < 0)
		return fail(-errno, "write the specification");
	return 0;
}

const struct command cmd_cdi = {
	.name = "cdi",
	.args = "",
	.help = "Print a CDI specification: docker run --device pct/views=default",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
