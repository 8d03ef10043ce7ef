// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs the cases of a section: fixture, warm-up, rounds in which each subject has its turn.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <wordexp.h>

#include "base/say.h"
#include "bench/suite/suite.h"

#define LEFT_OUT 77 /* exit code of a fixture */

extern char **environ;

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

int spawn(char *argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t f;
	auto_free char *log = NULL;
	posix_spawnattr_t a;
	sigset_t pipe;
	int r;

	if (asprintf(&log, "%s/said", getenv("TOP")) < 0)
		return -ENOMEM;
	posix_spawn_file_actions_init(&f);
	if (in < 0)
		posix_spawn_file_actions_addopen(&f, 0, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&f, in, 0);
	posix_spawn_file_actions_addopen(&f, 2, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&f, out < 0 ? 2 : out, 1);
	/* We do without it (turns.c, plot.c); it is no habit to hand on. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&a);
	posix_spawnattr_setsigdefault(&a, &pipe);
	posix_spawnattr_setflags(&a, POSIX_SPAWN_SETSIGDEF);
	r = -posix_spawnp(pid, argv[0], &f, &a, argv, environ);
	posix_spawnattr_destroy(&a);
	posix_spawn_file_actions_destroy(&f);
	return r;
}

static int ended(pid_t pid, struct rusage *use)
{
	int status;

	while (wait4(pid, &status, 0, use) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int shell(const char *line, int out)
{
	auto_free char *text = NULL;
	struct rusage use;
	pid_t pid;
	int r;

	if (!line || !*line)
		return 0;
	if (asprintf(&text, ". \"$SUITE_LIB\"; %s", line) < 0)
		return -ENOMEM;
	r = spawn((char *[]){ "bash", "-c", text, NULL }, -1, out, &pid);
	return r < 0 ? r : ended(pid, &use);
}

/* What a shell line prints; malloc'ed, NULL if it fails. */
static char *shell_says(const char *line)
{
	auto_free char *path = NULL;
	char *text = calloc(1, 8192);
	int fd, r;

	if (!text || asprintf(&path, "%s/out", getenv("TOP")) < 0)
		return text;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : shell(line, fd);
	if (r != 0 || pread(fd, text, 8191, 0) < 0) {
		free(text);
		text = NULL;
	}
	close_fd(&fd);
	return text;
}

/* What anybody wrote in the fixture's file system is on the disk. */
static int settle_disk(void)
{
	auto_fd fd = open(getenv("FS"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

static int timed(const struct subject *s, enum kind kind, double *out)
{
	struct rusage use;
	wordexp_t words;
	double start;
	pid_t pid;
	int r;

	if (wordexp(s->command, &words, WRDE_NOCMD) != 0)
		return -EINVAL;
	r = kind == SYNCED ? settle_disk() : 0;
	start = now_ms();
	if (r == 0)
		r = spawn(words.we_wordv, -1, -1, &pid);
	if (r == 0)
		r = ended(pid, &use);
	if (r == 0 && kind == SYNCED)
		r = settle_disk();
	if (r == 0)
		*out = kind == CPU_USED ? cpu_ms(&use) : now_ms() - start;
	wordfree(&words);
	return r;
}

static int printed(const struct subject *s, double *out)
{
	auto_free char *text = shell_says(s->command);
	char *end = NULL;

	if (text)
		*out = strtod(text, &end);
	return text && end != text ? 0 : -EINVAL;
}

static int curve(const struct subject *s, struct figures *f)
{
	auto_free char *text = shell_says(s->command);
	char *line, *save = NULL;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line && f->n < POINTS_MAX;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%lf %lf", &f->x[f->n], &f->all[f->n]) == 2)
			f->n++;
	return f->n ? 0 : -EINVAL;
}

/* Its last line; lives as long as we do. */
static const char *last_said(void)
{
	auto_free char *path = NULL;
	char line[200], last[200] = "it says nothing";

	if (asprintf(&path, "%s/said", getenv("TOP")) < 0)
		return "";
	auto_file f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		if (line[0] > ' ')
			snprintf(last, sizeof(last), "%.*s", (int)strcspn(line, "\n"), line);
	return strdup(last);
}

static const char *why_failed(void)
{
	char *text;

	return asprintf(&text, "failed: %s", last_said()) < 0 ? "failed" : text;
}

/* One turn. Round 0 only warms up. */
static void turn(const struct bench_case *c, const struct subject *s, int round, struct figures *f)
{
	double took = 0;
	int r = shell(s->before, -1);

	if (r == 0 && c->kind == CURVE)
		r = curve(s, f);
	else if (r == 0)
		r = c->kind == PRINTED ? printed(s, &took) : timed(s, c->kind, &took);
	if (r == 0 && c->kind != CURVE && round > 0)
		f->all[f->n++] = took;
	if (r == 0)
		r = shell(s->after, -1);
	else
		(void)shell(s->after, -1);
	if (r != 0) {
		f->why = why_failed();
		f->n = 0;
	}
}

/* Why a subject cannot be measured: NEED_NOT of the fixture's says it. NULL: it can. */
static const char *lacks(const char *need)
{
	auto_free char *name = NULL;
	const char *why, *have = need ? getenv(need) : "yes";

	if ((have && *have) || asprintf(&name, "%s_NOT", need) < 0)
		return NULL;
	why = getenv(name);
	return why ? why : "not installed";
}

static void case_run(const struct bench_case *c, const struct plan *p, struct result *r)
{
	size_t n = subjects_n(c);
	int last = c->kind == CURVE ? 0 : p->rounds;

	for (size_t i = 0; i < n; i++) {
		r->of[i].why = lacks(c->needs);
		if (!r->of[i].why)
			r->of[i].why = lacks(c->subjects[i].needs);
	}
	for (int round = 0; round <= last && !stopped; round++)
		for (size_t i = 0; i < n; i++) {
			/* Who was last is first the next time. */
			size_t k = round % 2 ? n - 1 - i : i;

			if (c->kind == TURNS) {
				turns_round(r, round, p->quick);
				break;
			}

			if (!r->of[k].why)
				turn(c, &c->subjects[k], round, &r->of[k]);
		}
	for (size_t i = 0; i < n; i++)
		figures_settle(&r->of[i]);
	result_settle(r);
}

/* What the fixture wants the subjects to know: NAME=VALUE a line. */
static void take_environment(void)
{
	auto_free char *path = NULL;
	char line[4096], *is;

	if (asprintf(&path, "%s/env", getenv("TOP")) < 0)
		return;
	auto_file f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		is = strchr(line, '=');
		if (!is)
			continue;
		*is = '\0';
		setenv(line, is + 1, 1);
	}
}

bool case_wanted(const struct section *s, const struct bench_case *c, const struct plan *p)
{
	size_t n = strlen(s->name);

	if (!p->only[0])
		return !p->quick || !(s->slow || c->slow);
	for (char *const *only = p->only; *only; only++)
		if (strncmp(*only, s->name, n) == 0 &&
		    (!(*only)[n] || ((*only)[n] == '/' && strcmp(*only + n + 1, c->name) == 0)))
			return true;
	return false;
}

/* LEFT_OUT: this host lacks what it needs, which is said. */
static int fixture(const struct section *s, const char *what)
{
	auto_free char *line = NULL;
	int r = asprintf(&line, "%s_%s", s->name, what) < 0 ? -ENOMEM : shell(line, -1);

	if (r == LEFT_OUT)
		printf("\n%s\n  left out: %s\n", s->title, last_said());
	else if (r != 0)
		say(SAY_ERR, 0, "section '%s' cannot %s: %s", s->name, what, last_said());
	return r == LEFT_OUT ? LEFT_OUT : r ? -EIO : 0;
}

int section_run(const struct section *s, const struct plan *p, struct result *out, size_t *n)
{
	double start = now_ms(), begun;
	size_t chosen = 0;
	int r;

	for (size_t i = 0; i < s->n; i++)
		chosen += case_wanted(s, &s->cases[i], p);
	if (chosen == 0)
		return 0;
	setenv("QUICK", p->quick ? "1" : "", 1);
	/* Whatever ends us, the fixture is taken away. */
	(void)signal(SIGINT, stop);
	(void)signal(SIGTERM, stop);
	(void)signal(SIGHUP, stop);
	r = stopped ? -EINTR : fixture(s, "begin");
	if (r == 0) {
		take_environment();
		report_head(s);
	}
	begun = now_ms();
	for (size_t i = 0; r == 0 && !stopped && i < s->n; i++) {
		struct result *one = &out[*n];

		if (!case_wanted(s, &s->cases[i], p))
			continue;
		*one = (struct result){ .section = s, .c = &s->cases[i] };
		case_run(one->c, p, one);
		report_row(one);
		(*n)++;
	}
	if (fixture(s, "end") < 0 || (r < 0 && r != -EINTR))
		return -EIO;
	if (r == 0)
		printf("  (%.0f s, of which %.0f s to set it up)\n", (now_ms() - start) / 1e3,
		       (begun - start) / 1e3);
	return stopped ? -EINTR : 0;
}
