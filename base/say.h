/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of programs. A library that can be linked elsewhere never says anything.
 */
#pragma once

#include "base/base.h"

/* As syslog(3) numbers them: error = the request failed; warning = went on without it. */
enum say_level { SAY_ERR = 3, SAY_WARN = 4, SAY_INFO = 6, SAY_DEBUG = 7 };

/* Nothing above this level is printed; SAY_INFO until set. */
extern enum say_level say_limit;

/* "error", "warning", "info" or "debug"; -EINVAL for anything else. */
int say_level_parse(const char *name, enum say_level *out) MUST_CHECK;
const char *say_level_name(enum say_level level);

/*
 * One line to stderr, "PROGRAM: text: errno's text"; @err is 0 or a negative errno.
 * Control characters in the text are shown as '?', so that a name a user chose stays on its
 * line. Under systemd's journal the level goes before it as "<N>".
 */
void say(enum say_level level, int err, const char *fmt, ...) FORMAT(3, 4);

/* Called before a line is written, unless NULL: what is on the terminal's last line is to go. */
extern void (*say_before)(void);

#define warn(err, ...) say(SAY_WARN, err, __VA_ARGS__)
#define info(...)      say(SAY_INFO, 0, __VA_ARGS__)
#define debug(...)     say(SAY_DEBUG, 0, __VA_ARGS__)

/* Print why, and give the same negative errno back: return fail(r, "open '%s'", path); */
#define fail(err, ...)                                                                             \
	({                                                                                         \
		int e_ = (err);                                                                    \
		say(SAY_ERR, e_, __VA_ARGS__);                                                     \
		e_;                                                                                \
	})

/* As fail(), for a reason errno's text would not make clearer: the whole line is @fmt. */
#define refuse(err, ...)                                                                           \
	({                                                                                         \
		say(SAY_ERR, 0, __VA_ARGS__);                                                      \
		(err);                                                                             \
	})
