// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/http.h"
#include "procfs/measure.h"
#include "tests/fuzz/fuzz.h"

/* A request comes in parts: what is whole early is the same later, and what is refused stays so. */
static void ask(const char *p, size_t size)
{
	struct http_request q = { 0 }, again;
	int whole = 0;

	for (size_t n = 0; n <= MIN(size, (size_t)HTTP_MAX); n++) {
		int r = http_parse(p, n, &again);

		HOLDS(r == 0 || r == 1 || (r >= 400 && r < 600));
		HOLDS(!whole || r == whole);
		if (r && !whole)
			q = again;
		whole = r;
		HOLDS(r != 1 || (again.path[0] == '/' && strcmp(q.path, again.path) == 0));
	}
	HOLDS(whole || size < HTTP_MAX);
}

/* No text ends its label, or its line. */
static void label(const char *text)
{
	struct prom p = { 0 };
	size_t quotes = 0;

	prom_label(&p, true, "k", text);
	HOLDS(!p.failed && strlen(p.text.p) == p.len && !strchr(p.text.p, '\n'));
	for (const char *s = p.text.p; *s; s++)
		if (*s == '\\')
			HOLDS(*++s == '\\' || *s == '"' || *s == 'n');
		else
			quotes += *s == '"';
	HOLDS(quotes == 2 && p.text.p[p.len - 1] == '"');
	prom_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);
	uint64_t some, full;
	struct cgv_net n[4];
	size_t found;

	HOLDS(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	ask(text, size);
	label(text);
	pressure_parse((struct span){ text, text + size }, &some, &full);
	found = cgv_net_parse((struct span){ text, text + size }, n, ARRAY_LEN(n));
	HOLDS(found <= ARRAY_LEN(n));
	for (size_t i = 0; i < found; i++)
		HOLDS(memchr(n[i].name, '\0', sizeof(n[i].name)));
	return 0;
}
