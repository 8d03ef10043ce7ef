// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/import.h"
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/conf/site.h"
#include "pct/image/digest.h"
#include "pct/image/json.h"
#include "pct/image/oci.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/unpack.h"
#include "pct/step.h"

#define BLOCK	    (256 * 1024)
#define MEMBERS_MAX 700 /* each is an open file */
#define JSON_MAX    (4u << 20)
#define NESTED_MAX  4 /* indexes in indexes */

/* A file of an archive. */
struct member {
	char *name;
	char *link; /* the name it stands for; NULL: it is a file */
	struct part part;
	struct blob blob;
};

struct import {
	const char *name;
	struct archive *in;
	struct progress *progress;
	struct member members[MEMBERS_MAX];
	size_t n;
	uint64_t room;
	struct image *image;
	struct arrival arrivals[LAYERS_MAX];
	size_t n_arrivals;
};

const char *import_arch(void)
{
	static const struct {
		const char *machine, *arch;
	} machines[] = {
		{ "x86_64", "amd64" }, { "i686", "i386" },	 { "aarch64", "arm64" },
		{ "armv7l", "armhf" }, { "riscv64", "riscv64" },
	};
	struct utsname u;

	for (size_t i = 0; uname(&u) == 0 && i < ARRAY_LEN(machines); i++)
		if (strcmp(machines[i].machine, u.machine) == 0)
			return machines[i].arch;
	return "amd64";
}

static int wrong(const struct import *m, const char *why)
{
	return refuse(-EINVAL, "'%s' is no image that pct can take: %s", m->name, why);
}

static void import_free(struct import *m)
{
	while (m->n) {
		struct member *x = &m->members[--m->n];

		part_close(&x->part);
		free(x->name);
		free(x->link);
	}
	if (m->in)
		archive_read_free(m->in);
}

static struct member *member(struct import *m, const char *name)
{
	for (int hops = 0; hops < 4; hops++) {
		struct member *found = NULL;

		for (size_t i = 0; i < m->n && !found; i++)
			if (strcmp(m->members[i].name, name) == 0)
				found = &m->members[i];
		if (!found || !found->link)
			return found;
		name = found->link;
	}
	return NULL;
}

static struct member *member_of(struct import *m, const char *sha256)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->members[i].link && strcmp(m->members[i].blob.sha256, sha256) == 0)
			return &m->members[i];
	return NULL;
}

/* ---- reading the archive ---- */

/* Is it one that an archive of an OCI image or of `docker save` has, and no root file system? */
static bool is_image_file(const char *name)
{
	static const char *const names[] = { "",
					     "oci-layout",
					     "index.json",
					     "blobs",
					     "blobs/sha256",
					     "blobs/sha512",
					     "manifest.json",
					     "repositories" };
	char first[SHA256_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	if (strncmp(name, "blobs/sha256/", 13) == 0 || strncmp(name, "blobs/sha512/", 13) == 0)
		return !strchr(name + 13, '/');
	if (strlen(name) < 64)
		return false;
	snprintf(first, sizeof(first), "%.64s", name);
	return digest_is(first) && (!name[64] || name[64] == '/' || name[64] == '.');
}

static int spool(struct import *m, struct member *x)
{
	struct sha256_ctx sum;
	const void *block;
	la_int64_t at;
	size_t n;
	int r;

	sha256_init(&sum);
	while ((r = archive_read_data_block(m->in, &block, &n, &at)) == ARCHIVE_OK) {
		if (interrupted())
			return -EINTR;
		/* The sum is of bytes one after the other: no holes. */
		if ((uint64_t)at != x->blob.size)
			return wrong(m, "a file in it has holes");
		if (n > m->room)
			return wrong(m, "it holds more than unpack-max-size in etc/pct/pct.conf");
		m->room -= n;
		sha256_update(&sum, n, block);
		if (n && write(x->part.fd, block, n) != (ssize_t)n)
			return fail(errno ? -errno : -EIO, "write '%s'", x->part.path);
		x->blob.size += n;
		progress_at(m->progress, (uint64_t)archive_filter_bytes(m->in, -1));
	}
	if (r != ARCHIVE_EOF)
		return wrong(m, archive_error_string(m->in));
	digest_text(&sum, x->blob.sha256);
	if (strncmp(x->name, "blobs/sha256/", 13) == 0 && strcmp(x->name + 13, x->blob.sha256) != 0)
		return refuse(-EBADMSG,
			      "'%s' is damaged: the SHA-256 of its blob '%.12s...' is another",
			      m->name, x->name + 13);
	return 0;
}

static int take_member(struct import *m, struct archive_entry *e, const char *name)
{
	const char *link = archive_entry_hardlink(e);
	struct member *x = &m->members[m->n];
	mode_t type = archive_entry_filetype(e);
	int r;

	if (type == AE_IFLNK)
		link = archive_entry_symlink(e);
	if (!link && type != AE_IFREG)
		return 0;
	if (m->n == MEMBERS_MAX)
		return wrong(m, "it has too many files");
	*x = (struct member){ .name = text_of("%s", name), .part = PART_NONE };
	m->n++;
	if (link) {
		/* docker's: "../<id>/layer.tar" */
		while (strncmp(link, "../", 3) == 0)
			link += 3;
		x->link = text_of("%s", link);
		return 0;
	}
	r = part_new(&x->part);
	return r < 0 ? r : spool(m, x);
}

/* 0: it is an image's, and all of it is read. 1: a root file system's. */
static int read_members(struct import *m)
{
	struct archive_entry *e;
	char clean[PATH_MAX];
	size_t n = 0;
	int r;

	while ((r = archive_read_next_header(m->in, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(e);

		if (interrupted())
			return -EINTR;
		n++;
		if (!name || unpack_path_wrong(name))
			return 1;
		unpack_path_clean(name, clean);
		if (!is_image_file(clean))
			return 1;
		r = take_member(m, e, clean);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF || n == 0)
		return wrong(m, archive_error_string(m->in) ? archive_error_string(m->in)
							    : "it is empty");
	return member(m, "index.json") || member(m, "manifest.json") ? 0 : 1;
}

static int open_archive(struct import *m, int fd)
{
	m->in = archive_read_new();
	if (!m->in || lseek(fd, 0, SEEK_SET) < 0)
		return fail(-ENOMEM, "read '%s'", m->name);
	archive_read_support_filter_gzip(m->in);
	archive_read_support_filter_bzip2(m->in);
	archive_read_support_filter_xz(m->in);
	archive_read_support_filter_zstd(m->in);
	archive_read_support_format_tar(m->in);
	return archive_read_open_fd(m->in, fd, BLOCK) == ARCHIVE_OK
		   ? 0
		   : wrong(m, archive_error_string(m->in));
}

/* ---- what the image is made of ---- */

static int member_json(struct import *m, struct member *x, const char *what, json_object **out)
{
	auto_free char *text = NULL;

	if (!x)
		return refuse(-EINVAL, "'%s' is no image that pct can take: it has no %s", m->name,
			      what);
	if (x->blob.size > JSON_MAX)
		return refuse(-EINVAL, "'%s' is no image that pct can take: its %s is too long",
			      m->name, what);
	text = malloc(x->blob.size + 1);
	if (!text || pread(x->part.fd, text, x->blob.size, 0) != (ssize_t)x->blob.size)
		return fail(-EIO, "read the %s of '%s'", what, m->name);
	*out = json_of(text, x->blob.size);
	return *out ? 0
		    : refuse(-EINVAL, "'%s' is no image that pct can take: its %s is no JSON",
			     m->name, what);
}

static int arrive(struct import *m, struct member *x, struct blob *layer)
{
	if (!x || (layer->size && layer->size != x->blob.size))
		return wrong(m, "a layer is missing");
	*layer = x->blob;
	for (size_t i = 0; i < m->n_arrivals; i++)
		if (strcmp(m->arrivals[i].blob.sha256, x->blob.sha256) == 0)
			return 0;
	m->arrivals[m->n_arrivals++] = (struct arrival){ &x->part, x->blob };
	return 0;
}

/* Of the config and all layers: the same config may be somebody's with other layers. */
static void digest_all(struct image *i, const char *config)
{
	struct sha256_ctx sum;

	sha256_init(&sum);
	sha256_update(&sum, SHA256_TEXT, (const uint8_t *)config);
	for (size_t k = 0; k < i->n_layers; k++)
		sha256_update(&sum, SHA256_TEXT, (const uint8_t *)i->layers[k].sha256);
	digest_text(&sum, i->digest);
}

static int take_config(struct import *m, struct member *x, const char *arch)
{
	auto_json config = NULL;
	char why[160] = "";
	int r = member_json(m, x, "config", &config);

	if (r < 0)
		return r;
	r = oci_config(config, m->image, why);
	if (r < 0)
		return wrong(m, why);
	if (*why)
		warn(0, "'%s': %s; say 'pct create ... --entrypoint PROGRAM'", m->name, why);
	if (strcmp(m->image->arch, arch) != 0)
		return refuse(-EINVAL, "'%s' is for %s, not for %s", m->name, m->image->arch, arch);
	digest_all(m->image, x->blob.sha256);
	return 0;
}

static int find_manifest(struct import *m, const char *arch, json_object **out)
{
	struct member *x = member(m, "index.json");
	auto_json o = NULL;
	char why[160];
	int r = member_json(m, x, "index.json", &o);

	for (int depth = 0; r == 0; depth++) {
		struct blob at;
		int more = oci_index(o, arch, &at, why);

		if (more == -ENOENT)
			return refuse(-ENOENT, "'%s' has no image for %s: %s", m->name, arch, why);
		if (more < 0 || depth == NESTED_MAX)
			return wrong(m, more < 0 ? why : "it is an index in an index in an index");
		json_object_put(take_ptr(o));
		r = member_json(m, member_of(m, at.sha256), "manifest", &o);
		/* One that does not say so may be an index, too. */
		if (r == 0 && !more && !json_get(o, "manifests", json_type_array))
			break;
	}
	if (r == 0)
		*out = take_ptr(o);
	return r;
}

static int take_oci(struct import *m, const char *arch)
{
	auto_json manifest = NULL;
	struct blob config;
	char why[160];
	int r = find_manifest(m, arch, &manifest);

	if (r < 0)
		return r;
	r = oci_manifest(manifest, &config, &m->image->layers, &m->image->n_layers, why);
	if (r < 0)
		return wrong(m, why);
	for (size_t i = 0; r == 0 && i < m->image->n_layers; i++)
		r = arrive(m, member_of(m, m->image->layers[i].sha256), &m->image->layers[i]);
	return r < 0 ? r : take_config(m, member_of(m, config.sha256), arch);
}

static int take_docker(struct import *m, const char *arch)
{
	CLEANUP(docker_free) struct docker d = { 0 };
	auto_json o = NULL;
	int r = member_json(m, member(m, "manifest.json"), "manifest.json", &o);

	if (r == 0 && docker_manifest(o, &d) < 0)
		return wrong(m, "its manifest.json names no layers");
	if (r < 0)
		return r;
	m->image->layers = calloc(d.n, sizeof(*m->image->layers));
	if (!m->image->layers)
		return fail(-ENOMEM, "take '%s'", m->name);
	m->image->n_layers = d.n;
	for (size_t i = 0; r == 0 && i < d.n; i++)
		r = arrive(m, member(m, d.layers[i]), &m->image->layers[i]);
	return r < 0 ? r : take_config(m, member(m, d.config), arch);
}

/* ---- a root file system's tar ---- */

static int copy_file(struct import *m, int fd, struct part *to, struct blob *out)
{
	auto_free char *block = malloc(BLOCK);
	struct sha256_ctx sum;
	struct blob b = { .size = 0 };
	ssize_t n = 0;

	if (!block)
		return fail(-ENOMEM, "copy '%s'", m->name);
	sha256_init(&sum);
	while ((n = pread(fd, block, BLOCK, (off_t)b.size)) > 0) {
		if (interrupted())
			return -EINTR;
		sha256_update(&sum, (size_t)n, (const uint8_t *)block);
		if (write(to->fd, block, (size_t)n) != n)
			return fail(errno ? -errno : -EIO, "copy '%s'", m->name);
		b.size += (size_t)n;
		progress_at(m->progress, b.size);
	}
	if (n < 0)
		return fail(-errno, "read '%s'", m->name);
	digest_text(&sum, b.sha256);
	*out = b;
	return 0;
}

static int take_tar(struct import *m, int fd, struct part *part, struct part *copy)
{
	struct blob *layer = calloc(1, sizeof(*layer));
	int r;

	if (!layer)
		return fail(-ENOMEM, "take '%s'", m->name);
	m->image->layers = layer;
	m->image->n_layers = 1;
	r = part ? part_digest(part, m->progress, layer) : part_new(copy);
	if (r == 0 && !part)
		r = copy_file(m, fd, copy, layer);
	if (r < 0)
		return r;
	memcpy(m->image->digest, layer->sha256, SHA256_TEXT);
	m->arrivals[0] = (struct arrival){ part ? part : copy, *layer };
	m->n_arrivals = 1;
	return 0;
}

int import_file(int fd, struct part *part, const char *arch, struct image *i, struct progress *p)
{
	auto_free struct import *m = calloc(1, sizeof(*m));
	auto_part copy = PART_NONE;
	struct stat st;
	int r;

	if (!m || fstat(fd, &st) < 0)
		return fail(-ENOMEM, "take '%s'", i->source);
	m->name = i->source;
	m->image = i;
	m->progress = p;
	m->room = site_number("unpack-max-size", 256ull << 30);
	progress_begin(p, (uint64_t)st.st_size, "import %s", i->name);
	r = open_archive(m, fd);
	if (r == 0)
		r = read_members(m);
	if (r == 1)
		r = take_tar(m, fd, part, &copy);
	else if (r == 0)
		r = member(m, "index.json") ? take_oci(m, arch) : take_docker(m, arch);
	i->created = time(NULL);
	if (r == 0)
		r = interrupted() ? -EINTR : store_put(i, m->arrivals, m->n_arrivals);
	import_free(m);
	return progress_end(p, r);
}
