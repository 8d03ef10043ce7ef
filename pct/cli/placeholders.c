// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/placeholders.h"
#include <ctype.h>
#include <dirent.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"
#include "pct/root/template.h"
#include "pct/storage/driver.h"
#include "pct/tool.h"

/* Nothing of a file's that a shell would take for more than a word. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.:/+@%", *p))
			return false;
	return true;
}

void offer(struct line *l, const char *text, const char *after)
{
	if (strncmp(text, l->part, strlen(l->part)) == 0 && is_word(text))
		fprintf(l->to, "%.*s%s%s\n", (int)l->n_before, l->before, text, after);
}

void pass(struct line *l, size_t n)
{
	l->n_before += n;
	l->part += n;
}

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

static void offer_storages(struct line *l)
{
	const struct storages *all;

	if (storages_get(&all) < 0)
		return;
	for (size_t i = 0; i < all->n; i++)
		if (all->all[i].id)
			offer(l, all->all[i].id, "");
}

static void offer_types(struct line *l)
{
	for (size_t i = 0; strcmp(l->command->name, "storage") == 0 && i < n_drivers; i++)
		offer(l, drivers[i]->type, "");
}

/* What a command's first word may be, where it has several things to do. */
static void offer_actions(struct line *l)
{
	static const struct {
		const char *command, *action;
	} actions[] = {
		{ "network", "create" }, { "network", "delete" }, { "network", "list" },
		{ "network", "show" },	 { "storage", "add" },	  { "storage", "list" },
		{ "storage", "remove" }, { "storage", "status" },
	};

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(actions[i].command, l->command->name) == 0)
			offer(l, actions[i].action, "");
}

void offer_commands(struct line *l)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!commands[i]->hidden)
			offer(l, commands[i]->name, "");
}

/* Sections, each once: their cases have blanks in their names. Another program has the table. */
static void offer_cases(struct line *l)
{
	static const char *const list[] = { "/proc/self/exe", "bench", "--list", NULL };
	auto_free char *answer = NULL, *said = NULL;
	char *next, *one, *last = NULL;

	if (tool_ask(list, &answer, &said) != 0)
		return;
	for (next = answer; (one = strsep(&next, "\n"));) {
		one[strcspn(one, "/")] = '\0';
		if (*one && (!last || strcmp(one, last) != 0))
			offer(l, one, "");
		last = one;
	}
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

// clang-format off
static const struct {
	const char *placeholder;
	void (*offer)(struct line *l);
} sources[] = {
	{ "<vmid>", offer_vmids },
	{ "<template>", offer_templates },
	{ "<snapshot>", offer_snapshots },
	{ "<key,...>", offer_keys },
	{ "<pending,...>", offer_pending },
	{ "<bridge>", offer_bridges },
	{ "<action>", offer_actions },
	{ "storage", offer_storages },
	{ "<storage>", offer_storages },
	{ "<type>", offer_types },
	{ "<case>...", offer_cases },
	{ "<directory>", offer_files },
	{ "<file>", offer_files },
	{ "<destination|->", offer_files },
	{ "<program>", offer_files },
	{ "/dev/...", offer_files },
	{ "command", offer_commands },
	{ "option", offer_its_options },
};
// clang-format on

/* "<file>" is also what "<file|->" stands for. */
static bool is_placeholder(const char *shape, const char *placeholder)
{
	size_t n = strlen(placeholder) - 1;

	return strcmp(shape, placeholder) == 0 ||
	       (*shape == '<' && strncmp(shape, placeholder, n) == 0 && shape[n] == '|');
}

void offer_shape(struct line *l, const char *shape)
{
	size_t n = strlen(shape);
	bool words = *shape == '<' && strchr(shape, '>') == shape + n - 1;
	auto_free char *copy = words ? strndup(shape + 1, n - 2) : strdup(shape);
	char *next = copy, *one;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (is_placeholder(shape, sources[i].placeholder)) {
			sources[i].offer(l);
			return;
		}
	while (copy && strchr(shape, '|') && (one = strsep(&next, "|")))
		if (!strpbrk(one, "<>[]"))
			offer(l, one, "");
}
