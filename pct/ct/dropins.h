/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What packages add to every LXC container of the host, below common.conf.d. Those of lxcfs are
 * not for ours: it would mount its own /proc/meminfo, to be covered at once by ours, and its hook
 * sleeps for half a second when a container stops.
 */
#pragma once

/*
 * Lines of liblxc's config that take lxcfs' hooks back and keep the others': malloc'ed, "" where
 * there is nothing of lxcfs in @dir. NULL: memory is out.
 */
char *dropins_without_lxcfs(const char *dir);
