/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every file may use: attributes and owners that clean up after themselves.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ < b_ ? a_ : b_;                                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ > b_ ? a_ : b_;                                                                 \
	})

#define FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK	  __attribute__((warn_unused_result))
#define CLEANUP(fn)	  __attribute__((cleanup(fn)))

static inline void close_fd(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
	*fd = -EBADF;
}

static inline void free_ptr(void *pp)
{
	free(*(void **)pp);
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define auto_fd	  CLEANUP(close_fd) int
#define auto_free CLEANUP(free_ptr)
#define auto_file CLEANUP(close_file) FILE *

/* Hand an owned fd to the caller, so that its cleanup does nothing. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

/* Likewise an owned pointer: return take_ptr(p). */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
