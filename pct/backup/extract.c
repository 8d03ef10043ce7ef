// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/extract.h"
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/backup/conf.h"
#include "pct/backup/dump.h"
#include "pct/backup/repository.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/unpack.h"

#define BLOCK	 (128 * 1024)
#define HEAD_MAX (64u << 20) /* of a stream, until its conf has come: libarchive reads ahead */
#define EARLY	 16	     /* entries that may come before it */

/* What libarchive reads, kept if it cannot be read again. */
struct reader {
	int fd;
	bool keeps;
	char *head;
	size_t n, room;
	struct progress *progress;
	const char *why; /* it cannot go on */
	char block[BLOCK];
};

static la_ssize_t read_some(struct archive *a, void *arg, const void **out)
{
	struct reader *r = arg;
	ssize_t n;

	(void)a;
	do
		n = read(r->fd, r->block, sizeof(r->block));
	while (n < 0 && errno == EINTR && !interrupted());
	*out = r->block;
	if (n > 0 && r->keeps) {
		if (r->n + (size_t)n > r->room) {
			size_t room = 2 * (r->n + (size_t)n);
			char *grown = room > HEAD_MAX ? NULL : realloc(r->head, room);

			if (!grown) {
				r->why = "its conf is not at its beginning";
				return -1;
			}
			r->head = grown;
			r->room = room;
		}
		memcpy(r->head + r->n, r->block, (size_t)n);
		r->n += (size_t)n;
	}
	if (n > 0)
		progress_add(r->progress, (uint64_t)n);
	if (n < 0)
		r->why = strerror(errno);
	return n;
}

static int damaged(const struct reader *r, const char *name, struct archive *a)
{
	const char *why = r->why ? r->why : archive_error_string(a);

	return refuse(-EBADMSG, "archive '%s' is damaged, or no tar: %s", name,
		      why ? why : "it ends too early");
}

static struct archive *open_reader(struct reader *r)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_tar(a);
	(void)archive_read_open(a, r, NULL, read_some, NULL);
	return a;
}

static const char *bare(const char *path)
{
	while (path && path[0] == '.' && path[1] == '/')
		path += 2;
	return path ? path : "";
}

static int take_conf(const struct reader *in, const char *name, struct archive *a,
		     struct archive_entry *e, struct extract *out)
{
	la_int64_t size = archive_entry_size(e);

	if (archive_entry_filetype(e) != AE_IFREG || size < 0 || size > BACKUP_CONF_MAX)
		return refuse(-EBADMSG, "archive '%s': its '%s' is no file of a sensible size",
			      name, BACKUP_CONF);
	out->conf = calloc(1, (size_t)size + 1);
	if (!out->conf)
		return fail(-ENOMEM, "read '%s'", name);
	if (archive_read_data(a, out->conf, (size_t)size) != size)
		return damaged(in, name, a);
	out->conf_n = (size_t)size;
	return 0;
}

/* Directories on the way to it, or other files beside it, may come first. */
static int find_conf(const struct reader *in, const char *name, struct archive *a,
		     struct extract *out)
{
	struct archive_entry *e;

	for (int i = 0; i < EARLY; i++) {
		int r = archive_read_next_header(a, &e);
		const char *path;

		if (interrupted())
			return -EINTR;
		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return damaged(in, name, a);
		path = bare(archive_entry_pathname(e));
		if (strcmp(path, bare(BACKUP_CONF)) == 0)
			return take_conf(in, name, a, e, out);
		if (archive_entry_filetype(e) != AE_IFDIR && strncmp(path, "etc/vzdump/", 11) != 0)
			break;
	}
	return refuse(-EBADMSG,
		      "archive '%s' has no '%s' at its beginning: it is no backup of a container; "
		      "'pct create' makes one from a template",
		      name, BACKUP_CONF);
}

static bool put(int fd, const char *from, size_t n)
{
	while (n) {
		ssize_t done = write(fd, from, n);

		if (done <= 0)
			return false;
		from += done;
		n -= (size_t)done;
	}
	return true;
}

/* What was read already, and then the rest. */
static int feed(struct extract *x, const struct reader *r)
{
	pid_t parent = getpid();
	int ends[2];
	char *block;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "read '%s'", x->name);
	x->feeder = fork();
	if (x->feeder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		block = malloc(BLOCK);
		if (getppid() != parent || !block || !put(ends[1], r->head, r->n))
			_exit(1);
		while ((n = read(x->fd, block, BLOCK)) != 0) {
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 || !put(ends[1], block, (size_t)n))
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	close_fd(&x->fd);
	x->fd = ends[0];
	return x->feeder < 0 ? fail(-errno, "read '%s'", x->name) : 0;
}

static int open_source(const char *word, const char *repository, struct extract *x)
{
	auto_free char *path = NULL;
	struct stat st;
	int r;

	if (repository)
		return repository_read(repository, word, &x->fd, &x->source);
	if (strcmp(word, "-") == 0) {
		x->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return x->fd < 0 ? fail(-errno, "read stdin") : 0;
	}
	r = dump_find(NULL, word, &path);
	if (r < 0)
		return r;
	x->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (x->fd < 0)
		return fail(-errno, "read '%s'", path);
	return fstat(x->fd, &st) == 0 && S_ISREG(st.st_mode)
		   ? 0
		   : refuse(-EINVAL, "'%s' is no file; '-' is stdin", path);
}

int extract_open(const char *word, const char *repository, struct extract *out)
{
	auto_extract x = { .name = word, .fd = -EBADF };
	struct reader reader = { .n = 0 };
	struct archive *a = NULL;
	int r;

	r = open_source(word, repository, &x);
	if (r < 0)
		return r;
	reader.fd = x.fd;
	reader.keeps = lseek(x.fd, 0, SEEK_CUR) < 0;
	a = open_reader(&reader);
	r = a ? find_conf(&reader, word, a, &x) : fail(-ENOMEM, "read '%s'", word);
	if (a)
		archive_read_free(a);
	if (r == 0 && reader.keeps)
		r = feed(&x, &reader);
	else if (r == 0 && lseek(x.fd, 0, SEEK_SET) < 0)
		r = fail(-errno, "read '%s'", word);
	free(reader.head);
	if (r < 0)
		return r;
	*out = x;
	x = (struct extract)EXTRACT_NONE;
	return 0;
}

static int await(pid_t *pid)
{
	int status = 0;

	while (*pid > 0 && waitpid(*pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	*pid = 0;
	return status == 0 ? 0 : -EIO;
}

int extract_end(struct extract *x)
{
	char block[4096];
	int r;

	/* What follows the tar's end. */
	while (x->feeder && read(x->fd, block, sizeof(block)) > 0)
		;
	r = await(&x->feeder);
	if (r == 0)
		r = await(&x->source);
	return r < 0 ? refuse(r, "archive '%s' was not read to its end", x->name) : 0;
}

void extract_close(struct extract *x)
{
	int saved = errno;

	if (x->feeder > 0)
		kill(x->feeder, SIGKILL);
	(void)await(&x->feeder);
	if (x->source > 0)
		kill(x->source, SIGKILL);
	(void)await(&x->source);
	close_fd(&x->fd);
	free(x->conf);
	*x = (struct extract)EXTRACT_NONE;
	errno = saved;
}

/* ---- verify ---- */

/* Every byte of it passes the decompressor, whose checksums it must have. */
static int read_all(const struct reader *in, const char *name, struct archive *a, size_t *entries)
{
	struct archive_entry *e;
	int r;

	while ((r = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
		if (interrupted())
			return -EINTR;
		if (r < ARCHIVE_WARN || archive_read_data_skip(a) < ARCHIVE_WARN)
			return damaged(in, name, a);
		(*entries)++;
	}
	if (!unpack_ended(a))
		return refuse(-EBADMSG,
			      "archive '%s' is damaged: it ends too early, without a tar's end",
			      name);
	return 0;
}

int extract_verify(const char *path, struct progress *p, struct extracted *out)
{
	auto_extract x = EXTRACT_NONE;
	struct reader reader = { .n = 0 };
	CLEANUP(config_free) struct config c = { 0 };
	auto_dropped dropped = { 0 };
	struct archive *a;
	struct stat st;
	int r;

	r = extract_open(path, NULL, &x);
	if (r == 0)
		r = backup_conf_read(x.conf, x.conf_n, true, &c, &dropped);
	if (r < 0)
		return r;
	reader.fd = x.fd;
	reader.progress = p;
	progress_begin(p, fstat(x.fd, &st) == 0 ? (uint64_t)st.st_size : 0, "verify");
	a = open_reader(&reader);
	r = a ? read_all(&reader, path, a, &out->entries) : fail(-ENOMEM, "read '%s'", path);
	if (a)
		archive_read_free(a);
	if (r == 0 && config_get(&c, "hostname"))
		out->hostname = strdup(config_get(&c, "hostname"));
	return progress_end(p, r);
}
