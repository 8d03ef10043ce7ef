/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcgview: what a container may use and uses, as numbers, from cgroup v1, v2 or both.
 *
 * Units are bytes, nanoseconds and counts. Everything that varies comes in as an argument:
 * where to read from (directory fds in struct cgv_host) and what time it is. Nothing here
 * prints, and nothing needs root beyond what the files themselves ask for.
 *
 * All functions return 0 or a negative errno and leave their outputs untouched on failure.
 * Errors they share:
 *   -ENOENT   the container's cgroup or process does not exist (any more)
 *   -ENODEV   likewise, noticed on a file that was open
 *   -EBADMSG  a file has a form this library does not know
 *   -E2BIG    a file is larger than any kernel writes it
 *   -ENOMEM
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgview/span.h"

#define CGV_UNLIMITED UINT64_MAX
#define CGV_NSEC      1000000000ull
#define CGV_TICK      10000000ull /* one USER_HZ tick in ns: what /proc counts time in */
#define CGV_TEXT_MAX  (64u << 20)

#define CGV_CHECKED __attribute__((warn_unused_result))

/* ---- text that grows: scratch of a thread that reads files of the host's size ---- */

struct cgv_text {
	char *p;
	size_t size;
};

int cgv_text_reserve(struct cgv_text *t, size_t size) CGV_CHECKED;

/* The whole of @name below @dir; @text is a window on @into. */
int cgv_read_text(int dir, const char *name, struct cgv_text *into, struct span *text) CGV_CHECKED;

/* ---- sets of CPUs, by the host's numbers ---- */

#define CGV_MAX_CPUS 8192 /* the largest NR_CPUS a kernel can be built for */

struct cgv_cpuset {
	uint64_t bits[CGV_MAX_CPUS / 64];
};

static inline bool cgv_cpuset_has(const struct cgv_cpuset *s, unsigned cpu)
{
	return cpu < CGV_MAX_CPUS && (s->bits[cpu / 64] >> cpu % 64 & 1);
}
static inline void cgv_cpuset_add(struct cgv_cpuset *s, unsigned cpu)
{
	s->bits[cpu / 64] |= 1ull << cpu % 64;
}
unsigned cgv_cpuset_count(const struct cgv_cpuset *s);
/* The first CPU at or after @from, CGV_MAX_CPUS if there is none. */
unsigned cgv_cpuset_next(const struct cgv_cpuset *s, unsigned from);
void cgv_cpuset_and(struct cgv_cpuset *s, const struct cgv_cpuset *with);
/* Keep the lowest @n. */
void cgv_cpuset_first(struct cgv_cpuset *s, unsigned n);
/* "0-3,8": the kernel's list form; "" is the empty set. -EBADMSG: not such a text. */
int cgv_cpuset_list(struct span text, struct cgv_cpuset *out) CGV_CHECKED;
/* "ff,00000000": the kernel's mask form. */
int cgv_cpuset_mask(struct span text, struct cgv_cpuset *out) CGV_CHECKED;

/* ---- the host ---- */

enum cgv_controller {
	CGV_MEMORY,
	CGV_CPU,
	CGV_CPUACCT, /* on v2 the cpu controller's tree */
	CGV_CPUSET,
	CGV_IO, /* v1: blkio */
	CGV_PIDS,
	CGV_HUGETLB,
	CGV_UNIFIED, /* not a controller: the v2 tree as such (cpu.stat, pressure), if mounted */
	CGV_N_CONTROLLERS,
};

enum cgv_owner {
	CGV_NONE, /* the controller is in no hierarchy: its part is unlimited */
	CGV_V1,
	CGV_V2,
};

/* Files of which two lines are all that is no matter of the host's. */
enum cgv_header { CGV_PAGETYPEINFO, CGV_PARTITIONS, CGV_SLABINFO, CGV_N_HEADERS };

struct cgv_files;

/* Where to read from. Opened once, then shared by any number of threads. */
struct cgv_host {
	int root; /* the directory below which proc/, sys/ lie: "/" or a captured host */
	int proc; /* its proc/ */
	struct {
		int dir; /* of the hierarchy's root; -EBADF with CGV_NONE */
		enum cgv_owner owner;
	} tree[CGV_N_CONTROLLERS];
	int meminfo;	   /* kept open: proc/meminfo */
	int online;	   /* kept open: sys/devices/system/cpu/online */
	int overcommit[2]; /* kept open: proc/sys/vm/overcommit_ratio, _kbytes; or -ENOENT */
	int hugepages;	   /* kept open: nr_hugepages of the default size; or -ENOENT */
	struct cgv_text meminfo_text, vmstat_text;
	struct span meminfo_layout; /* proc/meminfo as at open: which lines, in which order */
	uint64_t hugepage_size, vmalloc_total; /* bytes, which stay as they are */
	struct span vmstat_layout;	       /* proc/vmstat likewise */
	char *header[CGV_N_HEADERS];	       /* their first two lines; NULL: not to be read */
	unsigned intr_columns; /* numbers in the "intr" and "softirq" lines of proc/stat */
	unsigned softirq_columns;
	unsigned cpus;		 /* one more than the largest CPU number it can have */
	bool bare;		 /* nothing is known of its files' layouts */
	bool captured;		 /* a folder of files: time is what its proc/uptime says */
	bool quick;		 /* sysinfo(2) tells of the memory that proc/meminfo does */
	struct cgv_files *files; /* of containers, that are kept open */
};

/**
 * cgv_host_open() - find the hierarchies of the running host
 * cgv_host_open_at() - of a captured one
 * @sysroot: directory holding proc/, sys/fs/cgroup/, sys/devices/
 *
 * Source: the running host: /proc/self/mounts;
 *         a captured one: which folders are in sys/fs/cgroup.
 */
int cgv_host_open(struct cgv_host *out) CGV_CHECKED;
int cgv_host_open_at(int sysroot, struct cgv_host *out) CGV_CHECKED;
/*
 * The running one for who asks for limits, memory and CPUs only, and shows none of its files:
 * without reading those once, which takes some ms.
 */
int cgv_host_open_bare(struct cgv_host *out) CGV_CHECKED;
void cgv_host_close(struct cgv_host *h);

/* Which kind of hierarchy has controller @c: where its limits must be written. */
enum cgv_owner cgv_owner(const struct cgv_host *h, enum cgv_controller c);

/* A moment. Both clocks are read together, so that one is not newer than the other. */
struct cgv_time {
	uint64_t boot; /* CLOCK_BOOTTIME, ns */
	uint64_t real; /* CLOCK_REALTIME, ns */
};

/* Now; of a captured host the moment it was captured. */
int cgv_now(const struct cgv_host *h, struct cgv_time *out) CGV_CHECKED;

/* The host's own memory: bounds for what a container is shown. Bytes; proc/meminfo. */
struct cgv_host_memory {
	uint64_t total, free, available, swap_total, swap_free;
	uint64_t hugepage_size, hugepages; /* bytes each, and their number */
	uint64_t vmalloc_total;
};
int cgv_host_memory(const struct cgv_host *h, struct cgv_host_memory *out) CGV_CHECKED;
/*
 * The same without what is free and available, which bound only a container without a limit: in a
 * fifth of the time, by sysinfo(2) where that is of the same memory.
 */
int cgv_host_bounds(const struct cgv_host *h, struct cgv_host_memory *out) CGV_CHECKED;

/* ---- a container's place ---- */

/* The cgroup paths of a container, below each hierarchy's root, without a leading slash. */
struct cgv_place {
	char *path[CGV_N_CONTROLLERS]; /* NULL: in no cgroup of that hierarchy */
};
void cgv_place_free(struct cgv_place *p);

/**
 * cgv_place_of_pid() - the cgroups of a process as a container's: with the tail cut that a
 *                      container's own init adds (/init.scope, then the inner /ns of LXC)
 * Source: proc/PID/cgroup. -EINVAL: it lies outside of our own cgroup namespace.
 */
int cgv_place_of_pid(const struct cgv_host *h, pid_t pid, struct cgv_place *out) CGV_CHECKED;

/* The same @path in every hierarchy; a leading slash is passed. -EINVAL: it has a ".." in it. */
int cgv_place_of_path(const char *path, struct cgv_place *out) CGV_CHECKED;

/*
 * A container whose cgroup files are kept open and re-read. Not for two threads at once.
 * It stays readable after its cgroup is gone: every view is then -ENODEV or -ENOENT.
 */
struct cgv_container;
int cgv_container_open(const struct cgv_host *h, const struct cgv_place *place,
		       struct cgv_container **out) CGV_CHECKED;
/* The same once more, to be closed once more: for another thread, that only asks for its path. */
struct cgv_container *cgv_container_get(struct cgv_container *c);
void cgv_container_close(struct cgv_container *c);
/*
 * From the one to the other its files that are open stay so: worth it around several views. They
 * can be nested.
 */
void cgv_container_hold(struct cgv_container *c);
void cgv_container_release(struct cgv_container *c);
/*
 * The same by one who comes by seldom: what was not open before is closed again, and what was does
 * not stay so for longer. *before goes from the one to the other.
 */
void cgv_container_visit(struct cgv_container *c, uint64_t *before);
void cgv_container_leave(struct cgv_container *c, uint64_t before);
/* Path below the hierarchy's root, "" being the root itself. */
const char *cgv_container_path(const struct cgv_container *c, enum cgv_controller in);

/*
 * So many files of all containers of a host are kept open, at most; as a rule any number. Where
 * more are wanted, the container used longest ago has its closed. It opens them again.
 */
void cgv_files_limit(const struct cgv_host *h, unsigned most);
/* Close those of containers that nobody has used for so many calls of this. */
void cgv_files_rest(const struct cgv_host *h, unsigned calls);
unsigned cgv_files_open(const struct cgv_host *h);

/* ---- memory ---- */

/* What a container has of memory, all in bytes. Where the kernel counts nothing: 0. */
struct cgv_memory {
	uint64_t total;	    /* smallest memory.max | limit_in_bytes up to the root, or the host's */
	uint64_t free;	    /* least (limit - usage) over the limited cgroups on the way up */
	uint64_t available; /* free + file cache + reclaimable slab - dirty */
	bool limited;	    /* total is below the host's */
	uint64_t usage;	    /* memory.current | usage_in_bytes */
	uint64_t swap_total, swap_free, swap_used;

	/* memory.stat, hierarchical counters: v2 key | v1 key */
	uint64_t file;	     /* file | total_cache */
	uint64_t anon;	     /* anon | total_rss */
	uint64_t swapcached; /* swapcached | total_swapcached */
	uint64_t active_anon, inactive_anon, active_file, inactive_file, unevictable;
	uint64_t shmem;
	uint64_t mapped;    /* file_mapped | total_mapped_file */
	uint64_t dirty;	    /* file_dirty | total_dirty */
	uint64_t writeback; /* file_writeback | total_writeback */
	uint64_t anon_huge; /* anon_thp | total_rss_huge */
	uint64_t shmem_huge, file_huge;
	uint64_t slab, slab_reclaimable, slab_unreclaimable; /* v1: kmem.usage as the last */
	uint64_t kernel_stack, page_tables, sec_page_tables, percpu, vmalloc;
	uint64_t zswap, zswapped;

	uint64_t commit_limit; /* swap_total + total by vm.overcommit_ratio or _kbytes */
	uint64_t committed;    /* anon + shmem + swap_used: a lower bound, no charge is kept */
	uint64_t hugepages, hugepages_free; /* counts; hugetlb limit of the host's default size */
	uint64_t hugetlb;		    /* those in bytes */
	uint64_t hugepage_size, vmalloc_total; /* the host's */
};

/**
 * cgv_memory() - what a container may use of memory, and uses
 *
 * Units:  bytes.
 * Source: memory.{max,current,stat,swap.max,swap.current} of its cgroup and, for limits, of
 *         every ancestor; v1 memory.{limit,usage,memsw.limit,memsw.usage}_in_bytes and the
 *         total_* keys of memory.stat; the host's proc/meminfo and vm.overcommit_*.
 */
int cgv_memory(struct cgv_container *c, struct cgv_memory *out) CGV_CHECKED;

/*
 * What of its swap is used, bytes, as in cgv_memory, by one look. Source: memory.swap.current;
 * v1 memory.memsw.usage_in_bytes without memory.usage_in_bytes. 0: none is counted.
 */
int cgv_swap_used(const struct cgv_container *c, uint64_t *out) CGV_CHECKED;

/* ---- cpus ---- */

struct cgv_cpus {
	struct cgv_cpuset allowed; /* host numbers: those of its cpuset that are online */
	struct cgv_cpuset visible; /* the first of them, cut by the quota */
	unsigned count;		   /* of visible, at least 1 */
	uint64_t quota;		   /* ns of CPU time per second, or CGV_UNLIMITED */
	unsigned quota_level;	   /* which ancestor sets it: 0 = the container's own cgroup */
};

/**
 * cgv_cpus() - which CPUs a container sees: one answer for every file
 *
 * Source: cpuset.cpus.effective | cpuset.effective_cpus, of the nearest ancestor that has one;
 *         the host's sys/devices/system/cpu/online; cpu.max | cpu.cfs_{quota,period}_us of its
 *         cgroup and every ancestor, the smallest wins and is rounded up to whole CPUs.
 */
int cgv_cpus(struct cgv_container *c, struct cgv_cpus *out) CGV_CHECKED;

#define CGV_OWN_VIEW UINT32_MAX /* of its cgroup alone, whoever throttles: cpu.stat.local */

/* CPU time used so far by a container's processes, ns. Grows, as the kernel counts. */
struct cgv_cpu_usage {
	uint64_t user, nice, system; /* user excludes nice; on v1 coarse, good for the ratio only */
	uint64_t throttled;	     /* waited for quota, summed over CPUs */
	unsigned throttled_by;	     /* whose counter that is: a level's, or CGV_OWN_VIEW */
	unsigned n_percpu;	     /* v1: exact, by CPU; 0 on v2, which has no split by CPU */
	uint64_t *percpu;	     /* the caller's array of @max_percpu */
	unsigned max_percpu;
};

/**
 * cgv_cpu_usage() - read the counters
 * @cpus: for which ancestor's throttling counts (quota_level)
 * @io:   percpu and max_percpu go in; all else is filled (percpu's content on failure too)
 *
 * Source: v2 cpu.stat, cpu.stat.local; v1 cpuacct.usage_percpu, cpuacct.stat or, on a hybrid
 *         host, the unified cpu.stat for the split into user and system, cpu.stat(.local).
 */
int cgv_cpu_usage(struct cgv_container *c, const struct cgv_cpus *cpus,
		  struct cgv_cpu_usage *io) CGV_CHECKED;

/* One row of /proc/stat, ns. Columns that have no source per container are not here: 0. */
struct cgv_cpu_row {
	uint64_t user, nice, system, idle, steal;
	uint64_t seen;	/* v1: the kernel's counter of this CPU at the last sample */
	uint64_t taken; /* of the time between the last two samples */
};

/*
 * CPU time of one container, accumulated over its life from the differences between samples.
 * No field ever decreases; rows of CPUs that left keep their values and count in the sum.
 */
struct cgv_cputime {
	uint64_t at;		     /* boot time of the last sample, or of the start */
	bool begun;		     /* there was a sample */
	uint64_t user, nice, system; /* the kernel's counters then */
	uint64_t throttled;
	uint64_t throttled_by;			 /* whose that was; another's starts anew */
	uint64_t due_user, due_nice, due_system; /* used, but no room yet in the elapsed time */
	unsigned n;				 /* rows, by CPU number: all the host can have */
	struct cgv_cpu_row *row;
};

/* @n: CPUs the host can have; @start: boot time at which every counter was 0. */
int cgv_cputime_init(struct cgv_cputime *t, unsigned n, uint64_t start) CGV_CHECKED;
void cgv_cputime_free(struct cgv_cputime *t);

/**
 * cgv_cputime_add() - account what happened since the last sample
 *
 * What was used on CPUs that are not visible is poured over the visible ones; no CPU gets more
 * than the elapsed time. steal = throttled time that still fits, idle = the rest.
 */
void cgv_cputime_add(struct cgv_cputime *t, uint64_t now, const struct cgv_cpus *cpus,
		     const struct cgv_cpu_usage *usage);

/* ---- age and load ---- */

struct cgv_age {
	uint64_t start;	 /* boot time at which the container's init started, ns */
	uint64_t uptime; /* ns */
	uint64_t btime;	 /* seconds since 1970 of the boot the container's processes count from */
	bool timens;	 /* it has a boot clock of its own */
};

/**
 * cgv_age() - for how long a container runs
 * @init: its first process, as the host numbers it; 0: judged by its cgroup directory
 * Source: proc/INIT/stat field 22, proc/INIT/timens_offsets.
 */
int cgv_age(struct cgv_container *c, pid_t init, const struct cgv_time *now,
	    struct cgv_age *out) CGV_CHECKED;

/* When a process started: boot time, ns. -ENOENT: there is none. Source: proc/PID/stat field 22. */
int cgv_start(const struct cgv_host *h, pid_t pid, uint64_t *out) CGV_CHECKED;

/* The inode of its cgroup's directory, which no other cgroup of this boot gets. */
int cgv_inode(const struct cgv_container *c, uint64_t *out) CGV_CHECKED;

struct cgv_tasks {
	uint64_t total;	   /* threads */
	uint64_t running;  /* runnable */
	uint64_t blocked;  /* uninterruptible */
	uint64_t last_pid; /* largest pid, as the container numbers them */
};

/**
 * cgv_tasks() - count a container's threads by state, all of its sub-cgroups included
 * @until: CLOCK_MONOTONIC ns after which no more tasks are looked at: the rest is taken to be
 *         like those that were; 0: all of them, however long it takes
 * @io:    last_pid goes in and never decreases; with 0 every field starts anew
 * Source: cgroup.threads | tasks, State and NSpid of proc/TID/status.
 */
int cgv_tasks(const struct cgv_container *c, uint64_t until, struct cgv_tasks *io) CGV_CHECKED;

/* While neither of them changes no thread has run, come or gone. */
struct cgv_pulse {
	uint64_t used;	/* CPU time, ns */
	uint64_t tasks; /* threads */
};

/**
 * cgv_pulse() - whether a container does anything, for much less than looking at its tasks
 * Source: pids.current; v1 cpuacct.usage, v2 usage_usec of cpu.stat. -ENOENT: it has not both.
 */
int cgv_pulse(const struct cgv_container *c, struct cgv_pulse *out) CGV_CHECKED;

/* The threads right now, from pids.current alone; -ENOENT: no pids controller there. */
int cgv_tasks_total(struct cgv_container *c, uint64_t *out) CGV_CHECKED;

/* Load averages in the kernel's fixed point, 1.0 = CGV_LOAD_1. */
#define CGV_LOAD_SHIFT 11
#define CGV_LOAD_1     (1u << CGV_LOAD_SHIFT)
#define CGV_LOAD_EVERY (5 * CGV_NSEC)

struct cgv_load {
	uint64_t avg[3]; /* over 1, 5 and 15 minutes */
};
/* One step of the kernel's formula, to be taken every CGV_LOAD_EVERY. */
void cgv_load_add(struct cgv_load *l, uint64_t active);

/* ---- disks ---- */

/* What a container did to one block device. Bytes and requests; no times: the kernel keeps none. */
struct cgv_disk {
	unsigned major, minor;
	uint64_t reads, writes, discards; /* requests */
	uint64_t read_bytes, written_bytes, discarded_bytes;
};

struct cgv_disks {
	struct cgv_disk *disk; /* sorted by nothing: as the kernel lists them */
	size_t n, room;
};

/**
 * cgv_disks() - the devices a container used
 * @io: refilled; free its ->disk when done with it
 * Source: v2 io.stat; v1 blkio.throttle.io_{serviced,service_bytes}_recursive, which count only
 *         where some throttle rule is set for the device.
 * No such file, or no controller: there are none.
 */
int cgv_disks(struct cgv_container *c, struct cgv_disks *io) CGV_CHECKED;

/* ---- events of memory ---- */

#define CGV_VM_KEYS 512 /* more lines than any kernel's vmstat has */

/* The lines of the host's proc/vmstat, by their order there, with a container's numbers. */
struct cgv_vmstat {
	unsigned n;
	uint64_t value[CGV_VM_KEYS];
};

/* What went to swap: by how much its use grew, as often as somebody looked. A lower bound. */
struct cgv_swapped {
	uint64_t used; /* at the last look, bytes */
	uint64_t out;  /* bytes */
};
void cgv_swapped_add(struct cgv_swapped *s, const struct cgv_memory *m);

/**
 * cgv_vmstat() - counters which memory.stat has under vmstat's own names, and 0 for all others
 * @m, @disks, @s: for what is a matter of them: pages in use, kB read and written, and pages
 *                 swapped out, which kernels before 6.12 count for no cgroup
 * Source: memory.stat: v2 by the key itself, v1 by total_KEY.
 */
int cgv_vmstat(struct cgv_container *c, const struct cgv_memory *m, const struct cgv_disks *disks,
	       const struct cgv_swapped *s, struct cgv_vmstat *out) CGV_CHECKED;

/* Of a line that is a matter of memory in use; false: it is not. Also of a node's lines. */
bool cgv_vmstat_size(const struct cgv_memory *m, struct span key, uint64_t *out);

/**
 * cgv_oom_kills() - how many of its processes the kernel has killed for want of memory
 * Source: oom_kill of memory.events | memory.oom_control of its own cgroup and of those below in
 *         which its init can be ("ns", "init.scope"); v1 counts none that died in one it made.
 * -ENOENT: the kernel does not count them.
 */
int cgv_oom_kills(const struct cgv_container *c, uint64_t *out) CGV_CHECKED;

/* Of the periods of its own quota. */
struct cgv_throttles {
	uint64_t periods, throttled; /* in which it ran; in which it had to wait */
};

/**
 * cgv_throttles() - how often its own quota was used up
 * Source: nr_periods, nr_throttled of its own cpu.stat. -ENOENT: the kernel does not count them.
 */
int cgv_throttles(const struct cgv_container *c, struct cgv_throttles *out) CGV_CHECKED;

/* ---- network ---- */

/* One interface, as the container sees it. Bytes and packets. */
struct cgv_net {
	char name[16];
	uint64_t in_bytes, in_packets, in_errors, in_drops;
	uint64_t out_bytes, out_packets, out_errors, out_drops;
};

/**
 * cgv_nets() - the interfaces of a container, without lo
 * @init: its first process; 0: it has none, and no interfaces
 * @out, *n: at most @most of them; a container that shares our own network has none of its own
 * Source: proc/INIT/net/dev. -E2BIG: it has hundreds.
 */
int cgv_nets(const struct cgv_host *h, pid_t init, struct cgv_text *scratch, struct cgv_net *out,
	     size_t most, size_t *n) CGV_CHECKED;
/* The text of such a file. */
size_t cgv_net_parse(struct span text, struct cgv_net *out, size_t most);

/* ---- pressure ---- */

enum cgv_pressure { CGV_PSI_CPU, CGV_PSI_IO, CGV_PSI_MEMORY, CGV_PSI_IRQ, CGV_N_PSI };

/*
 * The container's own pressure file, open: to read, or with O_RDWR for a trigger.
 * -EOPNOTSUPP: the kernel accounts none by cgroup (no v2 hierarchy, or psi=0).
 */
int cgv_pressure_open(const struct cgv_container *c, enum cgv_pressure p, int flags) CGV_CHECKED;

#include "cgview/identity.h"
#include "cgview/nodes.h"
