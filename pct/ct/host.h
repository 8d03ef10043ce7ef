/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as far as pct needs it: which cgroup hierarchy limits what, and its CPUs.
 */
#pragma once

#include "pct/ct/lxcconf.h"

/* Says what is wrong. @h is to be closed by cgv_host_close(). */
int host_open(struct cgv_host *h, struct host_layout *out);

/*
 * The cgroup under which containers of this root lie: "lxc", or "pct-<hash of $PCT_ROOT>", so
 * that two roots with the same VMIDs do not meet.
 */
#define CGROUP_TOP 16
void cgroup_top(char top[CGROUP_TOP]);

/* What one uses, by its cgroups; -ENOENT: it does not run. To be closed by cgv_container_close().
 */
int cgroups_open(const struct cgv_host *h, unsigned vmid, struct cgv_container **out);

/* Remove the empty cgroups a container that does not run has left, in every hierarchy. */
void cgroups_clean(unsigned vmid);
/* Likewise those above them, once this root has no container left. Never "lxc". */
void cgroups_clean_top(void);
/* Write a rule of v1's into devices.allow or devices.deny of a container. 0: there is no such file.
 */
int cgroups_device(unsigned vmid, const char *file, const char *rule);
/* Out of a monitor's cgroup, where liblxc's hooks run, and who has started one, into one that no
 * container's end removes. */
int cgroups_leave_monitor(void);

/*
 * All its processes stand still, until thawed: no signal reaches them meanwhile, on v1 not even
 * SIGKILL. -ETIMEDOUT: one of them does not; all are thawed then. -ENOENT: there is no freezer.
 */
int cgroups_freeze(unsigned vmid);
int cgroups_thaw(unsigned vmid);
bool cgroups_frozen(unsigned vmid);

/* The host's pid of its monitor; 0: none (any more, or yet). */
pid_t cgroups_monitor(unsigned vmid);
