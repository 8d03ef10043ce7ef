// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A limit goes to the hierarchy that has its controller: on a hybrid host a write to the other one
 * succeeds, or liblxc takes a line for it without a word, and nothing is limited.
 */
#include "pct/ct/limits.h"

#include <inttypes.h>

#include "base/base.h"
#include "pct/cli/option.h"

#define MIB(n)	     ((uint64_t)(n) << 20)
#define MIB_MAX	     (1ull << 40)
#define PERIOD_US    100000
#define QUOTA_MIN_US 1000 /* the kernel takes no less */
#define PIDS_MAX     32768

bool limits_whole(const char *value, uint64_t max, uint64_t *out)
{
	int64_t millionths;

	if (!value || !option_number(value, &millionths) || millionths % NUMBER_SCALE ||
	    (uint64_t)(millionths / NUMBER_SCALE) > max)
		return false;
	*out = (uint64_t)(millionths / NUMBER_SCALE);
	return true;
}

static uint64_t clamp(uint64_t n, uint64_t min, uint64_t max)
{
	return n < min ? min : n > max ? max : n;
}

static struct limit *add(struct limits *l, const struct host_layout *h, enum cgv_controller c,
			 const char *file)
{
	struct limit *row = &l->row[l->n++];

	*row = (struct limit){ .controller = c, .owner = h->owner[c], .file = file };
	return row;
}

static struct limit *add_number(struct limits *l, const struct host_layout *h,
				enum cgv_controller c, const char *file, uint64_t n)
{
	struct limit *row = add(l, h, c, file);

	snprintf(row->text, sizeof(row->text), "%" PRIu64, n);
	return row;
}

/* memory.high a little below memory.max, so that it is slowed down before it is killed. */
static uint64_t memory_high(uint64_t mib)
{
	return mib < 16 * 1024 ? mib * 1016 * 1024 : MIB(mib - 128);
}

int limits_memory(const struct host_layout *h, const char *memory, struct limits *out)
{
	uint64_t mib;

	if (!limits_whole(memory, MIB_MAX, &mib) || mib == 0)
		return -EINVAL;
	if (h->owner[CGV_MEMORY] == CGV_V2) {
		add_number(out, h, CGV_MEMORY, "memory.high", memory_high(mib));
		add_number(out, h, CGV_MEMORY, "memory.max", MIB(mib));
	}
	if (h->owner[CGV_MEMORY] == CGV_V1)
		add_number(out, h, CGV_MEMORY, "memory.limit_in_bytes", MIB(mib));
	return 0;
}

int limits_swap(const struct host_layout *h, const char *memory, const char *swap,
		struct limits *out)
{
	uint64_t mib, sum;

	if (!limits_whole(swap, MIB_MAX, &mib) || !limits_whole(memory, MIB_MAX, &sum))
		return -EINVAL;
	if (!h->swap)
		return 0;
	if (h->owner[CGV_MEMORY] == CGV_V2)
		add_number(out, h, CGV_MEMORY, "memory.swap.max", MIB(mib));
	if (h->owner[CGV_MEMORY] == CGV_V1)
		add_number(out, h, CGV_MEMORY, "memory.memsw.limit_in_bytes", MIB(mib + sum));
	return 0;
}

int limits_memory_and_swap(const struct host_layout *h, const char *memory, const char *swap,
			   struct limits *out)
{
	struct limits l = { 0 };
	/* What is pushed out of memory is to find the room there will be. */
	bool v2 = h->owner[CGV_MEMORY] == CGV_V2;
	int r = v2 ? limits_swap(h, memory, swap, &l) : limits_memory(h, memory, &l);

	if (r == 0)
		r = v2 ? limits_memory(h, memory, &l) : limits_swap(h, memory, swap, &l);
	if (r == 0)
		*out = l;
	return r;
}

int limits_cpulimit(const struct host_layout *h, const char *cpus, struct limits *out)
{
	int64_t millionths, quota;
	struct limit *l;

	if (!cpus || !option_number(cpus, &millionths) || millionths > 8192ll * NUMBER_SCALE)
		return -EINVAL;
	quota =
	    millionths ? MAX(millionths / (NUMBER_SCALE / PERIOD_US), (int64_t)QUOTA_MIN_US) : -1;
	if (h->owner[CGV_CPU] == CGV_V2) {
		l = add(out, h, CGV_CPU, "cpu.max");
		l->idle = quota < 0;
		if (l->idle)
			snprintf(l->text, sizeof(l->text), "max %d", PERIOD_US);
		else
			snprintf(l->text, sizeof(l->text), "%" PRId64 " %d", quota, PERIOD_US);
	}
	if (h->owner[CGV_CPU] == CGV_V1) {
		add_number(out, h, CGV_CPU, "cpu.cfs_period_us", PERIOD_US)->idle = quota < 0;
		l = add(out, h, CGV_CPU, "cpu.cfs_quota_us");
		l->idle = quota < 0;
		snprintf(l->text, sizeof(l->text), "%" PRId64, quota);
	}
	return 0;
}

int limits_cpuunits(const struct host_layout *h, const char *units, struct limits *out)
{
	bool v2 = h->owner[CGV_CPU] == CGV_V2;
	uint64_t n = v2 ? 100 : 1024;

	if (units && !limits_whole(units, 500000, &n))
		return -EINVAL;
	if (v2)
		add_number(out, h, CGV_CPU, "cpu.weight", clamp(n, 1, 10000))->idle = !units;
	if (h->owner[CGV_CPU] == CGV_V1)
		add_number(out, h, CGV_CPU, "cpu.shares", clamp(n, 2, 500000));
	return 0;
}

unsigned limits_pids_of(uint64_t threads_max, uint64_t pid_max)
{
	uint64_t half = MIN(threads_max, pid_max) / 2;

	return (unsigned)MIN(half, (uint64_t)PIDS_MAX);
}

void limits_pids(const struct host_layout *h, struct limits *out)
{
	if (h->pids && h->owner[CGV_PIDS] != CGV_NONE)
		add_number(out, h, CGV_PIDS, "pids.max", h->pids);
}

void limit_key(const struct limit *l, char *out, size_t size)
{
	snprintf(out, size, "lxc.%s.%s", l->owner == CGV_V2 ? "cgroup2" : "cgroup", l->file);
}

char *limits_cpus(const struct cgv_cpuset *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *sep = "";

	if (!out)
		return NULL;
	for (unsigned cpu = cgv_cpuset_next(s, 0); cpu < CGV_MAX_CPUS;) {
		unsigned last = cpu;

		while (cgv_cpuset_has(s, last + 1))
			last++;
		if (last == cpu)
			fprintf(out, "%s%u", sep, cpu);
		else
			fprintf(out, "%s%u-%u", sep, cpu, last);
		sep = ",";
		cpu = cgv_cpuset_next(s, last + 1);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

bool limits_are_raw(const struct config *c, enum cgv_owner owner, const char *file)
{
	const struct section *s = &c->sections[0];
	struct limit l = { .owner = owner, .file = file };
	char key[80];

	limit_key(&l, key, sizeof(key));
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].key && strcmp(s->entries[i].key, key) == 0)
			return true;
	return false;
}
