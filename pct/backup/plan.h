/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `pct backup` was asked for: its options, and for those not given etc/pct/vzdump.conf, of
 * lines "mode: suspend" as Proxmox' /etc/vzdump.conf.
 */
#pragma once

#include "pct/backup/job.h"
#include "pct/conf/config.h"
#include "pct/pct.h"

struct plan {
	struct backup job;
	struct keep keep;
	bool removes;
	int lockwait, ionice;
	struct config defaults;
	char *dir;
	const char **patterns;
	char *excludes;
};

int plan_read(const struct args *a, struct plan *out);
void plan_free(struct plan *p);
#define auto_plan CLEANUP(plan_free) struct plan

#define PLAN_OPTIONS 20
extern const struct option plan_options[PLAN_OPTIONS];

/* What --prune-backups takes away, once @vmid has a new one. @show: only say it. */
int plan_prune(const struct plan *p, unsigned vmid);
