// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/image/image.h"
#include "pct/root/template.h"
#include "pct/root/unpack.h"

const struct template templates[] = {
	{ "builtin:busybox", "a few MB with a shell, from the host's busybox-static", "busybox",
	  "console", busybox_make },
};
const size_t n_templates = ARRAY_LEN(templates);

/* -ENOENT: it is none. A path is never one: "./debian-12" is the file. */
static int open_image(const char *name, struct source *out)
{
	struct source s = { .name = name, .fd = -EBADF };
	auto_free struct image *i = calloc(1, sizeof(*i));
	int r = i ? image_load(name, i) : fail(-ENOMEM, "open image '%s'", name);

	if (r == 0)
		r = image_open(i, &s.layers);
	if (r < 0) {
		if (i)
			image_free(i);
		return r;
	}
	s.digest = i->digest;
	s.image = take_ptr(i);
	*out = s;
	return 0;
}

int source_open(const char *name, struct source *out)
{
	auto_fd fd = -EBADF;
	struct stat st;
	int r;

	for (size_t i = 0; i < n_templates; i++)
		if (strcmp(templates[i].name, name) == 0) {
			*out = (struct source){ .row = &templates[i], .name = name, .fd = -EBADF };
			return 0;
		}
	if (strncmp(name, "builtin:", 8) == 0)
		return refuse(-ENOENT, "there is no template '%s'; 'pct help' lists them", name);
	r = open_image(name, out);
	if (r != -ENOENT)
		return r;
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return refuse(-ENOENT,
			      "there is no template '%s'; give the path of a tar of a root "
			      "file system, an image ('pct image list') or builtin:busybox",
			      name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "open template '%s'", name);
	if (!S_ISREG(st.st_mode))
		return refuse(-EINVAL,
			      "template '%s' is not a file; give the path of a tar of a root "
			      "file system",
			      name);
	*out = (struct source){ .name = name, .fd = take_fd(&fd) };
	return 0;
}

void source_close(struct source *s)
{
	close_fd(&s->fd);
	for (size_t i = 0; s->image && i < s->image->n_layers; i++)
		close(s->layers[i]);
	free(s->layers);
	if (s->image)
		image_free(s->image);
	free(s->image);
	*s = (struct source)SOURCE_NONE;
}

int source_make(const struct source *s, const struct target *t)
{
	if (s->row)
		return s->row->make(t);
	if (!s->image)
		return unpack(s->name, s->fd, t);
	return s->image->oci ? unpack_layers(s->name, s->layers, s->image->n_layers, t)
			     : unpack(s->name, s->layers[0], t);
}

int source_configure(const struct source *s, const struct target *t, struct config *c)
{
	return s->image ? image_configure(s->image, t, c) : 0;
}
