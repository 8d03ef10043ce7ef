// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/each.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/say.h"

#define AT_ONCE	 256 /* children there are at most, and two files of each */
#define QUICK_MS 100 /* who takes longer waits, and needs no CPU */
#define FAILED	 101

struct child {
	size_t i;
	pid_t pid;
	int said;      /* what it says; whoever else holds that file does not keep us waiting */
	int64_t since; /* ms */
};

struct crowd {
	int (*work)(size_t i, void *arg);
	void *arg;
	int *results;
	char **texts; /* what each has said that ended; NULL: nothing */
	struct child child[AT_ONCE];
	struct pollfd end[AT_ONCE]; /* their pidfds */
	size_t n;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int begin(struct crowd *c, size_t i)
{
	auto_fd said = memfd_create("said", MFD_CLOEXEC);
	auto_fd end = -EBADF;
	pid_t pid;

	if (said < 0)
		return fail(-errno, "keep what is said of a container");
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		return fail(-errno, "fork");
	if (pid == 0) {
		int r = dup2(said, STDERR_FILENO) < 0 ? -errno : c->work(i, c->arg);

		_exit(r < 0 || r > FAILED ? FAILED : r);
	}
	end = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end < 0)
		return fail(-errno, "process %d", pid); /* it does its work all the same */
	c->child[c->n] = (struct child){ i, pid, take_fd(&said), now_ms() };
	c->end[c->n++] = (struct pollfd){ .fd = take_fd(&end), .events = POLLIN };
	return 0;
}

static char *read_all(int fd)
{
	struct stat st;
	char *text = fstat(fd, &st) == 0 && st.st_size > 0 ? malloc((size_t)st.st_size + 1) : NULL;
	ssize_t n = text ? pread(fd, text, (size_t)st.st_size, 0) : 0;

	if (text)
		text[MAX(n, 0)] = '\0';
	return text;
}

static void reap(struct crowd *c, size_t k)
{
	struct child *ended = &c->child[k];
	int status = 0;

	if (waitpid(ended->pid, &status, 0) > 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) < FAILED)
		c->results[ended->i] = WEXITSTATUS(status);
	if (c->results[ended->i] != EACH_GONE)
		c->texts[ended->i] = read_all(ended->said);
	close_fd(&ended->said);
	close_fd(&c->end[k].fd);
	*ended = c->child[--c->n];
	c->end[k] = c->end[c->n];
}

/* 0: another may begin. Else until one has ended, or for so many ms. */
static int room_in(const struct crowd *c)
{
	int64_t now = now_ms(), next = QUICK_MS;
	long quick = 0;

	for (size_t k = 0; k < c->n; k++) {
		int64_t left = c->child[k].since + QUICK_MS - now;

		quick += left > 0;
		next = left > 0 ? MIN(next, left) : next;
	}
	/* One more than there are CPUs, as pctfs has some of the work. */
	return c->n == AT_ONCE ? -1 : quick <= sysconf(_SC_NPROCESSORS_ONLN) ? 0 : (int)next;
}

static void wait_for_one(struct crowd *c, int ms)
{
	if (poll(c->end, c->n, ms) < 1)
		return;
	for (size_t k = c->n; k-- > 0;)
		if (c->end[k].revents)
			reap(c, k);
}

static bool is_running(const struct crowd *c, size_t i)
{
	for (size_t k = 0; k < c->n; k++)
		if (c->child[k].i == i)
			return true;
	return false;
}

int each(size_t n, int (*work)(size_t i, void *arg), void *arg, int results[])
{
	auto_free struct crowd *c = calloc(1, sizeof(*c));
	auto_free char **texts = calloc(n + 1, sizeof(*texts));
	size_t begun = 0, told = 0;

	if (!c || !texts)
		return fail(-ENOMEM, "look at all containers");
	*c = (struct crowd){ .work = work, .arg = arg, .results = results, .texts = texts };
	for (size_t i = 0; i < n; i++)
		results[i] = -EIO;
	while (told < n) {
		int ms = begun < n ? room_in(c) : -1;

		if (ms == 0)
			(void)!begin(c, begun++);
		else
			wait_for_one(c, ms);
		/* All up to the first that has not ended. */
		for (; told < begun && !is_running(c, told); told++) {
			if (texts[told])
				(void)fputs(texts[told], stderr);
			free_ptr(&texts[told]);
			texts[told] = NULL;
		}
	}
	return 0;
}
