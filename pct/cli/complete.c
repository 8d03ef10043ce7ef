// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/complete.h"
#include "pct/cli/args.h"
#include "pct/cli/placeholders.h"
#include "pct/conf/store.h"
#include "pct/paths.h"

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
