// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/daemon.h"
#include "procfs/die.h"
#include "procfs/fall.h"
#include "procfs/metrics.h"
#include "procfs/open.h"
#include "procfs/privileges.h"
#include "procfs/sampler.h"
#include "procfs/seccomp.h"
#include "procfs/serve.h"
#include "procfs/shared.h"

#define FILES_WANTED 4096 /* less than this is worth a warning */

struct worker {
	struct daemon *d;
	struct cgv_host host;
	struct fs fs, fast; /* the mounts' */
	int n_mounts;
	struct state *state;
	struct server *server[N_MOUNTS];
	struct fuse_session *session[N_MOUNTS];
	struct kept kept;
	int helper;	/* who mounts in containers; -EBADF: none */
	unsigned files; /* that can be open, all together */
	struct control *control;
	struct sampler *sampler;
	struct seccomp *seccomp;
	int counted,
	    asked; /* the memory of what is counted, and where it is asked for; or -EBADF */
	struct counts *counts;
	struct metrics *metrics;
};

/*
 * As many files as the system lets us, and who may have them: a third are cgroup files that stay
 * open, a third the inits of containers, an eighth pressure triggers. The rest is for connections,
 * and for what is opened while somebody waits.
 */
static void share_files(struct worker *w)
{
	struct rlimit room = { 1024, 1024 };

	if (getrlimit(RLIMIT_NOFILE, &room) == 0) {
		room.rlim_cur = room.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &room);
		(void)getrlimit(RLIMIT_NOFILE, &room);
	}
	w->files = (unsigned)MIN(room.rlim_cur, (rlim_t)INT32_MAX);
	if (w->files < FILES_WANTED)
		warn(0, "only %u files can be open: that is for %u containers", w->files,
		     w->files / 3);
}

/* Else the pids of our callers would be looked up among other processes. */
static bool proc_is_ours(void)
{
	char self[16];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[MAX(n, (ssize_t)0)] = '\0';
	return strtol(self, NULL, 10) == getpid();
}

/* What does not matter to the worker before: all that can fail because of this program. */
static int prepare(struct worker *w)
{
	int r;

	if (!proc_is_ours())
		return refuse(-EINVAL, "/proc is of another pid namespace: mount one of this "
				       "(unshare --mount-proc)");
	share_files(w);
	r = cgv_host_open(&w->host);
	if (r < 0)
		return fail(r, "read the host's /proc, /sys and cgroups");
	cgv_files_limit(&w->host, w->files / 3);
	w->fs.host = &w->host;
	w->fs.keeper = getppid();
	r = tree_build(&w->host, &w->fs.tree);
	if (r < 0)
		return fail(r, "learn what the host's /proc and /sys have");
	/* They are locked in memory, which can need a privilege. */
	for (int i = 0; i < w->n_mounts && r == 0; i++)
		r = server_new(FD_SLOTS + i, &w->server[i]);
	return r < 0 ? fail(r, "share memory with the worker before") : 0;
}

/* Can it do its work at all? Of the container that it is in itself. */
static int try_one(struct worker *w)
{
	struct container_spec spec = { .init = getpid() };
	struct container *c = NULL;
	struct moment m;
	int r = cgv_place_of_pid(&w->host, spec.init, &spec.place);

	if (r == 0)
		r = container_new(&w->host, &spec, &c);
	cgv_place_free(&spec.place);
	if (r == 0)
		r = container_render(c, file_find("proc/meminfo"), "proc/meminfo", &m);
	if (c)
		container_put(c);
	return r < 0 ? fail(r, "render a file") : 0;
}

/* A keeper of before it gave them: what is open by that number, if anything, is something else. */
static void look_for_metrics(struct worker *w)
{
	int listens = 0;
	socklen_t n = sizeof(listens);
	struct stat st;

	w->counted = fstat(FD_COUNTS, &st) == 0 && S_ISREG(st.st_mode) ? FD_COUNTS : -EBADF;
	w->asked = getsockopt(FD_METRICS, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) == 0 && listens
		       ? FD_METRICS
		       : -EBADF;
}

/* From here on there is no other worker, and what it left is ours. */
static int wait_for_turn(struct worker *w)
{
	struct message m;
	int fd, r = message_send(FD_KEEPER, MSG_PREPARED, 0, -1);

	if (r < 0)
		return fail(r, "talk to the keeper");
	while ((r = message_receive(FD_KEEPER, &m, &fd)) == 1 && m.kind != MSG_GO)
		if (m.kind == MSG_HELPER)
			w->helper = fd;
		else if (m.kind != MSG_KEPT || kept_add(&w->kept, m.id, fd) < 0)
			close_fd(&fd);
	DIE_AT("go");
	return r == 1 ? 0 : -ECONNRESET; /* the keeper ended, and has said why */
}

static int take_what_is_left(struct worker *w)
{
	struct daemon *d = w->d;
	int r = state_open(d->kept, &w->host, &w->state);

	if (r < 0)
		return fail(r, "open '%s'", d->kept);
	r = opens_open(FD_OPENS, &w->fs.opens);
	if (r < 0)
		return fail(r, "take over what the worker before had in hand");
	w->fs.since = opens_since(w->fs.opens);
	r = registry_new(&w->host, w->state, &w->fs.registry);
	if (r == 0)
		r = callers_new(&w->host, w->fs.registry, &w->fs.callers);
	if (r == 0)
		r = shared_start(&w->fs);
	if (r == 0)
		r = psi_start(FD_FUSE, w->files / 8, &w->fs.psi);
	if (r < 0)
		return fail(r, "go on where the worker before was");
	/* To count is not worth to fail for. */
	if (counts_open(w->counted, &w->counts) < 0)
		w->counts = NULL;
	counts_share(w->counts);
	registry_limit(w->fs.registry, w->files / 3);
	registry_restore(w->fs.registry);
	shared_restore(&w->fs);
	w->fast = w->fs;
	w->fast.ttl = w->d->page_cache * (uint64_t)1000000;
	return 0;
}

static void close_all(struct worker *w)
{
	psi_stop(w->fs.psi);
	shared_stop(&w->fs);
	opens_close(w->fs.opens);
	for (int i = 0; i < w->n_mounts; i++)
		server_free(w->server[i]);
	callers_free(w->fs.callers);
	registry_free(w->fs.registry);
	state_close(w->state);
	counts_share(NULL);
	counts_close(w->counts);
	tree_free(&w->fs.tree);
	cgv_host_close(&w->host);
	kept_close(&w->kept);
}

/* ---- serving ---- */

/* Ends the process's service: a signal, or the keeper's end, after which nobody needs us. */
static void *wait_for_end(void *arg)
{
	struct worker *w = arg;
	struct message m;
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigaddset(&none, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &none, NULL);
	while (message_receive(FD_KEEPER, &m, &fd) == 1)
		if (m.kind == MSG_HELPER && fd >= 0)
			seccomp_helper(w->seccomp, fd);
		else if (m.kind != MSG_KEPT || seccomp_monitor(w->seccomp, m.id, fd) < 0)
			close_fd(&fd);
	for (int i = 0; i < w->n_mounts; i++)
		server_stop(w->server[i]);
	return NULL;
}

static void stop_hearing(void)
{
	(void)shutdown(FD_KEEPER, SHUT_RD);
}

static void hear_signal(int sig)
{
	(void)sig;
	stop_hearing();
}

static int start_threads(struct worker *w)
{
	struct daemon *d = w->d;
	int r = control_start(&w->fs, FD_CONTROL, d->mount, d->page_cache ? d->fast : NULL,
			      &w->control);

	if (r == 0)
		r = seccomp_start(w->fs.callers, &w->kept, w->helper, d->mount, &w->seccomp);
	if (r == 0)
		r = sampler_start(&w->fs, &w->sampler);
	if (r == 0 && w->counts && w->asked >= 0)
		r = metrics_start(&w->fs, w->counts, w->asked, &w->metrics);
	return r < 0 ? fail(r, "start the threads") : 0;
}

static int serve_requests(struct worker *w)
{
	static const unsigned threads[N_MOUNTS] = { TURN_THREADS, TURN_THREADS / 4 };
	int r = 0, ended = 0;

	/* From the other mount nothing is ever opened. */
	server_tell(w->server[MOUNT_WHOLE], fs_refused, &w->fs);
	for (int i = 0; i < w->n_mounts; i++)
		server_count(w->server[i], w->counts, i, fs_answered, i ? &w->fast : &w->fs);
	for (int i = 0; i < w->n_mounts && r == 0; i++)
		r = server_begin(w->server[i], w->session[i]);
	/* From here on it is a request, not the start, that can be its end. */
	if (r == 0)
		r = message_send(FD_KEEPER, MSG_READY, 0, -1);
	for (int i = 0; i < w->n_mounts && r == 0; i++)
		r = server_start(w->server[i], threads[i], stop_hearing);
	for (int i = 0; i < w->n_mounts; i++) {
		if (r < 0)
			server_stop(w->server[i]);
		ended = MIN(ended, server_join(w->server[i]));
	}
	return r < 0 ? r : ended;
}

static int serve(struct worker *w)
{
	struct sigaction act = { .sa_handler = hear_signal };
	pthread_t waiter;
	sigset_t all;
	int r;

	/* Signals are for the thread that waits for the end. */
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	fall_except(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	sigaction(SIGTERM, &act, NULL);
	r = start_threads(w);
	if (r == 0 && !w->d->foreground)
		let_go_of_stderr();
	if (r == 0)
		r = -pthread_create(&waiter, NULL, wait_for_end, w);
	if (r == 0) {
		r = serve_requests(w);
		if (r < 0 && r != -ENODEV)
			(void)fail(r, "serve '%s'", w->d->mount);
		(void)shutdown(FD_KEEPER, SHUT_RD);
		pthread_join(waiter, NULL);
	}
	metrics_stop(w->metrics);
	sampler_stop(w->sampler);
	seccomp_stop(w->seccomp);
	control_stop(w->control);
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

static int take_mount(struct fs *fs, int fd)
{
	char *argv[] = { "pctfs", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char fd_path[32];

	fs->session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), fs);
	fuse_opt_free_args(&args);
	if (!fs->session)
		return fail(-ENOMEM, "start a FUSE session");
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", fd);
	return fuse_session_mount(fs->session, fd_path) < 0 ? fail(-EIO, "take the mount over") : 0;
}

static int serve_mounts(struct worker *w)
{
	struct fs *const fs[N_MOUNTS] = { &w->fs, &w->fast };
	int r = 0;

	fuse_set_log_func(log_fuse);
	for (int i = 0; i < w->n_mounts && r == 0; i++) {
		r = take_mount(fs[i], FD_FUSE + i);
		w->session[i] = fs[i]->session;
	}
	if (r == 0)
		r = serve(w);
	for (int i = 0; i < w->n_mounts; i++)
		if (w->session[i])
			fuse_session_destroy(w->session[i]);
	return r;
}

int worker_main(struct daemon *d)
{
	static struct worker w;
	int r;

	look_for_metrics(&w);
	w.d = d;
	w.helper = -EBADF;
	w.n_mounts = d->page_cache ? N_MOUNTS : 1;
	for (int i = 0; i < CGV_N_CONTROLLERS; i++)
		w.host.tree[i].dir = -EBADF;
	w.host.root = w.host.proc = w.host.meminfo = w.host.online = -EBADF;
	w.host.hugepages = -EBADF;
	w.host.overcommit[0] = w.host.overcommit[1] = -EBADF;
	r = prepare(&w);
	if (r == 0)
		r = privileges_drop();
	if (r == 0) /* with what it has left */
		r = try_one(&w);
	if (r == 0)
		r = wait_for_turn(&w);
	if (r == 0)
		r = take_what_is_left(&w);
	if (r == 0)
		r = serve_mounts(&w);
	close_all(&w);
	return r == -ENODEV ? EXIT_ABORTED : r < 0 ? EXIT_FAILED : EXIT_DONE;
}
