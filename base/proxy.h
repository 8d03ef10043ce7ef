/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/types.h>

/* What LXC's monitor sends of a call (lxc.seccomp.notify.proxy), and hears; a cookie may follow. */
struct call_message {
	uint64_t reserved;
	pid_t monitor, init;
	struct seccomp_notif_sizes sizes;
	uint64_t cookie_len;
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
};
