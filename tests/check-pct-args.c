// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The command line of pct: what is taken, how it is kept, and how what is wrong is named.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/cli/args.h"
#include "pct/conf/keys.h"

#define WORDS 12

/* Words after the command, and what they come to: "vmid|words|options". */
static const struct {
	const struct command *command;
	const char *words[WORDS];
	const char *taken;
} good[] = {
	{ &cmd_create, { "100", "t" }, "100|t|" },
	{ &cmd_create, { "-memory", "512", "100", "t" }, "100|t|memory=512" },
	{ &cmd_create, { "100", "--memory", "512", "t" }, "100|t|memory=512" },
	{ &cmd_create, { "100", "t", "--memory=512", "-swap=0" }, "100|t|memory=512 swap=0" },
	{ &cmd_create, { "100", "t", "-mem", "512" }, "100|t|memory=512" },
	{ &cmd_create, { "100", "t", "--MEMORY", "512" }, "100|t|memory=512" },
	{ &cmd_create, { "100", "t", "--memory", "0512" }, "100|t|memory=512" },
	{ &cmd_create, { "100", "t", "--cpulimit", "0.50" }, "100|t|cpulimit=0.5" },
	{ &cmd_create, { "100", "t", "--cpulimit", "2.0" }, "100|t|cpulimit=2" },
	{ &cmd_create, { "100", "t", "--hostname", "a-1.b" }, "100|t|hostname=a-1.b" },
	{ &cmd_create, { "100", "t", "--unprivileged", "no" }, "100|t|unprivileged=0" },
	{ &cmd_create, { "100", "t", "--unprivileged", "TRUE" }, "100|t|unprivileged=1" },
	{ &cmd_create, { "--unprivileged", "100", "t" }, "100|t|unprivileged=1" },
	{ &cmd_create, { "100", "--", "-t" }, "100|-t|" },
	{ &cmd_create, { "100", "-" }, "100|-|" },
	{ &cmd_create, { "100", "t", "--description", "a\nb" }, "100|t|description=a\nb" },
	{ &cmd_create, { "999999999", "t" }, "999999999|t|" },
	{ &cmd_create, { "100", "t", "--tags", "b,a", "--tags", "a" }, "100|t|tags=a;b" },
	{ &cmd_create,
	  { "100", "t", "--nameserver", "1.1.1.1", "--nameserver=::1" },
	  "100|t|nameserver=1.1.1.1 ::1" },
	{ &cmd_create,
	  { "100", "t", "--NET31", "ip=dhcp,name=eth0,firewall=yes,bridge=b" },
	  "100|t|net31=name=eth0,bridge=b,firewall=1,ip=dhcp" },
	{ &cmd_create,
	  { "100", "t", "--mp0", "mp=/a,volume=/x=y", "--mp10", "local:4,mp=/b" },
	  "100|t|mp0=/x=y,mp=/a mp10=local:4,mp=/b" },
	{ &cmd_create,
	  { "100", "t", "--mp0", "mp=/a,volume=store:x=y" },
	  "100|t|mp0=volume=store:x=y,mp=/a" },
	{ &cmd_create, { "100", "t", "--startup", "up=5,3" }, "100|t|startup=3,up=5" },
	{ &cmd_set, { "100", "--delete", "tags net0" }, "100||delete=tags,net0" },
	{ &cmd_config, { "100", "--output", "json" }, "100||output-format=json" },
	{ &cmd_destroy, { "--force", "100" }, "100||force=1" },
	{ &cmd_destroy, { "--force", "1", "100" }, "100||force=1" },
	{ &cmd_destroy, { "--force=0", "100" }, "100||force=0" },
	{ &cmd_destroy, { "100", "-f" }, "100||force=1" },
	{ &cmd_status, { "100", "--v", "on" }, "100||verbose=1" },
	{ &cmd_exec, { "100", "--", "ls", "-la" }, "100|ls -la|" },
	{ &cmd_exec, { "100", "ls", "-la", "--" }, "100|ls -la --|" },
	{ &cmd_exec, { "100", "--", "--", "x" }, "100|-- x|" },
	{ &cmd_exec, { "100", "sh", "--help" }, "100|sh --help|" },
	{ &cmd_exec, { "-n", "100", "--", "-n" }, "100|-n|n=1" },
	{ &cmd_exec, { "100", "--env", "A=1", "--env=B=x y", "env" }, "100|env|env=A=1\nB=x y" },
	{ &cmd_exec, { "100", "--keep-env", "0", "env" }, "100|env|keep-env=0" },
	{ &cmd_push, { "100", "-r", "a", "/b" }, "100|a /b|recursive=1" },
	{ &cmd_push, { "100", "-", "/b", "-perms", "0644" }, "100|- /b|perms=0644" },
	{ &cmd_pull, { "100", "/b", "-" }, "100|/b -|" },
	{ &cmd_console, { "100", "--escape", "^b", "-t", "0" }, "100||escape=^b tty=0" },
	{ &cmd_top, { "--once", "--json", "--sort", "mem" }, "0||once=1 json=1 sort=mem" },
};

/* What the answer must name, each of it. */
static const struct {
	const struct command *command;
	const char *words[WORDS];
	const char *named[4];
} bad[] = {
	{ &cmd_start, { NULL }, { "needs <vmid>" } },
	{ &cmd_start, { "99" }, { "'99' is not a VMID" } },
	{ &cmd_start, { "1000000000" }, { "'1000000000' is not a VMID" } },
	{ &cmd_start, { "0100" }, { "'0100' is not a VMID" } },
	{ &cmd_start, { "+100" }, { "'+100' is not a VMID" } },
	{ &cmd_start, { "100 " }, { "is not a VMID" } },
	{ &cmd_start, { "100x" }, { "is not a VMID" } },
	{ &cmd_start, { "" }, { "is not a VMID" } },
	{ &cmd_start, { "100", "101" }, { "'101' is one word too many" } },
	{ &cmd_start, { "100", "--force" }, { "there is no option '--force'" } },
	{ &cmd_start, { "100", "-5" }, { "there is no option '--5'" } },
	{ &cmd_exec, { "100" }, { "needs <vmid> -- <command>" } },
	{ &cmd_exec, { "100", "-la" }, { "there is no option '--la'" } },
	{ &cmd_create, { "100" }, { "needs <vmid> <template>" } },
	{ &cmd_create, { "100", "t", "--memory" }, { "memory: needs a value" } },
	{ &cmd_create, { "100", "t", "--memory", "--swap", "5" }, { "memory: needs a value" } },
	{ &cmd_create, { "100", "t", "--memory", "15" }, { "memory: '15'", "16" } },
	{ &cmd_create, { "100", "t", "--memory", "-5" }, { "memory: '-5'" } },
	{ &cmd_create, { "100", "t", "--memory", "512M" }, { "memory: '512M'" } },
	{ &cmd_create, { "100", "t", "--memory", "1.5" }, { "memory: '1.5'" } },
	{ &cmd_create, { "100", "t", "--memory", "" }, { "memory: ''" } },
	{ &cmd_create, { "100", "t", "--memory", "0x200" }, { "memory: '0x200'" } },
	{ &cmd_create, { "100", "t", "--memory", "99999999999999999999" }, { "memory: '9999" } },
	{ &cmd_create, { "100", "t", "--memory", "5", "--memory", "512" }, { "memory: '5'" } },
	{ &cmd_create, { "100", "t", "--swap", "1", "--swap", "2" }, { "swap: given twice" } },
	{ &cmd_create, { "100", "t", "--cores", "0" }, { "cores: '0'" } },
	{ &cmd_create, { "100", "t", "--cores", "8193" }, { "cores: '8193'" } },
	{ &cmd_create, { "100", "t", "--cpulimit", "8192.1" }, { "cpulimit: '8192.1'" } },
	{ &cmd_create, { "100", "t", "--cpulimit", "1." }, { "cpulimit: '1.'" } },
	{ &cmd_create, { "100", "t", "--cpulimit", ".5" }, { "cpulimit: '.5'" } },
	{ &cmd_create, { "100", "t", "--cpulimit", "1e3" }, { "cpulimit: '1e3'" } },
	{ &cmd_create, { "100", "t", "--cpuunits", "500001" }, { "cpuunits: '500001'" } },
	{ &cmd_create, { "100", "t", "--hostname", "-a" }, { "hostname: '-a'" } },
	{ &cmd_create, { "100", "t", "--hostname", "a-" }, { "hostname: 'a-'" } },
	{ &cmd_create, { "100", "t", "--hostname", "a..b" }, { "hostname: 'a..b'" } },
	{ &cmd_create, { "100", "t", "--hostname", "a b" }, { "hostname: 'a b'" } },
	{ &cmd_create, { "100", "t", "--hostname", "a\nlxc.hook: b" }, { "hostname: control" } },
	{ &cmd_create, { "100", "t", "--hostname", "" }, { "hostname: is empty" } },
	{ &cmd_create, { "100", "t", "--unprivileged=100" }, { "unprivileged: '100'" } },
	{ &cmd_create,
	  { "100", "t", "--unprivileged", "maybe" },
	  { "unprivileged: 'maybe' is neither 1", "as a word of its own it is one too many" } },
	{ &cmd_create,
	  { "100", "--unprivileged", "maybe", "t" },
	  { "unprivileged: 'maybe' is neither 1" } },
	{ &cmd_create,
	  { "--unprivileged", "maybe", "100", "t", "--memory", "4" },
	  { "unprivileged: 'maybe' is neither 1", "and no VMID", "memory: '4'" } },
	{ &cmd_create,
	  { "100", "t", "--unprivileged", "--", "u" },
	  { "'u' is one word too many" } },
	{ &cmd_create,
	  { "100", "t", "--unprivileged", "--cores", "1", "u" },
	  { "'u' is one word too many" } },
	{ &cmd_destroy, { "--force", "99" }, { "force: '99' is neither 1", "no VMID: a number" } },
	{ &cmd_create, { "100", "t", "--ostype", "redhat" }, { "ostype: 'redhat'", "debian" } },
	{ &cmd_create, { "100", "t", "--arch", "vax" }, { "arch: 'vax'", "amd64" } },
	{ &cmd_create, { "100", "t", "--tags", "A" }, { "tags: 'A'" } },
	{ &cmd_create, { "100", "t", "--tags", ";" }, { "tags: is empty" } },
	{ &cmd_create, { "100", "t", "--net", "name=a" }, { "there is no option '--net'" } },
	{ &cmd_create, { "100", "t", "--net32", "name=a" }, { "there is no option '--net32'" } },
	{ &cmd_create, { "100", "t", "--net01", "name=a" }, { "there is no option '--net01'" } },
	{ &cmd_create, { "100", "t", "--net0", "bridge=b" }, { "net0: name is missing" } },
	{ &cmd_create,
	  { "100", "t", "--net0", "eth0" },
	  { "net0: 'eth0' is not 'property=value'" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a,x=1" }, { "no property 'x'" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a,name=b" }, { "name is given twice" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a,tag=4095" }, { "net0: tag: '4095'" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a,ip=1.2.3.4" }, { "net0: ip: '1.2.3.4'" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a,hwaddr=01:00:00:00:00:00" }, { "hwaddr:" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a/b" }, { "net0: name: 'a/b'" } },
	{ &cmd_create, { "100", "t", "--net0", "name=a", "--net0", "name=b" }, { "given twice" } },
	{ &cmd_create, { "100", "t", "--mp0", "/x,mp=/a/../b" }, { "mp0: mp: '/a/../b'" } },
	{ &cmd_create, { "100", "t", "--dev0", "/etc/passwd" }, { "dev0: path: '/etc/passwd'" } },
	{ &cmd_create, { "100", "t", "--nameserver", "1.2.3" }, { "nameserver: '1.2.3'" } },
	{ &cmd_create, { "100", "t", "--env", "A=b\t" }, { "env: 'A=b", "ends with a blank" } },
	{ &cmd_create, { "100", "t", "--features", "all=1" }, { "no property 'all'" } },
	{ &cmd_set, { "100", "--delete", "colour" }, { "delete: 'colour' is not a key" } },
	{ &cmd_set, { "100", "--delete", "lock" }, { "delete: 'lock' is not a key" } },
	{ &cmd_create, { "100", "t", "--entrypoint", "init" }, { "entrypoint: 'init'" } },
	{ &cmd_create, { "100", "t", "--lock", "x" }, { "there is no option '--lock'" } },
	{ &cmd_create, { "100", "t", "--entrypoint", "/bin/sh -c 'x" }, { "quotes are closed" } },
	{ &cmd_create, { "100", "t", "--lock", "create" }, { "there is no option '--lock'" } },
	{ &cmd_create, { "100", "t", "--o", "1" }, { "'--o' may be --onboot, --ostype" } },
	{ &cmd_create,
	  { "99", "t", "--memory", "4", "--cores=0", "--hostname", "!" },
	  { "'99'", "memory: '4'", "cores: '0'", "hostname: '!'" } },
};

static int parse(const struct command *c, const char *const *words, struct args *a, char **wrong)
{
	char *argv[WORDS + 1] = { NULL };
	int n = 0;

	for (; n < WORDS && words[n]; n++)
		argv[n] = (char *)words[n];
	return args_parse(c, n, argv, a, wrong);
}

START_TEST(takes_words_and_options_in_any_order)
{
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *wrong = NULL;
	char taken[256];
	int n;

	ck_assert_int_eq(parse(good[_i].command, good[_i].words, &a, &wrong), 0);
	n = snprintf(taken, sizeof(taken), "%u|", a.vmid);
	for (int i = 0; i < a.argc; i++)
		n += sprintf(taken + n, "%s%s", i ? " " : "", a.argv[i]);
	taken[n++] = '|';
	taken[n] = '\0';
	for (size_t i = 0; i < a.n_given; i++)
		n += sprintf(taken + n, "%s%s=%s", i ? " " : "", a.given[i].name, a.given[i].value);
	ck_assert_str_eq(taken, good[_i].taken);
}
END_TEST

START_TEST(names_everything_that_is_wrong)
{
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *wrong = NULL;

	ck_assert_int_eq(parse(bad[_i].command, bad[_i].words, &a, &wrong), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(bad[_i].named) && bad[_i].named[i]; i++)
		ck_assert_msg(strstr(wrong, bad[_i].named[i]), "no \"%s\" in \"%s\"",
			      bad[_i].named[i], wrong);
}
END_TEST

START_TEST(shows_help_where_it_is_asked_for)
{
	static const char *const words[][WORDS] = { { "--help" },
						    { "100", "-h" },
						    { "--memory", "4", "--help" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		CLEANUP(args_free) struct args a = { 0 };
		auto_free char *wrong = NULL;

		ck_assert_int_eq(parse(&cmd_create, words[i], &a, &wrong), ARGS_HELP);
	}
}
END_TEST

START_TEST(names_one_unknown_option_and_not_the_words_around_it)
{
	static const char *const words[] = { "100", "t", "--foo", "5", NULL };
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *wrong = NULL;

	ck_assert_int_eq(parse(&cmd_create, words, &a, &wrong), -EINVAL);
	ck_assert_str_eq(wrong, "there is no option '--foo'");
}
END_TEST

START_TEST(finds_a_command_by_a_clear_beginning)
{
	const struct command *c = NULL;
	auto_free char *names = NULL;

	ck_assert_int_eq(command_find("lists", &c, NULL), 0);
	ck_assert_ptr_eq(c, &cmd_listsnapshot);
	ck_assert_int_eq(command_find("list", &c, NULL), 0);
	ck_assert_ptr_eq(c, &cmd_list);
	ck_assert_int_eq(command_find("stop", &c, NULL), 0);
	ck_assert_ptr_eq(c, &cmd_stop);
	ck_assert_int_eq(command_find("st", &c, &names), -ENOTUNIQ);
	ck_assert_str_eq(names, "start, startall, status, stop, stopall, storage");
	ck_assert_int_eq(command_find("LIST", &c, NULL), -ENOENT);
	ck_assert_int_eq(command_find("listx", &c, NULL), -ENOENT);
	ck_assert_int_eq(command_find("", &c, NULL), -ENOTUNIQ);
}
END_TEST

START_TEST(has_every_row_filled_in)
{
	for (size_t i = 0; i < n_commands; i++) {
		const struct option *o;

		ck_assert_ptr_nonnull(commands[i]->run);
		ck_assert_ptr_nonnull(commands[i]->args);
		ck_assert_ptr_nonnull(commands[i]->help);
		ck_assert_int_le((int)strlen(commands[i]->name), 13);
		for (size_t k = 0; (o = command_option(commands[i], k)); k++) {
			ck_assert_ptr_nonnull(o->help);
			ck_assert(o->type != OPTION_WORD || o->words);
			ck_assert(o->type == OPTION_BOOL || o->type == OPTION_WORD ||
				  o->type == OPTION_PROPERTIES || o->max >= o->min);
		}
	}
}
END_TEST

START_TEST(keeps_what_create_writes_within_the_keys_own_rules)
{
	for (size_t i = 0; i < n_keys; i++) {
		const char *values[] = { keys[i].created, keys[i].fallback };

		if (i)
			ck_assert_str_lt(keys[i - 1].option.name, keys[i].option.name);
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			auto_free char *kept = NULL;
			char why[OPTION_WHY];

			if (!values[v])
				continue;
			ck_assert_int_eq(option_take(&keys[i].option, values[v], &kept, why), 0);
			ck_assert_str_eq(kept, values[v]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct args");
	TCase *t = tcase_create("args");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, takes_words_and_options_in_any_order, 0, ARRAY_LEN(good));
	tcase_add_loop_test(t, names_everything_that_is_wrong, 0, ARRAY_LEN(bad));
	tcase_add_test(t, shows_help_where_it_is_asked_for);
	tcase_add_test(t, names_one_unknown_option_and_not_the_words_around_it);
	tcase_add_test(t, finds_a_command_by_a_clear_beginning);
	tcase_add_test(t, has_every_row_filled_in);
	tcase_add_test(t, keeps_what_create_writes_within_the_keys_own_rules);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
