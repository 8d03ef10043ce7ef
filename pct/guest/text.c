// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/text.h"

struct memory {
	char *p;
	size_t n;
};

struct text text_begin(void)
{
	struct memory *m = calloc(1, sizeof(*m));
	FILE *out = m ? open_memstream(&m->p, &m->n) : NULL;

	if (!out) {
		say(SAY_ERR, -ENOMEM, "a text");
		exit(EXIT_FAILURE);
	}
	return (struct text){ out, &m->p };
}

char *text_end(struct text *t)
{
	auto_free struct memory *m = (struct memory *)t->at;

	if (fclose(t->out) != 0) {
		say(SAY_ERR, -ENOMEM, "a text");
		exit(EXIT_FAILURE);
	}
	return m->p;
}

static bool sets(const char *line, const char *name)
{
	size_t n = strlen(name);

	line += strspn(line, " \t");
	return strncmp(line, name, n) == 0 && line[n] == '=';
}

char *text_variable(const char *old, const char *name, const char *value)
{
	struct text t = text_begin();
	bool done = false, ended = true;
	const char *line;
	size_t n;

	while (text_line(&old, &line, &n)) {
		ended = line[n - 1] == '\n';
		if (!sets(line, name))
			fwrite(line, 1, n, t.out);
		else if (!done)
			fprintf(t.out, "%s=%s\n", name, value);
		done = done || sets(line, name);
	}
	if (!done)
		fprintf(t.out, "%s%s=%s\n", ended ? "" : "\n", name, value);
	return text_end(&t);
}
