// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct restore: a container from its backup.
 */
#include "pct/backup/restore.h"
#include "pct/backup/repository.h"
#include "pct/storage/storage.h"

static const struct option options[] = {
	{ "force", OPTION_BOOL, .help = "replace the container that has this VMID" },
	{ "repository", OPTION_TEXT, .min = 1, .max = 4096, .form = form_repository,
	  .value = "restic:<path>|borg:<path>", .help = "the archive is the name of one in there" },
	{ "start", OPTION_BOOL, .help = "start it when it is restored" },
	{ "storage", OPTION_TEXT, .min = 2, .max = 100, .form = storage_id_wrong,
	  .value = "<storage>", .help = "where its volumes are made; local if not given" },
	{ "trusted", OPTION_BOOL,
	  .help = "also what reaches the host: bind mounts, devices, hookscript, lxc lines" },
	{ "unique", OPTION_BOOL, .help = "new MAC addresses: it runs beside the one it was of" },
};

const struct command cmd_restore = {
	.name = "restore",
	.args = "<vmid> <archive|->",
	.help = "Make a container from its backup",
	.more =
	    "Its config is the backup's, with what is given here. Its volumes are made anew, as "
	    "large as they were; with --rootfs (and --mp<n>) those given are made instead, and all "
	    "that is in the backup goes into them. --unprivileged 1 or 0 has another kind of "
	    "container made of it.\n"
	    "\n"
	    "An archive may be anybody's: bind mounts, devices, a hookscript and lxc lines of its "
	    "config are taken over with --trusted only. That it is privileged, its features, its "
	    "onboot and the idmap of a volume are as they were, and each is said: "
	    "--unprivileged 1, --features nesting=0 and --onboot 0 have it without. What cannot be "
	    "finished leaves nothing behind; one that is "
	    "replaced (--force) is there until its backup is unpacked, and those of its volumes "
	    "that the archive has nothing of are kept as unused ones. What was a template is one "
	    "again.\n",
	.min_args = 2,
	.max_args = 2,
	.vmid = true,
	.takes_keys = true,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = restore,
};
