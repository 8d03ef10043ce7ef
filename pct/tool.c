// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/tool.h"

/* In the child. Hooks have what environment their caller chose. */
static _Noreturn void become(const char *const argv[], const char *dir, int in, int out, int err)
{
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	setenv("LVM_SUPPRESS_FD_WARNINGS", "1", 1);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0 && (!dir || chdir(dir) == 0))
		execvp(argv[0], (char *const *)argv);
	_exit(errno == ENOENT ? TOOL_MISSING : 126);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *read_file(int fd)
{
	struct stat st;
	char *text = fstat(fd, &st) == 0 ? calloc(1, (size_t)st.st_size + 1) : NULL;

	if (text && pread(fd, text, (size_t)st.st_size, 0) < 0)
		*text = '\0';
	return text;
}

/* Files in memory: neither side waits for the other, however much it is. */
static int run(const char *const argv[], const char *input, const char *dir, int out, int err)
{
	auto_fd in = memfd_create("input", MFD_CLOEXEC);
	ssize_t n = (ssize_t)strlen(input);
	pid_t pid;

	if (in < 0 || write(in, input, (size_t)n) != n || lseek(in, 0, SEEK_SET) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(argv, dir, in, out, err);
	return wait_for(pid);
}

int tool_try(const char *const argv[], const char *input, const char *dir, char **output)
{
	auto_fd out = memfd_create("output", MFD_CLOEXEC);
	int r = out < 0 ? -errno : run(argv, input, dir, out, out);

	if (r >= 0 && output)
		*output = read_file(out);
	return r;
}

int tool_ask(const char *const argv[], char **answer, char **said)
{
	auto_fd out = memfd_create("output", MFD_CLOEXEC);
	auto_fd err = memfd_create("errors", MFD_CLOEXEC);
	int r = out < 0 || err < 0 ? -errno : run(argv, "", NULL, out, err);

	if (r < 0)
		return r;
	*answer = read_file(out);
	*said = read_file(err);
	return r;
}

/* Of what it printed: nft names first what a file was included from. */
static char *first_error(const char *said, const char *dir)
{
	const char *line = said ? said : "";

	while (strncmp(line, "In file included", 16) == 0 && strchr(line, '\n'))
		line = strchr(line, '\n') + 1;
	if (dir && strncmp(line, "./", 2) == 0)
		return text_of("%s/%.*s", dir, (int)strcspn(line + 2, "\n"), line + 2);
	return text_of("%.*s", (int)strcspn(line, "\n"), line);
}

int tool_run(const char *const argv[], const char *package, const char *input, const char *dir,
	     const char *what)
{
	auto_free char *said = NULL, *error = NULL;
	int r = tool_try(argv, input, dir, &said);

	if (r < 0)
		return fail(r, "%s", what);
	if (r == TOOL_MISSING)
		return refuse(-ENOENT, "%s: there is no '%s': install the package %s", what,
			      argv[0], package);
	if (r == 0)
		return 0;
	error = first_error(said, dir);
	return refuse(-EIO, "%s: %s: %s", what, argv[0], error);
}

int nft_run(const char *rules, const char *dir, const char *what)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };

	return tool_run(argv, "nftables", rules, dir, what);
}
