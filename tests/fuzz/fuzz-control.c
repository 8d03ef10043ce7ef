// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/epoll.h>

#include "base/say.h"
#include "procfs/requests.h"
#include "tests/fuzz/host.h"

static void start(struct requests *q)
{
	static struct cgv_host h;
	static struct fs fs;

	say_limit = SAY_ERR;
	host_make(&h);
	fs.host = &h;
	HOLDS(registry_new(&h, NULL, &fs.registry) == 0);
	*q = (struct requests){ .fs = &fs, .mount = "/mnt", .watch = epoll_create1(EPOLL_CLOEXEC) };
}

/* Every line has one answer, and that is one line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct requests q;
	char *text;

	if (!q.fs)
		start(&q);
	text = requests_answer(&q, (const char *)data, size);
	HOLDS(text && strchr(text, '\n') == text + strlen(text) - 1);
	HOLDS(strstr(text, "\"ok\":"));
	free(text);
	return 0;
}
