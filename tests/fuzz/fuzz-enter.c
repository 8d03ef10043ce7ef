// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/mman.h>

#include "launcher/enter.h"
#include "procfs/mounts.h"
#include "tests/fuzz/fuzz.h"

/* What a container's process has in its memory, at the end of it, and what the kernel says of it.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int mem = -EBADF;
	struct identity who = { .n_groups = SIZE_MAX };
	char out[64], path[512], *text;
	size_t n = MIN(size, sizeof(path) - 1);

	if (mem < 0)
		mem = memfd_create("memory", MFD_CLOEXEC);
	HOLDS(mem >= 0 && ftruncate(mem, 0) == 0);
	HOLDS(pwrite(mem, data, size, 0) == (ssize_t)size);
	if (memory_text(mem, size ? data[0] : 0, out, sizeof(out)) == 0)
		HOLDS(strlen(out) < sizeof(out));
	(void)call_names_proc(mem, size ? data[0] : 0);
	(void)mounts_has_views((struct span){ (const char *)data, (const char *)data + size });

	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	if (identity_parse(text, &who) == 0)
		HOLDS(who.n_groups <= GROUPS_MAX);
	else
		HOLDS(who.n_groups == SIZE_MAX);
	free(text);
	if (label_parse((const char *)data, size, out, sizeof(out)) == 0)
		HOLDS(strlen(out) < sizeof(out));
	memcpy(path, data, n);
	path[n] = '\0';
	HOLDS(own_fd(path) >= 0 || own_fd(path) == -ENOENT);
	return 0;
}
