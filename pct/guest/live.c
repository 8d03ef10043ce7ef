// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/live.h"

#include <fcntl.h>
#include <sched.h>

#include "base/say.h"
#include "pct/conf/pending.h"
#include "pct/ct/inside.h"
#include "pct/guest/resolv.h"
#include "pct/paths.h"

static int work(const void *arg, struct inside *out)
{
	struct guest_job job = *(const struct guest_job *)arg;
	auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct guest_done done;

	(void)out;
	if (root < 0)
		return -errno;
	job.root = root;
	guest_setup(&job, &done);
	return done.failed ? -EIO : 0;
}

/* Both are lines of one file, and another may be pending, too. */
static int take(struct config *c, const struct live *l, const char *name, const char *value)
{
	static const char *const names[] = { "hostname", "nameserver", "searchdomain" };
	int r = config_copy(l->config, c);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++) {
		auto_free char *will = NULL;
		const char *now = pending_get(l->config, names[i]);

		will = now ? strdup(now) : NULL;
		config_unset(c, names[i]);
		r = will ? config_set(c, names[i], will) : 0;
	}
	if (r == 0)
		config_unset(c, name);
	return r == 0 && value ? config_set(c, name, value) : r;
}

int guest_live(const struct live *l, const char *name, const char *value, unsigned parts)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *who = text_of("CT %u", l->vmid);
	auto_free char *host = resolv_of_host();
	struct guest_job job = { .who = who,
				 .vmid = l->vmid,
				 .config = &c,
				 .when = GUEST_LIVE,
				 .parts = parts,
				 .host_dns = host };
	struct inside said = { 0 };
	int r = take(&c, l, name, value);

	if (r < 0)
		return fail(r, "read the config of CT %u", l->vmid);
	r = inside_run(l->vmid, l->init, CLONE_NEWUSER | CLONE_NEWNS, work, &job, &said);
	if (r < 0 && r != -EIO)
		return fail(r, "write the files of CT %u", l->vmid);
	return r;
}
