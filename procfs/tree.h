/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is below the mount and below each ct/NAME: the files of files[], their directories, and
 * the host's directories which a row ending in "/" stands for. Walked once, then fixed; which
 * cpuN a container is shown is asked at each look.
 */
#pragma once

#include <sys/stat.h>

#include "procfs/files.h"

enum { NODE_NONE = 0, NODE_ROOT = 1 };

struct node {
	uint32_t parent, child, next; /* node numbers; NODE_NONE: none */
	char *name;
	mode_t mode;		 /* S_IFDIR, S_IFREG or S_IFLNK, and permissions */
	int cpu, numa;		 /* the N of what is called cpuN or nodeN, else -1 */
	struct cgv_cpuset *any;	 /* of what is called policyN: for which CPUs; else NULL */
	const struct file *file; /* of a regular file */
	char *path;		 /* of a file or link, below the mount */
};

struct tree {
	struct node *node; /* [0] is not used */
	uint32_t n;
};

/* What somebody may see of the nodes that bear a number. */
struct seen {
	struct cgv_cpuset cpus;
	struct cgv_nodes nodes;
};

int tree_build(const struct cgv_host *h, struct tree *out) MUST_CHECK;
void tree_free(struct tree *t);

/* NODE_NONE: there is no such. */
uint32_t tree_child(const struct tree *t, uint32_t dir, const char *name);

/* Is it a matter of who looks whether @node is there? Then tree_hides() says. */
bool tree_selects(const struct tree *t, uint32_t node);
bool tree_hides(const struct tree *t, uint32_t node, const struct seen *s);

uint32_t tree_find(const struct tree *t, const char *path);
