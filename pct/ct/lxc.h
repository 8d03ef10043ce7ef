/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liblxc's containers, and its answers as 0 or a negative errno already said.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/base.h"

/* $PCT_ROOT/var/lib/pct/lxc, malloc'ed: liblxc's lxcpath. */
char *ct_lxcpath(void);

/* Does it run, or start or stop just now: is anybody at its command socket? */
bool ct_running(unsigned vmid);

/*
 * Whose starter was killed ends again, while it seems to run: wait for what becomes of it. 1: it
 * runs; 0: it does not (any more). -EBUSY, said: neither, after a good while.
 */
int ct_await_start(unsigned vmid);

/* "running", "frozen" or "stopped". */
const char *ct_state(unsigned vmid);

/*
 * The abstract name of that socket, without its leading NUL: "<lxcpath>/<name>/command"; if that
 * is too long for liblxc, "lxc/<64-bit FNV-1a of "<lxcpath>/<name>">/command".
 */
#define CT_SOCKET sizeof(((struct sockaddr_un *)0)->sun_path)
void ct_socket(const char *lxcpath, const char *name, char out[CT_SOCKET]);

/* liblxc's own idea of it, from its config file. Owned: auto_container *c = NULL; */
struct lxc_container;
int ct_open(unsigned vmid, struct lxc_container **out);
void ct_close(struct lxc_container **c);
#define auto_container CLEANUP(ct_close) struct lxc_container

/*
 * The first lxc.* line of its conf that liblxc does not take into @empty, a container that is none:
 * "key = value", and its *key; malloc'ed. NULL: it is none of them.
 */
char *ct_wrong_line(unsigned vmid, struct lxc_container *empty, char **key);

/* From its config file; returns when its init runs. @shown: with LXC's log on stderr meanwhile. */
int ct_start(unsigned vmid, bool shown);

/* The host's pid of its init; -ESRCH if it does not run, not said. */
int ct_init(unsigned vmid, pid_t *pid);

/*
 * Run a command in it, on a terminal of the container's own where our stdin and stdout are one. Its
 * exit status, or 128+N: see pct.h.
 */
struct ct_command;
int ct_exec(unsigned vmid, const struct ct_command *what);
