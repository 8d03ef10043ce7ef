// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a pid to its container's cgroup, and to that of its ancestors.
 */
#include <fcntl.h>
#include <limits.h>

#include "cgview/container.h"
#include "cgview/files.h"
#include "cgview/read.h"

const char *const cgv_inner[] = { "/init.scope", "/ns", NULL };

static char *container_path(struct span path)
{
	while (span_len(path) && *path.p == '/')
		path.p++;
	for (size_t i = 0; cgv_inner[i]; i++) {
		size_t n = strlen(cgv_inner[i]);

		if (span_len(path) > n && memcmp(path.end - n, cgv_inner[i], n) == 0)
			path.end -= n;
	}
	return strndup(path.p, span_len(path));
}

/* Above the hierarchy's root: a process outside of our own cgroup namespace. */
static bool climbs(struct span path)
{
	struct span part;

	while (span_until(&path, '/', &part))
		if (span_is(part, ".."))
			return true;
	return false;
}

static int set_path(struct cgv_place *p, enum cgv_controller c, struct span path)
{
	char *copy;

	if (climbs(path))
		return -EINVAL;
	if (memchr(path.p, '\0', span_len(path)))
		return -EBADMSG; /* what is behind it would not be in the copy */
	copy = container_path(path);
	if (!copy)
		return -ENOMEM;
	free(p->path[c]);
	p->path[c] = copy;
	return 0;
}

static bool names(struct span list, const char *name)
{
	struct span one;

	while (name && span_until(&list, ',', &one))
		if (span_is(one, name))
			return true;
	return false;
}

/* "4:memory:/a/b" or "0::/a/b": the path for every controller of that hierarchy. */
static int take_line(const struct cgv_host *h, struct span line, struct cgv_place *p)
{
	struct span id, list;
	int r = 0;

	if (!span_until(&line, ':', &id) || !span_until(&line, ':', &list))
		return -EBADMSG;
	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++) {
		enum cgv_controller in = (enum cgv_controller)c;
		bool here = cgv_owner(h, in) == CGV_V2	 ? span_is(id, "0") && !span_len(list)
			    : cgv_owner(h, in) == CGV_V1 ? names(list, cgv_controller_v1(in))
							 : false;

		if (here)
			r = set_path(p, in, line);
	}
	return r;
}

/* A process is in a cgroup of each hierarchy: a text that leaves one out is not the kernel's. */
static bool complete(const struct cgv_host *h, const struct cgv_place *p)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		if (cgv_owner(h, (enum cgv_controller)c) != CGV_NONE && !p->path[c])
			return false;
	return true;
}

void cgv_place_free(struct cgv_place *p)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++) {
		free(p->path[c]);
		p->path[c] = NULL;
	}
}

int cgv_place_of_pid(const struct cgv_host *h, pid_t pid, struct cgv_place *out)
{
	struct cgv_text buf = { 0 };
	struct cgv_place p = { { 0 } };
	struct span text, line;
	char name[32];
	int r;

	snprintf(name, sizeof(name), "%d/cgroup", pid);
	r = cgv_read_text(h->proc, name, &buf, &text);
	/* A zombie's file is empty, a pid that went meanwhile reads ESRCH. */
	if (r == -ESRCH || (r == 0 && !span_len(text)))
		r = -ENOENT;
	while (r == 0 && span_line(&text, &line))
		r = take_line(h, line, &p);
	if (r == 0 && !complete(h, &p))
		r = -EBADMSG;
	free(buf.p);
	if (r < 0)
		cgv_place_free(&p);
	else
		*out = p;
	return r;
}

int cgv_place_of_path(const char *path, struct cgv_place *out)
{
	struct cgv_place p = { { 0 } };
	int r = 0;

	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++)
		r = set_path(&p, (enum cgv_controller)c, span_of(path));
	if (r < 0)
		cgv_place_free(&p);
	else
		*out = p;
	return r;
}

static unsigned depth(const char *path)
{
	unsigned n = path && *path ? 1 : 0;

	for (; n && *path; path++)
		n += path[0] == '/' && path[1];
	return n;
}

unsigned cgv_levels(const struct cgv_container *c, enum cgv_controller in)
{
	return depth(c->place.path[in]) + 1;
}

const char *cgv_container_path(const struct cgv_container *c, enum cgv_controller in)
{
	return c->place.path[in] ? c->place.path[in] : "";
}

static int copy_place(const struct cgv_place *from, struct cgv_place *to)
{
	for (int i = 0; i < CGV_N_CONTROLLERS; i++) {
		if (!from->path[i])
			continue;
		to->path[i] = strdup(from->path[i]);
		if (!to->path[i])
			return -ENOMEM;
	}
	return 0;
}

/*
 * A path given for all hierarchies may be in some only: the others limit nothing. One that is in
 * none is gone, and its views say so.
 */
static void settle(struct cgv_container *c)
{
	bool in[CGV_N_CONTROLLERS] = { false }, any = false;

	for (int i = 0; i < CGV_N_CONTROLLERS; i++) {
		if (cgv_owner(c->host, (enum cgv_controller)i) == CGV_NONE || !c->place.path[i])
			continue;
		in[i] = cgv_exists(c, (enum cgv_controller)i) == 0;
		any |= in[i];
	}
	for (int i = 0; any && i < CGV_N_CONTROLLERS; i++)
		if (!in[i]) {
			free(c->place.path[i]);
			c->place.path[i] = NULL;
		}
}

int cgv_container_open(const struct cgv_host *h, const struct cgv_place *place,
		       struct cgv_container **out)
{
	struct cgv_container *c = calloc(1, sizeof(*c));
	size_t n;
	int r;

	if (!c)
		return -ENOMEM;
	c->host = h;
	c->refs = 1;
	c->levels = 1;
	for (int i = 0; i < CGV_N_CONTROLLERS; i++)
		c->levels = MAX(c->levels, depth(place->path[i]) + 1);
	n = (size_t)c->levels * CGV_N_FILES;
	c->fd = calloc(n, sizeof(*c->fd));
	if (c->fd)
		for (size_t i = 0; i < n; i++)
			c->fd[i] = -EBADF;
	r = c->fd ? copy_place(place, &c->place) : -ENOMEM;
	if (r < 0) {
		cgv_container_close(c);
		return r;
	}
	settle(c);
	*out = c;
	return 0;
}

struct cgv_container *cgv_container_get(struct cgv_container *c)
{
	c->refs++;
	return c;
}

void cgv_container_close(struct cgv_container *c)
{
	if (!c || --c->refs)
		return;
	cgv_files_close(c);
	free(c->fd);
	cgv_place_free(&c->place);
	free(c);
}

int cgv_open_cgroup(const struct cgv_container *c, enum cgv_controller in)
{
	const char *path = c->place.path[in];

	if (cgv_owner(c->host, in) == CGV_NONE || !path)
		return -ENOENT;
	return cgv_open_at(c->host, c->host->tree[in].dir, *path ? path : ".",
			   O_RDONLY | O_DIRECTORY);
}

int cgv_exists(const struct cgv_container *c, enum cgv_controller in)
{
	auto_fd dir = c->place.path[in] ? cgv_open_cgroup(c, in) : -EBADF;

	return dir == -ENOENT && cgv_owner(c->host, in) != CGV_NONE ? -ENOENT : 0;
}
