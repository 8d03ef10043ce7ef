// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The texts of guest set-up: our part of a file, and what is around it.
 */
#include "tests/fixture.h"

#include "base/base.h"
#include "pct/guest/access.h"
#include "pct/guest/inner.h"
#include "pct/guest/resolv.h"

#define PVE(block) "# --- BEGIN PVE ---\n" block "# --- END PVE ---\n"
#define PCT(block) "# --- BEGIN PCT ---\n" block "# --- END PCT ---\n"

static const struct {
	const char *old, *alone, *end, *start; /* NULL: as the one before */
} blocks[] = {
	{ "", PVE("new\n"), NULL, NULL },
	{ "theirs\n", PVE("new\n"), "theirs\n" PVE("new\n"), PVE("new\n") "theirs\n" },
	{ "theirs", PVE("new\n"), "theirs\n" PVE("new\n"), PVE("new\n") "theirs\n" },
	{ PVE("old\n"), PVE("new\n"), NULL, NULL },
	{ "a\n" PVE("old\n") "b\n", "a\n" PVE("new\n") "b\n", NULL, NULL },
	{ PCT("old\n") "b\n", PCT("new\n") "b\n", NULL, NULL },
	{ "# --- BEGIN PVE ---\nold\n# --- END PVE ---", PVE("new\n"), NULL, NULL },
	{ "x" PVE("old\n"), PVE("new\n"), "x" PVE("old\n") PVE("new\n"),
	  PVE("new\n") "x" PVE("old\n") },
	/* Whose end somebody took away is text, and does not take what follows with it. */
	{ "# --- BEGIN PVE ---\nmine\n" PVE("old\n") "b\n",
	  "# --- BEGIN PVE ---\nmine\n" PVE("new\n") "b\n", NULL, NULL },
};

START_TEST(changes_only_its_own_part_of_a_file)
{
	const char *wanted = NULL;

	for (int where = 0; where < 3; where++) {
		static const enum block_where order[] = { BLOCK_ALONE, BLOCK_END, BLOCK_START };
		const char *const texts[] = { blocks[_i].alone, blocks[_i].end, blocks[_i].start };
		auto_free char *text = block_put(blocks[_i].old, "new\n", order[where]);
		auto_free char *again = block_put(text, "new\n", order[where]);

		wanted = texts[where] ? texts[where] : wanted;
		ck_assert_str_eq(text, wanted);
		ck_assert_str_eq(again, wanted);
	}
}
END_TEST

START_TEST(takes_its_own_part_away)
{
	auto_free char *around = block_around("a\n" PVE("b\n") "c\n"), *none = block_around("a");

	ck_assert_str_eq(around, "a\nc\n");
	ck_assert_str_eq(none, "a");
	ck_assert(block_is_there(PCT("")));
	ck_assert(!block_is_there("# --- BEGIN PVE ---\n"));
}
END_TEST

START_TEST(asks_whom_the_host_asks_unless_told)
{
	static const char host[] = "# a comment\nsearch example.org lan\nnameserver 127.0.0.53\n"
				   "nameserver 192.0.2.1\noptions x\nnameserver ::1\n"
				   "nameserver 192.0.2.2\nnameserver 192.0.2.3\n"
				   "nameserver 192.0.2.4\n";
	static const struct {
		const char *nameserver, *searchdomain, *lines;
	} rows[] = {
		{ NULL, NULL,
		  "search example.org lan\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n"
		  "nameserver 192.0.2.3\n" },
		{ "198.51.100.1 2001:db8::1", NULL,
		  "search example.org lan\nnameserver 198.51.100.1\nnameserver 2001:db8::1\n" },
		{ "198.51.100.1", "a.example, b.example",
		  "search a.example b.example\nnameserver 198.51.100.1\n" },
		{ "127.0.0.1", "x", "search x\nnameserver 127.0.0.1\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *lines =
		    resolv_lines(rows[i].nameserver, rows[i].searchdomain, host);

		ck_assert_str_eq(lines, rows[i].lines);
	}
}
END_TEST

/* ---- interfaces ---- */

#define LO "auto lo\niface lo inet loopback\n"

static const struct guest_nic static4 = {
	"eth0", { { IP_STATIC, true, "192.0.2.7", "255.255.255.0", 24, "192.0.2.1", false }, { 0 } }
};
static const struct guest_nic dhcp4 = { "eth0", { { .mode = IP_DHCP, .given = true }, { 0 } } };
static const struct guest_nic outside4 = {
	"eth0",
	{ { IP_STATIC, true, "192.0.2.7", "255.255.255.255", 32, "198.51.100.1", true }, { 0 } }
};
#define STATIC "iface eth0 inet static\n\taddress 192.0.2.7/24\n\tgateway 192.0.2.1\n"
#define OUTSIDE                                                                                    \
	"iface eth0 inet static\n\taddress 192.0.2.7/32\n"                                         \
	"\t# --- BEGIN PVE ---\n"                                                                  \
	"\tpost-up ip route add 198.51.100.1 dev eth0\n"                                           \
	"\tpost-up ip route add default via 198.51.100.1 dev eth0\n"                               \
	"\tpre-down ip route del default via 198.51.100.1 dev eth0\n"                              \
	"\tpre-down ip route del 198.51.100.1 dev eth0\n"                                          \
	"\t# --- END PVE ---\n"

static const struct {
	const struct guest_nic *nic;
	const char *old, *text;
} stanzas[] = {
	{ &static4, "", LO "\nauto eth0\n" STATIC },
	{ &static4, LO "auto eth0\n" STATIC, LO "auto eth0\n" STATIC },
	{ &dhcp4, LO "auto eth0\n" STATIC, LO "auto eth0\niface eth0 inet dhcp\n" },
	{ &dhcp4, LO "auto eth0\n" OUTSIDE "\tmtu 9\n",
	  LO "auto eth0\niface eth0 inet dhcp\n\tmtu 9\n" },
	{ &outside4, LO "auto eth0\n" STATIC "\tmtu 9\n", LO "auto eth0\n" OUTSIDE "\tmtu 9\n" },
	{ &outside4, LO "auto eth0\n" OUTSIDE, LO "auto eth0\n" OUTSIDE },
	/* The user's: comments, other options, other interfaces, other families, a second stanza.
	 */
	{ &dhcp4,
	  LO "# mine\nauto x eth0\niface eth0 inet manual\n  # too\n  up echo \\\n address 1\n"
	     "iface eth0 inet6 auto\n address a\niface eth0 inet static\n address 10.0.0.1/8\n"
	     "iface x inet static\n address 10.0.0.2/8\n",
	  LO "# mine\nauto x eth0\niface eth0 inet dhcp\n  # too\n  up echo \\\n address 1\n"
	     "iface eth0 inet6 manual\niface eth0 inet static\n address 10.0.0.1/8\n"
	     "iface x inet static\n address 10.0.0.2/8\n" },
	{ &dhcp4, LO "allow-hotplug eth0\niface eth0 inet dhcp",
	  LO "allow-hotplug eth0\niface eth0 inet dhcp\n\nauto eth0\n" },
	{ &dhcp4, "source x\n", "source x\n\n" LO "\nauto eth0\niface eth0 inet dhcp\n" },
	/* A block of ours whose end is gone ends with its stanza. */
	{ &dhcp4,
	  LO "auto eth0\niface eth0 inet static\n\t# --- BEGIN PVE ---\n\tup x\nauto y\niface y "
	     "inet manual\n",
	  LO "auto eth0\niface eth0 inet dhcp\nauto y\niface y inet manual\n" },
};

START_TEST(rewrites_only_what_sets_the_addresses_of_its_interfaces)
{
	const struct interfaces in = { stanzas[_i].nic, 1, false, false };
	auto_free char *text = interfaces_text(stanzas[_i].old, &in);
	auto_free char *again = interfaces_text(text, &in);

	ck_assert_str_eq(text, stanzas[_i].text);
	ck_assert_str_eq(again, text);
}
END_TEST

/* ---- others ---- */

static const struct {
	const char *old, *text;
} shadows[] = {
	{ "root:*:19000:0:99999:7:::\na:x:1:::::\n", "root:$6$h:20000:0:99999:7:::\na:x:1:::::\n" },
	{ "root::::::::\n", "root:$6$h:20000::::::\n" },
	{ "root:x", "root:$6$h:20000:0:99999:7:::" },
	{ "", "root:$6$h:20000:0:99999:7:::\n" },
	{ "rooty:x:1::::::", "rooty:x:1::::::\nroot:$6$h:20000:0:99999:7:::\n" },
	{ "root:a:1:2:3:4:5:6:7\nroot:b:1::::::\n", "root:$6$h:20000:2:3:4:5:6:7\n" },
};

START_TEST(sets_a_password_and_leaves_the_rest)
{
	auto_free char *text = shadow_text(shadows[_i].old, "root", "$6$h", 20000);

	ck_assert_str_eq(text, shadows[_i].text);
}
END_TEST

START_TEST(a_variable_is_set_once)
{
	static const struct {
		const char *old, *text;
	} rows[] = {
		{ "", "A=b\n" },
		{ "x", "x\nA=b\n" },
		{ "#A=1\nAA=2\n A=3\nA=4\n", "#A=1\nAA=2\nA=b\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text = text_variable(rows[i].old, "A", "b");

		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(knows_os_release_however_it_is_quoted)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "ID=debian\n", "debian" },
		{ "ID=\"debian\"\n", "debian" },
		{ "ID='a b'\n", "a b" },
		{ "# x\nXID=1\nID=x", "x" },
		{ "ID=\n", "" },
		{ "ID=\"x", "x" },
		{ "ID=x # comment\n", "x" },
		{ "ID_LIKE=a\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char value[64] = "?";

		ck_assert_int_eq(release_value(rows[i].text, "ID", value, sizeof(value)),
				 rows[i].value != NULL);
		if (rows[i].value)
			ck_assert_str_eq(value, rows[i].value);
	}
	ck_assert_uint_eq(release_version("12.4"), VERSION(12, 4));
	ck_assert_uint_eq(release_version("3.19.1"), VERSION(3, 19));
	ck_assert_uint_eq(release_version("trixie/sid"), VERSION_NEWEST);
	ck_assert_uint_eq(release_version(""), VERSION_NEWEST);
	ck_assert_uint_eq(release_version("99999999999999999999.1"), VERSION(9999, 1));
	ck_assert_uint_eq(release_version("7.123"), VERSION(7, 99));
}
END_TEST

START_TEST(crypts_as_asked_and_takes_what_is_crypted)
{
	static const char *const crypted[] = { "$6$abcdefghijklmnop$abcdefghijklmnop",
					       "$y$j9T$abcdefghijklmnop$abcdefghijklmnop",
					       "$2b$05$abcdefghijklmnopabcdefghijklmnop" };
	auto_free char *sha = access_crypt("secret words", false);
	auto_free char *yes = access_crypt("secret words", true);

	ck_assert_pstr_ne(sha, NULL);
	ck_assert_int_eq(strncmp(sha, "$6$", 3), 0);
	ck_assert_int_eq(strncmp(yes, "$y$", 3), 0);
	for (size_t i = 0; i < ARRAY_LEN(crypted); i++) {
		auto_free char *same = access_crypt(crypted[i], true);

		ck_assert_str_eq(same, crypted[i]);
	}
	/* It would be a field of its own in shadow. */
	ck_assert(!access_is_crypted("$6$abcdefghijklmnop$abc:::::::"));
	ck_assert(!access_is_crypted("$6$short"));
	ck_assert(!access_is_crypted("$9$abcdefghijklmnopabcdefghijklmnop"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct guest text");
	TCase *t = tcase_create("text");

	tcase_add_loop_test(t, changes_only_its_own_part_of_a_file, 0, ARRAY_LEN(blocks));
	tcase_add_test(t, takes_its_own_part_away);
	tcase_add_test(t, asks_whom_the_host_asks_unless_told);
	tcase_add_loop_test(t, rewrites_only_what_sets_the_addresses_of_its_interfaces, 0,
			    ARRAY_LEN(stanzas));
	tcase_add_loop_test(t, sets_a_password_and_leaves_the_rest, 0, ARRAY_LEN(shadows));
	tcase_add_test(t, a_variable_is_set_once);
	tcase_add_test(t, knows_os_release_however_it_is_quoted);
	tcase_add_test(t, crypts_as_asked_and_takes_what_is_crypted);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
