// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What liblxc does of a netN: the pair, its names, static addresses. The bridge comes by our hook,
 * after the rules, and before its init runs.
 */
#include <arpa/inet.h>

#include "base/base.h"
#include "pct/ct/lxcconf.h"
#include "pct/net/net.h"
#include "pct/net/nic.h"

/* liblxc takes the network's part away from its own. What has no host bits has none. */
static void put_broadcast(const char *ip, FILE *out)
{
	char address[IP_TEXT], text[INET_ADDRSTRLEN];
	unsigned bits;
	struct in_addr a;

	if (sscanf(ip, "%63[0-9.]/%2u", address, &bits) != 2 || bits > 30 ||
	    inet_pton(AF_INET, address, &a) != 1)
		return;
	a.s_addr |= htonl(UINT32_MAX >> bits);
	fprintf(out, " %s", inet_ntop(AF_INET, &a, text, sizeof(text)));
}

static void put_ip(const struct nic *n, int kind, const char *family, FILE *out)
{
	if (!nic_static(n, kind))
		return;
	fprintf(out, "lxc.net.%u.%s.address = %s", n->number, family, n->ip[kind]);
	if (kind == IPV4)
		put_broadcast(n->ip[kind], out);
	fputc('\n', out);
	if (*n->gw[kind])
		fprintf(out, "lxc.net.%u.%s.gateway = %s\n", n->number, family, n->gw[kind]);
}

/* It is up inside also with link_down: that is a cable which is pulled at the other end. */
int net_lines(const struct build *b, unsigned number, const char *value, FILE *out)
{
	struct nic n;
	int r = nic_parse(b->vmid, number, value, &n);

	if (r < 0)
		return r;
	fprintf(out,
		"lxc.net.%u.type = veth\n"
		"lxc.net.%u.veth.pair = %s\n"
		"lxc.net.%u.name = %s\n",
		number, number, n.host, number, n.name);
	/* Its own system brings it up: what is there already some of its tools take for an error.
	 */
	if (!b->own_net)
		fprintf(out, "lxc.net.%u.flags = up\n", number);
	if (*n.mac)
		fprintf(out, "lxc.net.%u.hwaddr = %s\n", number, n.mac);
	if (n.mtu)
		fprintf(out, "lxc.net.%u.mtu = %u\n", number, n.mtu);
	if (b->own_net)
		return 0;
	put_ip(&n, IPV4, "ipv4", out);
	put_ip(&n, IPV6, "ipv6", out);
	return 0;
}

bool net_any(const struct config *c)
{
	bool any = false;

	for (unsigned i = 0; i < NIC_COUNT && !any; i++) {
		char key[16];

		snprintf(key, sizeof(key), "net%u", i);
		any = config_get(c, key);
	}
	return any;
}
