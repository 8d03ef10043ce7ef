// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/guard.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"
#include "pct/step.h"
#include "pct/tool.h"

#define LOCK_S 60

static char *note_path(unsigned vmid)
{
	return path_to("run/pct/backup/%u", vmid);
}

int guard_turn(int minutes, int *turn)
{
	auto_free char *dir = path_to("run/pct/backup");
	auto_free char *path = path_to("run/pct/backup/lock");
	auto_fd fd = -EBADF;
	int r = paths_make(dir, 0755);

	if (r < 0)
		return r;
	/* no step: of no meaning but while it is held */
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(-errno, "open '%s'", path);
	for (long left = minutes * 600l; flock(fd, LOCK_EX | LOCK_NB) < 0; left--) {
		if (errno != EWOULDBLOCK)
			return fail(-errno, "lock '%s'", path);
		if (minutes && left == minutes * 600l)
			info("waiting for another backup that is under way");
		if (minutes == 0)
			return -EBUSY;
		if (left <= 0)
			return refuse(-EBUSY,
				      "another backup is under way after %d min; try again when "
				      "it is done, or give a longer --lockwait",
				      minutes);
		if (interrupted())
			return -EINTR;
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	*turn = take_fd(&fd);
	return 0;
}

int guard_start(unsigned vmid)
{
	auto_free char *id = text_of("%u", vmid);
	const char *const argv[] = { "/proc/self/exe", "start", id, "--skiplock", NULL };
	auto_free char *said = NULL;
	int r = tool_try(argv, "", NULL, &said);

	if (r == 0)
		return 0;
	return refuse(r < 0 ? r : -EIO, "CT %u was stopped for its backup and does not start: %.*s",
		      vmid, said ? (int)strcspn(said, "\n") : 0, said ? said : "");
}

/* "frozen\nstopped\nstopping 600\nfile /dump/x.dat\n" */
static bool read_note(unsigned vmid, struct guard *out)
{
	auto_free char *path = note_path(vmid);
	auto_file f = fopen(path, "re");
	char line[4200];

	*out = (struct guard){ .vmid = vmid, .end = -EBADF, .writer = -EBADF };
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		out->frozen |= strcmp(line, "frozen") == 0;
		out->stopped |= strcmp(line, "stopped") == 0;
		if (strncmp(line, "stopping ", 9) == 0)
			out->stopping = atoi(line + 9);
		out->snapshot |= strcmp(line, "snapshot") == 0;
		if (strncmp(line, "file /", 6) == 0 && !out->file)
			out->file = strdup(line + 5);
	}
	return f != NULL;
}

static int write_note(const struct guard *g, const char *temp)
{
	auto_file f = fopen(temp, "we");

	if (!f)
		return -errno;
	fprintf(f, "%s%s%s", g->frozen ? "frozen\n" : "", g->stopped ? "stopped\n" : "",
		g->snapshot ? "snapshot\n" : "");
	if (g->stopping)
		fprintf(f, "stopping %d\n", g->stopping);
	if (g->file)
		fprintf(f, "file %s\n", g->file);
	return fflush(f) != 0 ? -errno : 0;
}

int guard_note(struct guard *g)
{
	auto_free char *path = note_path(g->vmid), *temp = text_of("%s.new", path);
	int r = step("backup: note what there is to put right");

	if (r == 0)
		r = write_note(g, temp);
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	return r < 0 ? fail(r, "write '%s'", path) : 0;
}

static void forget(unsigned vmid)
{
	auto_free char *path = note_path(vmid);

	/* no step: in run/pct, and only for who is killed from here on */
	(void)unlink(path);
}

static int unlock(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *held;
	int r = lock_take(vmid, LOCK_S, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	held = r == 0 ? config_get(&c, "lock") : NULL;
	if (r < 0 || !held || strcmp(held, "backup") != 0)
		return r;
	config_unset(&c, "lock");
	return conf_save(vmid, &c);
}

int guard_drop_snapshot(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r = lock_take(vmid, LOCK_S, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0)
		r = snap_mend(vmid, &c);
	if (r < 0 || !snap_find(&c, BACKUP_SNAPSHOT))
		return r < 0 ? r : 0;
	return snap_remove(vmid, &c, BACKUP_SNAPSHOT, true);
}

/* Still running, it would not be started, and then end as it was asked to. */
static void await_end(const struct guard *g)
{
	for (long left = g->stopping * 10l; left > 0 && ct_running(g->vmid); left--)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

/* All that @g says. The container goes on before anything else: others wait for it. */
static int put_right(const struct guard *g)
{
	int r = 0;

	if (!conf_exists(g->vmid)) {
		forget(g->vmid);
		return 0;
	}
	if (g->frozen && cgroups_frozen(g->vmid)) {
		r = step("backup: thaw after a kill");
		if (r == 0)
			r = cgroups_thaw(g->vmid);
		if (r < 0)
			return fail(r, "thaw CT %u", g->vmid);
		info("CT %u stood still for a backup that was killed: it goes on", g->vmid);
	}
	await_end(g);
	if (g->stopped && !ct_running(g->vmid)) {
		r = guard_start(g->vmid);
		if (r == 0)
			info("CT %u was stopped for a backup that was killed: it runs again",
			     g->vmid);
	}
	if (g->file && step("backup: remove what was not finished") == 0 && unlink(g->file) == 0)
		info("removed '%s', which was never finished", g->file);
	if (r == 0)
		r = unlock(g->vmid);
	if (r == 0 && g->snapshot)
		r = guard_drop_snapshot(g->vmid);
	if (r == 0)
		forget(g->vmid);
	return r;
}

int guard_recover(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	struct guard g;
	bool noted = read_note(vmid, &g);
	const char *held;
	int r = conf_load(vmid, &c);

	held = r == 0 ? config_get(&c, "lock") : NULL;
	if (r == 0 && (noted || (held && strcmp(held, "backup") == 0))) {
		info("CT %u: an earlier backup was killed: its lock is taken away", vmid);
		r = put_right(&g);
		r = r < 0 ? r : 1;
	}
	free(g.file);
	return r;
}

int guard_settle(unsigned vmid)
{
	auto_free char *path = note_path(vmid);
	auto_fd turn = -EBADF;
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	r = guard_turn(0, &turn);
	if (r == -EBUSY)
		return refuse(r,
			      "CT %u is being backed up: wait until that is done, or interrupt "
			      "it, which takes the lock away",
			      vmid);
	return r < 0 ? r : guard_recover(vmid);
}

void guard_recover_all(void)
{
	auto_free char *dir = path_to("run/pct/backup");
	DIR *notes = opendir(dir);
	auto_fd turn = -EBADF;
	struct dirent *e;
	unsigned vmid;

	while (notes && (e = readdir(notes))) {
		if (!vmid_parse(e->d_name, &vmid))
			continue;
		if (turn < 0 && guard_turn(0, &turn) < 0)
			break;
		(void)guard_recover(vmid);
	}
	if (notes)
		closedir(notes);
}

/* In the guard. Its parent's own end of the pipe is the only one there is. */
static _Noreturn void watch(const struct guard *g, int end)
{
	struct guard left;
	char done;
	ssize_t n;

	setsid();
	prctl(PR_SET_NAME, "pct-guard");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	do
		n = read(end, &done, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (g->writer >= 0)
		(void)syscall(SYS_pidfd_send_signal, g->writer, SIGKILL, NULL, 0);
	if (read_note(g->vmid, &left)) {
		warn(0, "the backup of CT %u was killed", g->vmid);
		(void)put_right(&left);
	}
	_exit(1);
}

int guard_begin(unsigned vmid, int writer, struct guard *out)
{
	int ends[2];
	pid_t pid;

	*out = (struct guard){ .vmid = vmid, .end = -EBADF, .writer = writer };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "watch the backup of CT %u", vmid);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		watch(out, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return fail(-errno, "watch the backup of CT %u", vmid);
	}
	out->end = ends[1];
	out->pid = pid;
	return 0;
}

void guard_end(struct guard *g)
{
	int saved = errno;

	if (g->end >= 0) {
		/* What is still to do is the next one's. */
		if (!g->stopped && !g->frozen && !g->snapshot)
			forget(g->vmid);
		if (write(g->end, "x", 1) < 0)
			debug("the guard of CT %u has gone", g->vmid);
		close_fd(&g->end);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(g->file);
	*g = (struct guard)GUARD_NONE;
	errno = saved;
}
