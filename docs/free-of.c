// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * free-of PID: the memory and CPUs of the container a process is in. The example of cgview(3).
 *
 *	cc -o free-of docs/free-of.c -lcgview
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cgview/cgview.h>

int main(int argc, char *argv[])
{
	struct cgv_host host;
	struct cgv_place place;
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_cpus cpus;
	int r;

	if (argc != 2)
		return 2;
	r = cgv_host_open_bare(&host);
	if (r == 0)
		r = cgv_place_of_pid(&host, atoi(argv[1]), &place);
	if (r == 0)
		r = cgv_container_open(&host, &place, &c);
	if (r == 0)
		r = cgv_memory(c, &m);
	if (r == 0)
		r = cgv_cpus(c, &cpus);
	if (r < 0) {
		fprintf(stderr, "free-of: %s\n", strerror(-r));
		return 1;
	}
	printf("%" PRIu64 " MiB, %" PRIu64 " free, %u CPUs\n", m.total >> 20, m.free >> 20,
	       cpus.count);
	return 0; /* else: cgv_container_close(), cgv_place_free(), cgv_host_close() */
}
