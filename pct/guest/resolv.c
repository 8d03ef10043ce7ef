// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/resolv.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>

#include "base/base.h"
#include "cgview/span.h"
#include "pct/paths.h"

#define NAMESERVERS 3 /* libc asks no more */

/* 127.0.0.53 is whoever asks. */
static bool is_self(struct span address)
{
	return span_starts(address, "127.") || span_is(address, "::1");
}

/* Of every line that begins so, what follows. */
static void put_host_lines(FILE *out, const char *host, const char *word, unsigned max)
{
	struct span all = span_of(host), line, first, rest;

	while (max && span_line(&all, &line)) {
		rest = line;
		if (!span_word(&rest, &first) || !span_is(first, word))
			continue;
		while (rest.p < rest.end && isblank((unsigned char)*rest.p))
			rest.p++;
		if (strcmp(word, "nameserver") == 0 && is_self(rest))
			continue;
		fprintf(out, "%s %.*s\n", word, (int)span_len(rest), rest.p);
		max--;
	}
}

/* The words of "a b", "a,b", "a;b": each after @before, all after @first. */
static void put_words(FILE *out, const char *list, const char *first, const char *before,
		      const char *after)
{
	auto_free char *copy = text_of("%s", list);
	char *next = copy, *word;

	fputs(first, out);
	while ((word = strsep(&next, " ,;")))
		if (*word)
			fprintf(out, "%s%s%s", before, word, after);
}

char *resolv_lines(const char *nameserver, const char *searchdomain, const char *host)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (searchdomain) {
		put_words(out, searchdomain, "search", " ", "");
		fputc('\n', out);
	} else {
		put_host_lines(out, host, "search", 1);
	}
	if (nameserver)
		put_words(out, nameserver, "", "nameserver ", "\n");
	else
		put_host_lines(out, host, "nameserver", NAMESERVERS);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* NULL: there is none, or nothing in it. */
static char *read_file(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[16384];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return n > 0 ? strndup(text, (size_t)n) : NULL;
}

char *resolv_of_host(void)
{
	auto_free char *text = read_file("/etc/resolv.conf");
	auto_free char *lines = resolv_lines(NULL, "", text ? text : "");

	if (!lines || !strstr(lines, "nameserver")) {
		char *upstream = read_file("/run/systemd/resolve/resolv.conf");

		if (upstream)
			return upstream;
	}
	return text ? take_ptr(text) : strdup("");
}
