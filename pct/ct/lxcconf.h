/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What liblxc is told about a container. Pure: everything comes in with struct build.
 */
#pragma once

#include <stdio.h>

#include "cgview/cgview.h"
#include "pct/conf/config.h"

#define IDMAP_FIRST 100000u /* the host's id of an unprivileged container's root */
#define IDMAP_COUNT 65536u

/* What the host's cgroups can limit, and how it must be written. */
struct host_layout {
	enum cgv_owner owner[CGV_N_CONTROLLERS];
	bool swap;		/* the memory controller counts swap */
	struct cgv_cpuset cpus; /* those a container may be given */
	unsigned pids;		/* processes and threads it may have; 0: any number */
};

/* One container, one host, and where things are. */
struct build {
	unsigned vmid;
	const struct config *config;
	const struct host_layout *host;
	const struct cgv_cpuset *cpus; /* picked for its `cores`; NULL: all */
	const char *top;	       /* its cgroup is <top>/<vmid> */
	const char *dir;	       /* of config, rules.seccomp and log */
	const char *rootfs;	       /* the directory of its root volume */
	const char *tools;	       /* where pct-launch is */
	const char *run;	       /* where the sockets are */
	const char *dropins;	       /* lines after those of the host's packages; NULL: none */
	uint64_t boot; /* CLOCK_BOOTTIME now, whole seconds; 0: no container can have a clock of its
			  own */
	uint64_t monotonic; /* CLOCK_MONOTONIC likewise */
};

/* The whole config. -EINVAL: the conf's value of *@key cannot be used. */
int lxcconf_write(const struct build *b, FILE *out, const char **key);

/* Does the user bring a seccomp profile of their own? Then nobody answers sysinfo(2) but the host.
 */
bool lxcconf_own_seccomp(const struct config *c);

/* Are calls of it answered by pctfs? */
bool lxcconf_asks(const struct config *c);

/* What the kernel calls it: malloc'ed. NULL: the conf has no `hostname`. */
char *lxcconf_nodename(unsigned vmid, const char *hostname);

/* The lines of one key each: the column of keys[]. */
int lines_arch(const struct build *b, const char *value, FILE *out);
int lines_console(const struct build *b, const char *value, FILE *out);
int lines_cores(const struct build *b, const char *value, FILE *out);
int lines_cpulimit(const struct build *b, const char *value, FILE *out);
int lines_cpuunits(const struct build *b, const char *value, FILE *out);
int lines_entrypoint(const struct build *b, const char *value, FILE *out);
int lines_hostname(const struct build *b, const char *value, FILE *out);
int lines_memory(const struct build *b, const char *value, FILE *out);
int lines_ostype(const struct build *b, const char *value, FILE *out);
int lines_rootfs(const struct build *b, const char *value, FILE *out);
int lines_swap(const struct build *b, const char *value, FILE *out);
int lines_tty(const struct build *b, const char *value, FILE *out);
int lines_unprivileged(const struct build *b, const char *value, FILE *out);
