/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line: what a command is, and what reaches it.
 *
 *   backup/  archives of containers: made, kept, read again
 *   cmd/   a file for every command, ending in its row
 *   cli/   words into options, help, completion, output
 *   conf/  the config files, their keys, their lock
 *   ct/    a container that is to run, runs, or ran: liblxc, cgroups, limits
 *   copy/  files into one that runs, and out of it
 *   guest/ what its own system is told of its conf
 *   disk/  its volumes: larger, checked, somewhere else
 *   image/ root file systems to make them of: got, built, imported
 *   net/   its interfaces, and the bridges they are on
 *   snap/  its snapshots
 *   root/  what is in its file system: templates, unpacking
 *   storage/  volumes: where they lie, how they are made and mounted
 *   top/   what all of them use
 *
 * Exit codes: 0 done; 1 failed, said on stderr; 2 used wrongly, likewise in one line.
 * `pct exec` answers with its command's own status: 128+N when signal N ended it, 126 when it
 * could not be run, 127 when it was not found.
 */
#pragma once

#include "base/say.h"
#include "pct/cli/option.h"

#define EXIT_USAGE 2

struct args;

enum wants { WANTS_ANY, WANTS_RUNNING, WANTS_STOPPED, WANTS_FREE };

/* A sub-command. Its file ends in its row; commands[] in commands.c lists it. */
struct command {
	const char *name;
	const char *args;	/* as in the usage line, "<vmid> <template>" */
	const char *help;	/* one line, no full stop */
	const char *more;	/* what else there is to say: paragraphs, each ended by a newline */
	int min_args, max_args; /* words after the name, the VMID counted; < 0: any number */
	bool vmid;		/* the first of them is a VMID */
	bool passes;		/* words after the VMID are somebody else's: exec */
	bool takes_keys;	/* an option for every config key a user may set */
	bool prints;		/* data: has --output-format */
	bool needs_root;	/* it changes something */
	bool hidden;		/* for programs: known by its whole name only */
	enum wants wants;	/* which VMIDs completion offers */
	const struct option *options; /* its own */
	size_t n_options;
	int (*run)(const struct args *a); /* 0, exit code > 0, or a negative errno already said */
};

extern const struct command *const commands[];
extern const size_t n_commands;

extern const struct command cmd_autosnap, cmd_backup, cmd_bench, cmd_clone, cmd_complete,
    cmd_config, cmd_console, cmd_cpusets, cmd_create, cmd_delsnapshot, cmd_destroy, cmd_df,
    cmd_enter, cmd_exec, cmd_fsck, cmd_fstrim, cmd_guest_setup, cmd_help, cmd_hook, cmd_image,
    cmd_list, cmd_listsnapshot, cmd_manual, cmd_mount, cmd_move_volume, cmd_move_volume_old,
    cmd_net_up, cmd_network, cmd_pending, cmd_pull, cmd_push, cmd_reboot, cmd_rescan, cmd_resize,
    cmd_restore, cmd_resume, cmd_rollback, cmd_set, cmd_shutdown, cmd_snapshot, cmd_start,
    cmd_startall, cmd_status, cmd_stop, cmd_stopall, cmd_storage, cmd_suspend, cmd_template,
    cmd_top, cmd_unlock, cmd_unmount, cmd_wait;

/*
 * By its name, or the beginning of just one; hidden ones by their whole name. -ENOENT: there is
 * none; -ENOTUNIQ: several begin so. Unless NULL, @candidates (malloc'ed) then holds their names,
 * or all names there are.
 */
int command_find(const char *word, const struct command **out, char **candidates);

/* Its options one after the other, own ones first, then those it has in common with others; NULL
 * after the last. */
const struct option *command_option(const struct command *c, size_t i);
