/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What liblxc is told about a container. Pure: everything comes in with struct build.
 */
#pragma once

#include <stdio.h>

#include "cgview/cgview.h"
#include "pct/conf/config.h"
#include "pct/ct/idmap.h"

/* What the host's cgroups can limit, and how it must be written. */
struct host_layout {
	enum cgv_owner owner[CGV_N_CONTROLLERS];
	bool swap;		/* the memory controller counts swap */
	struct cgv_cpuset cpus; /* those a container may be given */
	unsigned pids;		/* processes and threads it may have; 0: any number */
};

/* A device of the host; kind: c, b; 0: there is none. */
struct device_number {
	char kind;
	unsigned major, minor;
};

/* One container, one host, and where things are. */
struct build {
	unsigned vmid;
	const struct config *config;
	const struct host_layout *host;
	const struct cgv_cpuset *cpus;	     /* picked for its `cores`; NULL: all */
	const char *top;		     /* its cgroup is <top>/<vmid> */
	const char *dir;		     /* of config, rules.seccomp and log */
	const char *rootfs;		     /* the directory of its root volume */
	const char *tools;		     /* where pct-launch is */
	const char *run;		     /* where the sockets are */
	const char *common, *userns;	     /* LXC's files for its ostype; NULL: those for all */
	const struct device_number *devices; /* of dev<n>, by n; NULL: it has none */
	bool mounts;			     /* 'pct hook' has something to mount when it starts */
	bool own_net;			     /* the system in it sets its addresses: pct/guest */
	const char *dropins; /* lines after those of the host's packages; NULL: none */
	uint64_t boot; /* CLOCK_BOOTTIME now, whole seconds; 0: no container can have a clock of its
			  own */
	uint64_t monotonic; /* CLOCK_MONOTONIC likewise */
};

/* The whole config. -EINVAL: the conf's value of *@key cannot be used. */
int lxcconf_write(const struct build *b, FILE *out, const char **key);

/* Does the user bring a seccomp profile of their own? Then nobody answers sysinfo(2) but the host.
 */
bool lxcconf_own_seccomp(const struct config *c);

/* Has it a raw line of that key? */
bool lxcconf_has_raw(const struct config *c, const char *key);

bool lxcconf_feature(const struct config *c, const char *name);

/* Do features have no effect, as the user brings an AppArmor profile of their own? */
bool lxcconf_loses_features(const struct config *c);

/* Is its root another user of the host's? So it is, too, with lxc.idmap lines of its own. */
bool lxcconf_unprivileged(const struct config *c);

/* Its rules.seccomp; and of that text what needs no pctfs. */
void lxcconf_rules(const struct config *c, FILE *out);
void lxcconf_rules_alone(const char *rules, FILE *out);

/* Is it pctfs that makes device nodes for it? */
bool lxcconf_asks_nodes(const struct config *c);

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
int lines_dev(const struct build *b, unsigned number, const char *value, FILE *out);
int lines_entrypoint(const struct build *b, const char *value, FILE *out);
int lines_env(const struct build *b, const char *value, FILE *out);
int lines_features(const struct build *b, const char *value, FILE *out);
int lines_hostname(const struct build *b, const char *value, FILE *out);
int lines_memory(const struct build *b, const char *value, FILE *out);
int lines_ostype(const struct build *b, const char *value, FILE *out);
int lines_rootfs(const struct build *b, const char *value, FILE *out);
int lines_swap(const struct build *b, const char *value, FILE *out);
int lines_tty(const struct build *b, const char *value, FILE *out);
int lines_unprivileged(const struct build *b, const char *value, FILE *out);
