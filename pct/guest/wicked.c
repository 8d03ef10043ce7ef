// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/sysconfig/network of SUSE's systems, read by wicked: shell variables for each interface,
 * and its routes beside it.
 */
#include "pct/guest/inner.h"

#define DIR "etc/sysconfig/network"

static char *interface(const struct guest_nic *n)
{
	static const char *const dhcp[] = { "dhcp4", "dhcp6" };
	struct text t = text_begin();
	const char *plus = "";
	unsigned count = 0;

	fputs("STARTMODE='auto'\nBOOTPROTO='", t.out);
	for (int kind = 0; kind < IP_KINDS; kind++) {
		enum ip_mode mode = n->ip[kind].mode;

		if (mode != IP_DHCP && mode != IP_AUTO)
			continue;
		fprintf(t.out, "%s%s", plus, mode == IP_AUTO ? "auto6" : dhcp[kind]);
		plus = "+";
	}
	/* Addresses beside it are set all the same. */
	fprintf(t.out, "%s'\n", *plus ? "" : "static");
	for (int kind = 0; kind < IP_KINDS; kind++)
		if (n->ip[kind].mode == IP_STATIC)
			fprintf(t.out, "IPADDR%s='%s/%u'\n", count++ ? "_1" : "",
				n->ip[kind].address, n->ip[kind].prefix);
	return text_end(&t);
}

static char *routes(const struct guest_nic *n)
{
	struct text t = text_begin();

	for (int kind = 0; kind < IP_KINDS; kind++) {
		const struct guest_ip *ip = &n->ip[kind];

		if (ip->outside)
			fprintf(t.out, "%s/%u - - %s\n", ip->gateway, kind == IPV4 ? 32u : 128u,
				n->name);
		if (*ip->gateway)
			fprintf(t.out, "default %s - %s\n", ip->gateway, n->name);
	}
	return text_end(&t);
}

static void set(struct guest *g)
{
	for (size_t i = 0; i < g->n_nics; i++) {
		const struct guest_nic *n = &g->nics[i];
		auto_free char *path = text_of(DIR "/ifcfg-%s", n->name);
		auto_free char *beside = text_of(DIR "/ifroute-%s", n->name);
		auto_free char *text = interface(n), *lines = routes(n);

		within_block(&g->files, path, text, BLOCK_ALONE, 0644);
		within_block(&g->files, beside, lines, BLOCK_START, 0644);
	}
}

const struct way way_wicked = { set, "usr/sbin/wicked sbin/wicked" };
