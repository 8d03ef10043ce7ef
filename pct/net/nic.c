// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <sys/random.h>
#include <time.h>

#include "base/base.h"
#include "base/hash.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/net/nic.h"
#include "pct/paths.h"

static const struct option *table(void)
{
	return &key_find("net0")->option;
}

void nic_host_name(const char *root, unsigned vmid, unsigned number, char out[IFNAMSIZ])
{
	auto_free char *whole = text_of("%s/%u", root, vmid);
	char name[32];

	snprintf(name, sizeof(name), "veth%ui%u", vmid, number);
	if (*root || strlen(name) >= IFNAMSIZ)
		snprintf(name, sizeof(name), "pct%08xi%u", fnv32(whole), number % NIC_COUNT);
	memcpy(out, name, IFNAMSIZ - 1);
	out[IFNAMSIZ - 1] = '\0';
}

void nic_alias(const char *root, unsigned vmid, unsigned number, char out[NIC_ALIAS])
{
	snprintf(out, NIC_ALIAS, "pct %08x CT %u net%u", fnv32(root), vmid, number);
}

static const char *said(const char *text)
{
	return *text ? text : "manual";
}

void nic_inside_alias(const struct nic *n, char out[256])
{
	snprintf(out, 256, "net%u ip=%s ip6=%s", n->number, said(n->ip[IPV4]), said(n->ip[IPV6]));
}

static void take(const struct properties *p, const char *name, char *out, size_t size)
{
	const char *value = properties_get(p, name);

	snprintf(out, size, "%s", value ? value : "");
}

static unsigned number(const struct properties *p, const char *name)
{
	const char *value = properties_get(p, name);

	return value ? (unsigned)strtoul(value, NULL, 10) : 0;
}

static void take_trunks(const char *list, struct nic *n)
{
	for (const char *s = list; s && *s; s += *s == ';') {
		unsigned vlan = (unsigned)strtoul(s, (char **)&s, 10);

		n->trunks[vlan % 4096 / 8] |= (uint8_t)(1 << vlan % 8);
		n->trunked = true;
		if (*s && *s != ';')
			break;
	}
}

int nic_parse(unsigned vmid, unsigned net, const char *value, struct nic *out)
{
	auto_properties p = { 0 };
	struct nic n = { .vmid = vmid, .number = net };
	int64_t rate;
	int r = properties_read(table(), value, &p);

	if (r < 0)
		return r;
	nic_host_name(paths_root(), vmid, net, n.host);
	take(&p, "name", n.name, sizeof(n.name));
	take(&p, "bridge", n.bridge, sizeof(n.bridge));
	take(&p, "hwaddr", n.mac, sizeof(n.mac));
	take(&p, "ip", n.ip[IPV4], IP_TEXT);
	take(&p, "ip6", n.ip[IPV6], IP_TEXT);
	take(&p, "gw", n.gw[IPV4], IP_TEXT);
	take(&p, "gw6", n.gw[IPV6], IP_TEXT);
	n.mtu = number(&p, "mtu");
	n.tag = number(&p, "tag");
	take_trunks(properties_get(&p, "trunks"), &n);
	if (properties_get(&p, "rate") && option_number(properties_get(&p, "rate"), &rate))
		n.rate = (uint64_t)rate * (1 << 20) / NUMBER_SCALE;
	n.firewall = properties_bool(&p, "firewall");
	n.down = properties_bool(&p, "link_down");
	if (!*n.name)
		return -EINVAL;
	*out = n;
	return 0;
}

bool nic_static(const struct nic *n, int kind)
{
	return strchr(n->ip[kind], '/') != NULL;
}

bool nic_same_device(const struct nic *a, const struct nic *b)
{
	return strcmp(a->name, b->name) == 0 && strcasecmp(a->mac, b->mac) == 0;
}

bool nic_same_vlans(const struct nic *a, const struct nic *b)
{
	return strcmp(a->bridge, b->bridge) == 0 && a->tag == b->tag && a->trunked == b->trunked &&
	       memcmp(a->trunks, b->trunks, sizeof(a->trunks)) == 0;
}

void mac_make(char out[MAC_TEXT])
{
	unsigned char chance[3];

	/* It does not fail for so few bytes once the host has booted; then time is chance enough.
	 */
	if (getrandom(chance, sizeof(chance), 0) != sizeof(chance)) {
		uint32_t now = (uint32_t)clock() ^ (uint32_t)time(NULL) * 2654435761u;

		memcpy(chance, &now, sizeof(chance));
	}
	snprintf(out, MAC_TEXT, "BC:24:11:%02X:%02X:%02X", chance[0], chance[1], chance[2]);
}

/* A file's value may have what we do not know of: that stays as it is. */
static char *with_mac(const char *value, const char *mac)
{
	auto_properties p = { 0 };
	char why[OPTION_WHY];

	if (properties_parse(table(), value, &p, why) < 0)
		return text_of("%s,hwaddr=%s", value, mac);
	return properties_set(&p, "hwaddr", mac) < 0 ? NULL : properties_write(&p);
}

char *nic_complete(const char *was, const char *value)
{
	auto_properties p = { 0 }, before = { 0 };
	char mac[MAC_TEXT];

	if (properties_read(table(), value, &p) < 0)
		return NULL;
	if (properties_get(&p, "hwaddr"))
		return strdup(value);
	mac_make(mac);
	if (was && properties_read(table(), was, &before) == 0 && properties_get(&before, "hwaddr"))
		snprintf(mac, sizeof(mac), "%s", properties_get(&before, "hwaddr"));
	return with_mac(value, mac);
}
