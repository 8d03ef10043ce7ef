// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names a container goes by, and whom it asks for others: /etc/hostname, hosts, resolv.conf.
 */
#include "pct/conf/forms.h"
#include "pct/guest/inner.h"
#include "pct/guest/resolv.h"

/* The words of a list that have their form, with a blank between: a file's conf may have any. */
static char *clean(const char *list, const char *(*form)(const char *), int kind)
{
	struct text t = text_begin();
	auto_free char *copy = strdup(list ? list : "");
	char *next = copy, *word, *between = "";

	while ((word = strsep(&next, " ,;"))) {
		bool six = strchr(word, ':');

		if (!*word || form(word) || (kind < IP_KINDS && six != (kind == IPV6)))
			continue;
		fprintf(t.out, "%s%s", between, word);
		between = " ";
	}
	return text_end(&t);
}

char *dns_servers(const struct guest *g, int kind)
{
	const char *value = config_get(g->job->config, "nameserver");
	struct text t;
	const char *line, *host = g->job->host_dns;
	auto_free char *lines = NULL;
	size_t n;

	if (value)
		return clean(value, form_address, kind);
	/* The host's. */
	t = text_begin();
	lines = resolv_lines(NULL, "", host ? host : "");
	host = lines;
	while (host && text_line(&host, &line, &n))
		if (strncmp(line, "nameserver ", 11) == 0)
			fprintf(t.out, "%.*s ", (int)(n - 12), line + 11);
	lines = text_end(&t);
	return clean(lines, form_address, kind);
}

char *dns_domains(const struct guest *g)
{
	return clean(config_get(g->job->config, "searchdomain"), form_hostname, IP_KINDS);
}

void dns_set(struct guest *g)
{
	static const char path[] = "etc/resolv.conf";
	const char *servers = config_get(g->job->config, "nameserver");
	const char *domains = config_get(g->job->config, "searchdomain");
	auto_free char *clean_servers = clean(servers, form_address, IP_KINDS);
	auto_free char *clean_domains = clean(domains, form_hostname, IP_KINDS);
	auto_free char *lines =
	    resolv_lines(servers ? clean_servers : NULL, domains ? clean_domains : NULL,
			 g->job->host_dns ? g->job->host_dns : "");
	char to[256];

	if (!lines || !*lines)
		return;
	if (within_is_link(&g->files, path, to, sizeof(to))) {
		/* A template's own leads to a program that may not even run there. */
		if (g->job->when == GUEST_CREATE)
			within_remove(&g->files, path);
		else if (g->job->when == GUEST_LIVE)
			warn(
			    0,
			    "%s: its /etc/resolv.conf is a link to '%s', so a program in it writes "
			    "that: it is left alone",
			    g->job->who, to);
		if (g->job->when != GUEST_CREATE)
			return;
	}
	within_block(&g->files, path, lines, BLOCK_ALONE, 0644);
}

static char *short_name(const struct guest *g)
{
	return text_of("%.*s", (int)strcspn(g->hostname, "."), g->hostname);
}

/* Is there a line for it that is the user's? "127.0.0.1 localhost" */
static bool has_localhost(const char *text, bool six)
{
	const char *line;
	size_t n;

	while (text_line(&text, &line, &n)) {
		size_t blank = strcspn(line, " \t\n");

		if (*line == '#' || (memchr(line, ':', blank) != NULL) != six)
			continue;
		for (const char *p = line; (p = memmem(p, (size_t)(line + n - p), "localhost", 9));
		     p += 9)
			if (strchr(" \t\n", p[9]) && p > line && strchr(" \t", p[-1]))
				return true;
	}
	return false;
}

static const char *own_address(const struct guest *g)
{
	for (int kind = 0; kind < IP_KINDS; kind++)
		for (size_t i = 0; i < g->n_nics; i++)
			if (g->nics[i].ip[kind].mode == IP_STATIC)
				return g->nics[i].ip[kind].address;
	return "127.0.1.1";
}

char *hosts_text(const char *old, const char *names, const char *address)
{
	auto_free char *around = block_around(old);
	auto_free char *block = NULL;
	struct text t = text_begin();

	if (!has_localhost(around, false))
		fputs("127.0.0.1 localhost.localnet localhost\n", t.out);
	if (!has_localhost(around, true))
		fputs("::1 localhost.localnet localhost\n", t.out);
	fprintf(t.out, "%s %s\n", address, names);
	block = text_end(&t);
	return block_put(old, block, BLOCK_END);
}

/* "web.example.org web" */
static char *all_names(const struct guest *g)
{
	auto_free char *name = short_name(g), *domains = dns_domains(g);
	struct text t = text_begin();
	const char *next = domains;
	char domain[64];

	if (strchr(g->hostname, '.'))
		fprintf(t.out, "%s ", g->hostname);
	else
		while (word_next(&next, domain))
			fprintf(t.out, "%s.%s ", name, domain);
	fputs(name, t.out);
	return text_end(&t);
}

struct hosts {
	const char *names, *address;
};

static char *hosts(const char *old, const void *arg)
{
	const struct hosts *h = arg;

	return hosts_text(old, h->names, h->address);
}

void hosts_set(struct guest *g)
{
	auto_free char *names = all_names(g);

	if (*g->hostname)
		within_edit(&g->files, "etc/hosts", hosts, &(struct hosts){ names, own_address(g) },
			    0644);
}

static char *conf_d(const char *old, const void *name)
{
	auto_free char *quoted = text_of("\"%s\"", (const char *)name);

	return text_variable(old, "hostname", quoted);
}

void hostname_set(struct guest *g)
{
	auto_free char *name = g->distro->name == NAME_FULL ? strdup(g->hostname) : short_name(g);
	auto_free char *line = text_of("%s\n", name);

	if (!*g->hostname)
		return;
	if (g->distro->name == NAME_CONF_D && g->init != INIT_SYSTEMD) {
		within_edit(&g->files, "etc/conf.d/hostname", conf_d, name, 0644);
		return;
	}
	within_put(&g->files, "etc/hostname", line, 0644);
	/* SUSE's older ones. */
	if (strcmp(g->distro->ostype, "opensuse") == 0 && within_there(&g->files, "etc/HOSTNAME"))
		within_put(&g->files, "etc/HOSTNAME", line, 0644);
}
