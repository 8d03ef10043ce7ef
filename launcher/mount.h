/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC's hook mount: views by caller, for a container whose start-host hook can do nothing. A user
 * of the host may neither speak to pctfs nor clone a mount of the host's; and in a container that
 * has containers there is no pctfs, but the tree that is given for nesting.
 */
#pragma once

#include "launcher/launch.h"

/* Where the tree is: PCT_ROOT before it. */
void mount_tree(char *out, size_t size);

/* Of @o's pctfs: has start-host, in whichever hook we are, the right and the means? */
bool mount_is_needless(const struct options *o);

/* In the container's mount and user namespace, before it goes to its root. Errors are said. */
int mount_views(const struct options *o) MUST_CHECK;
