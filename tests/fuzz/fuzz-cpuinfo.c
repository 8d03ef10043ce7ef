// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/host.h"

static char buf[1 << 22];

/* Any text as the host's cpuinfo: no stanza of a CPU that is not seen gets through. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgv_text scratch, work;
	static struct cgv_host h;
	struct sample s = { .cpus = { .count = 2 } };
	struct view v = { .host = &h, .s = &s, .scratch = &scratch, .work = &work };
	struct out o = { buf, sizeof(buf), 0, false };
	bool named = false;

	if (host_dir < 0)
		host_make(&h);
	cgv_cpuset_add(&s.cpus.visible, 1);
	cgv_cpuset_add(&s.cpus.visible, 3);
	host_put("proc/cpuinfo", data, size);
	if (cpuinfo_render(&v, &o) < 0 || o.full)
		return 0;
	for (struct span text = { buf, buf + o.len }, line; span_line(&text, &line);) {
		HOLDS(named ||
		      (!span_is(line, "processor\t: 0") && !span_is(line, "processor\t: 2")));
		named |= span_starts(line, "processor") || span_starts(line, "cpu number");
		named &= span_len(line) > 0; /* a paragraph is that of its first CPU */
	}
	return 0;
}
