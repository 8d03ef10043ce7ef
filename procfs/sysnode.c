// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /sys/devices/system/node: the nodes of the visible CPUs, with the container's memory spread over
 * them. Which nodeN directories are listed is the tree's business.
 */
#include "procfs/sysfs.h"

/* The N of ".../nodeN/..." */
static unsigned node_of(const char *path)
{
	const char *p = strstr(path, "/node/node");

	return p ? (unsigned)strtoul(p + strlen("/node/node"), NULL, 10) : CGV_MAX_NODES;
}

static void list_of(const uint64_t *bits, struct out *o)
{
	struct cgv_cpuset set = { 0 };

	memcpy(set.bits, bits, CGV_MAX_NODES / 8);
	out_cpulist(o, &set);
	out(o, "\n");
}

static int visible(const struct view *v, struct out *o)
{
	list_of(v->s->nodes.bits, o);
	return 0;
}

static int with_cpu(const struct view *v, struct out *o)
{
	list_of(v->s->nodes.with_cpu, o);
	return 0;
}

/* "10 20 30": a column for each of the host's online nodes. */
static int distance(const struct view *v, struct out *o)
{
	struct cgv_cpuset online;
	struct span text, word;
	const char *sep = "";
	unsigned node;
	int r = cgv_read_text(v->host->root, "sys/devices/system/node/online", v->scratch, &text);

	if (r == 0)
		r = cgv_cpuset_list(text, &online);
	if (r == 0)
		r = sysfs_text(v, &text);
	if (r < 0)
		return r;
	for (node = cgv_cpuset_next(&online, 0); span_word(&text, &word);
	     node = cgv_cpuset_next(&online, node + 1)) {
		if (!cgv_nodes_has(v->s->nodes.bits, node))
			continue;
		out(o, "%s", sep);
		out_span(o, word);
		sep = " ";
	}
	out(o, "\n");
	return 0;
}

/* Two lines are called otherwise than in /proc/meminfo. */
static uint64_t value_of(const struct cgv_memory *m, struct span key)
{
	if (span_is(key, "MemUsed"))
		return m->total - m->free;
	if (span_is(key, "FilePages"))
		return m->file;
	return meminfo_value(m, key);
}

/* NULL: it went since the tree was looked at. */
static const struct cgv_memory *memory_of(const struct view *v)
{
	const struct cgv_numa *n = v->s->numa;
	unsigned node = node_of(v->path);

	for (unsigned i = 0; i < n->n; i++)
		if (n->node[i].node == node)
			return &n->node[i].memory;
	return NULL;
}

/* "Node 0 MemTotal:  123 kB": lines as the kernel writes them here. */
static int meminfo(const struct view *v, struct out *o)
{
	unsigned node = node_of(v->path);
	const struct cgv_memory *m = memory_of(v);
	struct span text, line, word, key;
	uint64_t n;
	int r = sysfs_text(v, &text);

	if (!m)
		return -ENOENT;
	while (r == 0 && span_line(&text, &line)) {
		bool kb = span_len(line) > 3 && memcmp(line.end - 3, " kB", 3) == 0;

		if (!span_word(&line, &word) || !span_u64(&line, &n) ||
		    !span_until(&line, ':', &key))
			continue;
		while (span_len(key) && *key.p == ' ')
			key.p++;
		n = value_of(m, key);
		out(o, "Node %u ", node);
		out_span(o, (struct span){ key.p, key.end + 1 });
		out(o, "%*s%8llu%s\n", (int)MAX((long)(15 - span_len(key)), 0l), "",
		    (unsigned long long)(kb ? n / 1024 : n), kb ? " kB" : "");
	}
	return r;
}

/* "key value": counters that nothing is kept of per container. */
static int zeros(const struct view *v, struct out *o)
{
	struct span text, line, key;
	int r = sysfs_text(v, &text);

	while (r == 0 && span_line(&text, &line)) {
		if (!span_word(&line, &key))
			continue;
		out_span(o, key);
		out(o, " 0\n");
	}
	return r;
}

/* Pages in use; of events nothing is kept by node. */
static int vmstat(const struct view *v, struct out *o)
{
	const struct cgv_memory *m = memory_of(v);
	struct span text, line, key;
	int r = m ? sysfs_text(v, &text) : -ENOENT;

	while (r == 0 && span_line(&text, &line)) {
		uint64_t n = 0;

		if (!span_word(&line, &key))
			continue;
		(void)cgv_vmstat_size(m, key, &n);
		out_span(o, key);
		out(o, " %llu\n", (unsigned long long)n);
	}
	return r;
}

/* They all lie on the first node. */
static int huge_total(const struct view *v, struct out *o)
{
	return node_of(v->path) == v->s->nodes.first ? hugepages_total(v, o) : sysfs_zero(v, o);
}

static int huge_free(const struct view *v, struct out *o)
{
	return node_of(v->path) == v->s->nodes.first ? hugepages_free(v, o) : sysfs_zero(v, o);
}

#define TOP "sys/devices/system/node/"

// clang-format off
static const struct sysfs_rule rules[] = {
	{ TOP "online",             visible },
	{ TOP "has_cpu",            with_cpu },
	{ TOP "has_memory",         visible },
	{ TOP "has_normal_memory",  visible },
	{ TOP "has_high_memory",    visible },
	{ TOP "has_generic_initiator", sysfs_blank },
	{ "cpulist",                sysfs_cut_list },
	{ "cpumap",                 sysfs_cut_mask },
	{ "distance",               distance },
	{ "meminfo",                meminfo },
	{ "numastat",               zeros },
	{ "vmstat",                 vmstat },
	{ "nr_hugepages",           huge_total },
	{ "free_hugepages",         huge_free },
	{ "surplus_hugepages",      sysfs_zero },
};
// clang-format on

int sysnode_render(const struct view *v, struct out *o)
{
	return sysfs_render(rules, ARRAY_LEN(rules), v, o);
}
