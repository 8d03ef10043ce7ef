// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/step.h"

#ifdef PCT_DIE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "base/base.h"

#define ALIKE_MAX 64

/* Of the process and all that it forks. */
struct steps {
	pid_t first; /* the process the command is */
	unsigned long n;
};

static struct steps *steps;
static unsigned long kill_at, fail_at, full_at;
static int fail_with;
static char *full, *report;

/* "12:WORD" */
static unsigned long number_and(const char *value, char **word)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	*word = *end == ':' ? strdup(end + 1) : NULL;
	return n;
}

static int number_of(const char *name)
{
	for (int i = 1; name && i < 200; i++) {
		const char *this = strerrorname_np(i);

		if (this && strcmp(this, name) == 0)
			return i;
	}
	return ENOSPC;
}

/* What is run by us is not to count, and is not to see it. */
static char *taken(const char *name)
{
	char *value = getenv(name);

	value = value ? strdup(value) : NULL;
	unsetenv(name);
	return value;
}

__attribute__((constructor)) static void steps_begin(void)
{
	auto_free char *at = taken("PCT_STEP"), *failing = taken("PCT_STEP_FAIL"),
		       *filling = taken("PCT_STEP_FULL");
	auto_free char *name = NULL, *none = NULL;

	steps =
	    mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (steps == MAP_FAILED)
		abort();
	steps->first = getpid();
	report = taken("PCT_STEP_LOG");
	kill_at = at ? number_and(at, &none) : 0;
	fail_at = failing ? number_and(failing, &name) : 0;
	full_at = filling ? number_and(filling, &full) : 0;
	fail_with = number_of(name);
}

static void fill(void)
{
	static char block[1 << 16];
	int fd = open(full, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 31 + i / 7);
	for (size_t n = sizeof(block); fd >= 0 && n >= 512;)
		if (write(fd, block, n) <= 0)
			n /= 2;
	if (fd < 0)
		return;
	if (fsync(fd) < 0)
		syncfs(fd);
	close(fd);
}

static void note(const char *what, unsigned long n)
{
	int fd = report ? open(report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%lu %s\n", n, what);
	close(fd);
}

int step(const char *what)
{
	unsigned long n = __atomic_add_fetch(&steps->n, 1, __ATOMIC_SEQ_CST);

	note(what, n);
	if (n == kill_at) {
		if (getpid() != steps->first)
			kill(steps->first, SIGKILL);
		kill(getpid(), SIGKILL);
	}
	if (n == full_at && full)
		fill();
	if (n != fail_at)
		return 0;
	errno = fail_with;
	return -fail_with;
}

int step_of_many(const char *what)
{
	static struct alike {
		const char *what;
		unsigned long n;
	} all[ALIKE_MAX];

	for (size_t i = 0; i < ALIKE_MAX; i++) {
		if (all[i].what && strcmp(all[i].what, what) != 0)
			continue;
		all[i].what = what;
		all[i].n++;
		return (all[i].n & (all[i].n - 1)) == 0 ? step(what) : 0;
	}
	return 0;
}
#endif
