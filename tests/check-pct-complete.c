// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Completion: words up to the cursor, and what may stand there.
 */
#include <check.h>
#undef fail /* ours is another one */
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/cli/complete.h"
#include "pct/cli/placeholders.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

static char root[] = "/tmp/check-complete.XXXXXX";

/* Words are separated by blanks; the last one is at the cursor. "+": a file's name, too. */
static const struct {
	const char *line, *offered;
} cases[] = {
	{ "st", "start startall status stop stopall storage" },
	{ "xy", "" },
	{ "complete", "" },
	{ "hoo", "" },
	{ "nothing 1", "" },
	{ "storage ", "add list remove status" },
	{ "storage list l", "local" },
	{ "storage add x1 --type o", "overlay" },
	{ "create 200 t --storage l", "local" },
	{ "s 1", "" },
	/* VMIDs in the state that fits; those of an abbreviated command, too. */
	{ "start ", "100 102" },
	{ "unl ", "100 101 102" },
	{ "stop ", "101" },
	{ "exec ", "101" },
	{ "config ", "100 101 102" },
	{ "config 100 ", "" },
	{ "config 10", "100 101 102" },
	{ "config 2", "" },
	{ "config --current ", "0 1 100 101 102" },
	{ "config --current 1 ", "100 101 102" },
	{ "config --current=", "--current=0 --current=1" },
	{ "create ", "103" },
	{ "create 103 ", "builtin:busybox +" },
	{ "create 103 b", "builtin:busybox +" },
	{ "create 103 --memory 512 ", "builtin:busybox +" },
	{ "create 103 x ", "" },
	/* Options: not those that are there. */
	{ "destroy -", "--destroy-unreferenced-disks --force --purge --help" },
	{ "destroy --", "--destroy-unreferenced-disks --force --purge --help" },
	{ "destroy --force 100 --", "--destroy-unreferenced-disks --purge --help" },
	{ "destroy --force=1 100 --", "--destroy-unreferenced-disks --purge --help" },
	{ "destroy 100 -f", "-force" },
	{ "list --o", "--output-format" },
	{ "set 100 --on", "--onboot" },
	{ "set 100 --net", "--net0 --net1" },
	{ "set 100 --net1 name=a --net", "--net0 --net2" },
	{ "set 102 --net", "--net0" },
	{ "set 100 --ta", "--tags" },
	{ "set 100 --tags a --ta", "--tags" },
	/* Values. */
	{ "list --output-format ", "text json" },
	{ "list --out ", "text json" },
	{ "list --out=j", "--out=json" },
	{ "set 100 --cmode ", "tty console shell" },
	{ "set 100 --cmode=s", "--cmode=shell" },
	{ "set 100 --onboot ", "0 1" },
	{ "set 100 --memory ", "" },
	{ "set 100 --memory 1 --cmode t", "tty" },
	{ "set 100 --hookscript ", "+" },
	{ "config 100 --snapshot ", "before second" },
	{ "config --snapshot ", "" },
	{ "set 100 --delete ", "net0 tags" },
	{ "set 100 --delete tags,n", "tags,net0" },
	{ "set 100 --revert ", "swap" },
	/* Properties. */
	{ "set 100 --startup ", "order= down= up=" },
	{ "set 100 --startup up=3,", "up=3,order= up=3,down=" },
	{ "set 100 --features n", "nesting=" },
	{ "set 100 --features nesting=", "nesting=0 nesting=1" },
	{ "set 100 --features keyctl=1,ne", "keyctl=1,nesting=" },
	{ "set 100 --net0 name=eth0,ip=", "name=eth0,ip=dhcp name=eth0,ip=manual" },
	{ "set 100 --net0=name=eth0,ip6=a", "--net0=name=eth0,ip6=auto" },
	{ "set 100 --net0 name=eth0,type=", "name=eth0,type=veth" },
	{ "set 100 --net0 name=eth0,nothing=", "" },
	{ "set 100 --dev0 ", "path= deny-write= gid= mode= uid= +" },
	/* Help; and what is not ours. */
	{ "help des", "destroy" },
	{ "help set ne", "net" },
	{ "help nothing ", "" },
	{ "exec 101 -- -", "" },
	{ "exec 101 ls -", "" },
	{ "start -- ", "100 102" },
};

static void put_conf(unsigned vmid, const char *text)
{
	auto_free char *path = path_to("etc/pct/lxc/%u.conf", vmid);
	auto_file f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
}

/* As its monitor would. */
static int listen_as(const char *vmid)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	auto_free char *lxcpath = ct_lxcpath();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[CT_SOCKET];

	ct_socket(lxcpath, vmid, path);
	memcpy(at.sun_path + 1, path, strlen(path));
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path))),
	    0);
	ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

static char *completed(const char *line)
{
	auto_free char *copy = strdup(line);
	char *words[16], *next = copy, *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int n = 0, r;

	while (next && n < 16)
		words[n++] = strsep(&next, " ");
	r = complete(n, words, to);
	if (r == COMPLETE_FILES)
		fputs("+\n", to);
	fclose(to);
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = p[1] ? ' ' : '\0';
	return text;
}

START_TEST(offers_what_may_stand_there)
{
	auto_fd monitor = listen_as("101");
	auto_free char *offered = completed(cases[_i].line);

	ck_assert_int_ge(monitor, 0);
	ck_assert_msg(strcmp(offered, cases[_i].offered) == 0, "%s: %s", cases[_i].line, offered);
}
END_TEST

static const struct {
	const char *shape, *part, *offered;
	bool files;
} shapes[] = {
	{ "<number>", "", "", false },
	{ "<IPv4/length>|dhcp|manual", "", "dhcp\nmanual\n", false },
	{ "<list|create|show>", "", "list\ncreate\nshow\n", false },
	{ "<list|create|show>", "s", "show\n", false },
	{ "<file>", "", "", true },
	{ "<file|->", "", "", true },
	{ "<destination|->", "", "", true },
	{ "<destination>", "", "", false },
	{ "[order=]<n>,up=<s>", "", "", false },
	{ "<>", "", "", false },
	{ "", "", "", false },
};

START_TEST(knows_what_a_placeholder_stands_for)
{
	auto_free char *text = NULL;
	size_t size;
	struct line l = { .command = &cmd_set,
			  .before = "",
			  .part = shapes[_i].part,
			  .to = open_memstream(&text, &size) };

	offer_shape(&l, shapes[_i].shape);
	fclose(l.to);
	ck_assert_str_eq(text, shapes[_i].offered);
	ck_assert_int_eq(l.files, shapes[_i].files);
}
END_TEST

START_TEST(offers_nothing_that_a_shell_would_run)
{
	auto_free char *offered = NULL;

	put_conf(100, "memory: 1\n[a;b]\nx: 1\n[$(c)]\nx: 1\n[d e]\nx: 1\n[f]\nx: 1\n");
	offered = completed("config 100 --snapshot ");
	ck_assert_str_eq(offered, "f");
}
END_TEST

START_TEST(offers_nothing_of_what_may_not_be_read)
{
	auto_free char *dir = path_to("etc/pct/lxc");
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(dir, 0700), 0);
	pid = fork();
	if (pid == 0)
		_exit(setgid(65534) < 0 || setuid(65534) < 0 || *completed("start ") ||
		      *completed("config 100 --snapshot "));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
}
END_TEST

static void make_root(void)
{
	auto_free char *etc = NULL;

	strcpy(root, "/tmp/check-complete.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	setenv("PCT_ROOT", root, 1);
	etc = path_to("etc/pct/lxc");
	ck_assert_int_eq(paths_make(etc, 0755), 0);
	put_conf(100, "memory: 512\nnet0: name=eth0\nrootfs: a:b\ntags: x\n[pve:pending]\nswap: 5\n"
		      "[before]\nmemory: 1\n[second]\nmemory: 1\n");
	put_conf(101, "memory: 512\n");
	put_conf(102, "memory: 512\n");
	say_limit = (enum say_level)0;
}

static void remove_root(void)
{
	static const char *const names[] = { "etc/pct/lxc/100.conf",
					     "etc/pct/lxc/101.conf",
					     "etc/pct/lxc/102.conf",
					     "etc/pct/lxc",
					     "etc/pct",
					     "etc",
					     "" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = text_of("%s/%s", root, names[i]);

		ck_assert_int_eq(remove(path), 0);
	}
}

int main(void)
{
	Suite *s = suite_create("pct complete");
	TCase *t = tcase_create("complete");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, make_root, remove_root);
	tcase_add_loop_test(t, offers_what_may_stand_there, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(t, knows_what_a_placeholder_stands_for, 0, ARRAY_LEN(shapes));
	tcase_add_test(t, offers_nothing_that_a_shell_would_run);
	tcase_add_test(t, offers_nothing_of_what_may_not_be_read);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
