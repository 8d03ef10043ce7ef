/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files here have in common.
 */
#pragma once

#include <net/if.h>

#include "base/say.h"
#include "pct/guest/guest.h"
#include "pct/guest/text.h"
#include "pct/guest/within.h"
#include "pct/net/nic.h"
#include "pct/paths.h"

#define VERSION(major, minor) ((major)*100u + (minor))
#define VERSION_NEWEST	      ~0u /* it does not say: a rolling one, or one that is not out yet */

enum guest_init { INIT_OTHER, INIT_SYSTEMD, INIT_INITTAB };

enum ip_mode { IP_MANUAL, IP_STATIC, IP_DHCP, IP_AUTO };

struct guest_ip {
	enum ip_mode mode;
	bool given;	       /* the conf says something of it */
	char address[IP_TEXT]; /* "192.0.2.7" */
	char netmask[IP_TEXT]; /* of IPv4: "255.255.255.0" */
	unsigned prefix;
	char gateway[IP_TEXT]; /* "": none */
	bool outside;	       /* the gateway is not in the address' net */
};

struct guest_nic {
	char name[IFNAMSIZ];
	struct guest_ip ip[IP_KINDS];
};

struct guest {
	const struct guest_job *job;
	struct files files;
	const struct distro *distro;
	unsigned version;
	enum guest_init init;
	struct guest_nic nics[NIC_COUNT];
	size_t n_nics;
	char hostname[256]; /* as the conf has it, with its domain if it has one; "": not usable */
	const struct way *way; /* NULL: its network is not ours */
	bool own_net;	       /* ... and its program is there */
};

/* A way to set up a network. */
struct way {
	void (*set)(struct guest *g);
	const char *programs; /* paths, one of which is there where it works */
};

extern const struct way way_ifupdown, way_networkd, way_netmanager, way_ifcfg, way_wicked,
    way_netifrc;

/* What a kind of system uses: the first whose program is there, else the first. */
struct use {
	const struct way *way;
	unsigned before; /* only systems before that version; 0: all */
};

enum { NAME_FILE, NAME_FULL, NAME_CONF_D }; /* /etc/hostname with the short or the full name */

/* A kind of system: a row. */
struct distro {
	const char *ostype; /* as the conf's key has it */
	const char *ids;    /* what os-release may call it */
	const char *marks;  /* files, one of which is there where there is no os-release */
	struct use net[5];  /* none: its addresses are set from outside */
	int name;
	const char *getty;    /* line of an inittab, "#" being the terminal; NULL: none */
	bool powerfail;	      /* its inittab has such a line, for liblxc's SIGPWR */
	const char *preset;   /* lines more for systemd's presets */
	const char *services; /* OpenRC's, "boot/hostname": each is to be in its runlevel */
	const char *locale;   /* for a locale.conf that is missing; NULL: none */
	const char *tty_dir;  /* of its terminals in a privileged container; NULL: /dev itself */
	bool left_alone;      /* what its files are is somebody else's business */
	bool no_timezone;
};

extern const struct distro distros[];
extern const size_t n_distros;

/* By its ostype; NULL: unmanaged, or none we know. */
const struct distro *distro_find(const char *ostype);

/* What is there: NULL if nothing we know. */
const struct distro *distro_detect(struct files *f, unsigned *version);

/* Of os-release's text: the value of @name, without quotes; false: not there. */
bool release_value(const char *text, const char *name, char *out, size_t size);

/* "12.4", "22.04", "3.19.1": the first two numbers. */
unsigned release_version(const char *text);

/* The words of a list in a row: false at its end. */
bool word_next(const char **list, char out[64]);

/* Of the netN of the conf, those that can be used; what cannot is said. */
void nics_read(struct guest *g);
/* Does any of them have a static address? */
bool nics_any_static(const struct guest *g, int kind);

/* Whom it asks for names; the host's are not there but for dns_lines(). malloc'ed. */
char *dns_servers(const struct guest *g, int kind); /* "a b"; "" none */
char *dns_domains(const struct guest *g);
void dns_set(struct guest *g);

void hostname_set(struct guest *g);
void hosts_set(struct guest *g);
void timezone_set(struct guest *g);
void init_find(struct guest *g);
void init_set(struct guest *g);
void network_set(struct guest *g);
void inittab_set(struct guest *g, unsigned ttys);
void systemd_enable(struct guest *g, const char *unit, const char *wanted_by);
void fresh_set(struct guest *g);
void password_set(struct guest *g);
void keys_set(struct guest *g);

/* The pure parts of these, for tests: malloc'ed. */
struct interfaces {
	const struct guest_nic *nics;
	size_t n;
	bool netmasks; /* an address is followed by "netmask", it does not end in "/24" */
	bool plain6;   /* no IPv6 but static */
};
char *interfaces_text(const char *old, const void *interfaces);
char *shadow_text(const char *old, const char *user, const char *hash, long day);
/* @getty as in a row. */
char *inittab_text(const char *old, const char *getty, unsigned ttys, bool powerfail);
char *hosts_text(const char *old, const char *names, const char *address);
