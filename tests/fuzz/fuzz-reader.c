// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/reader.h"
#include "tests/fuzz/host.h"

/*
 * The first half is proc/PID/syscall, the rest what fdinfo says of its file. Who reads is at one
 * place: never at the start and between, whatever the text.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgv_host h;
	bool start, rest;

	if (host_dir < 0)
		host_make(&h);
	host_put("proc/7/syscall", data, size / 2);
	host_put("proc/7/fdinfo/0", data + size / 2, size - size / 2);
	start = reader_at_start(&h, 7, 4711, 100);
	rest = reader_at_rest(&h, 7, 4711, 100);
	/* Without a call that tells its place, only who is at rest is at the start. */
	HOLDS(size / 2 > 0 || !start || rest);
	HOLDS(!reader_at_start(&h, 8, 4711, 100) && !reader_at_rest(&h, 8, 4711, 100));
	return 0;
}
