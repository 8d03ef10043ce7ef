// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct create: a conf, its volumes, and a root file system made from a template.
 *
 * The conf comes first, with `lock: create`, and loses that lock last: at any moment in between
 * `pct destroy` knows what there is to remove.
 */
#include <fcntl.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/start.h"
#include "pct/ct/vacant.h"
#include "pct/ct/volumes.h"
#include "pct/ct/words.h"
#include "pct/guest/access.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/template.h"

static int set(struct config *c, const char *key, const char *value)
{
	int r = config_set(c, key, value);

	return r < 0 ? fail(r, "set '%s' to '%s'", key, value) : 0;
}

/* A directory, where the storage has such. */
static int set_rootfs(const struct args *a, struct config *c)
{
	const char *id = args_value(a, "storage") ? args_value(a, "storage") : "local";
	auto_free char *value = NULL;
	const struct storage *s;
	int r = storage_get(id, &s);

	if (r < 0)
		return r;
	value = text_of("%s:%u", id, storage_features(s, NULL) & STORAGE_DIRECTORIES ? 0u : 4u);
	return set(c, "rootfs", value);
}

/* What was given, and what a new container has when it was not. */
static int make_config(const struct args *a, struct config *out)
{
	auto_free char *hostname = text_of("CT%u", a->vmid);
	int r = config_init(out);

	if (r < 0)
		return fail(r, "make the config of CT %u", a->vmid);
	for (size_t i = 0; r == 0 && i < n_keys; i++)
		if (keys[i].created)
			r = set(out, keys[i].option.name, keys[i].created);
	if (r == 0)
		r = set(out, "hostname", hostname);
	for (size_t i = 0; r == 0 && i < a->n_given; i++) {
		auto_free char *value = NULL;

		if (!key_find(a->given[i].name))
			continue;
		value = key_complete(a->given[i].name, NULL, a->given[i].value);
		r = value ? set(out, a->given[i].name, value) : fail(-ENOMEM, "make the config");
	}
	if (r == 0 && !config_get(out, "rootfs"))
		r = set_rootfs(a, out);
	return r < 0 ? r : set(out, "lock", "create");
}

static int check_reachable(const struct args *a, const struct config *c)
{
	auto_free char *path = ct_rootfs_path(a->vmid);

	return key_bool(c, "unprivileged") ? start_reachable(a->vmid, path) : 0;
}

static bool has(int root, const char *name)
{
	return faccessat(root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What `docker save` and its like write has the layers as files in it. */
static int check_no_image(const struct args *a, const struct source *s, int root)
{
	if (s->row || s->image || has(root, "etc") ||
	    (!has(root, "oci-layout") && !has(root, "manifest.json")))
		return 0;
	return refuse(-EINVAL,
		      "'%s' is an archive of an OCI image: 'pct image import %s --name NAME', "
		      "then 'pct create %u NAME'",
		      s->name, s->name, a->vmid);
}

/* What the conf says of the system inside, where the user did not. */
static int look_inside(const struct args *a, const struct source *s, int root, struct config *c)
{
	const char *entrypoint = config_get(c, "entrypoint");
	struct inside in;
	int r = inside_look(root, &in);

	if (r < 0)
		return fail(r, "look into the new root");
	r = check_no_image(a, s, root);
	if (r < 0)
		return r;
	if (entrypoint) {
		auto_free char **words = NULL;
		const char *program = entrypoint;

		if (words_split(entrypoint, &words) == 0)
			program = words[0];
		if (!inside_has_program(root, program))
			return refuse(-ENOENT,
				      "template '%s' has no program '%s' to begin with; give "
				      "another --entrypoint",
				      s->name, program);
	} else if (!*in.init) {
		return refuse(-ENOENT,
			      "template '%s' has no /sbin/init, so it cannot start; take the "
			      "tar of a whole system, or give --entrypoint PROGRAM",
			      s->name);
	} else if (strcmp(in.init, "/sbin/init") != 0) {
		r = set(c, "entrypoint", in.init);
	}
	if (r == 0 && !args_value(a, "arch") && in.arch)
		r = set(c, "arch", in.arch);
	if (r == 0 && !args_value(a, "ostype"))
		r = set(c, "ostype", s->row ? s->row->ostype : in.ostype);
	if (r == 0 && s->row && !args_value(a, "cmode"))
		r = set(c, "cmode", s->row->cmode);
	return r;
}

/* What is unpacked once, for all containers of that kind. */
struct common {
	const struct source *source;
	bool unprivileged;
};

static int unpack_common(int root, void *data)
{
	const struct common *m = data;
	const struct target t = { .root = root, .unprivileged = m->unprivileged };
	int r = source_make(m->source, &t);

	return r == 0 && interrupted() ? -EINTR : r;
}

/* 1: its rootfs is there, with all that is in it. */
static int clone_common(const struct args *a, const struct source *s, struct config *c)
{
	struct common m = { s, key_bool(c, "unprivileged") };
	auto_free char *digest = NULL;

	if (!s->digest)
		return 0;
	/* One without device nodes is another. */
	digest = text_of("%s%s", s->digest, m.unprivileged ? "" : "-privileged");
	return ct_rootfs_clone(a->vmid, c, args_value(a, "storage"), digest, unpack_common, &m);
}

static int unpack_into(const struct args *a, const struct source *s, bool there, int root,
		       struct config *c)
{
	const struct target t = {
		.root = root,
		.shift = volume_shift(root),
		.unprivileged = key_bool(c, "unprivileged"),
		.hostname = config_get(c, "hostname"),
	};
	int r = there ? 0 : source_make(s, &t);

	if (r == 0)
		r = source_configure(s, &t, c);
	return r < 0 ? r : look_inside(a, s, root, c);
}

/* As it is seen in there, on the disk whatever it is: its root is 0, if the kernel can. */
static int fill(const struct args *a, const struct source *s, bool there, const struct access *in,
		struct config *c)
{
	auto_fd root = -EBADF;
	int r = ct_volumes_mount(a->vmid, c, c->sections, NULL, 0, &root);

	if (r == 0)
		r = unpack_into(a, s, there, root, c);
	if (r == 0)
		guest_create(a->vmid, root, c, in);
	/* On the disk before the conf says so. */
	if (r == 0 && syncfs(root) < 0)
		r = fail(-errno, "write the files of CT %u to the disk", a->vmid);
	if (r == 0 && interrupted())
		r = -EINTR;
	close_fd(&root);
	return ct_volumes_leave() < 0 && r == 0 ? -EIO : r;
}

/* With a lock from its first moment: what it names is made, or to be made. */
static int make(const struct args *a, const struct source *s, const struct access *in,
		struct config *c)
{
	int r = conf_save(a->vmid, c);
	bool there;

	if (r == 0)
		r = clone_common(a, s, c);
	there = r == 1;
	if (r >= 0)
		r = ct_volumes_make(a->vmid, c, args_value(a, "storage"));
	if (r == 0)
		r = fill(a, s, there, in, c);
	if (r == 0) {
		config_unset(c, "lock");
		r = conf_save(a->vmid, c);
	}
	if (r < 0)
		vacate(a->vmid, c, "create", r);
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_source source = SOURCE_NONE;
	auto_access in = { 0 };
	auto_lock lock = LOCK_NONE;
	int r;

	r = access_take(args_value(a, "password"), args_value(a, "ssh-public-keys"), &in);
	if (r == 0)
		r = source_open(a->argv[0], &source);
	if (r == 0)
		r = lock_take(a->vmid, 5, &lock);
	if (r == 0)
		r = check_vacant(a->vmid);
	if (r == 0)
		r = make_config(a, &c);
	if (r == 0)
		r = check_reachable(a, &c);
	if (r != 0)
		return r;
	interrupt_catch();
	r = make(a, &source, &in, &c);
	if (r != 0)
		return r;
	lock_release(&lock);
	return args_bool(a, "start") ? start_container(a->vmid, 0) : 0;
}

static const struct option options[] = {
	{ "password", OPTION_TEXT, .max = 511, .asked = true, .value = "[<password>]",
	  .help = "its root's; asked for if not given a value" },
	{ "ssh-public-keys", OPTION_TEXT, .min = 1, .max = 4096, .value = "<file>",
	  .help = "who may log in as its root by ssh" },
	{ "start", OPTION_BOOL, .help = "start it when it is made" },
	{ "storage", OPTION_TEXT, .min = 2, .max = 100, .form = storage_id_wrong,
	  .value = "<storage>",
	  .help = "where volumes are made of which only the size is given; 'local' if not said" },
};

const struct command cmd_create = {
	.name = "create",
	.args = "<vmid> <template>",
	.help = "Make a container from a template",
	.more =
	    "It is unprivileged if not told otherwise: its root is an ordinary user of the host. "
	    "What cannot be finished leaves nothing behind.\n",
	.min_args = 2,
	.max_args = 2,
	.vmid = true,
	.wants = WANTS_FREE,
	.takes_keys = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
