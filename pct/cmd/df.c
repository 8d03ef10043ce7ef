// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct df: what a container's file systems have, and what of it is used. Never asked of the
 * container itself, which may answer as it likes or not at all: each volume is mounted once more,
 * where nobody sees it.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/cli/size.h"
#include "pct/conf/store.h"
#include "pct/disk/disk.h"

struct row {
	const struct disk *disk;
	bool known;
	struct storage_usage is;
};

static int measure_host(const char *path, struct storage_usage *out)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return -errno;
	out->total = (uint64_t)fs.f_blocks * fs.f_frsize;
	out->used = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	out->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

/* A directory is where it is; an image is mounted. 1: what is wrong is said already. */
static int measure_volume(const struct disk *d, struct storage_usage *out)
{
	auto_free char *path = NULL;
	auto_fd tree = -EBADF;
	struct volume_info is;
	int r = volume_info(&d->volume, &is);

	if (r < 0)
		return r;
	if (is.format == VOLUME_IMAGE) {
		r = disk_mount(d, MOUNT_ATTR_RDONLY, &tree);
		return r < 0 ? 1 : volume_usage(&d->volume, tree, out);
	}
	r = volume_where(&d->volume, NULL, &path);
	if (r < 0)
		return 1;
	tree = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return tree < 0 ? -errno : volume_usage(&d->volume, tree, out);
}

static int measure(unsigned vmid, struct row *row)
{
	const struct disk *d = row->disk;
	const char *source = properties_get(&d->is, "volume");
	int r = d->on_storage ? measure_volume(d, &row->is) : measure_host(source, &row->is);

	row->known = r == 0;
	if (r > 0)
		return -EIO;
	return r < 0 ? fail(r, "CT %u: %s: look at '%s'", vmid, d->key, source) : 0;
}

/* Of what is there for others than the host's root, as df(1) has it. */
static double share(const struct storage_usage *u)
{
	uint64_t all = u->used + u->available;

	return all ? (double)u->used * 100 / (double)all : 0;
}

/* ---- as lines ---- */

enum { COLUMNS = 7, SHARE = 5 };

struct line {
	char *cell[COLUMNS];
};

static void line_free(struct line *l)
{
	for (int i = 0; i < COLUMNS; i++)
		free(l->cell[i]);
}

static char *size_of(const struct row *row, uint64_t bytes)
{
	char text[SIZE_TEXT];

	size_short(bytes, text);
	return strdup(row->known ? text : "-");
}

static void line_of(const struct row *row, struct line *l)
{
	char used[16];

	snprintf(used, sizeof(used), "%.1f", share(&row->is));
	l->cell[0] = strdup(row->disk->key);
	l->cell[1] = strdup(properties_get(&row->disk->is, "volume"));
	l->cell[2] = size_of(row, row->is.total);
	l->cell[3] = size_of(row, row->is.used);
	l->cell[4] = size_of(row, row->is.available);
	l->cell[SHARE] = strdup(row->known ? used : "-");
	l->cell[6] = strdup(row->disk->path);
}

static void heading(struct line *l)
{
	static const char *const words[COLUMNS] = { "MP",    "Volume", "Size", "Used",
						    "Avail", "Use%",   "Path" };

	for (int i = 0; i < COLUMNS; i++)
		l->cell[i] = strdup(words[i]);
}

static void show_line(const struct line *l, const int width[COLUMNS])
{
	for (int i = 0; i < COLUMNS - 1; i++)
		printf("%*s ", i < 2 ? -width[i] : width[i], l->cell[i]);
	puts(l->cell[COLUMNS - 1]);
}

static int show_text(const struct row *rows, size_t n)
{
	auto_free struct line *lines = calloc(n + 1, sizeof(*lines));
	int width[COLUMNS] = { 0 };

	if (!lines)
		return fail(-ENOMEM, "df");
	heading(&lines[0]);
	for (size_t i = 0; i < n; i++)
		line_of(&rows[i], &lines[i + 1]);
	for (size_t i = 0; i <= n; i++)
		for (int k = 0; k < COLUMNS; k++) {
			if (!lines[i].cell[k])
				lines[i].cell[k] = strdup("");
			width[k] = MAX(width[k], (int)strlen(lines[i].cell[k]));
		}
	for (size_t i = 0; i <= n; i++) {
		show_line(&lines[i], width);
		line_free(&lines[i]);
	}
	return 0;
}

/* ---- as JSON ---- */

static void add_text(json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static void add_number(json_object *o, const char *name, uint64_t n)
{
	json_object_object_add(o, name, json_object_new_uint64(n));
}

static void show_json(const struct row *rows, size_t n)
{
	auto_output all = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_new_object();
		const struct row *row = &rows[i];

		add_text(o, "mp", row->disk->key);
		add_text(o, "volume", properties_get(&row->disk->is, "volume"));
		add_text(o, "path", row->disk->path);
		if (row->known) {
			add_number(o, "size", row->is.total);
			add_number(o, "used", row->is.used);
			add_number(o, "available", row->is.available);
		}
		json_object_array_add(all, o);
	}
	output_json(all);
}

/* ---- ---- */

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_disks disks = DISKS_NONE;
	auto_free struct row *rows = NULL;
	int r = conf_load(a->vmid, &c), failed;

	if (r < 0)
		return r;
	failed = disks_read(a->vmid, &c, &disks);
	rows = calloc(disks.n + 1, sizeof(*rows));
	if (!rows)
		return fail(-ENOMEM, "df");
	for (size_t i = 0; i < disks.n; i++) {
		rows[i].disk = &disks.all[i];
		r = measure(a->vmid, &rows[i]);
		if (r < 0)
			failed = r;
	}
	if (args_json(a))
		show_json(rows, disks.n);
	else
		r = show_text(rows, disks.n);
	return failed < 0 ? failed : MIN(r, 0);
}

const struct command cmd_df = {
	.name = "df",
	.args = "<vmid>",
	.help = "Show how full a container's file systems are",
	.more = "It need not run. A directory that has no size of its own has what its file system "
		"on the host has.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.prints = true,
	.needs_root = true,
	.run = run,
};
