/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/base.h"

/* pctfs render FILE (--pid N | --cgroup PATH) …: one file to stdout, no mount. */
int render_main(int argc, char *argv[]);
