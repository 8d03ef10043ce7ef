/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What a running container uses now. */
struct usage {
	pid_t pid;	 /* of its init, on the host */
	uint64_t uptime; /* whole seconds since that started */
	uint64_t memory; /* bytes, without page cache */
	uint64_t swap;	 /* bytes */
};

/* -ESRCH: it does not run; else what is wrong is said. */
int usage_read(unsigned vmid, struct usage *out);

/* CPUs of the host. */
unsigned usage_host_cpus(void);
