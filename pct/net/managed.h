/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bridges that pct manages: a conf for each, brought up when a container needs it. All of these
 * say what is wrong.
 */
#pragma once

#include "base/base.h"
#include "pct/cli/option.h"
#include "pct/conf/config.h"
#include "pct/net/subnet.h"

#define MANAGED_DEFAULT "pctbr0" /* made when it is first asked for */

struct managed {
	char name[16];
	struct config config;
	struct subnet net;
	const char *subnet, *subnet6; /* of the config; NULL: none */
	bool nat, dhcp, dns, vlans;
};
void managed_free(struct managed *m);
#define auto_managed CLEANUP(managed_free) struct managed

/* The keys of its conf, and what holds without them. */
#define MANAGED_OPTIONS 6
extern const struct option managed_options[MANAGED_OPTIONS];
const char *managed_fallback(const char *key);

/* -ENOENT, said with what to do. */
int managed_load(const char *name, struct managed *out);
bool managed_exists(const char *name);

/* Their names, sorted, NULL at the end; malloc'ed with all its words. */
char **managed_list(void);
void managed_list_free(char ***names);

/*
 * A new one, of what @config says; if that has no subnet, of one nobody has. It is on the disk and
 * up when this returns.
 */
int managed_create(const char *name, struct config *config);

/*
 * A container's interface is to be on its bridge: if that is a managed one it is brought up, from
 * whatever there is of it; the default one is made. By DHCP it will be given the address that
 * managed_address() says.
 */
struct nic;
int managed_ensure(const struct nic *n);

/* "10.1.2.200"; "": DHCP is none of ours, or it has a static address or none. */
int managed_address(const struct nic *n, char out[SUBNET_TEXT]);

/* Everything of it; refused, with their names, while containers are to be on it. */
int managed_remove(const char *name);
