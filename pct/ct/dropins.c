// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/dropins.h"

#include <dirent.h>
#include <stdbool.h>

#include "base/base.h"
#include "pct/paths.h"

/* An empty one takes back all of its kind, so the others are said once more. */
static const char *const hooks[] = { "lxc.hook.mount", "lxc.hook.post-stop" };

struct found {
	bool lxcfs;
	char *lines[ARRAY_LEN(hooks)];
};

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* "key = value": the value; NULL: another key. */
static const char *value_of(const char *line, const char *key)
{
	line = blanks(line);
	if (strncmp(line, key, strlen(key)) != 0)
		return NULL;
	line = blanks(line + strlen(key));
	return *line == '=' ? blanks(line + 1) : NULL;
}

static void take(struct found *f, const char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		const char *value = value_of(line, hooks[i]);
		char *lines;

		if (!value)
			continue;
		if (strstr(value, "/lxcfs/")) {
			f->lxcfs = true;
			continue;
		}
		lines = text_of("%s%s = %s\n", f->lines[i] ? f->lines[i] : "", hooks[i], value);
		free(f->lines[i]);
		f->lines[i] = lines;
	}
}

static void read_file(struct found *f, const char *path)
{
	auto_file in = fopen(path, "re");
	auto_free char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while (in && (n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		take(f, line);
	}
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

char *dropins_without_lxcfs(const char *dir)
{
	struct dirent **entries = NULL;
	struct found f = { 0 };
	int n = scandir(dir, &entries, is_conf, alphasort);
	char *text = strdup("");

	for (int i = 0; i < n; i++) {
		auto_free char *path = text_of("%s/%s", dir, entries[i]->d_name);

		read_file(&f, path);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		if (text && f.lxcfs) {
			char *more =
			    text_of("%s%s =\n%s", text, hooks[i], f.lines[i] ? f.lines[i] : "");

			free(text);
			text = more;
		}
		free(f.lines[i]);
	}
	return text;
}
