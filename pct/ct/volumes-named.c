// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which volumes a conf names, and what no longer has a place in it.
 */
#include "base/say.h"
#include "pct/conf/pending.h"
#include "pct/conf/properties.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"

bool ct_volume_key(const char *key)
{
	const struct key *k = key ? key_find(key) : NULL;

	return k && (strcmp(k->option.name, "rootfs") == 0 || strcmp(k->option.name, "mp") == 0 ||
		     strcmp(k->option.name, "unused") == 0);
}

char *ct_volume_id(const char *key, const char *value)
{
	const struct key *k = key_find(key);
	auto_properties p = { 0 };
	const char *id;

	if (!k->option.properties)
		return text_of("%.*s", (int)strcspn(value, ","), value);
	if (properties_read(&k->option, value, &p) < 0)
		return NULL;
	id = properties_get(&p, "volume");
	return id ? text_of("%s", id) : NULL;
}

bool ct_volume_named(const struct config *c, const struct volume *v, const char *but)
{
	auto_free char *id = volume_id(v);

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sections[i].n; j++) {
			const struct entry *e = &c->sections[i].entries[j];
			auto_free char *its = NULL;

			if (!ct_volume_key(e->key) || (i == 0 && but && strcmp(e->key, but) == 0))
				continue;
			its = ct_volume_id(e->key, e->value);
			if (its && strcmp(its, id) == 0)
				return true;
		}
	return false;
}

int ct_volume_unused(unsigned vmid, struct config *c, const struct volume *v)
{
	auto_free char *id = volume_id(v);

	if (v->owner != vmid || ct_volume_named(c, v, NULL))
		return 0;
	for (unsigned i = 0; i < key_find("unused0")->option.count; i++) {
		char key[OPTION_NAME];

		snprintf(key, sizeof(key), "unused%u", i);
		if (!config_get(c, key))
			return config_set(c, key, id) < 0
				   ? fail(-ENOMEM, "CT %u: keep '%s' as %s", vmid, id, key)
				   : 0;
	}
	return refuse(-ENOSPC,
		      "CT %u has no unused<n> left for '%s': free one with 'pct set %u "
		      "--delete unused0'",
		      vmid, id, vmid);
}

static int free_unused(unsigned vmid, const struct config *c, const char *key, const char *id)
{
	auto_volume v = VOLUME_NONE;

	if (volume_peek(id, &v) < 0) {
		warn(0, "CT %u: %s, '%s', is on no storage pct knows: it is kept, and forgotten",
		     vmid, key, id);
		return 0;
	}
	if (v.owner != vmid) {
		warn(0, "CT %u: %s belongs to CT %u: it is kept, and forgotten", vmid, key,
		     v.owner);
		return 0;
	}
	if (ct_volume_named(c, &v, key))
		return 0;
	volume_done(&v);
	return volume_find(vmid, key, id, &v) < 0 ? -EIO : volume_free(&v);
}

/* It has a place again. */
static void forget_unused(struct config *c, const char *id)
{
	for (unsigned i = 0; i < key_find("unused0")->option.count; i++) {
		char key[OPTION_NAME];
		const char *value;

		snprintf(key, sizeof(key), "unused%u", i);
		value = config_get(c, key);
		if (value && strcmp(value, id) == 0)
			config_unset(c, key);
	}
}

int ct_volume_take(unsigned vmid, struct config *c, const char *key)
{
	const char *now = config_get(c, key), *asked;
	auto_free char *had = now ? ct_volume_id(key, now) : NULL, *has = NULL;
	auto_volume v = VOLUME_NONE;
	int r = 0;

	if (!pending_find(c, key, &asked))
		return 0;
	has = asked ? ct_volume_id(key, asked) : NULL;
	if (strncmp(key, "unused", 6) == 0 && had && !asked)
		r = free_unused(vmid, c, key, had);
	if (r == 0 && pending_take(c, key) < 0)
		r = fail(-ENOMEM, "set '%s'", key);
	if (r == 0 && has && strncmp(key, "unused", 6) != 0)
		forget_unused(c, has);
	if (r < 0 || strncmp(key, "unused", 6) == 0 || !had || volume_peek(had, &v) < 0)
		return r;
	return ct_volume_unused(vmid, c, &v);
}

void ct_volume_drop(const struct config *c, const char *id)
{
	auto_volume v = VOLUME_NONE;

	if (volume_peek(id, &v) == 0 && !ct_volume_named(c, &v, NULL))
		(void)volume_free(&v);
}

bool ct_volume_asked(const char *key, const char *value)
{
	auto_free char *id = ct_volume_id(key, value);

	return id && volume_is_request(id);
}

bool ct_volumes_mention(const struct config *c, const char *storage)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sections[i].n; j++) {
			const struct entry *e = &c->sections[i].entries[j];
			auto_free char *id =
			    ct_volume_key(e->key) ? ct_volume_id(e->key, e->value) : NULL;
			size_t n = strlen(storage);

			if (id && strncmp(id, storage, n) == 0 && id[n] == ':')
				return true;
		}
	return false;
}
