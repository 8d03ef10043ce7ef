/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every five seconds: one step of every container's load average, and off with those that ended
 * and with texts that nobody shows.
 */
#pragma once

#include "procfs/fs.h"

struct sampler;
int sampler_start(struct fs *fs, struct sampler **out) MUST_CHECK;
void sampler_stop(struct sampler *s);
