// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/host.h"

static char buf[1 << 22];

/* Any text as the host's meminfo: what is rendered from its layout are lines of keys. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgv_container *c;
	static struct cgv_host h;
	struct cgv_host copy;
	struct sample s = { 0 };
	struct view v = { .host = &copy, .s = &s };
	struct out o = { buf, sizeof(buf), 0, false };

	if (!c) {
		host_make(&h);
		c = host_container(&h);
	}
	host_put("proc/meminfo", data, size);
	if (cgv_memory(c, &s.memory) == 0) {
		HOLDS(s.memory.free <= s.memory.available);
		HOLDS(s.memory.available <= s.memory.total && s.memory.total <= 1048576);
	}
	copy = h;
	copy.meminfo_layout = (struct span){ (const char *)data, (const char *)data + size };
	HOLDS(meminfo_render(&v, &o) == 0);
	for (struct span text = { buf, buf + o.len }, line; span_line(&text, &line);)
		HOLDS(o.full || memchr(line.p, ':', span_len(line)));
	return 0;
}
