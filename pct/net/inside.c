// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <netlink/route/addr.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/net/inside.h"
#include "pct/net/link.h"
#include "pct/paths.h"

static const int families[IP_KINDS] = { AF_INET, AF_INET6 };

int inside_ns(pid_t init, int *out)
{
	auto_free char *path = text_of("/proc/%d/ns/net", (int)init);

	*out = open(path, O_RDONLY | O_CLOEXEC);
	return *out < 0 ? -errno : 0;
}

static void addr_put(struct nl_addr **a)
{
	if (*a)
		nl_addr_put(*a);
}
#define auto_addr CLEANUP(addr_put) struct nl_addr *

static int parse(const char *text, int kind, struct nl_addr **out)
{
	return nl_addr_parse(text, families[kind], out) < 0 ? -EINVAL : 0;
}

static int put_address(struct nl_sock *s, int index, int kind, const char *ip, bool there)
{
	struct rtnl_addr *a = rtnl_addr_alloc();
	auto_addr local = NULL;
	int r = a ? parse(ip, kind, &local) : -ENOMEM;

	if (r == 0) {
		rtnl_addr_set_ifindex(a, index);
		r = link_errno(rtnl_addr_set_local(a, local));
	}
	/* Who broadcasts is heard by all of the net. */
	if (r == 0 && kind == IPV4 && nl_addr_get_prefixlen(local) < 31) {
		uint32_t ip4, mask = ~0u >> nl_addr_get_prefixlen(local);
		auto_addr broadcast = NULL;

		memcpy(&ip4, nl_addr_get_binary_addr(local), sizeof(ip4));
		ip4 |= htonl(mask);
		broadcast = nl_addr_build(AF_INET, &ip4, sizeof(ip4));
		if (broadcast)
			rtnl_addr_set_broadcast(a, broadcast);
	}
	if (r == 0)
		r = link_errno(there ? rtnl_addr_add(s, a, NLM_F_REPLACE)
				     : rtnl_addr_delete(s, a, 0));
	if (a)
		rtnl_addr_put(a);
	/* Its root may have been there before us. */
	return there ? r : r == -EADDRNOTAVAIL || r == -ENOENT ? 0 : r;
}

/* To @dst by way of @gw, or NULL: it is on this link itself. */
static int put_route(struct nl_sock *s, int index, int kind, struct nl_addr *dst,
		     struct nl_addr *gw, bool there)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = route ? rtnl_route_nh_alloc() : NULL;
	int r = hop ? 0 : -ENOMEM;

	if (r == 0) {
		rtnl_route_set_family(route, (uint8_t)families[kind]);
		rtnl_route_set_table(route, RT_TABLE_MAIN);
		rtnl_route_set_protocol(route, RTPROT_BOOT);
		rtnl_route_set_scope(route, gw ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
		rtnl_route_nh_set_ifindex(hop, index);
		if (gw)
			rtnl_route_nh_set_gateway(hop, gw);
		rtnl_route_add_nexthop(route, hop);
		r = link_errno(rtnl_route_set_dst(route, dst));
	}
	if (r == 0)
		r = link_errno(there ? rtnl_route_add(s, route, NLM_F_CREATE | NLM_F_REPLACE)
				     : rtnl_route_delete(s, route, 0));
	if (route)
		rtnl_route_put(route);
	return r;
}

static int put_gateway(struct nl_sock *s, int index, int kind, const char *text, bool there)
{
	auto_addr gw = NULL;
	auto_addr all = NULL;
	int r = parse(text, kind, &gw);

	if (r == 0)
		r = parse(kind == IPV4 ? "0.0.0.0/0" : "::/0", kind, &all);
	if (r < 0)
		return r;
	r = put_route(s, index, kind, all, gw, there);
	if (!there)
		return r == -ENOENT || r == -EIO ? 0 : r;
	/* Outside of its own net: on the same wire all the same. */
	if (r < 0 && put_route(s, index, kind, gw, NULL, true) == 0)
		r = put_route(s, index, kind, all, gw, true);
	return r;
}

static void cache_free(struct nl_cache **c)
{
	nl_cache_free(*c);
}

/* What a DHCP client gave it stays when that ends. */
static int flush(struct nl_sock *s, int index)
{
	CLEANUP(cache_free) struct nl_cache *all = NULL;
	int r = link_errno(rtnl_addr_alloc_cache(s, &all));

	for (struct nl_object *o = r < 0 ? NULL : nl_cache_get_first(all); r == 0 && o;
	     o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		if (rtnl_addr_get_ifindex(a) == index && rtnl_addr_get_family(a) == AF_INET)
			r = link_errno(rtnl_addr_delete(s, a, 0));
	}
	/* With the first one those beside it in its net went, too. */
	return r == -EADDRNOTAVAIL ? 0 : r;
}

/* What @was had of it, which may be NULL, becomes what @n has. */
static int change_ip(struct nl_sock *s, int index, int kind, const struct nic *n,
		     const struct nic *was)
{
	bool had = was && nic_static(was, kind), has = nic_static(n, kind);
	bool same = had && has && strcmp(was->ip[kind], n->ip[kind]) == 0;
	bool same_gw = was && strcmp(was->gw[kind], n->gw[kind]) == 0;
	int r = 0;

	if (kind == IPV4 && was && strcmp(was->ip[kind], "dhcp") == 0 &&
	    strcmp(n->ip[kind], "dhcp") != 0)
		r = flush(s, index);
	if (r == 0 && had && *was->gw[kind] && !(has && same_gw))
		r = put_gateway(s, index, kind, was->gw[kind], false);
	if (r == 0 && has && !same)
		r = put_address(s, index, kind, n->ip[kind], true);
	if (r == 0 && had && !same)
		r = put_address(s, index, kind, was->ip[kind], false);
	/* Again, although the same: it went with its address. */
	if (r == 0 && has && *n->gw[kind] && !(same && same_gw))
		r = put_gateway(s, index, kind, n->gw[kind], true);
	return r;
}

static int change(struct nl_sock *s, int index, const struct nic *n, const struct nic *was,
		  unsigned mtu)
{
	auto_link l = NULL;
	char alias[256];
	int r = link_get_index(s, index, &l);

	nic_inside_alias(n, alias);
	if (r == 0)
		r = link_alias(s, index, alias);
	if (r == 0 && rtnl_link_get_mtu(l) != mtu)
		r = link_mtu(s, index, mtu);
	if (r == 0 && !was)
		r = link_up(s, index, true);
	for (int k = 0; r == 0 && k < IP_KINDS; k++)
		r = change_ip(s, index, k, n, was);
	return r;
}

static int enter(int ns, int index, const struct nic *n, const struct nic *was, unsigned mtu)
{
	/* Where an old address goes, those beside it in its net would go with it. */
	static const char promote[] = "ipv4/conf/all/promote_secondaries";
	auto_sock s = NULL;
	int r = setns(ns, CLONE_NEWNET) < 0 ? -errno : link_open(&s);

	if (r == 0)
		(void)link_sysctl(promote, "1");
	return r < 0 ? r : change(s, index, n, was, mtu);
}

int inside_set(int ns, int index, const struct nic *n, const struct nic *was, unsigned mtu)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(-enter(ns, index, n, was, mtu));
	if (pid < 0)
		return fail(-errno, "set up net%u of CT %u", n->number, n->vmid);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "set up net%u of CT %u", n->number, n->vmid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail(WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO,
			    "give net%u of CT %u its addresses", n->number, n->vmid);
	return 0;
}
