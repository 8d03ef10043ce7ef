// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/base.h"
#include "cgview/cgview.h"

#define WORDS ARRAY_LEN(((struct cgv_cpuset *)0)->bits)

unsigned cgv_cpuset_count(const struct cgv_cpuset *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(s->bits[i]);
	return n;
}

unsigned cgv_cpuset_next(const struct cgv_cpuset *s, unsigned from)
{
	for (size_t i = from / 64; i < WORDS; i++) {
		uint64_t word = s->bits[i];

		if (i == from / 64)
			word &= ~0ull << from % 64;
		if (word)
			return (unsigned)(i * 64) + (unsigned)__builtin_ctzll(word);
	}
	return CGV_MAX_CPUS;
}

void cgv_cpuset_and(struct cgv_cpuset *s, const struct cgv_cpuset *with)
{
	for (size_t i = 0; i < WORDS; i++)
		s->bits[i] &= with->bits[i];
}

void cgv_cpuset_first(struct cgv_cpuset *s, unsigned n)
{
	unsigned cpu = cgv_cpuset_next(s, 0);

	while (n-- && cpu < CGV_MAX_CPUS)
		cpu = cgv_cpuset_next(s, cpu + 1);
	for (; cpu < CGV_MAX_CPUS; cpu = cgv_cpuset_next(s, cpu + 1))
		s->bits[cpu / 64] &= ~(1ull << cpu % 64);
}

/* All of @s is one number, with no blank before it. */
static bool number(struct span s, bool (*take)(struct span *, uint64_t *), uint64_t *value)
{
	return span_len(s) && *s.p != ' ' && *s.p != '\t' && take(&s, value) && !span_len(s);
}

/* "7" or "3-5", both ends below CGV_MAX_CPUS. */
static int add_range(struct span range, struct cgv_cpuset *s)
{
	bool two = memchr(range.p, '-', span_len(range));
	struct span part;
	uint64_t from, to;

	if (!span_until(&range, '-', &part) || !number(part, span_u64, &from))
		return -EBADMSG;
	to = from;
	if (two && !number(range, span_u64, &to))
		return -EBADMSG;
	if (from > to || to >= CGV_MAX_CPUS)
		return -EBADMSG;
	for (; from <= to; from++)
		cgv_cpuset_add(s, (unsigned)from);
	return 0;
}

int cgv_cpuset_list(struct span text, struct cgv_cpuset *out)
{
	struct cgv_cpuset s = { 0 };
	struct span line, range;
	int r;

	if (span_line(&text, &line)) {
		if (span_len(line) && line.end[-1] == ',')
			return -EBADMSG;
		while (span_until(&line, ',', &range)) {
			r = add_range(range, &s);
			if (r < 0)
				return r;
		}
	}
	*out = s;
	return 0;
}

int cgv_cpuset_mask(struct span text, struct cgv_cpuset *out)
{
	struct cgv_cpuset s = { 0 };
	struct span line, group;
	unsigned n = 0;

	if (!span_line(&text, &line))
		return -EBADMSG;
	for (const char *p = line.p; p < line.end; p++)
		n += *p == ',';
	if (n >= CGV_MAX_CPUS / 32)
		return -EBADMSG;
	for (n++; span_until(&line, ',', &group);) {
		uint64_t bits;

		n--;
		if (!number(group, span_hex, &bits) || bits > UINT32_MAX)
			return -EBADMSG;
		s.bits[n / 2] |= bits << n % 2 * 32;
	}
	if (n)
		return -EBADMSG;
	*out = s;
	return 0;
}
