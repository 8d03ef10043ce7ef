// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses and names on a managed bridge, by a dnsmasq of its own. Names are what the confs of the
 * containers say, not what a container says of itself. All its files are made anew at each look;
 * it is told, or started again, when they differ.
 */
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "base/say.h"
#include "pct/net/bridge.h"
#include "pct/net/file.h"
#include "pct/net/fixed.h"
#include "pct/net/nic.h"
#include "pct/paths.h"
#include "pct/tool.h"

#define END_MS 2000

static char *file_of(const struct managed *m, const char *name)
{
	return path_to("run/pct/network/%s/%s", m->name, name);
}

/* ---- files ---- */

/* *changed: it was not so before. */
static int put_file(const struct managed *m, const char *name, const char *text, bool *changed)
{
	auto_free char *path = file_of(m, name);
	auto_free char *was = file_read(path);
	int r;

	if (was && strcmp(was, text) == 0)
		return 0;
	r = file_replace(path, text);
	if (r < 0)
		return fail(r, "write '%s'", path);
	*changed = true;
	return 0;
}

static void put_path(FILE *out, const struct managed *m, const char *option, const char *name)
{
	auto_free char *path = file_of(m, name);

	fprintf(out, "%s=%s\n", option, path);
}

/* The lower half of a net is left to static addresses. */
static void put_dhcp(FILE *out, const struct managed *m)
{
	char first[SUBNET_TEXT], last[SUBNET_TEXT];
	uint32_t from, to;

	fixed_range(&m->net, &from, &to);
	subnet_address(&m->net, from, false, first);
	subnet_address(&m->net, to, false, last);
	fprintf(out,
		"dhcp-range=%s,%s,1h\n"
		"dhcp-authoritative\n"
		/* It waits 3 s for an answer; containers' static addresses it knows. */
		"no-ping\n"
		"dhcp-ignore-names\n",
		first, last);
	put_path(out, m, "dhcp-leasefile", "leases");
	put_path(out, m, "dhcp-hostsfile", "dhcp-hosts");
	/* IPv6: containers make their own addresses of what a router says. */
	if (m->subnet6)
		fprintf(out, "enable-ra\ndhcp-range=%.*s,slaac,64,1h\n",
			(int)strcspn(m->subnet6, "/"), m->subnet6);
}

static void put_settings(FILE *out, const struct managed *m)
{
	fprintf(out,
		"# Made by pct: changes here are lost; 'pct network show %s'.\n"
		"interface=%s\n"
		"except-interface=lo\n"
		"bind-interfaces\n"
		"no-hosts\n",
		m->name, m->name);
	put_path(out, m, "pid-file", "dnsmasq.pid");
	if (m->dns) {
		fputs("domain=pct\nlocal=/pct/\nexpand-hosts\ndomain-needed\nbogus-priv\n", out);
		put_path(out, m, "addn-hosts", "hosts");
	} else {
		fputs("port=0\n", out);
	}
	if (m->dhcp)
		put_dhcp(out, m);
}

/* One container's interface there: names for static addresses, and for who asks for one. */
static void put_nic(const struct managed *m, const struct user *u, const struct fixed *fixed,
		    FILE *hosts, FILE *dhcp)
{
	const struct nic *n = &u->nic;
	const struct fixed_one *one = fixed_find(fixed, n->mac);
	char ip[SUBNET_TEXT] = "";

	for (int k = 0; k < IP_KINDS; k++)
		if (nic_static(n, k))
			fprintf(hosts, "%.*s %s\n", (int)strcspn(n->ip[k], "/"), n->ip[k],
				u->hostname);
	if (!*n->mac)
		return;
	/* A static address is given to nobody else. */
	if (nic_static(n, IPV4))
		snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(n->ip[IPV4], "/"), n->ip[IPV4]);
	else if (one)
		subnet_address(&m->net, one->address - m->net.first, false, ip);
	fprintf(dhcp, "%s,%s%s%s\n", n->mac, ip, *ip ? "," : "", u->hostname);
}

/* @wanted may have no MAC address on the disk yet. */
static int find_names(const struct managed *m, const struct nic *wanted, struct users *users,
		      struct fixed *fixed)
{
	auto_free char *leases = file_of(m, "leases");
	int r = users_find(m->name, users);

	if (r < 0)
		return fail(r, "list the names of the network '%s'", m->name);
	return m->dhcp ? fixed_look(m, users, wanted, leases, fixed) : 0;
}

static bool has_mac(const struct users *users, const char *mac)
{
	for (size_t i = 0; i < users->n; i++)
		if (users->list[i].will && strcasecmp(users->list[i].nic.mac, mac) == 0)
			return true;
	return false;
}

static void put_all(const struct managed *m, const struct users *users, const struct fixed *fixed,
		    const struct nic *wanted, FILE *hosts, FILE *dhcp)
{
	for (size_t i = 0; i < users->n; i++)
		if (users->list[i].will)
			put_nic(m, &users->list[i], fixed, hosts, dhcp);
	if (wanted && !has_mac(users, wanted->mac)) {
		struct user u = { .nic = *wanted };

		snprintf(u.hostname, sizeof(u.hostname), "CT%u", wanted->vmid);
		put_nic(m, &u, fixed, hosts, dhcp);
	}
}

static int put_names(const struct managed *m, const struct nic *wanted, bool *changed)
{
	auto_free char *hosts_text = NULL, *dhcp_text = NULL;
	auto_users users = { 0 };
	auto_fixed fixed = { 0 };
	size_t size;
	FILE *hosts = open_memstream(&hosts_text, &size), *dhcp = open_memstream(&dhcp_text, &size);
	int r = hosts && dhcp ? find_names(m, wanted, &users, &fixed) : -ENOMEM;

	if (r == 0)
		put_all(m, &users, &fixed, wanted, hosts, dhcp);
	if (hosts && fclose(hosts) != 0)
		r = -ENOMEM;
	if (dhcp && fclose(dhcp) != 0)
		r = -ENOMEM;
	if (r == 0)
		r = put_file(m, "hosts", hosts_text, changed);
	return r < 0 ? r : put_file(m, "dhcp-hosts", dhcp_text, changed);
}

static int put_config(const struct managed *m, bool *changed)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail(-ENOMEM, "configure dnsmasq");
	put_settings(out, m);
	return fclose(out) == 0 ? put_file(m, "dnsmasq.conf", text, changed)
				: fail(-ENOMEM, "configure dnsmasq");
}

/* ---- the daemon ---- */

/* Ours, by the config it was started with; 0: it does not run. */
static pid_t find(const struct managed *m)
{
	auto_free char *path = file_of(m, "dnsmasq.pid");
	auto_free char *conf = file_of(m, "dnsmasq.conf");
	auto_free char *text = file_read(path);
	pid_t pid = text ? (pid_t)strtol(text, NULL, 10) : 0;
	auto_free char *cmdline = text_of("/proc/%d/cmdline", (int)pid);
	auto_fd fd = pid > 1 ? open(cmdline, O_RDONLY | O_CLOEXEC) : -EBADF;
	char words[8192];
	ssize_t n = fd < 0 ? 0 : read(fd, words, sizeof(words));

	return n > 0 && memmem(words, (size_t)n, conf, strlen(conf)) ? pid : 0;
}

const char *network_status(const struct managed *m)
{
	if (!bridge_exists(m->name))
		return "down";
	return (m->dhcp || m->dns) && find(m) == 0 ? "no dnsmasq" : "up";
}

static void end(const struct managed *m)
{
	pid_t pid = find(m);

	if (pid == 0 || kill(pid, SIGTERM) < 0)
		return;
	for (int ms = 0; ms < END_MS && find(m) == pid; ms += 5)
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	if (find(m) == pid)
		kill(pid, SIGKILL);
}

static int begin(const struct managed *m)
{
	auto_free char *conf = file_of(m, "dnsmasq.conf");
	auto_free char *option = text_of("--conf-file=%s", conf);
	auto_free char *what = text_of("addresses and names of the network '%s'", m->name);
	const char *argv[] = { "dnsmasq", option, NULL };

	return tool_run(argv, "dnsmasq-base", "", NULL, what);
}

int dns_up(const struct managed *m, const struct nic *wanted)
{
	auto_free char *dir = path_to("run/pct/network/%s", m->name);
	bool config = false, names = false;
	pid_t pid;
	int r;

	if (!m->dhcp && !m->dns) {
		end(m);
		return 0;
	}
	r = paths_make(dir, 0755);
	if (r == 0)
		r = put_names(m, wanted, &names);
	if (r == 0)
		r = put_config(m, &config);
	if (r < 0)
		return r;
	pid = find(m);
	if (pid && config)
		end(m);
	if (pid && !config && (!names || kill(pid, SIGHUP) == 0))
		return 0;
	return begin(m);
}

void dns_down(const struct managed *m)
{
	static const char *const names[] = { "hosts", "dhcp-hosts", "dnsmasq.conf", "leases",
					     "dnsmasq.pid" };
	auto_free char *dir = path_to("run/pct/network/%s", m->name);

	end(m);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = file_of(m, names[i]);

		unlink(path);
	}
	fixed_forget(m->name);
	rmdir(dir);
}
