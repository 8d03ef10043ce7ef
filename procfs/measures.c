// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is told of containers: a table of samples each has one of, and tables of those it has for
 * each of its disks and interfaces.
 */
#include "base/base.h"
#include "procfs/measure.h"

struct row {
	const char *name[N_NAMES]; /* cAdvisor's, incus's; NULL: it has none */
	enum prom_type type;
	enum prom_unit unit;
	size_t offset;	   /* of a uint64_t in struct measure, or in what there are many of */
	const char *label; /* one more, as it is written; NULL: none */
	const char *help;
};

#define M(member)   offsetof(struct measure, member)
#define MEM(member) offsetof(struct measure, memory.member)
#define CAD(name)                                                                                  \
	{                                                                                          \
		"container_" name, NULL                                                            \
	}
#define INC(name)                                                                                  \
	{                                                                                          \
		NULL, "incus_" name                                                                \
	}
#define BOTH(cad, inc)                                                                             \
	{                                                                                          \
		"container_" cad, "incus_" inc                                                     \
	}
#define OURS(name)                                                                                 \
	{                                                                                          \
		"pctfs_container_" name, NULL                                                      \
	}

#define COUNTER PROM_COUNTER, PROM_PLAIN
#define GAUGE	PROM_GAUGE, PROM_PLAIN
#define SECONDS PROM_COUNTER, PROM_NSEC

// clang-format off
static const struct row rows[] = {
	/* CPU time */
	{ CAD("cpu_usage_seconds_total"),         SECONDS, M(used),      NULL, "CPU time used" },
	{ CAD("cpu_user_seconds_total"),          SECONDS, M(user),      NULL, "CPU time used in user mode" },
	{ CAD("cpu_system_seconds_total"),        SECONDS, M(system),    NULL, "CPU time used in the kernel" },
	{ CAD("cpu_cfs_throttled_seconds_total"), SECONDS, M(throttled), NULL, "Time for which its quota kept it from running" },
	{ CAD("cpu_cfs_periods_total"),           COUNTER, M(periods),   NULL, "Periods of its own quota in which it ran" },
	{ CAD("cpu_cfs_throttled_periods_total"), COUNTER, M(throttles), NULL, "Those of them in which it had to wait" },
	{ CAD("spec_cpu_quota"),                  GAUGE,   M(quota),     NULL, "CPU time it may use in a period, us; of all limits above it the smallest" },
	{ CAD("spec_cpu_period"),                 GAUGE,   M(period),    NULL, "That period, us" },
	{ INC("cpu_seconds_total"),               SECONDS, M(user),      "cpu=\"all\",mode=\"user\"",   "CPU time, as its /proc/stat has it, of all its CPUs" },
	{ INC("cpu_seconds_total"),               SECONDS, M(nice),      "cpu=\"all\",mode=\"nice\"",   NULL },
	{ INC("cpu_seconds_total"),               SECONDS, M(system),    "cpu=\"all\",mode=\"system\"", NULL },
	{ INC("cpu_seconds_total"),               SECONDS, M(idle),      "cpu=\"all\",mode=\"idle\"",   NULL },
	{ INC("cpu_seconds_total"),               SECONDS, M(steal),     "cpu=\"all\",mode=\"steal\"",  NULL },
	{ INC("cpu_effective_total"),             GAUGE,   M(cpus),      NULL, "CPUs it sees" },
	/* memory */
	{ CAD("memory_usage_bytes"),              GAUGE, MEM(usage),         NULL, "Memory in use, page cache included" },
	{ CAD("memory_working_set_bytes"),        GAUGE, M(working_set),     NULL, "Memory in use without inactive page cache" },
	{ CAD("memory_rss"),                      GAUGE, MEM(anon),          NULL, "Anonymous memory" },
	{ CAD("memory_cache"),                    GAUGE, MEM(file),          NULL, "Page cache" },
	{ CAD("memory_mapped_file"),              GAUGE, MEM(mapped),        NULL, "Files mapped into memory" },
	{ CAD("memory_swap"),                     GAUGE, MEM(swap_used),     NULL, "Swap in use" },
	{ CAD("memory_total_active_file_bytes"),  GAUGE, MEM(active_file),   NULL, "Page cache on the active list" },
	{ CAD("memory_total_inactive_file_bytes"),GAUGE, MEM(inactive_file), NULL, "Page cache on the inactive list" },
	{ CAD("spec_memory_limit_bytes"),         GAUGE, M(limit),           NULL, "Memory it may use; 0: as much as the host has" },
	{ CAD("spec_memory_swap_limit_bytes"),    GAUGE, MEM(swap_total),    NULL, "Swap it may use" },
	{ INC("memory_MemTotal_bytes"),           GAUGE, MEM(total),         NULL, "Memory it may use: MemTotal of its /proc/meminfo" },
	{ INC("memory_MemFree_bytes"),            GAUGE, MEM(free),          NULL, "MemFree of its /proc/meminfo" },
	{ INC("memory_MemAvailable_bytes"),       GAUGE, MEM(available),     NULL, "MemAvailable of its /proc/meminfo" },
	{ INC("memory_Cached_bytes"),             GAUGE, MEM(file),          NULL, "Page cache" },
	{ INC("memory_Active_anon_bytes"),        GAUGE, MEM(active_anon),   NULL, "Anonymous memory on the active list" },
	{ INC("memory_Active_file_bytes"),        GAUGE, MEM(active_file),   NULL, "Page cache on the active list" },
	{ INC("memory_Inactive_anon_bytes"),      GAUGE, MEM(inactive_anon), NULL, "Anonymous memory on the inactive list" },
	{ INC("memory_Inactive_file_bytes"),      GAUGE, MEM(inactive_file), NULL, "Page cache on the inactive list" },
	{ INC("memory_Unevictable_bytes"),        GAUGE, MEM(unevictable),   NULL, "Memory that cannot be reclaimed" },
	{ INC("memory_Dirty_bytes"),              GAUGE, MEM(dirty),         NULL, "Page cache to be written" },
	{ INC("memory_Writeback_bytes"),          GAUGE, MEM(writeback),     NULL, "Page cache being written" },
	{ INC("memory_RSS_bytes"),                GAUGE, M(rss),             NULL, "Anonymous memory and swap cache" },
	{ INC("memory_Mapped_bytes"),             GAUGE, MEM(mapped),        NULL, "Files mapped into memory" },
	{ INC("memory_Shmem_bytes"),              GAUGE, MEM(shmem),         NULL, "Shared memory and tmpfs" },
	{ INC("memory_Swap_bytes"),               GAUGE, MEM(swap_used),     NULL, "Swap in use" },
	{ INC("memory_HugepagesTotal_bytes"),     GAUGE, M(huge_total),      NULL, "Huge pages it may use" },
	{ INC("memory_HugepagesFree_bytes"),      GAUGE, M(huge_free),       NULL, "Huge pages of these that are free" },
	{ BOTH("oom_events_total", "memory_OOM_kills_total"), COUNTER, M(oom_kills), NULL, "Processes killed for want of memory" },
	/* processes */
	{ BOTH("threads", "procs_total"),         GAUGE, M(tasks), NULL, "Processes and their threads" },
	{ CAD("start_time_seconds"),              PROM_GAUGE, PROM_NSEC, M(started), NULL, "When it was started, since 1970" },
	{ CAD("last_seen"),                       PROM_GAUGE, PROM_NSEC, M(seen),    NULL, "When these numbers were read, since 1970" },
	{ OURS("load_average"),                   PROM_GAUGE, PROM_LOAD, M(load[0]), "window=\"1m\"",  "Its load average" },
	{ OURS("load_average"),                   PROM_GAUGE, PROM_LOAD, M(load[1]), "window=\"5m\"",  NULL },
	{ OURS("load_average"),                   PROM_GAUGE, PROM_LOAD, M(load[2]), "window=\"15m\"", NULL },
	/* pressure */
	{ CAD("pressure_cpu_waiting_seconds_total"),    SECONDS, M(some[CGV_PSI_CPU]),    NULL, "Time in which some of its tasks waited for a CPU" },
	{ CAD("pressure_cpu_stalled_seconds_total"),    SECONDS, M(full[CGV_PSI_CPU]),    NULL, "Time in which all of them did" },
	{ CAD("pressure_memory_waiting_seconds_total"), SECONDS, M(some[CGV_PSI_MEMORY]), NULL, "Time in which some of its tasks waited for memory" },
	{ CAD("pressure_memory_stalled_seconds_total"), SECONDS, M(full[CGV_PSI_MEMORY]), NULL, "Time in which all of them did" },
	{ CAD("pressure_io_waiting_seconds_total"),     SECONDS, M(some[CGV_PSI_IO]),     NULL, "Time in which some of its tasks waited for a disk" },
	{ CAD("pressure_io_stalled_seconds_total"),     SECONDS, M(full[CGV_PSI_IO]),     NULL, "Time in which all of them did" },
};

#define D(member) offsetof(struct cgv_disk, member)
static const struct row disk_rows[] = {
	{ BOTH("fs_reads_bytes_total", "disk_read_bytes_total"),     COUNTER, D(read_bytes),    NULL, "Bytes read" },
	{ BOTH("fs_reads_total", "disk_reads_completed_total"),      COUNTER, D(reads),         NULL, "Requests to read" },
	{ BOTH("fs_writes_bytes_total", "disk_written_bytes_total"), COUNTER, D(written_bytes), NULL, "Bytes written" },
	{ BOTH("fs_writes_total", "disk_writes_completed_total"),    COUNTER, D(writes),        NULL, "Requests to write" },
};

#define N(member) offsetof(struct cgv_net, member)
static const struct row net_rows[] = {
	{ BOTH("network_receive_bytes_total", "network_receive_bytes_total"),            COUNTER, N(in_bytes),    NULL, "Bytes received" },
	{ BOTH("network_receive_packets_total", "network_receive_packets_total"),        COUNTER, N(in_packets),  NULL, "Packets received" },
	{ BOTH("network_receive_errors_total", "network_receive_errs_total"),            COUNTER, N(in_errors),   NULL, "Errors at that" },
	{ BOTH("network_receive_packets_dropped_total", "network_receive_drop_total"),   COUNTER, N(in_drops),    NULL, "Packets dropped at that" },
	{ BOTH("network_transmit_bytes_total", "network_transmit_bytes_total"),          COUNTER, N(out_bytes),   NULL, "Bytes sent" },
	{ BOTH("network_transmit_packets_total", "network_transmit_packets_total"),      COUNTER, N(out_packets), NULL, "Packets sent" },
	{ BOTH("network_transmit_errors_total", "network_transmit_errs_total"),          COUNTER, N(out_errors),  NULL, "Errors at that" },
	{ BOTH("network_transmit_packets_dropped_total", "network_transmit_drop_total"), COUNTER, N(out_drops),   NULL, "Packets dropped at that" },
};
// clang-format on

static uint64_t value_of(const void *what, const struct row *r)
{
	return *(const uint64_t *)((const char *)what + r->offset);
}

/* ---- one sample a container ---- */

static void tell_one(const struct row *r, int whose, const struct measure *m, struct prom *p)
{
	uint64_t v = value_of(m, r);

	if (v == UNMEASURED)
		return;
	prom_put(p, "%s{", r->name[whose]);
	prom_text(p, m->labels[whose]);
	prom_put(p, "%s%s}", r->label ? "," : "", r->label ? r->label : "");
	prom_number(p, r->unit, v);
}

/* Rows of one name, which stand together, are one family. */
static void tell_family(const struct measures *m, int whose, size_t from, size_t to, struct prom *p)
{
	prom_family(p, rows[from].name[whose], rows[from].type, rows[from].help);
	for (unsigned i = 0; i < m->n; i++)
		for (size_t r = from; r < to; r++)
			tell_one(&rows[r], whose, &m->all[i], p);
}

static void tell_rows(const struct measures *m, int whose, struct prom *p)
{
	for (size_t from = 0, to; from < ARRAY_LEN(rows); from = to) {
		for (to = from + 1; to < ARRAY_LEN(rows) && !rows[to].help;)
			to++;
		if (rows[from].name[whose])
			tell_family(m, whose, from, to, p);
	}
}

/* ---- one a disk or interface ---- */

/* "   8       0 sda 1 2 …" of the host's list. */
static bool disk_name(const struct measures *m, const struct cgv_disk *d, char *name, size_t size)
{
	struct span text, line, word;
	uint64_t major, minor;

	if (!m->disks)
		return false;
	text = span_of(m->disks);
	while (span_line(&text, &line))
		if (span_u64(&line, &major) && span_u64(&line, &minor) && major == d->major &&
		    minor == d->minor && span_word(&line, &word) && span_len(word) < size) {
			memcpy(name, word.p, span_len(word));
			name[span_len(word)] = '\0';
			return true;
		}
	return false;
}

static void tell_many(const struct row *r, int whose, const struct measure *m, const char *key,
		      const char *name, const void *what, struct prom *p)
{
	prom_put(p, "%s{", r->name[whose]);
	prom_text(p, m->labels[whose]);
	prom_label(p, false, key, name);
	prom_put(p, "}");
	prom_number(p, r->unit, value_of(what, r));
}

static void tell_disks(const struct measures *m, int whose, const struct row *r, struct prom *p)
{
	char name[80] = "/dev/";
	size_t n = strlen(name);

	for (unsigned i = 0; i < m->n; i++)
		for (size_t d = 0; d < m->all[i].n_disks; d++)
			if (disk_name(m, &m->all[i].disk[d], name + n, sizeof(name) - n))
				tell_many(r, whose, &m->all[i], "device", name + (whose ? n : 0),
					  &m->all[i].disk[d], p);
}

static void tell_nets(const struct measures *m, int whose, const struct row *r, struct prom *p)
{
	for (unsigned i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->all[i].n_nets; k++)
			tell_many(r, whose, &m->all[i], whose ? "device" : "interface",
				  m->all[i].net[k].name, &m->all[i].net[k], p);
}

void measures_tell(const struct measures *m, enum names names, struct prom *p)
{
	for (int whose = 0; whose < N_NAMES; whose++) {
		if (!(names & 1u << whose))
			continue;
		tell_rows(m, whose, p);
		for (size_t i = 0; i < ARRAY_LEN(disk_rows); i++) {
			const struct row *r = &disk_rows[i];

			prom_family(p, r->name[whose], r->type, r->help);
			tell_disks(m, whose, r, p);
		}
		for (size_t i = 0; i < ARRAY_LEN(net_rows); i++) {
			const struct row *r = &net_rows[i];

			prom_family(p, r->name[whose], r->type, r->help);
			tell_nets(m, whose, r, p);
		}
	}
}

static void list_rows(const struct row *row, size_t n, int whose, const struct prom_reader *r)
{
	for (; n; n--, row++)
		if (row->name[whose] && row->help)
			r->hear(row->name[whose], row->type, row->help, r->to);
}

void measures_list(enum names names, const struct prom_reader *r)
{
	for (int whose = 0; whose < N_NAMES; whose++) {
		if (!(names & 1u << whose))
			continue;
		list_rows(rows, ARRAY_LEN(rows), whose, r);
		list_rows(disk_rows, ARRAY_LEN(disk_rows), whose, r);
		list_rows(net_rows, ARRAY_LEN(net_rows), whose, r);
	}
}
