/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC's rules for the system calls of a container, with those that pctfs is asked about.
 */
#pragma once

#include <linux/mount.h>
#include <stdbool.h>
#include <sys/mount.h>

#include "base/base.h"
#include "base/nodes.h"

/*
 * A new mount of a file system: not a bind, move or remount, nor its propagation. The magic number
 * that old programs set is not to be taken for those flags.
 */
static inline void rules_put_mounts(FILE *out)
{
	fprintf(out, "mount notify [3,0,SCMP_CMP_MASKED_EQ,0x%x]\n",
		MS_REMOUNT | MS_BIND | MS_MOVE | MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED);
	fprintf(out, "mount notify [3,0x%x,SCMP_CMP_MASKED_EQ,0x%x]\n", MS_MGC_VAL,
		MS_MGC_MSK | MS_REMOUNT | MS_BIND | MS_MOVE);
	fprintf(out, "umount2 notify [1,0,SCMP_CMP_MASKED_EQ,0x%x]\n",
		MNT_FORCE | MNT_DETACH | MNT_EXPIRE);
	fputs("fsopen notify\n", out);
}

/* Nodes that can be made for a container; all others the kernel refuses as ever. */
static inline void rules_put_nodes(FILE *out)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes_allowed); i++)
		for (unsigned at = 0; at < 2; at++)
			fprintf(out,
				"mknod%s notify [%u,0x%x,SCMP_CMP_MASKED_EQ,0x%x]"
				"[%u,0x%x,SCMP_CMP_MASKED_EQ,0xffffffff]\n",
				at ? "at" : "", at + 1, S_IFCHR, S_IFMT, at + 2, nodes_allowed[i]);
}

/*
 * What is denied, which is what LXC's own common.seccomp denies; who answers sysinfo(2): pctfs;
 * nobody, so that it fails with ENOSYS, as it does for all in a container whose monitor has lost
 * pctfs; or the host. @mounts: pctfs is asked to mount a procfs, too.
 */
enum rules_calls { CALLS_ASKED, CALLS_NONE, CALLS_HOST };
static inline void rules_put(enum rules_calls sysinfo, bool mounts, FILE *out)
{
	fputs("2\n"
	      "denylist\n"
	      "reject_force_umount\n"
	      "[all]\n"
	      "kexec_load errno 1\n"
	      "open_by_handle_at errno 1\n"
	      "init_module errno 1\n"
	      "finit_module errno 1\n"
	      "delete_module errno 1\n",
	      out);
	if (sysinfo == CALLS_ASKED)
		fputs("sysinfo notify\n", out);
	if (sysinfo == CALLS_NONE)
		fprintf(out, "sysinfo errno %d\n", ENOSYS);
	if (mounts)
		rules_put_mounts(out);
}
