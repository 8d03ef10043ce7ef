// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <inttypes.h>

#include "base/say.h"
#include "pct/net/file.h"
#include "pct/net/firewall.h"
#include "pct/paths.h"
#include "pct/tool.h"

const char firewall_rules[] =
    "# What the interfaces of this container may send that have firewall=1. Edit it as you like: "
    "it\n"
    "# is read when one is connected: at the container's start, and by 'pct set'.\n"
    "#\n"
    "# It stands in a table of its own for each of them, in which there is\n"
    "#   $dev                the host's end of it, for a hook\n"
    "#   $mac, $mac_bits     its MAC address; the same as a number\n"
    "#   @addr4, @addr6      what it may send from: a static address, or what pct's own network\n"
    "#                       gives it by DHCP; else any\n"
    "#   @host4, @host6      the addresses of the host on its bridge\n"
    "#   neighbours          a chain that drops answers for others' IPv6 addresses\n"
    "chain from_container {\n"
    "\ttype filter hook ingress device $dev priority filter; policy accept;\n"
    "\n"
    "\t# Its own MAC address, and nothing but IP and ARP.\n"
    "\tether saddr != $mac drop\n"
    "\tmeta protocol != { arp, ip, ip6 } drop\n"
    "\tarp saddr ether != $mac drop\n"
    "\n"
    "\t# Nobody's addresses but its own.\n"
    "\tarp saddr ip @host4 drop\n"
    "\tarp saddr ip != 0.0.0.0 arp saddr ip != @addr4 drop\n"
    "\tudp sport 68 udp dport 67 @th,288,48 != $mac_bits drop\n"
    "\tip saddr 0.0.0.0 udp sport 68 udp dport 67 accept\n"
    "\tip saddr @host4 drop\n"
    "\tip saddr != @addr4 drop\n"
    "\tip6 saddr @host6 drop\n"
    "\tip6 saddr != @addr6 drop\n"
    "\ticmpv6 type nd-neighbor-advert jump neighbours\n"
    "\n"
    "\t# It is no DHCP server and no router.\n"
    "\tudp sport { 67, 547 } drop\n"
    "\ticmpv6 type { nd-router-advert, nd-redirect } drop\n"
    "}\n";

void hosts_free(struct hosts *h)
{
	for (int k = 0; k < IP_KINDS; k++)
		free(h->ip[k]);
}

static void put_set(const char *name, const char *type, const char *elements, FILE *out)
{
	fprintf(out, "\tset %s { type %s; flags interval; auto-merge;", name, type);
	if (*elements)
		fprintf(out, " elements = { %s };", elements);
	fputs(" }\n", out);
}

/* "192.0.2.7" of "192.0.2.7/24". */
static void address_of(const char *ip, char out[IP_TEXT])
{
	snprintf(out, IP_TEXT, "%.*s", (int)strcspn(ip, "/"), ip);
}

/* The target of a neighbour advertisement, which this nft has no word for. */
static int put_neighbours(const struct nic *n, FILE *out)
{
	char ip[IP_TEXT];
	unsigned char bytes[16];

	fputs("\tchain neighbours {\n", out);
	if (nic_static(n, IPV6)) {
		address_of(n->ip[IPV6], ip);
		if (inet_pton(AF_INET6, ip, bytes) != 1)
			return -EINVAL;
		fputs("\t\t@th,64,16 & 0xffc0 == 0xfe80 return\n\t\t@th,64,128 0x", out);
		for (size_t i = 0; i < sizeof(bytes); i++)
			fprintf(out, "%02x", bytes[i]);
		fputs(" return\n\t\tdrop\n", out);
	}
	fputs("\t}\n", out);
	return 0;
}

static void put_sets(const struct nic *n, const struct hosts *hosts, FILE *out)
{
	char ip[IP_TEXT], ip6[2 * IP_TEXT];

	address_of(nic_static(n, IPV4) ? n->ip[IPV4] : hosts->given, ip);
	put_set("addr4", "ipv4_addr", *ip ? ip : "0.0.0.0-255.255.255.255", out);
	address_of(n->ip[IPV6], ip);
	snprintf(ip6, sizeof(ip6), "::, fe80::/10, %s", ip);
	put_set("addr6", "ipv6_addr",
		nic_static(n, IPV6) ? ip6 : "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", out);
	put_set("host4", "ipv4_addr", hosts->ip[IPV4] ? hosts->ip[IPV4] : "", out);
	put_set("host6", "ipv6_addr", hosts->ip[IPV6] ? hosts->ip[IPV6] : "", out);
}

/*
 * As much at once as a quarter of a second has: a sender that is told by lost packets how fast it
 * may be needs that to keep near the rate.
 */
static void put_rate(const struct nic *n, FILE *out)
{
	uint64_t least = MAX(n->rate / 4, (uint64_t)1 << 18);
	uint64_t burst = MIN(least, (uint64_t)1 << 30);

	fprintf(out,
		"\tchain rate {\n"
		"\t\ttype filter hook ingress device $dev priority -10; policy accept;\n"
		"\t\tlimit rate over %" PRIu64 " bytes/second burst %" PRIu64 " bytes drop\n"
		"\t}\n",
		n->rate, burst);
}

static void put_mac(const char *mac, FILE *out)
{
	fprintf(out, "define mac = %s\ndefine mac_bits = 0x", mac);
	for (; *mac; mac++)
		if (*mac != ':')
			fputc(*mac, out);
	fputc('\n', out);
}

int firewall_write(const struct nic *n, const struct hosts *hosts, FILE *out)
{
	int r = 0;

	fprintf(out,
		"table netdev %s\n"
		"delete table netdev %s\n"
		"define dev = \"%s\"\n",
		n->host, n->host, n->host);
	if (n->firewall)
		put_mac(n->mac, out);
	fprintf(out, "table netdev %s {\n", n->host);
	if (n->rate)
		put_rate(n, out);
	if (n->firewall) {
		put_sets(n, hosts, out);
		r = put_neighbours(n, out);
		fprintf(out, "\tinclude \"./%u.nft\"\n", n->vmid);
	}
	fputs("}\n", out);
	return r;
}

/* ---- the files ---- */

static int make_rules(unsigned vmid, const char *dir)
{
	auto_free char *path = text_of("%s/%u.nft", dir, vmid);
	int r = paths_make(dir, 0755);

	if (r < 0 || access(path, F_OK) == 0)
		return r;
	r = file_replace(path, firewall_rules);
	return r < 0 ? fail(r, "make the firewall of CT %u, '%s'", vmid, path) : 0;
}

/* That there are rules, for whoever is to remove them: nft would take a while to ask. */
static char *note_of(unsigned vmid, unsigned number)
{
	return path_to("run/pct/net/%u.%u", vmid, number);
}

int firewall_load(const struct nic *n, const struct hosts *hosts)
{
	auto_free char *dir = path_to("etc/pct/firewall");
	auto_free char *what = text_of("firewall of net%u of CT %u", n->number, n->vmid);
	auto_free char *path = note_of(n->vmid, n->number);
	auto_free char *text = NULL;
	size_t size;
	FILE *out;
	int r;

	if (!n->firewall && n->rate == 0)
		return firewall_unload(n->vmid, n->number);
	r = n->firewall ? make_rules(n->vmid, dir) : 0;
	if (r == 0)
		r = paths_note(path);
	if (r < 0)
		return r;
	out = open_memstream(&text, &size);
	if (!out)
		return fail(-ENOMEM, "%s", what);
	r = firewall_write(n, hosts, out);
	if (fclose(out) != 0 || r < 0)
		return fail(r < 0 ? r : -ENOMEM, "%s", what);
	return nft_run(text, n->firewall ? dir : NULL, what);
}

int firewall_unload(unsigned vmid, unsigned number)
{
	auto_free char *path = note_of(vmid, number);
	auto_free char *text = NULL;
	auto_free char *what = text_of("remove the firewall of net%u of CT %u", number, vmid);
	char host[IFNAMSIZ];
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	nic_host_name(paths_root(), vmid, number, host);
	/* Made first, as deleting what is not there would fail. */
	text = text_of("table netdev %s\ndelete table netdev %s\n", host, host);
	r = nft_run(text, NULL, what);
	if (r == 0 && unlink(path) < 0)
		r = fail(-errno, "remove '%s'", path);
	return r;
}

void firewall_forget(unsigned vmid)
{
	auto_free char *path = path_to("etc/pct/firewall/%u.nft", vmid);

	if (unlink(path) < 0 && errno != ENOENT)
		warn(-errno, "remove '%s'", path);
}
