// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is said of pct-launch: --help and pct-launch(8), from the commands' rows and this table.
 */
#include "base/roff.h"
#include "base/wrap.h"
#include "launcher/launch.h"
#include "launcher/words.h"

const struct command *const launch_commands[] = {
	&cmd_attach, &cmd_cdi,	   &cmd_detach, &cmd_list,
	&cmd_lxc,    &cmd_mounter, &cmd_oci,	&cmd_repair,
};
const size_t n_launch_commands = ARRAY_LEN(launch_commands);

static const char synopsis[] = "[--socket PATH] [--strict] [--cpus fixed|live] [--fast] <command> "
			       "[args]";

static const struct {
	const char *left, *help;
} flags[] = {
	{ "--socket PATH", "control socket of pctfs (/run/pct/pctfs.sock; PCT_ROOT before it)" },
	{ "--strict", "a container whose views cannot be attached does not start" },
	{ "--cpus WORD", "fixed: its cpuset never changes, and bounds the CPUs there can be; live: "
			 "the host does (lxc: fixed when its config names the cpuset)" },
	{ "--fast", "files that can be come from the page cache, as old as pctfs's --page-cache "
		    "says: for containers that are polled a lot" },
	{ "--version", "which pct-launch this is" },
};

int launch_usage(FILE *to)
{
	fprintf(to, "usage: pct-launch %s\n\nPut the views that pctfs serves into containers.\n\n",
		synopsis);
	for (size_t i = 0; i < n_launch_commands; i++) {
		fprintf(to, "  %-8s %-22s ", launch_commands[i]->name, launch_commands[i]->args);
		put_wrapped(launch_commands[i]->help, 34, 34, to);
	}
	fputc('\n', to);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		fprintf(to, "  %-14s ", flags[i].left);
		put_wrapped(flags[i].help, 17, 17, to);
	}
	fputs("\nSee pct-launch(8).\n", to);
	return to == stdout ? 0 : 2;
}

/* ---- pct-launch(8) ---- */

static const char what[] =
    "pct-launch lays the files that pctfs(8) serves over those of a container: bind mounts in the "
    "container's own mount namespace, all or none. A file that the container has not is left out, "
    "and where something else is mounted already it refuses, and says what.\n"
    "There are three ways to it. A hook, before the container's first process runs: LXC's, by the "
    "drop-in in common.conf.d, and those of OCI runtimes. 'attach', into a container that runs. "
    "And "
    "'repair', for all that lost theirs or started when there was no pctfs.\n"
    "A container is meant by the pid of a process in it, as the host numbers it, or by a name: of "
    "an "
    "LXC container, a VMID of pct, the id of an OCI container (or its first 12 characters). A name "
    "that fits more than one is refused.\n"
    "A container without views shows its host's numbers, and starts all the same, unless --strict "
    "was said: pct(1) says it.\n"
    "pct-runc is the same as a runtime: it gives a container its views and a boot clock of its "
    "own, "
    "and then becomes runc, or another one that it is told.\n";

static const struct {
	const char *left, *help;
} places[] = {
	{ "/usr/share/lxc/config/common.conf.d/10-pctfs.conf",
	  "The drop-in: views for each LXC container whose config includes common.conf" },
	{ "/usr/share/pct/lxc-views.d/",
	  "For lxc.include of one container: the same, and sysinfo(2)" },
	{ "/usr/share/pct/lxc-nesting.d/",
	  "For lxc.include of a container that has containers of its own" },
	{ "/usr/share/pct/hooks.d/", "Hooks for podman and CRI-O" },
	{ "/run/pct/waiting/", "Who started while there was no pctfs, for 'repair'" },
};

int launch_manual(FILE *to)
{
	roff_head("pct-launch", 8, "views of pctfs in containers", "pct-launch manual", to);
	fputs(".SH SYNOPSIS\n.B pct\\-launch\n", to);
	roff_text(synopsis, to);
	fputs(".SH DESCRIPTION\n", to);
	roff_text(what, to);
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; i < n_launch_commands; i++) {
		const struct command *c = launch_commands[i];
		auto_free char *left = NULL;

		if (asprintf(&left, "%s%s%s", c->name, *c->args ? " " : "", c->args) < 0)
			return 1;
		roff_item(left, c->help, to);
	}
	fputs(".SH OPTIONS\n", to);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		roff_item(flags[i].left, flags[i].help, to);
	fputs(".SH OPTIONS OF PCT-RUNC\n", to);
	roff_text("Before the runtime's own command; the rest of the line is the runtime's. A link "
		  "to it that is called pct-crun goes on with crun.\n",
		  to);
	for (size_t i = 0; i < n_own_help; i++)
		roff_item(own_help[i].left, own_help[i].help, to);
	fputs(".SH FILES\n", to);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		roff_item(places[i].left, places[i].help, to);
	fputs(".SH EXIT STATUS\n", to);
	roff_text("0: done; 1: failed, said on stderr; 2: used wrongly. A hook fails only with "
		  "--strict.\n",
		  to);
	fputs(".SH SEE ALSO\n.BR pctfs (8),\n.BR pct (1),\n.BR lxc.container.conf (5)\n", to);
	return fflush(to) == 0 ? 0 : 1;
}
