// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * poll MEMTOTAL-KB FILE [MICROSECONDS]: read /proc/meminfo twenty times a second, or as often, for
 * ever, each time opened anew; FILE has how many reads it were and how many of them failed or were
 * not this container's, and of the last of these why. Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[1 << 16], other[64];

/* NULL: as it should be. */
static const char *look(unsigned long total)
{
	unsigned long kb;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *why = n < 0 ? strerror(errno) : NULL;

	if (fd >= 0)
		close(fd);
	if (why)
		return why;
	text[n] = '\0';
	if (sscanf(text, "MemTotal: %lu kB", &kb) != 1)
		return "not a meminfo";
	if (kb == total)
		return NULL;
	snprintf(other, sizeof(other), "of another: %lu kB", kb);
	return other;
}

int main(int argc, char *argv[])
{
	useconds_t pause = argc == 4 ? (useconds_t)strtoul(argv[3], NULL, 10) : 50000;
	unsigned long reads = 0, bad = 0;
	const char *last = "";
	char line[128];
	int fd;

	if (argc != 3 && argc != 4)
		return 2;
	fd = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return 1;
	for (;;) {
		const char *why = look(strtoul(argv[1], NULL, 10));
		int n;

		reads++;
		bad += why != NULL;
		last = why ? why : last;
		n = snprintf(line, sizeof(line), "%lu %lu%s%s\n", reads, bad, *last ? " " : "",
			     last);
		if (pwrite(fd, line, (size_t)n, 0) != n)
			return 1;
		usleep(pause);
	}
}
