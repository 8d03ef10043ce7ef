// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Metrics: what is counted, the text it is told in, and how it is asked for.
 */
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mman.h>

#include "procfs/counts.h"
#include "procfs/http.h"
#include "procfs/pages.h"
#include "procfs/registry.h"
#include "tests/fixture.h"

/* ---- HTTP ---- */

static const struct {
	const char *text;
	int want;
	const char *path, *query;
} requests[] = {
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", 1, "/metrics", "" },
	{ "GET /metrics?names=incus HTTP/1.0\r\n\r\n", 1, "/metrics", "names=incus" },
	{ "GET / HTTP/1.0\n\n", 1, "/", "" },
	{ "HEAD /stats HTTP/1.1\r\n\r\n", 1, "/stats", "" },
	{ "GET /metrics HTTP/1.1\r\n\r\nGET /more HTTP/1.1\r\n\r\n", 1, "/metrics", "" },
	{ "GET /a??b HTTP/1.0\r\n\r\n", 1, "/a", "?b" },
	{ "", 0, NULL, NULL },
	{ "GET /metrics HTTP/1.1\r\n", 0, NULL, NULL },
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r", 0, NULL, NULL },
	{ "\r\n\r\n", 400, NULL, NULL },
	{ "GET /metrics\r\n\r\n", 400, NULL, NULL },
	{ "GET /metrics HTTP/1.1 x\r\n\r\n", 400, NULL, NULL },
	{ "GET metrics HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET http://x/metrics HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET ?x HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET /\x01 HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET /\xff HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET / http/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET / HTTP/2.0\r\n\r\n", 505, NULL, NULL },
	{ "POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405, NULL, NULL },
	{ "get / HTTP/1.1\r\n\r\n", 405, NULL, NULL },
	{ "GET /0123456789012345678901234567890123456789012345678901234567890123 HTTP/1.1\r\n\r\n",
	  414, NULL, NULL },
	{ "GET /?0123456789012345678901234567890123456789012345678901234567890123 HTTP/1.1\n\n",
	  414, NULL, NULL },
};

START_TEST(is_asked_by_http)
{
	struct http_request q = { 0 };
	const char *text = requests[_i].text;
	size_t whole = strlen(text);

	ck_assert_int_eq(http_parse(text, whole, &q), requests[_i].want);
	if (requests[_i].want != 1)
		return;
	ck_assert_str_eq(q.path, requests[_i].path);
	ck_assert_str_eq(q.query, requests[_i].query);
	ck_assert_int_eq(q.head, *text == 'H');
	/* However it comes: no part of it is taken for a request, or for none. */
	whole = (size_t)(strstr(text, "\n\n") ? strstr(text, "\n\n") + 2 - text
					      : strstr(text, "\r\n\r\n") + 4 - text);
	for (size_t n = 0; n < whole; n++)
		ck_assert_int_eq(http_parse(text, n, &q), 0);
}
END_TEST

START_TEST(refuses_a_request_without_end)
{
	char text[HTTP_MAX];
	struct http_request q;

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(http_parse(text, sizeof(text) - 1, &q), 0);
	ck_assert_int_eq(http_parse(text, sizeof(text), &q), 431);
	memset(text, '\n', sizeof(text));
	ck_assert_int_eq(http_parse(text, sizeof(text), &q), 400);
}
END_TEST

/* ---- the text ---- */

#define WHAT "\xef\xbf\xbd"

static const struct {
	const char *text, *want;
} labels[] = {
	{ "web", "k=\"web\"" },
	{ "", "k=\"\"" },
	{ "a\"b\\c\nd", "k=\"a\\\"b\\\\c\\nd\"" },
	{ "\\", "k=\"\\\\\"" },
	{ "{}=,# \t", "k=\"{}=,# \t\"" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", "k=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7\"" },
	{ "\xff", "k=\"" WHAT "\"" },
	{ "a\xc3", "k=\"a" WHAT "\"" },
	{ "\xc3\"", "k=\"" WHAT "\\\"\"" },
	{ "\xc0\x80", "k=\"" WHAT WHAT "\"" },
	{ "\xe0\x80\x80", "k=\"" WHAT WHAT WHAT "\"" },
	{ "\xed\xa0\x80", "k=\"" WHAT WHAT WHAT "\"" },
	{ "\xf4\x90\x80\x80", "k=\"" WHAT WHAT WHAT WHAT "\"" },
	{ "\xf0\x80\x80\x80", "k=\"" WHAT WHAT WHAT WHAT "\"" },
	{ "\xf5\x80\x80\x80", "k=\"" WHAT WHAT WHAT WHAT "\"" },
	{ "\xe2\x82", "k=\"" WHAT WHAT "\"" },
};

START_TEST(a_label_holds_any_text)
{
	struct prom p = { 0 };

	prom_label(&p, true, "k", labels[_i].text);
	ck_assert_str_eq(p.text.p, labels[_i].want);
	prom_free(&p);
}
END_TEST

START_TEST(numbers_are_in_base_units)
{
	struct prom p = { 0 };

	prom_sample(&p, "a", "", PROM_PLAIN, UINT64_MAX);
	prom_sample(&p, "b", "x=\"y\"", PROM_NSEC, 12000000034);
	prom_sample(&p, "c", "", PROM_LOAD, CGV_LOAD_1 / 2);
	ck_assert_str_eq(p.text.p, "a 18446744073709551615\nb{x=\"y\"} 12.000000034\nc 0.50\n");
	prom_free(&p);
}
END_TEST

/* ---- counting ---- */

static int memory(void)
{
	int fd = memfd_create("counts", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct counts *open_counts(int fd)
{
	struct counts *c = NULL;

	ck_assert_int_eq(counts_open(fd, &c), 0);
	return c;
}

START_TEST(another_worker_counts_on)
{
	static struct tally t;
	auto_fd fd = memory();
	struct counts *held = counts_hold(fd), *c;

	ck_assert_ptr_nonnull(held);
	counts_event(held, COUNT_CRASHED);
	for (int i = 0; i < 3; i++) {
		c = open_counts(fd);
		counts_thread(c, 0, (unsigned)i);
		counts_text(2, 0);
		counts_request(2, FUSE_OPEN, true, 1500);
		counts_request(2, FUSE_OPEN, true, 2000000000);
		counts_fails(-ENFILE);
		counts_request(2, FUSE_OPEN, true, 7);
		counts_poisoned();
		counts_close(c);
	}
	c = open_counts(fd);
	counts_sum(c, &t);
	ck_assert_uint_eq(t.requests[2][COUNT_OPEN][COUNT_OK], 6);
	ck_assert_uint_eq(t.requests[2][COUNT_OPEN][COUNT_LIMIT], 3);
	ck_assert_uint_eq(t.texts[2][0], 3);
	ck_assert_uint_eq(t.misses[2], 3);
	ck_assert_uint_eq(t.hits[2], 3);
	ck_assert_uint_eq(t.poisoned, 3);
	ck_assert_uint_eq(t.took[COUNT_OPEN][0], 3);
	ck_assert_uint_eq(t.took[COUNT_OPEN][1], 3);
	ck_assert_uint_eq(t.took[COUNT_OPEN][COUNT_BUCKETS], 3);
	ck_assert_uint_eq(t.took_ns[COUNT_OPEN], 3 * (1500 + 2000000000ull + 7));
	ck_assert_uint_eq(counts_events(c, COUNT_CRASHED), 1);
	ck_assert_uint_eq(counts_events(c, COUNT_KILLED), 0);
	counts_close(c);
	counts_close(held);
}
END_TEST

/* Of another version: what it meant nobody knows. The keeper's own numbers are not its. */
START_TEST(what_another_layout_counted_is_forgotten)
{
	static struct tally t;
	auto_fd fd = memory();
	struct counts *held = counts_hold(fd), *c = open_counts(fd);
	uint64_t layout;

	counts_event(held, COUNT_TAKEOVER);
	counts_thread(c, 1, 3);
	counts_request(1, FUSE_READ, false, 1);
	counts_close(c);
	ck_assert_int_eq(pread(fd, &layout, sizeof(layout), 2048), sizeof(layout));
	layout++;
	ck_assert_int_eq(pwrite(fd, &layout, sizeof(layout), 2048), sizeof(layout));
	c = open_counts(fd);
	counts_sum(c, &t);
	ck_assert_uint_eq(t.requests[1][COUNT_READ][COUNT_OK], 0);
	counts_close(c);
	ck_assert_int_eq(ftruncate(fd, 8192), 0);
	c = open_counts(fd);
	counts_sum(c, &t);
	ck_assert_uint_eq(t.requests[1][COUNT_READ][COUNT_OK], 0);
	ck_assert_uint_eq(counts_events(c, COUNT_TAKEOVER), 1);
	counts_event(held, COUNT_TAKEOVER);
	ck_assert_uint_eq(counts_events(c, COUNT_TAKEOVER), 2);
	counts_close(c);
	counts_close(held);
}
END_TEST

struct counter {
	struct counts *c;
	unsigned me;
	pthread_t thread;
};

static void *count_on(void *arg)
{
	struct counter *k = arg;

	counts_thread(k->c, 0, k->me);
	for (unsigned i = 0; i < 100000; i++) {
		if (i % 4 == 0)
			counts_text(k->me % 3, 0);
		counts_request(k->me % 3, FUSE_OPEN, true, i);
	}
	return NULL;
}

START_TEST(calls_are_counted_by_any_thread)
{
	static struct tally t;
	struct counts *c = open_counts(-1);

	counts_call(COUNT_SYSINFO, false); /* nowhere yet */
	counts_share(c);
	counts_call(COUNT_SYSINFO, false);
	counts_call(COUNT_MKNOD, true);
	counts_call(COUNT_MKNOD, true);
	counts_share(NULL);
	counts_call(COUNT_MOUNT, true);
	counts_sum(c, &t);
	ck_assert_uint_eq(t.calls[COUNT_SYSINFO][0], 1);
	ck_assert_uint_eq(t.calls[COUNT_MKNOD][1], 2);
	ck_assert_uint_eq(t.calls[COUNT_MOUNT][1], 0);
	counts_close(c);
}
END_TEST

START_TEST(threads_lose_no_count)
{
	static struct tally t;
	struct counter k[8];
	struct counts *c = open_counts(-1);
	uint64_t sum = 0, hits = 0, misses = 0;

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		k[i] = (struct counter){ .c = c, .me = i };
		ck_assert_int_eq(pthread_create(&k[i].thread, NULL, count_on, &k[i]), 0);
	}
	for (unsigned i = 0; i < ARRAY_LEN(k); i++)
		pthread_join(k[i].thread, NULL);
	counts_sum(c, &t);
	for (unsigned f = 0; f < 3; f++) {
		sum += t.requests[f][COUNT_OPEN][COUNT_OK];
		hits += t.hits[f];
		misses += t.misses[f];
	}
	ck_assert_uint_eq(sum, 800000);
	ck_assert_uint_eq(hits, 600000);
	ck_assert_uint_eq(misses, 200000);
	counts_close(c);
}
END_TEST

/* ---- containers ---- */

START_TEST(reads_pressure_and_interfaces)
{
	struct cgv_net n[4];
	uint64_t some, full;

	pressure_parse(span_of("some avg10=0.00 avg60=1.00 avg300=0.00 total=12\n"
			       "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"),
		       &some, &full);
	ck_assert_uint_eq(some, 12000);
	ck_assert_uint_eq(full, 3000);
	pressure_parse(span_of("full avg10=0.00 total=x\nsome total\n"), &some, &full);
	ck_assert_uint_eq(some, UNMEASURED);
	ck_assert_uint_eq(full, UNMEASURED);
	ck_assert_uint_eq(
	    cgv_net_parse(span_of("Inter-|   Receive   |  Transmit\n face |bytes    packets\n"
				  "    lo:       9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
				  "  eth0:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
				  "a\"b\\: 10 0 0 0 0 0 0 0 11 0 0 0 0 0 0 0\n"
				  "short: 1 2 3\n"
				  "a_name_that_is_too_long: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"),
			  n, ARRAY_LEN(n)),
	    2);
	ck_assert_str_eq(n[0].name, "eth0");
	ck_assert_uint_eq(n[0].in_drops, 4);
	ck_assert_uint_eq(n[0].out_bytes, 5);
	ck_assert_uint_eq(n[0].out_drops, 8);
	ck_assert_str_eq(n[1].name, "a\"b\\");
	ck_assert_uint_eq(n[1].out_bytes, 11);
}
END_TEST

/* Two samples with the same labels are no text that Prometheus or node_exporter takes. */
START_TEST(names_that_are_the_same_as_a_label_are_one)
{
	struct cgv_net n[] = {
		{ .name = "eth0" }, { .name = "\xff" }, { .name = "\xfe" },
		{ .name = "a\"" },  { .name = "a\\" },	{ .name = "\xef\xbf\xbd" },
	};

	ck_assert_uint_eq(nets_unlike(n, ARRAY_LEN(n)), 4);
	ck_assert_str_eq(n[1].name, "\xff");
	ck_assert_str_eq(n[2].name, "a\"");
	ck_assert_str_eq(n[3].name, "a\\");
}
END_TEST

/* v1 counts a kill in the cgroup the process was in: LXC's container's are all in "ns". */
START_TEST(kills_of_v1_are_those_where_init_is)
{
	struct cgv_container *c;
	struct cgv_host host;
	struct tmp tmp;
	uint64_t n;

	tmp_make(&tmp);
	tmp_host(&tmp, 2);
	tmp_put(&tmp, "sys/fs/cgroup/memory/a/memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	tmp_put(&tmp, "sys/fs/cgroup/memory/a/ns/memory.oom_control", "oom_kill 5\n");
	tmp_put(&tmp, "sys/fs/cgroup/memory/a/other/memory.oom_control", "oom_kill 9\n");
	tmp_open(&tmp, &host);
	c = tmp_container(&host, "a");
	ck_assert_int_eq(cgv_oom_kills(c, &n), 0);
	ck_assert_uint_eq(n, 7);
	cgv_container_close(c);
	c = tmp_container(&host, "");
	ck_assert_int_eq(cgv_oom_kills(c, &n), -ENOENT);
	tmp_put(&tmp, "sys/fs/cgroup/memory/memory.oom_control", "oom_kill 1\n");
	tmp_put(&tmp, "sys/fs/cgroup/memory/init.scope/memory.oom_control", "oom_kill 3\n");
	ck_assert_int_eq(cgv_oom_kills(c, &n), 0);
	ck_assert_uint_eq(n, 4);
	cgv_container_close(c);
	cgv_host_close(&host);
	tmp_remove(&tmp);
}
END_TEST

static uint64_t sample_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	ck_assert_msg(at, "no sample '%s' in %s", name, text);
	return strtoull(at + strlen(name), NULL, 10);
}

static void add(struct registry *r, const char *name, const char *cgroup)
{
	struct container_spec spec = { .name = name, .door = "d", .id = name };
	struct container *c;

	ck_assert_int_eq(cgv_place_of_path(cgroup, &spec.place), 0);
	ck_assert_int_eq(registry_add(r, &spec, &c), 0);
	container_put(c);
	cgv_place_free(&spec.place);
}

static char *told(const struct measures *m, enum names names)
{
	struct prom p = { 0 };

	measures_tell(m, names, &p);
	ck_assert(!p.failed);
	return p.text.p;
}

/* What readers have open stays so, and nothing else is opened for long. */
static void check_files_open(struct fs *fs)
{
	struct container *c = registry_by_name(fs->registry, "two");
	struct measures m;
	struct sample s;
	unsigned open;

	ck_assert_int_eq(container_sample(c, NEED_MEMORY, &s), 0);
	open = cgv_files_open(fs->host);
	ck_assert_uint_gt(open, 0);
	ck_assert_int_eq(measures_take(fs, &m), 0);
	measures_free(&m);
	ck_assert_uint_ge(cgv_files_open(fs->host), open);
	ck_assert_uint_le(cgv_files_open(fs->host), open + 6); /* of that one container */
	cgv_files_rest(fs->host, 0);
	cgv_files_rest(fs->host, 0);
	ck_assert_uint_eq(cgv_files_open(fs->host), 0);
	container_put(c);
}

static void put_two_cgroups(struct tmp *tmp)
{
	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), "sys/fs/cgroup/%c/memory.max", "ab"[i]);
		tmp_put(tmp, path, "%d\n", (i + 1) << 26);
		snprintf(path, sizeof(path), "sys/fs/cgroup/%c/memory.current", "ab"[i]);
		tmp_put(tmp, path, "%d\n", 5000000);
		snprintf(path, sizeof(path), "sys/fs/cgroup/%c/memory.stat", "ab"[i]);
		tmp_put(tmp, path, "anon 4096\nfile 8192\ninactive_file 1000000\n");
		snprintf(path, sizeof(path), "sys/fs/cgroup/%c/cpu.stat", "ab"[i]);
		tmp_put(
		    tmp, path,
		    "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 30\nnr_throttled 4\n");
	}
	tmp_put(tmp, "sys/fs/cgroup/a/cpu.max", "50000 100000\n");
	tmp_put(tmp, "sys/fs/cgroup/a/memory.events", "low 0\noom 2\noom_kill 7\n");
}

/* Two containers, and one that is met once more by its callers. */
START_TEST(tells_of_each_container_once)
{
	struct cgv_host host;
	struct measures m;
	struct fs fs = { .host = &host };
	struct tmp tmp;
	char *text;

	tmp_make(&tmp);
	tmp_host(&tmp, 2);
	tmp_v2(&tmp);
	put_two_cgroups(&tmp);
	tmp_open(&tmp, &host);
	ck_assert_int_eq(registry_new(&host, NULL, &fs.registry), 0);
	add(fs.registry, "one\"\n", "a");
	add(fs.registry, "two", "b");
	add(fs.registry, NULL, "b");
	add(fs.registry, NULL, "b");
	check_files_open(&fs);
	ck_assert_int_eq(measures_take(&fs, &m), 0);
	ck_assert_uint_eq(m.n, 3);
	ck_assert_uint_eq(m.registered, 2);
	text = told(&m, NAMES_ALL);
#define ONE "{id=\"/a\",name=\"one\\\"\\n\"} "
	ck_assert_uint_eq(sample_of(text, "container_memory_usage_bytes" ONE), 5000000);
	ck_assert_uint_eq(sample_of(text, "container_memory_working_set_bytes" ONE), 4000000);
	ck_assert_uint_eq(sample_of(text, "container_spec_memory_limit_bytes" ONE), 1 << 26);
	ck_assert_uint_eq(sample_of(text, "container_oom_events_total" ONE), 7);
	ck_assert_uint_eq(sample_of(text, "container_memory_rss{id=\"/b\"} "), 4096);
	ck_assert_uint_eq(sample_of(text, "incus_memory_MemTotal_bytes{name=\"two\",project="
					  "\"default\",type=\"container\"} "),
			  2 << 26);
	ck_assert_ptr_null(strstr(text, "oom_events_total{id=\"/b\",name"));
	ck_assert_uint_eq(sample_of(text, "container_cpu_cfs_periods_total" ONE), 30);
	ck_assert_uint_eq(sample_of(text, "container_cpu_cfs_throttled_periods_total" ONE), 4);
	ck_assert_ptr_null(strstr(text, "periods_total{id=\"/b\""));
	free(text);
	text = told(&m, NAMES_CADVISOR);
	ck_assert_ptr_null(strstr(text, "incus_"));
	free(text);
	text = told(&m, NAMES_INCUS);
	ck_assert_ptr_null(strstr(text, "container_memory"));
	free(text);
	measures_free(&m);
	registry_free(fs.registry);
	cgv_host_close(&host);
	tmp_remove(&tmp);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");

	tcase_add_loop_test(t, is_asked_by_http, 0, (int)ARRAY_LEN(requests));
	tcase_add_test(t, refuses_a_request_without_end);
	tcase_add_loop_test(t, a_label_holds_any_text, 0, (int)ARRAY_LEN(labels));
	tcase_add_test(t, numbers_are_in_base_units);
	tcase_add_test(t, another_worker_counts_on);
	tcase_add_test(t, what_another_layout_counted_is_forgotten);
	tcase_add_test(t, calls_are_counted_by_any_thread);
	tcase_add_test(t, threads_lose_no_count);
	tcase_add_test(t, names_that_are_the_same_as_a_label_are_one);
	tcase_add_test(t, kills_of_v1_are_those_where_init_is);
	tcase_add_test(t, reads_pressure_and_interfaces);
	tcase_add_test(t, tells_of_each_container_once);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
