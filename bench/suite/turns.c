// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A round of subjects that are there at once and work in turns, a few milliseconds each: what the
 * machine does meanwhile (its clock, its neighbours) meets all of them alike. Of a round each has
 * the median of its turns, and its ratio is the median of ratios of neighbouring turns. Rounds have
 * new processes, as some are luckier than others (which memory they got): that is what the spread
 * from round to round tells, and A/A's, too.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <wordexp.h>

#include "base/say.h"
#include "bench/suite/suite.h"

#define N_TURNS	    12
#define N_QUICK	    6
#define PATIENCE_MS 20000

struct worker {
	pid_t pid; /* 0: none */
	int to, from;
	double got[N_TURNS];
};

static void worker_end(struct worker *w)
{
	if (w->pid <= 0)
		return;
	close(w->to); /* it has nothing more to do */
	close(w->from);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

static int worker_begin(const struct subject *s, struct worker *w)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, r;
	wordexp_t words;

	if (wordexp(s->command, &words, WRDE_NOCMD) != 0)
		return -EINVAL;
	r = pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ? -errno : 0;
	if (r == 0)
		r = spawn(words.we_wordv, in[0], out[1], &w->pid);
	wordfree(&words);
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (r == 0) {
		w->to = in[1];
		w->from = out[0];
		return 0;
	}
	w->pid = 0;
	close_fd(&in[1]);
	close_fd(&out[0]);
	return r;
}

/* One turn: its number. */
static int worker_turn(const struct worker *w, double *out)
{
	struct pollfd p = { .fd = w->from, .events = POLLIN };
	char line[64], *end;
	size_t n = 0;

	if (write(w->to, "\n", 1) != 1)
		return -EPIPE;
	while (n == 0 || line[n - 1] != '\n') {
		ssize_t got;

		if (n == sizeof(line) - 1 || poll(&p, 1, PATIENCE_MS) <= 0) {
			kill(w->pid, SIGKILL); /* it is not waited for in vain */
			return -ETIMEDOUT;
		}
		got = read(w->from, line + n, sizeof(line) - 1 - n);
		if (got <= 0)
			return -EPIPE;
		n += (size_t)got;
	}
	line[n] = '\0';
	*out = strtod(line, &end);
	return end == line || *out <= 0 ? -EINVAL : 0;
}

/* The first of the role, of those that can be measured. */
static size_t find(const struct result *r, enum role role)
{
	size_t i = 0;

	while (i < subjects_n(r->c) && (r->of[i].why || r->c->subjects[i].role != role))
		i++;
	return i;
}

static void keep(struct result *r, const struct worker *w, size_t n, size_t turns)
{
	size_t ours = find(r, OURS);
	double each[N_TURNS];

	for (size_t i = 0; i < n; i++)
		if (!r->of[i].why)
			r->of[i].all[r->of[i].n++] = median(w[i].got, turns);
	if (ours == n)
		return;
	for (size_t i = 0; i < n; i++) {
		for (size_t t = 0; !r->of[i].why && t < turns; t++)
			each[t] = w[ours].got[t] / w[i].got[t];
		r->each[i][r->n_each] = r->of[i].why ? 0 : median(each, turns);
	}
	r->n_each++;
}

static void failed(struct result *r, size_t i)
{
	r->of[i].why = "failed: it said no number";
	r->of[i].n = 0;
}

/* Round 0 only warms up. */
void turns_round(struct result *r, int round, bool quick)
{
	size_t n = subjects_n(r->c), turns = quick ? N_QUICK : N_TURNS;
	struct worker w[SUBJECTS_MAX] = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < n; i++)
		if (!r->of[i].why && worker_begin(&r->c->subjects[i], &w[i]) < 0)
			failed(r, i);
	for (size_t t = 0; t < turns; t++)
		for (size_t i = 0; i < n; i++) {
			/* A B C, C B A, B C A, A C B …: who is beside whom, and first, goes round.
			 */
			size_t k = ((t % 2 ? n - 1 - i : i) + t / 2 + (size_t)round) % n;

			if (!r->of[k].why && worker_turn(&w[k], &w[k].got[t]) < 0)
				failed(r, k);
		}
	if (round > 0)
		keep(r, w, n, turns);
	for (size_t i = 0; i < n; i++)
		worker_end(&w[i]);
}
