/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `pctfs stats`: what the pctfs that runs says of itself and its containers.
 */
#pragma once

int stats_main(int argc, char *argv[]);
