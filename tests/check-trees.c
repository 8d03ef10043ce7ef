// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cgroup trees by chance, on v1 and on v2, that change from moment to moment: whatever they say,
 * the texts made of them hold together.
 */
#include <sys/stat.h>

#include "tests/fixture.h"

#define CPUS   12 /* six a node */
#define LEVELS 3
#define STEPS  10
#define LARGEST                                                                                    \
	(1ull << 63) /* more than the kernel writes as an amount; "no limit" is below it           \
		      */

/* A host with one chain of cgroups, a/b/c. */
struct host {
	struct tmp t;
	struct cgv_host h;
	struct container *c;
	struct chance chance;
	bool v1;
	uint64_t uptime;			/* s */
	uint64_t percpu[CPUS], user, throttled; /* ns */
	uint64_t disk[4];
};

static const char *const levels[LEVELS + 1] = { "", "a/", "a/b/", "a/b/c/" };

static void put(const struct host *x, const char *controller, unsigned level, const char *file,
		const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "sys/fs/cgroup/%s%s%s%s", x->v1 ? controller : "",
		 x->v1 ? "/" : "", levels[level], file);
	tmp_put(&x->t, path, "%s\n", text);
}

static void put_number(const struct host *x, const char *controller, unsigned level,
		       const char *file, uint64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	put(x, controller, level, file, text);
}

/* A set of CPUs as a list; @odds to one that one is in. */
static void some_cpus(struct host *x, unsigned odds, char text[64])
{
	size_t n = 0;

	*text = '\0';
	for (unsigned i = 0; i < CPUS; i++)
		if (chance_below(&x->chance, odds))
			n += (size_t)snprintf(text + n, 64 - n, "%s%u", n ? "," : "", i);
}

static void put_limits(struct host *x)
{
	char text[64];

	for (unsigned l = 1; l <= LEVELS; l++) {
		uint64_t limit = chance_sized(&x->chance, LARGEST);
		uint64_t swap = chance_sized(&x->chance, LARGEST);
		uint64_t quota = 1000 + chance_below(&x->chance, 2000000);
		bool none = chance_below(&x->chance, 3) == 0;

		if (none && !x->v1)
			put(x, "memory", l, "memory.max", "max");
		else
			put_number(x, "memory", l, x->v1 ? "memory.limit_in_bytes" : "memory.max",
				   none ? 9223372036854771712ull : limit);
		put_number(x, "memory", l,
			   x->v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", swap);
		none = chance_below(&x->chance, 2);
		snprintf(text, sizeof(text), "%llu%s", (unsigned long long)quota,
			 x->v1 ? "" : " 100000");
		put(x, "cpu", l, x->v1 ? "cpu.cfs_quota_us" : "cpu.max",
		    !none   ? text
		    : x->v1 ? "-1"
			    : "max 100000");
		if (x->v1)
			put_number(x, "cpu", l, "cpu.cfs_period_us", 100000);
		some_cpus(x, 4, text);
		put(x, "cpuset", l, x->v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective",
		    text);
		put(x, "cpuset", l, x->v1 ? "cpuset.effective_mems" : "cpuset.mems.effective",
		    chance_below(&x->chance, 2) ? "0-1" : "1");
	}
}

/* Now and then as a kernel has it that counted one too few: below zero. Events only count up. */
static uint64_t amount(struct host *x, const char *key)
{
	bool event = strncmp(key, "pg", 2) == 0 || strncmp(key, "work", 4) == 0;

	return event || chance_below(&x->chance, 20) ? chance_sized(&x->chance, LARGEST - 1)
						     : -chance_sized(&x->chance, 1 << 20);
}

static void put_memory(struct host *x)
{
	static const char *const keys[] = {
		"anon",
		"file",
		"kernel_stack",
		"pagetables",
		"percpu",
		"sock",
		"shmem",
		"file_mapped",
		"slab",
		"file_dirty",
		"file_writeback",
		"swapcached",
		"pgfault",
		"pgmajfault",
		"slab_reclaimable",
		"slab_unreclaimable",
		"anon_thp",
		"inactive_anon",
		"active_anon",
		"inactive_file",
		"zswap",
		"active_file",
		"workingset_refault_anon",
		"pgscan",
	};
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		fprintf(f, "%s%s %llu\n", x->v1 ? "total_" : "", keys[i],
			(unsigned long long)amount(x, keys[i]));
	if (x->v1)
		fprintf(f, "total_cache %llu\ntotal_rss %llu\nhierarchical_memory_limit %llu\n",
			(unsigned long long)amount(x, "cache"),
			(unsigned long long)amount(x, "rss"),
			(unsigned long long)chance_sized(&x->chance, LARGEST));
	fclose(f);
	put(x, "memory", LEVELS, "memory.stat", text);
	free(text);
	for (unsigned l = 1; l <= LEVELS; l++) {
		put_number(x, "memory", l, x->v1 ? "memory.usage_in_bytes" : "memory.current",
			   chance_sized(&x->chance, LARGEST - 70000));
		put_number(x, "memory", l,
			   x->v1 ? "memory.memsw.usage_in_bytes" : "memory.swap.current",
			   chance_sized(&x->chance, LARGEST - 70000));
	}
	put_number(x, "pids", LEVELS, "pids.current", chance_sized(&x->chance, 1 << 22));
}

static void put_time(struct host *x)
{
	uint64_t gone = chance_below(&x->chance, 30), all = 0;
	char text[1024];
	size_t n = 0;

	x->uptime += gone;
	tmp_put(&x->t, "proc/uptime", "%llu.%02u 1.00\n", (unsigned long long)x->uptime,
		(unsigned)chance_below(&x->chance, 100));
	for (unsigned i = 0; i < CPUS; i++) {
		/* Also more than there was time for. */
		x->percpu[i] += chance_sized(&x->chance, (gone + 1) * 2 * CGV_NSEC);
		all += x->percpu[i];
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%llu ",
				      (unsigned long long)x->percpu[i]);
	}
	x->user = MAX(x->user, chance_below(&x->chance, all + 1));
	x->throttled += chance_sized(&x->chance, (gone + 1) * 20 * CGV_NSEC);
	if (x->v1) {
		put(x, "cpuacct", LEVELS, "cpuacct.usage_percpu", text);
		snprintf(text, sizeof(text), "user %llu\nsystem %llu",
			 (unsigned long long)(x->user / CGV_TICK),
			 (unsigned long long)((all - x->user) / CGV_TICK));
		put(x, "cpuacct", LEVELS, "cpuacct.stat", text);
		snprintf(text, sizeof(text), "throttled_time %llu",
			 (unsigned long long)x->throttled);
	} else {
		snprintf(text, sizeof(text),
			 "usage_usec %llu\nuser_usec %llu\nsystem_usec %llu\nthrottled_usec %llu",
			 (unsigned long long)(all / 1000), (unsigned long long)(x->user / 1000),
			 (unsigned long long)((all - x->user) / 1000),
			 (unsigned long long)(x->throttled / 1000));
	}
	for (unsigned l = 1; l <= LEVELS; l++)
		put(x, "cpu", l, "cpu.stat", text);
}

static void put_disks(struct host *x)
{
	char text[256];

	for (int i = 0; i < 4; i++)
		x->disk[i] += chance_sized(&x->chance, 1ull << 50);
	if (x->v1) {
		snprintf(text, sizeof(text), "8:0 Read %llu\n8:0 Write %llu",
			 (unsigned long long)x->disk[0], (unsigned long long)x->disk[1]);
		put(x, "blkio", LEVELS, "blkio.throttle.io_service_bytes_recursive", text);
		snprintf(text, sizeof(text), "8:0 Read %llu\n8:0 Write %llu",
			 (unsigned long long)x->disk[2], (unsigned long long)x->disk[3]);
		put(x, "blkio", LEVELS, "blkio.throttle.io_serviced_recursive", text);
	} else {
		snprintf(text, sizeof(text),
			 "8:0 rbytes=%llu wbytes=%llu rios=%llu wios=%llu dbytes=0 dios=0",
			 (unsigned long long)x->disk[0], (unsigned long long)x->disk[1],
			 (unsigned long long)x->disk[2], (unsigned long long)x->disk[3]);
		put(x, "io", LEVELS, "io.stat", text);
	}
}

static void put_online(struct host *x)
{
	char text[64];

	some_cpus(x, 8, text);
	tmp_put(&x->t, "sys/devices/system/cpu/online", "%s\n", *text ? text : "0");
}

static void put_tables(const struct tmp *t)
{
	char *info, *heading, path[128];
	size_t n, m;
	FILE *f = open_memstream(&info, &n), *g = open_memstream(&heading, &m);

	fprintf(g, "     ");
	for (unsigned i = 0; i < CPUS; i++) {
		fprintf(f, "processor\t: %u\nphysical id\t: %u\ncore id\t\t: %u\n\n", i, i / 6, i);
		fprintf(g, "       CPU%u", i);
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/core_id", i);
		tmp_put(t, path, "%u\n", i);
	}
	fclose(f);
	fclose(g);
	tmp_put(t, "proc/cpuinfo", "%s", info);
	tmp_put(t, "proc/interrupts", "%s\n", heading);
	tmp_put(t, "proc/softirqs", "%s\n", heading);
	free(info);
	free(heading);
	tmp_put(t, "sys/devices/system/cpu/present", "0-%u\n", CPUS - 1);
	tmp_put(t, "sys/devices/system/node/online", "0-1\n");
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "sys/devices/system/node/node%u/cpulist", i);
		tmp_put(t, path, "%u-%u\n", i * 6, i * 6 + 5);
		snprintf(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", i);
		tmp_put(t, path, "Node %u MemTotal: 5 kB\nNode %u MemFree: 3 kB\n", i, i);
	}
	tmp_put(t, "proc/loadavg", "0.00 0.00 0.00 1/1 1\n");
	tmp_put(t, "proc/swaps", "Filename Type Size Used Priority\n");
	tmp_put(t, "proc/diskstats", "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
	tmp_put(t, "proc/vmstat",
		"nr_anon_pages 1\nnr_mapped 1\npgfault 1\npgmajfault 1\n"
		"nr_file_pages 1\nnr_shmem 1\npswpin 1\n");
}

static void host_make(struct host *x, uint64_t seed, bool v1)
{
	static const char *const controllers[] = { "memory", "cpu",   "cpuacct",
						   "cpuset", "blkio", "pids" };

	*x = (struct host){ .chance = { seed }, .v1 = v1, .uptime = 1000 };
	tmp_make(&x->t);
	tmp_host(&x->t, CPUS);
	put_tables(&x->t);
	if (!v1)
		tmp_v2(&x->t);
	for (size_t i = 0; i < (v1 ? ARRAY_LEN(controllers) : 1); i++)
		put(x, controllers[i], LEVELS, v1 ? "tasks" : "cgroup.threads", "");
	put_limits(x);
	put_memory(x);
	put_time(x);
	put_disks(x);
	tmp_open(&x->t, &x->h);
	x->c = fixture_container(&x->h, "a/b/c", 0);
}

static void host_remove(struct host *x)
{
	container_put(x->c);
	cgv_host_close(&x->h);
	tmp_remove(&x->t);
}

static char *text_of(struct host *x, const char *path)
{
	size_t len;
	int r;
	char *text = fixture_text(&x->h, x->c, file_find(path), &len, &r);

	ck_assert_msg(text != NULL, "%s: %s", path, strerror(-r));
	return text;
}

/* Of "key: N", or of "key N". */
static uint64_t value_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	const char *p = text;

	while (strncmp(p, key, n) != 0 || (p[n] != ':' && p[n] != ' ')) {
		p = strchr(p, '\n');
		ck_assert_msg(p && *++p, "no %s in:\n%s", key, text);
	}
	return strtoull(p + n + 1, NULL, 10);
}

/* ---- what must hold ---- */

static void check_numbers(struct host *x)
{
	for (size_t i = 0; i < n_files; i++) {
		auto_free char *text = NULL;

		if (strncmp(files[i].path, "proc/", 5) != 0 || !file_is_served(&x->h, &files[i]))
			continue;
		text = text_of(x, files[i].path);
		for (const char *p = text; *p;) {
			char *end = (char *)p + 1;

			ck_assert_msg(*p != '-' || p[1] < '0' || p[1] > '9', "%s: below zero:\n%s",
				      files[i].path, text);
			if (*p >= '0' && *p <= '9') {
				errno = 0;
				ck_assert_msg(strtoull(p, &end, 10) < LARGEST && !errno,
					      "%s: too large:\n%s", files[i].path, text);
			}
			p = end;
		}
	}
}

static void check_memory(struct host *x)
{
	auto_free char *text = text_of(x, "proc/meminfo");

	ck_assert_uint_le(value_of(text, "MemFree"), value_of(text, "MemAvailable"));
	ck_assert_uint_le(value_of(text, "MemAvailable"), value_of(text, "MemTotal"));
	ck_assert_uint_le(value_of(text, "MemTotal"), 1048576);
	ck_assert_uint_le(value_of(text, "SwapFree"), value_of(text, "SwapTotal"));
	ck_assert_uint_le(value_of(text, "SwapTotal"), 262144);
}

#define COLUMNS 10

/* Rows of /proc/stat: [CPUS] is their sum's. Which there are. */
static struct cgv_cpuset rows_of(const char *text, uint64_t v[CPUS + 1][COLUMNS])
{
	struct cgv_cpuset there = { { 0 } };

	for (const char *p = text; strncmp(p, "cpu", 3) == 0; p = strchr(p, '\n') + 1) {
		char *at = (char *)p + 3;
		uint64_t cpu = *at == ' ' ? CPUS : strtoull(at, &at, 10);

		ck_assert_uint_le(cpu, CPUS);
		if (cpu < CPUS)
			cgv_cpuset_add(&there, (unsigned)cpu);
		for (int i = 0; i < COLUMNS; i++)
			v[cpu][i] = strtoull(at, &at, 10);
	}
	return there;
}

struct seen_rows {
	uint64_t v[CPUS + 1][COLUMNS];
	struct cgv_cpuset ever;
};

static void check_rows(struct host *x, struct seen_rows *before)
{
	auto_free char *text = text_of(x, "proc/stat");
	uint64_t v[CPUS + 1][COLUMNS];
	struct cgv_cpuset there;
	bool left = false;

	memcpy(v, before->v, sizeof(v));
	there = rows_of(text, v);
	for (unsigned i = 0; i < CPUS; i++) {
		left |= cgv_cpuset_has(&before->ever, i) && !cgv_cpuset_has(&there, i);
		if (cgv_cpuset_has(&there, i))
			cgv_cpuset_add(&before->ever, i);
	}
	for (int c = 0; c < COLUMNS; c++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i <= CPUS; i++) {
			ck_assert_msg(v[i][c] >= before->v[i][c], "row %u went back:\n%s", i, text);
			sum += i < CPUS && cgv_cpuset_has(&there, i) ? v[i][c] : 0;
		}
		ck_assert_msg(left ? sum <= v[CPUS][c] : sum == v[CPUS][c],
			      "column %d: %llu of rows, %s:\n%s", c, (unsigned long long)sum,
			      left ? "some left" : "all there", text);
	}
	memcpy(before->v, v, sizeof(v));
}

/* The numbers behind each @key of a text. */
static struct cgv_cpuset numbered(const char *text, const char *key)
{
	struct cgv_cpuset s = { { 0 } };

	for (const char *p = text; (p = strstr(p, key));) {
		p += strlen(key);
		if (*p >= '0' && *p <= '9')
			cgv_cpuset_add(&s, (unsigned)strtoul(p, NULL, 10));
	}
	return s;
}

/* The lists behind each @key of a text. */
static struct cgv_cpuset listed(const char *text, const char *key)
{
	struct cgv_cpuset s = { { 0 } }, one;

	for (const char *p = text; (p = strstr(p, key));) {
		p += strlen(key);
		ck_assert_int_eq(cgv_cpuset_list((struct span){ p, strchr(p, '\n') }, &one), 0);
		for (unsigned i = 0; i < CPUS; i++)
			if (cgv_cpuset_has(&one, i))
				cgv_cpuset_add(&s, i);
	}
	return s;
}

static void check_cpus(struct host *x)
{
	auto_free char *stat = text_of(x, "proc/stat"), *info = text_of(x, "proc/cpuinfo");
	auto_free char *interrupts = text_of(x, "proc/interrupts");
	auto_free char *softirqs = text_of(x, "proc/softirqs");
	auto_free char *cpu = text_of(x, "sys/devices/system/cpu/online");
	auto_free char *node = text_of(x, "sys/devices/system/node/online");
	const struct cgv_cpuset all[] = {
		numbered(stat, "\ncpu"),       numbered(info, "processor\t: "),
		numbered(interrupts, "CPU"),   numbered(softirqs, "CPU"),
		numbered(cpu, "/cpu/cpu"),     listed(cpu, "/cpu/online: "),
		listed(cpu, "/cpu/present: "), listed(node, "/cpulist: "),
	};

	ck_assert_uint_ge(cgv_cpuset_count(&all[0]), 1);
	for (size_t i = 1; i < ARRAY_LEN(all); i++)
		ck_assert_msg(memcmp(&all[i], &all[0], sizeof(all[0])) == 0,
			      "the %zuth names others:\n%s%s%s%s", i, stat, info, interrupts, node);
}

START_TEST(whatever_a_tree_says_its_texts_hold_together)
{
	struct host x;

	for (uint64_t i = 0; i < 6; i++) {
		struct seen_rows rows = { 0 };

		host_make(&x, 1000 * (uint64_t)_i + i, _i % 2);
		for (int step = 0; step < STEPS; step++) {
			check_numbers(&x);
			check_memory(&x);
			check_rows(&x, &rows);
			check_cpus(&x);
			put_time(&x);
			put_memory(&x);
			put_disks(&x);
			/* Half of the trees keep their CPUs. */
			if (i % 2)
				continue;
			put_limits(&x);
			put_online(&x);
		}
		host_remove(&x);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trees");
	TCase *t = tcase_create("properties");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, whatever_a_tree_says_its_texts_hold_together, 0, 12);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
