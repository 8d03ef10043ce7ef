// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines of a conf as others may have written them: what is kept, what of it reaches liblxc, and
 * which key is named when it cannot be used.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/raw.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/words.h"

#define ROOTFS "rootfs: local:100/subvol-100-disk-0.subvol\n"

enum kept {
	KEPT,	 /* the line is there again when the conf is written, in canonical form */
	ODD,	 /* likewise, named as of no known form */
	DROPPED, /* named, and not kept: it has control characters */
};

static const struct {
	const char *line; /* may hold \n: then it is several */
	const char *key;  /* that cannot be used; NULL: it may start */
	const char *lxc;  /* a line liblxc is told; NULL: none more than without it */
	enum kept kept;
} lines[] = {
	/* Numbers: out of range where the kernel could not do it; else lenient. */
	{ "memory: 0", "memory", NULL, KEPT },
	{ "memory: -1", "memory", NULL, KEPT },
	{ "memory: 1", NULL, "lxc.cgroup2.memory.max = 1048576", KEPT },
	{ "memory: 512M", "memory", NULL, KEPT },
	{ "memory: 0x200", "memory", NULL, KEPT },
	{ "memory: 1e3", "memory", NULL, KEPT },
	{ "memory: 512.5", "memory", NULL, KEPT },
	{ "memory: 5 12", "memory", NULL, KEPT },
	{ "memory: 512,swap=1", "memory", NULL, KEPT },
	{ "memory: 99999999999999999999", "memory", NULL, KEPT },
	{ "memory: 9223372036854775807", "memory", NULL, KEPT },
	{ "memory: nan", "memory", NULL, KEPT },
	{ "memory: ", NULL, "lxc.cgroup2.memory.max = 536870912", ODD },
	{ "memory:512", NULL, "lxc.cgroup2.memory.max = 536870912", KEPT },
	{ "memory: 512   ", NULL, "lxc.cgroup2.memory.max = 536870912", KEPT },
	{ "memory: 512\r", NULL, "lxc.cgroup2.memory.max = 536870912", KEPT },
	{ "  memory: 512", NULL, "lxc.cgroup2.memory.max = 536870912", KEPT },
	{ "memory: 512\rlxc.hook.start: /x", NULL, NULL, DROPPED },
	{ "memory: 512\x01", NULL, NULL, DROPPED },
	{ "memory: 512\x7f", NULL, NULL, DROPPED },
	{ "memory: \x1b[31m512", NULL, NULL, DROPPED },
	{ "memory: 512\x0b", NULL, NULL, DROPPED },
	{ "memory: 512\x0c", NULL, NULL, DROPPED },
	{ "memory = 512", NULL, NULL, ODD },
	{ "memory 512", NULL, NULL, ODD },
	{ "MEMORY: 64", NULL, NULL, KEPT },
	{ "Memory: 64", NULL, NULL, KEPT },
	{ "memory : 512", NULL, NULL, ODD },
	{ "memory: 7\nmemory: 64", NULL, "lxc.cgroup2.memory.max = 67108864", KEPT },
	{ "memory: 64\nmemory: x", "memory", NULL, KEPT },
	{ "memory: x\nmemory: 64", NULL, "lxc.cgroup2.memory.max = 67108864", KEPT },
	{ "swap: -1", "swap", NULL, KEPT },
	{ "swap: 1.5", "swap", NULL, KEPT },
	{ "swap: x", "swap", NULL, KEPT },
	{ "swap: 9999999999999", "swap", NULL, KEPT },
	{ "cores: 0", "cores", NULL, KEPT },
	{ "cores: -1", "cores", NULL, KEPT },
	{ "cores: 8193", "cores", NULL, KEPT },
	{ "cores: 1.5", "cores", NULL, KEPT },
	{ "cores: all", "cores", NULL, KEPT },
	{ "cores: 0-3", "cores", NULL, KEPT },
	{ "cpulimit: -0.5", "cpulimit", NULL, KEPT },
	{ "cpulimit: 8193", "cpulimit", NULL, KEPT },
	{ "cpulimit: .5", "cpulimit", NULL, KEPT },
	{ "cpulimit: 1,5", "cpulimit", NULL, KEPT },
	{ "cpulimit: 50%", "cpulimit", NULL, KEPT },
	{ "cpulimit: 0.0000001", "cpulimit", NULL, KEPT },
	{ "cpulimit: 0.001", NULL, "lxc.cgroup2.cpu.max = 1000 100000", KEPT },
	{ "cpulimit: 0", NULL, NULL, KEPT },
	{ "cpuunits: 500001", "cpuunits", NULL, KEPT },
	{ "cpuunits: -1", "cpuunits", NULL, KEPT },
	{ "cpuunits: 1.5", "cpuunits", NULL, KEPT },
	{ "cpuunits: high", "cpuunits", NULL, KEPT },
	{ "cpuunits: 0", NULL, "lxc.cgroup2.cpu.weight = 1", KEPT },
	{ "cpuunits: 500000", NULL, "lxc.cgroup2.cpu.weight = 10000", KEPT },
	{ "tty: 7", "tty", NULL, KEPT },
	{ "tty: -1", "tty", NULL, KEPT },
	{ "tty: two", "tty", NULL, KEPT },
	{ "tty: 0", NULL, "lxc.tty.max = 0", KEPT },
	/* Bools. */
	{ "console: maybe", "console", NULL, KEPT },
	{ "console: 2", "console", NULL, KEPT },
	{ "console: no", NULL, "lxc.console.path = none", KEPT },
	{ "unprivileged: 2", "unprivileged", NULL, KEPT },
	{ "unprivileged: yes please", "unprivileged", NULL, KEPT },
	{ "unprivileged: TRUE", NULL, "lxc.idmap = u 0 100000 65536", KEPT },
	/* Words and texts. */
	{ "arch: vax", "arch", NULL, KEPT },
	{ "arch: AMD64", "arch", NULL, KEPT },
	{ "arch: amd64 # mine", "arch", NULL, KEPT },
	{ "arch: amd64", NULL, "lxc.arch = amd64", KEPT },
	{ "ostype: redhat", NULL, NULL, KEPT },
	{ "hostname: a b", "hostname", NULL, KEPT },
	{ "hostname: -a", "hostname", NULL, KEPT },
	{ "hostname: a_b", "hostname", NULL, KEPT },
	{ "hostname: a..b", "hostname", NULL, KEPT },
	{ "hostname: ../../etc", "hostname", NULL, KEPT },
	{ "hostname: $(reboot)", "hostname", NULL, KEPT },
	{ "hostname: a;b", "hostname", NULL, KEPT },
	{ "hostname: caf\xc3\xa9", "hostname", NULL, KEPT },
	{ "hostname: web", NULL, "lxc.uts.name = web", KEPT },
	{ "entrypoint: init", "entrypoint", NULL, KEPT },
	{ "entrypoint: ../init", "entrypoint", NULL, KEPT },
	{ "entrypoint: sh -c reboot", "entrypoint", NULL, KEPT },
	{ "entrypoint: /init = x", NULL, "lxc.init.cmd = /init = x", KEPT },
	/* Keys of no form, and keys of others. */
	{ "9memory: 1", NULL, NULL, ODD },
	{ "_x: 1", NULL, NULL, ODD },
	{ "a b: 1", NULL, NULL, ODD },
	{ "a.b: 1", NULL, NULL, ODD },
	{ "net0x: 1", NULL, NULL, ODD },
	{ "net 0: 1", NULL, NULL, ODD },
	{ ": 1", NULL, NULL, ODD },
	{ "= 1", NULL, NULL, ODD },
	{ "\xef\xbb\xbf"
	  "cmode: tty",
	  NULL, NULL, ODD },
	{ "new_key7: any=thing", NULL, NULL, KEPT },
	{ "unused0: gone:100/x", NULL, NULL, KEPT },
	{ "net99999999999: name=x", NULL, NULL, KEPT },
	{ "parent: before", NULL, NULL, KEPT },
	{ "delete: memory", NULL, NULL, KEPT },
	{ "snapstate: prepare", NULL, NULL, KEPT },
	/* Sections: nothing in one reaches the container that is. */
	{ "[snap]\nmemory: 0", NULL, NULL, KEPT },
	{ "[snap]\nlxc.hook.start: /bin/false", NULL, NULL, KEPT },
	{ "[pve:pending]\nmemory: 0", NULL, NULL, KEPT },
	{ "[PVE:PENDING]\nlxc.hook.start: /bin/false", NULL, NULL, KEPT },
	{ "[]\nmemory: 0", NULL, NULL, KEPT },
	{ "[a]b]\nmemory: 0", NULL, NULL, KEPT },
	{ "[snap", NULL, NULL, ODD },
	{ "[sn\x01p]", NULL, NULL, DROPPED },
	{ "#lxc.hook.start: /bin/false", NULL, NULL, KEPT },
	{ "#%0Alxc.hook.start: /bin/false", NULL, NULL, KEPT },
	{ "description: %0Alxc.hook.start: /bin/false", NULL, NULL, KEPT },
	/* Raw lines: root's own, but for what is pct's to say. */
	{ "lxc.mount.entry: a b none bind 0 0", NULL, "lxc.mount.entry = a b none bind 0 0", KEPT },
	{ "lxc.cap.drop =", NULL, "lxc.cap.drop = ", KEPT },
	{ "lxc.x = a = b", "lxc.x", NULL, KEPT },
	{ "lxc.environment.runtime: A=b", NULL, "lxc.environment = A=b", KEPT },
	{ "lxc.rootfs.mount: /x", NULL, "lxc.rootfs.mount = /x", KEPT },
	{ "lxc.rootfs.path: dir:/", "lxc.rootfs.path", NULL, KEPT },
	{ "lxc.rootfs.path = overlay:/a:/b", "lxc.rootfs.path", NULL, KEPT },
	{ "lxc.rootfs.options: suid", "lxc.rootfs.options", NULL, KEPT },
	{ "lxc.cgroup.dir: /", "lxc.cgroup.dir", NULL, KEPT },
	{ "lxc.cgroup.dir.container: ..", "lxc.cgroup.dir.container", NULL, KEPT },
	{ "lxc.cgroup.dir.monitor: a", "lxc.cgroup.dir.monitor", NULL, KEPT },
	{ "lxc.cgroup.relative: 1", "lxc.cgroup.relative", NULL, KEPT },
	{ "lxc.log.file: /etc/passwd", "lxc.log.file", NULL, KEPT },
	{ "lxc.a\x01 = b", NULL, NULL, DROPPED },
	{ "lxc.a b = c", NULL, NULL, ODD },
	{ "lxc.a", NULL, NULL, ODD },
	{ "LXC.hook.start: /x", NULL, NULL, ODD },
};

static int build(const char *text, size_t n, char **out, const char **key)
{
	static const struct host_layout v2 = {
		.owner = { [CGV_MEMORY] = CGV_V2, [CGV_CPU] = CGV_V2, [CGV_CPUSET] = CGV_V2 },
		.swap = true,
		.cpus.bits = { 0xff },
	};
	CLEANUP(config_free) struct config c = { 0 };
	struct build b = { .vmid = 100,
			   .config = &c,
			   .host = &v2,
			   .top = "lxc",
			   .dir = "/dir",
			   .rootfs = "/rootfs",
			   .tools = "/tools",
			   .run = "/run" };
	static char named[200];
	size_t size;
	FILE *to = open_memstream(out, &size);
	const char *wrong = "";
	int r;

	ck_assert_int_eq(config_parse(text, n, &c, NULL), 0);
	r = lxcconf_write(&b, to, &wrong);
	/* As a start does before. */
	for (size_t i = 0; i < c.sections[0].n; i++) {
		const struct entry *e = &c.sections[0].entries[i];
		char why[RAW_WHY];

		if (entry_is_lxc(e) && raw_refused(e->key, e->value, why)) {
			wrong = e->key;
			r = -EINVAL;
		}
	}
	fclose(to);
	snprintf(named, sizeof(named), "%s", wrong);
	*key = named;
	return r;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		n++;
	return n;
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = strstr(text, line); p; p = strstr(p + 1, line))
		if ((p == text || p[-1] == '\n') && (p[n] == '\n' || !p[n]))
			return true;
	return false;
}

/* Its words, joined by '|'; NULL: it is none. */
static const struct {
	const char *text, *words;
} commands[] = {
	{ "/init", "/init" },
	{ "  /init  --x\ty ", "/init|--x|y" },
	{ "/bin/sh -c 'sleep 77'", "/bin/sh|-c|sleep 77" },
	{ "nginx -g \"daemon off;\"", "nginx|-g|daemon off;" },
	{ "a 'b\"\\c' \"d'\\\"\\e\" f\\ g", "a|b\"\\c|d'\"\\e|f g" },
	{ "a''b \"\" ''", "ab||" },
	{ "a b\\", "a|b\\" },
	{ "a 'b", NULL },
	{ "a \"b\\\"", NULL },
	{ "", NULL },
	{ "  ", NULL },
};

START_TEST(parts_words_as_a_shell)
{
	auto_free char **words = NULL;
	char joined[64] = "";
	int r = words_split(commands[_i].text, &words);

	ck_assert_int_eq(r, commands[_i].words ? 0 : -EINVAL);
	for (char **w = words; w && *w; w++) {
		strcat(joined, w == words ? "" : "|");
		strcat(joined, *w);
	}
	ck_assert_str_eq(joined, commands[_i].words ? commands[_i].words : "");
}
END_TEST

START_TEST(tells_liblxc_what_can_be_used_and_names_the_rest)
{
	auto_free char *text = NULL, *out = NULL, *plain = NULL;
	const char *key;
	int r;

	ck_assert(asprintf(&text, ROOTFS "%s\n", lines[_i].line) > 0);
	ck_assert_int_eq(build(ROOTFS, strlen(ROOTFS), &plain, &key), 0);
	r = build(text, strlen(text), &out, &key);
	if (lines[_i].key) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_str_eq(key, lines[_i].key);
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", lines[_i].line, key);
	ck_assert_msg(!strstr(out, "/bin/false"), "%s", out);
	if (lines[_i].lxc)
		ck_assert_msg(has_line(out, lines[_i].lxc), "%s: %s", lines[_i].line, out);
	else
		ck_assert_uint_eq(count_lines(out), count_lines(plain));
}
END_TEST

START_TEST(keeps_a_line_or_names_it)
{
	CLEANUP(config_free) struct config c = { 0 }, again = { 0 };
	auto_free char *text = NULL, *written = NULL, *twice = NULL;
	struct config_odd odd;
	size_t n, m;

	ck_assert(asprintf(&text, ROOTFS "%s\n", lines[_i].line) > 0);
	ck_assert_int_eq(config_parse(text, strlen(text), &c, &odd), 0);
	ck_assert_msg(!!odd.line == (lines[_i].kept == ODD), "%s", lines[_i].line);
	ck_assert_msg(!!odd.dropped == (lines[_i].kept == DROPPED), "%s", lines[_i].line);
	ck_assert(odd.line == 0 || odd.line == 2);
	ck_assert_int_eq(config_write(&c, &written, &n), 0);
	if (lines[_i].kept == DROPPED)
		ck_assert_str_eq(written, ROOTFS);
	else
		ck_assert_uint_ge(count_lines(written), 2);
	ck_assert_int_eq(config_parse(written, n, &again, NULL), 0);
	ck_assert_int_eq(config_write(&again, &twice, &m), 0);
	ck_assert_str_eq(twice, written);
}
END_TEST

/* Of every key that tells liblxc something: no text makes more of it than lines of ours. */
START_TEST(tells_liblxc_only_lines_of_known_keys)
{
	static const char *const values[] = { "1",
					      "x",
					      "a b",
					      "lxc.hook.start = /bin/false",
					      "1 lxc.hook.start = /bin/false",
					      "=",
					      "#",
					      "\\",
					      "\"",
					      "'",
					      "\\n",
					      "%0A",
					      "\xff\xfe",
					      "0",
					      "-" };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		auto_free char *text = NULL, *out = NULL;
		const struct key *k = &keys[_i];
		const char *key;

		ck_assert(asprintf(&text, ROOTFS "%s%s: %s\n", k->option.name,
				   k->option.count ? "0" : "", values[i]) > 0);
		if (strcmp(k->option.name, "rootfs") == 0)
			continue;
		if (build(text, strlen(text), &out, &key) < 0)
			continue;
		for (const char *p = out; *p; p += strcspn(p, "\n") + 1) {
			ck_assert_msg(strncmp(p, "lxc.", 4) == 0 || *p == '#', "%s", p);
			ck_assert_msg(strncmp(p, "lxc.hook.start =", 16) != 0, "%s", p);
		}
	}
}
END_TEST

START_TEST(takes_a_file_of_any_bytes)
{
	static const char nul[] = "memory: 1\0002\nswap: 64\n\0\0\n\0";
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *large = malloc(1u << 20);
	struct config_odd odd;

	ck_assert_int_eq(config_parse(nul, sizeof(nul) - 1, &c, &odd), 0);
	ck_assert_uint_eq(odd.dropped, 1);
	ck_assert_ptr_null(config_get(&c, "memory"));
	ck_assert_str_eq(config_get(&c, "swap"), "64");
	config_free(&c);
	memset(large, 'x', 1u << 20);
	memcpy(large, "hostname: ", 10);
	ck_assert_int_eq(config_parse(large, 1u << 20, &c, &odd), 0);
	ck_assert_uint_eq(strlen(config_get(&c, "hostname")), (1u << 20) - 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct lines");
	TCase *t = tcase_create("lines");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, parts_words_as_a_shell, 0, ARRAY_LEN(commands));
	tcase_add_loop_test(t, tells_liblxc_what_can_be_used_and_names_the_rest, 0,
			    ARRAY_LEN(lines));
	tcase_add_loop_test(t, keeps_a_line_or_names_it, 0, ARRAY_LEN(lines));
	tcase_add_loop_test(t, tells_liblxc_only_lines_of_known_keys, 0, (int)n_keys);
	tcase_add_test(t, takes_a_file_of_any_bytes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
