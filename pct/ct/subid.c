// SPDX-License-Identifier: LGPL-2.1-or-later
#include <spawn.h>
#include <sys/wait.h>

#include "base/say.h"
#include "cgview/span.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/subid.h"
#include "pct/paths.h"

/* "root:100000:65536"; a user may be given by number. */
bool subids_cover(const char *text, unsigned first, unsigned count)
{
	struct span all = span_of(text), line, user, number;
	uint64_t start, n;

	while (span_line(&all, &line)) {
		if (!span_until(&line, ':', &user) || !span_until(&line, ':', &number))
			continue;
		if (!span_is(user, "root") && !span_is(user, "0"))
			continue;
		if (span_u64(&number, &start) && span_u64(&line, &n) && start <= first &&
		    first - start <= n && n - (first - start) >= count)
			return true;
	}
	return false;
}

static bool covered(const struct idrange *r)
{
	auto_free char *line = NULL;
	auto_file file = fopen(r->kind == 'u' ? "/etc/subuid" : "/etc/subgid", "re");
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (subids_cover(line, r->outside, r->count))
			return true;
	return false;
}

static bool on_path(const char *program)
{
	const char *path = getenv("PATH");

	path = path ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");
		auto_free char *file = text_of("%.*s/%s", (int)n, path, program);

		if (n && access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static int reserve(const char *option, const char *range)
{
	char *const argv[] = { (char[]){ "usermod" }, (char *)option, (char *)range,
			       (char[]){ "root" }, NULL };
	int status;
	pid_t pid;
	int r = posix_spawnp(&pid, "usermod", NULL, NULL, argv, environ);

	if (r != 0)
		return fail(-r, "run usermod %s %s root", option, range);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for usermod");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refuse(-EIO,
			      "reserve ids %s for containers: 'usermod %s %s root' failed; "
			      "add them for root to /etc/subuid and /etc/subgid",
			      range, option, range);
	return 0;
}

int subids_reserve(const struct idmap *m)
{
	int r = 0;

	if (!on_path("newuidmap"))
		return 0;
	for (size_t i = 0; i < m->n && r == 0; i++) {
		const struct idrange *range = &m->range[i];
		bool users = range->kind == 'u';
		auto_free char *text =
		    text_of("%u-%u", range->outside, range->outside + range->count - 1);

		if (covered(range))
			continue;
		r = reserve(users ? "--add-subuids" : "--add-subgids", text);
		if (r == 0)
			info("reserved the %s ids %s for unprivileged containers in %s",
			     users ? "user" : "group", text, users ? "/etc/subuid" : "/etc/subgid");
	}
	return r;
}
