// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/conf.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/conf/raw.h"

static const char *const momentary[] = { "lock", "parent", "snaptime", "snapstate", "digest" };

int backup_conf_write(const struct config *c, char **text)
{
	struct config one = { .sections = c->sections, .n = 1 };
	CLEANUP(config_free) struct config copy = { 0 };
	size_t n;
	int r = config_copy(&one, &copy);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(momentary); i++)
		config_unset(&copy, momentary[i]);
	return r < 0 ? r : config_write(&copy, text, &n);
}

bool backup_conf_is_host_path(const char *value)
{
	static const char name[] = "volume=";

	if (strncmp(value, name, sizeof(name) - 1) == 0)
		value += sizeof(name) - 1;
	return *value == '/';
}

void dropped_free(struct dropped *d)
{
	free(d->unknown);
	free(d->host);
	*d = (struct dropped){ 0 };
}

static int add_name(char **names, const char *name)
{
	char *both = NULL;

	if (*names && strlen(*names) > 400)
		return 0; /* enough to know what it is about */
	if (asprintf(&both, "%s%s%.60s", *names ? *names : "", *names ? ", " : "", name) < 0)
		return -ENOMEM;
	free(*names);
	*names = both;
	return 0;
}

/* Where its volume is, and what it is called, is for the value's property "volume" to say. */
static bool on_host(const struct key *k, const char *value)
{
	static const char *const always[] = { "dev", "hookscript" };
	auto_properties p = { 0 };
	const char *volume;

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (strcmp(k->option.name, always[i]) == 0)
			return true;
	if (strcmp(k->option.name, "mp") != 0 && strcmp(k->option.name, "rootfs") != 0)
		return false;
	if (properties_read(&k->option, value, &p) < 0)
		return true;
	volume = properties_get(&p, "volume");
	return !volume || *volume == '/';
}

/* What pct itself writes, and a backup may say all the same. */
static bool is_taken(const struct key *k)
{
	return !k->internal || strcmp(k->option.name, "rootfs") == 0 ||
	       strcmp(k->option.name, "template") == 0;
}

static bool is_momentary(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(momentary); i++)
		if (strcmp(name, momentary[i]) == 0)
			return true;
	return strncmp(name, "unused", 6) == 0;
}

static int take_raw(const struct entry *e, bool host, struct config *out, struct dropped *dropped)
{
	char why[RAW_WHY];

	if (!host)
		return add_name(&dropped->host, e->key);
	if (raw_refused(e->key, e->value, why))
		return add_name(&dropped->unknown, e->key);
	return config_set_raw(out, raw_name(e->key), e->value);
}

static int take_key(const struct entry *e, bool host, struct config *out, struct dropped *dropped)
{
	const struct key *k = key_find(e->key);
	auto_free char *value = NULL;
	char why[OPTION_WHY];
	int r;

	if (is_momentary(e->key))
		return 0;
	if (!k || !is_taken(k))
		return add_name(&dropped->unknown, e->key);
	r = option_take(&k->option, e->value, &value, why);
	if (r == -EINVAL)
		return add_name(&dropped->unknown, e->key);
	if (r == 0 && on_host(k, value) && !host)
		return add_name(&dropped->host, e->key);
	if (r == 0)
		r = config_set(out, e->key, value);
	return r == -EINVAL ? add_name(&dropped->unknown, e->key) : r;
}

int backup_conf_read(const char *text, size_t n, bool host, struct config *out,
		     struct dropped *dropped)
{
	CLEANUP(config_free) struct config all = { 0 };
	CLEANUP(config_free) struct config taken = { 0 };
	const struct section *main;
	int r = config_parse(text, n, &all, NULL);

	if (r == 0)
		r = config_init(&taken);
	if (r < 0)
		return r;
	main = all.sections;
	for (size_t i = 0; r == 0 && i < main->n; i++) {
		const struct entry *e = &main->entries[i];

		if (!e->key)
			r = add_name(&dropped->unknown, "a line of no known form");
		else
			r = entry_is_lxc(e) ? take_raw(e, host, &taken, dropped)
					    : take_key(e, host, &taken, dropped);
	}
	if (r == 0 && main->description && strlen(main->description) <= 8192)
		r = config_set(&taken, "description", main->description);
	if (r < 0)
		return r;
	*out = taken;
	taken = (struct config){ 0 };
	return 0;
}
