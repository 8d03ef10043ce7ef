// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct set: change a container's configuration; what it can have at once it has at once.
 *
 * What is asked is on the disk, as pending, before anything is done: after a crash the next `set`
 * or `start` goes on from there.
 */
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/raw.h"
#include "pct/conf/store.h"
#include "pct/ct/idmap.h"
#include "pct/ct/live.h"
#include "pct/ct/lxc.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"

#define ASKED_MAX 257 /* rootfs and all mp<n> */

static const char *form_key(const char *text)
{
	const struct key *k = key_find(text);

	if (strncmp(text, "lxc.", 4) == 0)
		return NULL;
	return k && (!k->internal || ct_volume_key(text)) ? NULL : "a key there is";
}

static const char *form_raw(const char *text)
{
	const char *value = strchr(text, '=');

	return strncmp(text, "lxc.", 4) == 0 && value && value > text + 4
		   ? NULL
		   : "a key of liblxc and its value, as lxc.cap.drop=mknod";
}

static const struct option options[] = {
	{ "delete", OPTION_LIST, .max = 8192, .separators = ", ;", .form = form_key,
	  .value = "<key,...>", .help = "take these keys away" },
	{ "digest", OPTION_TEXT, .min = 40, .max = 40, .value = "<sha1>",
	  .help = "only if the config file still has this digest, as 'pct config --output-format "
		  "json' shows it" },
	{ "force", OPTION_BOOL, .help = "also where processes in it may die of it" },
	{ "lxc", OPTION_LIST, .max = 65536, .separators = "\n", .form = form_raw,
	  .value = "<lxc.key=value>",
	  .help = "liblxc's own line; all lines it had of that key are replaced" },
	{ "revert", OPTION_LIST, .max = 8192, .separators = ", ;", .form = form_key,
	  .value = "<pending,...>", .help = "forget what is pending of these keys" },
};

/* Of what is not a key: an option of our own. */
static bool is_own(const struct option *o)
{
	return o >= options && o < options + ARRAY_LEN(options);
}

/* @each with every word of a list option that was given. */
static int each_word(const struct args *a, const char *name, const char *separator,
		     int (*each)(const struct args *a, struct config *c, char *word),
		     struct config *c)
{
	const char *list = args_value(a, name);
	auto_free char *copy = list ? strdup(list) : NULL;
	char *next = copy, *word;
	int r = list && !copy ? fail(-ENOMEM, "set") : 0;

	while (r == 0 && (word = strsep(&next, separator)))
		r = each(a, c, word);
	return r;
}

/* A key is asked one thing of. */
static int once(const struct args *a, const char *word)
{
	return args_value(a, word)
		   ? refuse(EXIT_USAGE, "set: %s: it is given a value and taken away at once", word)
		   : 0;
}

/* What is not to change in this container. @value NULL: it is to be taken away. */
static int may(const struct args *a, const struct config *c, const char *name, const char *value)
{
	const struct key *k = key_find(name);
	const char *now = key_value(c, name);

	if (k->fixed && value && strcmp(value, now) != 0)
		return refuse(EXIT_USAGE,
			      "set: %s: CT %u was made with '%s', and its files belong to the ids "
			      "of that; it cannot be changed",
			      name, a->vmid, now);
	if (k->disk && key_bool(c, "protection"))
		return refuse(-EPERM,
			      "set: %s: CT %u is protected; 'pct set %u --protection 0' first",
			      name, a->vmid, a->vmid);
	return 0;
}

static bool is_raw(const char *key)
{
	return strncmp(key, "lxc.", 4) == 0;
}

/* In words of its own, or NULL: the key and the value of "lxc.key = value". */
static char *split_raw(char *word)
{
	char *value = strchr(word, '=');
	char *end = value;

	*value++ = '\0';
	while (end > word && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return value;
}

/* Before any is added: those of that key go. */
static int drop_raw(const struct args *a, struct config *c, char *word)
{
	char why[RAW_WHY];
	const char *value = split_raw(word);

	(void)a;
	if (raw_refused(word, value, why))
		return refuse(EXIT_USAGE, "set: lxc: %s", why);
	config_unset(c, word);
	return 0;
}

static int add_raw(const struct args *a, struct config *c, char *word)
{
	const char *value = split_raw(word);
	int r = config_set_raw(c, word, value);

	(void)a;
	return r < 0 ? fail(r, "set '%s' to '%s'", word, value) : 0;
}

static int set_raw(const struct args *a, struct config *c)
{
	auto_free struct idmap *ids = malloc(sizeof(*ids));
	int r = each_word(a, "lxc", "\n", drop_raw, c);

	if (r == 0)
		r = each_word(a, "lxc", "\n", add_raw, c);
	if (r == 0 && (!ids || idmap_read(c, ids) < 0))
		r = refuse(EXIT_USAGE, "set: lxc.idmap: give it as 'u 0 100000 65536'");
	if (r == 0 && args_value(a, "lxc") && ct_running(a->vmid))
		info("CT %u has its new lxc lines from its next start on", a->vmid);
	return r;
}

static int take_away(const struct args *a, struct config *c, char *word)
{
	int r = once(a, word);

	if (is_raw(word)) {
		config_unset(c, word);
		return 0;
	}
	if (r == 0 && key_find(word)->kept)
		r = refuse(EXIT_USAGE, "set: delete: '%s' cannot be taken away", word);
	if (r == 0)
		r = may(a, c, word, NULL);
	if (r == 0 && pending_delete(c, word) < 0)
		r = fail(-ENOMEM, "take '%s' away", word);
	return r;
}

static int forget(const struct args *a, struct config *c, char *word)
{
	int r = once(a, word);

	if (r == 0)
		pending_revert(c, word);
	return r;
}

/* The rootfs is another one by move-volume, clone and restore only; how it is mounted is asked. */
static int check_same(const struct args *a, const struct config *c, const char *asked)
{
	const char *now = config_get(c, "rootfs");
	size_t n = strcspn(now ? now : "", ",");

	if (now && strncmp(now, asked, n) == 0 && (!asked[n] || asked[n] == ','))
		return 0;
	return refuse(-EINVAL,
		      "CT %u: its rootfs is '%.*s', and stays that: give it with what is to change",
		      a->vmid, (int)n, now ? now : "");
}

/* Another key has that volume already? */
static int check_free(const struct args *a, const struct config *c, const char *key,
		      const char *value)
{
	size_t n = strcspn(value, ",");

	for (size_t i = 0; i < c->sections[0].n && *value != '/'; i++) {
		const struct entry *e = &c->sections[0].entries[i];

		if (e->key && ct_volume_key(e->key) && strncmp(e->key, "unused", 6) != 0 &&
		    strcmp(e->key, key) != 0 && strncmp(e->value, value, n) == 0 &&
		    (!e->value[n] || e->value[n] == ','))
			return refuse(-EBUSY, "CT %u: %s: '%.*s' is its %s", a->vmid, key, (int)n,
				      value, e->key);
	}
	return 0;
}

/* The volumes that were made for this; what nothing names in the end goes again. */
struct made {
	char *id[ASKED_MAX];
	size_t n;
};

static void drop_made(const struct config *c, const struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		ct_volume_drop(c, m->id[i]);
}

static void free_made(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->id[i]);
}

static int ask_volume(const struct args *a, const struct config *c, const struct given *g,
		      char **value, struct made *m)
{
	int r = 0;

	if (strcmp(g->name, "rootfs") == 0)
		r = check_same(a, c, g->value);
	if (r == 0 && m->n == ASKED_MAX)
		r = refuse(EXIT_USAGE, "set: that is too much at once");
	if (r == 0)
		r = ct_volume_make(a->vmid, c, g->name, g->value, NULL, value);
	if (r != 0)
		return r;
	if (ct_volume_asked(g->name, g->value))
		m->id[m->n++] = text_of("%.*s", (int)strcspn(*value, ","), *value);
	return check_free(a, c, g->name, *value);
}

static int ask(const struct args *a, struct config *c, struct made *m)
{
	int r = each_word(a, "revert", ",", forget, c);

	if (r == 0)
		r = each_word(a, "delete", ",", take_away, c);
	if (r == 0)
		r = set_raw(a, c);
	for (size_t i = 0; r == 0 && i < a->n_given; i++) {
		const struct given *g = &a->given[i];
		auto_free char *value = NULL;

		if (is_own(g->option))
			continue;
		r = may(a, c, g->name, g->value);
		if (r != 0)
			return r;
		if (ct_volume_key(g->name))
			r = ask_volume(a, c, g, &value, m);
		else
			value = key_complete(g->name, pending_get(c, g->name), g->value);
		if (r != 0)
			return r;
		r = value ? pending_set(c, g->name, value) : -ENOMEM;
		if (r < 0)
			r = fail(r, "set '%s' to '%s'", g->name, g->value);
	}
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 }, before = { 0 };
	CLEANUP(free_made) struct made made = { 0 };
	const struct config none = { 0 };
	auto_lock lock = LOCK_NONE;
	int r, failed;

	if (a->n_given == 0)
		return refuse(EXIT_USAGE, "set: give what to change; 'pct help set' has it all");
	r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_load(a->vmid, &before);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, "set");
	if (r == 0)
		r = conf_check_digest(a->vmid, args_value(a, "digest"));
	if (r == 0)
		r = ask(a, &c, &made);
	if (r == 0)
		r = conf_save(a->vmid, &c);
	if (r != 0) {
		drop_made(&none, &made);
		return r;
	}
	failed = change_apply(a->vmid, &c, &before, args_bool(a, "force"));
	r = conf_save(a->vmid, &c);
	if (r == 0)
		drop_made(&c, &made);
	return failed < 0 ? failed : r;
}

const struct command cmd_set = {
	.name = "set",
	.args = "<vmid>",
	.help = "Change the configuration of a container",
	.more =
	    "What a running container can have at once it has at once; the rest is pending until "
	    "its next start: 'pct pending' shows it, --revert forgets it.\n"
	    "A value that is not given stays as it is; --delete takes a key away.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.takes_keys = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
