// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The manual pages, as roff: pct(1) from the commands, pct.conf(5) from the keys, storage.cfg(5)
 * from the drivers.
 */
#include "base/roff.h"
#include "pct/cli/help.h"
#include "pct/conf/site.h"
#include "pct/root/template.h"
#include "pct/storage/driver.h"

#define BY "pct manual"

static void put_option(const struct option *o, enum as as, FILE *to)
{
	auto_free char *left = help_left(o, as), *right = help_sentence(o);

	if (!left || !right)
		return;
	roff_item(left, right, to);
}

static void put_command(const struct command *c, FILE *to)
{
	const struct option *o;

	fprintf(to, ".SS \"pct %s", c->name);
	for (const char *p = c->args; *p; p++)
		fprintf(to, "%s%s", p == c->args ? " " : "", *p == '-' ? "\\-" : (char[2]){ *p });
	fprintf(to, "%s\"\n", command_option(c, 0) ? " [options]" : "");
	roff_sentence(c->help, to);
	if (c->takes_keys)
		roff_text(
		    "It also takes an option for every key of pct.conf(5) that is not set by pct "
		    "itself: 'memory: 512' there is '--memory 512' here.",
		    to);
	if (c->more) {
		fputs(".PP\n", to);
		roff_text(c->more, to);
	}
	for (size_t i = 0; (o = command_option(c, i)); i++)
		if (!help_key(o))
			put_option(o, AS_OPTION, to);
}

static void write_pct(FILE *to)
{
	roff_head("pct", 1, "system containers", BY, to);
	fputs(".SH SYNOPSIS\n.B pct\n.I command\n[args] [options]\n.SH DESCRIPTION\n", to);
	roff_text(
	    "pct makes and runs containers on LXC, in the words Proxmox users know. Each sees the "
	    "machine it was sold as: its own memory, CPUs, load and uptime, by pctfs.\n",
	    to);
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; i < n_commands; i++)
		if (!commands[i]->hidden)
			put_command(commands[i], to);
	fputs(".SH TEMPLATES\n", to);
	for (size_t i = 0; i < n_templates; i++)
		roff_item(templates[i].name, templates[i].help, to);
	for (size_t i = 0; i < n_notes; i++) {
		roff_title(notes[i].title, to);
		roff_text(notes[i].text, to);
	}
	fputs(".SH SEE ALSO\n.BR pct.conf (5),\n.BR storage.cfg (5),\n.BR pctfs (8),\n"
	      ".BR pct\\-launch (8),\n.BR lxc.container.conf (5)\n",
	      to);
}

static const char form[] =
    "One file a container, etc/pct/lxc/<vmid>.conf below $PCT_ROOT or /. 'pct set' changes it, "
    "and so may an editor: a line is 'key: value'. Of a key that is there twice the last line "
    "holds.\n"
    "Lines that begin with '#' are the container's description, percent-encoded; they are moved "
    "to the top when the file is written. Keys that pct does not know are kept. A line with "
    "control characters is not.\n"
    "[pve:pending] is the section of what waits for the container's next start; its 'delete: "
    "key,key' names keys that will go. Any other section is a snapshot of that name.\n"
    "Lines 'lxc.something: value' or 'lxc.something = value' are handed to LXC as they are, after "
    "all that comes of the keys, so they win over it: see lxc.container.conf(5). 'pct "
    "set --lxc' writes them, and refuses those that pct writes itself.\n";

static const char readers[] =
    "Only root may change a container. Others read what the files let them: after\n"
    "chgrp -R pct /etc/pct/lxc && chmod 2750 /etc/pct/lxc\n"
    "members of the group pct may use list, status, config and pending. Files that pct writes "
    "anew keep group and mode, new ones have the group of the directory.\n";

static const char site[] =
    "Beside the containers' files there is etc/pct/pct.conf, of the same form, for what holds for "
    "the host and no one container. It need not be there.\n";

static void put_key(const struct key *k, FILE *to)
{
	auto_free char *left = help_left(&k->option, AS_KEY), *right = help_sentence(&k->option);
	auto_free char *whole = NULL;

	if (!left || !right ||
	    asprintf(&whole, "%s; %s%s%s", right,
		     k->internal ? "set by pct itself; no option of 'pct set'" : help_hotplug(k),
		     k->fixed  ? "; only 'pct create' sets it"
		     : k->kept ? "; cannot be taken away"
			       : "",
		     k->option.type == OPTION_LINES ? "; written as lines that begin with '#'"
						    : "") < 0) {
		whole = NULL;
		return;
	}
	roff_item(left, whole, to);
	if (!k->option.properties)
		return;
	fputs(".RS\n", to);
	for (const struct option *p = k->option.properties; p->name; p++)
		put_option(p, AS_PROPERTY, to);
	fputs(".RE\n", to);
}

static void write_conf(FILE *to)
{
	roff_head("pct.conf", 5, "what a container is configured to be", BY, to);
	fputs(".SH DESCRIPTION\n", to);
	roff_text(form, to);
	fputs(".SH KEYS\n", to);
	for (size_t i = 0; i < n_keys; i++)
		put_key(&keys[i], to);
	fputs(".SH WHO MAY READ IT\n", to);
	roff_text(readers, to);
	fputs(".SH THE HOST'S OWN FILE\n", to);
	roff_text(site, to);
	for (size_t i = 0; i < n_site_options; i++)
		put_option(&site_options[i], AS_KEY, to);
	fputs(".SH EXAMPLE\n.nf\n"
	      "#web server of the shop\n"
	      "arch: amd64\n"
	      "cores: 2\n"
	      "hostname: shop\n"
	      "memory: 2048\n"
	      "net0: name=eth0,bridge=vmbr0,ip=192.0.2.7/24,gw=192.0.2.1\n"
	      "onboot: 1\n"
	      "ostype: debian\n"
	      "rootfs: local:100/subvol\\-100\\-disk\\-0.subvol,size=8G\n"
	      "swap: 512\n"
	      "unprivileged: 1\n"
	      ".fi\n.SH SEE ALSO\n.BR pct (1),\n.BR storage.cfg (5),\n.BR lxc.container.conf (5)\n",
	      to);
}

static const char storage_form[] =
    "/etc/pct/storage.cfg (below $PCT_ROOT, if that is set) has a section for each storage: a line "
    "'type: name', and indented lines 'key value' below it. It has the form that Proxmox' own file "
    "has, and what pct does not know in it is kept. 'pct storage add' and 'remove' change it, and "
    "so "
    "may an editor.\n"
    "Without the file, or a section of that name in it, there is the storage 'local', "
    "/var/lib/pct: "
    "of type btrfs where that lies on one, else of type dir.\n"
    "What a storage can do, here and now, is said by 'pct storage list --output-format json'.\n";

static void put_driver(const struct driver *d, FILE *to)
{
	fprintf(to, ".SS \"%s\"\n", d->type);
	roff_sentence(d->help, to);
	for (const struct option *o = d->options; o && o->name; o++)
		put_option(o, AS_PAIR, to);
}

static void write_storage(FILE *to)
{
	const struct option *o;

	roff_head("storage.cfg", 5, "where volumes of containers lie", BY, to);
	fputs(".SH DESCRIPTION\n", to);
	roff_text(storage_form, to);
	fputs(".SH TYPES\n", to);
	for (size_t i = 0; i < n_drivers; i++)
		put_driver(drivers[i], to);
	fputs(".SH KEYS OF ANY TYPE\n", to);
	for (size_t i = 0; (o = command_option(&cmd_storage, i)); i++)
		if (storage_is_common(o->name))
			put_option(o, AS_PAIR, to);
	fputs(".SH EXAMPLE\n", to);
	roff_lines("btrfs: fast\n"
		   "        path /srv/fast\n"
		   "        content rootdir\n"
		   "lvmthin: thin\n"
		   "        vgname vg0\n"
		   "        thinpool pool0\n",
		   to);
	fputs(".SH SEE ALSO\n.BR pct (1),\n.BR pct.conf (5)\n", to);
}

int manual_write(const char *page, FILE *to)
{
	if (strcmp(page, "pct") == 0)
		write_pct(to);
	else if (strcmp(page, "pct.conf") == 0)
		write_conf(to);
	else if (strcmp(page, "storage.cfg") == 0)
		write_storage(to);
	else
		return -ENOENT;
	return 0;
}
