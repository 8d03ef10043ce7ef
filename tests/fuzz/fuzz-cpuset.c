// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/out.h"
#include "tests/fuzz/fuzz.h"

static char buf[65536];

/* What was read is written in a form that reads as the same set. */
static void check_again(const struct cgv_cpuset *set)
{
	struct out o = { buf, sizeof(buf), 0, false };
	struct cgv_cpuset again = { { 0 } };

	out_cpulist(&o, set);
	HOLDS(!o.full);
	HOLDS(cgv_cpuset_list((struct span){ buf, buf + o.len }, &again) == 0);
	HOLDS(memcmp(set, &again, sizeof(again)) == 0);
	o = (struct out){ buf, sizeof(buf), 0, false };
	out_cpumask(&o, set, CGV_MAX_CPUS / 32, 8);
	HOLDS(cgv_cpuset_mask((struct span){ buf, buf + o.len }, &again) == 0);
	HOLDS(memcmp(set, &again, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, (const char *)data + size };
	struct cgv_cpuset set;

	if (cgv_cpuset_list(text, &set) == 0)
		check_again(&set);
	if (cgv_cpuset_mask(text, &set) == 0)
		check_again(&set);
	return 0;
}
