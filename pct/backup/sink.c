// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/sink.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/backup/name.h"
#include "pct/backup/repository.h"
#include "pct/paths.h"
#include "pct/step.h"

bool sink_is_taken(const char *dir, unsigned vmid, time_t when)
{
	static const char *const suffixes[] = { ".tar.zst", ".tar.gz", ".tar", ".dat" };
	auto_free char *stem = backup_name_make(vmid, when);

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *path = text_of("%s/%s%s", dir, stem, suffixes[i]);

		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

int sink_file(const char *dir, unsigned vmid, time_t when, const char *compress, struct sink *out)
{
	auto_free char *stem = backup_name_make(vmid, when);
	const char *suffix = !compress ? "" : strcmp(compress, "gzip") == 0 ? ".gz" : ".zst";
	struct sink s = SINK_NONE;
	int r = step("backup: begin the archive");

	s.name = text_of("%s.tar%s", stem, suffix);
	s.temp = text_of("%s/%s.dat", dir, stem);
	s.target = text_of("%s/%s", dir, s.name);
	if (r == 0 && access(s.target, F_OK) == 0)
		r = -EEXIST;
	if (r == 0) {
		s.fd = open(s.temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = s.fd < 0 ? -errno : 0;
	}
	/* Who cleans up knows by this that somebody still writes. */
	if (r == 0 && flock(s.fd, LOCK_EX | LOCK_NB) < 0)
		r = -errno;
	*out = s;
	return r < 0 ? fail(r, "write '%s'", s.temp) : 0;
}

int sink_stdout(struct sink *out)
{
	struct sink s = SINK_NONE;

	if (isatty(STDOUT_FILENO))
		return refuse(-EINVAL,
			      "--stdout: an archive is nothing for a terminal; send it somewhere");
	s.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (s.fd < 0)
		return fail(-errno, "write to stdout");
	s.name = text_of("-");
	*out = s;
	return 0;
}

int sink_repository(const char *repository, unsigned vmid, time_t when, struct sink *out)
{
	auto_free char *stem = backup_name_make(vmid, when);
	struct sink s = SINK_NONE;
	int r;

	s.name = text_of("%s.tar", stem);
	r = repository_write(repository, vmid, s.name, &s.fd, &s.pid);
	if (r == 0) {
		s.writer = (int)syscall(SYS_pidfd_open, s.pid, 0);
		if (s.writer < 0)
			r = fail(-errno, "watch what writes to '%s'", repository);
	}
	*out = s;
	return r;
}

static int commit_file(struct sink *s)
{
	const char *slash = strrchr(s->target, '/');
	auto_free char *dir = text_of("%.*s", (int)(slash - s->target), s->target);
	auto_fd folder = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = folder < 0 || fsync(s->fd) < 0 ? -errno : 0;

	if (r == 0)
		r = step("backup: give the archive its name");
	if (r == 0 && renameat2(AT_FDCWD, s->temp, AT_FDCWD, s->target, RENAME_NOREPLACE) < 0)
		r = errno == EINVAL && rename(s->temp, s->target) == 0 ? 0 : -errno;
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	if (r < 0)
		return fail(r, "write '%s'", s->target);
	free(s->temp);
	s->temp = NULL;
	return 0;
}

int sink_commit(struct sink *s)
{
	int status;

	if (s->temp)
		return commit_file(s);
	close_fd(&s->fd);
	if (s->pid <= 0)
		return 0;
	while (waitpid(s->pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for the repository");
	s->pid = 0;
	if (status == 0)
		return 0;
	return refuse(-EIO, "the repository has not taken the backup (%s %d); see above",
		      WIFEXITED(status) ? "exit" : "signal",
		      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

void sink_close(struct sink *s)
{
	int saved = errno;

	/* no step: one that is left is removed by the next backup */
	if (s->temp && s->fd >= 0)
		(void)unlink(s->temp);
	/* First it is ended: the end of its input would mean that all of it has come. */
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&s->fd);
	close_fd(&s->writer);
	free(s->name);
	free(s->temp);
	free(s->target);
	*s = (struct sink)SINK_NONE;
	errno = saved;
}
