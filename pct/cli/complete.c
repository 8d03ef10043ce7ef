// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/complete.h"
#include <ctype.h>
#include <dirent.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"
#include "pct/root/template.h"

/* A command line up to the cursor. */
struct line {
	const struct command *command;
	unsigned vmid;
	struct config config;	     /* of that one; no sections: unknown, or not to be read */
	int n_words;		     /* that are no options, the VMID counted */
	bool words_only;	     /* "--" was there */
	const struct option *option; /* whose value comes now; a bool's need not */
	char *const *words;
	int n;
	/* The word at the cursor: what stays, and what is yet to be completed. */
	const char *before;
	size_t n_before;
	const char *part;
	bool files;
	FILE *to;
};

/* Nothing of a file's that a shell would take for more than a word. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.:/+@%", *p))
			return false;
	return true;
}

static void offer(struct line *l, const char *text, const char *after)
{
	if (strncmp(text, l->part, strlen(l->part)) == 0 && is_word(text))
		fprintf(l->to, "%.*s%s%s\n", (int)l->n_before, l->before, text, after);
}

/* @n bytes more of the word stay as they are. */
static void pass(struct line *l, size_t n)
{
	l->n_before += n;
	l->part += n;
}

/* ---- what placeholders of usage lines and values stand for ---- */

/* The first that nobody has. */
static void offer_free(struct line *l, const unsigned *vmids, size_t n)
{
	auto_free char *text = NULL;
	unsigned vmid = VMID_MIN;

	for (size_t i = 0; i < n && vmids[i] == vmid; i++)
		vmid++;
	text = text_of("%u", vmid);
	offer(l, text, "");
}

static void offer_vmids(struct line *l)
{
	auto_free unsigned *vmids = NULL;
	size_t n = 0;

	if (conf_list(&vmids, &n) < 0)
		return;
	if (l->command->wants == WANTS_FREE) {
		offer_free(l, vmids, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		auto_free char *text = text_of("%u", vmids[i]);
		enum wants wants = l->command->wants;

		if (strncmp(text, l->part, strlen(l->part)) == 0 &&
		    (wants == WANTS_ANY || ct_running(vmids[i]) == (wants == WANTS_RUNNING)))
			offer(l, text, "");
	}
}

static void offer_templates(struct line *l)
{
	for (size_t i = 0; i < n_templates; i++)
		offer(l, templates[i].name, "");
	l->files = true;
}

static void offer_files(struct line *l)
{
	l->files = true;
}

static void offer_snapshots(struct line *l)
{
	for (size_t i = 1; i < l->config.n; i++)
		if (strcasecmp(l->config.sections[i].name, PENDING) != 0)
			offer(l, l->config.sections[i].name, "");
}

static void offer_each(struct line *l, char **names, bool all)
{
	for (size_t i = 0; names && names[i]; i++) {
		const struct key *k = key_find(names[i]);

		if (k && !k->internal && (all || !k->kept))
			offer(l, names[i], "");
	}
}

static void offer_keys(struct line *l)
{
	auto_keys names = l->config.n ? config_keys(&l->config) : NULL;

	offer_each(l, names, false);
}

static void offer_pending(struct line *l)
{
	auto_keys names = l->config.n ? pending_keys(&l->config) : NULL;

	offer_each(l, names, true);
}

static void offer_bridges(struct line *l)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		auto_free char *bridge = text_of("/sys/class/net/%s/bridge", e->d_name);

		if (access(bridge, F_OK) == 0)
			offer(l, e->d_name, "");
	}
	if (dir)
		closedir(dir);
}

static void offer_commands(struct line *l)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!commands[i]->hidden)
			offer(l, commands[i]->name, "");
}

/* Of the command named before: `pct help set net`. */
static void offer_its_options(struct line *l)
{
	const struct command *c;
	const struct option *o;

	if (command_find(l->words[l->n - 2], &c, NULL) < 0)
		return;
	for (size_t i = 0; (o = command_option(c, i)); i++)
		offer(l, o->name, "");
}

static const struct {
	const char *placeholder;
	void (*offer)(struct line *l);
} sources[] = {
	{ "<vmid>", offer_vmids },	    { "<template>", offer_templates },
	{ "<snapshot>", offer_snapshots },  { "<key,...>", offer_keys },
	{ "<pending,...>", offer_pending }, { "<bridge>", offer_bridges },
	{ "<file>", offer_files },	    { "<destination>", offer_files },
	{ "<program>", offer_files },	    { "/dev/...", offer_files },
	{ "command", offer_commands },	    { "option", offer_its_options },
};

/* "<IPv4/length>|dhcp|manual": what has no <> is a word itself. */
static void offer_shape(struct line *l, const char *shape)
{
	auto_free char *copy = strdup(shape);
	char *next = copy, *one;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (strcmp(sources[i].placeholder, shape) == 0) {
			sources[i].offer(l);
			return;
		}
	while (copy && strchr(shape, '|') && (one = strsep(&next, "|")))
		if (!strpbrk(one, "<>[]"))
			offer(l, one, "");
}

/* ---- values ---- */

static void offer_value(struct line *l, const struct option *o);

/* Is it in what stays already: "name=eth0,bridge=b,"? */
static bool is_there(const struct line *l, const char *value, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = value; p < l->part; p = strchrnul(p, ',') + 1)
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return true;
	return false;
}

static void offer_properties(struct line *l, const struct option *o)
{
	const char *value = l->part, *comma = strrchr(value, ','), *equals;

	if (comma)
		pass(l, (size_t)(comma + 1 - l->part));
	equals = strchr(l->part, '=');
	for (const struct option *p = o->properties; p->name; p++) {
		if (equals && (size_t)(equals - l->part) == strlen(p->name) &&
		    strncmp(l->part, p->name, strlen(p->name)) == 0) {
			pass(l, strlen(p->name) + 1);
			offer_value(l, p);
			return;
		}
		if (!equals && !is_there(l, value, p->name))
			offer(l, p->name, "=");
		if (!equals && !comma && p->bare)
			offer_value(l, p);
	}
}

/* After the last separator. */
static void pass_words(struct line *l, const char *separators)
{
	for (size_t n; l->part[n = strcspn(l->part, separators)];)
		pass(l, n + 1);
}

static void offer_value(struct line *l, const struct option *o)
{
	char shape[120];

	switch (o->type) {
	case OPTION_BOOL:
		offer(l, "0", "");
		offer(l, "1", "");
		return;
	case OPTION_WORD:
		for (size_t i = 0; o->words[i]; i++)
			offer(l, o->words[i], "");
		return;
	case OPTION_PROPERTIES:
		offer_properties(l, o);
		return;
	case OPTION_LIST:
		pass_words(l, o->separators);
		break;
	case OPTION_INT:
	case OPTION_NUMBER:
	case OPTION_TEXT:
	case OPTION_LINES:
		break;
	}
	option_shape(o, shape, sizeof(shape));
	offer_shape(l, shape);
}

/* ---- options ---- */

static bool is_given(const struct line *l, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i + 1 < l->n; i++) {
		const char *word = l->words[i];

		word += strspn(word, "-");
		if (word > l->words[i] && strncmp(word, name, n) == 0 && strchr("=", word[n]))
			return true;
	}
	return false;
}

static void offer_option(struct line *l, const char *name, const struct option *o)
{
	auto_free char *text = text_of("--%s", name);

	if (o->type == OPTION_LIST || !is_given(l, name))
		offer(l, text, "");
}

/* Of one that there is several of: those there are, and the next one. */
static void offer_numbered(struct line *l, const struct option *o)
{
	bool next = false;

	for (unsigned i = 0; i < o->count; i++) {
		auto_free char *name = text_of("%s%u", o->name, i);
		bool there = is_given(l, name) || (l->config.n && config_get(&l->config, name));

		if (there || !next)
			offer_option(l, name, o);
		next = next || !there;
	}
}

static void offer_options(struct line *l)
{
	const char *equals = strchr(l->part, '=');
	const char *name = l->part + strspn(l->part, "-");
	const struct option *o;

	if (equals) {
		o = args_option(l->command, name, (size_t)(equals - name));
		pass(l, (size_t)(equals + 1 - l->part));
		if (o)
			offer_value(l, o);
		return;
	}
	/* "-x" is "--x". */
	if (l->part[1] != '-' && l->part[1]) {
		l->before = "-";
		l->n_before = 1;
		l->part = name;
		for (size_t i = 0; (o = command_option(l->command, i)); i++)
			if (!o->count)
				offer(l, o->name, "");
		return;
	}
	for (size_t i = 0; (o = command_option(l->command, i)); i++)
		if (o->count)
			offer_numbered(l, o);
		else
			offer_option(l, o->name, o);
	offer(l, "--help", "");
}

/* The next of "<vmid> [command [option]]". */
static void offer_word(struct line *l)
{
	auto_free char *args = strdup(l->command->args);
	char *next = args, *one;
	int at = 0;

	while (args && (one = strsep(&next, " "))) {
		one += *one == '[';
		one[strcspn(one, "]")] = '\0';
		if (strcmp(one, "--") == 0 || at++ < l->n_words)
			continue;
		offer_shape(l, one);
		return;
	}
}

/* ---- the words before the cursor ---- */

static void read_word(struct line *l, const char *word)
{
	if (l->n_words++ == 0 && l->command->vmid && vmid_parse(word, &l->vmid))
		(void)conf_load(l->vmid, &l->config);
}

static void read_option(struct line *l, const char *word)
{
	const char *name = word + strspn(word, "-"), *equals = strchr(name, '=');

	if (!equals)
		l->option = args_option(l->command, name, strlen(name));
}

static void read_words(struct line *l)
{
	for (int i = 1; i + 1 < l->n; i++) {
		const char *word = l->words[i];
		const struct option *o = take_ptr(l->option);
		bool ignored;

		if (o && (o->type != OPTION_BOOL || option_bool(word, &ignored)))
			continue;
		if (l->words_only || *word != '-' || !word[1])
			read_word(l, word);
		else if (strcmp(word, "--") == 0)
			l->words_only = true;
		else
			read_option(l, word);
		l->words_only = l->words_only || (l->command->passes && l->n_words > 1);
	}
}

static void answer(struct line *l)
{
	if (l->n == 1) {
		offer_commands(l);
		return;
	}
	if (command_find(l->words[0], &l->command, NULL) < 0)
		return;
	read_words(l);
	if (l->option)
		offer_value(l, l->option);
	/* A bool needs no value: any word may follow it, too. */
	if (l->option && l->option->type != OPTION_BOOL)
		return;
	if (!l->words_only && *l->part == '-')
		offer_options(l);
	else
		offer_word(l);
}

int complete(int n, char *const *words, FILE *to)
{
	struct line l = { .words = words, .n = n, .to = to };

	l.before = l.part = words[n - 1];
	answer(&l);
	config_free(&l.config);
	return l.files ? COMPLETE_FILES : 0;
}
