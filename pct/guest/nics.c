// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <ctype.h>

#include "pct/guest/inner.h"

static const int families[IP_KINDS] = { AF_INET, AF_INET6 };

/* Nothing else gets into a file: some of them are run by a shell. */
static bool usable_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return false;
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool same_net(const unsigned char *a, const unsigned char *b, unsigned prefix)
{
	unsigned whole = prefix / 8, rest = prefix % 8;

	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* "192.0.2.7/24" */
static bool take_static(const char *text, const char *gw, int kind, struct guest_ip *out)
{
	unsigned bits = kind == IPV4 ? 32 : 128;
	unsigned char address[16], gateway[16];
	const char *slash = strchr(text, '/');
	char *end;
	unsigned long prefix;

	if (!slash || !isdigit((unsigned char)slash[1]))
		return false;
	snprintf(out->address, IP_TEXT, "%.*s", (int)(slash - text), text);
	prefix = strtoul(slash + 1, &end, 10);
	if (*end || prefix > bits || inet_pton(families[kind], out->address, address) != 1)
		return false;
	out->prefix = (unsigned)prefix;
	if (kind == IPV4) {
		struct in_addr mask = { prefix ? htonl(~0u << (32 - prefix)) : 0 };

		inet_ntop(AF_INET, &mask, out->netmask, IP_TEXT);
	}
	out->mode = IP_STATIC;
	if (!*gw)
		return true;
	if (inet_pton(families[kind], gw, gateway) != 1)
		return false;
	snprintf(out->gateway, IP_TEXT, "%s", gw);
	out->outside = !same_net(address, gateway, out->prefix);
	/* Everybody's is on this very link. */
	if (kind == IPV6 && gateway[0] == 0xfe && (gateway[1] & 0xc0) == 0x80)
		out->outside = false;
	return true;
}

static bool take_ip(const struct nic *n, int kind, struct guest_ip *out)
{
	struct guest_ip ip = { .given = *n->ip[kind] };
	bool taken = true;

	if (strcmp(n->ip[kind], "dhcp") == 0)
		ip.mode = IP_DHCP;
	else if (kind == IPV6 && strcmp(n->ip[kind], "auto") == 0)
		ip.mode = IP_AUTO;
	else if (ip.given && strcmp(n->ip[kind], "manual") != 0)
		taken = take_static(n->ip[kind], n->gw[kind], kind, &ip);
	if (taken)
		*out = ip;
	return taken;
}

void nics_read(struct guest *g)
{
	for (unsigned i = 0; i < NIC_COUNT; i++) {
		auto_free char *key = text_of("net%u", i);
		const char *value = config_get(g->job->config, key);
		struct guest_nic *n = &g->nics[g->n_nics];
		struct nic nic;

		if (!value)
			continue;
		if (nic_parse(g->job->vmid, i, value, &nic) < 0 || !usable_name(nic.name) ||
		    !take_ip(&nic, IPV4, &n->ip[IPV4]) || !take_ip(&nic, IPV6, &n->ip[IPV6])) {
			warn(0, "%s: its system is told nothing of %s, '%s': that cannot be used",
			     g->job->who, key, value);
			continue;
		}
		memcpy(n->name, nic.name, sizeof(n->name));
		g->n_nics++;
	}
}

bool nics_any_static(const struct guest *g, int kind)
{
	for (size_t i = 0; i < g->n_nics; i++)
		if (g->nics[i].ip[kind].mode == IP_STATIC)
			return true;
	return false;
}
