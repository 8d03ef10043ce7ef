// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/root/archive.h"

#include <dlfcn.h>

#include "base/say.h"

#define LIBRARY "libarchive.so.13"

struct archive_calls archive_lib;

static const struct {
	const char *name;
	size_t offset;
} calls[] = {
#define X(name) { #name, offsetof(struct archive_calls, call_##name) },
	ARCHIVE_CALLS(X)
#undef X
};

int archive_load(void)
{
	struct archive_calls found;
	void *lib = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

	if (!lib)
		return refuse(-ENOENT, "templates cannot be unpacked without '" LIBRARY
				       "': install the package libarchive13");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		void *call = dlsym(lib, calls[i].name);

		if (!call)
			return refuse(-ENOSYS, "'" LIBRARY "' has no %s(): it is too old",
				      calls[i].name);
		memcpy((char *)&found + calls[i].offset, &call, sizeof(call));
	}
	archive_lib = found;
	return 0;
}
