// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * NetworkManager: a keyfile for each interface, which nobody but root may read.
 */
#include "pct/guest/inner.h"

static const char *method(const struct guest_ip *ip)
{
	static const char *const names[] = { "disabled", "manual", "auto", "auto" };

	return names[ip->mode];
}

/* It writes resolv.conf by itself: what is not here is not asked. */
static void put_names(struct guest *g, const struct guest_ip *ip, int kind, FILE *out)
{
	auto_free char *servers = dns_servers(g, kind), *domains = dns_domains(g);
	const char *next = servers;
	char word[64];

	if (ip->mode == IP_MANUAL)
		return;
	if (*servers)
		fputs("dns=", out);
	while (word_next(&next, word))
		fprintf(out, "%s;", word);
	if (*servers)
		fputc('\n', out);
	next = domains;
	if (*domains)
		fputs("dns-search=", out);
	while (word_next(&next, word))
		fprintf(out, "%s;", word);
	if (*domains)
		fputc('\n', out);
}

static char *connection(struct guest *g, const struct guest_nic *n)
{
	static const char *const sections[IP_KINDS] = { "ipv4", "ipv6" };
	struct text t = text_begin();

	fprintf(t.out, "[connection]\nid=%s\ntype=ethernet\ninterface-name=%s\n", n->name, n->name);
	for (int kind = 0; kind < IP_KINDS; kind++) {
		const struct guest_ip *ip = &n->ip[kind];

		fprintf(t.out, "\n[%s]\nmethod=%s\n", sections[kind],
			kind == IPV6 && ip->mode == IP_DHCP ? "dhcp" : method(ip));
		if (ip->mode == IP_STATIC)
			fprintf(t.out, "address1=%s/%u\n", ip->address, ip->prefix);
		/* Outside of the net it makes a route to it by itself. */
		if (*ip->gateway)
			fprintf(t.out, "gateway=%s\n", ip->gateway);
		put_names(g, ip, kind, t.out);
	}
	return text_end(&t);
}

static void set(struct guest *g)
{
	for (size_t i = 0; i < g->n_nics; i++) {
		auto_free char *path = text_of(
		    "etc/NetworkManager/system-connections/%s.nmconnection", g->nics[i].name);
		auto_free char *text = connection(g, &g->nics[i]);

		within_block(&g->files, path, text, BLOCK_ALONE, 0600);
	}
}

const struct way way_netmanager = { set, "usr/sbin/NetworkManager usr/bin/NetworkManager" };
