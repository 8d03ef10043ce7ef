/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "cgview/cgview.h"

/*
 * Text written into a buffer of fixed size. Once something did not fit, nothing more is written
 * and full stays set: check it once, at the end.
 */
struct out {
	char *buf;
	size_t size, len;
	bool full;
};

void out(struct out *o, const char *fmt, ...) FORMAT(2, 3);
void out_span(struct out *o, struct span s);
void out_times(struct out *o, struct span s, unsigned n); /* that often */
/* As by "%*llu", which takes four times as long: up to 64 digits and blanks. */
void out_number(struct out *o, uint64_t n, size_t width);

/* A set of CPUs in the kernel's list form, "0-3,8", without an end of line. */
void out_cpulist(struct out *o, const struct cgv_cpuset *s);

/* Likewise in its mask form, "ff,00000000", of @groups 32-bit groups; or with the digits of @like.
 */
void out_cpumask(struct out *o, const struct cgv_cpuset *s, unsigned groups, unsigned width);
void out_cpumask_like(struct out *o, const struct cgv_cpuset *s, struct span like);
