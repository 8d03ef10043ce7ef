// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/sysinfo.h"

#include <linux/audit.h>
#include <sys/syscall.h>

#define NR_SMALL 116 /* of sysinfo(2), on all of these */
#define X32_BIT	 0x40000000

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define SMALL  AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#define SMALL  AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#define SMALL  AUDIT_ARCH_S390
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#define SMALL  0
#else
#define NATIVE 0
#define SMALL  0
#endif

_Static_assert(sizeof(struct sysinfo32) == 64, "a 32-bit kernel's");

bool sysinfo_is(uint32_t arch, int nr)
{
	bool small = SMALL && arch == SMALL && nr == NR_SMALL;

#ifdef __x86_64__
	nr &= ~X32_BIT; /* whose longs are short, but not in here */
#endif
	return small || (NATIVE && arch == NATIVE && nr == SYS_sysinfo);
}

static unsigned long load_of(const struct sample *s, int i)
{
	return (unsigned long)(s->load.avg[i] << (SI_LOAD_SHIFT - CGV_LOAD_SHIFT));
}

static struct sysinfo fill(const struct sample *s)
{
	uint64_t procs = MIN(s->tasks.total, (uint64_t)UINT16_MAX);

	return (struct sysinfo){
		.uptime = (long)(s->age.uptime / CGV_NSEC),
		.loads = { load_of(s, 0), load_of(s, 1), load_of(s, 2) },
		.totalram = s->memory.total,
		.freeram = s->memory.free,
		.sharedram = s->memory.shmem,
		.totalswap = s->memory.swap_total,
		.freeswap = s->memory.swap_free,
		.procs = (unsigned short)procs,
		.mem_unit = 1,
	};
}

/* What does not fit into 32 bits is in pages, all of it, as the kernel does it. */
static struct sysinfo32 make_small(const struct sysinfo *si)
{
	unsigned shift = si->totalram > UINT32_MAX || si->totalswap > UINT32_MAX ? 12 : 0;

	return (struct sysinfo32){
		.uptime = (int32_t)si->uptime,
		.loads = { (uint32_t)si->loads[0], (uint32_t)si->loads[1], (uint32_t)si->loads[2] },
		.totalram = (uint32_t)(si->totalram >> shift),
		.freeram = (uint32_t)(si->freeram >> shift),
		.sharedram = (uint32_t)(si->sharedram >> shift),
		.totalswap = (uint32_t)(si->totalswap >> shift),
		.freeswap = (uint32_t)(si->freeswap >> shift),
		.procs = si->procs,
		.mem_unit = 1u << shift,
	};
}

size_t sysinfo_fill(const struct sample *s, uint32_t arch, union sysinfo_any *out)
{
	struct sysinfo si = fill(s);

	memset(out, 0, sizeof(*out));
	if (arch == NATIVE) {
		out->own = si;
		return sizeof(out->own);
	}
	out->small = make_small(&si);
	return sizeof(out->small);
}
