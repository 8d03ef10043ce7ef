/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* See that the daemon that shows containers their machine runs and answers. Says what is wrong. */
int pctfs_ensure(void);
