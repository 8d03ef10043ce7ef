// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <stdarg.h>

#include "base/base.h"
#include "pct/cli/args.h"
#include "pct/paths.h"

/* One pass over the words. */
struct parse {
	struct args *a;
	char **word; /* the next one; NULL at the end */
	FILE *wrong;
	int n_wrong;
	bool lost; /* an unknown option was passed: which word is whose is not clear any more */
	const struct option *bare; /* a bool without a value is what came just before */
	/* The first word that came after such a one: of all that may be too many, this one is. */
	const struct option *doubtful;
	const char *doubtful_word;
};

static FORMAT(2, 3) void wrong(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (p->n_wrong++)
		fputs("; ", p->wrong);
	vfprintf(p->wrong, fmt, ap);
	va_end(ap);
}

const struct option *args_option(const struct command *c, const char *name, size_t n)
{
	const struct option *o, *found = NULL;
	bool clear = true;

	for (size_t i = 0; (o = command_option(c, i)); i++) {
		if (option_is(o, name, n))
			return o;
		if (o->count || strncasecmp(o->name, name, n) != 0)
			continue;
		clear = !found;
		found = o;
	}
	return clear ? found : NULL;
}

/* Likewise; says itself what is wrong. */
static const struct option *find(struct parse *p, const char *name, size_t n)
{
	const struct option *o = args_option(p->a->command, name, n);
	char several[200] = "";
	size_t have = 0;

	if (o)
		return o;
	for (size_t i = 0; (o = command_option(p->a->command, i)); i++)
		if (!o->count && strncasecmp(o->name, name, n) == 0 && have < sizeof(several))
			have += (size_t)snprintf(several + have, sizeof(several) - have, "%s--%s",
						 have ? ", " : "", o->name);
	if (have)
		wrong(p, "'--%.*s' may be %s", (int)n, name, several);
	else
		wrong(p, "there is no option '--%.*s'", (int)MIN(n, (size_t)40), name);
	return NULL;
}

/* In lower case: "NET0" is "net0". */
static void name_of(const struct option *o, const char *word, size_t n, char out[OPTION_NAME])
{
	size_t stem = strlen(o->name);

	snprintf(out, OPTION_NAME, "%s%.*s", o->name, o->count ? (int)(n - stem) : 0,
		 o->count ? word + stem : "");
}

static struct given *find_given(struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].name, name) == 0)
			return &a->given[i];
	return NULL;
}

static void give(struct parse *p, const struct option *o, const char *name, const char *text)
{
	char why[OPTION_WHY] = "memory is out";
	struct given *g = find_given(p->a, name);
	auto_free char *both = NULL;
	char *value = NULL;

	if (g && o->type != OPTION_LIST) {
		wrong(p, "%s: given twice", name);
		return;
	}
	if (g && asprintf(&both, "%s%.1s%s", g->value, o->separators, text) < 0)
		both = NULL;
	if (option_take(o, both ? both : text, &value, why) < 0) {
		wrong(p, "%s: %s", name, why);
		return;
	}
	if (!g) {
		g = &p->a->given[p->a->n_given++];
		g->option = o;
		snprintf(g->name, sizeof(g->name), "%s", name);
	}
	free(g->value);
	g->value = value;
}

/* p->word is at "-x", "--x" or "--x=value"; it moves past what belongs to it. */
static void take_option(struct parse *p)
{
	const char *name = *p->word++;
	const char *equals, *value;
	const struct option *o;
	char its[OPTION_NAME];
	bool ignored;
	size_t n;

	p->bare = NULL;
	name += name[1] == '-' ? 2 : 1;
	equals = strchr(name, '=');
	n = equals ? (size_t)(equals - name) : strlen(name);
	o = find(p, name, n);
	value = equals ? equals + 1 : NULL;
	if (!o) {
		p->lost = true;
		return;
	}
	name_of(o, name, n, its);
	if (o->type == OPTION_BOOL) {
		if (!value && *p->word && option_bool(*p->word, &ignored))
			value = *p->word++;
		p->bare = value ? NULL : o;
		if (!value)
			value = "1";
	} else if (!value) {
		if (o->asked && (!*p->word || **p->word == '-'))
			value = "";
		else if (*p->word && strncmp(*p->word, "--", 2) != 0)
			value = *p->word++;
		if (!value) {
			wrong(p, "%s: needs a value", its);
			return;
		}
	}
	give(p, o, its, value);
}

#define NO_BOOL "'%.40s' is neither 1 (on, yes, true) nor 0 (off, no, false)"

static void take_word(struct parse *p)
{
	struct args *a = p->a;
	const struct option *bare = take_ptr(p->bare);
	const char *word = *p->word++;

	if (a->command->vmid && a->vmid == 0 && a->argc == 0) {
		if (vmid_parse(word, &a->vmid) || p->lost)
			return;
		if (bare) {
			wrong(p, "%s: " NO_BOOL ", and no VMID: a number from %u to %u", bare->name,
			      word, VMID_MIN, VMID_MAX);
			p->lost = true;
			return;
		}
		wrong(p, "'%.40s' is not a VMID: a number from %u to %u", word, VMID_MIN, VMID_MAX);
		a->vmid = UINT32_MAX;
		return;
	}
	if (bare && !p->doubtful) {
		p->doubtful = bare;
		p->doubtful_word = word;
	}
	a->argv[a->argc++] = word;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
}

static int take_all(struct parse *p)
{
	bool words_only = false;

	while (*p->word) {
		bool option = !words_only && is_option(*p->word);

		if (option && strcmp(*p->word, "--") == 0) {
			words_only = true;
			p->bare = NULL;
			p->word++;
		} else if (option && asks_for_help(*p->word)) {
			return ARGS_HELP;
		} else if (option) {
			take_option(p);
		} else {
			take_word(p);
			/* The first word of somebody else's command ends our options too. */
			words_only = words_only || (p->a->command->passes && p->a->argc > 0);
		}
	}
	return 0;
}

static void check_count(struct parse *p)
{
	const struct command *c = p->a->command;
	int n = p->a->argc + (c->vmid && p->a->vmid != 0);

	if (p->lost)
		return;
	if (n < c->min_args)
		wrong(p, "needs %s", c->args);
	if (c->max_args >= 0 && n > c->max_args && p->doubtful)
		wrong(p, "%s: " NO_BOOL ", and as a word of its own it is one too many",
		      p->doubtful->name, p->doubtful_word);
	else if (c->max_args >= 0 && n > c->max_args)
		wrong(p, "'%.40s' is one word too many",
		      p->a->argv[p->a->argc - (n - c->max_args)]);
}

int args_parse(const struct command *c, int argc, char *argv[], struct args *out, char **wrong)
{
	struct parse p = { .a = out, .word = argv };
	auto_free char *text = NULL;
	size_t size;
	int r;

	*out = (struct args){ .command = c };
	out->argv = calloc((size_t)argc + 1, sizeof(*out->argv));
	out->given = calloc((size_t)argc + 1, sizeof(*out->given));
	p.wrong = open_memstream(&text, &size);
	if (!out->argv || !out->given || !p.wrong) {
		if (p.wrong)
			fclose(p.wrong);
		return -ENOMEM;
	}
	r = take_all(&p);
	if (r == 0)
		check_count(&p);
	fclose(p.wrong);
	if (r == 0 && p.n_wrong) {
		*wrong = take_ptr(text);
		r = -EINVAL;
	}
	return r;
}

void args_free(struct args *a)
{
	for (size_t i = 0; i < a->n_given; i++)
		free(a->given[i].value);
	free(a->given);
	free(a->argv);
	*a = (struct args){ 0 };
}

const char *args_value(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].name, name) == 0)
			return a->given[i].value;
	return NULL;
}

bool args_bool(const struct args *a, const char *name)
{
	const char *value = args_value(a, name);

	return value && strcmp(value, "1") == 0;
}

bool args_json(const struct args *a)
{
	const char *format = args_value(a, "output-format");

	return format && strcmp(format, "json") == 0;
}
