// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <grp.h>

#include "base/say.h"
#include "base/version.h"
#include "procfs/daemon.h"
#include "procfs/render.h"
#include "procfs/stats.h"
#include "procfs/store.h"
#include "procfs/takeover.h"
#include "procfs/usage.h"

static int absolute(char *path)
{
	char *cwd, *whole = NULL;
	int r;

	if (*path == '/')
		return 0;
	cwd = getcwd(NULL, 0);
	r = cwd ? asprintf(&whole, "%s/%s", cwd, path) : -1;
	free(cwd);
	if (r < 0 || r >= PATH_MAX) {
		free(whole);
		return fail(-ENAMETOOLONG, "path '%s'", path);
	}
	strcpy(path, whole);
	free(whole);
	return 0;
}

static int set_paths(struct daemon *d, const char *mount, const char *run)
{
	const char *root = getenv("PCT_ROOT");
	int n, m;

	root = root ? root : "";
	n = mount ? snprintf(d->mount, PATH_MAX, "%s", mount)
		  : snprintf(d->mount, PATH_MAX, "%s/var/lib/pctfs", root);
	m = run ? snprintf(d->run, PATH_MAX, "%s", run)
		: snprintf(d->run, PATH_MAX, "%s/run/pct", root);
	if (n >= PATH_MAX || m >= PATH_MAX)
		return refuse(-ENAMETOOLONG,
			      "the mount point's or the run directory's path is too long");
	if (absolute(d->mount) < 0 || absolute(d->run) < 0)
		return -ENAMETOOLONG;
	snprintf(d->lock, ROOM, "%s/pctfs.lock", d->run);
	snprintf(d->control, ROOM, "%s/pctfs.sock", d->run);
	snprintf(d->seccomp, ROOM, "%s/seccomp.sock", d->run);
	snprintf(d->takeover, ROOM, "%s/takeover.sock", d->run);
	snprintf(d->metrics, ROOM, "%s/metrics.sock", d->run);
	snprintf(d->fast, ROOM, "%s/page-cache", d->run);
	snprintf(d->kept, ROOM, "%s/pctfs.state", d->run);
	return 0;
}

/* 0: none, which only a keeper says to its worker. */
static int parse_page_cache(const char *text, bool worker, unsigned *out)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || ms > 5000 || ms < (worker ? 0 : 10))
		return refuse(-EINVAL, "--page-cache '%s': give milliseconds, 10 to 5000", text);
	*out = (unsigned)ms;
	return 0;
}

static int parse_group(const char *text, gid_t *out)
{
	const struct group *g = getgrnam(text);
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (!g && (*end || end == text || *text == '-' || number >= UINT32_MAX))
		return refuse(-EINVAL,
			      "--metrics-group '%s': there is no such group, see getent group",
			      text);
	*out = g ? g->gr_gid : (gid_t)number;
	return 0;
}

/* 0: go on; else what to exit with is in *code. */
static int parse(int argc, char *argv[], struct daemon *d, int *code)
{
	struct option options[FLAGS_MAX];
	const char *run = NULL;
	int o;

	*code = 2;
	pctfs_options(options);
	while ((o = getopt_long(argc, argv, SHORT_FLAGS, options, NULL)) != -1) {
		if (o == 'h') {
			*code = pctfs_usage(stdout);
			return -ECANCELED;
		}
		if (o == 'V') {
			*code = version_print("pctfs");
			return -ECANCELED;
		}
		if (o == '?')
			return pctfs_usage(stderr), -EINVAL;
		if (o == 'f')
			d->foreground = true;
		if (o == 't' || o == 'u' || o == 'w')
			d->main = o == 't' ? takeover_main : o == 'u' ? unmount_main : worker_main;
		if (o == 'r')
			run = optarg;
		if (o == 'p' &&
		    parse_page_cache(optarg, d->main == worker_main, &d->page_cache) < 0)
			return -EINVAL;
		if (o == 'm' && parse_group(optarg, &d->metrics_group) < 0)
			return -EINVAL;
		if (o == 'l' && say_level_parse(optarg, &say_limit) < 0)
			return refuse(-EINVAL, "--log-level '%s': error, warning, info or debug",
				      optarg);
	}
	if (argc - optind > 1)
		return pctfs_usage(stderr), -EINVAL;
	if ((d->page_cache || d->metrics_group) &&
	    (d->main == takeover_main || d->main == unmount_main))
		return refuse(-EINVAL,
			      "--%s is for a start: a takeover keeps the mounts and sockets there "
			      "are (see README: PCTFS_OPTIONS)",
			      d->page_cache ? "page-cache" : "metrics-group");
	*code = 1;
	d->mount_named = argv[optind] != NULL;
	return set_paths(d, argv[optind], run);
}

/* The starter waits in the parent until the child serves or has said why not. */
static int in_background(struct daemon *d)
{
	int pipe_fd[2];
	char byte;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return fail(-errno, "make a pipe");
	pid = fork();
	if (pid < 0)
		return fail(-errno, "fork");
	if (pid > 0) {
		close(pipe_fd[1]);
		_exit(read(pipe_fd[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(pipe_fd[0]);
	d->ready = pipe_fd[1];
	setsid();
	if (chdir("/") < 0)
		return fail(-errno, "go to /");
	return 0;
}

/* Who is started again at once is not to do that for ever, as fast as it can. */
static int used_wrongly(int code)
{
	if (code && store_is_there())
		sleep(1);
	return code;
}

static void detach_stdio(void)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
}

int main(int argc, char *argv[])
{
	static struct daemon d = { .ready = -EBADF, .main = keeper_main };
	int code;

	if (argc > 1 && strcmp(argv[1], "stats") == 0)
		return stats_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "render") == 0)
		return render_main(argc - 1, argv + 1);
	if (argc == 2 && strcmp(argv[1], "manual") == 0) /* for make */
		return pctfs_manual(stdout);
	if (parse(argc, argv, &d, &code) < 0)
		return used_wrongly(code);
	if (geteuid() != 0)
		return refuse(-EPERM, "needs root: run it with sudo") < 0 ? 1 : 0;
	if (d.main == keeper_main && !d.foreground) {
		if (in_background(&d) < 0)
			return 1;
		detach_stdio();
	}
	return d.main(&d);
}
