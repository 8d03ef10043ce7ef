// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/network/interfaces of ifupdown, ifupdown2, ifupdown-ng and busybox: a stanza for each family
 * of an interface. Ours are what sets an address in stanzas of our interfaces; other stanzas,
 * other options in ours, and comments are the user's.
 */
#include <ctype.h>

#include "pct/guest/inner.h"

#define MANY 64

/* What is there of ours; an interface's families as bits. */
struct seen {
	bool automatic[NIC_COUNT];
	unsigned stanzas[NIC_COUNT];
	bool lo;
};

/* Options that set what the conf sets; a stanza's others stay. */
static const char *const ours[] = { "address", "netmask", "gateway", "network", "broadcast" };

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static bool first_is(const char *line, const char *word)
{
	size_t n = strlen(word);

	line = skip_blanks(line);
	return strncmp(line, word, n) == 0 && strchr(" \t\n", line[n]);
}

/* The word with that number in a line; "": there is none. */
static void word_of(const char *line, size_t n, unsigned number, char out[64])
{
	const char *end = line + n;

	*out = '\0';
	for (unsigned i = 0;; i++) {
		size_t len = 0;

		while (line < end && isspace((unsigned char)*line))
			line++;
		while (line + len < end && !isspace((unsigned char)line[len]))
			len++;
		if (i == number || len == 0) {
			snprintf(out, 64, "%.*s", (int)len, line);
			return;
		}
		line += len;
	}
}

static int find_nic(const struct interfaces *in, const char *name)
{
	for (size_t i = 0; i < in->n && i < NIC_COUNT; i++)
		if (strcmp(in->nics[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Does a line begin a stanza? So options end there. */
static bool begins_stanza(const char *line)
{
	static const char *const words[] = { "iface",	     "mapping",		 "auto",
					     "source",	     "source-directory", "template",
					     "no-auto-down", "no-scripts",	 "rename" };

	if (strncmp(skip_blanks(line), "allow-", 6) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (first_is(line, words[i]))
			return true;
	return false;
}

static bool is_ours(const char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (first_is(line, ours[i]))
			return true;
	return false;
}

static const char *method(const struct interfaces *in, const struct guest_ip *ip, int kind)
{
	static const char *const names[] = { "manual", "static", "dhcp", "auto" };
	bool plain = kind == IPV6 && in->plain6;

	return names[plain && ip->mode != IP_STATIC ? IP_MANUAL : ip->mode];
}

static void put_route(const struct guest_nic *n, int kind, FILE *out)
{
	const char *six = kind == IPV6 ? "-6 " : "";
	const char *gw = n->ip[kind].gateway;

	fprintf(out,
		"\t# --- BEGIN PVE ---\n"
		"\tpost-up ip %sroute add %s dev %s\n"
		"\tpost-up ip %sroute add default via %s dev %s\n"
		"\tpre-down ip %sroute del default via %s dev %s\n"
		"\tpre-down ip %sroute del %s dev %s\n"
		"\t# --- END PVE ---\n",
		six, gw, n->name, six, gw, n->name, six, gw, n->name, six, gw, n->name);
}

static void put_stanza(const struct interfaces *in, const struct guest_nic *n, int kind, FILE *out)
{
	const struct guest_ip *ip = &n->ip[kind];

	fprintf(out, "iface %s %s %s\n", n->name, kind == IPV4 ? "inet" : "inet6",
		method(in, ip, kind));
	if (ip->mode != IP_STATIC)
		return;
	if (in->netmasks && kind == IPV4)
		fprintf(out, "\taddress %s\n\tnetmask %s\n", ip->address, ip->netmask);
	else if (in->netmasks)
		fprintf(out, "\taddress %s\n\tnetmask %u\n", ip->address, ip->prefix);
	else
		fprintf(out, "\taddress %s/%u\n", ip->address, ip->prefix);
	if (*ip->gateway && !ip->outside)
		fprintf(out, "\tgateway %s\n", ip->gateway);
	if (*ip->gateway && ip->outside)
		put_route(n, kind, out);
}

/* "auto eth0 eth1" */
static void see_auto(const struct interfaces *in, const char *line, size_t n, struct seen *seen)
{
	char word[64];

	for (unsigned i = 1; i < MANY; i++) {
		int at;

		word_of(line, n, i, word);
		if (!*word)
			return;
		at = find_nic(in, word);
		if (at >= 0)
			seen->automatic[at] = true;
		if (strcmp(word, "lo") == 0)
			seen->lo = true;
	}
}

/* A stanza of ours, the first of its family: our lines take its place. */
static bool see_iface(const struct interfaces *in, const char *line, size_t n, struct seen *seen,
		      FILE *out)
{
	char name[64], family[64];
	int at, kind;

	word_of(line, n, 1, name);
	word_of(line, n, 2, family);
	at = find_nic(in, name);
	kind = strcmp(family, "inet") == 0 ? IPV4 : strcmp(family, "inet6") == 0 ? IPV6 : IP_KINDS;
	if (at < 0 || kind == IP_KINDS || seen->stanzas[at] & 1u << kind)
		return false;
	seen->stanzas[at] |= 1u << kind;
	put_stanza(in, &in->nics[at], kind, out);
	return true;
}

/* Lines that go on are one. */
static size_t whole_line(const char *line, size_t n)
{
	while (n >= 2 && line[n - 1] == '\n' && line[n - 2] == '\\' && line[n])
		n += strcspn(line + n, "\n") + (strchr(line + n, '\n') ? 1 : 0);
	return n;
}

static void put_all(const struct interfaces *in, const char *old, struct seen *seen, FILE *out)
{
	bool inside = false, block = false; /* a stanza of ours; our routes in it */
	const char *line;
	size_t n;

	while (text_line(&old, &line, &n)) {
		size_t more = whole_line(line, n) - n;

		old += more;
		n += more;
		if (inside && block_marker(line))
			block = block_marker(line) == 'b';
		else if (!block || begins_stanza(line)) {
			if (begins_stanza(line))
				inside = block = false;
			/* allow-hotplug waits for a udev which is not there. */
			if (first_is(line, "auto") || first_is(line, "allow-auto"))
				see_auto(in, line, n, seen);
			if (first_is(line, "iface"))
				inside = see_iface(in, line, n, seen, out);
			if (!inside || (!first_is(line, "iface") && !is_ours(line)))
				fprintf(out, "%.*s%s", (int)n, line,
					line[n - 1] == '\n' ? "" : "\n");
		}
	}
}

char *interfaces_text(const char *old, const void *interfaces)
{
	const struct interfaces *in = interfaces;
	struct seen seen = { 0 };
	struct text t = text_begin();

	if (!*old)
		fputs("auto lo\niface lo inet loopback\n", t.out);
	seen.lo = !*old;
	put_all(in, old, &seen, t.out);
	if (!seen.lo)
		fputs("\nauto lo\niface lo inet loopback\n", t.out);
	for (size_t i = 0; i < in->n; i++) {
		const struct guest_nic *n = &in->nics[i];
		bool six = n->ip[IPV6].given && !(seen.stanzas[i] & 1u << IPV6);
		bool four = !(seen.stanzas[i] & 1u << IPV4) &&
			    (n->ip[IPV4].given || (!six && !seen.stanzas[i]));

		if (!seen.automatic[i] || four || six)
			fputc('\n', t.out);
		if (!seen.automatic[i])
			fprintf(t.out, "auto %s\n", n->name);
		if (four)
			put_stanza(in, n, IPV4, t.out);
		if (six)
			put_stanza(in, n, IPV6, t.out);
	}
	return text_end(&t);
}

static void set(struct guest *g)
{
	const char *type = g->distro->ostype;
	bool alpine = strcmp(type, "alpine") == 0;
	unsigned since = alpine			       ? VERSION(3, 13)
			 : strcmp(type, "devuan") == 0 ? VERSION(3, 0)
			 : strcmp(type, "debian") == 0 ? VERSION(10, 0)
						       : 0;
	struct interfaces in = { g->nics, g->n_nics, g->version < since, alpine };

	/* busybox' own, which Alpine had until then. */
	if (within_links_to(&g->files, "sbin/ifup", "busybox"))
		in.netmasks = true;
	/* Ubuntu had its last ifupdown long before. */
	if (strcmp(type, "ubuntu") == 0)
		in.netmasks = true;
	if (g->n_nics || within_there(&g->files, "etc/network/interfaces"))
		within_edit(&g->files, "etc/network/interfaces", interfaces_text, &in, 0644);
}

const struct way way_ifupdown = { set, "sbin/ifup usr/sbin/ifup" };
