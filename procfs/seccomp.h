/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sysinfo(2) of containers, answered from the same sample as their files. LXC's monitor hands
 * each call over on a SOCK_SEQPACKET connection (lxc.seccomp.notify.proxy).
 */
#pragma once

#include "procfs/caller.h"
#include "procfs/kept.h"

struct seccomp;

/* @listen: the socket; @kept: connections of earlier workers, and those to come. */
int seccomp_start(struct callers *c, int listen, struct kept *kept,
		  struct seccomp **out) MUST_CHECK;
void seccomp_stop(struct seccomp *s);
