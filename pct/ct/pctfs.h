/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* See that the daemon that shows containers their machine runs and answers. Says what is wrong. */
int pctfs_ensure(void);

/* The process that keeps that daemon's sockets. 0: none can be asked. */
int pctfs_keeper(void);
