// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/guest.h"

#include "pct/conf/forms.h"
#include "pct/conf/keys.h"
#include "pct/guest/inner.h"
#include "pct/guest/resolv.h"

/* What is done, in this order. */
static const struct {
	unsigned part; /* of a job's */
	bool once;     /* when it is made */
	void (*set)(struct guest *g);
} steps[] = {
	/* part         once   set */
	{ 0, true, fresh_set },
	{ 0, true, password_set },
	{ 0, true, keys_set },
	{ 0, false, init_set },
	/* Whether resolv.conf is a link is known to networks. */
	{ GUEST_DNS, false, dns_set },
	{ GUEST_NETWORK, false, network_set },
	{ GUEST_NAME, false, hostname_set },
	{ GUEST_NAME | GUEST_DNS | GUEST_NETWORK, false, hosts_set },
	{ 0, false, timezone_set },
};

static bool fits(const struct guest *g, const struct use *u)
{
	return u->before == 0 || g->version < u->before;
}

static bool is_there(const struct guest *g, const struct way *w)
{
	const char *next = w->programs;
	char path[64];

	while (word_next(&next, path))
		if (within_there(&g->files, path))
			return true;
	return false;
}

static void find_way(struct guest *g)
{
	for (const struct use *u = g->distro->net; u->way; u++) {
		if (!fits(g, u))
			continue;
		if (!g->way)
			g->way = u->way;
		if (is_there(g, u->way)) {
			g->way = u->way;
			g->own_net = true;
			return;
		}
	}
}

void network_set(struct guest *g)
{
	size_t failed = g->files.failed;

	if (!g->way)
		return;
	g->way->set(g);
	if (g->files.failed > failed)
		g->own_net = false;
}

static void find_name(struct guest *g)
{
	const char *name = config_get(g->job->config, "hostname");

	if (!name && g->job->vmid)
		snprintf(g->hostname, sizeof(g->hostname), "CT%u", g->job->vmid);
	else if (name && strlen(name) < sizeof(g->hostname) && !form_hostname(name))
		snprintf(g->hostname, sizeof(g->hostname), "%s", name);
}

/* The conf's word holds; what is there tells the version. */
static void find_distro(struct guest *g)
{
	const char *ostype = config_get(g->job->config, "ostype");
	const struct distro *found = distro_detect(&g->files, &g->version);

	if (ostype && strcmp(ostype, "unmanaged") == 0)
		return;
	g->distro = ostype && distro_find(ostype) ? distro_find(ostype) : found;
	if (g->distro != found)
		g->version = VERSION_NEWEST;
	if (!g->distro && g->job->when == GUEST_CREATE)
		warn(
		    0,
		    "%s: what system its template is nobody knows: its files are left as they are; "
		    "--ostype says which one it is like",
		    g->job->who);
}

static bool find_all(struct guest *g)
{
	find_distro(g);
	if (!g->distro || g->distro->left_alone)
		return false;
	init_find(g);
	find_name(g);
	nics_read(g);
	find_way(g);
	return true;
}

static void set_all(struct guest *g)
{
	const struct guest_job *job = g->job;
	bool made = job->when == GUEST_CREATE;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if ((!steps[i].once || made) &&
		    (job->parts == GUEST_ALL || steps[i].part & job->parts))
			steps[i].set(g);
}

void guest_setup(const struct guest_job *job, struct guest_done *out)
{
	auto_free struct guest *g = calloc(1, sizeof(*g));
	auto_free char *host = job->host_dns || job->when == GUEST_LIVE ? NULL : resolv_of_host();
	struct guest_job j = *job;
	int r = g ? files_open(job->who, job->root, &g->files) : -ENOMEM;

	*out = (struct guest_done){ 0 };
	if (r < 0) {
		warn(r, "%s: tell its system of its config", job->who);
		out->failed = 1;
		return;
	}
	if (!j.host_dns)
		j.host_dns = host;
	g->job = &j;
	if (find_all(g)) {
		set_all(g);
		*out = (struct guest_done){ g->own_net && g->n_nics, g->files.changed,
					    g->files.failed };
	}
	files_close(&g->files);
}
