/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the system in a container is told of its conf, by its own files: name, addresses, whom it
 * asks for names, which terminals ask for a login. Nothing here fails a container: what cannot be
 * done is said in a line, and the rest is done.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "pct/conf/config.h"

enum guest_moment {
	GUEST_START,  /* what follows the conf */
	GUEST_CREATE, /* and what must be another in each container, and create's own options */
	GUEST_LIVE,   /* in one that runs, by a process that has entered it: pct/guest/live.h */
};

/* What is done; GUEST_LIVE does some of it. */
#define GUEST_NAME    1u
#define GUEST_DNS     2u
#define GUEST_NETWORK 4u
#define GUEST_ALL     0xffu

struct guest_job {
	const char *who; /* for messages: "CT 100" */
	unsigned vmid;
	int root; /* its root directory */
	const struct config *config;
	enum guest_moment when;
	unsigned parts;
	const char *password; /* root's, plain or crypted; NULL: as it is */
	const char *host_dns; /* the host's resolv.conf, where the conf does not say */
	const char *keys;     /* for root's authorized_keys, lines; NULL: as they are */
};

/* What came of it. */
struct guest_done {
	bool own_net;		/* the system in it sets addresses by itself */
	size_t changed, failed; /* files */
};

/* Does it. */
void guest_setup(const struct guest_job *job, struct guest_done *out);

/* The key `ostype` of what is there; "unmanaged": nothing we know. */
const char *guest_ostype(int root);
