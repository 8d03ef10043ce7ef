// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/help.h"
#include "base/wrap.h"
#include "pct/root/template.h"

#define LEFT_MAX 26	     /* what is longer has its text on the next line */
#define ENDLESS	 (1ll << 40) /* a range that ends there has no end to speak of */

const struct note notes[] = {
	{ "Names",
	  "A <vmid> is a number from 100 to 999999999. A <template> is the path of a tar of a "
	  "root file system (.tar, or that packed by gzip, xz, zstd or bzip2), or one that "
	  "pct makes itself.\n" },
	{ "Words",
	  "Commands and options may be shortened while it is clear which is meant. Options may "
	  "stand anywhere after the command, as '--x value', '--x=value', or with one '-'; '--' "
	  "ends them. One without a value may be followed by 1 (on, yes, true) or 0 (off, no, "
	  "false). 'pct --version' says which pct it is.\n" },
	{ "Files", "Everything pct keeps lies below $PCT_ROOT, or / if that is not set: containers "
		   "are configured in etc/pct/lxc/<vmid>.conf, see pct.conf(5).\n" },
	{ "Exit codes", "Exit codes are 0: done; 1: failed; 2: used wrongly. 'pct exec' answers "
			"with its command's own: 128+N when "
			"signal N ended it, 126 could not be run, 127 not found.\n" },
};
const size_t n_notes = ARRAY_LEN(notes);

const struct key *help_key(const struct option *o)
{
	for (size_t i = 0; i < n_keys; i++)
		if (&keys[i].option == o)
			return &keys[i];
	return NULL;
}

const char *help_hotplug(const struct key *k)
{
	switch (k->hotplug) {
	case HOTPLUG_CONFIG:
		return "a change holds at once";
	case HOTPLUG_LIVE:
		return "a change reaches a running container at once, where its kernel can";
	case HOTPLUG_START:
		break;
	}
	return "a change holds from the next start on";
}

/* ---- one option in words ---- */

static void say_words(const struct option *o, FILE *to)
{
	fputs("; one of ", to);
	for (size_t i = 0; o->words[i]; i++)
		fprintf(to, "%s%s", i ? ", " : "", o->words[i]);
}

static void say_range(const struct option *o, FILE *to)
{
	if (o->max < ENDLESS)
		fprintf(to, "; %lld to %lld", (long long)o->min, (long long)o->max);
	else if (o->min)
		fprintf(to, "; at least %lld", (long long)o->min);
}

static void say_fallback(const struct key *k, FILE *to)
{
	const char *fallback = k->fallback, *created = k->created;

	/* What is off is off when nobody speaks of it. */
	if (k->option.type == OPTION_BOOL && fallback && !created && strcmp(fallback, "0") == 0)
		fallback = NULL;
	if (fallback)
		fprintf(to, "; default: %s", fallback);
	if (created && (!fallback || strcmp(created, fallback) != 0))
		fprintf(to, "; default of 'create': %s", created);
}

static void say_several(const struct option *o, FILE *to)
{
	if (*o->separators == '\n')
		fputs("; may be given several times", to);
	else
		fprintf(to, "; several are joined by %s",
			*o->separators == ' '	? "blanks"
			: *o->separators == ',' ? "','"
						: "';'");
}

char *help_sentence(const struct option *o)
{
	const struct key *k = help_key(o);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	fputs(o->help, to);
	if (o->count)
		fprintf(to, "; n is 0 to %u", o->count - 1);
	if (o->type == OPTION_WORD && o->value)
		say_words(o, to);
	if (o->type == OPTION_INT || o->type == OPTION_NUMBER)
		say_range(o, to);
	if (o->type == OPTION_LIST)
		say_several(o, to);
	if (k)
		say_fallback(k, to);
	if (o->required)
		fputs("; required", to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *help_left(const struct option *o, enum as as)
{
	static const struct {
		const char *before, *between;
	} forms[] = {
		[AS_OPTION] = { "--", " " },
		[AS_PROPERTY] = { "", "=" },
		[AS_KEY] = { "", ": " },
		[AS_PAIR] = { "", " " },
	};
	char shape[120];
	char *text;

	option_shape(o, shape, sizeof(shape));
	if (!*shape && as != AS_OPTION)
		strcpy(shape, "0|1");
	if (asprintf(&text, "%s%s%s%s%s", forms[as].before, o->name, o->count ? "[n]" : "",
		     *shape ? forms[as].between : "", shape) < 0)
		return NULL;
	return text;
}

/* ---- lines ---- */

/* A paragraph each line of @text that is not empty. */
static void put_paragraphs(const char *text, FILE *to)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		auto_free char *one = strndup(text, n);

		fputc('\n', to);
		put_wrapped(one ? one : "", 0, 0, to);
		text += n + strspn(text + n, "\n");
	}
}

static void put_row(const char *left, const char *right, size_t width, FILE *to)
{
	size_t n = strlen(left);

	fprintf(to, "  %s", left);
	if (n > width)
		fprintf(to, "\n%*s", (int)width + 4, "");
	else
		fprintf(to, "%*s", (int)(width + 2 - n), "");
	put_wrapped(right, width + 4, width + 4, to);
}

static void widen(size_t *width, const char *left)
{
	size_t n = strlen(left);

	if (n <= LEFT_MAX && n > *width)
		*width = n;
}

/* ---- options ---- */

static void put_option(const struct option *o, enum as as, size_t width, FILE *to)
{
	auto_free char *left = help_left(o, as), *right = help_sentence(o);

	if (left && right)
		put_row(left, right, width, to);
}

static size_t width_of(const struct command *c)
{
	const struct option *o;
	size_t width = 0;

	for (size_t i = 0; (o = command_option(c, i)); i++) {
		auto_free char *left = help_left(o, AS_OPTION);

		widen(&width, left ? left : "");
	}
	return width;
}

/* Those that are keys, or those that are not. */
static void put_options(const struct command *c, bool of_keys, FILE *to)
{
	size_t width = width_of(c);
	const struct option *o;
	bool any = false;

	for (size_t i = 0; (o = command_option(c, i)); i++) {
		if (!help_key(o) == of_keys)
			continue;
		if (!any)
			fputs(of_keys ? "\nKeys of the configuration:\n" : "\nOptions:\n", to);
		any = true;
		put_option(o, AS_OPTION, width, to);
	}
}

/* What "<value>,..." stands for is on a page of its own. */
static void put_more(const struct command *c, FILE *to)
{
	auto_free char *text = NULL;
	const struct option *o;
	size_t size;
	FILE *names = open_memstream(&text, &size);

	for (size_t i = 0; names && (o = command_option(c, i)); i++)
		if (o->properties)
			fprintf(names, "%s%s", ftell(names) ? ", " : "", o->name);
	if (!names || fclose(names) != 0 || !size)
		return;
	fputc('\n', to);
	fprintf(to, "'pct help %s net' shows what a net[n] is made of; likewise for each of:\n",
		c->name);
	put_wrapped(text, 0, 0, to);
}

void help_command(const struct command *c, FILE *to)
{
	fprintf(to, "usage: pct %s%s%s%s\n\n", c->name, *c->args ? " " : "", c->args,
		command_option(c, 0) ? " [options]" : "");
	fprintf(to, "%s.\n", c->help);
	if (c->more)
		put_paragraphs(c->more, to);
	put_options(c, false, to);
	put_options(c, true, to);
	if (c->takes_keys)
		put_more(c, to);
}

const struct option *help_find(const struct command *c, const char *name)
{
	const struct option *o;

	name += strspn(name, "-");
	for (size_t i = 0; (o = command_option(c, i)); i++)
		if (option_is(o, name, strlen(name)) || strcasecmp(o->name, name) == 0)
			return o;
	return NULL;
}

void help_option(const struct option *o, FILE *to)
{
	const struct key *k = help_key(o);
	auto_free char *left = help_left(o, AS_OPTION), *right = help_sentence(o);
	size_t width = 0;

	if (!left || !right)
		return;
	fprintf(to, "%s\n\n", left);
	put_wrapped(right, 0, 0, to);
	if (k)
		put_wrapped(help_hotplug(k), 0, 0, to);
	for (const struct option *p = o->properties; p && p->name; p++) {
		auto_free char *of = help_left(p, AS_PROPERTY);

		widen(&width, of ? of : "");
	}
	if (o->properties)
		fputs("\nProperties, joined by ',':\n", to);
	for (const struct option *p = o->properties; p && p->name; p++)
		put_option(p, AS_PROPERTY, width, to);
}

/* ---- all commands ---- */

static char *usage_of(const struct command *c)
{
	char *text;

	return asprintf(&text, "%s%s%s", c->name, *c->args ? " " : "", c->args) < 0 ? NULL : text;
}

void help_all(FILE *to)
{
	size_t width = 0;

	fputs("usage: pct <command> [args] [options]\n\n", to);
	for (size_t i = 0; i < n_commands; i++) {
		auto_free char *left = usage_of(commands[i]);

		if (!commands[i]->hidden)
			widen(&width, left ? left : "");
	}
	for (size_t i = 0; i < n_commands; i++) {
		auto_free char *left = usage_of(commands[i]);

		if (left && !commands[i]->hidden)
			put_row(left, commands[i]->help, width, to);
	}
	fputs("\n'pct help <command>' shows the options of one.\n", to);
	for (size_t i = 0; i < n_notes; i++)
		put_paragraphs(notes[i].text, to);
	fputs("\nTemplates that pct makes itself:\n", to);
	width = 0;
	for (size_t i = 0; i < n_templates; i++)
		widen(&width, templates[i].name);
	for (size_t i = 0; i < n_templates; i++)
		put_row(templates[i].name, templates[i].help, width, to);
}
