/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be asked of the daemon by HTTP on a socket of its own (metrics.sock): what it has done,
 * and what its containers use. One thread answers, and only one: nobody who reads waits for it.
 */
#pragma once

#include "procfs/counts.h"
#include "procfs/fs.h"

struct metrics;

/* @sock: it listens, and stays the caller's. */
int metrics_start(struct fs *fs, const struct counts *c, int sock, struct metrics **out) MUST_CHECK;
void metrics_stop(struct metrics *m);
