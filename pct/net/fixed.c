// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>

#include "base/hash.h"
#include "base/say.h"
#include "cgview/span.h"
#include "pct/net/file.h"
#include "pct/net/fixed.h"
#include "pct/paths.h"

void fixed_free(struct fixed *f)
{
	free(f->list);
}

static char *path_of(const char *name)
{
	return path_to("etc/pct/network/%s.fixed", name);
}

void fixed_range(const struct subnet *net, uint32_t *first, uint32_t *last)
{
	*first = subnet_size(net) / 2;
	*last = subnet_size(net) - 2;
}

static bool read_address(struct span word, uint32_t *out)
{
	char text[INET_ADDRSTRLEN];
	uint32_t a;

	snprintf(text, sizeof(text), "%.*s", (int)span_len(word), word.p);
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*out = ntohl(a);
	return true;
}

static int add(struct fixed *f, struct span mac, uint32_t address)
{
	struct fixed_one *grown = reallocarray(f->list, f->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	f->list = grown;
	snprintf(grown[f->n].mac, MAC_TEXT, "%.*s", (int)span_len(mac), mac.p);
	grown[f->n++].address = address;
	return 0;
}

/* "BC:24:11:00:00:01 10.1.2.200" in each line, behind @skip words. */
static int parse(const char *text, int skip, struct fixed *f)
{
	struct span all = span_of(text), line, mac, ip;
	uint32_t address;
	int r = 0;

	while (r == 0 && span_line(&all, &line)) {
		bool has = true;

		for (int i = 0; has && i < skip; i++)
			has = span_word(&line, &mac);
		if (has && span_word(&line, &mac) && span_len(mac) == MAC_TEXT - 1 &&
		    span_word(&line, &ip) && read_address(ip, &address))
			r = add(f, mac, address);
	}
	return r;
}

static int load(const char *path, int skip, struct fixed *out)
{
	auto_free char *text = file_read(path);
	auto_fixed f = { 0 };
	int r;

	if (!text && errno != ENOENT)
		return -errno;
	r = text ? parse(text, skip, &f) : 0;
	if (r < 0)
		return r;
	*out = f;
	f = (struct fixed){ 0 };
	return 0;
}

int fixed_load(const char *name, struct fixed *out)
{
	auto_free char *path = path_of(name);

	return load(path, 0, out);
}

const struct fixed_one *fixed_find(const struct fixed *f, const char *mac)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcasecmp(f->list[i].mac, mac) == 0)
			return &f->list[i];
	return NULL;
}

void fixed_address(const struct managed *m, const char *mac, char out[SUBNET_TEXT])
{
	auto_fixed f = { 0 };
	const struct fixed_one *one = NULL;

	if (fixed_load(m->name, &f) == 0)
		one = fixed_find(&f, mac);
	*out = '\0';
	if (one && subnet_has(&m->net, one->address))
		subnet_address(&m->net, one->address - m->net.first, false, out);
}

/* ---- choosing ---- */

struct choice {
	const struct managed *m;
	const struct users *users;
	const struct fixed *leases;
	struct fixed *fixed;
};

static bool others(const struct fixed *f, uint32_t address, const char *mac)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].address == address && strcasecmp(f->list[i].mac, mac) != 0)
			return true;
	return false;
}

static bool is_static(const struct users *users, uint32_t address)
{
	for (size_t i = 0; i < users->n; i++) {
		const struct nic *n = &users->list[i].nic;
		const char *ip = n->ip[IPV4];
		uint32_t its;

		if (nic_static(n, IPV4) &&
		    read_address((struct span){ ip, ip + strcspn(ip, "/") }, &its) &&
		    its == address)
			return true;
	}
	return false;
}

enum whose { NOBODYS, IDLE, USED };

static enum whose whose(const struct choice *c, const struct fixed_one *one,
			const struct nic *wanted)
{
	enum whose found = NOBODYS;

	if (wanted && strcasecmp(wanted->mac, one->mac) == 0)
		return USED;
	for (size_t i = 0; i < c->users->n; i++) {
		const struct nic *n = &c->users->list[i].nic;

		if (strcasecmp(n->mac, one->mac) == 0 && !nic_static(n, IPV4))
			found = found == USED || if_nametoindex(n->host) ? USED : IDLE;
	}
	return found;
}

/* @known: by one of ours; what nobody here has asked for is free again within the hour. */
static bool is_leased(const struct choice *c, uint32_t address, const char *mac, bool known)
{
	for (size_t i = 0; i < c->leases->n; i++) {
		const struct fixed_one *l = &c->leases->list[i];

		if (l->address == address && strcasecmp(l->mac, mac) != 0 &&
		    (!known || whose(c, l, NULL) != NOBODYS))
			return true;
	}
	return false;
}

static bool is_free(const struct choice *c, uint32_t address, const char *mac, bool known)
{
	uint32_t first, last, i = address - c->m->net.first;

	fixed_range(&c->m->net, &first, &last);
	return i >= first && i <= last && !others(c->fixed, address, mac) &&
	       !is_leased(c, address, mac, known) && !is_static(c->users, address);
}

/* What it has now, if it runs since before there were fixed ones; else by its MAC address. */
static bool choose(const struct choice *c, const char *mac, uint32_t *out)
{
	const struct fixed_one *lease = fixed_find(c->leases, mac);
	uint32_t first, last, count, seed = fnv32(mac);

	if (lease && is_free(c, lease->address, mac, true)) {
		*out = lease->address;
		return true;
	}
	fixed_range(&c->m->net, &first, &last);
	count = last - first + 1;
	for (int known = 0; known < 2; known++)
		for (uint32_t i = 0; i < count; i++) {
			*out = c->m->net.first + first + (seed % count + i) % count;
			if (is_free(c, *out, mac, known))
				return true;
		}
	return false;
}

/* Those that are at least @least stay. */
static void sweep(const struct choice *c, const struct nic *wanted, enum whose least)
{
	struct fixed *f = c->fixed;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (subnet_has(&c->m->net, f->list[i].address) &&
		    whose(c, &f->list[i], wanted) >= least)
			f->list[kept++] = f->list[i];
	f->n = kept;
}

static int give(const struct choice *c, const struct nic *wanted)
{
	uint32_t address;
	bool found;

	if (!wanted || !*wanted->mac || strcmp(wanted->ip[IPV4], "dhcp") != 0 ||
	    fixed_find(c->fixed, wanted->mac))
		return 0;
	found = choose(c, wanted->mac, &address);
	if (!found) {
		/* Who does not run may have another one next time. */
		sweep(c, wanted, USED);
		found = choose(c, wanted->mac, &address);
	}
	return found ? add(c->fixed, span_of(wanted->mac), address) : 0;
}

static int save(const struct managed *m, const struct fixed *f)
{
	auto_free char *path = path_of(m->name);
	auto_free char *was = file_read(path), *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < f->n; i++) {
		char ip[SUBNET_TEXT];

		subnet_address(&m->net, f->list[i].address - m->net.first, false, ip);
		fprintf(out, "%s %s\n", f->list[i].mac, ip);
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	return strcmp(was ? was : "", text) == 0 ? 0 : file_replace(path, text);
}

int fixed_look(const struct managed *m, const struct users *users, const struct nic *wanted,
	       const char *leases, struct fixed *out)
{
	auto_fixed f = { 0 }, leased = { 0 };
	struct choice c = { m, users, &leased, &f };
	int r = fixed_load(m->name, &f);

	if (r == 0)
		r = load(leases, 1, &leased);
	if (r == 0) {
		sweep(&c, wanted, IDLE);
		r = give(&c, wanted);
	}
	if (r == 0)
		r = save(m, &f);
	if (r < 0)
		return fail(r, "choose addresses of the network '%s'", m->name);
	*out = f;
	f = (struct fixed){ 0 };
	return 0;
}

int managed_address(const struct nic *n, char out[SUBNET_TEXT])
{
	auto_managed m = { 0 };
	int r;

	*out = '\0';
	if (strcmp(n->ip[IPV4], "dhcp") != 0 || !managed_exists(n->bridge))
		return 0;
	r = managed_load(n->bridge, &m);
	if (r < 0 || !m.dhcp)
		return r;
	fixed_address(&m, n->mac, out);
	if (*out)
		return 0;
	r = managed_ensure(n);
	if (r < 0)
		return r;
	fixed_address(&m, n->mac, out);
	return *out ? 0
		    : refuse(-EADDRNOTAVAIL,
			     "CT %u: the network '%s' has no address left for its net%u; give it a "
			     "static one, or make a network with a larger --subnet",
			     n->vmid, n->bridge, n->number);
}

void fixed_forget(const char *name)
{
	auto_free char *path = path_of(name);

	unlink(path);
}
