/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of volumes, as Proxmox has them. Pure.
 *
 *   100/vm-100-disk-0.raw          an image
 *   100/subvol-100-disk-0.subvol   a directory (also without ".subvol")
 *   100/base-100-disk-0.raw, 100/basevol-100-disk-0.subvol   of a template
 *   vm-100-disk-0                  where a storage has no directories
 *   100/base-100-disk-0.raw/101/vm-101-disk-0.raw   a linked clone: its base before it
 *   base/<digest>.subvol           of an image: nobody's (owner 0)
 */
#pragma once

#include "pct/storage/driver.h"

struct volume_name {
	unsigned owner;	  /* 0: nobody's */
	const char *own;  /* the name without that of its base: points into it */
	const char *file; /* likewise without "100/" */
	unsigned number;  /* of -disk-<number>; UINT_MAX: it has another form */
	bool base;	  /* of a template */
	bool linked;	  /* its base stands before it */
	enum volume_format format;
};

/*
 * -EINVAL: it is no volume's name: it would lead elsewhere, names two owners, or has signs that no
 * volume has.
 */
int volume_name_read(const char *name, struct volume_name *out);

/*
 * A name for a new one, malloc'ed: "vm-100-disk-3", with ".raw", ".subvol" and "100/" if @files.
 */
char *volume_name_make(unsigned vmid, enum volume_format format, bool base, unsigned number,
		       bool files);
