// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that is kept open is read in a quarter of the time, and costs the kernel 5 kB.
 */
#include <limits.h>
#include <pthread.h>

#include "cgview/files.h"

#define ROOM 16 /* for files that are not kept, where there turned out to be too little */

struct cgv_files {
	pthread_mutex_t lock;
	unsigned most, open;
	uint64_t round;			       /* of cgv_files_rest() */
	struct cgv_container *newest, *oldest; /* that have some open, and are not held */
};

int cgv_files_new(struct cgv_files **out)
{
	struct cgv_files *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->most = UINT_MAX;
	*out = f;
	return 0;
}

void cgv_files_free(struct cgv_files *f)
{
	if (f)
		pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- all with the lock held ---- */

static void link_in(struct cgv_files *f, struct cgv_container *c)
{
	c->newer = NULL;
	c->older = f->newest;
	*(f->newest ? &f->newest->newer : &f->oldest) = c;
	f->newest = c;
	c->linked = true;
}

static void unlink_from(struct cgv_files *f, struct cgv_container *c)
{
	if (!c->linked)
		return;
	*(c->newer ? &c->newer->older : &f->newest) = c->older;
	*(c->older ? &c->older->newer : &f->oldest) = c->newer;
	c->linked = false;
}

static void close_all(struct cgv_files *f, struct cgv_container *c)
{
	for (size_t i = 0; c->n_open && i < (size_t)c->levels * CGV_N_FILES; i++) {
		if (c->fd[i] < 0)
			continue;
		close_fd(&c->fd[i]);
		c->n_open--;
		f->open--;
	}
}

static bool close_oldest(struct cgv_files *f)
{
	struct cgv_container *c = f->oldest;

	if (!c)
		return false;
	unlink_from(f, c);
	close_all(f, c);
	return true;
}

/* ---- for all threads ---- */

void cgv_container_hold(struct cgv_container *c)
{
	struct cgv_files *f = c->host->files;

	if (c->holds++)
		return;
	pthread_mutex_lock(&f->lock);
	unlink_from(f, c);
	pthread_mutex_unlock(&f->lock);
}

void cgv_container_release(struct cgv_container *c)
{
	struct cgv_files *f = c->host->files;

	if (--c->holds)
		return;
	pthread_mutex_lock(&f->lock);
	c->round = f->round;
	if (c->n_open)
		link_in(f, c);
	pthread_mutex_unlock(&f->lock);
}

#define NONE_OPEN UINT64_MAX

void cgv_container_visit(struct cgv_container *c, uint64_t *before)
{
	cgv_container_hold(c);
	*before = c->n_open ? c->round : NONE_OPEN;
}

void cgv_container_leave(struct cgv_container *c, uint64_t before)
{
	struct cgv_files *f = c->host->files;

	if (before == NONE_OPEN && c->holds == 1)
		cgv_files_close(c);
	cgv_container_release(c);
	if (before == NONE_OPEN)
		return;
	pthread_mutex_lock(&f->lock);
	c->round = before;
	pthread_mutex_unlock(&f->lock);
}

bool cgv_files_keep(struct cgv_container *c, size_t at, int fd)
{
	struct cgv_files *f = c->host->files;
	bool room;

	pthread_mutex_lock(&f->lock);
	while (f->open >= f->most && close_oldest(f))
		;
	room = f->open < f->most;
	if (room) {
		c->fd[at] = fd;
		c->n_open++;
		f->open++;
	}
	pthread_mutex_unlock(&f->lock);
	return room;
}

void cgv_files_drop(struct cgv_container *c, size_t at)
{
	struct cgv_files *f = c->host->files;

	pthread_mutex_lock(&f->lock);
	if (c->fd[at] >= 0) {
		close_fd(&c->fd[at]);
		c->n_open--;
		f->open--;
	}
	pthread_mutex_unlock(&f->lock);
}

bool cgv_files_yield(struct cgv_files *f)
{
	bool any = false;

	pthread_mutex_lock(&f->lock);
	f->most = MIN(f->most, f->open > ROOM ? f->open - ROOM : 0);
	while (f->open > f->most && close_oldest(f))
		any = true;
	pthread_mutex_unlock(&f->lock);
	return any;
}

void cgv_files_close(struct cgv_container *c)
{
	struct cgv_files *f = c->host->files;

	pthread_mutex_lock(&f->lock);
	unlink_from(f, c);
	close_all(f, c);
	pthread_mutex_unlock(&f->lock);
}

void cgv_files_limit(const struct cgv_host *h, unsigned most)
{
	struct cgv_files *f = h->files;

	pthread_mutex_lock(&f->lock);
	f->most = most;
	while (f->open > f->most && close_oldest(f))
		;
	pthread_mutex_unlock(&f->lock);
}

void cgv_files_rest(const struct cgv_host *h, unsigned rounds)
{
	struct cgv_files *f = h->files;

	pthread_mutex_lock(&f->lock);
	f->round++;
	while (f->oldest && f->oldest->round + rounds < f->round)
		(void)close_oldest(f);
	pthread_mutex_unlock(&f->lock);
}

unsigned cgv_files_open(const struct cgv_host *h)
{
	struct cgv_files *f = h->files;
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->open;
	pthread_mutex_unlock(&f->lock);
	return n;
}
