/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts to test with: captured ones, and small ones written into a temporary directory. What
 * fails here fails the test.
 */
#pragma once

#include <check.h>
#undef fail /* ours is another one */

#include "procfs/container.h"

#define FIXTURES "tests/fixtures"

/* Names of the captured hosts, sorted; made once. */
extern char **fixture_names;
extern int n_fixtures;
void fixture_list(void);

/* A captured host, open, and the container its SOURCE tells of. */
struct fixture {
	struct cgv_host host;
	struct container *c; /* NULL: not open */
};

/* @source: the folder whose SOURCE says what to render. 0, or what refused it. */
int fixture_try(const char *dir, const char *source, struct fixture *out) MUST_CHECK;
void fixture_open(const char *name, struct fixture *out);
void fixture_close(struct fixture *f);

/* A container of an open host, by its cgroup. */
struct container *fixture_container(const struct cgv_host *h, const char *cgroup, bool fixed_cpus);

/*
 * A row of files[] as one text; of a directory's row each file in sight, by name, as
 * "path: content". NULL: *r has the errno.
 */
char *fixture_text(const struct cgv_host *h, struct container *c, const struct file *f, size_t *len,
		   int *r);

/* ---- a host in a temporary directory ---- */

struct tmp {
	char dir[256];
	int fd;
};

void tmp_make(struct tmp *t);
void tmp_remove(struct tmp *t);
/* Write a file, and the directories it is in. */
void tmp_put(const struct tmp *t, const char *path, const char *fmt, ...) FORMAT(3, 4);
void tmp_put_bytes(const struct tmp *t, const char *path, const void *bytes, size_t len);
/* What is there is gone; what is not there is no failure. */
void tmp_drop(const struct tmp *t, const char *path);
/* A whole folder, links as links. */
void tmp_copy(const struct tmp *t, const char *from);

/* What any host has, with no container in it: 1 GB of memory, @cpus CPUs, no hierarchy. */
void tmp_host(const struct tmp *t, unsigned cpus);
/* The top of the one hierarchy of a v2 host, with all controllers. */
void tmp_v2(const struct tmp *t);
void tmp_open(const struct tmp *t, struct cgv_host *h);

/* Likewise of an open host in there. */
struct cgv_container *tmp_container(const struct cgv_host *h, const char *cgroup);

/* ---- numbers by chance, the same in each run ---- */

struct chance {
	uint64_t state;
};
uint64_t chance_any(struct chance *c);
/* Below @n. */
uint64_t chance_below(struct chance *c, uint64_t n);
/* Of any size: as often small as large, now and then the edge itself. */
uint64_t chance_sized(struct chance *c, uint64_t largest);

/* The one suite of a program, run. */
int fixture_run(Suite *s);
