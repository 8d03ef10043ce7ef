/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every five seconds: one step of every container's load average, and off with those that ended.
 */
#pragma once

#include "procfs/registry.h"

struct sampler;
int sampler_start(struct registry *r, struct sampler **out) MUST_CHECK;
void sampler_stop(struct sampler *s);
