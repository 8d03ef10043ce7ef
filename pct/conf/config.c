// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>

#include "base/base.h"
#include "cgview/span.h"
#include "pct/conf/config.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trimmed(struct span s)
{
	while (s.p < s.end && is_blank(*s.p))
		s.p++;
	while (s.p < s.end && is_blank(s.end[-1]))
		s.end--;
	return s;
}

static bool has_controls(struct span s)
{
	for (const char *p = s.p; p < s.end; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return true;
	return false;
}

/* What `env` may have, in a structure: a line for each variable. */
static bool are_variables(struct span s)
{
	struct span line;

	if (s.p == s.end || s.end[-1] == '\n')
		return false;
	while (span_line(&s, &line)) {
		struct span bare = trimmed(line);

		if (line.p == line.end || span_len(bare) != span_len(line) || has_controls(line))
			return false;
	}
	return true;
}

/* "memory:", "net0:", "lxc.cap.drop =": the key's name, and what follows it in @s. */
static bool take_key(struct span *s, struct span *key)
{
	bool lxc = span_starts(*s, "lxc.");
	const char *p = s->p;
	struct span rest;

	if (lxc) {
		while (p < s->end &&
		       (isalnum((unsigned char)*p) || *p == '.' || *p == '_' || *p == '-'))
			p++;
	} else {
		if (p == s->end || !isalpha((unsigned char)*p))
			return false;
		while (p < s->end && (isalpha((unsigned char)*p) || *p == '_' || *p == '-'))
			p++;
		while (p < s->end && isdigit((unsigned char)*p))
			p++;
	}
	*key = (struct span){ s->p, p };
	rest = (struct span){ p, s->end };
	if (lxc)
		rest = trimmed(rest);
	if (rest.p == rest.end || (*rest.p != ':' && !(lxc && *rest.p == '=')))
		return false;
	rest.p++;
	*s = trimmed(rest);
	return true;
}

static int add_section(struct config *c, struct span *name, struct section **out)
{
	struct section *grown;
	char *copy = NULL;

	for (size_t i = 0; name && i < c->n; i++)
		if (c->sections[i].name && span_is(*name, c->sections[i].name)) {
			*out = &c->sections[i];
			return 0;
		}
	if (name && !(copy = strndup(name->p, span_len(*name))))
		return -ENOMEM;
	grown = reallocarray(c->sections, c->n + 1, sizeof(*grown));
	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	c->sections = grown;
	*out = &grown[c->n++];
	**out = (struct section){ .name = copy };
	return 0;
}

static int add_entry(struct section *s, const struct span *key, struct span value)
{
	struct entry *grown = reallocarray(s->entries, s->n + 1, sizeof(*grown));
	struct entry e = { NULL, NULL };

	if (!grown)
		return -ENOMEM;
	s->entries = grown;
	e.value = strndup(value.p, span_len(value));
	if (key)
		e.key = strndup(key->p, span_len(*key));
	if (!e.value || (key && !e.key)) {
		free(e.key);
		free(e.value);
		return -ENOMEM;
	}
	grown[s->n++] = e;
	return 0;
}

static struct entry *find(const struct section *s, struct span key)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].key && span_is(key, s->entries[i].key))
			return &s->entries[i];
	return NULL;
}

/* A variable more: "env" has them all, one a line. */
static int add_variable(struct section *s, struct span value)
{
	struct entry *e = find(s, span_of("env"));
	struct span key = span_of("env");
	char *both;

	if (!e)
		return add_entry(s, &key, value);
	if (asprintf(&both, "%s\n%.*s", e->value, (int)span_len(value), value.p) < 0)
		return -ENOMEM;
	free(e->value);
	e->value = both;
	return 0;
}

/* Of a key that was there already the last line holds. */
static int put(struct section *s, struct span key, struct span value)
{
	struct entry *e = span_starts(key, "lxc.") ? NULL : find(s, key);
	char *copy;

	if (!e)
		return add_entry(s, &key, value);
	copy = strndup(value.p, span_len(value));
	if (!copy)
		return -ENOMEM;
	free(e->value);
	e->value = copy;
	return 0;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
	       : c >= 'A' && c <= 'F'	 ? c - 'A' + 10
	       : c >= 'a' && c <= 'f'	 ? c - 'a' + 10
					 : -1;
}

/* A line of description, with its %XX taken back; %00 stays, a text cannot hold it. */
static int describe(struct section *s, struct span line)
{
	size_t have = s->description ? strlen(s->description) : 0;
	char *grown = realloc(s->description, have + span_len(line) + 2);
	char *to;

	if (!grown)
		return -ENOMEM;
	s->description = grown;
	to = grown + have;
	for (const char *p = line.p; p < line.end; p++) {
		int hi = *p == '%' && line.end - p > 2 ? hex(p[1]) : -1;
		int lo = hi >= 0 ? hex(p[2]) : -1;

		if (lo >= 0 && (hi | lo)) {
			*to++ = (char)(hi << 4 | lo);
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to++ = '\n';
	*to = '\0';
	return 0;
}

static int parse_line(struct config *c, struct section **now, struct span line, bool *odd)
{
	struct span rest = line, key;

	*odd = false;
	if (line.p == line.end)
		return 0;
	if (*line.p == '#')
		return describe(*now, (struct span){ line.p + 1, line.end });
	if (*line.p == '[' && line.end[-1] == ']') {
		struct span name = trimmed((struct span){ line.p + 1, line.end - 1 });

		return add_section(c, &name, now);
	}
	if (take_key(&rest, &key) && (rest.p < rest.end || span_starts(key, "lxc."))) {
		if (span_is(key, "description"))
			return describe(*now, rest);
		if (span_is(key, CONFIG_VARIABLE) && rest.p < rest.end)
			return add_variable(*now, rest);
		return put(*now, key, rest);
	}
	*odd = true;
	return add_entry(*now, NULL, line);
}

int config_init(struct config *out)
{
	struct section *main;

	*out = (struct config){ 0 };
	return add_section(out, NULL, &main);
}

int config_parse(const char *text, size_t n, struct config *out, struct config_odd *odd)
{
	struct span all = { text, text + n }, line;
	struct config_odd seen = { 0 };
	struct section *now;
	struct config c;
	size_t number = 0;
	bool strange;
	int r;

	r = config_init(&c);
	now = c.sections;
	while (r == 0 && span_line(&all, &line)) {
		number++;
		line = trimmed(line);
		if (has_controls(line)) {
			if (!seen.dropped)
				seen.dropped = number;
			continue;
		}
		r = parse_line(&c, &now, line, &strange);
		if (strange && !seen.line)
			seen.line = number;
	}
	if (r < 0) {
		config_free(&c);
		return r;
	}
	*out = c;
	if (odd)
		*odd = seen;
	return 0;
}

bool entry_is_lxc(const struct entry *e)
{
	return e->key && strncmp(e->key, "lxc.", 4) == 0;
}

struct section *config_section(const struct config *c, const char *name)
{
	if (!name)
		return c->sections;
	for (size_t i = 0; i < c->n; i++)
		if (c->sections[i].name && strcasecmp(c->sections[i].name, name) == 0)
			return &c->sections[i];
	return NULL;
}

struct section *config_section_make(struct config *c, const char *name)
{
	struct section *s = config_section(c, name);
	struct span text = span_of(name);

	return s ? s : add_section(c, &text, &s) == 0 ? s : NULL;
}

static void free_section(struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->entries[i].key);
		free(s->entries[i].value);
	}
	free(s->entries);
	free(s->description);
	free(s->name);
}

void config_section_remove(struct config *c, const char *name)
{
	struct section *s = config_section(c, name);

	if (!s || !name)
		return;
	free_section(s);
	memmove(s, s + 1, (size_t)(c->sections + c->n - (s + 1)) * sizeof(*s));
	c->n--;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_section(&c->sections[i]);
	free(c->sections);
	*c = (struct config){ 0 };
}

int config_copy(const struct config *c, struct config *out)
{
	auto_free char *text = NULL;
	size_t n;
	int r = config_write(c, &text, &n);

	return r < 0 ? r : config_parse(text, n, out, NULL);
}

const struct entry *section_find(const struct section *s, const char *key)
{
	return find(s, span_of(key));
}

const char *section_get(const struct section *s, const char *key)
{
	struct entry *e;

	if (strcmp(key, "description") == 0)
		return s->description;
	e = find(s, span_of(key));
	return e ? e->value : NULL;
}

static int set_description(struct section *s, const char *text)
{
	size_t n = strlen(text);
	char *copy;

	if (asprintf(&copy, "%s%s", text, n && text[n - 1] == '\n' ? "" : "\n") < 0)
		return -ENOMEM;
	free(s->description);
	s->description = copy;
	return 0;
}

int section_set(struct section *s, const char *key, const char *value)
{
	struct span name = span_of(key), rest, form;
	struct span v = span_of(value), bare = trimmed(v);
	auto_free char *line = NULL;

	if (strcmp(key, "description") == 0)
		return set_description(s, value);
	if (asprintf(&line, "%s:", key) < 0)
		return -ENOMEM;
	rest = span_of(line);
	if (has_controls(name) || !take_key(&rest, &form) || span_len(form) != span_len(name))
		return -EINVAL;
	if (v.p == v.end || span_len(bare) != span_len(v) ||
	    (strcmp(key, "env") == 0 ? !are_variables(v) : has_controls(v)))
		return -EINVAL;
	return put(s, name, v);
}

int section_add(struct section *s, const char *key, const char *value)
{
	struct span name = span_of(key ? key : "");

	return add_entry(s, key ? &name : NULL, span_of(value));
}

void section_unset(struct section *s, const char *key)
{
	struct entry *e;

	if (strcmp(key, "description") == 0) {
		free(s->description);
		s->description = NULL;
		return;
	}
	while ((e = find(s, span_of(key)))) {
		free(e->key);
		free(e->value);
		memmove(e, e + 1, (size_t)(s->entries + s->n - (e + 1)) * sizeof(*e));
		s->n--;
	}
}

const char *config_get(const struct config *c, const char *key)
{
	return section_get(c->sections, key);
}

int config_set(struct config *c, const char *key, const char *value)
{
	return section_set(c->sections, key, value);
}

void config_unset(struct config *c, const char *key)
{
	section_unset(c->sections, key);
}

int config_set_raw(struct config *c, const char *key, const char *value)
{
	struct span v = span_of(value), name = span_of(key);

	return *value ? config_set(c, key, value)
	       : strncmp(key, "lxc.", 4) == 0 && !has_controls(name)
		   ? add_entry(c->sections, &name, v)
		   : -EINVAL;
}
