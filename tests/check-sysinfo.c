// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/audit.h>
#include <sys/syscall.h>

#include "procfs/sysinfo.h"
#include "tests/fixture.h"

#define GIB ((uint64_t)1 << 30)

static struct sample sample_of(uint64_t total, uint64_t swap)
{
	return (struct sample){
		.memory = { .total = total,
			    .free = total / 2,
			    .shmem = 4096,
			    .swap_total = swap,
			    .swap_free = swap },
		.age = { .uptime = 90 * CGV_NSEC },
		.tasks = { .total = 70000 },
	};
}

#ifdef __x86_64__
/* Beside what the kernel wrote for an i386 program on a host of 24 GB, by the same rule. */
static const struct {
	uint64_t total, swap;
	uint32_t want, want_swap, unit;
} sizes[] = {
	{ 64 << 20, 0, 64 << 20, 0, 1 },
	{ 4 * GIB - 4096, 0, 0xfffff000, 0, 1 },
	{ 4 * GIB, 0, 1 << 20, 0, 4096 },
	{ 64 << 20, 8 * GIB, 16384, 2 << 20, 4096 },
};

START_TEST(a_small_program_has_what_fits_into_32_bits)
{
	struct sample s = sample_of(sizes[_i].total, sizes[_i].swap);
	union sysinfo_any out;

	ck_assert_uint_eq(sysinfo_fill(&s, AUDIT_ARCH_I386, &out), 64);
	ck_assert_uint_eq(out.small.totalram, sizes[_i].want);
	ck_assert_uint_eq(out.small.freeram, sizes[_i].want / 2);
	ck_assert_uint_eq(out.small.totalswap, sizes[_i].want_swap);
	ck_assert_uint_eq(out.small.mem_unit, sizes[_i].unit);
	ck_assert_int_eq(out.small.uptime, 90);
	ck_assert_uint_eq(out.small.procs, UINT16_MAX);
}
END_TEST

START_TEST(knows_the_call_by_architecture_and_number)
{
	ck_assert(sysinfo_is(AUDIT_ARCH_X86_64, SYS_sysinfo));
	ck_assert(sysinfo_is(AUDIT_ARCH_X86_64, 0x40000000 | SYS_sysinfo));
	ck_assert(sysinfo_is(AUDIT_ARCH_I386, 116));
	ck_assert(!sysinfo_is(AUDIT_ARCH_I386, SYS_sysinfo));
	ck_assert(!sysinfo_is(AUDIT_ARCH_X86_64, 116));
	ck_assert(!sysinfo_is(AUDIT_ARCH_ARM, 116));
	ck_assert(!sysinfo_is(0, 0));
}
END_TEST
#endif

START_TEST(our_own_has_bytes)
{
	struct sample s = sample_of(64 * GIB, 8 * GIB);
	union sysinfo_any out;
	uint32_t arch = AUDIT_ARCH_X86_64;

#if defined(__aarch64__)
	arch = AUDIT_ARCH_AARCH64;
#elif defined(__s390x__)
	arch = AUDIT_ARCH_S390X;
#endif
	ck_assert_uint_eq(sysinfo_fill(&s, arch, &out), sizeof(struct sysinfo));
	ck_assert_uint_eq(out.own.totalram, 64 * GIB);
	ck_assert_uint_eq(out.own.totalswap, 8 * GIB);
	ck_assert_uint_eq(out.own.mem_unit, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sysinfo");
	TCase *t = tcase_create("sysinfo");

#ifdef __x86_64__
	tcase_add_loop_test(t, a_small_program_has_what_fits_into_32_bits, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, knows_the_call_by_architecture_and_number);
#endif
	tcase_add_test(t, our_own_has_bytes);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
