// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/stuck.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#define MS   1000000ull
#define LATE (50 * MS) /* in a second of ours: too many others want a CPU, too */

bool spent_by(pid_t process, pid_t thread, struct spent *out)
{
	auto_fd fd = -EBADF;
	struct timespec t;
	clockid_t clock;
	char buf[100], *end;
	ssize_t n;

	if (!thread) {
		if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &t) < 0)
			return false;
		*out = (struct spent){ (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec, 0 };
		return true;
	}
	snprintf(buf, sizeof(buf), "/proc/%d/task/%d/schedstat", process, thread);
	fd = open(buf, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n < 1)
		return false;
	buf[n] = '\0';
	out->ran = strtoull(buf, &end, 10);
	out->late = strtoull(end, NULL, 10);
	return true;
}

static struct spent get(const struct looks *l, pid_t process, pid_t thread)
{
	struct spent s = { 0 };

	(void)l->spent(process, thread, &s);
	return s;
}

static struct look *look_of(struct looks *l, struct slot *slot)
{
	struct look *free = NULL;

	for (size_t i = 0; i < ARRAY_LEN(l->look); i++) {
		if (l->look[i].slot == slot)
			return &l->look[i];
		if (!l->look[i].slot)
			free = &l->look[i];
	}
	return free;
}

/* One that this worker has begun and not answered. */
static bool is_in_hand(const struct slot *t, pid_t worker)
{
	return t->head.unique && t->since && t->by == worker;
}

/* True: it has done something since the last time. */
static bool look_at(struct looks *l, struct look *k, struct slot *t)
{
	struct spent now = get(l, t->by, t->thread);
	bool moved;

	if (k->slot != t || k->since != t->since) {
		*k = (struct look){ .slot = t, .since = t->since, .first = now, .last = now };
		return false;
	}
	moved = now.ran != k->last.ran || now.late != k->last.late;
	k->last = now;
	k->seen++;
	k->asleep = moved ? 0 : k->asleep + STUCK_BUSY;
	return moved;
}

static bool is_stuck(const struct look *k)
{
	return k->asleep >= STUCK_LOOKS * STUCK_BUSY || k->seen >= STUCK_MOST ||
	       k->last.ran - k->first.ran >= STUCK_CPU * MS;
}

/* Were we ourselves late, this time? */
static bool is_busy(struct looks *l)
{
	struct spent now = get(l, getpid(), (pid_t)syscall(SYS_gettid));
	bool busy = now.late - l->self_last.late >= LATE;

	l->self_last = now;
	return busy;
}

static void look_at_worker(struct looks *l, pid_t worker)
{
	struct spent now = get(l, worker, 0);

	if (l->worker != worker) {
		memset(l->look, 0, sizeof(l->look));
		memset(l->idle, 0, sizeof(l->idle));
		l->worker = worker;
		l->worker_last = now;
	}
	l->moved = now.ran >= l->worker_last.ran + MS;
	l->worker_last = now;
}

unsigned stuck_requests(struct looks *l, struct slots *const all[N_MOUNTS], pid_t worker,
			struct slot *out[], unsigned n)
{
	unsigned found = 0;

	look_at_worker(l, worker);
	l->busy = is_busy(l);
	for (size_t i = 0; i < ARRAY_LEN(l->look); i++)
		if (l->look[i].slot && !is_in_hand(l->look[i].slot, worker))
			l->look[i].slot = NULL;
	for (unsigned i = 0; i < N_MOUNTS * SLOTS; i++) {
		struct slots *s = all[i / SLOTS];
		struct slot *t = s ? slot_at(s, i % SLOTS) : NULL;
		struct look *k = t && is_in_hand(t, worker) ? look_of(l, t) : NULL;

		l->busy |= k && look_at(l, k, t);
	}
	for (size_t i = 0; i < ARRAY_LEN(l->look); i++) {
		struct look *k = &l->look[i];

		/* It may wait for one that gets on, or for a CPU. */
		if (l->busy && k->asleep)
			k->asleep -= STUCK_BUSY - 1;
		if (k->slot && is_stuck(k) && found < n)
			out[found++] = k->slot;
	}
	return found;
}

bool stuck_worker(struct looks *l, int mount, bool wait, uint64_t taken)
{
	struct idle *i = &l->idle[mount];

	if (!wait || taken != i->taken)
		*i = (struct idle){ .taken = taken };
	else if (++i->seen && !l->moved)
		i->asleep += l->busy ? 1 : STUCK_BUSY;
	return i->asleep >= STUCK_LOOKS * STUCK_BUSY || i->seen >= STUCK_MOST;
}
