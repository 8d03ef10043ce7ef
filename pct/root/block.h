/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our part of a file of a container's: between two marker lines; what is around it is theirs.
 */
#pragma once

/*
 * @old with @block in it: instead of the part that is ours, or was Proxmox' (its markers stay, for
 * a container that goes back); where there is none instead of all of it. malloc'ed; NULL: memory
 * is out. Pure.
 */
char *block_put(const char *old, const char *block);
