// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <inttypes.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/conf/raw.h"
#include "pct/ct/cores.h"
#include "pct/ct/limits.h"
#include "pct/ct/lxcconf.h"
#include "pct/net/net.h"

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

/* pct itself: what is to be mounted; and at its end, that it is started anew if it rebooted. */
static void put_own_hook(const struct build *b, const char *when, FILE *out)
{
	fprintf(out, "lxc.hook.%s = ", when);
	put_quoted(b->tools, out);
	fprintf(out, "/pct hook %u\n", b->vmid);
}

/* `cores` are spread anew at any time; what a raw line says stays as long as it runs. */
static void put_hook(const struct build *b, const char *when, FILE *out)
{
	fprintf(out, "lxc.hook.%s = ", when);
	put_quoted(b->tools, out);
	fprintf(out, "/pct-launch lxc --strict --cpus %s --socket ",
		cores_are_raw(b->config) ? "fixed" : "live");
	put_quoted(b->run, out);
	fputs("/pctfs.sock\n", out);
}

static void put_net_up(const struct build *b, FILE *out)
{
	if (!net_any(b->config))
		return;
	fputs("lxc.hook.start-host = ", out);
	put_quoted(b->tools, out);
	fprintf(out, "/pct net-up %u\n", b->vmid);
}

/*
 * Limits sit on <top>/<vmid>; the container sees <top>/<vmid>/ns, and cannot change them. What is
 * mounted for it on the host is only seen by its monitor, and ends with it.
 */
static void put_places(const struct build *b, FILE *out)
{
	fprintf(out,
		"lxc.cgroup.relative = 0\n"
		"lxc.cgroup.dir.monitor = %s.monitor/%u\n"
		"lxc.cgroup.dir.monitor.pivot = %s.monitor-pivot/%u\n"
		"lxc.cgroup.dir.container = %s/%u\n"
		"lxc.cgroup.dir.container.inner = ns\n"
		"lxc.monitor.unshare = 1\n",
		b->top, b->vmid, b->top, b->vmid, b->top, b->vmid);
}

#define LXC_CONFIG "/usr/share/lxc/config/"

static void put_head(const struct build *b, FILE *out)
{
	fprintf(out,
		"# Made by 'pct start %u' from its conf at every start: changes here are lost.\n"
		"lxc.include = " LXC_CONFIG "%s\n",
		b->vmid, b->common ? b->common : "common.conf");
	if (b->dropins)
		fputs(b->dropins, out);
	if (lxcconf_unprivileged(b->config))
		fprintf(out, "lxc.include = " LXC_CONFIG "%s\n",
			b->userns ? b->userns : "userns.conf");
	fputs("lxc.environment = TERM=linux\n", out);
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

/* No key has it; a raw line may. */
static void put_pids(const struct build *b, FILE *out)
{
	struct limits l = { 0 };
	char key[80];

	limits_pids(b->host, &l);
	if (l.n == 0)
		return;
	limit_key(&l.row[0], key, sizeof(key));
	fprintf(out, "%s = %s\n", key, l.row[0].text);
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
	return lxcconf_has_raw(c, "lxc.seccomp.profile");
}

bool lxcconf_asks(const struct config *c)
{
	return key_bool(c, "sysinfo") || key_bool(c, "procmounts") || lxcconf_asks_nodes(c);
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
	/* First what is mounted, so that views lie on top. */
	if (b->mounts)
		put_own_hook(b, "start-host", out);
	put_hook(b, "start-host", out);
	put_net_up(b, out);
	put_hook(b, "post-stop", out);
	/* The last of them: it fails on purpose when the container rebooted. */
	put_own_hook(b, "post-stop", out);
}

/* The user's own lines win over the keys' lines; not over where things are, which follows. */
static void put_raw(const struct build *b, FILE *out)
{
	const struct section *s = &b->config->sections[0];

	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (entry_is_lxc(e))
			fprintf(out, "%s = %s\n", raw_name(e->key), e->value);
	}
}

/* All there are of one that there may be several of: net0, net1. */
static int put_several(const struct build *b, const struct key *k, FILE *out, const char **wrong)
{
	int r = 0;
	bool any = false;

	for (unsigned n = 0; n < k->option.count && r == 0; n++) {
		char name[OPTION_NAME];
		const struct entry *e;

		snprintf(name, sizeof(name), "%s%u", k->option.name, n);
		e = section_find(b->config->sections, name);
		r = e ? k->lines_of(b, n, e->value, out) : 0;
		any = any || e;
		if (r < 0)
			*wrong = e->key;
	}
	if (!any && k->none)
		fputs(k->none, out);
	return r;
}

/* The file is lenient, liblxc takes anything. */
static bool has_form(const struct option *o, const char *value)
{
	return !value || o->type != OPTION_TEXT || !o->form || !o->form(value);
}

static int put_key(const struct build *b, const struct key *k, FILE *out, const char **wrong)
{
	const char *value;
	int r = 0;

	if (k->lines_of)
		return put_several(b, k, out, wrong);
	value = key_value(b->config, k->option.name);
	if (k->lines)
		r = has_form(&k->option, value) ? k->lines(b, value, out) : -EINVAL;
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
	put_pids(b, out);
	put_clocks(b, out);
	put_log(b, out);
	if (lxcconf_own_seccomp(b->config))
		put_proxy(b, out);
	put_raw(b, out);
	put_places(b, out);
	put_views(b, out);
	return 0;
}
