/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Subvolumes that nobody wants any more. The kernel removes one only once all its files are out of
 * memory, which takes seconds where much of them is in there; nobody has to wait for that: it is
 * moved to images/.gone, and a process of its own removes what is in there. Should that be killed,
 * the next one does it.
 */
#pragma once

/* @images: the directory images of a storage; @path: below it. Not there: 0. A negative errno,
 * nothing is said: it is where it was. */
int gone_put(const char *images, const char *path);

/* What is left from before, if there is any. */
void gone_sweep(const char *images);
