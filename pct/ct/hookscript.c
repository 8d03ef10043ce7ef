// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/ct/hookscript.h"
#include "pct/paths.h"

int hookscript_run(unsigned vmid, const struct config *c, const char *phase)
{
	const char *program = key_value(c, "hookscript");
	auto_free char *id = text_of("%u", vmid);
	char *const argv[] = { (char *)program, id, (char *)phase, NULL };
	posix_spawn_file_actions_t files;
	int r, status;
	pid_t pid;

	if (!program)
		return 0;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	r = -posix_spawn(&pid, program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (r < 0)
		return fail(r, "CT %u: run its hookscript '%s'", vmid, program);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "CT %u: wait for its hookscript", vmid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return refuse(-EIO, "CT %u: its hookscript '%s' failed at %s (%s %d)", vmid, program, phase,
		      WIFEXITED(status) ? "exit" : "signal",
		      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
