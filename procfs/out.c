// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>

#include "procfs/out.h"

void out(struct out *o, const char *fmt, ...)
{
	size_t room = o->size - o->len;
	va_list ap;
	int n;

	if (o->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->buf + o->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		o->full = true;
	else
		o->len += (size_t)n;
}

void out_span(struct out *o, struct span s)
{
	size_t n = span_len(s);

	if (o->full || n >= o->size - o->len) {
		o->full = true;
		return;
	}
	memcpy(o->buf + o->len, s.p, n);
	o->len += n;
	o->buf[o->len] = '\0'; /* as out() does */
}

void out_times(struct out *o, struct span s, unsigned n)
{
	size_t len = span_len(s);

	if (o->full || n * len >= o->size - o->len) {
		o->full = true;
		return;
	}
	for (; n; n--, o->len += len)
		memcpy(o->buf + o->len, s.p, len);
	o->buf[o->len] = '\0';
}

void out_number(struct out *o, uint64_t n, size_t width)
{
	char text[64], *p = text + sizeof(text);

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	while ((size_t)(text + sizeof(text) - p) < MIN(width, sizeof(text)))
		*--p = ' ';
	out_span(o, (struct span){ p, text + sizeof(text) });
}

void out_cpulist(struct out *o, const struct cgv_cpuset *s)
{
	const char *sep = "";
	unsigned from, to;

	for (from = cgv_cpuset_next(s, 0); from < CGV_MAX_CPUS; from = cgv_cpuset_next(s, to + 1)) {
		for (to = from; cgv_cpuset_has(s, to + 1);)
			to++;
		if (from == to)
			out(o, "%s%u", sep, from);
		else
			out(o, "%s%u-%u", sep, from, to);
		sep = ",";
	}
}

void out_cpumask(struct out *o, const struct cgv_cpuset *s, unsigned groups, unsigned width)
{
	for (unsigned i = groups; i-- > 0;) {
		uint32_t word = (uint32_t)(s->bits[i / 2] >> i % 2 * 32);

		out(o, "%0*x%s", i == groups - 1 ? (int)width : 8, word, i ? "," : "");
	}
}

void out_cpumask_like(struct out *o, const struct cgv_cpuset *s, struct span like)
{
	unsigned groups = 1;
	struct span first;

	for (const char *p = like.p; p < like.end; p++)
		groups += *p == ',';
	if (span_until(&like, ',', &first))
		out_cpumask(o, s, groups, (unsigned)span_len(first));
}
