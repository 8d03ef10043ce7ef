// SPDX-License-Identifier: LGPL-2.1-or-later
#include <archive.h>
#include <archive_entry.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/base.h"
#include "pct/root/feed.h"

#define BLOCK (256 * 1024)
#define SLOTS 8

struct slot {
	size_t n;
	char bytes[BLOCK];
};

struct feed {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more, less;
	int fd;
	size_t filled, taken; /* slots so far: the one being read is not taken yet */
	bool held;	      /* the reader has one */
	bool quit, end;
	int error;
	uint64_t at;
	char why[200];
	struct slot slots[SLOTS];
};

static int wrong(struct feed *f, int err, const char *why)
{
	snprintf(f->why, sizeof(f->why), "%s", why ? why : strerror(-err));
	return err;
}

/* A free slot; NULL: nobody reads any more. */
static struct slot *slot_wait(struct feed *f)
{
	struct slot *s;

	pthread_mutex_lock(&f->mutex);
	while (!f->quit && f->filled - f->taken == SLOTS)
		pthread_cond_wait(&f->less, &f->mutex);
	s = f->quit ? NULL : &f->slots[f->filled % SLOTS];
	pthread_mutex_unlock(&f->mutex);
	return s;
}

static void slot_give(struct feed *f, struct slot *s, size_t n, uint64_t at)
{
	s->n = n;
	pthread_mutex_lock(&f->mutex);
	f->filled++;
	f->at = at;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->mutex);
}

static int pump(struct feed *f, struct archive *a)
{
	struct slot *s = NULL;
	const char *block;
	la_int64_t at;
	size_t size, n = 0;
	int r;

	while ((r = archive_read_data_block(a, (const void **)&block, &size, &at)) == ARCHIVE_OK) {
		while (size) {
			size_t take;

			if (!s && !(s = slot_wait(f)))
				return 0;
			take = MIN(size, BLOCK - n);
			memcpy(s->bytes + n, block, take);
			block += take;
			size -= take;
			n += take;
			if (n == BLOCK) {
				slot_give(f, s, n, (uint64_t)archive_filter_bytes(a, -1));
				s = NULL;
				n = 0;
			}
		}
	}
	if (s && n)
		slot_give(f, s, n, (uint64_t)archive_filter_bytes(a, -1));
	return r == ARCHIVE_EOF ? 0 : wrong(f, -EBADMSG, archive_error_string(a));
}

static int begin(struct feed *f, struct archive *a)
{
	struct archive_entry *e;

	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_fd(a, f->fd, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(a, &e) < ARCHIVE_WARN)
		return wrong(f, -EBADMSG, archive_error_string(a));
	/* The last is the file itself. */
	if (archive_filter_count(a) > 2)
		return wrong(f, -EBADMSG, "it is compressed more than once");
	return pump(f, a);
}

static void *work(void *arg)
{
	struct feed *f = arg;
	struct archive *a = archive_read_new();
	int r = a ? begin(f, a) : wrong(f, -ENOMEM, NULL);

	archive_read_free(a);
	pthread_mutex_lock(&f->mutex);
	f->error = r;
	f->end = true;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->mutex);
	return NULL;
}

int feed_open(int fd, struct feed **out)
{
	struct feed *f = calloc(1, sizeof(*f));
	sigset_t all, was;
	int r;

	if (!f)
		return -ENOMEM;
	f->fd = fd;
	pthread_mutex_init(&f->mutex, NULL);
	pthread_cond_init(&f->more, NULL);
	pthread_cond_init(&f->less, NULL);
	/* Signals are for who waits for one. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	r = pthread_create(&f->thread, NULL, work, f);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (r) {
		free(f);
		return -r;
	}
	*out = f;
	return 0;
}

ssize_t feed_next(struct feed *f, const void **block)
{
	ssize_t n = 0;

	pthread_mutex_lock(&f->mutex);
	if (f->held) {
		f->taken++;
		f->held = false;
		pthread_cond_signal(&f->less);
	}
	while (!f->end && f->filled == f->taken)
		pthread_cond_wait(&f->more, &f->mutex);
	if (f->filled > f->taken) {
		struct slot *s = &f->slots[f->taken % SLOTS];

		f->held = true;
		*block = s->bytes;
		n = (ssize_t)s->n;
	} else {
		n = f->error;
	}
	pthread_mutex_unlock(&f->mutex);
	return n;
}

const char *feed_why(const struct feed *f)
{
	return f->why;
}

uint64_t feed_at(struct feed *f)
{
	uint64_t at;

	pthread_mutex_lock(&f->mutex);
	at = f->at;
	pthread_mutex_unlock(&f->mutex);
	return at;
}

void feed_close(struct feed **feed)
{
	struct feed *f = *feed;

	if (!f)
		return;
	pthread_mutex_lock(&f->mutex);
	f->quit = true;
	pthread_cond_signal(&f->less);
	pthread_mutex_unlock(&f->mutex);
	pthread_join(f->thread, NULL);
	pthread_mutex_destroy(&f->mutex);
	pthread_cond_destroy(&f->more);
	pthread_cond_destroy(&f->less);
	free(f);
	*feed = NULL;
}
