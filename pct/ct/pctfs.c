// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <json-c/json.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/pctfs.h"
#include "pct/paths.h"

#define ANSWER_MAX 4096
#define PATIENCE_S 5

static int connect_to(const char *path, int *out)
{
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	*out = take_fd(&fd);
	return 0;
}

static int is_ok(const char *line)
{
	struct json_object *answer = json_tokener_parse(line), *ok;
	int r = answer && json_object_is_type(answer, json_type_object) &&
			json_object_object_get_ex(answer, "ok", &ok) && json_object_get_boolean(ok)
		    ? 0
		    : -EPROTO;

	json_object_put(answer);
	return r;
}

static int ping(const char *path)
{
	static const char request[] = "{\"request\":\"ping\"}\n";
	char answer[ANSWER_MAX];
	size_t have = 0;
	auto_fd fd = -EBADF;
	int r = connect_to(path, &fd);

	if (r < 0)
		return r;
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return -errno;
	while (have + 1 < sizeof(answer) && !memchr(answer, '\n', have)) {
		ssize_t n = read(fd, answer + have, sizeof(answer) - 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		have += (size_t)n;
	}
	answer[have] = '\0';
	return is_ok(answer);
}

/* The first line of what it says; it lets go of the pipe when it is ready, or ends. */
static void read_line(int fd, char *line, size_t size)
{
	size_t have = 0;
	char rest[256];
	ssize_t n;

	while (have + 1 < size && (n = read(fd, line + have, size - 1 - have)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		have += (size_t)(n < 0 ? 0 : n);
	}
	line[have] = '\0';
	line[strcspn(line, "\n")] = '\0';
	while (have + 1 == size && read(fd, rest, sizeof(rest)) > 0)
		;
}

static int spawn(const char *program, char *const argv[], int err, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, err, 2);
	r = -posix_spawn(pid, program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* It puts itself into the background, and ends with 0 once it is ready. */
static int launch(void)
{
	auto_free char *tools = NULL, *program = NULL;
	auto_free char *where = path_to("var/lib/pctfs");
	char *const argv[] = { (char[]){ "pctfs" }, where, NULL };
	int r, status, ends[2];
	char said[512];
	pid_t pid;

	r = paths_tools(&tools);
	if (r == 0)
		r = paths_make(where, 0755);
	if (r < 0)
		return r;
	program = text_of("%s/pctfs", tools);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "make a pipe");
	r = spawn(program, argv, ends[1], &pid);
	close(ends[1]);
	if (r == 0)
		read_line(ends[0], said, sizeof(said));
	close(ends[0]);
	if (r < 0)
		return fail(r, "start '%s', which shows containers their own machine", program);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for pctfs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return *said ? refuse(-EIO, "%s", said)
		     : refuse(-EIO, "pctfs did not start; '%s -f %s' shows why", program, where);
}

int pctfs_ensure(void)
{
	auto_free char *folder = path_to("run/pct/lock");
	auto_free char *gate = path_to("run/pct/lock/pctfs.lock");
	auto_free char *socket_path = path_to("run/pct/pctfs.sock");
	auto_fd fd = -EBADF;
	int r = ping(socket_path);

	if (r == 0)
		return 0;
	if (r == -ENAMETOOLONG)
		return refuse(r, "PCT_ROOT is too long: '%s' must be shorter than %zu bytes",
			      socket_path, sizeof(((struct sockaddr_un *)0)->sun_path));
	r = paths_make(folder, 0755);
	if (r < 0)
		return r;
	/* Two containers started at once want one daemon. */
	fd = open(gate, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", gate);
	if (ping(socket_path) == 0)
		return 0;
	r = launch();
	if (r < 0)
		return r;
	r = ping(socket_path);
	return r < 0 ? fail(r, "pctfs does not answer at '%s'", socket_path) : 0;
}

int pctfs_keeper(void)
{
	auto_free char *path = path_to("run/pct/pctfs.sock");
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);
	auto_fd fd = -EBADF;

	return connect_to(path, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0
		   ? who.pid
		   : 0;
}
