// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/root/template.h"
#include "pct/root/unpack.h"

const struct template templates[] = {
	{ "builtin:busybox", "a few MB with a shell, from the host's busybox-static", "busybox",
	  "console", busybox_make },
};
const size_t n_templates = ARRAY_LEN(templates);

int source_open(const char *name, struct source *out)
{
	auto_fd fd = -EBADF;
	struct stat st;

	for (size_t i = 0; i < n_templates; i++)
		if (strcmp(templates[i].name, name) == 0) {
			*out = (struct source){ &templates[i], name, -EBADF };
			return 0;
		}
	if (strncmp(name, "builtin:", 8) == 0)
		return refuse(-ENOENT, "there is no template '%s'; 'pct help' lists them", name);
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return refuse(-ENOENT,
			      "there is no template '%s'; give the path of a tar of a root "
			      "file system, or builtin:busybox",
			      name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "open template '%s'", name);
	if (!S_ISREG(st.st_mode))
		return refuse(-EINVAL,
			      "template '%s' is not a file; give the path of a tar of a root "
			      "file system",
			      name);
	*out = (struct source){ NULL, name, take_fd(&fd) };
	return 0;
}

void source_close(struct source *s)
{
	close_fd(&s->fd);
}

int source_make(const struct source *s, const struct target *t)
{
	return s->row ? s->row->make(t) : unpack(s->name, s->fd, t);
}
