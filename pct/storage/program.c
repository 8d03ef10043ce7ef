// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/storage/program.h"
#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tool.h"

int program_check(const struct storage *s, const char *program, const char *package)
{
	static const char *const dirs[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					    "/usr/bin",	       "/sbin",		 "/bin" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = text_of("%s/%s", dirs[i], program);

		if (access(path, X_OK) == 0)
			return 0;
	}
	return refuse(-ENOENT,
		      "storage '%s' of type '%s': there is no '%s': install the package %s", s->id,
		      s->type, program, package);
}

static int complain(const struct storage *s, const char *program, int r, const char *said,
		    const char *what)
{
	if (r < 0)
		return fail(r, "storage '%s': %s", s->id, what);
	if (r == TOOL_MISSING)
		return refuse(-ENOENT, "storage '%s': there is no '%s'", s->id, program);
	said = said ? said + strspn(said, " \n") : "";
	return refuse(-EIO, "storage '%s': %s: %s: %.*s", s->id, what, program,
		      (int)strcspn(said, "\n"), said);
}

int program_run(const struct storage *s, const char *const argv[], const char *what)
{
	auto_free char *answer = NULL, *said = NULL;
	int r = step("storage: run a program");

	if (r == 0)
		r = tool_ask(argv, &answer, &said);
	return r == 0 ? 0 : complain(s, argv[0], r, said, what);
}

int program_ask(const struct storage *s, const char *const argv[], const char *what, bool quiet,
		char **answer)
{
	auto_free char *text = NULL, *said = NULL;
	int r = tool_ask(argv, &text, &said);

	if (r > 0 && r != TOOL_MISSING && quiet)
		return -ENOENT;
	if (r == 0 && !text)
		r = -ENOMEM;
	if (r != 0)
		return complain(s, argv[0], r, said, what);
	*answer = take_ptr(text);
	return 0;
}

char *program_bytes(uint64_t bytes, const char *unit)
{
	return text_of("%llu%s", (unsigned long long)bytes, unit);
}
