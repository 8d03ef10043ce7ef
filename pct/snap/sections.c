// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"

#define SNAP_NAME_MAX 40
#define UNUSED_MAX    256

const char *form_snapshot(const char *text)
{
	static const char is[] =
	    "a letter, then letters, digits, _ and -, 2 to 40 in all; not 'current' or 'vzdump'";
	size_t n = strlen(text);

	if (n < 2 || n > SNAP_NAME_MAX || !isalpha((unsigned char)*text) ||
	    strcasecmp(text, "current") == 0 || strcasecmp(text, "vzdump") == 0)
		return is;
	for (const char *p = text; *p; p++)
		if (!isascii(*p) || (!isalnum((unsigned char)*p) && *p != '_' && *p != '-'))
			return is;
	return NULL;
}

/* Others that Proxmox has are "pve:pending", "special:cloudinit". */
bool snap_is(const struct section *s)
{
	return s->name && !strchr(s->name, ':');
}

struct section *snap_find(const struct config *c, const char *name)
{
	struct section *s = config_section(c, name);

	return s && snap_is(s) ? s : NULL;
}

time_t snap_time(const struct section *s)
{
	const char *time = section_get(s, "snaptime");

	return time ? (time_t)strtoll(time, NULL, 10) : 0;
}

static bool is_of(const char *key, const char *row)
{
	const struct key *k = key ? key_find(key) : NULL;

	return k && strcmp(k->option.name, row) == 0;
}

/* How much of a value names a volume; 0: it names none. */
static size_t volume_n(const struct entry *e)
{
	if (!is_of(e->key, "rootfs") && !is_of(e->key, "mp") && !is_of(e->key, "unused"))
		return 0;
	return *e->value == '/' ? 0 : strcspn(e->value, ",");
}

static bool names(const struct section *s, const char *volume, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (volume_n(&s->entries[i]) == n && strncmp(s->entries[i].value, volume, n) == 0)
			return true;
	return false;
}

/* What each state of the container has of its own, and a snapshot does not have. */
static bool is_own(const struct entry *e)
{
	return !e->key || strcmp(e->key, "lock") == 0 || strcmp(e->key, "snapstate") == 0 ||
	       is_of(e->key, "unused");
}

int snap_mark(struct config *c, const char *name, const char *lock, const char *state)
{
	struct section *s = config_section(c, name);
	int r = 0;

	if (state && s)
		r = section_set(s, "snapstate", state);
	else if (s)
		section_unset(s, "snapstate");
	if (lock)
		return r < 0 ? r : config_set(c, "lock", lock);
	config_unset(c, "lock");
	return r;
}

int snap_begin(struct config *c, const char *name, const char *description, time_t now)
{
	struct section *s = config_section_make(c, name);
	auto_free char *time = text_of("%lld", (long long)now);
	int r = s ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < c->sections->n; i++) {
		const struct entry *e = &c->sections->entries[i];

		if (!is_own(e))
			r = section_add(s, e->key, e->value);
	}
	if (r == 0)
		r = section_set(s, "snaptime", time);
	if (r == 0 && description)
		r = section_set(s, "description", description);
	return r < 0 ? r : snap_mark(c, name, "snapshot", "prepare");
}

int snap_commit(struct config *c, const char *name)
{
	int r = config_set(c, "parent", name);

	return r < 0 ? r : snap_mark(c, name, NULL, NULL);
}

/* As unusedN, the lowest that is free. More than there may be: it is forgotten, rescan finds it. */
static int add_unused(struct config *c, const char *volume, size_t n)
{
	auto_free char *value = strndup(volume, n);

	if (!value)
		return -ENOMEM;
	for (unsigned i = 0; i < UNUSED_MAX; i++) {
		auto_free char *key = text_of("unused%u", i);

		if (!config_get(c, key))
			return config_set(c, key, value);
	}
	return 0;
}

static bool named_elsewhere(const struct config *c, const struct section *but, const char *volume,
			    size_t n)
{
	for (size_t i = 0; i < c->n; i++)
		if (&c->sections[i] != but && names(&c->sections[i], volume, n))
			return true;
	return false;
}

int snap_drop(struct config *c, const char *name)
{
	struct section *s = config_section(c, name);
	const char *parent = s ? section_get(s, "parent") : NULL;
	int r = 0;

	for (size_t i = 0; s && r == 0 && i < s->n; i++) {
		const struct entry *e = &s->entries[i];
		size_t n = volume_n(e);

		if (n && !named_elsewhere(c, s, e->value, n))
			r = add_unused(c, e->value, n);
	}
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		const char *of = section_get(&c->sections[i], "parent");

		if (&c->sections[i] == s || !of || strcasecmp(of, name) != 0)
			continue;
		if (parent)
			r = section_set(&c->sections[i], "parent", parent);
		else
			section_unset(&c->sections[i], "parent");
	}
	if (r == 0)
		config_section_remove(c, name);
	return r;
}

/* Into @to: what the main section has of its own, and what of that is used then is not unused. */
static int keep_own(const struct config *c, const struct section *then, struct section *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->sections->n; i++) {
		const struct entry *e = &c->sections->entries[i];
		size_t n = volume_n(e);

		if (is_own(e) && !(n && names(then, e->value, n)))
			r = section_add(to, e->key, e->value);
	}
	if (r == 0 && c->sections->description)
		r = section_set(to, "description", c->sections->description);
	return r;
}

static int take_then(const struct section *then, struct section *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < then->n; i++) {
		const struct entry *e = &then->entries[i];

		if (e->key && strcmp(e->key, "snaptime") != 0 && strcmp(e->key, "parent") != 0 &&
		    !is_own(e))
			r = section_add(to, e->key, e->value);
	}
	return r < 0 ? r : section_set(to, "parent", then->name);
}

int snap_restore(struct config *c, const char *name)
{
	CLEANUP(config_free) struct config made = { 0 };
	const struct section *then = config_section(c, name);
	struct section was;
	int r = then ? config_init(&made) : -ENOENT;

	if (r == 0)
		r = take_then(then, made.sections);
	if (r == 0)
		r = keep_own(c, then, made.sections);
	for (size_t i = 0; r == 0 && i < c->sections->n; i++) {
		const struct entry *e = &c->sections->entries[i];
		size_t n = volume_n(e);

		if (n && !names(made.sections, e->value, n))
			r = add_unused(&made, e->value, n);
	}
	if (r < 0)
		return r;
	was = c->sections[0];
	c->sections[0] = made.sections[0];
	made.sections[0] = was;
	config_section_remove(c, PENDING);
	return 0;
}
