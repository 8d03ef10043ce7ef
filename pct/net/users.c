// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/net/users.h"
#include "pct/conf/forms.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"

void users_free(struct users *u)
{
	free(u->list);
}

bool user_is(const struct user *u, const struct nic *n)
{
	return u->nic.vmid == n->vmid && u->nic.number == n->number;
}

/* dnsmasq adds the domain; of a longer name it is the first part. */
static void put_hostname(const struct config *c, struct user *u)
{
	const char *said = pending_get(c, "hostname");

	if (said && !form_hostname(said))
		snprintf(u->hostname, sizeof(u->hostname), "%.*s", (int)strcspn(said, "."), said);
	else
		snprintf(u->hostname, sizeof(u->hostname), "CT%u", u->nic.vmid);
}

static int add(struct users *all, const struct config *c, const struct user *u)
{
	struct user *grown = reallocarray(all->list, all->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	all->list = grown;
	grown[all->n] = *u;
	put_hostname(c, &grown[all->n++]);
	return 0;
}

static int add_value(struct users *all, const struct config *c, struct user *u, const char *value,
		     const char *bridge)
{
	unsigned vmid = u->nic.vmid, number = u->nic.number;

	if (!value || nic_parse(vmid, number, value, &u->nic) < 0 ||
	    strcmp(u->nic.bridge, bridge) != 0)
		return 0;
	return add(all, c, u);
}

static int add_container(struct users *all, unsigned vmid, const char *bridge)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = 0;

	if (conf_load(vmid, &c) < 0)
		return 0;
	for (unsigned i = 0; r == 0 && i < NIC_COUNT; i++) {
		char key[16];
		const char *is, *will;
		struct user u = { .nic = { .vmid = vmid, .number = i } };

		snprintf(key, sizeof(key), "net%u", i);
		is = config_get(&c, key);
		will = pending_get(&c, key);
		u.is = true;
		u.will = is == will;
		r = add_value(all, &c, &u, is, bridge);
		u = (struct user){ .nic = { .vmid = vmid, .number = i }, .will = true };
		if (r == 0 && is != will)
			r = add_value(all, &c, &u, will, bridge);
	}
	return r;
}

int users_find(const char *bridge, struct users *out)
{
	auto_users all = { 0 };
	auto_free unsigned *vmids = NULL;
	size_t n = 0;
	int r = conf_list(&vmids, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_container(&all, vmids[i], bridge);
	if (r < 0)
		return r;
	*out = all;
	all = (struct users){ 0 };
	return 0;
}
