// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/ct/account.h"

void account_free(struct account *a)
{
	free(a->name);
	free(a->home);
	free(a->shell);
	*a = (struct account){ 0 };
}

/* What is before the next colon; false: nothing is left, not even an empty field. */
static bool take_field(struct span *line, struct span *field)
{
	const char *colon;

	if (!line->p)
		return false;
	colon = memchr(line->p, ':', span_len(*line));
	field->p = line->p;
	field->end = colon ? colon : line->end;
	line->p = colon ? colon + 1 : NULL;
	return true;
}

static bool take_id(struct span *line, uint64_t *out)
{
	struct span field;
	uint64_t id;

	if (!take_field(line, &field) || !span_u64(&field, &id) || span_len(field) ||
	    id >= UINT32_MAX)
		return false;
	*out = id;
	return true;
}

bool account_number(const char *text, uid_t *out)
{
	struct span s = span_of(text);
	uint64_t id;

	if (!span_u64(&s, &id) || span_len(s) || id >= UINT32_MAX)
		return false;
	*out = (uid_t)id;
	return true;
}

/* "name:x:0:0:comment:/home:/bin/sh"; home and shell may be missing. */
static bool take_line(struct span line, struct span *name, struct account *out, struct span *home,
		      struct span *shell)
{
	struct span ignored;
	uint64_t uid, gid;

	*home = *shell = (struct span){ "", "" };
	if (!take_field(&line, name) || !take_field(&line, &ignored) || !take_id(&line, &uid) ||
	    !take_id(&line, &gid))
		return false;
	if (take_field(&line, &ignored) && take_field(&line, home))
		(void)take_field(&line, shell);
	out->uid = (uid_t)uid;
	out->gid = (gid_t)gid;
	return true;
}

static char *copy(struct span s)
{
	return strndup(s.p, span_len(s));
}

int account_find(struct span passwd, const char *who, struct account *out)
{
	struct span line, name, home, shell;
	struct account a = { 0 };
	uid_t uid;
	bool number = account_number(who, &uid);

	while (span_line(&passwd, &line)) {
		if (!take_line(line, &name, &a, &home, &shell))
			continue;
		if (number ? a.uid != uid : !span_is(name, who))
			continue;
		a.name = copy(name);
		a.home = copy(home);
		a.shell = copy(shell);
		if (!a.name || !a.home || !a.shell) {
			account_free(&a);
			return -ENOMEM;
		}
		*out = a;
		return 0;
	}
	return -ENOENT;
}

/* "name:x:0:member,member" */
static bool take_group(struct span line, struct span *name, gid_t *gid, struct span *members)
{
	struct span ignored;
	uint64_t id;

	*members = (struct span){ "", "" };
	if (!take_field(&line, name) || !take_field(&line, &ignored) || !take_id(&line, &id))
		return false;
	(void)take_field(&line, members);
	*gid = (gid_t)id;
	return true;
}

int account_group(struct span group, const char *name, gid_t *out)
{
	struct span line, its, members;
	gid_t gid;

	while (span_line(&group, &line))
		if (take_group(line, &its, &gid, &members) && span_is(its, name)) {
			*out = gid;
			return 0;
		}
	return -ENOENT;
}

static bool is_member(struct span members, const char *name)
{
	while (members.p < members.end) {
		const char *comma = memchr(members.p, ',', span_len(members));
		struct span one = { members.p, comma ? comma : members.end };

		if (span_is(one, name))
			return true;
		members.p = comma ? comma + 1 : members.end;
	}
	return false;
}

size_t account_groups(struct span group, const char *name, gid_t primary, gid_t out[ACCOUNT_GROUPS])
{
	struct span line, its, members;
	size_t n = 0;
	gid_t gid;

	out[n++] = primary;
	while (n < ACCOUNT_GROUPS && span_line(&group, &line))
		if (take_group(line, &its, &gid, &members) && gid != primary &&
		    is_member(members, name))
			out[n++] = gid;
	return n;
}

int account_read(const char *path, char **buf, struct span *out)
{
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t have = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	text = malloc(ACCOUNT_TEXT);
	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + have, ACCOUNT_TEXT - have)) > 0)
		have += (size_t)n;
	if (n < 0)
		return -errno;
	if (have == ACCOUNT_TEXT)
		return -E2BIG;
	*out = (struct span){ text, text + have };
	*buf = take_ptr(text);
	return 0;
}

int account_look_up_group(const char *group, gid_t *out)
{
	auto_free char *text = NULL;
	struct span span = { "", "" };
	int r;

	if (account_number(group, out))
		return 0;
	r = account_read("/etc/group", &text, &span);
	if (r == 0)
		r = account_group(span, group, out);
	if (r == -ENOENT)
		return refuse(r, "there is no group '%.40s' in the container", group);
	return r < 0 ? fail(r, "read /etc/group of the container") : 0;
}

int account_look_up(const char *user, struct account *out)
{
	auto_free char *text = NULL, *name = strdup(user);
	auto_account a = { 0 };
	struct span span = { "", "" };
	char *group;
	int r;

	if (!name)
		return -ENOMEM;
	group = strchr(name, ':');
	if (group)
		*group++ = '\0';
	r = account_read("/etc/passwd", &text, &span);
	if (r == 0 || r == -ENOENT)
		r = account_find(span, name, &a);
	if (r == -ENOENT && account_number(name, &a.uid)) {
		a.gid = (gid_t)a.uid;
		r = 0;
	}
	if (r == -ENOENT)
		return refuse(r, "there is no user '%.40s' in the container", name);
	if (r < 0)
		return fail(r, "read /etc/passwd of the container");
	if (group) {
		r = account_look_up_group(group, &a.gid);
		if (r < 0)
			return r;
	}
	*out = a;
	a = (struct account){ 0 };
	return 0;
}
