// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * systemd-networkd: a file for each interface. netplan makes such files at boot, of its own: where
 * both name an interface netplan's holds.
 */
#include "pct/guest/inner.h"

#define DIR	"etc/systemd/network"
#define NETPLAN "etc/netplan"

static const char *dhcp(const struct guest_nic *n)
{
	bool four = n->ip[IPV4].mode == IP_DHCP, six = n->ip[IPV6].mode == IP_DHCP;

	return four && six ? "yes" : four ? "ipv4" : six ? "ipv6" : "no";
}

/* Where a link leads to systemd-resolved, it asks who is named here. */
static void put_names(struct guest *g, const struct guest_nic *n, FILE *out)
{
	char word[64];

	if ((n->ip[IPV4].mode == IP_MANUAL && n->ip[IPV6].mode == IP_MANUAL) ||
	    !within_links_to(&g->files, "etc/resolv.conf", "systemd"))
		return;
	for (int kind = 0; kind < IP_KINDS; kind++) {
		auto_free char *servers = dns_servers(g, kind);
		const char *next = servers;

		while (word_next(&next, word))
			fprintf(out, "DNS = %s\n", word);
	}
	auto_free char *domains = dns_domains(g);

	if (*domains)
		fprintf(out, "Domains = %s\n", domains);
}

static char *network(struct guest *g, const struct guest_nic *n)
{
	struct text t = text_begin();
	bool ra = n->ip[IPV6].mode == IP_AUTO || n->ip[IPV6].mode == IP_DHCP;

	fprintf(t.out, "[Match]\nName = %s\n\n[Network]\nDHCP = %s\n", n->name, dhcp(n));
	for (int kind = 0; kind < IP_KINDS; kind++) {
		const struct guest_ip *ip = &n->ip[kind];

		if (ip->mode != IP_STATIC)
			continue;
		fprintf(t.out, "Address = %s/%u\n", ip->address, ip->prefix);
		if (*ip->gateway && !ip->outside)
			fprintf(t.out, "Gateway = %s\n", ip->gateway);
	}
	fprintf(t.out, "IPv6AcceptRA = %s\n", ra ? "true" : "false");
	put_names(g, n, t.out);
	for (int kind = 0; kind < IP_KINDS; kind++)
		if (n->ip[kind].mode == IP_STATIC && n->ip[kind].outside)
			fprintf(t.out, "\n[Route]\nGateway = %s\nGatewayOnLink = true\n",
				n->ip[kind].gateway);
	return text_end(&t);
}

static bool has_nic(const struct guest *g, const char *name, size_t n)
{
	for (size_t i = 0; i < g->n_nics; i++)
		if (strlen(g->nics[i].name) == n && strncmp(g->nics[i].name, name, n) == 0)
			return true;
	return false;
}

/* Of an interface it has no more: ours goes, with what else the user put there it stays. */
static void drop_old(struct files *f, const char *name, void *arg)
{
	static const char end[] = ".network";
	size_t n = strlen(name);
	auto_free char *path = NULL, *text = NULL, *around = NULL;

	if (n < sizeof(end) || strcmp(name + n - sizeof(end) + 1, end) != 0 ||
	    has_nic(arg, name, n - sizeof(end) + 1))
		return;
	path = text_of(DIR "/%s", name);
	text = within_read(f, path);
	if (!text || !block_is_there(text))
		return;
	around = block_around(text);
	if (!*around)
		within_remove(f, path);
}

static void look_at_netplan(struct files *f, const char *name, void *arg)
{
	struct guest *g = arg;
	auto_free char *path = text_of(NETPLAN "/%s", name);
	auto_free char *text = NULL;

	/* What images of linuxcontainers.org bring: DHCP on eth0, always. */
	if (strcmp(name, "10-lxc.yaml") == 0) {
		within_remove(f, path);
		return;
	}
	if (g->job->when != GUEST_CREATE)
		return;
	text = within_read(f, path);
	for (size_t i = 0; text && i < g->n_nics; i++) {
		auto_free char *key = text_of(" %s:", g->nics[i].name);

		if (strstr(text, key))
			warn(
			    0,
			    "%s: its /%s sets up %s, too, and holds: remove it, or what it says of "
			    "%s",
			    f->who, path, g->nics[i].name, g->nics[i].name);
	}
}

static void set(struct guest *g)
{
	for (size_t i = 0; i < g->n_nics; i++) {
		auto_free char *path = text_of(DIR "/%s.network", g->nics[i].name);
		auto_free char *text = network(g, &g->nics[i]);

		within_block(&g->files, path, text, BLOCK_ALONE, 0644);
	}
	within_each(&g->files, DIR, drop_old, g);
	within_each(&g->files, NETPLAN, look_at_netplan, g);
	if (g->job->when == GUEST_CREATE && g->n_nics) {
		systemd_enable(g, "systemd-networkd.service", "multi-user.target");
		systemd_enable(g, "systemd-networkd.socket", "sockets.target");
	}
}

const struct way way_networkd = { set,
				  "usr/lib/systemd/systemd-networkd lib/systemd/systemd-networkd" };
