// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What reading a file costs: open, read to its end, close, of the same file as several daemons
 * show it, in turns of a few milliseconds, so that all meet the same machine.
 *
 *   bench-read [--join PID] [--readers N] [--turns N] [--turn-ms N] [--cold|--lone] [--of N]
 * [--json] LABEL=PATH[,DAEMON-PID[,JOIN-PID]] ...
 *
 * --join: read as a process of PID's mount and pid namespaces; or one subject by its JOIN-PID.
 * --cold: they read on and on, and only the first read in each tick of the kernel's (10 ms)
 * counts, for which no text can be an older one. --lone: one read in each tick and nothing
 * between, so that it also tells what it costs to wake a daemon that was asleep. --of: a "*" in
 * PATH is one of 0 to N-1, the next at each read. reads/s is that
 * of the middle turn: others use the machine, too.
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/base.h"

#define LABELS_MAX 8
#define TICK	   10000000ull

struct subject {
	const char *label, *path;
	pid_t daemon; /* 0: none */
	pid_t join;   /* 0: nobody */
	int to, from; /* its readers */
	uint32_t *ns; /* of every read */
	size_t n, room;
	double cpu;   /* ns of the daemon, in all turns */
	double *rate; /* reads/s, turn by turn */
};

struct plan {
	int readers, turns, turn_ms, of;
	bool cold, lone, json;
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

/* ns of CPU time of all threads of a process, also of those that ended. */
static uint64_t cpu_of(pid_t pid)
{
	clockid_t clock;

	if (!pid)
		return 0;
	errno = clock_getcpuclockid(pid, &clock);
	if (errno)
		die("the daemon");
	return now(clock);
}

/* ---- the readers, in a process of their own ---- */

struct reader {
	const char *path;
	uint64_t until;
	bool cold, lone;
	unsigned next, of;
	uint32_t *ns;
	size_t n, room;
	pthread_t thread;
};

static bool read_once(const char *path)
{
	static _Thread_local char buf[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	close(fd);
	return n == 0;
}

static uint64_t tick(void)
{
	return now(CLOCK_BOOTTIME) / TICK;
}

/* Awake, as what reads all the time is: a machine that sleeps in between measures its waking. */
static void to_next_tick(void)
{
	uint64_t here = tick();

	while (tick() == here)
		;
}

static void note(struct reader *r, uint64_t ns)
{
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 4096;
		r->ns = realloc(r->ns, r->room * sizeof(*r->ns));
		if (!r->ns)
			die("memory");
	}
	r->ns[r->n++] = (uint32_t)ns;
}

/*
 * Is the next read the first of its tick? The end of one is waited for, when another read, that
 * lasts as long as the one before, might go on beyond it; by questions that need no text, so that
 * whoever answers stays awake.
 */
static bool begins_tick(const char *path, uint64_t lasted)
{
	uint64_t here = tick();
	struct statfs s;

	if (TICK - now(CLOCK_BOOTTIME) % TICK > MIN(2 * lasted, TICK / 4))
		return false;
	while (tick() == here)
		if (statfs(path, &s) < 0)
			die(path);
	return true;
}

/* Which file is next: the same, or that of another container. */
static const char *next_path(struct reader *r, char buf[PATH_MAX])
{
	const char *star = r->of ? strchr(r->path, '*') : NULL;

	if (!star)
		return r->path;
	snprintf(buf, PATH_MAX, "%.*s%u%s", (int)(star - r->path), r->path, r->next++ % r->of,
		 star + 1);
	return buf;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t a, b = 0, lasted = 0;
	char buf[PATH_MAX];

	do {
		const char *path = next_path(r, buf);
		bool counts = !r->cold || begins_tick(path, lasted);

		if (r->lone)
			to_next_tick();
		a = now(CLOCK_MONOTONIC);
		if (!read_once(path))
			die(path);
		b = now(CLOCK_MONOTONIC);
		lasted = b - a;
		if (counts)
			note(r, lasted);
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
			r[i].lone = p->lone;
			r[i].of = (unsigned)p->of;
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

/* A process that reads as one of @pid's; a pid namespace is for one's children. */
static void start(const struct plan *p, pid_t pid, int *to, int *from)
{
	int in[2], out[2];
	pid_t child;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(in[1]);
		close(out[0]);
		if (pid) {
			join(pid);
			child = fork();
			if (child < 0)
				die("fork");
		}
		if (child == 0)
			serve(p, in[0], out[1]);
		waitpid(child, NULL, 0); /* a container's init may not */
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
}

/* Those who read as the same do it in the same process. */
static void start_all(struct plan *p)
{
	for (int i = 0; i < p->n; i++) {
		struct subject *s = &p->subject[i];
		int k = 0;

		s->join = s->join ? s->join : p->join;
		while (p->subject[k].join != s->join)
			k++;
		if (k == i)
			start(p, s->join, &s->to, &s->from);
		s->to = p->subject[k].to;
		s->from = p->subject[k].from;
	}
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

/* Where not all of the time is theirs, what they could do is told by the time a read took. */
static double rate(const struct plan *p, const struct subject *s, size_t before, uint64_t ns)
{
	double sum = 0;

	if (!p->cold && !p->lone)
		return (double)(s->n - before) * 1e9 / (double)ns;
	for (size_t i = before; i < s->n; i++)
		sum += s->ns[i];
	return sum > 0 ? (double)(s->n - before) * p->readers * 1e9 / sum : 0;
}

static void turn(const struct plan *p, struct subject *s, int i)
{
	uint64_t cpu = cpu_of(s->daemon), t = now(CLOCK_MONOTONIC);
	int which = (int)(s - p->subject);
	size_t before = s->n;

	write_all(s->to, &which, sizeof(which));
	take(s, s->from, p->readers);
	if (i < 0) {
		s->n = before;
		return;
	}
	s->rate[i] = rate(p, s, before, now(CLOCK_MONOTONIC) - t);
	s->cpu += (double)(cpu_of(s->daemon) - cpu);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int by_rate(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const struct plan *p, struct subject *s, bool last)
{
	double p50, p99, median, cpu;

	if (s->n == 0) {
		fprintf(stderr, "bench-read: %s: no read counted, it needs longer turns\n",
			s->path);
		exit(1);
	}
	qsort(s->ns, s->n, sizeof(*s->ns), by_size);
	qsort(s->rate, (size_t)p->turns, sizeof(*s->rate), by_rate);
	p50 = s->ns[s->n / 2] / 1e3;
	p99 = s->ns[s->n * 99 / 100] / 1e3;
	median = s->rate[p->turns / 2];
	/* When cold, the daemon's time is also that of reads that do not count. */
	cpu = s->daemon && !p->cold ? s->cpu / 1e3 / (double)s->n : 0.0;
	if (p->json)
		printf("%s\"%s\":{\"path\":\"%s\",\"reads\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
		       "\"reads_per_s\":%.0f,\"daemon_cpu_us_per_read\":%.2f}%s",
		       s == p->subject ? "{" : "", s->label, s->path, s->n, p50, p99, median, cpu,
		       last ? "}\n" : ",");
	else
		printf("%-12s %8zu reads  p50 %8.2f us  p99 %8.2f us  %9.0f /s  %8.2f us daemon "
		       "CPU\n",
		       s->label, s->n, p50, p99, median, cpu);
}

static void add_subject(struct plan *p, char *arg)
{
	char *path = strchr(arg, '='), *pid = strchr(arg, ',');
	char *join = pid ? strchr(pid + 1, ',') : NULL;

	if (!path || p->n == LABELS_MAX) {
		fprintf(stderr, "bench-read: '%s': give up to %d LABEL=PATH[,PID[,PID]]\n", arg,
			LABELS_MAX);
		exit(2);
	}
	*path++ = '\0';
	if (pid)
		*pid++ = '\0';
	p->subject[p->n++] = (struct subject){ .label = arg,
					       .path = path,
					       .daemon = pid ? atoi(pid) : 0,
					       .join = join ? atoi(join + 1) : 0 };
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "join", required_argument, NULL, 'j' },
		{ "readers", required_argument, NULL, 'r' },
		{ "turns", required_argument, NULL, 't' },
		{ "turn-ms", required_argument, NULL, 'm' },
		{ "of", required_argument, NULL, 'n' },
		{ "cold", no_argument, NULL, 'c' },
		{ "lone", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'o' },
		{ 0 },
	};
	static struct plan p = { .readers = 1, .turns = 20, .turn_ms = 50 };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == '?')
			return 2;
		if (optarg)
			*(o == 'j'   ? &p.join
			  : o == 'r' ? &p.readers
			  : o == 't' ? &p.turns
			  : o == 'n' ? &p.of
				     : &p.turn_ms) = atoi(optarg);
		p.cold |= o == 'c';
		p.lone |= o == 'l';
		p.json |= o == 'o';
	}
	while (optind < argc)
		add_subject(&p, argv[optind++]);
	for (int k = 0; k < p.n; k++) {
		p.subject[k].rate = calloc((size_t)MAX(p.turns, 1), sizeof(double));
		if (!p.subject[k].rate)
			die("memory");
	}
	start_all(&p);
	for (int i = -1; i < p.turns; i++) /* the first round warms up */
		for (int k = 0; k < p.n; k++)
			turn(&p, &p.subject[k], i);
	for (int k = 0; k < p.n; k++)
		print(&p, &p.subject[k], k == p.n - 1);
	for (int k = 0; k < p.n; k++)
		close(p.subject[k].to); /* several may have one; their readers end */
	while (wait(NULL) > 0)
		;
	return 0;
}
