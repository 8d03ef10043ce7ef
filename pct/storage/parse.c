// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>

#include "cgview/span.h"
#include "pct/storage/storage.h"

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

const char *storage_id_wrong(const char *text)
{
	static const char what[] = "a storage's name: two or more letters, digits, '-', '_' and "
				   "'.', a letter first";
	size_t n = strlen(text);

	if (n < 2 || n > STORAGE_ID_MAX || !isalpha((unsigned char)*text) ||
	    !isalnum((unsigned char)text[n - 1]))
		return what;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return what;
	return NULL;
}

static void line_free(struct storage_line *l)
{
	free(l->key);
	free(l->value);
}

static void storage_free(struct storage *s)
{
	for (size_t i = 0; i < s->n; i++)
		line_free(&s->lines[i]);
	free(s->lines);
	free(s->id);
	free(s->type);
	*s = (struct storage){ 0 };
}

void storages_free(struct storages *all)
{
	for (size_t i = 0; i < all->n; i++)
		storage_free(&all->all[i]);
	free(all->all);
	*all = (struct storages){ 0 };
}

static char *copy_of(struct span s)
{
	return strndup(s.p, span_len(s));
}

/* @key may be NULL. */
static int add_line(struct storage *s, const struct span *key, struct span value)
{
	struct storage_line *grown = reallocarray(s->lines, s->n + 1, sizeof(*grown));
	struct storage_line l = { 0 };

	if (!grown)
		return -ENOMEM;
	s->lines = grown;
	l.key = key ? copy_of(*key) : NULL;
	l.value = copy_of(value);
	if ((key && !l.key) || !l.value) {
		line_free(&l);
		return -ENOMEM;
	}
	grown[s->n++] = l;
	return 0;
}

static int add_storage(struct storages *all, const struct span *id, const struct span *type)
{
	struct storage *grown = reallocarray(all->all, all->n + 1, sizeof(*grown));
	struct storage s = { 0 };

	if (!grown)
		return -ENOMEM;
	all->all = grown;
	if (id) {
		s.id = copy_of(*id);
		s.type = copy_of(*type);
		if (!s.id || !s.type) {
			storage_free(&s);
			return -ENOMEM;
		}
		s.driver = driver_find(s.type);
	}
	grown[all->n++] = s;
	return 0;
}

/* "dir: big", at the beginning of a line. */
static bool is_header(struct span line, struct span *type, struct span *id)
{
	auto_free char *text = NULL;
	struct span rest = line;

	while (rest.p < rest.end && (isalnum((unsigned char)*rest.p) || strchr("-_", *rest.p)))
		rest.p++;
	*type = (struct span){ line.p, rest.p };
	if (type->p == type->end || rest.p == rest.end || *rest.p != ':')
		return false;
	rest.p++;
	*id = trimmed(rest);
	text = copy_of(*id);
	return text && strlen(text) == span_len(*id) && !storage_id_wrong(text);
}

/* "path /srv/big", indented. */
static bool is_pair(struct span line, struct span *key, struct span *value)
{
	struct span s = trimmed(line);
	const char *p = s.p;

	if (line.p == line.end || !is_blank(*line.p))
		return false;
	while (p < s.end && (isalnum((unsigned char)*p) || *p == '-' || *p == '_'))
		p++;
	*key = (struct span){ s.p, p };
	*value = trimmed((struct span){ p, s.end });
	if (p == s.p || (p < s.end && !is_blank(*p)))
		return false;
	return true;
}

/* No such line can be kept as it is, nor would it be shown as it is. */
static bool has_controls(struct span line)
{
	struct span s = trimmed(line);

	for (const char *p = s.p; p < s.end; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return true;
	return false;
}

int storages_parse(const char *text, size_t n, struct storages *out)
{
	struct span all = { text, text + n }, line, key, value;
	auto_storages s = { 0 };
	int r = 0;

	while (r == 0 && span_line(&all, &line)) {
		if (has_controls(line))
			continue;
		if (is_header(line, &key, &value)) {
			r = add_storage(&s, &value, &key);
			continue;
		}
		if (s.n == 0)
			r = add_storage(&s, NULL, NULL);
		if (r == 0 && s.all[s.n - 1].id && is_pair(line, &key, &value))
			r = add_line(&s.all[s.n - 1], &key, value);
		else if (r == 0)
			r = add_line(&s.all[s.n - 1], NULL, line);
	}
	if (r < 0)
		return r;
	*out = s;
	s = (struct storages){ 0 };
	return 0;
}

static void write_line(const struct storage_line *l, FILE *out)
{
	if (!l->key)
		fprintf(out, "%s\n", l->value);
	else
		fprintf(out, "\t%s%s%s\n", l->key, *l->value ? " " : "", l->value);
}

int storages_write(const struct storages *all, char **text, size_t *n)
{
	FILE *out = open_memstream(text, n);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++) {
		const struct storage *s = &all->all[i];

		if (s->implicit)
			continue;
		if (s->id)
			fprintf(out, "%s: %s\n", s->type, s->id);
		for (size_t j = 0; j < s->n; j++)
			write_line(&s->lines[j], out);
	}
	if (fclose(out) == 0)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

struct storage *storages_find(const struct storages *all, const char *id)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->all[i].id && strcmp(all->all[i].id, id) == 0)
			return &all->all[i];
	return NULL;
}

int storages_add(struct storages *all, const char *id, const char *type, struct storage **out)
{
	struct span name = span_of(id), kind = span_of(type);
	struct storage *last = all->n ? &all->all[all->n - 1] : NULL;
	int r = 0;

	if (storages_find(all, id))
		return -EEXIST;
	/* A blank line before it, as between those that are there. */
	if (last && !last->implicit && (last->n == 0 || last->lines[last->n - 1].key))
		r = add_line(last, NULL, span_of(""));
	if (r == 0)
		r = add_storage(all, &name, &kind);
	if (r == 0 && out)
		*out = &all->all[all->n - 1];
	return r;
}

void storages_remove(struct storages *all, const char *id)
{
	struct storage *s = storages_find(all, id);

	if (!s)
		return;
	storage_free(s);
	memmove(s, s + 1, (size_t)(&all->all[--all->n] - s) * sizeof(*s));
}

static struct storage_line *find_line(const struct storage *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->lines[i].key && strcmp(s->lines[i].key, key) == 0)
			return &s->lines[i];
	return NULL;
}

const char *storage_option(const struct storage *s, const char *key)
{
	const struct storage_line *l = find_line(s, key);

	return l ? l->value : NULL;
}

int storage_set(struct storage *s, const char *key, const char *value)
{
	auto_free char *whole = NULL, *copy = NULL;
	struct storage_line *l = find_line(s, key);
	struct span name, rest;
	size_t at = s->n;
	int r;

	if (asprintf(&whole, "\t%s %s", key, value) < 0)
		return -ENOMEM;
	if (has_controls(span_of(whole)) || !is_pair(span_of(whole), &name, &rest) ||
	    span_len(name) != strlen(key) || span_len(rest) != strlen(value))
		return -EINVAL;
	if (l) {
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
		free(l->value);
		l->value = take_ptr(copy);
		return 0;
	}
	r = add_line(s, &name, rest);
	/* Before the blank lines and comments at its end. */
	while (r == 0 && at > 0 && !s->lines[at - 1].key) {
		struct storage_line t = s->lines[at];

		s->lines[at] = s->lines[at - 1];
		s->lines[--at] = t;
	}
	return r;
}
