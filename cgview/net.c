// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What went over a container's network, the kills for want of memory, how often its quota was
 * used up: for metrics.
 */
#include <sys/stat.h>

#include "cgview/container.h"
#include "cgview/read.h"

#define TEXT_MAX 65536

/* Is it the network that we are in ourselves, which is the host's? */
static int is_ours(const struct cgv_host *h, pid_t pid)
{
	struct stat own, its;
	char ns[32];

	snprintf(ns, sizeof(ns), "%d/ns/net", pid);
	if (fstatat(h->proc, "self/ns/net", &own, 0) < 0 || fstatat(h->proc, ns, &its, 0) < 0)
		return -errno;
	return own.st_ino == its.st_ino && own.st_dev == its.st_dev;
}

/* "  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0": 16 numbers, the first may follow the colon at once. */
static bool interface(struct span line, struct cgv_net *out)
{
	uint64_t *const to[16] = {
		&out->in_bytes,
		&out->in_packets,
		&out->in_errors,
		&out->in_drops,
		NULL,
		NULL,
		NULL,
		NULL,
		&out->out_bytes,
		&out->out_packets,
		&out->out_errors,
		&out->out_drops,
	};
	struct span name;
	uint64_t v;

	while (line.p < line.end && *line.p == ' ')
		line.p++;
	if (!memchr(line.p, ':', span_len(line)) || !span_until(&line, ':', &name) ||
	    span_len(name) == 0 || span_len(name) >= sizeof(out->name))
		return false;
	*out = (struct cgv_net){ 0 };
	memcpy(out->name, name.p, span_len(name));
	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		if (!span_u64(&line, &v))
			return false;
		if (to[i])
			*to[i] = v;
	}
	return true;
}

size_t cgv_net_parse(struct span text, struct cgv_net *out, size_t most)
{
	struct span line;
	size_t n = 0;

	while (n < most && span_line(&text, &line))
		n += interface(line, &out[n]) && strcmp(out[n].name, "lo") != 0;
	return n;
}

int cgv_nets(const struct cgv_host *h, pid_t init, struct cgv_text *scratch, struct cgv_net *out,
	     size_t most, size_t *n)
{
	struct span text;
	char path[32];
	int r = init ? is_ours(h, init) : 1;

	if (r < 0)
		return r;
	if (r == 1) {
		*n = 0;
		return 0;
	}
	r = cgv_text_reserve(scratch, TEXT_MAX);
	snprintf(path, sizeof(path), "%d/net/dev", init);
	if (r == 0)
		r = cgv_read(h->proc, path, scratch->p, TEXT_MAX, &text);
	if (r == 0)
		*n = cgv_net_parse(text, out, most);
	return r;
}

static const struct field kills[] = { { "oom_kill", 0 } };

/* v1 counts a kill where the process was: that is below, where its init is. */
static uint64_t kills_below(const struct cgv_container *c)
{
	uint64_t sum = 0, n;
	struct span text;
	char buf[4096];

	for (size_t i = 0; cgv_inner[i]; i++)
		if (cgv_file_below(c, MEM_EVENTS, cgv_inner[i], buf, sizeof(buf), &text) == 0 &&
		    span_fields(text, kills, 1, &n))
			sum += n;
	return sum;
}

int cgv_oom_kills(const struct cgv_container *c, uint64_t *out)
{
	struct span text;
	char buf[4096];
	uint64_t n;
	int r = cgv_file_glance(c, MEM_EVENTS, buf, sizeof(buf), &text);

	if (r < 0)
		return r;
	if (!span_fields(text, kills, 1, &n))
		return -ENOENT;
	*out = n + kills_below(c);
	return 0;
}

int cgv_throttles(const struct cgv_container *c, struct cgv_throttles *out)
{
	static const struct field fields[] = {
		{ "nr_periods", offsetof(struct cgv_throttles, periods) },
		{ "nr_throttled", offsetof(struct cgv_throttles, throttled) },
	};
	struct cgv_throttles t;
	struct span text;
	char buf[1024];
	int r = cgv_file_glance(c, CPU_STAT, buf, sizeof(buf), &text);

	if (r < 0)
		return r;
	if (span_fields(text, fields, ARRAY_LEN(fields), &t) != ARRAY_LEN(fields))
		return -ENOENT;
	*out = t;
	return 0;
}
