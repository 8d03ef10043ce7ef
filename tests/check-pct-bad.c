// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bad input, made from the key table: every kind of wrong value of every option, property and
 * list; what a file may say; and that nothing that is taken can bring a line of its own.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/cli/args.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/ct/lxcconf.h"

#define LONG	(1u << 20)
#define ROUNDS	20000
#define WORDS	16
#define INJECT	"\nlxc.hook.pre-start = /bin/false"
#define CALLS	200
#define MESSAGE 900 /* main.c shows no more of it, and a line has 1024 */

static char long_text[LONG + 1], long_number[LONG + 1];

/*
 * A good value of each form there is: a key of a new one has its own here. What is derived from
 * them by chance may be good or bad.
 */
static const char *const seeds[] = {
	"lxc.prlimit.nofile=1024",
	"512",
	"1",
	"debian",
	"eth0",
	"vmbr0",
	"192.0.2.7/24",
	"192.0.2.1",
	"2001:db8::7/64",
	"2001:db8::1",
	"BC:24:11:00:00:01",
	"/sbin/init --x",
	"A=b c",
	"Europe/Vienna",
	"a",
	"local:100/subvol-100-disk-0.subvol",
	"/mnt/x",
	"/dev/fuse",
	"0660",
	"8G",
	"nfs",
	"u:0:100000:65536",
	"noatime",
	"15m",
	"last=3,daily=7",
	"onboot",
	"tags",
	"0123456789abcdef0123456789abcdef01234567",
};

/* A value that its row takes; NULL: seeds[] has none. */
static const char *good_value(const struct option *o)
{
	static char number[32];

	if (o->type == OPTION_WORD)
		return o->words[0];
	if (o->type == OPTION_INT || o->type == OPTION_NUMBER) {
		snprintf(number, sizeof(number), "%lld", (long long)o->min);
		return number;
	}
	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		auto_free char *kept = NULL;
		char why[OPTION_WHY];

		if (option_take(o, seeds[i], &kept, why) == 0)
			return seeds[i];
	}
	return NULL;
}

/* "name=eth0,mp=/x": all that must be there, but @without. */
static char *required(const struct option *o, const struct option *without)
{
	char *text = calloc(1, 4096), *to = text;

	for (const struct option *p = o->properties; p->name; p++)
		if (p->required && p != without)
			to += sprintf(to, "%s=%s,", p->name, good_value(p));
	return text;
}

/* ---- calls ---- */

static unsigned n_calls;

/* What a form alone would not show. */
static const struct {
	const char *name, *value, *where, *said;
} odd[] = {
	{ "dev0", "/dev/null", "path", "each container has its own" },
	{ "dev0", "/dev/pts/3,mode=0666", "path", "each container has its own" },
	{ "dev1", "/dev/console", "path", "each container has its own" },
	{ "net0", "name=eth0,hwaddr=00:00:00:00:00:00", "hwaddr", "the MAC address of one" },
	{ "net0", "name=eth0,hwaddr=01:00:5E:00:00:01", "hwaddr", "the MAC address of one" },
	{ "net0", "name=eth0,hwaddr=FF:FF:FF:FF:FF:FF", "hwaddr", "the MAC address of one" },
};

/* `pct set 100 --NAME=VALUE` is refused, by one line that names it, says @where and @said. */
static void refuses(const char *name, const char *value, const char *where, const char *said)
{
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *wrong = NULL, *word = NULL, *begin = NULL;
	char *argv[] = { "100", NULL, NULL };

	ck_assert(asprintf(&word, "--%s=%s", name, value) > 0);
	ck_assert(asprintf(&begin, "%s: ", name) > 0);
	argv[1] = word;
	ck_assert_msg(args_parse(&cmd_set, 2, argv, &a, &wrong) == -EINVAL, "%.80s is taken", word);
	ck_assert_msg(strncmp(wrong, begin, strlen(begin)) == 0, "%.80s: %s", word, wrong);
	ck_assert_msg(strlen(wrong) <= MESSAGE, "%.80s: %zu bytes", word, strlen(wrong));
	ck_assert_msg(strstr(wrong, where), "%.80s: %s (not: %s)", word, wrong, where);
	ck_assert_msg(!said || strstr(wrong, said), "%.80s: %s (not: %s)", word, wrong, said);
	n_calls++;
}

/* What may go wrong with a value: where it stands is @prefix@value. */
struct wrongs {
	const char *name;   /* of the option, "net0" */
	const char *prefix; /* "name=eth0,tag=" */
	const char *where;  /* "tag: ", which the answer names, too */
};

static void wrong_value(const struct wrongs *w, const char *value, const char *said)
{
	auto_free char *text = NULL;

	ck_assert(asprintf(&text, "%s%s", w->prefix, value) >= 0);
	refuses(w->name, text, w->where, said);
}

static void wrong_numbers(const struct wrongs *w, const struct option *o)
{
	static const char *const texts[] = { "",     " ",   "x",     "5x",   " 5",  "5 ",
					     "0x10", "1e3", "1.2.3", "1.",   ".5",  "+5",
					     "--5",  "5\n", "5\r",   "5\t",  "\n5", ("5" INJECT),
					     "nan",  "inf", "١",     "5\x7f" };
	char said[80], low[32], high[32];

	snprintf(said, sizeof(said), "number from %lld to %lld", (long long)o->min,
		 (long long)o->max);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		wrong_value(w, texts[i], said);
	snprintf(low, sizeof(low), "%lld", (long long)o->min - 1);
	snprintf(high, sizeof(high), "%lld", (long long)o->max + 1);
	wrong_value(w, low, said);
	wrong_value(w, high, said);
	wrong_value(w, "9223372036854775808", said);
	wrong_value(w, "18446744073709551617", said);
	wrong_value(w, long_number, said);
	if (o->type == OPTION_INT)
		wrong_value(w, "20.5", said);
}

static void wrong_words(const struct wrongs *w, const struct option *o)
{
	auto_free char *injected = NULL, *blank = NULL;

	ck_assert(asprintf(&injected, "%s" INJECT, o->words[0]) > 0);
	ck_assert(asprintf(&blank, "%s ", o->words[0]) > 0);
	wrong_value(w, "", "is none of:");
	wrong_value(w, "nothing", "is none of:");
	wrong_value(w, blank, "is none of:");
	wrong_value(w, injected, "is none of:");
	wrong_value(w, long_text, "is none of:");
}

static void wrong_bools(const struct wrongs *w)
{
	static const char *const texts[] = { "",   "2",	  "-1", "maybe",     "1 ",
					     " 1", "1\n", "01", ("1" INJECT) };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		wrong_value(w, texts[i], "is neither 1");
	wrong_value(w, long_text, "is neither 1");
}

static void wrong_texts(const struct wrongs *w, const struct option *o)
{
	const char *good = good_value(o);
	bool lines =
	    o->type == OPTION_LINES || (o->type == OPTION_LIST && strchr(o->separators, '\n'));
	auto_free char *text = NULL;

	ck_assert_msg(good, "seeds[] has no good value of %s", o->name);
	for (int c = 1; c < 0x80; c = c == 0x1f ? 0x7f : c + 1) {
		auto_free char *with = NULL;

		if (c == '\t' || (c == '\n' && lines))
			continue;
		ck_assert(asprintf(&with, "%s%c%s", good, c, good) > 0);
		wrong_value(w, with, "control characters are not allowed");
	}
	wrong_value(w, long_text, "bytes long, at most");
	ck_assert(asprintf(&text, "%s" INJECT, good) > 0);
	if (!lines)
		wrong_value(w, text, "control characters are not allowed");
	if (o->type == OPTION_LIST) {
		wrong_value(w, "", "is empty");
	} else if (o->type == OPTION_TEXT) {
		wrong_value(w, "", "is empty");
		wrong_value(w, " x", NULL);
		wrong_value(w, "x\t", NULL);
	}
	if (o->form)
		wrong_value(w, "!?", "is not ");
}

static void wrong_values(const struct wrongs *w, const struct option *o);

static void wrong_properties(const struct wrongs *w, const struct option *o)
{
	static const char *const texts[] = { ",", "=", "=1", "nothing=1", "a=b=c", ",,", "\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		wrong_value(w, texts[i], NULL);
	for (const struct option *p = o->properties; p->name; p++) {
		auto_free char *others = required(o, p), *prefix = NULL, *where = NULL;
		auto_free char *twice = NULL;
		const struct wrongs of = { w->name, NULL, NULL };
		struct wrongs sub = of;

		ck_assert(asprintf(&prefix, "%s%s=", others, p->name) > 0);
		ck_assert(asprintf(&where, "%s: ", p->name) > 0);
		sub.prefix = prefix;
		sub.where = where;
		wrong_values(&sub, p);
		ck_assert(asprintf(&twice, "%s%s,%s=1", prefix,
				   p->type == OPTION_BOOL ? "1" : good_value(p), p->name) > 0);
		wrong_value(w, twice, "is given twice");
		if (p->required && *others) {
			others[strlen(others) - 1] = '\0';
			wrong_value(w, others, "is missing");
		}
	}
}

static void wrong_values(const struct wrongs *w, const struct option *o)
{
	switch (o->type) {
	case OPTION_BOOL:
		wrong_bools(w);
		break;
	case OPTION_INT:
	case OPTION_NUMBER:
		wrong_numbers(w, o);
		break;
	case OPTION_WORD:
		wrong_words(w, o);
		break;
	case OPTION_TEXT:
	case OPTION_LINES:
	case OPTION_LIST:
		wrong_texts(w, o);
		break;
	case OPTION_PROPERTIES:
		wrong_properties(w, o);
		break;
	}
}

static size_t n_options(const struct command *c)
{
	size_t n = 0;

	while (command_option(c, n))
		n++;
	return n;
}

START_TEST(refuses_every_wrong_value_of_an_option)
{
	const struct option *o = command_option(&cmd_set, (size_t)_i);
	auto_free char *name = NULL;
	const struct wrongs w = { NULL, "", "" };
	struct wrongs its = w;

	ck_assert(asprintf(&name, "%s%s", o->name, o->count ? "0" : "") > 0);
	its.name = name;
	n_calls = 0;
	wrong_values(&its, o);
	ck_assert_uint_ge(n_calls, 5);
}
END_TEST

START_TEST(refuses_what_is_wrong_by_its_meaning)
{
	refuses(odd[_i].name, odd[_i].value, odd[_i].where, odd[_i].said);
}
END_TEST

START_TEST(has_as_many_bad_calls_as_it_is_to_have)
{
	n_calls = 0;
	for (size_t i = 0; i < n_options(&cmd_set); i++) {
		const struct option *o = command_option(&cmd_set, i);
		auto_free char *name = NULL;
		struct wrongs w = { NULL, "", "" };

		ck_assert(asprintf(&name, "%s%s", o->name, o->count ? "0" : "") > 0);
		w.name = name;
		wrong_values(&w, o);
	}
	ck_assert_uint_ge(n_calls, CALLS);
}
END_TEST

START_TEST(refuses_keys_that_are_no_options)
{
	static const char *const names[] = { "parent",
					     "lock",
					     "parent",
					     "snaptime",
					     "template",
					     "unused0",
					     "lxc.net",
					     "lxc.hook.pre-start",
					     "net32",
					     "net-1",
					     "net00",
					     "mp256",
					     "dev256",
					     "net",
					     "pve:pending",
					     "[x]",
					     "#x",
					     "a\nb",
					     "",
					     " memory" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(args_free) struct args a = { 0 };
		auto_free char *wrong = NULL, *word = NULL;
		char *argv[] = { "100", NULL, NULL };

		ck_assert(asprintf(&word, "--%s=1", names[i]) > 0);
		argv[1] = word;
		ck_assert_int_eq(args_parse(&cmd_set, 2, argv, &a, &wrong), -EINVAL);
		ck_assert_msg(strstr(wrong, "there is no option") || strstr(wrong, "may be"),
			      "%s: %s", word, wrong);
	}
}
END_TEST

/* ---- what is taken reads back as it was, and as nothing else ---- */

static unsigned chance;

static unsigned pick(unsigned below)
{
	chance = chance * 1103515245 + 12345;
	return chance / 65536 % below;
}

/* A good value with some bytes of it changed, put in or taken out. */
static void mutate(const char *seed, char *out, size_t size)
{
	static const char bytes[] = "\n\r\t\x01\x7f =,:;#[]%lxc.01aZ\"'\\$ \xc3\xa9";
	size_t n;

	snprintf(out, size, "%s", seed);
	n = strlen(out);
	for (unsigned rounds = pick(4); rounds > 0 && n + 2 < size; rounds--) {
		size_t at = pick((unsigned)n + 1);
		char c = bytes[pick(sizeof(bytes) - 1)];

		if (pick(3) == 0 && at < n) {
			memmove(out + at, out + at + 1, n-- - at);
		} else if (pick(2) && at < n) {
			out[at] = c;
		} else {
			memmove(out + at + 1, out + at, n++ + 1 - at);
			out[at] = c;
		}
	}
}

static void any_value(const struct option *o, char *out, size_t size)
{
	const char *good = NULL;

	if (o->type == OPTION_PROPERTIES) {
		auto_free char *text = required(o, NULL);

		for (const struct option *p = o->properties; p->name; p++) {
			char value[200];

			if (p->required || pick(4))
				continue;
			any_value(p, value, sizeof(value));
			if (strlen(text) + strlen(value) + 40 < 4096)
				sprintf(text + strlen(text), "%s=%s,", p->name, value);
		}
		text[strlen(text) ? strlen(text) - 1 : 0] = '\0';
		mutate(text, out, size);
		return;
	}
	good = o->type == OPTION_BOOL ? "1" : good_value(o);
	mutate(pick(2) && good ? good : seeds[pick(ARRAY_LEN(seeds))], out, size);
}

static void check_kept(const char *name, const struct option *o, const char *kept)
{
	static const char before[] = "arch: amd64\nlxc.a: b\n[snap]\nmemory: 7\n";
	CLEANUP(config_free) struct config c = { 0 }, again = { 0 };
	auto_free char *text = NULL, *twice = NULL;
	char why[OPTION_WHY];
	const char *read;
	size_t n;

	ck_assert_int_eq(config_parse(before, strlen(before), &c, NULL), 0);
	config_unset(&c, "arch");
	ck_assert_msg(pending_set(&c, name, kept) == 0, "%s: '%s' is not kept", name, kept);
	ck_assert_int_eq(pending_take(&c, name), 0);
	ck_assert_int_eq(config_write(&c, &text, &n), 0);
	ck_assert_int_eq(config_parse(text, n, &again, NULL), 0);
	read = config_get(&again, name);
	ck_assert_msg(read, "%s: '%s' is lost", name, kept);
	if (o->type != OPTION_LINES)
		ck_assert_str_eq(read, kept);
	/* Itself, the raw line, and one more in the snapshot: no other. */
	ck_assert_uint_eq(again.sections[0].n, o->type == OPTION_LINES ? 1 : 2);
	ck_assert_msg(config_section(&again, "snap") && config_section(&again, "snap")->n == 1,
		      "%s: '%s'", name, kept);
	ck_assert_msg(!config_section(&again, PENDING) || !config_section(&again, PENDING)->n,
		      "%s: '%s' is pending", name, kept);
	ck_assert_msg(option_take(o, read, &twice, why) == 0, "%s: '%s': %s", name, read, why);
	ck_assert_str_eq(twice, read);
}

START_TEST(takes_no_value_that_reads_back_as_another)
{
	unsigned taken = 0;

	chance = (unsigned)_i + 1;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct key *k = &keys[pick((unsigned)n_keys)];
		auto_free char *kept = NULL;
		char why[OPTION_WHY], value[4096], name[OPTION_NAME];

		/* Of these the list has its lines. */
		if (k->internal || k->option.type == OPTION_LIST)
			if (k->internal || *k->option.separators == '\n')
				continue;
		any_value(&k->option, value, sizeof(value));
		snprintf(name, sizeof(name), "%s%s", k->option.name, k->option.count ? "0" : "");
		if (option_take(&k->option, value, &kept, why) < 0)
			continue;
		check_kept(name, &k->option, kept);
		taken++;
	}
	ck_assert_uint_ge(taken, ROUNDS / 20);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct bad");
	TCase *t = tcase_create("bad");
	SRunner *r = srunner_create(s);
	int failed;

	memset(long_text, 'x', LONG);
	memset(long_number, '9', LONG);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, refuses_every_wrong_value_of_an_option, 0, (int)n_options(&cmd_set));
	tcase_add_loop_test(t, refuses_what_is_wrong_by_its_meaning, 0, ARRAY_LEN(odd));
	tcase_add_test(t, has_as_many_bad_calls_as_it_is_to_have);
	tcase_add_test(t, refuses_keys_that_are_no_options);
	tcase_add_loop_test(t, takes_no_value_that_reads_back_as_another, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
