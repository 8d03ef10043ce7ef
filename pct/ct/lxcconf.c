// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <inttypes.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/ct/lxcconf.h"

/*
 * liblxc hands a hook to /bin/sh. Quotes would not do: it takes a pair of them off a value that
 * begins and ends with one.
 */
static void put_quoted(const char *text, FILE *out)
{
	for (const char *p = text; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("/._-+,:@%=", *p) &&
		    (unsigned char)*p < 0x80)
			fputc('\\', out);
		fputc(*p, out);
	}
}

static void put_hook(const struct build *b, const char *when, FILE *out)
{
	fprintf(out, "lxc.hook.%s = ", when);
	put_quoted(b->tools, out);
	fputs("/pct-launch lxc --strict --socket ", out);
	put_quoted(b->run, out);
	fputs("/pctfs.sock\n", out);
}

/* The last of them: it fails on purpose when the container rebooted. */
static void put_restart(const struct build *b, FILE *out)
{
	fputs("lxc.hook.post-stop = ", out);
	put_quoted(b->tools, out);
	fprintf(out, "/pct hook %u\n", b->vmid);
}

/* Limits sit on <top>/<vmid>; the container sees <top>/<vmid>/ns, and cannot change them. */
static void put_head(const struct build *b, FILE *out)
{
	fprintf(out,
		"# Made by 'pct start %u' from its conf at every start: changes here are lost.\n"
		"lxc.include = /usr/share/lxc/config/common.conf\n"
		"lxc.cgroup.relative = 0\n"
		"lxc.cgroup.dir.monitor = %s.monitor/%u\n"
		"lxc.cgroup.dir.monitor.pivot = %s.monitor-pivot/%u\n"
		"lxc.cgroup.dir.container = %s/%u\n"
		"lxc.cgroup.dir.container.inner = ns\n"
		"lxc.apparmor.profile = generated\n"
		"lxc.environment = TERM=linux\n"
		"lxc.net.0.type = empty\n",
		b->vmid, b->top, b->vmid, b->top, b->vmid, b->top, b->vmid);
}

/*
 * Its clocks begin now: then `ps`, which computes with start times, is right in there, and so is
 * what systemd says of its boot, by the clock that does not count sleep.
 */
static void put_clocks(const struct build *b, FILE *out)
{
	if (b->boot)
		fprintf(out,
			"lxc.time.offset.boot = -%" PRIu64 "s\n"
			"lxc.time.offset.monotonic = -%" PRIu64 "s\n",
			b->boot, b->monotonic);
}

static void put_log(const struct build *b, FILE *out)
{
	fprintf(out,
		"lxc.log.file = %s/log\n"
		"lxc.log.level = %s\n",
		b->dir, key_bool(b->config, "debug") ? "TRACE" : "DEBUG");
}

bool lxcconf_own_seccomp(const struct config *c)
{
	const struct section *s = &c->sections[0];

	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].key && strcmp(s->entries[i].key, "lxc.seccomp.profile") == 0)
			return true;
	return false;
}

bool lxcconf_asks(const struct config *c)
{
	return key_bool(c, "sysinfo") || key_bool(c, "procmounts");
}

static void put_proxy(const struct build *b, FILE *out)
{
	if (lxcconf_asks(b->config))
		fprintf(out, "lxc.seccomp.notify.proxy = unix:%s/seccomp.sock\n", b->run);
}

/* After the user's lines: an empty one of theirs takes back all hooks before it. */
static void put_views(const struct build *b, FILE *out)
{
	if (!lxcconf_own_seccomp(b->config)) {
		fprintf(out, "lxc.seccomp.profile = %s/rules.seccomp\n", b->dir);
		put_proxy(b, out);
	}
	put_hook(b, "start-host", out);
	put_hook(b, "post-stop", out);
	put_restart(b, out);
}

/* The user's own lines win over the keys' lines. LXC 5 has one environment where later ones have
 * two. */
static void put_raw(const struct build *b, FILE *out)
{
	const struct section *s = &b->config->sections[0];

	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (entry_is_lxc(e))
			fprintf(out, "%s = %s\n",
				strcmp(e->key, "lxc.environment.runtime") == 0 ? "lxc.environment"
									       : e->key,
				e->value);
	}
}

/* All there are of one that there may be several of: net0, net1. */
static int put_several(const struct build *b, const struct key *k, FILE *out, const char **wrong)
{
	int r = 0;

	for (unsigned n = 0; n < k->option.count && r == 0; n++) {
		char name[OPTION_NAME];
		const struct entry *e;

		snprintf(name, sizeof(name), "%s%u", k->option.name, n);
		e = section_find(b->config->sections, name);
		r = e ? k->lines_of(b, n, e->value, out) : 0;
		if (r < 0)
			*wrong = e->key;
	}
	return r;
}

static int put_key(const struct build *b, const struct key *k, FILE *out, const char **wrong)
{
	int r;

	if (k->lines_of)
		return put_several(b, k, out, wrong);
	r = k->lines ? k->lines(b, key_value(b->config, k->option.name), out) : 0;
	if (r < 0)
		*wrong = k->option.name;
	return r;
}

int lxcconf_write(const struct build *b, FILE *out, const char **key)
{
	put_head(b, out);
	for (size_t i = 0; i < n_keys; i++) {
		int r = put_key(b, &keys[i], out, key);

		if (r < 0)
			return r;
	}
	put_clocks(b, out);
	put_log(b, out);
	if (lxcconf_own_seccomp(b->config))
		put_proxy(b, out);
	put_raw(b, out);
	put_views(b, out);
	return 0;
}
