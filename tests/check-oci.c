// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What OCI runtimes hand over, and how they are called: taken as meant, or refused as a whole.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/say.h"
#include "launcher/hooks.h"
#include "launcher/kept.h"
#include "launcher/timens.h"
#include "launcher/words.h"
#include "tests/fixture.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_object *parsed(const char *text)
{
	json_object *o = NULL;

	ck_assert_msg(document_parse(text, strlen(text), &o) == 0, "%s", text);
	return o;
}

/* ---- the state ---- */

static const struct {
	const char *text, *wrong; /* what is said of it; NULL: it is taken */
} states[] = {
	{ "{\"id\":\"" ID64 "\",\"pid\":5,\"bundle\":\"/b\",\"status\":\"creating\"}", NULL },
	{ " {\"id\":\"a\",\"bundle\":\"/b\"}\n", NULL },
	{ "{\"id\":\"a\",\"pid\":0,\"bundle\":\"/b\",\"annotations\":{\"x\":null}}", NULL },
	{ "", "no object" },
	{ "{", "no object" },
	{ "{}{}", "no object" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\"} x", "no object" },
	{ "[{\"id\":\"a\",\"bundle\":\"/b\"}]", "no object" },
	{ "null", "no object" },
	{ "5", "no object" },
	{ "\"id\"", "no object" },
	{ "{'id':'a','bundle':'/b'}", "no object" },
	{ "{}", "'id'" },
	{ "{\"bundle\":\"/b\"}", "'id'" },
	{ "{\"id\":\"\",\"bundle\":\"/b\"}", "'id'" },
	{ "{\"id\":7,\"bundle\":\"/b\"}", "'id'" },
	{ "{\"id\":\"a\\u0000b\",\"bundle\":\"/b\"}", "'id'" },
	{ "{\"id\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7\xf4\x8f\xbf\xbf\",\"bundle\":\"/"
	  "\xed\x9f\xbf\"}",
	  NULL },
	{ "{\"id\":\"\xff\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"a\x80\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xc3\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xc0\xaf\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xe0\x80\xaf\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xed\xa0\x80\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xf0\x80\x80\xaf\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xf4\x90\x80\x80\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"\xf8\x88\x80\x80\x80\",\"bundle\":\"/b\"}", "UTF-8" },
	{ "{\"id\":\"a\",\"bundle\":\"/\xe2\x82\"}", "UTF-8" },
	{ "{\"id\":\"" ID64 ID64 ID64 ID64 "\",\"bundle\":\"/b\"}", "longer" },
	{ "{\"id\":\"a\"}", "'bundle'" },
	{ "{\"id\":\"a\",\"bundle\":\"b\"}", "'bundle'" },
	{ "{\"id\":\"a\",\"bundle\":[\"/b\"]}", "'bundle'" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":\"5\"}", "'pid'" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":-1}", "'pid'" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":1.5}", "'pid'" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":4294967301}", "'pid'" },
	{ "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":99999999999999999999}", "'pid'" },
};

START_TEST(a_state_is_taken_or_said_what_is_wrong)
{
	const char *text = states[_i].text, *wrong = states[_i].wrong, *said = "no object";
	struct oci_state s = { .id = "untouched" };
	auto_json o = NULL;

	if (document_parse(text, strlen(text), &o) == 0)
		said = state_of(o, &s);
	if (!wrong)
		ck_assert_msg(!said && *s.id != 'u', "%s: %s", text, said);
	else
		ck_assert_msg(said && strstr(said, wrong) && *s.id == 'u', "%s: %s", text, said);
}
END_TEST

START_TEST(a_document_ends_where_its_file_does)
{
	auto_free char *text = malloc(DOCUMENT_MAX + 1);
	struct tmp t;
	auto_json o = NULL;

	tmp_make(&t);
	memset(text, ' ', DOCUMENT_MAX + 1);
	text[0] = '{';
	text[DOCUMENT_MAX - 2] = '}';
	for (size_t n = DOCUMENT_MAX - 1; n <= DOCUMENT_MAX + 1; n += 2) {
		auto_fd fd = -EBADF;

		tmp_put_bytes(&t, "document", text, n);
		fd = openat(t.fd, "document", O_RDONLY | O_CLOEXEC);
		ck_assert_int_eq(document_read(fd, &o), n < DOCUMENT_MAX ? 0 : -E2BIG);
	}
	tmp_remove(&t);
}
END_TEST

START_TEST(nesting_without_end_is_refused)
{
	char text[4096];
	json_object *o;

	memset(text, '[', sizeof(text));
	memcpy(text, "{\"a\":", 5);
	ck_assert_int_eq(document_parse(text, sizeof(text), &o), -EBADMSG);
}
END_TEST

/* ---- config.json ---- */

static struct tmp bundle;

static void setup(void)
{
	say_limit = SAY_ERR - 1;
	tmp_make(&bundle);
	tmp_put(&bundle, "b/rootfs/x", "%s", "");
	tmp_put(&bundle, "elsewhere/x", "%s", "");
	tmp_put(&bundle, "b/file", "%s", "");
	ck_assert_int_eq(symlinkat("rootfs", bundle.fd, "b/link"), 0);
	ck_assert_int_eq(symlinkat("../elsewhere", bundle.fd, "b/out"), 0);
	ck_assert_int_eq(symlinkat("/", bundle.fd, "b/top"), 0);
}

static void teardown(void)
{
	tmp_remove(&bundle);
}

static const struct {
	const char *root; /* '@' is the temporary directory */
	int r;
} roots[] = {
	{ "rootfs", 0 },
	{ "./rootfs", 0 },
	{ "rootfs/", 0 },
	{ "rootfs/../rootfs", 0 },
	{ "@/elsewhere", 0 },
	{ "@/b/rootfs", 0 },
	{ "", -EBADMSG },
	{ "none", -ENOENT },
	{ "file", -ENOTDIR },
	{ "link", -ELOOP },
	{ "out", -ELOOP },
	{ "top", -ELOOP },
	{ "@/b/link", -ELOOP },
	{ "@/b/top@/elsewhere", -ELOOP },
	{ "../elsewhere", -EXDEV },
	{ "rootfs/../../elsewhere", -EXDEV },
	{ "/", -EINVAL },
	{ "/proc/..", -EINVAL },
	{ "/proc/self/root", -ELOOP },
};

/* Each '@' is the temporary directory. */
static void expand(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (to[0] = '\0'; *from && n < size; from++)
		n += (size_t)snprintf(to + n, size - n, *from == '@' ? "%s" : "%.1s",
				      *from == '@' ? bundle.dir : from);
}

START_TEST(a_root_is_where_the_runtime_goes)
{
	char root[PATH_MAX], b[PATH_MAX], path[PATH_MAX] = "untouched", want[2 * PATH_MAX];
	auto_json config = json_object_new_object();
	json_object *o = json_object_new_object();

	expand(roots[_i].root, root, sizeof(root));
	expand("@/b", b, sizeof(b));
	json_object_object_add(config, "root", o);
	json_object_object_add(o, "path", json_object_new_string(root));
	ck_assert_int_eq(config_root(config, b, path, sizeof(path)), roots[_i].r);
	snprintf(want, sizeof(want), "%s%s%s", *root == '/' ? "" : b, *root == '/' ? "" : "/",
		 root);
	ck_assert_str_eq(path, roots[_i].r == 0 ? want : "untouched");
}
END_TEST

static const char *const rootless[] = {
	"{}",
	"{\"root\":null}",
	"{\"root\":\"rootfs\"}",
	"{\"root\":{}}",
	"{\"root\":{\"path\":5}}",
	"{\"root\":{\"path\":\"roo\\u0000tfs\"}}",
	"{\"root.path\":\"rootfs\"}",
};

START_TEST(a_config_that_names_no_root_has_none)
{
	char path[PATH_MAX];
	auto_json config = parsed(rootless[_i]);

	ck_assert_int_eq(config_root(config, bundle.dir, path, sizeof(path)), -EBADMSG);
}
END_TEST

static const struct {
	const char *namespaces;
	bool clock;
} clocks[] = {
	{ "[{\"type\":\"mount\"},{\"type\":\"pid\"}]", true },
	{ "[{\"type\":\"pid\",\"path\":\"\"}]", true },
	{ "[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}]", false },
	{ "[{\"type\":\"pid\"},{\"type\":\"time\"}]", false },
	{ "[{\"type\":\"time\"},{\"type\":\"pid\"}]", false },
	{ "[{\"type\":\"mount\"}]", false },
	{ "[]", false },
	{ "null", false },
	{ "\"pid\"", false },
	{ "[\"pid\",5,null]", false },
};

START_TEST(a_boot_clock_is_for_who_has_pids_of_his_own)
{
	auto_json config = NULL;
	char text[256];

	snprintf(text, sizeof(text), "{\"linux\":{\"namespaces\":%s}}", clocks[_i].namespaces);
	config = parsed(text);
	ck_assert_int_eq(config_wants_clock(config), clocks[_i].clock);
}
END_TEST

/* ---- hooks ---- */

#define OURS   "{\"path\":\"/old/pct-launch\",\"args\":[\"pct-runc\",\"oci\",\"poststop\"]}"
#define RECORD "{\"path\":\"/old/pct-runc\",\"args\":[\"pct-runc\",\"--pct-forget\",\"/x\"]}"
#define ASKED                                                                                      \
	"{\"path\":\"/p/pct-launch\",\"args\":[\"pct-launch\",\"--fast\",\"oci\",\"poststop\"]}"
#define OTHERS "{\"path\":\"/usr/bin/other\",\"env\":[\"A=1\"]}"

static const struct {
	const char *before, *after; /* ours is "ours" there; NULL: refused */
} hooked[] = {
	{ "{}", "{\"hooks\":{\"poststop\":[\"ours\"]}}" },
	{ "{\"hooks\":null}", "{\"hooks\":{\"poststop\":[\"ours\"]}}" },
	{ "{\"hooks\":{\"poststop\":null}}", "{\"hooks\":{\"poststop\":[\"ours\"]}}" },
	{ "{\"hooks\":{\"poststop\":[" OTHERS "]}}",
	  "{\"hooks\":{\"poststop\":[" OTHERS ",\"ours\"]}}" },
	{ "{\"hooks\":{\"poststop\":[" OURS "," OTHERS "," OURS "],\"prestart\":[" OURS "]}}",
	  "{\"hooks\":{\"poststop\":[" OTHERS ",\"ours\"],\"prestart\":[]}}" },
	{ "{\"hooks\":{\"poststop\":[" ASKED "," RECORD "]}}",
	  "{\"hooks\":{\"poststop\":[" ASKED ",\"ours\"]}}" },
	{ "{\"hooks\":{\"poststop\":[null,5,{\"path\":7}]}}",
	  "{\"hooks\":{\"poststop\":[null,5,{\"path\":7},\"ours\"]}}" },
	{ "{\"hooks\":[]}", NULL },
	{ "{\"hooks\":{\"poststop\":{}}}", NULL },
};

START_TEST(hooks_are_added_once_and_others_stay)
{
	auto_json config = parsed(hooked[_i].before);
	auto_json want = hooked[_i].after ? parsed(hooked[_i].after) : NULL;

	for (int i = 0; i < 2; i++) {
		json_object *ours = i == 0 ? parsed(OURS) : json_object_new_string("ours");

		hooks_drop(config);
		ck_assert_int_eq(hooks_add(config, "poststop", ours), want ? 0 : -EBADMSG);
	}
	if (want)
		ck_assert_msg(json_object_equal(config, want), "%s",
			      json_object_to_json_string(config));
}
END_TEST

static const struct {
	const char *hooks, *words; /* NULL: none is found */
} asked[] = {
	{ "{\"poststop\":[" OTHERS "," ASKED "]}",
	  "[\"pct-launch\",\"--fast\",\"oci\",\"poststop\",\"--strict\"]" },
	{ "{\"poststop\":[" OURS "]}", "[\"pct-runc\",\"oci\",\"poststop\",\"--strict\"]" },
	{ "{\"poststop\":[{\"path\":\"/pct-launch\",\"args\":[5,\"--strict\"]}]}",
	  "[5,\"--strict\"]" },
	{ "{\"poststop\":[" RECORD "," OTHERS ",null,5]}", NULL },
	{ "{\"prestart\":[" ASKED "]}", NULL },
	{ "{\"poststop\":{\"path\":\"/pct-launch\"}}", NULL },
	{ "[]", NULL },
};

START_TEST(a_hook_that_was_asked_for_is_found_and_keeps_its_words)
{
	auto_json config = NULL;
	json_object *hook;
	char text[512];

	snprintf(text, sizeof(text), "{\"hooks\":%s}", asked[_i].hooks);
	config = parsed(text);
	hook = hooks_find(config, "poststop");
	ck_assert_int_eq(!!hook, !!asked[_i].words);
	if (!hook)
		return;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(hook_word(hook, "--strict"), 0);
	ck_assert_str_eq(json_object_to_json_string_ext(document_find(hook, "args"), 0),
			 asked[_i].words);
}
END_TEST

START_TEST(a_hook_has_no_empty_words)
{
	const char *const words[] = { "pct-launch", "", "oci", NULL, "poststop" };
	auto_json hook = hook_new("/p", words, ARRAY_LEN(words));

	ck_assert_str_eq(document_text(hook, "path"), "/p");
	ck_assert_str_eq(json_object_to_json_string_ext(document_find(hook, "args"), 0),
			 "[\"pct-launch\",\"oci\",\"poststop\"]");
}
END_TEST

/* What a runtime must read as it was: numbers to their last digit, every character. */
START_TEST(a_config_comes_out_as_it_went_in)
{
	static const char text[] =
	    "{\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":0.10,\"d\":1e3,"
	    "\"e\":\"/\\\\\\\"\\u00e9\\ud83d\\ude00\\n\\u0001\",\"f\":[],\"g\":{},\"h\":null,"
	    "\"i\":true,\"\":\"\"}";
	static const char want[] =
	    "{\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":0.10,\"d\":1e3,"
	    "\"e\":\"/\\\\\\\"\xc3\xa9\xf0\x9f\x98\x80\\n\\u0001\",\"f\":[],\"g\":{},\"h\":null,"
	    "\"i\":true,\"\":\"\"}";
	auto_json o = parsed(text);

	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							       JSON_C_TO_STRING_NOSLASHESCAPE),
			 want);
}
END_TEST

/* ---- the runtime's command line ---- */

#define WORDS 16

static const struct {
	const char *words[WORDS];
	const char
	    *call; /* "command|id|bundle|root|makes", and "|config", "|many" where there is */
} calls[] = {
	{ { "runc" }, "-|-|.||0" },
	{ { "runc", "--version" }, "-|-|.||0" },
	{ { "runc", "list", "-f", "json" }, "-|-|.||0" },
	{ { "runc", "spec" }, "-|-|.||0" },
	{ { "runc", "create" }, "create|-|.||1" },
	{ { "runc", "run", "c" }, "run|c|.||1" },
	{ { "runc", "run", "-d", "--bundle", "/b", "c" }, "run|c|/b||1" },
	{ { "runc", "create", "--bundle=/b", "--pid-file", "p", "c" }, "create|c|/b||1" },
	{ { "runc", "create", "-b", "/b", "--no-pivot", "c" }, "create|c|/b||1" },
	{ { "crun", "create", "c", "--bundle", "/b" }, "create|c|/b||1" },
	{ { "runc", "create", "--console-socket", "--", "c" }, "create|c|.||1" },
	{ { "runc", "create", "--", "--c" }, "create|--c|.||1" },
	{ { "runc", "create", "--bundle" }, "create|-|.||1" },
	{ { "runc", "--root", "/r", "--log", "/l", "--log-format", "json", "create", "--bundle",
	    "/b", "--pid-file", "/p", ID64 },
	  "create|" ID64 "|/b|/r|1" },
	{ { "runc", "--root=/r", "--systemd-cgroup", "delete", "--force", "c" },
	  "delete|c|.|/r|0" },
	{ { "runc", "--debug", "-root", "/r", "state", "c" }, "state|c|.|/r|0" },
	{ { "runc", "--log", "create", "kill", "c", "9" }, "kill|c|.||0" },
	{ { "runc", "kill", "--all", "c", "KILL" }, "kill|c|.||0" },
	{ { "runc", "exec", "-t", "--user", "a", "-e", "b=c", "--cwd", "/", "c", "sh", "-b" },
	  "exec|c|.||0" },
	{ { "runc", "exec", "--process", "/p", "--detach", "--pid-file", "/q", "c" },
	  "exec|c|.||0" },
	{ { "runc", "ps", "-f", "json", "c" }, "ps|c|.||0" },
	{ { "runc", "delete", "-f", "c" }, "delete|c|.||0" },
	{ { "runc", "update", "--resources", "-", "c" }, "update|c|.||0" },
	{ { "runc", "exec", "c", "runc", "create", "--bundle", "/b", "d" }, "exec|c|.||0" },
	{ { "crun", "--log-level", "debug", "create", "c" }, "create|c|.||1" },
	{ { "crun", "--log-level=debug", "--root", "/r", "state", "c" }, "state|c|.|/r|0" },
	{ { "runc", "restore", "--image-path", "/i", "-d", "--bundle", "/b", "--work-path", "/w",
	    "c" },
	  "restore|c|/b||2" },
	{ { "crun", "restore", "--manage-cgroups-mode", "soft", "--console-socket=/s", "c" },
	  "restore|c|.||2" },
	{ { "runc", "checkpoint", "--image-path", "/i", "--empty-ns", "network", "c" },
	  "checkpoint|c|.||0" },
	{ { "crun", "mounts", "add", "c", "/f" }, "mounts|c|.||0" },
	{ { "crun", "mounts", "--", "remove", "c", "/f" }, "mounts|c|.||0" },
	{ { "crun", "mounts", "add" }, "mounts|-|.||0" },
	{ { "crun", "run", "--config", "/x.json", "c" }, "run|c|.||1|/x.json" },
	{ { "crun", "create", "c", "-f", "x.json", "-b", "/b" }, "create|c|/b||1|x.json" },
	{ { "crun", "create", "--config=x.json", "c" }, "create|c|.||1|x.json" },
	{ { "runc", "delete", "-f", "c" }, "delete|c|.||0" },
	{ { "crun", "delete", "--regex", ".*" }, "delete|.*|.||0|many" },
	{ { "crun", "kill", "-r", "a.*", "KILL" }, "kill|a.*|.||0|many" },
	{ { "crun", "delete", "--force", "--reg", "a" }, "delete|a|.||0|many" },
	{ { "crun", "delete", "-fr", "a" }, "delete|a|.||0|many" },
	{ { "runc", "delete", "-force", "c" }, "delete|c|.||0" },
	{ { "runc", "kill", "-a", "c", "-r" }, "kill|c|.||0" },
	{ { "crun", "create", "-b/b=", "-fx.json", "c" }, "create|c|/b=||1|x.json" },
	{ { "runc", "restore", "-file-locks", "-b=/b", "c" }, "restore|c|/b||2" },
	{ { "runc", "run", "-detach", "-bundle", "/b", "c" }, "run|c|/b||1" },
};

START_TEST(a_command_line_says_which_container)
{
	char *argv[WORDS + 1] = { NULL };
	struct call c;
	char got[512];

	for (size_t i = 0; i < WORDS && calls[_i].words[i]; i++)
		argv[i] = (char *)(uintptr_t)calls[_i].words[i];
	words_read(argv, &c);
	snprintf(got, sizeof(got), "%s|%s|%s|%s|%d%s%s%s", c.command ? c.command : "-",
		 c.id ? c.id : "-", c.bundle, c.root, (int)c.makes, c.config ? "|" : "",
		 c.config ? c.config : "", c.many ? "|many" : "");
	ck_assert_str_eq(got, calls[_i].call);
}
END_TEST

static const struct {
	const char *line, *left; /* words; NULL: refused */
	const char *own;	 /* "strict time runtime socket launch…" */
} owns[] = {
	{ "r create c", "r create c", "0 1 - -" },
	{ "r --pct-strict --root x create c", "r --root x create c", "1 1 - - --strict" },
	{ "r --root x --pct-no-time create c", "r --root x create c", "0 0 - -" },
	{ "r --pct-runtime=/q --pct-socket=/s run c", "r run c", "0 1 /q /s" },
	{ "r --pct-fast --pct-cpus=live start c", "r start c", "0 1 - - --fast --cpus=live" },
	{ "r exec c --pct-strict", "r exec c --pct-strict", "0 1 - -" },
	{ "r --log --pct-strict state c", "r --log --pct-strict state c", "0 1 - -" },
	{ "r --pct-strict", "r", "1 1 - - --strict" },
	{ "r --pct-nothing create c", NULL, NULL },
	{ "r --pct-cpus=5 create c", NULL, NULL },
	{ "r --pct-socket= create c", NULL, NULL },
	{ "r --pct-runtime create c", NULL, NULL },
};

static void join(char *to, size_t size, char *const words[])
{
	for (size_t n = 0; *words && n < size; words++)
		n += (size_t)snprintf(to + n, size - n, "%s%s", n ? " " : "", *words);
}

START_TEST(own_options_are_taken_out_and_no_others)
{
	char line[256], left[256] = "", got[256] = "", *argv[WORDS + 1] = { NULL };
	struct own_words own = { 0 };
	const char *bad = NULL;
	size_t n = 0;
	int r;

	snprintf(line, sizeof(line), "%s", owns[_i].line);
	for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	r = words_take(argv, &own, &bad);
	if (!owns[_i].left) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_str_eq(bad, argv[1]);
		return;
	}
	ck_assert_int_eq(r, 0);
	join(left, sizeof(left), argv);
	ck_assert_str_eq(left, owns[_i].left);
	n = (size_t)snprintf(got, sizeof(got), "%d %d %s %s", own.strict, !own.no_time,
			     own.runtime ? own.runtime : "-", own.socket ? own.socket : "-");
	for (size_t i = 0; i < own.n_launch; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, " %s", own.launch[i]);
	ck_assert_str_eq(got, owns[_i].own);
}
END_TEST

/* ---- records ---- */

/* What has to be said to be in that folder is the same for all of them. */
START_TEST(a_record_is_found_however_its_root_is_spelled)
{
	static const char *const spelled[] = { "@/kept",  "@/kept/",  "@//kept/../kept", "kept",
					       "./kept/", "@/linked", "linked" };
	char home[32] = "", now[32] = "", root[PATH_MAX], said[PATH_MAX];

	if (geteuid() != 0 || access("/proc/self/timens_offsets", W_OK) < 0)
		return;
	tmp_put(&bundle, "kept/c/x", "%s", "");
	ck_assert_int_eq(symlinkat("kept", bundle.fd, "linked"), 0);
	ck_assert_int_eq(fchdir(bundle.fd), 0);
	for (size_t i = 0; i < ARRAY_LEN(spelled); i++) {
		int pipes[2], ended;
		pid_t pid;

		ck_assert_int_eq(pipe(pipes), 0);
		pid = fork();
		if (pid == 0) { /* the container */
			int back;

			expand(spelled[i], said, sizeof(said));
			if (timens_make(&back) < 0 ||
			    kept_root("runc", said, root, sizeof(root)) < 0 ||
			    timens_record(root, "c", getpid()) < 0)
				_exit(1);
			(void)!write(pipes[1], "", 1);
			pause();
		}
		close(pipes[1]);
		ck_assert_int_eq(read(pipes[0], now, 1), 1);
		close(pipes[0]);
		for (size_t k = 0; k < ARRAY_LEN(spelled); k++) {
			auto_fd back = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);

			expand(spelled[k], said, sizeof(said));
			ck_assert_int_eq(kept_root("runc", said, root, sizeof(root)), 0);
			ck_assert_int_gt(readlink("/proc/self/ns/time", home, sizeof(home) - 1), 0);
			ck_assert_int_eq(timens_join(root, "c"), 0);
			ck_assert_int_gt(readlink("/proc/self/ns/time", now, sizeof(now) - 1), 0);
			ck_assert_msg(strcmp(home, now) != 0, "%s, not as %s", spelled[i], said);
			ck_assert_int_eq(timens_back(back), 0);
		}
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
	}
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static const struct {
	const char *runtime, *root, *users; /* "users": XDG_RUNTIME_DIR */
	const char *want;		    /* NULL: not known */
} kept[] = {
	{ "/usr/sbin/runc", "", "/run/user/0", "/run/runc" }, /* root's is the host's */
	{ "crun", "", "/run/user/0", "/run/user/0/crun" },
	{ "/opt/crun-1.9", "", "", "/run/crun" },
	{ "runc", "/r", "", "/r" },
	{ "youki", "/r/", "", "/r/" },
	{ "youki", "r", "", "/proc/r" }, /* from there */
	{ "/run/runc/youki", "", "", NULL },
	{ "youki", "", "/run/user/0", NULL },
};

START_TEST(a_runtime_keeps_its_state_where_it_says)
{
	char path[PATH_MAX] = "untouched";
	int r;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chdir("/proc"), 0);
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", kept[_i].users, 1), 0);
	r = kept_root(kept[_i].runtime, kept[_i].root, path, sizeof(path));
	ck_assert_int_eq(r, kept[_i].want ? 0 : -ENOENT);
	ck_assert_str_eq(path, kept[_i].want ? kept[_i].want : "untouched");
}
END_TEST

START_TEST(what_is_no_id_has_no_record)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "../c" };
	char root[PATH_MAX], long_id[300];

	snprintf(root, sizeof(root), "%s/kept/x", bundle.dir);
	tmp_put(&bundle, "kept/pct-clock", "%s", "");
	tmp_put(&bundle, "kept/c/pct-clock", "%s", "");
	tmp_put(&bundle, "kept/x/pct-clock", "%s", "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(timens_join(root, bad[i]), 0);
		ck_assert(!timens_has(root, bad[i]));
		ck_assert_int_eq(timens_record(root, bad[i], getpid()), -EINVAL);
	}
	memset(long_id, 'a', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	ck_assert_int_eq(timens_join(root, long_id), 0);
}
END_TEST

/* -ENOENT of a folder: the runtime keeps its state elsewhere. */
START_TEST(a_record_that_cannot_be_used_is_an_error)
{
	static const char *const torn[] = { "",	     "x",	  "5",	     "-5 1 0 0\n",
					    "1 2 0", "0 1 0 0\n", "1 2 3 4", "1 2 -3 4" };
	char root[PATH_MAX], want[64], got[64];
	ssize_t n = readlink("/proc/self/ns/time", want, sizeof(want));

	snprintf(root, sizeof(root), "%s/kept", bundle.dir);
	ck_assert_int_eq(timens_join(root, "c"), 0); /* no folder */
	tmp_put(&bundle, "kept/c/state.json", "%s", "");
	ck_assert_int_eq(timens_join(root, "c"), 0);
	ck_assert_int_eq(timens_join(root, "c/state.json"), 0);
	for (size_t i = 0; i < ARRAY_LEN(torn); i++) {
		tmp_put(&bundle, "kept/c/pct-clock", "%s", torn[i]);
		ck_assert_int_eq(timens_join(root, "c"), -EBADMSG);
		ck_assert(timens_has(root, "c"));
	}
	tmp_put(&bundle, "kept/c/pct-clock", "%d 5 -100 0\n", INT_MAX); /* it has ended */
	ck_assert_int_eq(timens_join(root, "c"), 0);
	ck_assert_int_eq(timens_record(root, "c", INT_MAX), -ENOENT);
	ck_assert_int_eq(readlink("/proc/self/ns/time", got, sizeof(got)), n);
	ck_assert_int_eq(n > 0 ? memcmp(want, got, (size_t)n) : 0, 0);
}
END_TEST

/* Its root can do that, and must not be deleted while it lives; and pids come again. */
START_TEST(who_is_in_another_namespace_is_seen_by_a_clock_that_reads_the_same)
{
	char root[PATH_MAX], text[512] = "";
	auto_fd home = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	auto_fd offsets = -EBADF;

	if (geteuid() != 0 || access("/proc/self/timens_offsets", W_OK) < 0)
		return;
	snprintf(root, sizeof(root), "%s/kept", bundle.dir);
	tmp_put(&bundle, "kept/c/pct-clock", "%d 5 1234 5678\n", getpid());
	ck_assert_int_eq(timens_join(root, "c"), 0);
	offsets = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
	ck_assert_int_gt(read(offsets, text, sizeof(text) - 1), 0);
	ck_assert_msg(strstr(text, "1234") && strstr(text, "5678"), "%s", text);
	/* So is who is recorded, and only where the runtime has made a folder. */
	ck_assert_int_eq(timens_record(root, "c", getpid()), 0);
	ck_assert_int_eq(timens_record(root, "none", getpid()), -ENOENT);
	ck_assert_int_eq(timens_back(home), 0);
	/* In the host's nobody has to be. */
	ck_assert_int_eq(timens_record(root, "none", getpid()), 0);
	ck_assert(timens_has(root, "c") && !timens_has(root, "none"));
	/* Before this boot. */
	tmp_put(&bundle, "kept/c/pct-clock", "%d 5 -999999999 0\n", getpid());
	ck_assert_int_eq(timens_join(root, "c"), 0);
}
END_TEST

static void count_id(const char *id, pid_t pid, void *arg)
{
	ck_assert_str_eq(id, "mine-1");
	ck_assert_int_eq(pid, getpid());
	++*(int *)arg;
}

static int names_in(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

START_TEST(records_are_named_of_who_lives)
{
	char root[PATH_MAX], socket[PATH_MAX], folder[PATH_MAX];
	struct stat st;
	int n = 0;

	snprintf(root, sizeof(root), "%s/kept", bundle.dir);
	snprintf(socket, sizeof(socket), "%s/run/s", bundle.dir);
	timens_folder(socket, folder, sizeof(folder));
	timens_each(socket, count_id, &n); /* no folder */
	ck_assert_int_eq(stat("/proc/self/ns/time", &st), 0);
	tmp_put(&bundle, "kept/mine-1/pct-clock", "%d %llu 0 0\n", getpid(),
		(unsigned long long)st.st_ino);
	tmp_put(&bundle, "kept/gone/pct-clock", "%d 5 0 0\n", INT_MAX);
	tmp_put(&bundle, "kept/other/pct-clock", "%d 5 0 0\n", getpid());
	tmp_put(&bundle, "kept/torn/pct-clock", "%d", getpid());
	timens_name(folder, root, "mine-1");
	timens_name(folder, root, "mine-1"); /* an old one is there */
	timens_name(folder, root, "gone");
	timens_name(folder, root, "other");
	timens_name(folder, root, "torn");
	timens_name(folder, root, "deleted");
	tmp_put(&bundle, "run/oci/short", "%d 5 0 0\n", getpid());
	ck_assert_int_eq(names_in(folder), 6);
	timens_each(socket, count_id, &n);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(names_in(folder), 5); /* the deleted one's is taken away */
	timens_unname(folder, root, "mine-1");
	timens_unname(folder, root, "mine-1");
	timens_each(socket, count_id, &n);
	ck_assert_int_eq(n, 1);
}
END_TEST

/* Start times are in ticks, and runc takes 0 for none. Once more from inside: it starts again. */
START_TEST(a_boot_clock_starts_with_the_first_tick)
{
	if (geteuid() != 0 || access("/proc/self/timens_offsets", W_OK) < 0)
		return;
	say_limit = SAY_ERR;
	for (int i = 0; i < 3; i++) {
		auto_fd home = -EBADF;
		struct timespec t;
		time_t began = time(NULL);

		ck_assert_int_eq(timens_make(&home), 0);
		ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &t), 0);
		/* Unless somebody else had the CPU meanwhile. */
		ck_assert_int_le(t.tv_sec, time(NULL) - began);
		ck_assert_int_ge(t.tv_sec * 1000000000 + t.tv_nsec, 10000000);
		usleep(50000);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oci");
	TCase *t = tcase_create("oci");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_state_is_taken_or_said_what_is_wrong, 0, ARRAY_LEN(states));
	tcase_add_test(t, a_document_ends_where_its_file_does);
	tcase_add_test(t, nesting_without_end_is_refused);
	tcase_add_loop_test(t, a_root_is_where_the_runtime_goes, 0, ARRAY_LEN(roots));
	tcase_add_loop_test(t, a_config_that_names_no_root_has_none, 0, ARRAY_LEN(rootless));
	tcase_add_loop_test(t, a_boot_clock_is_for_who_has_pids_of_his_own, 0, ARRAY_LEN(clocks));
	tcase_add_loop_test(t, hooks_are_added_once_and_others_stay, 0, ARRAY_LEN(hooked));
	tcase_add_loop_test(t, a_hook_that_was_asked_for_is_found_and_keeps_its_words, 0,
			    ARRAY_LEN(asked));
	tcase_add_test(t, a_hook_has_no_empty_words);
	tcase_add_test(t, a_config_comes_out_as_it_went_in);
	tcase_add_loop_test(t, a_command_line_says_which_container, 0, ARRAY_LEN(calls));
	tcase_add_loop_test(t, own_options_are_taken_out_and_no_others, 0, ARRAY_LEN(owns));
	tcase_add_test(t, a_record_is_found_however_its_root_is_spelled);
	tcase_add_loop_test(t, a_runtime_keeps_its_state_where_it_says, 0, ARRAY_LEN(kept));
	tcase_add_test(t, what_is_no_id_has_no_record);
	tcase_add_test(t, a_record_that_cannot_be_used_is_an_error);
	tcase_add_test(t, who_is_in_another_namespace_is_seen_by_a_clock_that_reads_the_same);
	tcase_add_test(t, records_are_named_of_who_lives);
	tcase_add_test(t, a_boot_clock_starts_with_the_first_tick);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
