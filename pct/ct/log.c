// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "base/say.h"
#include "cgview/span.h"
#include "pct/ct/log.h"
#include "pct/paths.h"

#define LOG_MAX	  (1u << 20)
#define FOLLOW_MS 20

/* "lxc 100 20260101000000.000 ERROR    start - ../src/lxc/start.c:f:1 - text": the text. */
static bool log_text(struct span line, const char *level, struct span *text)
{
	struct span word;

	for (int i = 0; i < 4; i++)
		if (!span_word(&line, &word))
			return false;
	if (!span_is(word, level))
		return false;
	for (int i = 0; i < 2; i++) {
		const char *dash = memmem(line.p, span_len(line), " - ", 3);

		if (!dash)
			return false;
		line.p = dash + 3;
	}
	*text = line;
	return true;
}

/* Of 'Executing script "/x" for container "100", config section "lxc"': what is in the quotes. */
static void take_script(struct span text, struct span *script)
{
	static const char begun[] = "Executing script \"";
	const char *p = memmem(text.p, span_len(text), begun, strlen(begun)), *end;

	if (!p)
		return;
	p += strlen(begun);
	end = memmem(p, (size_t)(text.end - p), "\" for container", 15);
	if (end)
		*script = (struct span){ p, end };
}

/* Ours say themselves who they are. */
static bool is_ours(struct span script)
{
	return memmem(script.p, span_len(script), "/pct-launch lxc ", 16) ||
	       memmem(script.p, span_len(script), "/pct ", 5);
}

static char *error_text(struct span text, struct span script, struct span output)
{
	if (!memmem(text.p, span_len(text), "cript exited", 12))
		return strndup(text.p, span_len(text));
	/* What it printed says more than that it failed. */
	if (output.p)
		text = output;
	if (!script.p || is_ours(script))
		return strndup(text.p, span_len(text));
	return text_of("hook '%.*s': %.*s", (int)span_len(script), script.p, (int)span_len(text),
		       text.p);
}

char *ct_log_error(const char *log)
{
	static const char printed[] = " produced output: ";
	struct span all = span_of(log), line, text, output = { NULL, NULL };
	struct span script = { NULL, NULL };

	while (span_line(&all, &line)) {
		if (log_text(line, "INFO", &text)) {
			const char *was = script.p;

			take_script(text, &script);
			if (script.p != was)
				output = (struct span){ NULL, NULL };
		}
		if (log_text(line, "DEBUG", &text)) {
			const char *p = memmem(text.p, span_len(text), printed, strlen(printed));

			if (p)
				output = (struct span){ p + strlen(printed), text.end };
		}
		if (!log_text(line, "ERROR", &text))
			continue;
		return error_text(text, script, output);
	}
	return NULL;
}

/* Words of liblxc 5 and 6, the narrower cause before the wider one. */
static const struct {
	const char *said, *advice;
} causes[] = {
	// clang-format off
	{ "newuidmap failed to write mapping", "/etc/subuid and /etc/subgid must give root the ids 100000-165535" },
	{ "newgidmap failed to write mapping", "/etc/subuid and /etc/subgid must give root the ids 100000-165535" },
	{ "Exec format error - Failed to exec", "its init is of another CPU architecture, or no program" },
	{ "No such file or directory - Failed to exec", "its root has no such program, or not the loader that needs: see key entrypoint" },
	{ "Permission denied - Failed to exec", "its init must be executable by its root" },
	{ "bridge interface doesn't exist", "make that bridge, or give another in net0" },
	{ "Failed to load generated AppArmor profile", "is the package apparmor installed, with apparmor_parser?" },
	{ "Failed to load AppArmor profile", "is the package apparmor installed, with apparmor_parser?" },
	{ "Error loading seccomp policy", "this kernel or libseccomp knows not all of its rules: see lxc.seccomp.profile" },
	{ "Failed to load seccomp policy", "this kernel or libseccomp knows not all of its rules: see lxc.seccomp.profile" },
	{ "No space left on device", "a file system or a limit of the host is full: see 'df', 'df -i' and fs.inotify" },
	{ "Disk quota exceeded", "a quota of the host is used up" },
	{ "Too many open files", "raise fs.inotify.max_user_instances or the limit of open files" },
	{ "Please grant it x access", "make that directory searchable by all (chmod o+x)" },
	{ "Failed to initialize cgroup driver", "is /sys/fs/cgroup mounted, and writable?" },
	{ "No cgroup", "is /sys/fs/cgroup mounted, and writable?" },
	{ "Failed to clone a new set of namespaces", "does this kernel have user and time namespaces? see sysctl user.max_user_namespaces" },
	{ "Cannot allocate memory", "the host is short of memory, or a pids limit is reached" },
	{ "Failed to mount ", "look for what it mounts in mp0... and lxc.mount.entry: source and target must be there" },
	// clang-format on
};

const char *ct_log_advice(const char *log)
{
	for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
		struct span all = span_of(log), line, text;

		while (span_line(&all, &line))
			if (log_text(line, "ERROR", &text) &&
			    memmem(text.p, span_len(text), causes[i].said, strlen(causes[i].said)))
				return causes[i].advice;
	}
	return NULL;
}

char *log_reason(const char *path)
{
	auto_free char *text = calloc(1, LOG_MAX + 1);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *error = NULL;
	const char *advice;

	if (!text || fd < 0 || read(fd, text, LOG_MAX) < 0)
		return text_of("%s", "liblxc gives no reason");
	error = ct_log_error(text);
	advice = ct_log_advice(text);
	return text_of("%s%s%s%s", error ? error : "liblxc gives no reason", advice ? " (" : "",
		       advice ? advice : "", advice ? ")" : "");
}

/* As far as it goes by now. */
static void show(int fd)
{
	char text[4096];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		if (write(STDERR_FILENO, text, (size_t)n) < 0)
			return;
}

int log_follow(const char *path, struct follow *out)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "make a pipe");
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return fail(-errno, "show '%s'", path);
	}
	if (pid == 0) {
		struct pollfd p = { .fd = ends[0], .events = POLLIN };
		int fd = -EBADF, over;

		close(ends[1]);
		do {
			over = poll(&p, 1, FOLLOW_MS);
			if (fd < 0)
				fd = open(path, O_RDONLY | O_CLOEXEC);
			show(fd);
		} while (over == 0);
		_exit(EXIT_SUCCESS);
	}
	close(ends[0]);
	*out = (struct follow){ pid, ends[1] };
	return 0;
}

void log_unfollow(struct follow *f)
{
	if (f->stop < 0)
		return;
	close_fd(&f->stop);
	while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
