// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench-run TIMES LIMIT_MS NAME COMMAND...: how long COMMAND runs, the median, and the most memory
 * one of its runs had. This is small itself, so that what fork leaves of it is not counted.
 * Exits with 1 if the median is above LIMIT_MS (0: no limit).
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define TIMES_MAX 1000

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* -1: it could not be run, or failed. */
static double run(char *argv[], posix_spawn_file_actions_t *quiet, long *kb)
{
	double start = now_ms();
	struct rusage use;
	int status;
	pid_t pid;

	if ((errno = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ)) != 0 ||
	    wait4(pid, &status, 0, &use) < 0)
		return -1;
	if (use.ru_maxrss > *kb)
		*kb = use.ru_maxrss;
	return status == 0 ? now_ms() - start : -1;
}

int main(int argc, char *argv[])
{
	static double took[TIMES_MAX];
	posix_spawn_file_actions_t quiet;
	int times = argc > 4 ? atoi(argv[1]) : 0;
	double limit = argc > 4 ? atof(argv[2]) : 0;
	long kb = 0;

	if (times < 1 || times > TIMES_MAX) {
		fprintf(stderr, "usage: bench-run TIMES LIMIT_MS NAME COMMAND...\n");
		return 2;
	}
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < times; i++)
		if ((took[i] = run(argv + 4, &quiet, &kb)) < 0) {
			fprintf(stderr, "bench-run: '%s' failed\n", argv[3]);
			return 2;
		}
	qsort(took, (size_t)times, sizeof(*took), compare);
	printf("%-28s %8.2f ms  (best %.2f, worst %.2f)  %6.1f MB%s\n", argv[3], took[times / 2],
	       took[0], took[times - 1], (double)kb / 1024,
	       limit > 0 && took[times / 2] > limit ? "  TOO SLOW" : "");
	return limit > 0 && took[times / 2] > limit;
}
