// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a program of musl's libc, as in Alpine, is told, one word a line; or, as `musl hold MIB`,
 * one that has so much memory of its own.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

static void clock_said(const char *name, clockid_t which)
{
	struct timespec t;

	if (clock_gettime(which, &t) == 0)
		printf("%s %.2f\n", name, (double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static int hold(size_t mib)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, mib << 20);
	puts("held");
	fflush(stdout);
	sleep(3600);
	return 0;
}

int main(int argc, char *argv[])
{
	struct sysinfo si = { 0 };
	double load[3] = { -1, -1, -1 };
	cpu_set_t set;

	if (argc == 3)
		return hold(strtoul(argv[2], NULL, 10));
	printf("phys %ld\n", sysconf(_SC_PHYS_PAGES));
	printf("avphys %ld\n", sysconf(_SC_AVPHYS_PAGES));
	printf("onln %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	printf("conf %ld\n", sysconf(_SC_NPROCESSORS_CONF));
	printf("get_nprocs %d\n", get_nprocs());
	printf("get_nprocs_conf %d\n", get_nprocs_conf());
	printf("get_phys_pages %ld\n", get_phys_pages());
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		printf("affinity %d\n", CPU_COUNT(&set));
	if (getloadavg(load, 3) == 3)
		printf("load1 %.2f\n", load[0]);
	if (sysinfo(&si) == 0) {
		printf("total %llu\n", (unsigned long long)si.totalram * si.mem_unit);
		printf("free %llu\n", (unsigned long long)si.freeram * si.mem_unit);
		printf("shared %llu\n", (unsigned long long)si.sharedram * si.mem_unit);
		printf("swap %llu\n", (unsigned long long)si.totalswap * si.mem_unit);
		printf("uptime %lu\n", si.uptime);
		printf("procs %u\n", si.procs);
		printf("sysload1 %.2f\n", (double)si.loads[0] / 65536);
	}
	clock_said("boottime", CLOCK_BOOTTIME);
	clock_said("monotonic", CLOCK_MONOTONIC);
	return 0;
}
