// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The control socket: whatever comes in, an answer or a close goes out, and the next client is
 * served as before.
 */
#include <json-c/json.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/requests.h"
#include "tests/fixture.h"

static struct tmp tmp;
static struct cgv_host host;
static struct fs fs;
static struct control *control;
static struct requests requests;
static char sock[300];
static int listening;

static void setup(void)
{
	say_limit = SAY_ERR;
	tmp_make(&tmp);
	snprintf(sock, sizeof(sock), "%s/pctfs.sock", tmp.dir);
	ck_assert_int_eq(cgv_host_open(&host), 0);
	fs.host = &host;
	ck_assert_int_eq(registry_new(&host, NULL, &fs.registry), 0);
	listening = listen_at(sock, SOCK_STREAM);
	ck_assert_int_ge(listening, 0);
	ck_assert_int_eq(control_start(&fs, listening, "/mnt", "/fast", &control), 0);
	requests = (struct requests){ &fs, "/mnt", "/fast", epoll_create1(EPOLL_CLOEXEC) };
	ck_assert_int_ge(requests.watch, 0);
}

static void teardown(void)
{
	control_stop(control);
	close_fd(&requests.watch);
	close_fd(&listening);
	registry_free(fs.registry);
	cgv_host_close(&host);
	tmp_remove(&tmp);
}

/* ---- one line ---- */

#define PING "{\"request\":\"ping\"}"

static const struct {
	const char *line, *error; /* what the answer's error says; NULL: it is ok */
} lines[] = {
	{ PING, NULL },
	{ " { \"request\" : \"ping\" } ", NULL },
	{ "{\"request\":\"ping\",\"more\":[1,{}]}", NULL },
	{ "{\"request\":\"list\"}", NULL },
	{ "", "no JSON object" },
	{ " ", "no JSON object" },
	{ "ping", "no JSON object" },
	{ "{", "no JSON object" },
	{ "{}", "'request'" },
	{ "{\"request\":\"ping\"", "no JSON object" },
	{ "{\"request\":\"ping\"}}", "no JSON object" },
	{ PING PING, "no JSON object" },
	{ "[]", "no JSON object" },
	{ "[" PING "]", "no JSON object" },
	{ "null", "no JSON object" },
	{ "true", "no JSON object" },
	{ "5", "no JSON object" },
	{ "\"ping\"", "no JSON object" },
	{ "{\"request\":5}", "'request'" },
	{ "{\"request\":null}", "'request'" },
	{ "{\"request\":[\"ping\"]}", "'request'" },
	{ "{\"request\":\"\"}", "'request'" },
	{ "{\"request\":\"pi\\u0000ng\"}", "'request'" },
	{ "{\"request\":\"ping\\n\"}", "'request'" },
	{ "{\"request\":\"Ping\"}", "no request 'Ping'" },
	{ "{\"request\":\"shutdown\"}", "no request 'shutdown'" },
	{ "{\"request\":\"%s%n\"}", "no request '%s%n'" },
	{ "{\"request\":\"\xff\xfe\"}", "no request" },
	{ "{\"Request\":\"ping\"}", "'request'" },
	{ "{\"request\":\"register\"}", "'door'" },
	{ "{\"request\":\"register\",\"door\":1,\"id\":\"1\",\"pid\":1}", "'door'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":1,\"pid\":1}", "'id'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"\",\"pid\":1}", "'id'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a/b\",\"pid\":1}", "file name" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"..\",\"pid\":1}", "file name" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\".a\",\"pid\":1}", "file name" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a~2\",\"pid\":1}", "file name" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\\tb\",\"pid\":1}", "control" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\xc2\x9b\"}", "control" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\x9b\"}", "control" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"\xc3\x9b\xe2\x82\xac\"}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\"}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":\"1\"}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":0}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":-1}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":1.5}", "'pid'" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":2147483647}",
	  "no process" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":99999999999999999999}",
	  "no process" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":1,\"fixed_cpus\":1}",
	  "'fixed_cpus' is neither" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":1,\"fixed_cpus\":\"no\"}",
	  "'fixed_cpus' is neither" },
	{ "{\"request\":\"register\",\"door\":\"d\",\"id\":\"a\",\"pid\":1,\"fast\":1}",
	  "'fast' is neither" },
	{ "{\"request\":\"forget\",\"door\":\"d\",\"id\":\"a\"}", "no container 'a'" },
	{ "{\"request\":\"forget\",\"id\":\"a\"}", "'door'" },
};

/* The answer is one line, one JSON object; false in "ok" and an error of one line, or neither. */
static void check_answer(const char *text, const char *error)
{
	json_object *o, *ok, *said = NULL;
	const char *nl = strchr(text, '\n');

	ck_assert_msg(nl && !nl[1], "no line: \"%s\"", text);
	o = json_tokener_parse(text);
	ck_assert_ptr_nonnull(o);
	ck_assert(json_object_object_get_ex(o, "ok", &ok));
	(void)json_object_object_get_ex(o, "error", &said);
	ck_assert_msg(json_object_get_boolean(ok) == !error && !said == !error, "%s", text);
	if (error)
		ck_assert_msg(strstr(json_object_get_string(said), error), "no '%s' in: %s", error,
			      text);
	json_object_put(o);
}

static void check_line(const char *line, size_t n, const char *error)
{
	auto_free char *copy = malloc(n + 1);
	auto_free char *text = NULL;

	/* Of exactly that size, without a NUL: reading beyond is seen. */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, line, n);
	text = requests_answer(&requests, copy, n);
	ck_assert_ptr_nonnull(text);
	check_answer(text, error);
}

START_TEST(answers_each_line)
{
	check_line(lines[_i].line, strlen(lines[_i].line), lines[_i].error);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	static const char behind[] = PING "\0", within[] = "{\"request\":\"pi\0ng\"}",
			  before[] = "\0" PING, alone[] = "\0\0\0";

	check_line(behind, sizeof(behind) - 1, "no JSON object");
	check_line(within, sizeof(within) - 1, "");
	check_line(before, sizeof(before) - 1, "no JSON object");
	check_line(alone, sizeof(alone) - 1, "no JSON object");
}
END_TEST

START_TEST(nesting_a_thousand_levels_is_refused)
{
	static char deep[2 * 1000 + 64];
	size_t n = 0;

	n += (size_t)sprintf(deep, "{\"request\":\"ping\",\"x\":");
	for (int i = 0; i < 1000; i++)
		deep[n++] = '[';
	for (int i = 0; i < 1000; i++)
		deep[n++] = ']';
	deep[n++] = '}';
	check_line(deep, n, "no JSON object");
	for (size_t i = 0; i < n; i++)
		deep[i] = '{';
	check_line(deep, n, "no JSON object");
}
END_TEST

START_TEST(long_names_are_refused)
{
	static char line[9000];

	sprintf(line, "{\"request\":\"%0*d\"}", 65, 0);
	check_line(line, strlen(line), "'request'");
	sprintf(line, "{\"request\":\"forget\",\"door\":\"d\",\"id\":\"%0*d\"}", 201, 0);
	check_line(line, strlen(line), "'id'");
	sprintf(line, "{\"request\":\"forget\",\"door\":\"%0*d\",\"id\":\"d\"}", 4097, 0);
	check_line(line, strlen(line), "'door'");
	sprintf(line, "{\"request\":\"forget\",\"door\":\"%0*d\",\"id\":\"%0*d\"}", 4096, 0, 200,
		0);
	check_line(line, strlen(line), "no container");
}
END_TEST

START_TEST(registers_lists_and_forgets)
{
	char line[256];
	auto_free char *list = NULL, *again = NULL;

	sprintf(line, "{\"request\":\"register\",\"door\":\"d\",\"id\":\"100\",\"pid\":%d}",
		getpid());
	check_line(line, strlen(line), NULL);
	list = requests_answer(&requests, "{\"request\":\"list\"}", 18);
	ck_assert_ptr_nonnull(strstr(list, "\"name\":\"100\",\"door\":\"d\",\"id\":\"100\""));
	strcpy(line, "{\"request\":\"forget\",\"door\":\"d\",\"id\":\"100\"}");
	check_line(line, strlen(line), NULL);
	check_line(line, strlen(line), "no container '100'");
	again = requests_answer(&requests, "{\"request\":\"list\"}", 18);
	ck_assert_ptr_nonnull(strstr(again, "\"containers\":[]"));
}
END_TEST

/* What one is told of an answer to a line. */
static void check_says(const char *line, const char *what)
{
	auto_free char *text = requests_answer(&requests, line, strlen(line));

	ck_assert_msg(strstr(text, what), "%s: %s", line, text);
}

START_TEST(says_whether_a_container_was_there_before)
{
	char line[256], again[256], other[256];

	sprintf(line, "{\"request\":\"register\",\"door\":\"d\",\"id\":\"100\",\"pid\":%d}",
		getpid());
	sprintf(again, "%.*s,\"again\":true}", (int)strlen(line) - 1, line);
	sprintf(other,
		"{\"request\":\"register\",\"door\":\"d\",\"id\":\"100\",\"pid\":%d,"
		"\"again\":true}",
		getppid());
	check_says(again, "container '100' has ended");
	check_says("{\"request\":\"list\"}", "\"containers\":[]");
	check_says(line, "\"new\":true");
	check_says(line, "\"new\":false");
	check_says(again, "\"new\":false");
	check_says(other, "container '100' has ended");
	check_says("{\"request\":\"list\"}", "\"id\":\"100\"");
}
END_TEST

START_TEST(lists_whether_the_cpuset_is_fixed)
{
	char line[256];

	for (int fixed = 0; fixed < 2; fixed++) {
		auto_free char *list = NULL;

		sprintf(line,
			"{\"request\":\"register\",\"door\":\"d\",\"id\":\"100\",\"pid\":%d%s}",
			getpid(), fixed ? ",\"fixed_cpus\":true" : "");
		check_line(line, strlen(line), NULL);
		list = requests_answer(&requests, "{\"request\":\"list\"}", 18);
		ck_assert_ptr_nonnull(
		    strstr(list, fixed ? "\"fixed_cpus\":true" : "\"fixed_cpus\":false"));
	}
}
END_TEST

START_TEST(any_bytes_are_answered)
{
	static const char some[] = "{}[]\":,\\u0019 \ttrufalsn\0\xffping-eE+.";
	struct chance chance = { 5 };

	for (int i = 0; i < 20000; i++) {
		char line[64];
		size_t n = chance_below(&chance, sizeof(line));
		auto_free char *text = NULL;

		for (size_t at = 0; at < n; at++)
			line[at] = some[chance_below(&chance, sizeof(some) - 1)];
		text = requests_answer(&requests, line, n);
		ck_assert_ptr_nonnull(strstr(text, "\"ok\":false}\n"));
	}
}
END_TEST

/* ---- the socket ---- */

/* Only root is listened to: without, there is nothing to be seen here but a close. */
static bool root(void)
{
	return geteuid() == 0;
}

static int dial(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(a.sun_path, sock);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	return fd;
}

static void put(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t w = send(fd, bytes, n, MSG_NOSIGNAL);

		if (w < 0)
			return; /* closed: what was answered before is still to be read */
		bytes += w;
		n -= (size_t)w;
	}
}

/* A line, "" when it was closed. */
static void get_line(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size - 1) {
		ssize_t r = recv(fd, buf + n, 1, 0);

		ck_assert_msg(r >= 0 || errno == ECONNRESET, "no answer: %s", strerror(errno));
		if (r <= 0 || buf[n++] == '\n')
			break;
	}
	buf[n] = '\0';
}

static void still_there(void)
{
	auto_fd fd = dial();
	char buf[4096];

	put(fd, PING "\n", strlen(PING) + 1);
	get_line(fd, buf, sizeof(buf));
	check_answer(buf, NULL);
}

START_TEST(who_is_not_root_is_closed)
{
	char buf[256];
	auto_fd fd = -EBADF;

	if (root())
		return;
	fd = dial();
	put(fd, PING "\n", strlen(PING) + 1);
	get_line(fd, buf, sizeof(buf));
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(several_lines_in_one_write_and_one_line_in_many)
{
	static const char several[] = PING "\nx\n\n" PING "\n" PING;
	auto_fd fd = -EBADF;
	char buf[4096];

	if (!root())
		return;
	fd = dial();
	put(fd, several, sizeof(several) - 1);
	for (int i = 0; i < 4; i++) {
		get_line(fd, buf, sizeof(buf));
		check_answer(buf, i == 0 || i == 3 ? NULL : "no JSON object");
	}
	close_fd(&fd);
	fd = dial();
	for (const char *p = PING "\n"; *p; p++)
		put(fd, p, 1);
	get_line(fd, buf, sizeof(buf));
	check_answer(buf, NULL);
	still_there();
}
END_TEST

START_TEST(a_line_that_does_not_end_is_told_and_closed)
{
	static char much[3 * 65536];
	auto_fd fd = -EBADF;
	char buf[4096];

	if (!root())
		return;
	memset(much, 'x', sizeof(much));
	fd = dial();
	put(fd, much, 65536);
	get_line(fd, buf, sizeof(buf));
	check_answer(buf, "longer than 65536 bytes");
	get_line(fd, buf, sizeof(buf));
	ck_assert_str_eq(buf, "");
	close_fd(&fd);
	fd = dial();
	put(fd, much, sizeof(much));
	still_there();
	/* The longest that is taken, of which the request is a part. */
	close_fd(&fd);
	fd = dial();
	memset(much, ' ', 65535);
	memcpy(much, PING, strlen(PING));
	much[65535] = '\n';
	put(fd, much, 65536);
	get_line(fd, buf, sizeof(buf));
	check_answer(buf, NULL);
}
END_TEST

START_TEST(who_leaves_in_the_middle_leaves_nothing)
{
	if (!root())
		return;
	for (int i = 0; i < 300; i++) {
		auto_fd fd = dial();

		put(fd, PING "\n{\"req", strlen(PING) + (i % 2 ? 6 : 1));
		if (i % 3 == 0)
			shutdown(fd, SHUT_WR);
	}
	still_there();
}
END_TEST

START_TEST(a_thousand_connections_are_borne)
{
	int fd[1000], served = 0;
	char buf[4096];

	if (!root())
		return;
	for (int i = 0; i < 1000; i++) {
		fd[i] = dial();
		put(fd[i], PING "\n", strlen(PING) + 1);
	}
	for (int i = 0; i < 1000; i++) {
		get_line(fd[i], buf, sizeof(buf));
		served += *buf != '\0';
		if (*buf)
			check_answer(buf, NULL);
	}
	ck_assert_int_ge(served, 64); /* more are closed unheard */
	for (int i = 0; i < 1000; i++)
		close(fd[i]);
	still_there();
}
END_TEST

/* One who asks and never reads is not waited for. */
START_TEST(who_does_not_read_holds_up_nobody)
{
	struct pollfd p = { .events = POLLOUT };
	auto_fd fd = -EBADF;

	if (!root())
		return;
	fd = dial();
	p.fd = fd;
	for (int i = 0; i < 200000 && poll(&p, 1, 100) == 1 && !(p.revents & POLLHUP); i++)
		if (send(fd, PING "\n", strlen(PING) + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	still_there();
}
END_TEST

/* More than any socket holds; the asker writes all of it before he reads. */
START_TEST(who_reads_late_gets_all_answers)
{
	enum { MANY = 20000 };
	auto_fd fd = -EBADF;
	char buf[65536], line[600];
	int status, lines_read = 0;
	pid_t asker;

	if (!root())
		return;
	/* Answered by an error that names it. */
	snprintf(line, sizeof(line), "{\"request\":\"forget\",\"id\":\"a\",\"door\":\"%0500d\"}\n",
		 0);
	fd = dial();
	asker = fork();
	if (asker == 0) {
		for (int i = 0; i < MANY; i++)
			put(fd, line, strlen(line));
		_exit(0);
	}
	poll(NULL, 0, 200);
	still_there();
	while (lines_read < MANY) {
		ssize_t n = read(fd, buf, sizeof(buf));

		ck_assert_msg(n > 0, "%d answers, then %s", lines_read, strerror(errno));
		for (ssize_t i = 0; i < n; i++)
			lines_read += buf[i] == '\n';
	}
	ck_assert_int_eq(waitpid(asker, &status, 0), asker);
	ck_assert_int_eq(status, 0);
	still_there();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("control");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, answers_each_line, 0, ARRAY_LEN(lines));
	tcase_add_test(t, a_nul_is_no_end);
	tcase_add_test(t, nesting_a_thousand_levels_is_refused);
	tcase_add_test(t, long_names_are_refused);
	tcase_add_test(t, registers_lists_and_forgets);
	tcase_add_test(t, says_whether_a_container_was_there_before);
	tcase_add_test(t, lists_whether_the_cpuset_is_fixed);
	tcase_add_test(t, any_bytes_are_answered);
	tcase_add_test(t, who_is_not_root_is_closed);
	tcase_add_test(t, several_lines_in_one_write_and_one_line_in_many);
	tcase_add_test(t, a_line_that_does_not_end_is_told_and_closed);
	tcase_add_test(t, who_leaves_in_the_middle_leaves_nothing);
	tcase_add_test(t, a_thousand_connections_are_borne);
	tcase_add_test(t, who_does_not_read_holds_up_nobody);
	tcase_add_test(t, who_reads_late_gets_all_answers);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
