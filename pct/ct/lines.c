// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a key's value means to liblxc: one function a key. A limit goes to the hierarchy that
 * has its controller: on a hybrid host liblxc takes a line for the other one without a word,
 * and nothing is limited.
 */
#include <inttypes.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/ct/lxcconf.h"

#define MIB(n)	     ((uint64_t)(n) << 20)
#define PERIOD_US    100000
#define QUOTA_MIN_US 1000 /* the kernel takes no less */

static enum cgv_owner owner(const struct build *b, enum cgv_controller c)
{
	return b->host->owner[c];
}

/* A whole, not negative number: the file is lenient, a limit is not. */
static bool whole(const char *value, uint64_t max, uint64_t *out)
{
	int64_t millionths;

	if (!option_number(value, &millionths) || millionths % NUMBER_SCALE ||
	    (uint64_t)(millionths / NUMBER_SCALE) > max)
		return false;
	*out = (uint64_t)(millionths / NUMBER_SCALE);
	return true;
}

static uint64_t clamp(uint64_t n, uint64_t min, uint64_t max)
{
	return n < min ? min : n > max ? max : n;
}

int lines_arch(const struct build *b, const char *value, FILE *out)
{
	const char *const *word = key_find("arch")->option.words;

	(void)b;
	if (!value)
		return 0;
	while (*word && strcmp(*word, value) != 0)
		word++;
	if (!*word)
		return -EINVAL;
	fprintf(out, "lxc.arch = %s\n", value);
	return 0;
}

int lines_console(const struct build *b, const char *value, FILE *out)
{
	bool on;

	(void)b;
	if (!option_bool(value, &on))
		return -EINVAL;
	if (!on)
		fputs("lxc.console.path = none\n", out);
	return 0;
}

static bool has_own_cpuset(const struct config *c)
{
	const struct section *s = &c->sections[0];

	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].key &&
		    (strcmp(s->entries[i].key, "lxc.cgroup.cpuset.cpus") == 0 ||
		     strcmp(s->entries[i].key, "lxc.cgroup2.cpuset.cpus") == 0))
			return true;
	return false;
}

/* As the kernel lists them: "0-2,5". */
static void put_cpus(const struct cgv_cpuset *s, FILE *out)
{
	const char *sep = "";

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
}

int lines_cores(const struct build *b, const char *value, FILE *out)
{
	uint64_t cores;

	if (value && (!whole(value, CGV_MAX_CPUS, &cores) || cores == 0))
		return -EINVAL;
	if (!value || !b->cpus || has_own_cpuset(b->config) || owner(b, CGV_CPUSET) == CGV_NONE)
		return 0;
	fprintf(out,
		"lxc.%s.cpuset.cpus = ", owner(b, CGV_CPUSET) == CGV_V2 ? "cgroup2" : "cgroup");
	put_cpus(b->cpus, out);
	fputc('\n', out);
	return 0;
}

int lines_cpulimit(const struct build *b, const char *value, FILE *out)
{
	int64_t millionths, quota;

	if (!option_number(value, &millionths) || millionths > 8192ll * NUMBER_SCALE)
		return -EINVAL;
	if (millionths == 0)
		return 0;
	quota = MAX(millionths / (NUMBER_SCALE / PERIOD_US), (int64_t)QUOTA_MIN_US);
	if (owner(b, CGV_CPU) == CGV_V2)
		fprintf(out, "lxc.cgroup2.cpu.max = %" PRId64 " %d\n", quota, PERIOD_US);
	if (owner(b, CGV_CPU) == CGV_V1)
		fprintf(out,
			"lxc.cgroup.cpu.cfs_period_us = %d\n"
			"lxc.cgroup.cpu.cfs_quota_us = %" PRId64 "\n",
			PERIOD_US, quota);
	return 0;
}

int lines_cpuunits(const struct build *b, const char *value, FILE *out)
{
	uint64_t units = 1024;

	if (value && !whole(value, 500000, &units))
		return -EINVAL;
	if (owner(b, CGV_CPU) == CGV_V2 && value)
		fprintf(out, "lxc.cgroup2.cpu.weight = %" PRIu64 "\n", clamp(units, 1, 10000));
	if (owner(b, CGV_CPU) == CGV_V1)
		fprintf(out, "lxc.cgroup.cpu.shares = %" PRIu64 "\n", clamp(units, 2, 500000));
	return 0;
}

int lines_entrypoint(const struct build *b, const char *value, FILE *out)
{
	(void)b;
	if (strcmp(value, "/sbin/init") != 0)
		fprintf(out, "lxc.init.cmd = %s\n", value);
	return 0;
}

int lines_hostname(const struct build *b, const char *value, FILE *out)
{
	/* The kernel's limit is 64; a longer name is known by its first part. */
	if (value)
		fprintf(out, "lxc.uts.name = %.*s\n",
			(int)(strlen(value) > 64 ? strcspn(value, ".") : 64), value);
	else
		fprintf(out, "lxc.uts.name = CT%u\n", b->vmid);
	return 0;
}

/* memory.high a little below memory.max, so that it is slowed down before it is killed. */
static uint64_t memory_high(uint64_t mib)
{
	return mib < 16 * 1024 ? mib * 1016 * 1024 : MIB(mib - 128);
}

int lines_memory(const struct build *b, const char *value, FILE *out)
{
	uint64_t mib;

	if (!whole(value, 1ull << 40, &mib) || mib == 0)
		return -EINVAL;
	if (owner(b, CGV_MEMORY) == CGV_V2)
		fprintf(out,
			"lxc.cgroup2.memory.max = %" PRIu64 "\n"
			"lxc.cgroup2.memory.high = %" PRIu64 "\n",
			MIB(mib), memory_high(mib));
	if (owner(b, CGV_MEMORY) == CGV_V1)
		fprintf(out, "lxc.cgroup.memory.limit_in_bytes = %" PRIu64 "\n", MIB(mib));
	return 0;
}

int lines_ostype(const struct build *b, const char *value, FILE *out)
{
	(void)b;
	/* busybox' init halts on SIGUSR1 and reboots on SIGTERM; SIGPWR it does not know. */
	if (value && strcmp(value, "busybox") == 0)
		fputs("lxc.signal.halt = SIGUSR1\n"
		      "lxc.signal.reboot = SIGTERM\n",
		      out);
	return 0;
}

int lines_rootfs(const struct build *b, const char *value, FILE *out)
{
	if (!value)
		return -EINVAL;
	fprintf(out, "lxc.rootfs.path = dir:%s\n", b->rootfs);
	return 0;
}

/* v1 counts memory and swap as one, so its limit is the sum. */
int lines_swap(const struct build *b, const char *value, FILE *out)
{
	const char *memory = key_value(b->config, "memory");
	uint64_t mib, sum;

	if (!whole(value, 1ull << 40, &mib) || !whole(memory, 1ull << 40, &sum))
		return -EINVAL;
	if (!b->host->swap)
		return 0;
	if (owner(b, CGV_MEMORY) == CGV_V2)
		fprintf(out, "lxc.cgroup2.memory.swap.max = %" PRIu64 "\n", MIB(mib));
	if (owner(b, CGV_MEMORY) == CGV_V1)
		fprintf(out, "lxc.cgroup.memory.memsw.limit_in_bytes = %" PRIu64 "\n",
			MIB(mib + sum));
	return 0;
}

int lines_tty(const struct build *b, const char *value, FILE *out)
{
	uint64_t n;

	(void)b;
	if (!whole(value, 6, &n))
		return -EINVAL;
	fprintf(out, "lxc.tty.max = %" PRIu64 "\n", n);
	return 0;
}

int lines_unprivileged(const struct build *b, const char *value, FILE *out)
{
	bool on;

	(void)b;
	if (!option_bool(value, &on))
		return -EINVAL;
	if (!on)
		return 0;
	/* userns.conf has sys:rw: all of /sys writable that its root may write. */
	fprintf(out,
		"lxc.include = /usr/share/lxc/config/userns.conf\n"
		"lxc.mount.auto = sys:mixed\n"
		"lxc.idmap = u 0 %u %u\n"
		"lxc.idmap = g 0 %u %u\n",
		IDMAP_FIRST, IDMAP_COUNT, IDMAP_FIRST, IDMAP_COUNT);
	return 0;
}
