/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container uses now, from its cgroups and the host's /proc and /sys: nothing here asks
 * liblxc, so whoever may read its conf may know.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "cgview/cgview.h"
#include "pct/conf/config.h"

/* Of pressure: hundredths of a percent, over the last 10 seconds. */
struct stall {
	bool known;
	unsigned some, full;
};

struct usage {
	pid_t pid;	      /* of its init, on the host; 0: not to be found */
	uint64_t uptime;      /* whole seconds since that started */
	uint64_t memory;      /* bytes, without page cache */
	uint64_t swap;	      /* bytes */
	uint64_t read, write; /* of disks, bytes, as far as the kernel counts them */
	uint64_t in, out;     /* of its network interfaces, bytes */
	struct stall stall[CGV_PSI_MEMORY + 1];
};

/* -ESRCH: it does not run; else what is wrong is said. */
int usage_read(unsigned vmid, const struct config *c, struct usage *out);

/* Its init, as the host numbers it; 0: not to be found. */
pid_t usage_init(const struct cgv_host *h, unsigned vmid);

/*
 * Its root's disk, bytes; @init is its process 1, 0: it does not run. A directory has no size but
 * its limit, or that of the file system it is on, and what is used of that is not the container's:
 * then @own is false. So it is with an image that is not mounted.
 */
struct disk {
	uint64_t size, used;
	bool own; /* it is a file system of its own */
};
void usage_disk(const struct config *c, pid_t init, struct disk *out);

/* "8G", "512M", "1.5T"; a bare number is bytes. -EINVAL: no size. */
int usage_size(const char *text, uint64_t *bytes);

/* "some avg10=1.23 avg60=…" and a line "full"; false: not that. */
bool usage_stall(const char *text, struct stall *out);

/* CPUs of the host. */
unsigned usage_host_cpus(void);
