// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/fds.h"
#include "base/proxy.h"
#include "base/say.h"
#include "procfs/seccomp.h"
#include "tests/fuzz/host.h"

static int monitor; /* our end */

static void start(void)
{
	static struct cgv_host h;
	static struct callers *callers;
	static struct registry *registry;
	static struct seccomp *seccomp;
	static struct kept kept;
	int ends[2];

	say_limit = SAY_ERR;
	host_make(&h);
	host_text("proc/1/ns/pid", "");
	host_text("proc/1/ns/mnt", "");
	host_text("proc/1/ns/cgroup", "");
	host_text("proc/7/ns/pid", "");
	host_text("proc/7/status", "NSpid:\t7\t1\n");
	HOLDS(registry_new(&h, NULL, &registry) == 0);
	HOLDS(callers_new(&h, registry, &callers) == 0);
	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	HOLDS(kept_add(&kept, 1, ends[1]) == 0);
	monitor = ends[0];
	HOLDS(seccomp_start(callers, &kept, -EBADF, "", &seccomp) == 0);
}

/* What LXC would have put there, as far as the first byte says so. */
static void repair(struct call_message *m, unsigned how)
{
	if (how & 1)
		m->sizes = (struct seccomp_notif_sizes){ sizeof(m->call), sizeof(m->answer),
							 sizeof(m->call.data) };
	if (how & 2) {
		static const int nrs[] = { SYS_sysinfo, SYS_mount, SYS_umount2, SYS_fsopen,
					   SYS_mknodat };

		m->call.data.nr = nrs[m->call.data.args[5] % ARRAY_LEN(nrs)];
	}
	if (how & 4)
		m->call.data.arch = AUDIT_ARCH_X86_64;
	if (how & 8)
		m->init = 7;
}

static void send_with_fds(const void *p, size_t n, size_t n_fds)
{
	static int null = -EBADF;

	if (null < 0)
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	HOLDS(fds_send(monitor, p, n, (int[]){ null, null, null }, n_fds, 0) == 0);
}

/* Any message has one answer, to its own number, and that is never "no such call". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call_message m = { 0 }, answer;
	struct pollfd p = { .events = POLLIN };
	char packet[sizeof(m) + 512] = { 0 };
	size_t n = size > 1 ? MIN(size - 1, sizeof(packet)) : 0;

	if (!monitor)
		start();
	if (!n)
		return 0;
	memcpy(packet, data + 1, n);
	memcpy(&m, packet, sizeof(m));
	repair(&m, *data);
	memcpy(packet, &m, sizeof(m));
	if (*data & 16)
		n = MAX(n, sizeof(m));
	send_with_fds(packet, n, *data >> 5 & 4 ? 3 : *data >> 5 & 3);
	p.fd = monitor;
	HOLDS(poll(&p, 1, 10000) == 1);
	HOLDS(recv(monitor, &answer, sizeof(answer), MSG_TRUNC) == sizeof(answer));
	HOLDS(n < offsetof(struct call_message, call.pid) || answer.answer.id == m.call.id);
	HOLDS(answer.answer.error == 0 || answer.answer.error == -EFAULT);
	HOLDS(recv(monitor, &answer, sizeof(answer), MSG_DONTWAIT) < 0);
	return 0;
}
