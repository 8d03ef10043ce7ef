// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/pending.h"
#include "base/base.h"

#define SEPARATORS ", ;"

/* The next of "a,!b": without its '!', which Proxmox has for deletions by force. */
static char *next_word(char **list)
{
	char *word;

	while ((word = strsep(list, SEPARATORS)))
		if (*word)
			return *word == '!' ? word + 1 : word;
	return NULL;
}

static bool is_in(const char *list, const char *key)
{
	auto_free char *copy = list ? strdup(list) : NULL;
	char *next = copy, *word;

	while (copy && (word = next_word(&next)))
		if (strcmp(word, key) == 0)
			return true;
	return false;
}

/* Without that word; an empty list is none. */
static int drop(struct section *s, const char *key)
{
	const char *list = section_get(s, "delete");
	auto_free char *copy = list ? strdup(list) : NULL;
	auto_free char *text = NULL;
	char *next = copy, *word;
	size_t size;
	FILE *f;

	if (!list)
		return 0;
	f = open_memstream(&text, &size);
	if (!copy || !f) {
		if (f)
			fclose(f);
		return -ENOMEM;
	}
	while ((word = next_word(&next)))
		if (strcmp(word, key) != 0)
			fprintf(f, "%s%s", ftell(f) ? "," : "", word);
	if (fclose(f) != 0)
		return -ENOMEM;
	section_unset(s, "delete");
	return size ? section_set(s, "delete", text) : 0;
}

int pending_set(struct config *c, const char *key, const char *value)
{
	const char *now = config_get(c, key);
	struct section *s;
	int r;

	pending_revert(c, key);
	if (now && strcmp(now, value) == 0)
		return 0;
	s = config_section_make(c, PENDING);
	r = s ? section_set(s, key, value) : -ENOMEM;
	return r;
}

int pending_delete(struct config *c, const char *key)
{
	auto_free char *list = NULL;
	struct section *s;
	const char *had;

	pending_revert(c, key);
	if (!config_get(c, key))
		return 0;
	s = config_section_make(c, PENDING);
	if (!s)
		return -ENOMEM;
	had = section_get(s, "delete");
	if (asprintf(&list, "%s%s%s", had ? had : "", had ? "," : "", key) < 0) {
		list = NULL;
		return -ENOMEM;
	}
	return section_set(s, "delete", list);
}

void pending_revert(struct config *c, const char *key)
{
	struct section *s = config_section(c, PENDING);

	if (!s)
		return;
	section_unset(s, key);
	(void)drop(s, key);
}

bool pending_find(const struct config *c, const char *key, const char **value)
{
	const struct section *s = config_section(c, PENDING);
	const char *asked = s ? section_get(s, key) : NULL;

	if (!asked && (!s || !is_in(section_get(s, "delete"), key)))
		return false;
	*value = asked;
	return true;
}

const char *pending_get(const struct config *c, const char *key)
{
	const char *value;

	return pending_find(c, key, &value) ? value : config_get(c, key);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add(char **keys, size_t *n, const char *key)
{
	keys[*n] = strdup(key);
	return keys[(*n)++];
}

char **pending_keys(const struct config *c)
{
	const struct section *s = config_section(c, PENDING);
	const char *list = s ? section_get(s, "delete") : NULL;
	auto_free char *copy = strdup(list ? list : "");
	auto_keys keys = calloc((s ? s->n : 0) + (copy ? strlen(copy) : 0) + 3, sizeof(*keys));
	char *next = copy, *word;
	bool all = keys && copy;
	size_t n = 0;

	for (size_t i = 0; all && s && i < s->n; i++)
		if (s->entries[i].key && strcmp(s->entries[i].key, "delete") != 0)
			all = add(keys, &n, s->entries[i].key);
	if (all && s && s->description)
		all = add(keys, &n, "description");
	while (all && (word = next_word(&next)))
		if (!section_get(s, word))
			all = add(keys, &n, word);
	if (!all)
		return NULL;
	qsort(keys, n, sizeof(*keys), compare);
	return take_ptr(keys);
}

char **config_keys(const struct config *c)
{
	const struct section *s = c->sections;
	auto_keys keys = calloc(s->n + 2, sizeof(*keys));
	bool all = keys;
	size_t n = 0;

	for (size_t i = 0; all && i < s->n; i++)
		if (s->entries[i].key && !entry_is_lxc(&s->entries[i]))
			all = add(keys, &n, s->entries[i].key);
	if (all && s->description)
		all = add(keys, &n, "description");
	if (!all)
		return NULL;
	qsort(keys, n, sizeof(*keys), compare);
	return take_ptr(keys);
}

void pending_keys_free(char ***keys)
{
	for (char **k = *keys; k && *k; k++)
		free(*k);
	free(*keys);
	*keys = NULL;
}

int pending_take(struct config *c, const char *key)
{
	auto_free char *copy = NULL;
	const char *value;
	int r = 0;

	if (!pending_find(c, key, &value))
		return 0;
	if (value && !(copy = strdup(value)))
		return -ENOMEM;
	if (copy)
		r = config_set(c, key, copy);
	else
		config_unset(c, key);
	if (r == 0)
		pending_revert(c, key);
	return r;
}
