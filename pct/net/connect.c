// SPDX-License-Identifier: LGPL-2.1-or-later
#include <netlink/route/addr.h>

#include "base/say.h"
#include "pct/net/connect.h"
#include "pct/net/firewall.h"
#include "pct/net/managed.h"
#include "pct/net/users.h"
#include "pct/paths.h"

/* ---- what it is on ---- */

static int find_bridge(struct nl_sock *s, const struct nic *n, struct rtnl_link **out)
{
	int r = link_get(s, n->bridge, out);

	if (r == -ENODEV)
		return refuse(r,
			      "CT %u: net%u is to be on the bridge '%s', which is not there: "
			      "'pct network create %s' makes one",
			      n->vmid, n->number, n->bridge, n->bridge);
	if (r < 0)
		return fail(r, "find the bridge '%s'", n->bridge);
	if (!link_is(*out, "bridge"))
		return refuse(-ENOTSUP, "CT %u: net%u is to be on '%s', which is no bridge",
			      n->vmid, n->number, n->bridge);
	return 0;
}

static int check_mtu(const struct nic *n, struct rtnl_link *bridge)
{
	unsigned most = rtnl_link_get_mtu(bridge);

	if (n->mtu <= most)
		return 0;
	return refuse(-EINVAL,
		      "CT %u: net%u: mtu %u is more than the %u of its bridge '%s'; "
		      "'ip link set %s mtu %u' gives that more",
		      n->vmid, n->number, n->mtu, most, n->bridge, n->bridge, n->mtu);
}

int nic_check(struct nl_sock *s, const struct nic *n)
{
	auto_link bridge = NULL;
	int r = *n->bridge ? find_bridge(s, n, &bridge) : 0;

	if (r < 0)
		return r;
	if (bridge)
		r = check_mtu(n, bridge);
	if (r == 0 && (n->tag || n->trunked) &&
	    !(bridge && link_bridge_has_vlans(s, rtnl_link_get_ifindex(bridge))))
		r = refuse(-ENOTSUP,
			   "CT %u: net%u has a VLAN, but its bridge '%s' does not look at VLANs; "
			   "'ip link set %s type bridge vlan_filtering 1' has it do so",
			   n->vmid, n->number, n->bridge, n->bridge);
	return r;
}

/* Of the bridge; without one, its own. */
static unsigned host_mtu(struct nl_sock *s, const struct nic *n)
{
	auto_link bridge = NULL;

	if (!*n->bridge || link_get(s, n->bridge, &bridge) < 0)
		return n->mtu ? n->mtu : 1500;
	return rtnl_link_get_mtu(bridge);
}

unsigned nic_mtu(struct nl_sock *s, const struct nic *n)
{
	return n->mtu ? n->mtu : host_mtu(s, n);
}

static void free_cache(struct nl_cache **c)
{
	nl_cache_free(*c);
}

static int add_host(struct hosts *h, struct nl_addr *a)
{
	int kind = nl_addr_get_family(a) == AF_INET6 ? IPV6 : IPV4;
	auto_free char *was = h->ip[kind];
	char text[INET6_ADDRSTRLEN + 8];

	nl_addr2str(a, text, sizeof(text));
	text[strcspn(text, "/")] = '\0';
	h->ip[kind] = text_of("%s%s%s", was ? was : "", was ? ", " : "", text);
	return 0;
}

static int find_hosts(struct nl_sock *s, const char *bridge, struct hosts *h)
{
	CLEANUP(free_cache) struct nl_cache *all = NULL;
	int index = link_index(s, bridge);
	int r = index < 0 ? index : link_errno(rtnl_addr_alloc_cache(s, &all));

	for (struct nl_object *o = r < 0 ? NULL : nl_cache_get_first(all); o;
	     o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		if (rtnl_addr_get_ifindex(a) == index)
			add_host(h, rtnl_addr_get_local(a));
	}
	return r;
}

/* Is it one of "10.0.0.1, 10.0.0.2"? */
static bool is_in(const char *list, const char *ip, size_t n)
{
	for (const char *p = list; p && *p; p += strspn(p, ", ")) {
		size_t m = strcspn(p, ",");

		if (m == n && strncmp(p, ip, n) == 0)
			return true;
		p += m;
	}
	return false;
}

static void clash_others(const struct nic *n, const struct users *users, int kind)
{
	size_t len = strcspn(n->ip[kind], "/");

	for (size_t i = 0; i < users->n; i++) {
		const struct nic *other = &users->list[i].nic;

		if (user_is(&users->list[i], n) || !nic_static(other, kind) ||
		    strcspn(other->ip[kind], "/") != len ||
		    strncmp(other->ip[kind], n->ip[kind], len) != 0)
			continue;
		warn(0, "CT %u: net%u has the address %.*s, which net%u of CT %u is to have, too",
		     n->vmid, n->number, (int)len, n->ip[kind], other->number, other->vmid);
		return;
	}
}

int nic_clash(struct nl_sock *s, const struct nic *n)
{
	CLEANUP(hosts_free) struct hosts hosts = { 0 };
	auto_users users = { 0 };

	for (int k = 0; k < IP_KINDS; k++)
		if (*n->gw[k] && !nic_static(n, k))
			warn(0, "CT %u: net%u: '%s' changes nothing without a static '%s'", n->vmid,
			     n->number, k == IPV4 ? "gw" : "gw6", k == IPV4 ? "ip" : "ip6");
	if (!*n->bridge || (!nic_static(n, IPV4) && !nic_static(n, IPV6)) ||
	    find_hosts(s, n->bridge, &hosts) < 0 || users_find(n->bridge, &users) < 0)
		return 0;
	for (int k = 0; k < IP_KINDS; k++) {
		size_t len = strcspn(n->ip[k], "/");

		if (!nic_static(n, k))
			continue;
		if (is_in(hosts.ip[k], n->ip[k], len))
			return refuse(-EADDRINUSE,
				      "CT %u: net%u cannot have the address %.*s: its bridge '%s' "
				      "has it; give it another",
				      n->vmid, n->number, (int)len, n->ip[k], n->bridge);
		clash_others(n, &users, k);
	}
	return 0;
}

/* ---- its end ---- */

static int load_rules(struct nl_sock *s, const struct nic *n)
{
	CLEANUP(hosts_free) struct hosts hosts = { 0 };
	int r = n->firewall && *n->bridge ? find_hosts(s, n->bridge, &hosts) : 0;

	if (r < 0)
		return fail(r, "find the addresses of the bridge '%s'", n->bridge);
	if (n->firewall && *n->bridge)
		r = managed_address(n, hosts.given);
	return r < 0 ? r : firewall_load(n, &hosts);
}

/* VLAN 1 is what a bridge calls those without one; a port without a tag may have all others. */
static int set_vlans(struct nl_sock *s, const struct nic *n, int index)
{
	uint8_t none[sizeof(n->trunks)] = { 0 }, all[sizeof(n->trunks)];
	const uint8_t *tagged = n->trunked ? n->trunks : n->tag ? none : all;

	memset(all, 0xff, sizeof(all));
	return link_port_vlans(s, index, n->tag ? n->tag : 1, tagged);
}

/* It is down until it has its VLANs: for a moment it is in the bridge's first one. */
static int attach(struct nl_sock *s, const struct nic *n, int index, bool vlans)
{
	int bridge = link_index(s, n->bridge);
	int r = bridge < 0 ? bridge : link_master(s, index, bridge);

	if (r == 0 && vlans && link_bridge_has_vlans(s, bridge))
		r = set_vlans(s, n, index);
	return r;
}

static int place(struct nl_sock *s, const struct nic *n, const struct nic *was, int index)
{
	bool same = was && nic_same_vlans(n, was);
	int r = same && !n->down ? 0 : link_up(s, index, false);

	if (r == 0 && !*n->bridge)
		r = link_master(s, index, 0);
	else if (r == 0)
		r = attach(s, n, index, !same);
	return r < 0 || n->down ? r : link_up(s, index, true);
}

int nic_connect(struct nl_sock *s, const struct nic *n, const struct nic *was)
{
	auto_link l = NULL;
	auto_free char *no_ip6 = text_of("ipv6/conf/%s/disable_ipv6", n->host);
	char alias[NIC_ALIAS];
	int r = nic_check(s, n), index;

	if (r < 0)
		return r;
	r = link_get(s, n->host, &l);
	if (r < 0)
		return fail(r, "find '%s', the host's end of net%u of CT %u", n->host, n->number,
			    n->vmid);
	index = rtnl_link_get_ifindex(l);
	nic_alias(paths_root(), n->vmid, n->number, alias);
	r = link_alias(s, index, alias);
	/* The host itself has no address on it. Without IPv6 there is no such file. */
	(void)link_sysctl(no_ip6, "1");
	/* Not its own: a bridge takes the lowest of its ports', and all others would have it. */
	if (r == 0)
		r = link_mtu(s, index, host_mtu(s, n));
	if (r == 0)
		r = link_rate(s, index, n->rate);
	if (r < 0)
		return fail(r, "set up '%s', the host's end of net%u of CT %u", n->host, n->number,
			    n->vmid);
	r = load_rules(s, n);
	if (r < 0)
		return r;
	r = place(s, n, was, index);
	return r < 0 ? fail(r, "connect net%u of CT %u to '%s'", n->number, n->vmid, n->bridge) : 0;
}

void nic_reconnect(const char *bridge)
{
	auto_sock s = NULL;
	auto_users users = { 0 };

	if (link_open(&s) < 0 || users_find(bridge, &users) < 0)
		return;
	for (size_t i = 0; i < users.n; i++) {
		auto_link l = NULL;
		const struct nic *n = &users.list[i].nic;

		/* nic_connect() says what is wrong. */
		if (users.list[i].is && link_get(s, n->host, &l) == 0 &&
		    rtnl_link_get_master(l) == 0)
			(void)nic_connect(s, n, NULL);
	}
}

int nic_plug(struct nl_sock *s, const struct nic *n, int ns)
{
	int r = nic_check(s, n);

	if (r < 0)
		return r;
	r = nic_unplug(s, n->vmid, n->number);
	if (r < 0)
		return r;
	r = link_add_pair(s, n->host, ns, n->name, n->mac);
	if (r == -EEXIST)
		return refuse(r, "CT %u has an interface '%s' already; give net%u another name",
			      n->vmid, n->name, n->number);
	if (r < 0)
		return fail(r, "make net%u of CT %u", n->number, n->vmid);
	r = nic_connect(s, n, NULL);
	if (r < 0)
		(void)nic_unplug(s, n->vmid, n->number);
	return r;
}

/* A killed start may have left one that says nothing yet. */
static bool is_ours(struct rtnl_link *l, unsigned vmid, unsigned number)
{
	const char *its = rtnl_link_get_ifalias(l);
	char alias[NIC_ALIAS];

	nic_alias(paths_root(), vmid, number, alias);
	return link_is(l, "veth") && (!its || strcmp(its, alias) == 0);
}

int nic_unplug(struct nl_sock *s, unsigned vmid, unsigned number)
{
	auto_link l = NULL;
	char host[IFNAMSIZ];
	int r;

	nic_host_name(paths_root(), vmid, number, host);
	r = link_get(s, host, &l);
	if (r == 0 && !is_ours(l, vmid, number))
		return refuse(-EEXIST,
			      "the host has an interface '%s', which CT %u needs for its net%u; "
			      "rename it",
			      host, vmid, number);
	if (r == 0)
		r = link_delete(s, host);
	if (r < 0 && r != -ENODEV)
		return fail(r, "remove '%s', the host's end of net%u of CT %u", host, number, vmid);
	return firewall_unload(vmid, number);
}
