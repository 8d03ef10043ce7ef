/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "pct/conf/config.h"

/* What cannot be done as the conf has it is said before anything is. */
int start_check(unsigned vmid, const struct config *c);

/*
 * Write what liblxc is told: config and rules.seccomp, from the conf and the host. @own_net: the
 * system in it sets its addresses. Says errors.
 */
int start_prepare(unsigned vmid, const struct config *c, bool own_net);

enum {
	START_DEBUG = 1,    /* LXC's log is shown meanwhile */
	START_SKIPLOCK = 2, /* whatever long operation its conf is locked for */
	/* It is to run again: nothing is wrong if it does, nor if it was stopped meanwhile. */
	START_REBOOTED = 4, /* from inside */
	START_REBOOT = 8,   /* by command: there that is an error */
};

/* From the conf to a running init. Says errors. */
int start_container(unsigned vmid, unsigned how);

/*
 * May an unprivileged container's root get to a directory: is every one above it searchable by
 * anyone? Says which is not.
 */
int start_reachable(unsigned vmid, const char *dir);

/* rules.seccomp in its directory @dir: without what hands calls to pctfs; and again as it was. */
int start_rules_alone(const char *dir);
int start_rules_back(const char *dir);
/* Who changes them for a while holds this. */
int start_rules_lock(const char *dir, int *lock);
/* As they were, should one have been killed between the two. */
int start_rules_mend(const char *dir);
