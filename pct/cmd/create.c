// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct create: a conf, and a root file system made from a template.
 *
 * The conf comes first, with `lock: create`, and loses that lock last: at any moment in between
 * `pct destroy` knows what there is to remove.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/start.h"
#include "pct/ct/words.h"
#include "pct/guest/access.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/template.h"
#include "pct/root/tree.h"

/* Whatever has this VMID already. */
static int check_free(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	static const char *const dirs[] = { "images", "lxc" };
	const char *lock;

	if (conf_exists(vmid)) {
		int r = conf_load(vmid, &c);

		if (r < 0)
			return r;
		lock = config_get(&c, "lock");
		if (lock && strcmp(lock, "create") == 0)
			return refuse(-EEXIST,
				      "CT %u is there, but was never finished: 'pct destroy "
				      "%u' removes it, then create it again",
				      vmid, vmid);
		return refuse(-EEXIST,
			      "CT %u already exists; take another VMID, or 'pct destroy %u' "
			      "first",
			      vmid, vmid);
	}
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = path_to("var/lib/pct/%s/%u", dirs[i], vmid);

		if (access(path, F_OK) == 0)
			return refuse(-EEXIST,
				      "'%s' is in the way and belongs to no container; move "
				      "or remove it, then try again",
				      path);
	}
	return 0;
}

static int set(struct config *c, const char *key, const char *value)
{
	int r = config_set(c, key, value);

	return r < 0 ? fail(r, "set '%s' to '%s'", key, value) : 0;
}

/* What was given, and what a new container has when it was not. */
static int make_config(const struct args *a, struct config *out)
{
	auto_free char *hostname = text_of("CT%u", a->vmid);
	auto_free char *volume = volume_first(a->vmid);
	int r = config_init(out);

	if (r < 0)
		return fail(r, "make the config of CT %u", a->vmid);
	for (size_t i = 0; r == 0 && i < n_keys; i++)
		if (keys[i].created)
			r = set(out, keys[i].option.name, keys[i].created);
	if (r == 0)
		r = set(out, "hostname", hostname);
	for (size_t i = 0; r == 0 && i < a->n_given; i++) {
		auto_free char *value = key_complete(a->given[i].name, NULL, a->given[i].value);

		r = value ? set(out, a->given[i].name, value) : fail(-ENOMEM, "make the config");
	}
	if (r == 0)
		r = set(out, "rootfs", volume);
	return r < 0 ? r : set(out, "lock", "create");
}

/*
 * images/<vmid> and the volume in it. No user of the host may enter the first: a container's root
 * could leave a setuid program for them. The group lets an unprivileged container's root through.
 */
static int make_volume(unsigned vmid, const struct config *c, unsigned shift, int *root)
{
	auto_free char *images = path_to("var/lib/pct/images");
	auto_free char *dir = path_to("var/lib/pct/images/%u", vmid);
	auto_free char *path = NULL;
	unsigned owner;
	int r = paths_make(images, 0755);

	if (r == 0 && shift)
		r = start_reachable(vmid, dir);
	if (r == 0 && volume_path(config_get(c, "rootfs"), &path, &owner) < 0)
		r = -EINVAL;
	if (r < 0)
		return r;
	if (mkdir(dir, 0700) < 0 || chown(dir, 0, shift) < 0 ||
	    chmod(dir, shift ? 0710 : 0700) < 0 || mkdir(path, 0755) < 0 ||
	    chown(path, shift, shift) < 0)
		return fail(-errno, "make volume '%s'", path);
	*root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *root < 0 ? fail(-errno, "open volume '%s'", path) : 0;
}

/* What the conf says of the system inside, where the user did not. */
static int look_inside(const struct args *a, const struct source *s, int root, struct config *c)
{
	const char *entrypoint = config_get(c, "entrypoint");
	struct inside in;
	int r = inside_look(root, &in);

	if (r < 0)
		return fail(r, "look into the new root");
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

static int fill(const struct args *a, const struct source *s, const struct access *in,
		struct config *c)
{
	bool unprivileged = key_bool(c, "unprivileged");
	unsigned shift = unprivileged ? IDMAP_FIRST : 0;
	auto_fd root = -EBADF;
	int r = make_volume(a->vmid, c, shift, &root);

	if (r == 0) {
		const struct target t = { root, shift, unprivileged, config_get(c, "hostname") };

		r = source_make(s, &t);
	}
	if (r == 0)
		r = look_inside(a, s, root, c);
	if (r == 0)
		guest_create(a->vmid, root, c, in);
	/* On the disk before the conf says so. */
	if (r == 0 && syncfs(root) < 0)
		r = fail(-errno, "write the files of CT %u to the disk", a->vmid);
	if (r == 0 && interrupted())
		r = -EINTR;
	return r;
}

/* Nothing stays of what could not be finished. */
static void undo(unsigned vmid, int why)
{
	auto_free char *dir = path_to("var/lib/pct/images/%u", vmid);

	if (why == -EINTR)
		say(SAY_ERR, 0, "create CT %u: interrupted, nothing is left of it", vmid);
	if (tree_remove(dir) < 0 || conf_remove(vmid) < 0)
		say(SAY_ERR, 0, "something is left of CT %u; 'pct destroy %u' removes it", vmid,
		    vmid);
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
		r = check_free(a->vmid);
	if (r == 0)
		r = make_config(a, &c);
	if (r != 0)
		return r;
	interrupt_catch();
	r = conf_save(a->vmid, &c);
	if (r == 0)
		r = fill(a, &source, &in, &c);
	if (r == 0) {
		config_unset(&c, "lock");
		r = conf_save(a->vmid, &c);
	}
	if (r < 0)
		undo(a->vmid, r);
	return r;
}

static const struct option options[] = {
	{ "password", OPTION_TEXT, .max = 511, .asked = true, .value = "[<password>]",
	  .help = "its root's; asked for if not given a value" },
	{ "ssh-public-keys", OPTION_TEXT, .min = 1, .max = 4096, .value = "<file>",
	  .help = "who may log in as its root by ssh" },
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
