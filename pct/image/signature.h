/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures by gpgv, with the keys of image-keyring in etc/pct/pct.conf, or etc/pct/images.gpg.
 */
#pragma once

#include <stdbool.h>

/* Are there keys to believe? Then nothing unsigned is taken. */
bool signature_wanted(void);

/*
 * Is the file at @path, which came from @url, signed by one of them? The signature lies beside it,
 * as URL.asc, .sig or .gpg. 0; -ENOENT: there is none, not said; else it is said.
 */
int signature_check(const char *url, const char *path);
