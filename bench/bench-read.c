// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What reading a file costs: open, read to its end, close, of the same file as several daemons
 * show it, in turns of a few milliseconds, so that all meet the same machine.
 *
 *   bench-read [--join PID] [--readers N] [--turns N] [--turn-ms N] [--cold] [--json]
 *              LABEL=PATH[,DAEMON-PID] ...
 *
 * --join: read as a process of PID's mount and pid namespaces. --cold: each read in a tick of its
 * own, so that no text can be an older one.
 */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include "base/base.h"

#define LABELS_MAX 8
#define TICK	   10000000ull

struct subject {
	const char *label, *path;
	pid_t daemon; /* 0: none */
	uint32_t *ns; /* of every read */
	size_t n, room;
	double seconds, cpu; /* of all turns; of the daemon in them */
};

struct plan {
	int readers, turns, turn_ms;
	bool cold, json;
	pid_t join;
	int n;
	struct subject subject[LABELS_MAX];
};

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench-read: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ns of CPU time, all threads of a process. */
static uint64_t cpu_of(pid_t pid)
{
	uint64_t sum = 0, one;
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = pid ? opendir(path) : NULL;
	while (d && (e = readdir(d))) {
		char name[400];
		FILE *f;

		snprintf(name, sizeof(name), "%s/%s/schedstat", path, e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(name, "r");
		if (f && fscanf(f, "%lu", &one) == 1)
			sum += one;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

/* ---- the readers, in a process of their own ---- */

struct reader {
	const char *path;
	uint64_t until;
	bool cold;
	uint32_t *ns;
	size_t n, room;
	pthread_t thread;
};

static bool read_once(const char *path)
{
	static _Thread_local char buf[65536];
	int fd = open(path, O_RDONLY);
	size_t all = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		all += (size_t)n;
	close(fd);
	return n == 0 && all;
}

/* Awake, as what reads all the time is: a machine that sleeps in between measures its waking. */
static void to_next_tick(void)
{
	uint64_t tick = now(CLOCK_BOOTTIME) / TICK;

	while (now(CLOCK_BOOTTIME) / TICK == tick)
		;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t a, b;

	do {
		if (r->cold)
			to_next_tick();
		a = now(CLOCK_MONOTONIC);
		if (!read_once(r->path))
			die(r->path);
		b = now(CLOCK_MONOTONIC);
		if (r->n == r->room) {
			r->room = r->room ? 2 * r->room : 4096;
			r->ns = realloc(r->ns, r->room * sizeof(*r->ns));
			if (!r->ns)
				die("memory");
		}
		r->ns[r->n++] = (uint32_t)(b - a);
	} while (b < r->until);
	return NULL;
}

static void write_all(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0)
			die("pipe");
		p = (const char *)p + w;
		n -= (size_t)w;
	}
}

static bool read_all(int fd, void *p, size_t n)
{
	while (n) {
		ssize_t r = read(fd, p, n);

		if (r < 1)
			return false;
		p = (char *)p + r;
		n -= (size_t)r;
	}
	return true;
}

/* A number in: a turn with that subject. Its latencies out, reader by reader. */
static void serve(const struct plan *p, int in, int out)
{
	struct reader *r = calloc((size_t)p->readers, sizeof(*r));
	int which;

	while (r && read_all(in, &which, sizeof(which))) {
		uint64_t until = now(CLOCK_MONOTONIC) + (uint64_t)p->turn_ms * 1000000;

		for (int i = 0; i < p->readers; i++) {
			r[i].path = p->subject[which].path;
			r[i].until = until;
			r[i].cold = p->cold;
			r[i].n = 0;
			if (pthread_create(&r[i].thread, NULL, read_on, &r[i]) != 0)
				die("thread");
		}
		for (int i = 0; i < p->readers; i++) {
			pthread_join(r[i].thread, NULL);
			write_all(out, &r[i].n, sizeof(r[i].n));
			write_all(out, r[i].ns, r[i].n * sizeof(*r[i].ns));
		}
	}
	exit(0);
}

static void join(pid_t pid)
{
	static const char *const ns[] = { "pid", "mnt" };
	int fd[ARRAY_LEN(ns)];
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(ns); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns[i]);
		fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fd[i] < 0)
			die(path);
	}
	for (size_t i = 0; i < ARRAY_LEN(ns); i++)
		if (setns(fd[i], 0) < 0)
			die("setns");
}

static pid_t start(const struct plan *p, int *to, int *from)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe(in) < 0 || pipe(out) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(in[1]);
		close(out[0]);
		if (p->join) {
			join(p->join);
			pid = fork(); /* a pid namespace is for one's children */
			if (pid < 0)
				die("fork");
			if (pid > 0) {
				int status;

				close(in[0]);
				close(out[1]);
				waitpid(pid, &status, 0);
				_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
			}
		}
		serve(p, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	return pid;
}

/* ---- the turns ---- */

static void take(struct subject *s, int from, int readers)
{
	for (int i = 0; i < readers; i++) {
		size_t n;

		if (!read_all(from, &n, sizeof(n)))
			exit(1); /* the reader has said why */
		if (s->n + n > s->room) {
			s->room = 2 * (s->n + n);
			s->ns = realloc(s->ns, s->room * sizeof(*s->ns));
			if (!s->ns)
				die("memory");
		}
		if (!read_all(from, s->ns + s->n, n * sizeof(*s->ns)))
			exit(1);
		s->n += n;
	}
}

static void turn(const struct plan *p, struct subject *s, int to, int from, bool counts)
{
	uint64_t cpu = cpu_of(s->daemon), t = now(CLOCK_MONOTONIC);
	int which = (int)(s - p->subject);
	size_t before = s->n;

	write_all(to, &which, sizeof(which));
	take(s, from, p->readers);
	if (!counts) {
		s->n = before;
		return;
	}
	s->seconds += (double)(now(CLOCK_MONOTONIC) - t) / 1e9;
	s->cpu += (double)(cpu_of(s->daemon) - cpu);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double mean(const struct subject *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->ns[i];
	return sum / (double)s->n;
}

static void print(const struct plan *p, struct subject *s, bool last)
{
	double p50, p99, rate;

	qsort(s->ns, s->n, sizeof(*s->ns), by_size);
	p50 = s->ns[s->n / 2] / 1e3;
	p99 = s->ns[s->n * 99 / 100] / 1e3;
	/* Cold readers wait between reads: what they could do is told by the time a read took. */
	rate = p->cold ? p->readers * 1e9 / mean(s) : (double)s->n / s->seconds;
	if (p->json)
		printf("%s\"%s\":{\"path\":\"%s\",\"reads\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
		       "\"reads_per_s\":%.0f,\"daemon_cpu_us_per_read\":%.2f}%s",
		       s == p->subject ? "{" : "", s->label, s->path, s->n, p50, p99, rate,
		       s->daemon ? s->cpu / 1e3 / (double)s->n : 0.0, last ? "}\n" : ",");
	else
		printf("%-12s %8zu reads  p50 %8.2f us  p99 %8.2f us  %9.0f /s  %8.2f us daemon "
		       "CPU\n",
		       s->label, s->n, p50, p99, rate,
		       s->daemon ? s->cpu / 1e3 / (double)s->n : 0.0);
}

static void add_subject(struct plan *p, char *arg)
{
	char *path = strchr(arg, '='), *pid = strchr(arg, ',');

	if (!path || p->n == LABELS_MAX) {
		fprintf(stderr, "bench-read: '%s': give up to %d LABEL=PATH[,PID]\n", arg,
			LABELS_MAX);
		exit(2);
	}
	*path++ = '\0';
	if (pid)
		*pid++ = '\0';
	p->subject[p->n++] =
	    (struct subject){ .label = arg, .path = path, .daemon = pid ? atoi(pid) : 0 };
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "join", required_argument, NULL, 'j' },
		{ "readers", required_argument, NULL, 'r' },
		{ "turns", required_argument, NULL, 't' },
		{ "turn-ms", required_argument, NULL, 'm' },
		{ "cold", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'o' },
		{ 0 },
	};
	static struct plan p = { .readers = 1, .turns = 20, .turn_ms = 50 };
	int o, to, from;
	pid_t pid;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == '?')
			return 2;
		*(o == 'j'   ? &p.join
		  : o == 'r' ? &p.readers
		  : o == 't' ? &p.turns
			     : &p.turn_ms) = o == 'c' || o == 'o' ? p.turn_ms : atoi(optarg);
		p.cold |= o == 'c';
		p.json |= o == 'o';
	}
	while (optind < argc)
		add_subject(&p, argv[optind++]);
	pid = start(&p, &to, &from);
	for (int i = -1; i < p.turns; i++) /* the first round warms up */
		for (int k = 0; k < p.n; k++)
			turn(&p, &p.subject[k], to, from, i >= 0);
	for (int k = 0; k < p.n; k++)
		print(&p, &p.subject[k], k == p.n - 1);
	close(to);
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}
