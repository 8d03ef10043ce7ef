// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/words.h"

#define OWN "--pct-"

/* Options whose value is the next word, for the rest need not be known. */
static const char before_command[] = "root log log-format log-level criu rootless cgroup-manager";

#define MAKING "bundle b console-socket pid-file preserve-fds"
#define IMAGE  "empty-ns image-path lsm-mount-context lsm-profile manage-cgroups-mode work-path"

// clang-format off
static const struct {
	const char *name;
	enum makes makes;
	const char *values;
	bool many; /* the id can be a pattern, with --regex */
	bool sub;  /* a word comes before the id */
} commands[] = {
	{ "create",     MAKES,    MAKING " config f", false, false },
	{ "run",        MAKES,    MAKING " config f", false, false },
	{ "restore",    RESTORES, MAKING " " IMAGE, false, false },
	{ "start",      MAKES_NO, "", false, false },
	{ "state",      MAKES_NO, "", false, false },
	{ "kill",       MAKES_NO, "", true,  false },
	{ "delete",     MAKES_NO, "", true,  false },
	{ "pause",      MAKES_NO, "", false, false },
	{ "resume",     MAKES_NO, "", false, false },
	{ "mounts",     MAKES_NO, "", false, true },
	{ "ps",         MAKES_NO, "format f", false, false },
	{ "events",     MAKES_NO, "interval", false, false },
	{ "exec",       MAKES_NO, "additional-gids g apparmor cap c cgroup console-socket cwd env e pid-file "
				  "preserve-fds process p process-label user u", false, false },
	{ "checkpoint", MAKES_NO, IMAGE " page-server parent-path status-fd", false, false },
	{ "update",     MAKES_NO, "blkio-weight cpu-idle cpu-period cpu-quota cpu-rt-period cpu-rt-runtime "
				  "cpu-share cpuset-cpus cpuset-mems kernel-memory kernel-memory-tcp "
				  "l3-cache-schema mem-bw-schema memory memory-reservation memory-swap "
				  "pids-limit resources r", false, false },
};
// clang-format on

/* "--name", "-name" or "--name=value": the name's length; 0: no option. */
static size_t name_of(const char *word, const char **name)
{
	if (word[0] != '-' || !word[1])
		return 0;
	*name = word + (word[1] == '-' ? 2 : 1);
	return strcspn(*name, "=");
}

static bool is_one_of(const char *list, const char *name, size_t n)
{
	while (*list) {
		size_t len = strcspn(list, " ");

		if (len == n && strncmp(list, name, n) == 0)
			return true;
		list += len + (list[len] == ' ');
	}
	return false;
}

/*
 * The option at argv[*i] with its value; *i is then the next word's. The value of one that is
 * among @wanted goes to *value.
 */
static void option(char *const argv[], size_t *i, const char *values, const char *wanted,
		   const char **value)
{
	const char *word = argv[(*i)++], *name = "", *its = NULL;
	size_t n = name_of(word, &name);

	if (name == word + 1 && !is_one_of(values, name, n) && is_one_of(values, name, 1))
		its = name + 1, n = 1; /* "-b/x", as argp has it */
	else if (name[n] == '=')
		its = name + n + 1;
	else if (is_one_of(values, name, n) && argv[*i])
		its = argv[(*i)++];
	if (its && is_one_of(wanted, name, n))
		*value = its;
}

static size_t to_command(char *const argv[], const char **root)
{
	const char *name;
	size_t i = argv[0] ? 1 : 0;

	while (argv[i] && name_of(argv[i], &name) > 0)
		option(argv, &i, before_command, "root", root);
	return i;
}

/* Those of pct-launch. */
static bool launch_word(char *option, struct own_words *own)
{
	static const char *const known[] = { "strict", "fast", "cpus=fixed", "cpus=live" };
	size_t i = 0;

	while (i < ARRAY_LEN(known) && strcmp(known[i], option + strlen(OWN)) != 0)
		i++;
	if (i == ARRAY_LEN(known) || own->n_launch == ARRAY_LEN(own->launch))
		return false;
	own->strict |= i == 0;
	option += strlen(OWN) - 2; /* "--pct-strict" to "--strict" */
	option[0] = '-';
	own->launch[own->n_launch++] = option;
	return true;
}

/* "PATH" of "--pct-NAME=PATH". */
static const char *value_of(const char *option, const char *name)
{
	size_t n = strlen(name);

	option += strlen(OWN);
	return strncmp(option, name, n) == 0 && option[n] == '=' && option[n + 1] ? option + n + 1
										  : NULL;
}

static bool own_word(char *option, struct own_words *own)
{
	const char *runtime = value_of(option, "runtime"), *socket = value_of(option, "socket");

	own->runtime = runtime ? runtime : own->runtime;
	own->socket = socket ? socket : own->socket;
	if (runtime || socket)
		return true;
	if (strcmp(option, OWN "no-time") == 0)
		return own->no_time = true;
	if (strcmp(option, OWN "help") == 0)
		return own->help = true;
	return launch_word(option, own);
}

int words_take(char *argv[], struct own_words *own, const char **bad)
{
	const char *none = "";
	size_t end = to_command(argv, &none), to = 1;

	*own = (struct own_words){ 0 };
	if (end == 0)
		return 0;
	for (size_t i = 1, next = 1; i < end; i = next) {
		option(argv, &next, before_command, "", &none);
		if (strncmp(argv[i], OWN, strlen(OWN)) != 0) {
			while (i < next)
				argv[to++] = argv[i++];
		} else if (!own_word(argv[i], own)) {
			*bad = argv[i];
			return -EINVAL;
		}
	}
	while ((argv[to++] = argv[end]))
		end++;
	return 0;
}

/* "--regex", as short as argp takes it: "--re", "-fr". */
static bool is_regex(const char *word)
{
	const char *name = "";
	size_t n = name_of(word, &name);

	return name == word + 2 ? strncmp(name, "regex", n) == 0
				: strspn(name, "afr") == n && memchr(name, 'r', n);
}

/* What an option of that command says of the container. */
static void its_option(char *const argv[], size_t *i, size_t row, struct call *c)
{
	const char *values = commands[row].values;
	size_t at = *i;

	c->many |= commands[row].many && is_regex(argv[*i]);
	option(argv, i, values, "bundle b", &c->bundle);
	if (c->makes != MAKES_NO)
		option(argv, &at, values, "config f", &c->config);
}

const struct own_help own_help[] = {
	{ "--pct-runtime=NAME", "go on with that program: in PATH, or a path of its own" },
	{ "--pct-no-time", "leave them the host's boot clock" },
	{ "--pct-strict", "a container whose views cannot be attached does not start" },
	{ "--pct-cpus=WORD, --pct-fast, --pct-socket=PATH", "as pct-launch has them" },
	{ "--pct-help", "this text" },
};
const size_t n_own_help = ARRAY_LEN(own_help);

void words_read(char *const argv[], struct call *out)
{
	struct call c = { .bundle = ".", .root = "" };
	size_t i = to_command(argv, &c.root), row = 0;
	bool options = true, sub;

	while (argv[i] && row < ARRAY_LEN(commands) && strcmp(commands[row].name, argv[i]) != 0)
		row++;
	if (argv[i] && row < ARRAY_LEN(commands)) {
		c.command = argv[i++];
		c.makes = commands[row].makes;
	}
	sub = c.command && commands[row].sub;
	while (c.command && argv[i] && (!c.id || c.makes != MAKES_NO)) {
		const char *name;

		if (options && name_of(argv[i], &name) > 0)
			its_option(argv, &i, row, &c);
		else if (options && strcmp(argv[i], "--") == 0)
			options = false, i++;
		else if (!c.id && !sub)
			c.id = argv[i++];
		else
			sub = false, i++;
	}
	*out = c;
}
