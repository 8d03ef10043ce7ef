// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Block devices a container used.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define DEVICES_MAX 65536

static int add(struct cgv_disks *d, unsigned major, unsigned minor, struct cgv_disk **out)
{
	struct cgv_disk *grown;

	for (size_t i = 0; i < d->n; i++)
		if (d->disk[i].major == major && d->disk[i].minor == minor) {
			*out = &d->disk[i];
			return 0;
		}
	if (d->n == DEVICES_MAX)
		return -E2BIG;
	if (d->n == d->room) {
		grown = realloc(d->disk, (d->room + 8) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		d->disk = grown;
		d->room += 8;
	}
	*out = &d->disk[d->n++];
	**out = (struct cgv_disk){ .major = major, .minor = minor };
	return 0;
}

/* "8:16" */
static bool device(struct span *line, unsigned *major, unsigned *minor)
{
	struct span word, part;
	uint64_t ma, mi;

	if (!span_word(line, &word) || !span_until(&word, ':', &part) || !span_u64(&part, &ma) ||
	    !span_u64(&word, &mi) || ma > UINT32_MAX || mi > UINT32_MAX)
		return false;
	*major = (unsigned)ma;
	*minor = (unsigned)mi;
	return true;
}

/* "rbytes=4096": a key and its number. */
static bool key_number(struct span word, struct span *key, uint64_t *value)
{
	return span_until(&word, '=', key) && span_u64(&word, value);
}

#define D(member) offsetof(struct cgv_disk, member)

static const struct field keys_v2[] = {
	{ "rbytes", D(read_bytes) }, { "wbytes", D(written_bytes) },   { "rios", D(reads) },
	{ "wios", D(writes) },	     { "dbytes", D(discarded_bytes) }, { "dios", D(discards) },
};

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"; a device alone did nothing yet. */
static int parse_v2(struct span text, struct cgv_disks *d)
{
	struct span line, word, key;
	struct cgv_disk *disk;
	unsigned major, minor;
	uint64_t v;
	int r = 0;

	while (r == 0 && span_line(&text, &line)) {
		if (!device(&line, &major, &minor))
			continue;
		disk = NULL;
		while (r == 0 && span_word(&line, &word)) {
			if (!key_number(word, &key, &v))
				continue;
			if (!disk)
				r = add(d, major, minor, &disk);
			for (size_t i = 0; r == 0 && i < ARRAY_LEN(keys_v2); i++)
				if (span_is(key, keys_v2[i].key))
					memcpy((char *)disk + keys_v2[i].offset, &v, sizeof(v));
		}
	}
	return r;
}

struct v1_file {
	const char *name;
	struct field op[3];
};

/* The counts of one file, by operation: "8:0 Read 123". */
static const struct v1_file v1_files[] = {
	{ "blkio.throttle.io_serviced_recursive",
	  { { "Read", D(reads) }, { "Write", D(writes) }, { "Discard", D(discards) } } },
	{ "blkio.throttle.io_service_bytes_recursive",
	  { { "Read", D(read_bytes) },
	    { "Write", D(written_bytes) },
	    { "Discard", D(discarded_bytes) } } },
};

static int parse_v1(struct span text, const struct v1_file *f, struct cgv_disks *d)
{
	struct span line, op;
	struct cgv_disk *disk;
	unsigned major, minor;
	uint64_t v;
	int r = 0;

	while (r == 0 && span_line(&text, &line)) {
		if (!device(&line, &major, &minor) || !span_word(&line, &op) ||
		    !span_u64(&line, &v))
			continue;
		r = add(d, major, minor, &disk);
		for (size_t i = 0; r == 0 && i < ARRAY_LEN(f->op); i++)
			if (span_is(op, f->op[i].key))
				memcpy((char *)disk + f->op[i].offset, &v, sizeof(v));
	}
	return r;
}

static int read_file(int dir, const char *name, struct cgv_text *buf, struct span *text)
{
	int r = cgv_read_text(dir, name, buf, text);

	if (r == -ENOENT || r == -EOPNOTSUPP) {
		*text = span_of("");
		r = 0;
	}
	return r;
}

static int read_disks(struct cgv_container *c, int dir, struct cgv_text *buf, struct cgv_disks *d)
{
	struct span text;
	int r;

	if (cgv_owner(c->host, CGV_IO) == CGV_V2) {
		r = read_file(dir, "io.stat", buf, &text);
		return r < 0 ? r : parse_v2(text, d);
	}
	r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(v1_files); i++) {
		r = read_file(dir, v1_files[i].name, buf, &text);
		if (r == 0)
			r = parse_v1(text, &v1_files[i], d);
	}
	return r;
}

int cgv_disks(struct cgv_container *c, struct cgv_disks *io)
{
	auto_fd dir = cgv_open_cgroup(c, CGV_IO);
	struct cgv_text buf = { 0 };
	int r;

	io->n = 0;
	if (dir < 0) /* no controller, or not for this container */
		return dir == -ENOENT ? cgv_exists(c, CGV_IO) : dir;
	r = read_disks(c, dir, &buf, io);
	free(buf.p);
	return r;
}
