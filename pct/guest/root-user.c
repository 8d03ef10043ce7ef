// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How its root gets in: a password, keys.
 */
#include <ctype.h>
#include <sys/stat.h>
#include <time.h>

#include "pct/guest/access.h"
#include "pct/guest/inner.h"

/* The field of a line "a:b:c", from 0. */
static const char *field(const char *line, size_t n, unsigned number, size_t *len)
{
	const char *end = line + n;

	for (; number && line < end; line++)
		number -= *line == ':';
	*len = 0;
	while (line + *len < end && !strchr(":\n", line[*len]))
		++*len;
	return line;
}

static bool is_user(const char *line, size_t n, const char *user)
{
	size_t len;
	const char *name = field(line, n, 0, &len);

	return len < n && name[len] == ':' && len == strlen(user) && strncmp(name, user, len) == 0;
}

char *shadow_text(const char *old, const char *user, const char *hash, long day)
{
	struct text t = text_begin();
	bool done = false, ended = true;
	const char *line;
	size_t n;

	while (text_line(&old, &line, &n)) {
		size_t rest;
		const char *from;

		ended = line[n - 1] == '\n';
		if (!is_user(line, n, user)) {
			fwrite(line, 1, n, t.out);
			continue;
		}
		/* What follows the day of the last change stays. */
		from = field(line, n, 3, &rest);
		if (done)
			continue;
		if (from < line + n && *from != '\n')
			fprintf(t.out, "%s:%s:%ld:%.*s", user, hash, day, (int)(line + n - from),
				from);
		else
			fprintf(t.out, "%s:%s:%ld:0:99999:7:::%s", user, hash, day,
				ended ? "\n" : "");
		done = true;
	}
	if (!done)
		fprintf(t.out, "%s%s:%s:%ld:0:99999:7:::\n", ended ? "" : "\n", user, hash, day);
	return text_end(&t);
}

static char *with_hash(const char *old, const void *hash)
{
	return shadow_text(old, "root", hash, (long)(time(NULL) / 86400));
}

/* In passwd itself, where there is no shadow: "root::0:" lets everybody in. */
static char *with_x(const char *old, const void *arg)
{
	struct text t = text_begin();
	const char *line;
	size_t n, len;

	(void)arg;
	while (text_line(&old, &line, &n)) {
		const char *rest = field(line, n, 2, &len);

		if (is_user(line, n, "root") && rest < line + n)
			fprintf(t.out, "root:x:%.*s", (int)(line + n - rest), rest);
		else
			fwrite(line, 1, n, t.out);
	}
	return text_end(&t);
}

/* musl and older systems know nothing newer than SHA-512. */
static bool knows_yescrypt(struct guest *g)
{
	static const char *const paths[] = { "etc/login.defs", "etc/pam.d/common-password",
					     "etc/pam.d/system-auth" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *text = within_read(&g->files, paths[i]);
		const char *at = text, *line;
		size_t n;

		while (at && text_line(&at, &line, &n)) {
			auto_free char *one = *line == '#' ? NULL : text_of("%.*s", (int)n, line);

			if (one && strcasestr(one, "yescrypt"))
				return true;
		}
	}
	return false;
}

void password_set(struct guest *g)
{
	auto_free char *hash = NULL;

	if (!g->job->password)
		return;
	hash = access_crypt(g->job->password, knows_yescrypt(g));
	if (!hash) {
		warn(0, "%s: its root has no password: libcrypt cannot make one of it",
		     g->job->who);
		return;
	}
	within_edit(&g->files, "etc/shadow", with_hash, hash, 0640);
	within_edit(&g->files, "etc/passwd", with_x, NULL, 0);
}

/* "root" */
static char *home_of_root(struct guest *g)
{
	auto_free char *text = within_read(&g->files, "etc/passwd");
	const char *at = text, *line;
	size_t n, len;

	while (at && text_line(&at, &line, &n)) {
		const char *home = field(line, n, 5, &len);

		if (is_user(line, n, "root") && len > 1 && *home == '/')
			return text_of("%.*s", (int)len - 1, home + 1);
	}
	return strdup("root");
}

void keys_set(struct guest *g)
{
	auto_free char *home = home_of_root(g);
	auto_free char *dir = text_of("%s/.ssh", home);
	auto_free char *path = text_of("%s/authorized_keys", dir);

	if (!g->job->keys)
		return;
	within_directory(&g->files, dir, 0700, g->files.uid, g->files.gid);
	within_block(&g->files, path, g->job->keys, BLOCK_END, 0600);
}
