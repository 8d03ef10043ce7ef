// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/say.h"
#include "procfs/control.h"
#include "tests/fuzz/host.h"

static struct control *start(void)
{
	static char sock[] = "/tmp/pct-fuzz-XXXXXX";
	static struct cgv_host h;
	static struct fs fs;
	struct control *c = NULL;
	int fd = mkstemp(sock);

	HOLDS(fd >= 0);
	close(fd);
	say_limit = SAY_ERR;
	host_make(&h);
	fs.host = &h;
	HOLDS(registry_new(&h, &fs.registry) == 0);
	HOLDS(control_start(&fs, sock, "/mnt", &c) == 0);
	(void)unlink(sock);
	return c;
}

/* Every line has one answer, and that is one line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct control *c;
	char *text;

	if (!c)
		c = start();
	text = control_answer(c, (const char *)data, size);
	HOLDS(text && strchr(text, '\n') == text + strlen(text) - 1);
	HOLDS(strstr(text, "\"ok\":"));
	free(text);
	return 0;
}
