// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/sysconfig/network-scripts of Red Hat's systems, read by their network service and by
 * NetworkManager: shell variables for each interface, and its routes beside it.
 */
#include "pct/guest/inner.h"

#define DIR "etc/sysconfig/network-scripts"

static void put4(const struct guest_ip *ip, FILE *out)
{
	fprintf(out, "BOOTPROTO=%s\n", ip->mode == IP_DHCP ? "dhcp" : "none");
	if (ip->mode != IP_STATIC)
		return;
	fprintf(out, "IPADDR=%s\nNETMASK=%s\n", ip->address, ip->netmask);
	if (*ip->gateway && !ip->outside)
		fprintf(out, "GATEWAY=%s\n", ip->gateway);
}

static void put6(const struct guest_nic *n, FILE *out)
{
	const struct guest_ip *ip = &n->ip[IPV6];

	if (ip->mode == IP_MANUAL) {
		fputs("IPV6INIT=no\n", out);
		return;
	}
	fprintf(out, "IPV6INIT=yes\nIPV6_AUTOCONF=%s\n", ip->mode == IP_AUTO ? "yes" : "no");
	if (ip->mode == IP_DHCP)
		fputs("DHCPV6C=yes\n", out);
	if (ip->mode == IP_STATIC)
		fprintf(out, "IPV6ADDR=%s/%u\n", ip->address, ip->prefix);
	if (*ip->gateway && !ip->outside)
		fprintf(out, "IPV6_DEFAULTGW=%s%s%s\n", ip->gateway,
			strncmp(ip->gateway, "fe8", 3) == 0 ? "%" : "",
			strncmp(ip->gateway, "fe8", 3) == 0 ? n->name : "");
}

static void put_names(struct guest *g, const struct guest_nic *n, FILE *out)
{
	auto_free char *domains = dns_domains(g);
	unsigned count = 0;
	char word[64];

	if (n->ip[IPV4].mode == IP_MANUAL && n->ip[IPV6].mode == IP_MANUAL)
		return;
	for (int kind = 0; kind < IP_KINDS; kind++) {
		auto_free char *servers = dns_servers(g, kind);
		const char *next = servers;

		while (word_next(&next, word))
			fprintf(out, "DNS%u=%s\n", ++count, word);
	}
	if (*domains)
		fprintf(out, "DOMAIN=\"%s\"\n", domains);
}

static char *interface(struct guest *g, const struct guest_nic *n)
{
	struct text t = text_begin();

	fprintf(t.out, "DEVICE=%s\nNAME=%s\nTYPE=Ethernet\nONBOOT=yes\n", n->name, n->name);
	put4(&n->ip[IPV4], t.out);
	put6(n, t.out);
	put_names(g, n, t.out);
	return text_end(&t);
}

/* A gateway outside of the net; none: what we had there goes. */
static void set_routes(struct guest *g, const struct guest_nic *n, int kind)
{
	const struct guest_ip *ip = &n->ip[kind];
	auto_free char *path = text_of(DIR "/route%s-%s", kind == IPV6 ? "6" : "", n->name);
	auto_free char *text = ip->outside ? text_of("%s dev %s\ndefault via %s dev %s\n",
						     ip->gateway, n->name, ip->gateway, n->name)
					   : strdup("");

	within_block(&g->files, path, text, BLOCK_START, 0644);
}

static char *networking(const char *old, const void *guest)
{
	const struct guest *g = guest;
	auto_free char *text = text_variable(old, "NETWORKING", "yes");
	auto_free char *more = nics_any_static(g, IPV6)
				   ? text_variable(text, "NETWORKING_IPV6", "yes")
				   : take_ptr(text);

	return *g->hostname && g->version < VERSION(7, 0)
		   ? text_variable(more, "HOSTNAME", g->hostname)
		   : take_ptr(more);
}

static void set(struct guest *g)
{
	for (size_t i = 0; i < g->n_nics; i++) {
		auto_free char *path = text_of(DIR "/ifcfg-%s", g->nics[i].name);
		auto_free char *text = interface(g, &g->nics[i]);

		within_block(&g->files, path, text, BLOCK_ALONE, 0644);
		for (int kind = 0; kind < IP_KINDS; kind++)
			set_routes(g, &g->nics[i], kind);
	}
	within_edit(&g->files, "etc/sysconfig/network", networking, g, 0644);
}

const struct way way_ifcfg = {
	set, "usr/sbin/ifup sbin/ifup usr/sbin/NetworkManager etc/init.d/network"
};
