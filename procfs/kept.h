/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that must outlive the worker: their other ends do not dial again.
 */
#pragma once

#include "procfs/daemon.h"

struct kept {
	int fd[KEPT_MAX]; /* one more than the descriptor; 0: none */
};

/* One that the keeper has by that number. -EINVAL: no such number, or there is one. */
int kept_add(struct kept *k, uint32_t id, int fd) MUST_CHECK;

/* Over: the keeper lets go of it, and it is closed. */
void kept_drop(struct kept *k, uint32_t id);
/* -EBADF: none. */
int kept_fd(const struct kept *k, uint32_t id);
void kept_close(struct kept *k);
