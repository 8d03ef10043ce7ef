// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/group.h"

#include <fcntl.h>

#include "base/say.h"
#include "pct/ct/host.h"
#include "pct/paths.h"

int group_open(unsigned vmid, struct group *out)
{
	struct group g = { .vmid = vmid };
	char top[CGROUP_TOP];
	int r = host_open(&g.host, &g.layout);

	if (r < 0)
		return r;
	cgroup_top(top);
	g.path = text_of("%s/%u", top, vmid);
	*out = g;
	return 0;
}

void group_close(struct group *g)
{
	if (!g->path)
		return;
	cgv_host_close(&g->host);
	free(g->path);
	g->path = NULL;
}

static int open_file(const struct group *g, enum cgv_controller c, const char *file, int flags)
{
	auto_free char *name = text_of("%s/%s", g->path, file);
	int fd;

	if (g->host.tree[c].owner == CGV_NONE)
		return -ENODEV;
	fd = openat(g->host.tree[c].dir, name, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int group_read(const struct group *g, enum cgv_controller c, const char *file, char *text,
	       size_t size)
{
	auto_fd fd = open_file(g, c, file, O_RDONLY);
	ssize_t n = fd < 0 ? fd : read(fd, text, size - 1);

	if (n < 0)
		return fd < 0 ? fd : -errno;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return 0;
}

int group_write(const struct group *g, enum cgv_controller c, const char *file, const char *text)
{
	auto_fd fd = open_file(g, c, file, O_WRONLY);

	if (fd < 0)
		return fd;
	/* An empty text is one, too: no CPUs of its own. */
	return write(fd, *text ? text : "\n", MAX(strlen(text), (size_t)1)) < 0 ? -errno : 0;
}

uint64_t group_number(const struct group *g, enum cgv_controller c, const char *file)
{
	char text[64];
	struct span s;
	uint64_t n;

	if (group_read(g, c, file, text, sizeof(text)) < 0)
		return CGV_UNLIMITED;
	s = span_of(text);
	return span_u64(&s, &n) ? n : CGV_UNLIMITED;
}

uint64_t group_count(const struct group *g, enum cgv_controller c, const char *file,
		     const char *word)
{
	const struct field fields[] = { { word, 0 } };
	uint64_t n = 0;
	char text[4096];

	if (group_read(g, c, file, text, sizeof(text)) < 0)
		return 0;
	return span_fields(span_of(text), fields, 1, &n) ? n : 0;
}

static void put_back(const struct group *g, const struct limits *was, size_t n)
{
	while (n--)
		if (was->row[n].file)
			(void)group_write(g, was->row[n].controller, was->row[n].file,
					  was->row[n].text);
}

int group_limit(const struct group *g, const struct config *c, const struct limits *l)
{
	struct limits was = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		const struct limit *row = &l->row[i];
		struct limit *old = &was.row[i];
		int r;

		if (limits_are_raw(c, row->owner, row->file))
			continue;
		r = group_read(g, row->controller, row->file, old->text, sizeof(old->text));
		if (r == 0)
			r = group_write(g, row->controller, row->file, row->text);
		if (r < 0) {
			put_back(g, &was, i);
			return fail(r, "set '%s' of CT %u to %s", row->file, g->vmid, row->text);
		}
		old->file = row->file;
		old->controller = row->controller;
	}
	return 0;
}
