/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree of files once more, as a volume that is mounted, or a directory: with owners, modes,
 * times, extended attributes (so ACLs and capabilities), hard links, holes, device nodes, sockets,
 * flags. Data is shared where the file system can (reflinks). No link is followed, no name leads
 * out: nothing in the tree has any say in where something is read or written.
 *
 *   copy.c    the walk
 *   data.c    what is in a file
 *   attrs.c   all that belongs to it besides
 *   links.c   which files are the same one
 */
#pragma once

#include "pct/cli/progress.h"

/*
 * All that is below directory @from, into the empty directory @to, which gets the attributes of
 * @from. @p may be NULL; its unit is bytes. All of it is on the disk then. Says what is wrong;
 * -EINTR: interrupted (not said).
 */
int tree_copy(int from, int to, struct progress *p);
