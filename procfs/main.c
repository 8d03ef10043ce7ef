// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/mount.h"
#include "procfs/render.h"
#include "procfs/sampler.h"
#include "procfs/seccomp.h"
#include "procfs/shared.h"

#define FILES_EACH   16			 /* that a container keeps open, as a rule */
#define FILES_WANTED (1000 * FILES_EACH) /* less than this is worth a warning */

struct daemon {
	char mount[PATH_MAX], run[PATH_MAX]; /* the mount point; where the sockets are */
	char control[PATH_MAX + 16], seccomp[PATH_MAX + 16];
	char kept[PATH_MAX + 16], open[PATH_MAX + 16];
	bool foreground;
	int ready; /* to be written when the daemon is; -EBADF: nobody waits */

	struct cgv_host host;
	struct fs fs;
	struct state *state;
	int lock;
};

static int usage(FILE *to)
{
	fputs("usage: pctfs [-f] [--log-level L] [--run DIR] [MOUNT]\n"
	      "       pctfs render FILE (--pid N | --cgroup PATH) [--fixed-cpus] [--sysroot DIR]\n"
	      "\n"
	      "Serve every container its own /proc and /sys on MOUNT (/var/lib/pctfs).\n"
	      "\n"
	      "  -f, --foreground   stay in the foreground\n"
	      "      --log-level L  error, warning, info (default) or debug\n"
	      "      --run DIR      where the sockets are made (/run/pct)\n"
	      "  -h, --help         this text\n"
	      "\n"
	      "PCT_ROOT=DIR goes before all three default paths.\n",
	      to);
	return to == stdout ? 0 : 2;
}

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
	snprintf(d->control, sizeof(d->control), "%s/pctfs.sock", d->run);
	snprintf(d->kept, sizeof(d->kept), "%s/pctfs.state", d->run);
	snprintf(d->open, sizeof(d->open), "%s/pctfs.open", d->run);
	snprintf(d->seccomp, sizeof(d->seccomp), "%s/seccomp.sock", d->run);
	return 0;
}

/* 0: go on; else what to exit with is in *code. */
static int parse(int argc, char *argv[], struct daemon *d, int *code)
{
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *run = NULL;
	int o;

	*code = 2;
	while ((o = getopt_long(argc, argv, "fh", options, NULL)) != -1) {
		if (o == 'h') {
			*code = usage(stdout);
			return -ECANCELED;
		}
		if (o == '?')
			return usage(stderr), -EINVAL;
		if (o == 'f')
			d->foreground = true;
		if (o == 'r')
			run = optarg;
		if (o == 'l' && say_level_parse(optarg, &say_limit) < 0)
			return refuse(-EINVAL, "--log-level '%s': error, warning, info or debug",
				      optarg);
	}
	if (argc - optind > 1)
		return usage(stderr), -EINVAL;
	*code = 1;
	return set_paths(d, argv[optind], run);
}

/* One daemon a run directory. The lock goes with the process, however it ends. */
static int take_lock(struct daemon *d)
{
	char path[PATH_MAX + 16];
	int r = make_dirs(d->run, true);

	if (r < 0)
		return fail(r, "make the directory '%s'", d->run);
	snprintf(path, sizeof(path), "%s/pctfs.lock", d->run);
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock < 0)
		return fail(-errno, "open '%s'", path);
	if (flock(d->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			   ? refuse(-EBUSY,
				    "another pctfs runs with '%s': stop that one first, "
				    "or give this one a --run directory of its own",
				    d->run)
			   : fail(-errno, "lock '%s'", path);
	return 0;
}

/* The part that reads hosts: everything between the kernel's files and the table of ours. */
static int open_views(struct daemon *d)
{
	int r = cgv_host_open(&d->host);

	if (r < 0)
		return fail(r, "read the host's /proc, /sys and cgroups");
	d->fs.host = &d->host;
	d->fs.since = time(NULL);
	r = state_open(d->kept, &d->host, &d->state);
	if (r < 0)
		return fail(r, "open '%s'", d->kept);
	r = opens_open(d->open, true, &d->fs.opens);
	if (r < 0)
		return fail(r, "open '%s'", d->open);
	r = registry_new(&d->host, d->state, &d->fs.registry);
	if (r == 0)
		r = callers_new(&d->host, d->fs.registry, &d->fs.callers);
	if (r == 0)
		r = shared_start(&d->fs);
	if (r == 0)
		r = tree_build(&d->host, &d->fs.tree);
	if (r == 0)
		registry_restore(d->fs.registry);
	return r < 0 ? fail(r, "learn what the host's /proc and /sys have") : 0;
}

static void close_views(struct daemon *d)
{
	shared_stop(&d->fs);
	opens_close(d->fs.opens);
	(void)unlink(d->open);
	callers_free(d->fs.callers);
	registry_free(d->fs.registry);
	state_close(d->state);
	tree_free(&d->fs.tree);
	cgv_host_close(&d->host);
}

/* Cgroup files stay open: as many as the system lets us. */
static void raise_files(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) < 0)
		return;
	most.rlim_cur = most.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &most);
}

static void warn_of_few_files(void)
{
	struct rlimit have;

	if (getrlimit(RLIMIT_NOFILE, &have) == 0 && have.rlim_cur < FILES_WANTED)
		warn(0, "only %llu files can be open: that is for some %llu containers",
		     (unsigned long long)have.rlim_cur,
		     (unsigned long long)have.rlim_cur / FILES_EACH);
}

/* Whoever started us waits for this: from here on every read is answered. */
static void tell_ready(struct daemon *d)
{
	warn_of_few_files();
	(void)sd_notify(0, "READY=1");
	if (d->foreground) {
		info("serving on '%s'", d->mount);
		return;
	}
	if (d->ready >= 0 && write(d->ready, "", 1) < 0)
		warn(-errno, "tell that pctfs is ready");
	close_fd(&d->ready);
	/* A terminal or pipe is the starter's; a file was meant for us. */
	if (isatty(STDERR_FILENO) || lseek(STDERR_FILENO, 0, SEEK_CUR) < 0) {
		auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

		(void)dup2(null, STDERR_FILENO);
	}
}

static int loop(struct daemon *d, struct fuse_session *se)
{
	struct fuse_loop_config *cfg = fuse_loop_cfg_create();
	int r;

	if (!cfg)
		return fail(-ENOMEM, "serve");
	fuse_loop_cfg_set_clone_fd(cfg, 0);
	fuse_loop_cfg_set_max_threads(cfg, 16);
	tell_ready(d);
	r = fuse_session_loop_mt(se, cfg);
	fuse_loop_cfg_destroy(cfg);
	if (r < 0 && r != -EINTR)
		return fail(r, "serve '%s'", d->mount);
	return 0;
}

static int serve(struct daemon *d, struct fuse_session *se)
{
	struct control *control = NULL;
	struct sampler *sampler = NULL;
	struct seccomp *seccomp = NULL;
	sigset_t all, before;
	int r;

	/* Signals are for the thread that waits in the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = control_start(&d->fs, d->control, d->mount, &control);
	if (r == 0)
		r = seccomp_start(d->fs.callers, d->seccomp, &seccomp);
	if (r == 0)
		r = psi_start(&d->fs.psi);
	if (r == 0)
		r = sampler_start(&d->fs, &sampler);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0 && fuse_set_signal_handlers(se) < 0)
		r = fail(-EINVAL, "set the signal handlers");
	if (r == 0)
		r = loop(d, se);
	fuse_remove_signal_handlers(se);
	sampler_stop(sampler);
	psi_stop(d->fs.psi);
	seccomp_stop(seccomp);
	control_stop(control);
	return r;
}

static void log_fuse(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	say(level <= FUSE_LOG_ERR ? SAY_ERR : SAY_DEBUG, 0, "%s", line);
}

static int serve_mount(struct daemon *d, int fuse_fd)
{
	char *argv[] = { "pctfs", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char fd_path[32];
	struct fuse_session *se;
	int r;

	fuse_set_log_func(log_fuse);
	se = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), &d->fs);
	fuse_opt_free_args(&args);
	d->fs.session = se;
	if (!se)
		return fail(-ENOMEM, "start a FUSE session");
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", fuse_fd);
	r = fuse_session_mount(se, fd_path) < 0 ? fail(-EIO, "take the mount over") : serve(d, se);
	fuse_session_unmount(se);
	fuse_session_destroy(se);
	return r;
}

/* Else the pids of our callers would be looked up among other processes. */
static bool proc_is_ours(void)
{
	char self[16];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[MAX(n, (ssize_t)0)] = '\0';
	return strtol(self, NULL, 10) == getpid();
}

static int run(struct daemon *d)
{
	int fuse_fd = -EBADF;
	int r;

	if (geteuid() != 0)
		return refuse(-EPERM, "needs root: run it with sudo");
	if (!proc_is_ours())
		return refuse(-EINVAL, "/proc is of another pid namespace: mount one of this "
				       "(unshare --mount-proc)");
	raise_files();
	r = take_lock(d);
	if (r == 0)
		r = open_views(d);
	if (r == 0)
		r = mount_views(d->mount, &fuse_fd);
	if (r == 0) {
		r = serve_mount(d, fuse_fd);
		if (umount2(d->mount, MNT_DETACH) < 0 && errno != EINVAL)
			warn(-errno, "unmount '%s'", d->mount);
	}
	close_views(d);
	return r;
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

static void detach_stdio(void)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
}

int main(int argc, char *argv[])
{
	static struct daemon d;
	int code;

	d.ready = d.lock = -EBADF;
	for (int i = 0; i < CGV_N_CONTROLLERS; i++)
		d.host.tree[i].dir = -EBADF;
	d.host.root = d.host.proc = d.host.meminfo = d.host.online = -EBADF;
	if (argc > 1 && strcmp(argv[1], "render") == 0)
		return render_main(argc - 1, argv + 1);
	if (parse(argc, argv, &d, &code) < 0)
		return code;
	if (!d.foreground) {
		if (in_background(&d) < 0)
			return 1;
		detach_stdio();
	}
	return run(&d) < 0 ? 1 : 0;
}
