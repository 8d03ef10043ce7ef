/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * May a config of LXC's say something of @word? The file itself, and what it includes, without
 * liblxc, which takes a millisecond to be loaded. True where that cannot be told for sure: only
 * "no" is an answer.
 */
#pragma once

#include <stdbool.h>

bool config_mentions(const char *path, const char *word);
