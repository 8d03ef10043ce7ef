/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The requests of the control socket, without the socket.
 */
#pragma once

#include "procfs/fs.h"

struct requests {
	struct fs *fs;
	const char *mount, *fast; /* what clients are told; fast NULL: there is no such mount */
	int watch; /* an epoll: the end of a registered init is an event "slot * 2 + 1" */
};

/*
 * The answer to one line of @n bytes without its end: a line with its end, to be freed. It is
 * an answer to anything; NULL: no memory.
 */
char *requests_answer(const struct requests *q, const char *line, size_t n) MUST_CHECK;

/* The answer to a line that is longer than @longest. */
char *requests_too_long(size_t longest) MUST_CHECK;

/* Hear of the end of its init. Once is enough, and only one that was registered is heard of. */
int requests_watch(const struct requests *q, const struct container *made) MUST_CHECK;
