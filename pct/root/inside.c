// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A look into a root file system. Whoever made it is not trusted: names are resolved as its own
 * processes would, and nothing but regular files is read.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/guest/guest.h"
#include "pct/guest/within.h"
#include "pct/root/template.h"

/* Where liblxc and others look for one; all but the first need a word in the conf. */
static const char *const inits[] = { "/sbin/init", "/etc/init", "/bin/init", "/init" };

/* A regular file, for reading. A template may have devices, which do things when they are opened.
 */
static int open_in(int root, const char *path)
{
	auto_fd found = within_open(root, path, O_PATH);
	char again[32];
	struct stat st;
	int fd;

	if (found < 0)
		return found;
	if (fstat(found, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
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

int inside_look(int root, struct inside *out)
{
	struct inside found = { .ostype = guest_ostype(root) };
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
