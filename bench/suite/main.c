// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct-bench [--quick] [--rounds N] [--out DIRECTORY] [--tar FILE] [--list] [SECTION[/CASE]...]
 */
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "base/say.h"
#include "bench/suite/suite.h"

#define RESULTS_MAX 200

const struct section *const sections[] = {
	&section_reads, &section_overhead, &section_life,    &section_btrfs,
	&section_ext4,	&section_tools,	   &section_density,
};
const size_t n_sections = ARRAY_LEN(sections);

static int usage(void)
{
	fprintf(stderr, "usage: pct-bench [--quick] [--rounds <number>] [--out <directory>] "
			"[--tar <file>] [--list] [<section>[/<case>]...]\n");
	return 2;
}

static void list(void)
{
	for (size_t i = 0; i < n_sections; i++)
		for (size_t k = 0; k < sections[i]->n; k++)
			printf("%s/%s%s\n", sections[i]->name, sections[i]->cases[k].name,
			       sections[i]->slow || sections[i]->cases[k].slow ? " (not --quick)"
									       : "");
}

/* "Linux 6.1, x86_64, 2 × Xeon, 24 GB, 2026-11-22" */
static void describe_machine(char *out, size_t size)
{
	auto_file f = fopen("/proc/cpuinfo", "re");
	char line[256], cpu[100] = "CPU", day[32];
	time_t now = time(NULL);
	struct utsname u;
	struct sysinfo s;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %99[^\n]", cpu) == 1)
			break;
	uname(&u);
	sysinfo(&s);
	strftime(day, sizeof(day), "%Y-%m-%d %H:%M", localtime(&now));
	snprintf(out, size, "%s %s, %s, %d × %s, %.0f GB, %s; load before: %.1f", u.sysname,
		 u.release, u.machine, get_nprocs(), cpu,
		 (double)s.totalram * s.mem_unit / (1 << 30), day,
		 (double)s.loads[0] / (1 << SI_LOAD_SHIFT));
}

/*
 * Where our programs (BENCH), pct's (B) and the shell's part of it (SUITE_LIB) are, unless said:
 * beside this one, or in the source that the build folder is in.
 */
static int find_ours(void)
{
	auto_free char *self = realpath("/proc/self/exe", NULL), *lib = NULL, *source = NULL;
	char *slash = self ? strrchr(self, '/') : NULL;

	if (!slash)
		return fail(-errno, "find our own program");
	*slash = '\0';
	if (asprintf(&lib, "%s/suite-lib", self) < 0 ||
	    asprintf(&source, "%s/../bench/suite-lib", self) < 0)
		return -ENOMEM;
	setenv("BENCH", self, 1);
	setenv("B", self, 0);
	setenv("SUITE_LIB", access(lib, R_OK) == 0 ? lib : source, 0);
	if (access(getenv("SUITE_LIB"), R_OK) < 0)
		return fail(-errno, "read '%s', the shell's part (SUITE_LIB)", getenv("SUITE_LIB"));
	return 0;
}

/* As it was on two cores; what others do meanwhile, and the machine, make it another. */
static void say_duration(const struct plan *p)
{
	unsigned seconds = 0, section;

	for (size_t i = 0; i < n_sections; i++) {
		section = 0;
		for (size_t k = 0; k < sections[i]->n; k++)
			if (case_wanted(sections[i], &sections[i]->cases[k], p))
				section += 1 + sections[i]->case_s * (unsigned)p->rounds / 7;
		seconds += section ? section + sections[i]->begin_s / (p->quick ? 4 : 1) : 0;
	}
	if (seconds)
		printf("This takes about %u %s.\n", seconds > 90 ? (seconds + 59) / 60 : seconds,
		       seconds > 90 ? "minutes" : "seconds");
	fflush(stdout);
}

/* Each word is a section or a case. */
static int check_words(const struct plan *p)
{
	for (char *const *only = p->only; *only; only++) {
		char *const words[] = { *only, NULL };
		const struct plan one = { .only = words };
		bool met = false;

		for (size_t i = 0; i < n_sections; i++)
			for (size_t k = 0; k < sections[i]->n; k++)
				met |= case_wanted(sections[i], &sections[i]->cases[k], &one);
		if (!met)
			return refuse(-ENOENT, "no case is called '%s'; --list has them", *only);
	}
	return 0;
}

static int run_all(struct plan *p)
{
	static struct result all[RESULTS_MAX];
	char machine[400];
	size_t n = 0;
	int r = 0;

	describe_machine(machine, sizeof(machine));
	printf("%s\n", machine);
	say_duration(p);
	for (size_t i = 0; i < n_sections && r != -EINTR; i++) {
		int one = section_run(sections[i], p, all, &n);

		r = one < 0 ? one : r;
	}
	if (n == 0)
		return r;
	if (report_json(p, machine, all, n) < 0 || plots_draw(p, machine, all, n) < 0 ||
	    page_write(p, machine, all, n) < 0)
		return -1;
	printf("\n%s/bench.html, bench.json\n", p->out);
	return r;
}

static int work(struct plan *p)
{
	int r = run_all(p);

	/* no step: it is ours alone */
	if (rmdir(p->top) < 0)
		warn(-errno, "remove '%s'", p->top);
	return r < 0;
}

static volatile pid_t worker;

static void pass_on(int signal)
{
	(void)signal;
	kill(worker, SIGTERM);
}

/*
 * One who is killed takes nothing away. So another process does the work, which is told to stop
 * when we are gone, and takes away what it made.
 */
static int work_watched(struct plan *p)
{
	pid_t us = getpid();
	int status;

	(void)fflush(stdout);
	worker = fork();
	if (worker < 0)
		return fail(1, "fork");
	if (worker == 0) {
		(void)signal(SIGPIPE, SIG_IGN); /* who read what we say may be gone, too */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != us)
			_exit(1);
		exit(work(p));
	}
	(void)signal(SIGINT, pass_on);
	(void)signal(SIGTERM, pass_on);
	(void)signal(SIGHUP, pass_on);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return refuse(1,
		      "killed: what it made is below '%s' and runs on; 'pct list' with PCT_ROOT "
		      "there shows the containers",
		      p->top);
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "quick", 0, NULL, 'q' }, { "rounds", 1, NULL, 'r' }, { "out", 1, NULL, 'o' },
		{ "list", 0, NULL, 'l' },  { "tar", 1, NULL, 't' },    { NULL, 0, NULL, 0 },
	};
	struct plan p = { .rounds = 5, .out = "build/bench" };
	const char *tmp;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (o == 'l')
			return list(), 0;
		if (o == 'q')
			p.quick = true, p.rounds = 2;
		else if (o == 'r')
			p.rounds = atoi(optarg);
		else if (o == 'o')
			p.out = optarg;
		else if (o == 't')
			setenv("DEBIAN", optarg, 1);
		else
			return usage();
	}
	p.only = argv + optind;
	if (p.rounds < 1 || p.rounds > ROUNDS_MAX - 1)
		return usage();
	if (geteuid() != 0)
		return refuse(1, "root only: it makes containers and file systems");
	if (find_ours() < 0 || check_words(&p) < 0)
		return 1;
	if (mkdir(p.out, 0755) < 0 && errno != EEXIST)
		return fail(1, "make '%s'", p.out);
	tmp = getenv("TMPDIR");
	if (snprintf(p.top, sizeof(p.top), "%s/pctb.XXXXXX", tmp ? tmp : "/tmp") >=
		(int)sizeof(p.top) ||
	    !mkdtemp(p.top) || chmod(p.top, 0755) < 0)
		return fail(1, "make a directory");
	setenv("TOP", p.top, 1);
	return work_watched(&p);
}
