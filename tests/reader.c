// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * reader SECONDS MEMTOTAL-KB [whole]: read views over and over, in pieces of 1 byte to all, and
 * look whether each text is whole, of one moment, and this container's; for that long, or until
 * SIGTERM. "whole": each text in one piece. Static: it runs in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char text[1 << 20];
static unsigned long reads, failed, torn;
static const char *total;
static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static double value(const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtod(p + strlen(key), NULL) : -1;
}

static bool meminfo_is_whole(void)
{
	char first[64];
	static unsigned lines;

	snprintf(first, sizeof(first), "MemTotal: %s kB\n", total);
	lines = lines ? lines : count("\n");
	for (const char *p = text + 9; *p == ' '; p++)
		if (p[1] != ' ' && strncmp(p + 1, first + 10, strlen(first + 10)) != 0)
			return false;
	return count("\n") == lines && value("MemFree:") <= value("MemAvailable:") &&
	       value("MemAvailable:") <= value("MemTotal:") &&
	       value("Active:") == value("Active(anon):") + value("Active(file):") &&
	       value("DirectMap4k:") == value("MemTotal:");
}

/* The first line is the sum of those of the CPUs, while none has left. */
static bool stat_is_whole(void)
{
	double sum[10] = { 0 }, all[10] = { 0 };
	char *line = text, *end;
	bool ok = count("\nsoftirq ") == 1 && count("\nprocs_running ") == 1;

	for (; strncmp(line, "cpu", 3) == 0; line = strchr(line, '\n') + 1) {
		bool first = line[3] == ' ';

		end = strchr(line, ' ');
		for (int i = 0; i < 10; i++) {
			double v = strtod(end, &end);

			*(first ? &all[i] : &sum[i]) += v;
		}
	}
	for (int i = 0; i < 10; i++)
		ok &= all[i] == sum[i];
	return ok;
}

static bool uptime_is_whole(void)
{
	char *end;
	double up = strtod(text, &end);

	strtod(end, &end);
	/* The host is up for longer than any container of a test. */
	return strcmp(end, "\n") == 0 && up > 0 && up < 3600;
}

static bool cpuinfo_is_whole(void)
{
	static unsigned cpus, lines;

	cpus = cpus ? cpus : count("processor");
	lines = lines ? lines : count("\n");
	return cpus && count("processor") == cpus && count("\n") == lines;
}

static const struct {
	const char *path;
	bool (*is_whole)(void);
} files[] = {
	{ "/proc/meminfo", meminfo_is_whole },
	{ "/proc/stat", stat_is_whole },
	{ "/proc/uptime", uptime_is_whole },
	{ "/proc/cpuinfo", cpuinfo_is_whole },
};

static bool read_text(const char *path, size_t piece)
{
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	ssize_t r = -1;

	while (fd >= 0 && n < sizeof(text) - 1 && (r = read(fd, text + n, piece)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	if (fd < 0 || r < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && r == 0;
}

int main(int argc, char *argv[])
{
	static const size_t pieces[] = { sizeof(text), 64, 4096, 7, 1 };
	double until = now() + (argc > 2 ? strtod(argv[1], NULL) : 0);

	const unsigned n_pieces = argc > 3 ? 1 : sizeof(pieces) / sizeof(*pieces);

	signal(SIGTERM, end); /* which starts a call anew that it interrupts */
	total = argc > 2 ? argv[2] : "";
	for (unsigned i = 0; now() < until && !ended; i++) {
		unsigned which = i % 4;

		reads++;
		if (!read_text(files[which].path, pieces[i / 4 % n_pieces])) {
			failed++;
		} else if (!files[which].is_whole()) {
			fprintf(stderr, "%s is not whole:\n%.2000s\n", files[which].path, text);
			torn++;
		}
	}
	printf("%lu %lu %lu\n", reads, failed, torn);
	return 0;
}
