// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Gentoo's /etc/conf.d/net: shell variables, and a service for each interface, which is a link.
 */
#include <ctype.h>

#include "pct/guest/inner.h"

/* As its scripts make a variable's name of an interface's. */
static void variable_of(const char *name, char out[IFNAMSIZ])
{
	size_t i = 0;

	for (; name[i]; i++)
		out[i] = isalnum((unsigned char)name[i]) ? name[i] : '_';
	out[i] = '\0';
}

static void put_nic(const struct guest_nic *n, FILE *out)
{
	char variable[IFNAMSIZ];
	const char *between = "";

	variable_of(n->name, variable);
	fprintf(out, "config_%s=\"", variable);
	for (int kind = 0; kind < IP_KINDS; kind++) {
		const struct guest_ip *ip = &n->ip[kind];

		if (ip->mode == IP_STATIC)
			fprintf(out, "%s%s/%u", between, ip->address, ip->prefix);
		else if (ip->mode == IP_DHCP)
			fprintf(out, "%s%s", between, kind == IPV4 ? "dhcp" : "dhcpv6");
		else
			continue;
		between = "\n";
	}
	fprintf(out, "%s\"\nroutes_%s=\"", *between ? "" : "null", variable);
	between = "";
	for (int kind = 0; kind < IP_KINDS; kind++) {
		const struct guest_ip *ip = &n->ip[kind];

		if (ip->outside)
			fprintf(out, "%s%s/%u dev %s", between, ip->gateway,
				kind == IPV4 ? 32u : 128u, n->name);
		if (ip->outside)
			between = "\n";
		if (*ip->gateway)
			fprintf(out, "%sdefault via %s", between, ip->gateway);
		if (*ip->gateway)
			between = "\n";
	}
	fputs("\"\n", out);
}

static void set(struct guest *g)
{
	struct text t = text_begin();
	auto_free char *text = NULL;

	for (size_t i = 0; i < g->n_nics; i++) {
		const char *name = g->nics[i].name;
		auto_free char *service = text_of("etc/init.d/net.%s", name);
		auto_free char *started = text_of("etc/runlevels/default/net.%s", name);
		auto_free char *to = text_of("/%s", service);

		put_nic(&g->nics[i], t.out);
		if (!within_there(&g->files, service))
			within_link(&g->files, service, "net.lo");
		within_link(&g->files, started, to);
	}
	text = text_end(&t);
	/* What is said last holds. */
	within_block(&g->files, "etc/conf.d/net", text, BLOCK_END, 0644);
}

const struct way way_netifrc = { set, "etc/init.d/net.lo" };
