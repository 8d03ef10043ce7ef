/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where things are. Everything pct keeps lies below one root: $PCT_ROOT, "/" if unset.
 *
 *   etc/pct/lxc/<vmid>.conf           what a user asked for
 *   etc/pct/firewall/<vmid>.nft       what it may send
 *   etc/pct/network/<name>.conf       a bridge that pct manages
 *   etc/pct/storage.cfg               where volumes may lie
 *   etc/pct/pct.conf                  servers and limits of images: pct/conf/site.h
 *   etc/pct/images.gpg                whose signatures of images are believed
 *   var/lib/pct/images-cache/         images, content-addressed: pct/image/image.h
 *   var/lib/pct/lxc/<vmid>/           what liblxc is told: config, rules.seccomp, log
 *   var/lib/pct/images/<vmid>/        the volumes on storage `local`
 *   run/pct/                          sockets, locks
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#define VMID_MIN 100u
#define VMID_MAX 999999999u

/* Digits only, no leading zero, in range; nothing else is a VMID. */
bool vmid_parse(const char *text, unsigned *vmid);

/* Take $PCT_ROOT: unset or "/" is the empty prefix, trailing slashes go. Says what is wrong. */
int paths_init(void);

/* The prefix: "" or "/some/where". */
const char *paths_root(void);

/* A path below the root, malloc'ed; ends the program when memory is out. */
char *path_to(const char *fmt, ...) FORMAT(1, 2);

/* As asprintf(), likewise. */
char *text_of(const char *fmt, ...) FORMAT(1, 2);

/* The directory of this program, where pctfs and pct-launch are too. */
int paths_tools(char **dir);

/* mkdir -p, every new directory with @mode; says what is wrong. */
int paths_make(const char *dir, unsigned mode);

/* An empty file, and the directories it is in: that it is there says it all. Says what is wrong. */
int paths_note(const char *path);

/* Of paths without '.' and '..': how many names it has; are they the same but for slashes? */
size_t paths_depth(const char *path);
bool paths_same(const char *a, const char *b);

/*
 * Of @n things of @size, with a `char *` to such a path at @offset: one that is in another comes
 * after it, where it would be hidden if mounted before; else they stay as they are.
 */
void paths_sort(void *all, size_t n, size_t size, size_t offset);
