// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What its first process starts: terminals that ask for a login.
 */
#include <ctype.h>
#include <limits.h>

#include "pct/conf/keys.h"
#include "pct/guest/inner.h"

#define TTYS_MAX 6

static unsigned ttys(const struct guest *g)
{
	const char *value = key_value(g->job->config, "tty");
	unsigned long n = value ? strtoul(value, NULL, 10) : 0;

	return (unsigned)MIN(n, (unsigned long)TTYS_MAX);
}

void init_find(struct guest *g)
{
	static const char *const systemd[] = { "usr/lib/systemd/systemd", "lib/systemd/systemd" };

	for (size_t i = 0; i < ARRAY_LEN(systemd); i++)
		if (within_there(&g->files, systemd[i]) &&
		    (within_links_to(&g->files, "sbin/init", "systemd") ||
		     !within_there(&g->files, "etc/inittab"))) {
			g->init = INIT_SYSTEMD;
			return;
		}
	if (within_there(&g->files, "etc/inittab"))
		g->init = INIT_INITTAB;
}

/* ---- systemd ---- */

void systemd_enable(struct guest *g, const char *unit, const char *wanted_by)
{
	static const char *const dirs[] = { "usr/lib/systemd/system", "lib/systemd/system" };
	auto_free char *path = text_of("etc/systemd/system/%s.wants/%s", wanted_by, unit);

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *to = text_of("/%s/%s", dirs[i], unit);

		if (!within_there(&g->files, to + 1))
			continue;
		within_link(&g->files, path, to);
		return;
	}
}

static void put_getty(struct guest *g)
{
	bool root = !key_bool(g->job->config, "unprivileged");
	const char *dir = g->distro->tty_dir && root ? g->distro->tty_dir : "";
	auto_free char *text = text_of("[Unit]\n"
				       "Description=Login on %stty%%I\n"
				       "After=systemd-user-sessions.service\n"
				       "Before=getty.target\n"
				       "IgnoreOnIsolate=yes\n"
				       "ConditionPathExists=/dev/%stty%%I\n"
				       "\n"
				       "[Service]\n"
				       "ExecStart=-/sbin/agetty --noclear --keep-baud %stty%%I "
				       "115200,38400,9600 $TERM\n"
				       "Type=idle\n"
				       "Restart=always\n"
				       "RestartSec=0\n"
				       "UtmpIdentifier=tty%%I\n"
				       "TTYPath=/dev/%stty%%I\n"
				       "TTYReset=yes\n"
				       "TTYVHangup=yes\n"
				       "KillMode=process\n"
				       "IgnoreSIGPIPE=no\n"
				       "SendSIGHUP=yes\n"
				       "\n"
				       "[Install]\n"
				       "WantedBy=getty.target\n",
				       dir, dir, dir, dir);

	within_put(&g->files, "etc/systemd/system/container-getty@.service", text, 0644);
}

static void systemd_gettys(struct guest *g)
{
	char to[PATH_MAX];

	put_getty(g);
	if (within_is_link(&g->files, "etc/systemd/system/getty.target", to, sizeof(to)) &&
	    strcmp(to, "/dev/null") == 0)
		within_remove(&g->files, "etc/systemd/system/getty.target");
	for (unsigned i = 1; i <= TTYS_MAX; i++) {
		auto_free char *path =
		    text_of("etc/systemd/system/getty.target.wants/container-getty@%u.service", i);

		if (i <= ttys(g))
			within_link(&g->files, path,
				    "/etc/systemd/system/container-getty@.service");
		else
			within_remove(&g->files, path);
	}
}

static void put_presets(struct guest *g)
{
	bool networkd = g->way == &way_networkd;
	struct text t = text_begin();
	auto_free char *text = NULL;

	fputs("enable container-getty@.service\n"
	      "disable getty@.service\n"
	      "disable sys-kernel-config.mount\n"
	      "disable sys-kernel-debug.mount\n",
	      t.out);
	/* Without an interface of ours that is not ours to say. */
	if (g->way && g->n_nics)
		fprintf(t.out, "%s systemd-networkd.service\n%s", networkd ? "enable" : "disable",
			networkd ? "" : "disable systemd-networkd-wait-online.service\n");
	if (g->distro->preset)
		fputs(g->distro->preset, t.out);
	text = text_end(&t);
	/* Proxmox' name: it would have another one of its own. */
	within_put(&g->files, "etc/systemd/system-preset/00-pve.preset", text, 0644);
}

/* ---- others ---- */

static void put_services(struct guest *g)
{
	const char *next = g->distro->services;
	char word[64];

	while (word_next(&next, word)) {
		const char *name = strchr(word, '/') + 1;
		auto_free char *path = text_of("etc/runlevels/%s", word);
		auto_free char *to = text_of("/etc/init.d/%s", name);

		if (within_there(&g->files, to + 1))
			within_link(&g->files, path, to);
	}
}

static char *terminals(const char *old, const void *ttys_of)
{
	auto_free char *text = NULL;
	struct text t = text_begin();

	(void)ttys_of;
	fputs("console\n", t.out);
	for (unsigned i = 1; i <= TTYS_MAX; i++)
		fprintf(t.out, "tty%u\nlxc/tty%u\n", i, i);
	text = text_end(&t);
	return block_put(old, text, BLOCK_END);
}

void init_set(struct guest *g)
{
	auto_free char *locale = text_of("LANG=%s\n", g->distro->locale ? g->distro->locale : "");

	if (g->init == INIT_SYSTEMD) {
		systemd_gettys(g);
		put_presets(g);
	} else if (g->init == INIT_INITTAB && g->distro->getty) {
		inittab_set(g, ttys(g));
	}
	/* Else it would look at file systems that are the host's. */
	if (g->init == INIT_INITTAB && g->job->when != GUEST_LIVE && g->distro->powerfail)
		within_put(&g->files, "fastboot", "", 0644);
	if (g->distro->services)
		put_services(g);
	within_edit(&g->files, "etc/securetty", terminals, NULL, 0);
	if (g->distro->locale && !within_there(&g->files, "etc/locale.conf") &&
	    g->init == INIT_SYSTEMD)
		within_put(&g->files, "etc/locale.conf", locale, 0644);
}
