// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/idmap.h"
#include "base/base.h"
#include "cgview/span.h"
#include "pct/conf/keys.h"

bool idmap_is_own(const struct config *c)
{
	return section_find(c->sections, "lxc.idmap") != NULL;
}

static bool take_id(struct span *s, uint32_t *out)
{
	struct span word;
	uint64_t n;

	if (!span_word(s, &word) || !span_u64(&word, &n) || word.p != word.end || n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* "u 0 100000 65536", and b for both. */
static int add(struct idmap *m, const char *text)
{
	struct span s = span_of(text), kind;
	struct idrange r = { 0 };

	if (!span_word(&s, &kind) || span_len(kind) != 1 || !strchr("ugb", *kind.p) ||
	    !take_id(&s, &r.inside) || !take_id(&s, &r.outside) || !take_id(&s, &r.count) ||
	    span_word(&s, &kind))
		return -EINVAL;
	if (r.count == 0 || r.count > UINT32_MAX - MAX(r.inside, r.outside))
		return -EINVAL;
	for (const char *k = "ug"; *k; k++) {
		if (*text != 'b' && *text != *k)
			continue;
		if (m->n == ARRAY_LEN(m->range))
			return -EINVAL;
		r.kind = *k;
		m->range[m->n++] = r;
	}
	return 0;
}

int idmap_read(const struct config *c, struct idmap *out)
{
	const struct section *s = c->sections;
	int r = 0;

	out->n = 0;
	for (size_t i = 0; i < s->n && r == 0; i++)
		if (s->entries[i].key && strcmp(s->entries[i].key, "lxc.idmap") == 0)
			r = add(out, s->entries[i].value);
	if (out->n || r < 0 || idmap_is_own(c) || !key_bool(c, "unprivileged"))
		return r;
	out->n = 2;
	out->range[0] = (struct idrange){ 'u', 0, IDMAP_FIRST, IDMAP_COUNT };
	out->range[1] = (struct idrange){ 'g', 0, IDMAP_FIRST, IDMAP_COUNT };
	return 0;
}

uint32_t idmap_outside(const struct idmap *m, char kind, uint32_t inside)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct idrange *r = &m->range[i];

		if (r->kind == kind && inside >= r->inside && inside - r->inside < r->count)
			return r->outside + (inside - r->inside);
	}
	return m->n ? IDMAP_NONE : inside;
}
