/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who a container is: a part of cgview.h.
 */
#pragma once

#include "cgview/cgview.h"

struct cgv_uuid {
	uint8_t byte[16];
};

/**
 * cgv_boot_id() - one UUID for each start of each container
 * @init: its first process, as for cgv_age()
 * Source: the host's proc/sys/kernel/random/boot_id; pid and start time of @init, which no other
 *         process has under this boot; without one the inode of its cgroup.
 */
int cgv_boot_id(const struct cgv_container *c, pid_t init, struct cgv_uuid *out) CGV_CHECKED;

/**
 * cgv_product_uuid() - one UUID for each container, the same at each of its starts
 * Source: the host's sys/devices/virtual/dmi/id/product_uuid; the path of its cgroup.
 */
int cgv_product_uuid(const struct cgv_container *c, struct cgv_uuid *out) CGV_CHECKED;
