// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/veth.h>
#include <sys/random.h>

#include "pct/net/link.h"
#include "pct/paths.h"

int link_errno(int nl)
{
	static const struct {
		int nl, err;
	} rows[] = {
		{ NLE_NOMEM, ENOMEM },	       { NLE_EXIST, EEXIST },
		{ NLE_NOACCESS, EACCES },      { NLE_PERM, EPERM },
		{ NLE_INVAL, EINVAL },	       { NLE_RANGE, ERANGE },
		{ NLE_NODEV, ENODEV },	       { NLE_OBJ_NOTFOUND, ENOENT },
		{ NLE_BUSY, EBUSY },	       { NLE_OPNOTSUPP, EOPNOTSUPP },
		{ NLE_NOADDR, EADDRNOTAVAIL },
	};

	for (size_t i = 0; nl && i < ARRAY_LEN(rows); i++)
		if (rows[i].nl == abs(nl))
			return -rows[i].err;
	return nl < 0 ? -EIO : 0;
}

int link_open(struct nl_sock **out)
{
	struct nl_sock *s = nl_socket_alloc();
	int r;

	if (!s)
		return -ENOMEM;
	r = nl_connect(s, NETLINK_ROUTE);
	if (r < 0) {
		nl_socket_free(s);
		return link_errno(r);
	}
	*out = s;
	return 0;
}

void link_close(struct nl_sock **s)
{
	if (*s)
		nl_socket_free(*s);
	*s = NULL;
}

int link_get(struct nl_sock *s, const char *name, struct rtnl_link **out)
{
	int r = rtnl_link_get_kernel(s, 0, name, out);

	return r == -NLE_OBJ_NOTFOUND || r == -NLE_NODEV ? -ENODEV : link_errno(r);
}

int link_get_index(struct nl_sock *s, int index, struct rtnl_link **out)
{
	int r = rtnl_link_get_kernel(s, index, NULL, out);

	return r == -NLE_OBJ_NOTFOUND || r == -NLE_NODEV ? -ENODEV : link_errno(r);
}

int link_index(struct nl_sock *s, const char *name)
{
	auto_link l = NULL;
	int r = link_get(s, name, &l);

	return r < 0 ? r : rtnl_link_get_ifindex(l);
}

bool link_is(struct rtnl_link *l, const char *type)
{
	const char *its = rtnl_link_get_type(l);

	return its && strcmp(its, type) == 0;
}

static int change(struct nl_sock *s, int index, struct rtnl_link *changes)
{
	auto_link l = rtnl_link_alloc();

	if (!l)
		return -ENOMEM;
	rtnl_link_set_ifindex(l, index);
	return link_errno(rtnl_link_change(s, l, changes, 0));
}

int link_up(struct nl_sock *s, int index, bool up)
{
	auto_link c = rtnl_link_alloc();

	if (!c)
		return -ENOMEM;
	if (up)
		rtnl_link_set_flags(c, IFF_UP);
	else
		rtnl_link_unset_flags(c, IFF_UP);
	return change(s, index, c);
}

int link_mtu(struct nl_sock *s, int index, unsigned mtu)
{
	auto_link c = rtnl_link_alloc();

	if (!c)
		return -ENOMEM;
	rtnl_link_set_mtu(c, mtu);
	return change(s, index, c);
}

int link_alias(struct nl_sock *s, int index, const char *alias)
{
	auto_link c = rtnl_link_alloc();

	if (!c)
		return -ENOMEM;
	rtnl_link_set_ifalias(c, alias);
	return change(s, index, c);
}

int link_master(struct nl_sock *s, int index, int master)
{
	auto_link c = rtnl_link_alloc();

	if (!c)
		return -ENOMEM;
	rtnl_link_set_master(c, master);
	return change(s, index, c);
}

int link_delete(struct nl_sock *s, const char *name)
{
	auto_link l = rtnl_link_alloc();
	int r;

	if (!l)
		return -ENOMEM;
	rtnl_link_set_name(l, name);
	r = rtnl_link_delete(s, l);
	return r == -NLE_OBJ_NOTFOUND || r == -NLE_NODEV ? 0 : link_errno(r);
}

static int set_mac(struct rtnl_link *l, const unsigned char mac[6])
{
	struct nl_addr *addr = nl_addr_build(AF_LLC, mac, 6);

	if (!addr)
		return -ENOMEM;
	rtnl_link_set_addr(l, addr);
	nl_addr_put(addr);
	return 0;
}

/* A bridge has its ports' lowest address: the host's ends have high ones, so it keeps its own. */
static int set_high_mac(struct rtnl_link *l)
{
	unsigned char mac[6];

	if (getrandom(mac, sizeof(mac), 0) != sizeof(mac))
		return -EIO;
	mac[0] = 0xfe;
	return set_mac(l, mac);
}

int link_add_pair(struct nl_sock *s, const char *host, int ns, const char *name, const char *mac)
{
	auto_link l = rtnl_link_veth_alloc();
	auto_link peer = l ? rtnl_link_veth_get_peer(l) : NULL;
	struct ether_addr parsed;
	int r = 0;

	if (!peer)
		return -ENOMEM;
	if (*mac && !ether_aton_r(mac, &parsed))
		return -EINVAL;
	rtnl_link_set_name(l, host);
	rtnl_link_set_name(peer, name);
	rtnl_link_set_ns_fd(peer, ns);
	if (*mac)
		r = set_mac(peer, parsed.ether_addr_octet);
	if (r == 0)
		r = set_high_mac(l);
	return r < 0 ? r : link_errno(rtnl_link_add(s, l, NLM_F_CREATE | NLM_F_EXCL));
}

int link_sysctl(const char *name, const char *value)
{
	auto_free char *path = text_of("/proc/sys/net/%s", name);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}
