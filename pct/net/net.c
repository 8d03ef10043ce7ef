// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container's network from its start to its end.
 */
#include "pct/net/net.h"
#include "base/say.h"
#include "pct/conf/config.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/net/connect.h"
#include "pct/net/firewall.h"
#include "pct/net/inside.h"
#include "pct/net/managed.h"
#include "pct/paths.h"

/* @each of its interfaces, with its number and value, until one fails. */
static int each_nic(unsigned vmid, const struct config *c,
		    int (*each)(const struct nic *n, void *data), void *data)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < NIC_COUNT; i++) {
		char key[16];
		const char *value;
		struct nic n;

		snprintf(key, sizeof(key), "net%u", i);
		value = config_get(c, key);
		if (!value)
			continue;
		r = nic_parse(vmid, i, value, &n);
		if (r < 0)
			return refuse(r,
				      "CT %u: its %s cannot be used: '%s'; it needs at least "
				      "'name=eth0'",
				      vmid, key, value);
		r = each(&n, data);
	}
	return r;
}

/* ---- before its start ---- */

struct preparing {
	struct nl_sock *s;
	struct config *config;
	bool *changed;
	char names[NIC_COUNT][IFNAMSIZ];
};

static int check_name(const struct nic *n, struct preparing *p)
{
	for (unsigned i = 0; i < n->number; i++)
		if (strcmp(p->names[i], n->name) == 0)
			return refuse(-EEXIST,
				      "CT %u: net%u and net%u are both called '%s'; give one "
				      "another name",
				      n->vmid, i, n->number, n->name);
	snprintf(p->names[n->number], IFNAMSIZ, "%s", n->name);
	return 0;
}

static int complete(struct nic *n, struct preparing *p)
{
	char key[16];
	auto_free char *value = NULL;

	if (*n->mac)
		return 0;
	snprintf(key, sizeof(key), "net%u", n->number);
	value = nic_complete(NULL, config_get(p->config, key));
	*p->changed = true;
	return value && config_set(p->config, key, value) == 0
		   ? nic_parse(n->vmid, n->number, value, n)
		   : fail(-ENOMEM, "give %s of CT %u a MAC address", key, n->vmid);
}

static int prepare(const struct nic *n, void *data)
{
	struct preparing *p = data;
	struct nic whole = *n;
	int r = check_name(n, p);

	if (r == 0)
		r = complete(&whole, p);
	if (r == 0 && *n->bridge)
		r = managed_ensure(&whole);
	if (r == 0)
		r = nic_check(p->s, n);
	return r < 0 ? r : nic_clash(p->s, n);
}

int net_prepare(unsigned vmid, struct config *c, bool *changed)
{
	auto_sock s = NULL;
	struct preparing p = { .config = c, .changed = changed };
	int r = link_open(&s);

	if (r < 0)
		return fail(r, "talk to the kernel about interfaces");
	p.s = s;
	net_clean(vmid);
	return each_nic(vmid, c, prepare, &p);
}

/* ---- LXC's hook ---- */

struct starting {
	struct nl_sock *s;
	int ns;
};

static int connect_both(const struct nic *n, void *data)
{
	struct starting *up = data;
	auto_link l = NULL;
	int r = nic_connect(up->s, n, NULL);

	if (r < 0)
		return r;
	r = link_get(up->s, n->host, &l);
	if (r < 0)
		return fail(r, "find '%s', the host's end of net%u of CT %u", n->host, n->number,
			    n->vmid);
	/* liblxc has given it its addresses, or is about to. */
	return inside_set(up->ns, rtnl_link_get_link(l), n, n, nic_mtu(up->s, n));
}

int net_up(unsigned vmid, pid_t init)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_sock s = NULL;
	auto_fd ns = -EBADF;
	struct starting up;
	int r = conf_load(vmid, &c);

	if (r < 0)
		return r;
	r = link_open(&s);
	if (r == 0)
		r = inside_ns(init, &ns);
	if (r < 0)
		return fail(r, "find the network of CT %u", vmid);
	up = (struct starting){ s, ns };
	return each_nic(vmid, &c, connect_both, &up);
}

/* ---- its end ---- */

void net_clean(unsigned vmid)
{
	auto_sock s = NULL;

	if (link_open(&s) < 0)
		return;
	for (unsigned i = 0; i < NIC_COUNT; i++)
		(void)nic_unplug(s, vmid, i);
}

void net_forget(unsigned vmid)
{
	net_clean(vmid);
	firewall_forget(vmid);
}
