// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/host.h"

/* proc/PID/cgroup: no place taken from it leads out of the hierarchy. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgv_host h;
	struct cgv_place p = { { 0 } };

	if (host_dir < 0)
		host_make(&h);
	host_put("proc/7/cgroup", data, size);
	if (cgv_place_of_pid(&h, 7, &p) < 0) {
		HOLDS(!p.path[CGV_MEMORY]);
		return 0;
	}
	for (int c = 0; c < CGV_N_CONTROLLERS; c++) {
		struct span path, part;

		if (!p.path[c])
			continue;
		path = span_of(p.path[c]);
		HOLDS(*p.path[c] != '/');
		while (span_until(&path, '/', &part))
			HOLDS(!span_is(part, ".."));
	}
	cgv_place_free(&p);
	return 0;
}
