// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way out of a managed bridge. NAT is a table of our own. Where others drop what they do not
 * know, as Docker and ufw do, an accept of ours does not count, as every chain that a packet passes
 * may drop it: there rules go into their chains, in the words of iptables, which would not
 * understand ones of nft's.
 */
#include <fcntl.h>

#include "base/say.h"
#include "pct/net/bridge.h"
#include "pct/paths.h"
#include "pct/tool.h"

static char *nat_rules(const struct managed *m, bool make)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "table inet pct-%s\ndelete table inet pct-%s\n", m->name, m->name);
	if (make)
		fprintf(
		    out,
		    "table inet pct-%s {\n"
		    "\tchain nat {\n"
		    "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
		    "\t\tip saddr %s ip daddr != { %s, 224.0.0.0/4, 255.255.255.255 } masquerade\n",
		    m->name, m->subnet, m->subnet);
	if (make && m->subnet6)
		fprintf(out, "\t\tip6 saddr %s ip6 daddr != { %s, ff00::/8 } masquerade\n",
			m->subnet6, m->subnet6);
	if (make)
		fputs("\t}\n}\n", out);
	return fclose(out) == 0 ? take_ptr(text) : NULL;
}

/* ---- other people's rules ---- */

#define RULE_WORDS 8

/* Ends in the bridge's name. */
static const struct {
	const char *chain, *words[RULE_WORDS];
} rules[] = {
	{ "FORWARD", { "-i" } },
	{ "FORWARD", { "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-o" } },
	{ "INPUT", { "-p", "udp", "--dport", "67", "-i" } },
	{ "INPUT", { "-p", "udp", "--dport", "547", "-i" } },
	{ "INPUT", { "-p", "udp", "--dport", "53", "-i" } },
	{ "INPUT", { "-p", "tcp", "--dport", "53", "-i" } },
};

static const char *const programs[] = { "iptables", "ip6tables" };

/* Its exit status: -C asks, -I puts it first, -D takes it away. */
static int iptables(const char *program, const char *how, const char *chain, size_t rule,
		    const char *bridge)
{
	const char *argv[RULE_WORDS + 8] = { program, "-w", how, chain };
	size_t n = 4;

	for (const char *const *w = rules[rule].words; *w; w++)
		argv[n++] = *w;
	argv[n++] = bridge;
	argv[n++] = "-j";
	argv[n] = "ACCEPT";
	return tool_try(argv, "", NULL, NULL);
}

static bool has_line(const char *list, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = list; (p = strstr(p, line)); p += n)
		if ((p == list || p[-1] == '\n') && (p[n] == '\n' || !p[n]))
			return true;
	return false;
}

/* Where a rule must go so that nothing of ours is dropped; NULL: nothing is. */
static const char *chain_for(const char *list, const char *chain)
{
	auto_free char *policy = text_of("-P %s DROP", chain);

	if (strcmp(chain, "FORWARD") == 0 && has_line(list, "-N DOCKER-USER"))
		return "DOCKER-USER";
	return has_line(list, policy) ? chain : NULL;
}

/* What is dropped by the tables of @program is let through where it is ours. */
static int let_through(const struct managed *m, const char *program)
{
	const char *argv[] = { program, "-w", "-S", NULL };
	auto_free char *list = NULL;

	if (tool_try(argv, "", NULL, &list) != 0 || !list)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const char *chain = chain_for(list, rules[i].chain);

		if (!m->nat && strcmp(rules[i].chain, "FORWARD") == 0)
			continue;
		if (chain && iptables(program, "-C", chain, i, m->name) != 0 &&
		    iptables(program, "-I", chain, i, m->name) != 0)
			return refuse(-EIO,
				      "network '%s': %s drops what it does not know, and takes no "
				      "rule for it in its chain %s",
				      m->name, program, chain);
	}
	return 0;
}

static void take_back(const struct managed *m, const char *program)
{
	static const char *const chains[] = { "FORWARD", "DOCKER-USER", "INPUT" };

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		for (size_t k = 0; k < ARRAY_LEN(chains); k++)
			(void)iptables(program, "-D", chains[k], i, m->name);
}

/* Tables that iptables has its chains in, of this kernel's one kind or the other. */
static bool has_iptables(const char *tables)
{
	auto_fd fd = open("/proc/net/ip_tables_names", O_RDONLY | O_CLOEXEC);
	char c;

	return (fd >= 0 && read(fd, &c, 1) == 1) || has_line(tables, "table ip filter {") ||
	       has_line(tables, "table ip6 filter {");
}

/* "table inet filter {", "chain forward {", "type filter hook forward priority filter; policy
 * drop;" */
static void warn_of_drops(const struct managed *m, const char *chains)
{
	auto_free char *copy = text_of("%s", chains);
	char table[128] = "", chain[128] = "", *next = copy, *line;

	while ((line = strsep(&next, "\n"))) {
		(void)sscanf(line, "table %127[^{]", table);
		(void)sscanf(line, " chain %127[^ {]", chain);
		if (strncmp(table, "ip filter", 9) == 0 || strncmp(table, "ip6 filter", 10) == 0 ||
		    !strstr(line, "policy drop") || !strstr(line, "hook forward"))
			continue;
		table[strcspn(table, " ") + 1 + strcspn(table + strcspn(table, " ") + 1, " ")] =
		    '\0';
		warn(0,
		     "network '%s': the chain '%s %s' drops what it does not know; unless it has a "
		     "rule for it: nft insert rule %s %s iifname %s accept",
		     m->name, table, chain, table, chain, m->name);
	}
}

static char *list_chains(void)
{
	static const char *const ask[] = { "nft", "list", "chains", NULL };
	auto_free char *chains = NULL;

	return tool_try(ask, "", NULL, &chains) == 0 ? take_ptr(chains) : NULL;
}

static int make_table(const struct managed *m, const char *chains)
{
	auto_free char *what = text_of("NAT of the network '%s'", m->name);
	auto_free char *table = text_of("table inet pct-%s {", m->name);
	auto_free char *text = nat_rules(m, true);

	if (!text)
		return fail(-ENOMEM, "%s", what);
	return has_line(chains, table) ? 0 : nft_run(text, NULL, what);
}

int nat_up(const struct managed *m)
{
	auto_free char *chains = list_chains();
	int r = m->nat ? make_table(m, chains ? chains : "") : 0;

	/* Without nft there are no such tables that we could know of. */
	if (r < 0 || !chains)
		return r;
	if (m->nat)
		warn_of_drops(m, chains);
	for (size_t i = 0; r == 0 && has_iptables(chains) && i < ARRAY_LEN(programs); i++)
		r = let_through(m, programs[i]);
	return r;
}

void nat_down(const struct managed *m)
{
	auto_free char *what = text_of("remove NAT of the network '%s'", m->name);
	auto_free char *text = nat_rules(m, false);
	auto_free char *chains = list_chains();

	if (m->nat && text)
		(void)nft_run(text, NULL, what);
	for (size_t i = 0; chains && has_iptables(chains) && i < ARRAY_LEN(programs); i++)
		take_back(m, programs[i]);
}
