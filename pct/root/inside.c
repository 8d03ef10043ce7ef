// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A look into a root file system. Whoever made it is not trusted: names are resolved as its own
 * processes would, and nothing but regular files is read.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "cgview/span.h"
#include "pct/conf/keys.h"
#include "pct/root/template.h"

/* Where liblxc and others look for one; all but the first need a word in the conf. */
static const char *const inits[] = { "/sbin/init", "/etc/init", "/bin/init", "/init" };

#define TRIES 10000

/* A regular file, for reading. */
static int open_in(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	auto_fd fd = -EBADF;
	struct stat st;

	/* "Try again": a link led upwards, and meanwhile something was renamed, wherever that was.
	 */
	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			return -errno;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

bool inside_has_program(int root, const char *path)
{
	auto_fd fd = open_in(root, path);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0111);
}

char *inside_read(int root, const char *path, size_t max)
{
	auto_fd fd = open_in(root, path);
	auto_free char *text = fd < 0 ? NULL : malloc(max + 1);
	size_t have = 0;
	ssize_t n = 0;

	while (text && have < max && (n = read(fd, text + have, max - have)) > 0)
		have += (size_t)n;
	if (!text || n < 0)
		return NULL;
	text[have] = '\0';
	return take_ptr(text);
}

/* ID=debian or ID="debian" */
static const char *ostype_of(struct span text)
{
	const struct key *k = key_find("ostype");
	struct span line;

	while (span_line(&text, &line)) {
		if (!span_starts(line, "ID="))
			continue;
		line.p += 3;
		if (line.p < line.end && *line.p == '"') {
			line.p++;
			line.end -= line.p < line.end;
		}
		for (size_t i = 0; k->option.words[i]; i++)
			if (span_is(line, k->option.words[i]))
				return k->option.words[i];
	}
	return "unmanaged";
}

static const char *read_ostype(int root)
{
	char buf[4096];
	auto_fd fd = open_in(root, "/etc/os-release");
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	return n < 0 ? "unmanaged" : ostype_of((struct span){ buf, buf + n });
}

int inside_look(int root, struct inside *out)
{
	struct inside found = { .ostype = read_ostype(root) };
	struct elf elf;

	for (size_t i = 0; i < ARRAY_LEN(inits) && !*found.init; i++)
		if (inside_has_program(root, inits[i]))
			snprintf(found.init, sizeof(found.init), "%s", inits[i]);
	if (*found.init) {
		auto_fd fd = open_in(root, found.init);

		/* A script has no architecture; its shell has. */
		if (fd < 0 || elf_read(fd, &elf) < 0 || !elf.arch) {
			auto_fd sh = open_in(root, "/bin/sh");

			elf.arch = NULL;
			if (sh >= 0)
				(void)elf_read(sh, &elf);
		}
		found.arch = elf.arch;
	}
	*out = found;
	return 0;
}
