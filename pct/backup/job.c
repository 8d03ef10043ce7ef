// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/job.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/mount.h>

#include "base/say.h"
#include "pct/backup/conf.h"
#include "pct/backup/dump.h"
#include "pct/backup/guard.h"
#include "pct/backup/notes.h"
#include "pct/backup/pack.h"
#include "pct/backup/sink.h"
#include "pct/cli/property.h"
#include "pct/cli/size.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/ct/stop.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"
#include "pct/snap/still.h"
#include "pct/snap/volumes.h"
#include "pct/step.h"
#include "pct/tool.h"

#define SYNC_S 30 /* before it stands still: as long as a disk may take */

static const char *const modes[] = { "stop", "suspend", "snapshot" };

/* One that is being made. */
struct work {
	unsigned vmid;
	const struct backup *b;
	enum backup_mode mode;
	bool running;
	time_t when;
	struct config c;
	char *conf;		      /* as the archive has it */
	struct named_volumes volumes; /* those that are in it */
	struct guard guard;
	struct sink sink;
	FILE *log;
	char *logged;
	size_t logged_n;
};

static void work_free(struct work *w)
{
	sink_close(&w->sink);
	guard_end(&w->guard);
	named_volumes_free(&w->volumes);
	config_free(&w->c);
	free(w->conf);
	if (w->log)
		fclose(w->log);
	free(w->logged);
}

/* Said, and kept beside the archive. */
static void tell(struct work *w, const char *fmt, ...) FORMAT(2, 3);
static void tell(struct work *w, const char *fmt, ...)
{
	char line[1024], stamp[32];
	time_t now = time(NULL);
	struct tm t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	info("%s", line);
	if (!w->log)
		return;
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &t));
	fprintf(w->log, "%s INFO: %s\n", stamp, line);
}

int backup_script(const struct backup *b, const char *phase, unsigned vmid, const char *mode,
		  const char *target)
{
	auto_free char *id = text_of("%u", vmid), *said = NULL;
	const char *const argv[] = { b->script, phase, mode, vmid ? id : NULL, NULL };
	int r;

	if (!b->script)
		return 0;
	setenv("VMTYPE", "lxc", 1);
	setenv("DUMPDIR", b->dir ? b->dir : "", 1);
	setenv("TARGET", target ? target : "", 1);
	setenv("TARFILE", target ? target : "", 1);
	r = tool_try(argv, "", NULL, &said);
	if (r == 0)
		return 0;
	return refuse(r < 0 ? r : -EIO, "script '%s' failed at %s (%d): %.*s", b->script, phase, r,
		      said ? (int)strcspn(said, "\n") : 0, said ? said : "");
}

static int script(struct work *w, const char *phase)
{
	return backup_script(w->b, phase, w->vmid, modes[w->mode], w->sink.target);
}

/* ---- what is in it ---- */

static bool is_in_backup(struct work *w, const struct named_volume *v)
{
	auto_properties p = { 0 };

	if (strcmp(v->key, "rootfs") == 0)
		return true;
	return properties_read(&key_find(v->key)->option, config_get(&w->c, v->key), &p) == 0 &&
	       properties_bool(&p, "backup");
}

static int find_volumes(struct work *w)
{
	struct named_volumes *vs = &w->volumes;
	size_t kept = 0;
	int r = named_volumes(w->vmid, w->c.sections, "backup", vs);

	if (r < 0)
		return r;
	w->mode = w->running ? w->b->mode : BACKUP_STOP;
	for (size_t i = 0; i < vs->n; i++) {
		struct named_volume v = vs->all[i];

		if (w->mode == BACKUP_SNAPSHOT_MODE &&
		    !(volume_features(&v.v) & STORAGE_SNAPSHOTS)) {
			tell(w,
			     "CT %u: storage '%s' has no snapshots (%s): mode suspend instead, it "
			     "stands still meanwhile",
			     w->vmid, v.v.storage->id, v.key);
			w->mode = BACKUP_SUSPEND;
		}
		if (is_in_backup(w, &v)) {
			tell(w, "CT %u: %s ('%s') is in the backup", w->vmid, v.key, v.path);
			vs->all[kept++] = v;
			continue;
		}
		tell(w, "CT %u: %s ('%s') is not in the backup: it has no backup=1", w->vmid, v.key,
		     v.path);
		free(v.key);
		free(v.path);
		volume_done(&v.v);
	}
	vs->n = kept;
	return 0;
}

/* ---- before and after ---- */

static int save_lock(struct work *w, bool on)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r = lock_take(w->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(w->vmid, &c);
	if (r < 0)
		return r;
	if (on)
		r = conf_check_lock(w->vmid, &c, "back up");
	if (r == 0 && on)
		r = config_set(&c, "lock", "backup");
	else if (r == 0)
		config_unset(&c, "lock");
	return r < 0 ? r : conf_save(w->vmid, &c);
}

static int load(struct work *w)
{
	int r = guard_recover(w->vmid);

	if (r >= 0)
		r = conf_load(w->vmid, &w->c);
	if (r == 0)
		r = conf_check_lock(w->vmid, &w->c, "back up");
	if (r < 0)
		return r;
	w->running = ct_running(w->vmid);
	tell(w, "CT %u (%s): backup begins; it is %s", w->vmid,
	     config_get(&w->c, "hostname") ? config_get(&w->c, "hostname") : "no name",
	     w->running ? "running" : "stopped");
	r = find_volumes(w);
	return r < 0 ? r : backup_conf_write(&w->c, &w->conf);
}

static int open_sink(struct work *w)
{
	const struct backup *b = w->b;

	if (b->to_stdout)
		return sink_stdout(&w->sink);
	if (b->repository)
		return sink_repository(b->repository, w->vmid, w->when, &w->sink);
	if (dump_clean(b->dir, w->vmid) < 0)
		return -EIO;
	/* A name has whole seconds: one more in the same second waits for the next. */
	for (int ms = 0; ms < 1100; ms += 50) {
		w->when = time(NULL);
		if (!sink_is_taken(b->dir, w->vmid, w->when))
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	return sink_file(b->dir, w->vmid, w->when, b->compress, &w->sink);
}

static int note(struct work *w)
{
	free(w->guard.file);
	w->guard.file = w->sink.temp ? text_of("%s", w->sink.temp) : NULL;
	return guard_note(&w->guard);
}

static int shut_down(struct work *w)
{
	auto_lock lock = LOCK_NONE;
	int r, noted;

	tell(w, "CT %u: shut down for the backup (up to %d s)", w->vmid, w->b->stop_s);
	w->guard.stopped = true;
	w->guard.stopping = w->b->stop_s;
	r = script(w, "pre-stop");
	if (r == 0)
		r = note(w);
	if (r == 0)
		r = step("backup: shut it down");
	if (r == 0)
		r = shutdown_container(w->vmid, w->b->stop_s, SHUTDOWN_SKIPLOCK, &lock);
	w->guard.stopping = 0;
	if (r < 0 && ct_running(w->vmid))
		w->guard.stopped = false;
	noted = note(w);
	return r < 0 ? r : noted;
}

static int stand_still(struct work *w)
{
	auto_free struct still_place *places = NULL;
	int r;

	/* Somebody else's: that one lets it go. */
	if (cgroups_frozen(w->vmid))
		return 0;
	tell(w, "CT %u: stands still while it is packed", w->vmid);
	places = calloc(w->volumes.n + 1, sizeof(*places));
	for (size_t i = 0; places && i < w->volumes.n; i++)
		places[i].path = w->volumes.all[i].path;
	/* It is read as it is mounted: this makes the wait shorter, no more. */
	if (places)
		(void)still_sync(w->vmid, places, SYNC_S);
	w->guard.frozen = true;
	r = note(w);
	if (r == 0)
		r = step("backup: freeze");
	if (r == 0)
		r = cgroups_freeze(w->vmid);
	return r < 0 ? fail(r, "freeze CT %u", w->vmid) : 0;
}

static int take_snapshot(struct work *w)
{
	CLEANUP(config_free) struct config c = { 0 };
	struct snap_result taken = { 0 };
	auto_lock lock = LOCK_NONE;
	int r;

	w->guard.snapshot = true;
	r = note(w);
	if (r == 0)
		r = guard_drop_snapshot(w->vmid);
	if (r == 0)
		r = lock_take(w->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(w->vmid, &c);
	if (r < 0)
		return r;
	config_unset(&c, "lock");
	r = snap_take(w->vmid, &c, BACKUP_SNAPSHOT, "of a backup that is under way", &taken);
	if (r == 0) {
		tell(w, "CT %u: snapshot of %zu volume(s), it stood still for %.0f ms", w->vmid,
		     taken.volumes, taken.frozen_ms < 0 ? 0 : taken.frozen_ms);
		r = config_set(&c, "lock", "backup");
	}
	return r < 0 ? r : conf_save(w->vmid, &c);
}

/* It goes on, or runs again, whatever came of the backup. */
static int let_go(struct work *w)
{
	int r = 0;

	if (w->guard.frozen) {
		r = step("backup: thaw");
		if (r == 0)
			r = cgroups_thaw(w->vmid);
		if (r < 0)
			return fail(r, "thaw CT %u; 'pct resume %u' does", w->vmid, w->vmid);
		w->guard.frozen = false;
		tell(w, "CT %u: goes on", w->vmid);
	}
	if (w->guard.stopped) {
		(void)script(w, "pre-restart");
		r = step("backup: start it again");
		if (r == 0)
			r = ct_running(w->vmid) ? 0 : guard_start(w->vmid);
		if (r < 0)
			return r;
		w->guard.stopped = false;
		tell(w, "CT %u: runs again", w->vmid);
		(void)script(w, "post-restart");
	}
	return r;
}

static int drop_snapshot(struct work *w)
{
	int r = w->guard.snapshot ? guard_drop_snapshot(w->vmid) : 0;

	if (r == 0)
		w->guard.snapshot = false;
	return r;
}

/* ---- packed ---- */

static int pack_volume(struct work *w, struct pack *p, const struct named_volume *v)
{
	const char *snapshot = w->mode == BACKUP_SNAPSHOT_MODE ? BACKUP_SNAPSHOT : NULL;
	struct volume_how how = VOLUME_PLAIN;
	auto_free struct idmap *ids = calloc(1, sizeof(*ids));
	auto_fd root = -EBADF;
	int r;

	how.attributes = MOUNT_ATTR_RDONLY;
	if (!ids)
		return fail(-ENOMEM, "%s", p->what);
	r = volume_mount(&v->v, snapshot, &how, &root);
	/* On the disk they are the container's already, or shifted. */
	if (r == 0 && volume_shift(root) && idmap_read(&w->c, ids) < 0)
		r = refuse(-EINVAL, "CT %u: one of its lxc.idmap lines cannot be read", w->vmid);
	if (r == 0) {
		progress_begin(w->b->progress, 0, "pack %s", v->key);
		r = progress_end(w->b->progress, pack_tree(p, root, v->path, ids));
	}
	return r;
}

static void tell_left(struct work *w, const struct pack *p)
{
	if (p->sockets)
		tell(w, "CT %u: sockets (%zu) are not in the backup: who made them makes them anew",
		     w->vmid, p->sockets);
	if (p->foreign)
		tell(w,
		     "CT %u: files (%zu) have owners or attributes that the container does not "
		     "know",
		     w->vmid, p->foreign);
	if (p->gone)
		tell(w, "CT %u: files (%zu) went away while it was packed", w->vmid, p->gone);
	if (p->changed)
		warn(0, "CT %u: files (%zu) became shorter while they were packed, '%s' first",
		     w->vmid, p->changed, p->first);
	if (p->deep)
		warn(0, "CT %u: not in the backup, as no program could name them: %zu, '%s' first",
		     w->vmid, p->deep, p->first);
}

static int pack_all(struct work *w, struct backup_result *out)
{
	auto_free char *what = text_of("backup of CT %u", w->vmid);
	auto_pack p = { .what = what,
			.excludes = &w->b->excludes,
			.progress = w->b->progress,
			.limit = w->b->limit };
	int r = pack_begin(&p, w->sink.fd, w->b->repository ? NULL : w->b->compress, w->b->threads);

	if (r == 0)
		r = pack_text(&p, BACKUP_CONF, w->conf);
	for (size_t i = 0; i < w->volumes.n && r == 0; i++)
		r = pack_volume(w, &p, &w->volumes.all[i]);
	if (r == 0)
		r = pack_finish(&p);
	if (r == 0)
		tell_left(w, &p);
	out->bytes = p.written;
	return r;
}

static int make_notes(struct work *w)
{
	char node[HOST_NAME_MAX + 1] = "", why[OPTION_WHY];
	const struct notes n = { config_get(&w->c, "hostname"), node, "", w->vmid };
	auto_free char *text = NULL;
	int r;

	if (!w->b->notes || !w->sink.target)
		return 0;
	(void)gethostname(node, sizeof(node) - 1);
	r = notes_make(w->b->notes, &n, &text, why);
	if (r == -EINVAL)
		return refuse(r, "--notes-template: %s", why);
	return r < 0 ? fail(r, "write the notes") : dump_note(w->sink.target, text);
}

static void save_log(struct work *w)
{
	const char *end = w->sink.target ? strstr(w->sink.target, ".tar") : NULL;
	auto_free char *path = NULL;
	auto_fd fd = -EBADF;

	if (!end || fflush(w->log) != 0)
		return;
	while (strstr(end + 1, ".tar"))
		end = strstr(end + 1, ".tar");
	/* no step: the archive is there, whatever becomes of its log */
	path = text_of("%.*s.log", (int)(end - w->sink.target), w->sink.target);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, w->logged, w->logged_n) < 0)
		warn(-errno, "write '%s'", path);
}

/* What is beside it comes first: an archive that has its name has all. */
static int commit(struct work *w, struct backup_result *out)
{
	char size[SIZE_TEXT];
	int r = make_notes(w);

	if (r == 0 && w->b->protect && w->sink.target)
		r = dump_protect(w->sink.target, true);
	if (r == 0)
		r = sink_commit(&w->sink);
	if (r < 0)
		return r;
	size_short(out->bytes, size);
	tell(w, "CT %u: backup done in %.1f s: %s, %s", w->vmid, out->seconds, w->sink.name, size);
	out->name = text_of("%s", w->sink.target ? w->sink.target : w->sink.name);
	save_log(w);
	return 0;
}

static int hold(struct work *w)
{
	switch (w->running ? w->mode : BACKUP_STOP) {
	case BACKUP_STOP:
		return w->running ? shut_down(w) : 0;
	case BACKUP_SUSPEND:
		return stand_still(w);
	default:
		return take_snapshot(w);
	}
}

static int work_on(struct work *w, struct backup_result *out)
{
	struct timespec begin, end;
	int r, after, unlocked;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	r = note(w);
	if (r == 0)
		r = save_lock(w, true);
	if (r < 0)
		return r;
	tell(w, "CT %u: mode %s, archive '%s'", w->vmid, modes[w->mode], w->sink.name);
	r = script(w, "backup-start");
	if (r == 0)
		r = hold(w);
	if (r == 0)
		r = pack_all(w, out);
	after = let_go(w);
	if (after == 0)
		after = drop_snapshot(w);
	unlocked = save_lock(w, false);
	if (after == 0)
		after = unlocked;
	if (after == 0)
		guard_end(&w->guard);
	clock_gettime(CLOCK_MONOTONIC, &end);
	out->seconds =
	    (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	if (r == 0)
		r = commit(w, out);
	return r < 0 ? r : after;
}

int backup_make(unsigned vmid, const struct backup *b, struct backup_result *out)
{
	CLEANUP(work_free)
	struct work w = {
		.vmid = vmid, .b = b, .when = time(NULL), .sink = SINK_NONE, .guard = GUARD_NONE
	};
	struct backup_result made = { 0 };
	int r;

	w.log = open_memstream(&w.logged, &w.logged_n);
	r = w.log ? load(&w) : -ENOMEM;
	if (r == 0)
		r = open_sink(&w);
	if (r == 0)
		r = guard_begin(vmid, w.sink.writer, &w.guard);
	if (r == 0)
		r = work_on(&w, &made);
	if (r == 0)
		r = script(&w, "backup-end");
	else
		(void)script(&w, "backup-abort");
	if (r < 0)
		return r == -EINTR
			   ? refuse(r, "backup of CT %u: interrupted, nothing is left of it", vmid)
			   : r;
	*out = made;
	return 0;
}
