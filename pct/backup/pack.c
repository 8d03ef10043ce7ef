// SPDX-License-Identifier: LGPL-2.1-or-later
#include <locale.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/say.h"
#include "pct/backup/pack.h"
#include "pct/interrupt.h"
#include "pct/step.h"

int pack_wrong(struct pack *p)
{
	int r = p->error ? p->error : archive_errno(p->out) > 0 ? -archive_errno(p->out) : -EIO;
	const char *why = archive_error_string(p->out);

	if (interrupted())
		return -EINTR;
	if (r == -ENOSPC || r == -EDQUOT)
		return refuse(r, "%s: no room is left for the archive; make some, then again",
			      p->what);
	if (p->error)
		return fail(r, "%s: write the archive", p->what);
	return refuse(r, "%s: pack '%.300s': %s", p->what, p->path, why ? why : "failed");
}

static la_ssize_t write_some(struct archive *a, void *arg, const void *from, size_t n)
{
	struct pack *p = arg;
	ssize_t put;

	(void)a;
	put = step_of_many("backup: write the archive") < 0 ? -1 : write(p->fd, from, n);

	while (put < 0 && errno == EINTR && !interrupted())
		put = write(p->fd, from, n);
	if (put < 0) {
		p->error = -errno;
		return -1;
	}
	p->written += (uint64_t)put;
	return put;
}

static int add_compression(struct pack *p, const char *how, unsigned threads)
{
	char n[16];

	snprintf(n, sizeof(n), "%u", threads ? threads : (unsigned)get_nprocs());
	if (!how)
		return archive_write_add_filter_none(p->out);
	if (strcmp(how, "gzip") == 0)
		return archive_write_add_filter_gzip(p->out);
	/* A libarchive without threads is slower, no less. */
	if (archive_write_add_filter_zstd(p->out) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	(void)archive_write_set_filter_option(p->out, "zstd", "threads", n);
	return ARCHIVE_OK;
}

int pack_begin(struct pack *p, int fd, const char *compress, unsigned threads)
{
	p->fd = fd;
	/* Names that are UTF-8 are told as such; others as their bytes, which GNU tar notes. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	p->out = archive_write_new();
	p->entry = archive_entry_new();
	if (!p->out || !p->entry)
		return fail(-ENOMEM, "%s", p->what);
	if (add_compression(p, compress, threads) != ARCHIVE_OK ||
	    archive_write_set_format_pax(p->out) != ARCHIVE_OK ||
	    archive_write_set_format_option(p->out, "pax", "xattrheader", "SCHILY") < ARCHIVE_WARN)
		return pack_wrong(p);
	/* The last block as long as it is: what follows the tar's end is only zeros. */
	archive_write_set_bytes_in_last_block(p->out, 1);
	archive_write_set_bytes_per_block(p->out, 128 * 1024);
	return archive_write_open(p->out, p, NULL, write_some, NULL) == ARCHIVE_OK ? 0
										   : pack_wrong(p);
}

int pack_text(struct pack *p, const char *path, const char *text)
{
	size_t n = strlen(text);

	archive_entry_clear(p->entry);
	archive_entry_set_pathname(p->entry, path);
	archive_entry_set_filetype(p->entry, AE_IFREG);
	archive_entry_set_perm(p->entry, 0600);
	archive_entry_set_mtime(p->entry, time(NULL), 0);
	archive_entry_set_size(p->entry, (la_int64_t)n);
	if (archive_write_header(p->out, p->entry) < ARCHIVE_WARN ||
	    archive_write_data(p->out, text, n) != (la_ssize_t)n ||
	    archive_write_finish_entry(p->out) < ARCHIVE_WARN)
		return pack_wrong(p);
	return 0;
}

int pack_finish(struct pack *p)
{
	return archive_write_close(p->out) < ARCHIVE_WARN ? pack_wrong(p) : 0;
}

void pack_free(struct pack *p)
{
	links_free(&p->links);
	if (p->entry)
		archive_entry_free(p->entry);
	/* One that was not finished is thrown away: nothing is to be written to it any more. */
	if (p->out) {
		(void)archive_write_fail(p->out);
		(void)archive_write_free(p->out);
	}
	free(p->buffer);
	*p = (struct pack){ .fd = -EBADF };
}
