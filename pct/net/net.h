/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network of a container, as the rest of pct has to do with it. All of these say what is wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct build;
struct config;
struct live;

/* Of keys[]: liblxc's lines of one netN; change it while it runs. */
int net_lines(const struct build *b, unsigned number, const char *value, FILE *out);
int net_apply(struct live *l, const char *name, const char *value);

/*
 * Before its start: is all there that its interfaces need? Managed bridges are brought up, and
 * @changed: a MAC address that was missing is in the conf now.
 */
int net_prepare(unsigned vmid, struct config *c, bool *changed);

bool net_any(const struct config *c);

/* LXC's hook: both ends of each are there, and @init has not begun to run. */
int net_up(unsigned vmid, pid_t init);

/* What a container that does not run has left: links, rules. */
void net_clean(unsigned vmid);

/* Likewise, for good. */
void net_forget(unsigned vmid);
