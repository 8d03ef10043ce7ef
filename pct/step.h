/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places at which an operation can be made to end or to fail, for tests: one before every call
 * that changes what is on the disk, is mounted or runs. tests/lint-steps has it checked that each
 * has one. Built with -DPCT_DIE, else it is nothing:
 *
 *   PCT_STEP=N             as by SIGKILL at the Nth, with all that the process forked
 *   PCT_STEP_FAIL=N:EIO    the Nth fails so
 *   PCT_STEP_FULL=N:FILE   from the Nth on, FILE takes all the room of its file system
 *   PCT_STEP_LOG=FILE      a line for each
 *
 * @what is "operation: what comes now". Programs that are run count for themselves not at all.
 */
#pragma once

#ifdef PCT_DIE
/* 0, or a negative errno, which is in errno too: so it stands in front of a system call as well
 * as of a function. */
int step(const char *what);
/* Of many alike, such as a file of a tree: the 1st, 2nd, 4th, 8th ... is a step. */
int step_of_many(const char *what);
#else
static inline int step(const char *what)
{
	(void)what;
	return 0;
}

static inline int step_of_many(const char *what)
{
	(void)what;
	return 0;
}
#endif
