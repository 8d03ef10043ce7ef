// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/http.h"

#include "cgview/span.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 414, "URI Too Long" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 505, "HTTP Version Not Supported" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* Is there an empty line? Lines can end without a CR. */
static bool is_whole(const char *p, size_t n)
{
	const char *end = p + n, *nl = p;

	while ((nl = memchr(nl, '\n', (size_t)(end - nl)))) {
		nl++;
		if (nl < end && *nl == '\r')
			nl++;
		if (nl < end && *nl == '\n')
			return true;
	}
	return false;
}

/* Visible letters only. */
static bool copy(struct span s, char *to, size_t size)
{
	size_t n = span_len(s);

	if (n >= size)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	memcpy(to, s.p, n);
	to[n] = '\0';
	return true;
}

static int parse_target(struct span target, struct http_request *out)
{
	struct span path = target, query = { target.end, target.end };
	const char *mark = memchr(target.p, '?', span_len(target));

	if (mark) {
		path.end = mark;
		query.p = mark + 1;
	}
	if (span_len(path) == 0 || *path.p != '/')
		return 400;
	if (span_len(path) >= sizeof(out->path) || span_len(query) >= sizeof(out->query))
		return 414;
	return copy(path, out->path, sizeof(out->path)) &&
		       copy(query, out->query, sizeof(out->query))
		   ? 1
		   : 400;
}

static int parse_line(struct span line, struct http_request *out)
{
	struct span method, target, version, more;

	if (!span_word(&line, &method) || !span_word(&line, &target) ||
	    !span_word(&line, &version) || span_word(&line, &more))
		return 400;
	if (span_len(version) != 8 || memcmp(version.p, "HTTP/", 5) != 0)
		return 400;
	if (version.p[5] != '1' || version.p[6] != '.')
		return 505;
	out->head = span_is(method, "HEAD");
	if (!out->head && !span_is(method, "GET"))
		return 405;
	return parse_target(target, out);
}

int http_parse(const char *p, size_t n, struct http_request *out)
{
	struct http_request q = { 0 };
	struct span text = { p, p + n }, line;
	int r;

	if (!is_whole(p, n))
		return n < HTTP_MAX ? 0 : 431;
	if (!span_line(&text, &line))
		return 400;
	if (span_len(line) && line.end[-1] == '\r')
		line.end--;
	r = parse_line(line, &q);
	if (r == 1)
		*out = q;
	return r;
}

size_t http_head(int status, const char *type, size_t len, char *buf, size_t size)
{
	int n = snprintf(buf, size,
			 "HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			 "%sConnection: close\r\n\r\n",
			 status, http_reason(status), type, len,
			 status == 405 ? "Allow: GET, HEAD\r\n" : "");

	return n < 0 ? 0 : MIN((size_t)n, size - 1);
}
