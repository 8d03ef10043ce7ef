// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container's memory by NUMA node: what the kernel says lies on another node lies there, and
 * all the rest, also what is free, on the first.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define PAGE 4096u

/* v1 has few of them; the LRU lists' sizes come under the names of what is in them. */
static const struct field keys_v1[] = {
	{ "hierarchical_total", offsetof(struct cgv_memory, total) },
	{ "hierarchical_file", offsetof(struct cgv_memory, file) },
	{ "hierarchical_anon", offsetof(struct cgv_memory, anon) },
	{ "hierarchical_unevictable", offsetof(struct cgv_memory, unevictable) },
};

static uint64_t *member(struct cgv_memory *m, size_t offset)
{
	return (uint64_t *)(void *)((char *)m + offset);
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static const struct field *find(bool v1, struct span key)
{
	size_t n = v1 ? ARRAY_LEN(keys_v1) : cgv_n_stat_v2;
	const struct field *fields = v1 ? keys_v1 : cgv_stat_v2;

	for (size_t i = 0; i < n; i++)
		if (span_is(key, fields[i].key))
			return &fields[i];
	return NULL;
}

static struct cgv_memory *on(struct cgv_numa *n, uint64_t node)
{
	for (unsigned i = 1; i < n->n; i++)
		if (n->node[i].node == node)
			return &n->node[i].memory;
	return NULL;
}

/* "N1=4096": bytes of @offset there. */
static void take_share(struct cgv_numa *n, struct span word, size_t offset, unsigned unit)
{
	struct cgv_memory *m;
	struct span number;
	uint64_t node, v;

	if (!span_until(&word, '=', &number) || !span_starts(number, "N"))
		return;
	number.p++;
	if (!span_u64(&number, &node) || !span_u64(&word, &v) || v > UINT64_MAX / unit)
		return;
	m = on(n, node);
	if (m)
		*member(m, offset) = v * unit;
}

/* v2: "anon N0=1 N1=2", bytes. v1: "hierarchical_anon=3 N0=1 N1=2", pages. */
static void take_line(struct cgv_numa *n, bool v1, struct span line)
{
	const struct field *field;
	struct span word, key;

	if (!span_word(&line, &word) || !span_until(&word, '=', &key))
		return;
	field = find(v1, key);
	while (field && span_word(&line, &word))
		take_share(n, word, field->offset, v1 ? PAGE : 1);
}

/* What no line says in one number. */
static void complete(struct cgv_memory *m, bool v1)
{
	const uint64_t parts[] = { m->anon, m->file, m->kernel_stack, m->page_tables,
				   m->sec_page_tables };

	if (v1)
		return;
	m->total = m->slab = plus(m->slab_reclaimable, m->slab_unreclaimable);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		m->total = plus(m->total, parts[i]);
}

/* From the first node to another, at most what is there: their sum stays the container's. */
static void move(struct cgv_memory *first, struct cgv_memory *to, size_t offset, uint64_t most)
{
	uint64_t n = MIN(*member(to, offset), most);

	n = MIN(n, *member(first, offset));
	*member(to, offset) = n;
	*member(first, offset) -= n;
}

static void split(struct cgv_numa *n, bool v1)
{
	struct cgv_memory *first = &n->node[0].memory;

	for (unsigned i = 1; i < n->n; i++) {
		struct cgv_memory *m = &n->node[i].memory;

		complete(m, v1);
		m->total -= m->total % PAGE; /* in kB they must add up, too */
		move(first, m, offsetof(struct cgv_memory, total), first->total - first->free);
		move(first, m, offsetof(struct cgv_memory, slab), UINT64_MAX);
		for (size_t k = 0; k < cgv_n_stat_v2; k++)
			if (cgv_stat_v2[k].offset != offsetof(struct cgv_memory, slab))
				move(first, m, cgv_stat_v2[k].offset, UINT64_MAX);
	}
}

/* A cgroup without the file: an older kernel, or one without NUMA. */
static int read_stat(const struct cgv_container *c, struct cgv_numa *n)
{
	bool v1 = cgv_owner(c->host, CGV_MEMORY) == CGV_V1;
	auto_fd dir = cgv_open_cgroup(c, CGV_MEMORY);
	struct span text, line;
	int r = dir < 0 ? dir : cgv_read_text(dir, "memory.numa_stat", &n->text, &text);

	if (r < 0)
		return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
	while (span_line(&text, &line))
		take_line(n, v1, line);
	split(n, v1);
	return 0;
}

static int reserve(struct cgv_numa *n, unsigned count)
{
	void *grown;

	if (count <= n->room)
		return 0;
	grown = realloc(n->node, count * sizeof(*n->node));
	if (!grown)
		return -ENOMEM;
	n->node = grown;
	n->room = count;
	return 0;
}

int cgv_numa(const struct cgv_container *c, const struct cgv_memory *m,
	     const struct cgv_nodes *nodes, struct cgv_numa *io)
{
	unsigned count = 0;
	int r;

	for (unsigned i = 0; i < CGV_MAX_NODES; i++)
		count += cgv_nodes_has(nodes->bits, i);
	r = reserve(io, MAX(count, 1u));
	if (r < 0)
		return r;
	io->n = 0;
	for (unsigned i = 0; i < CGV_MAX_NODES; i++)
		if (cgv_nodes_has(nodes->bits, i))
			io->node[io->n++] = (struct cgv_node){ .node = i };
	if (!count)
		return 0;
	io->node[0].memory = *m;
	return count > 1 ? read_stat(c, io) : 0;
}

void cgv_numa_free(struct cgv_numa *n)
{
	free(n->node);
	free(n->text.p);
}
