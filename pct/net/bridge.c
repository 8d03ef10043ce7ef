// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/route.h>

#include "base/say.h"
#include "pct/net/bridge.h"
#include "pct/net/link.h"
#include "pct/paths.h"

bool bridge_exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

static void free_cache(struct nl_cache **c)
{
	nl_cache_free(*c);
}

static bool route_net(struct rtnl_route *route, struct subnet *out)
{
	struct nl_addr *dst = rtnl_route_get_dst(route);
	uint32_t address;

	if (!dst || nl_addr_get_prefixlen(dst) == 0 || nl_addr_get_len(dst) != sizeof(address))
		return false;
	memcpy(&address, nl_addr_get_binary_addr(dst), sizeof(address));
	*out = (struct subnet){ ntohl(address), nl_addr_get_prefixlen(dst) };
	return true;
}

int bridge_routes(struct subnet **out, size_t *n)
{
	CLEANUP(free_cache) struct nl_cache *all = NULL;
	auto_sock s = NULL;
	struct subnet *list;
	size_t count = 0;
	int r = link_open(&s);

	if (r == 0)
		r = link_errno(rtnl_route_alloc_cache(s, AF_INET, 0, &all));
	if (r < 0)
		return r;
	list = calloc((size_t)nl_cache_nitems(all) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (struct nl_object *o = nl_cache_get_first(all); o; o = nl_cache_get_next(o))
		if (route_net((struct rtnl_route *)o, &list[count]))
			count++;
	*out = list;
	*n = count;
	return 0;
}

/* ---- the interface ---- */

static int give_address(struct nl_sock *s, int index, const char *text, int family)
{
	struct rtnl_addr *a = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	int r = a ? nl_addr_parse(text, family, &local) : -NLE_NOMEM;

	if (r == 0) {
		rtnl_addr_set_ifindex(a, index);
		r = rtnl_addr_set_local(a, local);
	}
	/* Nobody else is on a bridge that is being made. */
	if (r == 0 && family == AF_INET6)
		rtnl_addr_set_flags(a, IFA_F_NODAD);
	if (r == 0)
		r = rtnl_addr_add(s, a, NLM_F_REPLACE);
	if (local)
		nl_addr_put(local);
	if (a)
		rtnl_addr_put(a);
	return link_errno(r);
}

static int give_addresses(struct nl_sock *s, const struct managed *m, int index)
{
	char text[SUBNET_TEXT];
	int r;

	subnet_address(&m->net, 1, true, text);
	r = give_address(s, index, text, AF_INET);
	if (r == 0 && m->subnet6) {
		/* fd00:1::/64: its end is the zeros that "1" stands for the last of. */
		unsigned char a[16];
		char before[INET6_ADDRSTRLEN], whole[INET6_ADDRSTRLEN + 4];

		snprintf(before, sizeof(before), "%.*s", (int)strcspn(m->subnet6, "/"), m->subnet6);
		if (inet_pton(AF_INET6, before, a) != 1)
			return -EINVAL;
		a[15] = 1;
		inet_ntop(AF_INET6, a, before, sizeof(before));
		snprintf(whole, sizeof(whole), "%s/64", before);
		r = give_address(s, index, whole, AF_INET6);
	}
	return r;
}

static int make_link(struct nl_sock *s, const struct managed *m)
{
	auto_link l = NULL;
	int r = link_get(s, m->name, &l), index;

	if (r == -ENODEV) {
		r = link_add_bridge(s, m->name, m->vlans);
		if (r == -EOPNOTSUPP && m->vlans)
			return refuse(
			    r,
			    "network '%s': this kernel has no bridges that look at VLANs; "
			    "make it without --vlan-aware",
			    m->name);
		if (r == 0)
			r = link_get(s, m->name, &l);
	}
	if (r < 0)
		return fail(r, "make the bridge '%s'", m->name);
	if (!link_is(l, "bridge"))
		return refuse(-EEXIST,
			      "network '%s': the host has an interface of that name, "
			      "which is no bridge; rename it",
			      m->name);
	index = rtnl_link_get_ifindex(l);
	r = link_alias(s, index, "pct network");
	if (r == 0)
		r = give_addresses(s, m, index);
	if (r == 0)
		r = link_up(s, index, true);
	return r < 0 ? fail(r, "set up the bridge '%s'", m->name) : 0;
}

/* ---- forwarding ---- */

static bool is_one(const char *name)
{
	auto_free char *path = text_of("/proc/sys/net/%s", name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '0';

	return fd >= 0 && read(fd, &c, 1) == 1 && c == '1';
}

/* A host that forwards takes no address from a router any more, unless told so with a 2. */
static void keep_own_address(void)
{
	DIR *dir = opendir("/proc/sys/net/ipv6/conf");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		auto_free char *name = text_of("ipv6/conf/%s/accept_ra", e->d_name);

		if (e->d_name[0] != '.' && is_one(name))
			(void)link_sysctl(name, "2");
	}
	if (dir)
		closedir(dir);
}

static int forward(const struct managed *m, const char *what, const char *name)
{
	int r;

	if (is_one(name))
		return 0;
	r = link_sysctl(name, "1");
	if (r < 0)
		return fail(r, "network '%s': have the host forward %s: write '/proc/sys/net/%s'",
			    m->name, what, name);
	info("network '%s': the host did not forward %s; now it does (net/%s = 1)", m->name, what,
	     name);
	return 0;
}

static int let_through(const struct managed *m)
{
	int r = m->nat ? forward(m, "IPv4", "ipv4/ip_forward") : 0;

	if (r == 0 && m->nat && m->subnet6) {
		keep_own_address();
		r = forward(m, "IPv6", "ipv6/conf/all/forwarding");
	}
	return r;
}

int bridge_up(const struct managed *m, const struct nic *wanted)
{
	auto_sock s = NULL;
	int r = link_open(&s);

	r = r < 0 ? fail(r, "talk to the kernel about interfaces") : make_link(s, m);
	if (r == 0)
		r = let_through(m);
	if (r == 0)
		r = nat_up(m);
	return r < 0 ? r : dns_up(m, wanted);
}

int bridge_down(const struct managed *m)
{
	auto_sock s = NULL;
	int r = link_open(&s);

	dns_down(m);
	nat_down(m);
	if (r == 0)
		r = link_delete(s, m->name);
	return r < 0 ? fail(r, "remove the bridge '%s'", m->name) : 0;
}
