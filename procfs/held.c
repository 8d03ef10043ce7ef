// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/include.h"
#include "procfs/keeper.h"
#include "procfs/mount.h"
#include "procfs/opens.h"
#include "procfs/store.h"

#define LOCK_MS	     1000 /* in which what was killed is gone */
#define STARTS_FREE  5	  /* that end before they serve */
#define START_MS_MAX 5000 /* … and how long the others wait */

#define STORED_MAX (5 + 2 * N_MOUNTS)

static const char *const fuse_name[N_MOUNTS] = { "fuse", "fast-fuse" };
static const char *const slots_name[N_MOUNTS] = { "slots", "fast-slots" };

static size_t list_stored(struct keeper *k, struct stored out[STORED_MAX])
{
	size_t n = 0;

	out[n++] = (struct stored){ "opens", &k->opens };
	out[n++] = (struct stored){ "control", &k->control };
	out[n++] = (struct stored){ "seccomp", &k->seccomp };
	out[n++] = (struct stored){ "takeover", &k->takeover };
	out[n++] = (struct stored){ "counts", &k->counted };
	for (int i = 0; i < N_MOUNTS; i++) {
		if (!k->mounts[i].mount)
			continue;
		out[n++] = (struct stored){ fuse_name[i], &k->mounts[i].fuse };
		out[n++] = (struct stored){ slots_name[i], &k->mounts[i].memory };
	}
	return n;
}

void held_store(struct keeper *k)
{
	struct stored all[STORED_MAX];

	store_put_all(all, list_stored(k, all), k->kept);
}

/*
 * A worker holds it too, as long as there is anything left of it: two that read requests into
 * the same slots would be the end of both.
 */
static int lock_wait(int fd)
{
	const struct timespec pause = { 0, 10000000 };
	uint64_t until = now_ms() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || now_ms() > until)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/*
 * A supervisor starts us again, at once and for ever, which it must: but a keeper that ends before
 * it serves is not to keep a CPU busy with that. How many have done so is in the lock's file.
 */
static void wait_for_start(struct keeper *k)
{
	struct timespec pause = { 0 };
	uint32_t starts = 0;
	uint64_t ms = 0;

	if (pread(k->lock, &starts, sizeof(starts), 0) != sizeof(starts))
		starts = 0;
	starts++;
	if (pwrite(k->lock, &starts, sizeof(starts), 0) != sizeof(starts))
		debug("count the starts: %s", strerror(errno));
	if (store_is_there() && starts > STARTS_FREE)
		ms = starts > STARTS_FREE + 5 ? START_MS_MAX : 100 << (starts - STARTS_FREE);
	pause.tv_sec = (time_t)(ms / 1000);
	pause.tv_nsec = (long)(ms % 1000 * 1000000);
	nanosleep(&pause, NULL);
}

void held_serve(struct keeper *k)
{
	(void)!ftruncate(k->lock, 0);
}

int held_lock(struct keeper *k)
{
	int r = make_dirs(k->d->run, true);

	if (r < 0)
		return fail(r, "make the directory '%s'", k->d->run);
	k->lock = open(k->d->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (k->lock < 0)
		return fail(-errno, "open '%s'", k->d->lock);
	r = lock_wait(k->lock);
	if (r < 0)
		return r == -EWOULDBLOCK
			   ? refuse(-EBUSY,
				    "another pctfs runs with '%s': stop that one first, "
				    "or give this one a --run directory of its own",
				    k->d->run)
			   : fail(r, "lock '%s'", k->d->lock);
	wait_for_start(k);
	return 0;
}

/* Unless a keeper before this one did. */
static int open_socket(int *fd, const char *path, int type)
{
	if (*fd < 0)
		*fd = listen_at(path, type);
	return MIN(*fd, 0);
}

/*
 * The same, for a group as well: it is made with that, so that this process need not be allowed to
 * give away files. Each keeper makes it anew, so that it is as its options say; who asks just then
 * asks again. Views do without it.
 */
static void open_metrics(struct keeper *k)
{
	gid_t group = k->d->metrics_group, own = getegid();
	mode_t mask = umask(0117);

	if (group && setegid(group) < 0) {
		warn(-errno, "let group %u ask for metrics: it is root's alone", group);
		group = 0;
	}
	k->metrics = listen_for(k->d->metrics, SOCK_STREAM, group ? 0660 : 0600);
	(void)umask(mask);
	if (setegid(own) < 0)
		warn(-errno, "be of group %u again", own);
}

int held_open_sockets(struct keeper *k)
{
	int r = open_socket(&k->control, k->d->control, SOCK_STREAM);

	if (r == 0)
		r = open_socket(&k->seccomp, k->d->seccomp, SOCK_SEQPACKET);
	if (r == 0)
		include_write(k->d);
	if (r == 0)
		open_metrics(k);
	return r < 0 ? r : open_socket(&k->takeover, k->d->takeover, SOCK_SEQPACKET);
}

void held_count(struct keeper *k)
{
	if (k->counted < 0 && new_memory(&k->counted, "pctfs-counts") < 0)
		return; /* it has been said */
	k->counts = counts_hold(k->counted);
	counts_event(k->counts, COUNT_KEEPER);
}

/* Only in one of the mounts is anything ever open. */
int held_mount_anew(struct keeper *k, int which)
{
	int r;

	store_drop(fuse_name[which]);
	store_drop(slots_name[which]);
	if (which == MOUNT_WHOLE)
		store_drop("opens");
	r = which == MOUNT_WHOLE ? new_memory(&k->opens, "pctfs-opens") : 0;
	if (r == 0)
		r = connection_mount(&k->mounts[which]);
	if (r == 0) {
		/* Before anybody else has it: the note goes with the mount. */
		slots_note_repair(k->mounts[which].slots, k->repair);
		held_store(k);
	}
	return r;
}

/*
 * What is in hand and open is in a form this program does not know: nobody could go on with it.
 * Who reads is told an error, and the containers get another mount.
 */
static int begin_anew(struct keeper *k, int which)
{
	warn(0, "the pctfs before was of another version: mounting '%s' anew",
	     k->mounts[which].mount);
	connection_close(&k->mounts[which]);
	k->resumed = k->repair = true;
	return held_mount_anew(k, which);
}

/* The mount is still there, with all that is open and in hand: go on with it. */
static int resume(struct keeper *k, int which)
{
	struct connection *c = &k->mounts[which];
	int r = opens_check(k->opens);

	if (r == 0)
		r = slots_open(c->memory, &c->slots);
	if (r == -EBADMSG)
		return begin_anew(k, which);
	if (r < 0)
		return fail(r, "go on with what the pctfs before had in hand");
	info("goes on with the mount '%s' of a pctfs that ended, requests in hand: %u", c->mount,
	     slots_in_hand(c->slots));
	k->resumed = true;
	k->repair |= slots_need_repair(c->slots);
	return 0;
}

int held_mount(struct keeper *k)
{
	struct stored all[STORED_MAX];
	int r = 0;

	store_take(all, list_stored(k, all), k->kept);
	for (int i = 0; i < N_MOUNTS && r == 0; i++) {
		const struct connection *c = &k->mounts[i];
		bool whole = c->fuse >= 0 && c->memory >= 0 && k->opens >= 0;

		/* The keeper before ended between letting go of a mount and making another. */
		k->repair |= c->mount && !whole && k->control >= 0;
		if (c->mount)
			r = whole ? resume(k, i) : held_mount_anew(k, i);
	}
	return r;
}

void held_keep(struct keeper *k, uint32_t id, int fd)
{
	if (id == 0 || id >= KEPT_MAX) {
		close_fd(&fd);
		return;
	}
	if (k->kept[id] >= 0)
		store_drop_kept(id);
	close_fd(&k->kept[id]);
	k->kept[id] = fd;
	store_put_kept(id, fd);
	helper_keep(k, id, fd);
}

/* With a supervisor all of it waits for the next keeper, unless somebody asked for an end. */
void held_take_off(struct keeper *k)
{
	struct stored all[STORED_MAX];

	child_end(k, &k->now, SIGTERM);
	if (store_is_there() && k->asker < 0)
		return;
	for (size_t i = 0, n = list_stored(k, all); i < n; i++)
		store_drop(all[i].name);
	for (int i = 0; i < N_MOUNTS; i++)
		connection_close(&k->mounts[i]);
	if (k->control >= 0)
		(void)unlink(k->d->control);
	include_remove(k->d);
	if (k->seccomp >= 0)
		(void)unlink(k->d->seccomp);
	if (k->takeover >= 0)
		(void)unlink(k->d->takeover);
	if (k->metrics >= 0)
		(void)unlink(k->d->metrics);
	if (k->asker >= 0)
		(void)message_send(k->asker, MSG_UNMOUNT, 0, -1);
}
