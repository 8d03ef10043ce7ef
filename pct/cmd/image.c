// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct image: what containers are made of: got from servers, built here, taken from files.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/cli/progress.h"
#include "pct/cli/size.h"
#include "pct/image/build.h"
#include "pct/image/digest.h"
#include "pct/image/download.h"
#include "pct/image/http.h"
#include "pct/image/import.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/storage/base.h"

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void put_date(int64_t when, char out[20])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(out, 20, "%Y-%m-%d %H:%M", &tm))
		snprintf(out, 20, "-");
}

static int list(const struct args *a, const char *unused)
{
	auto_output all = json_object_new_array();
	struct image *images = NULL;
	size_t n = 0;
	int r = image_list(&images, &n);

	(void)unused;
	if (r < 0)
		return r;
	if (!args_json(a) && n)
		printf("%-24s %-8s %-8s %-16s %s\n", "NAME", "ARCH", "SIZE", "SINCE", "SOURCE");
	for (size_t i = 0; i < n; i++) {
		char size[SIZE_TEXT], since[20];

		json_object_array_add(all, image_json(&images[i]));
		size_short(image_size(&images[i]), size);
		put_date(images[i].created, since);
		if (!args_json(a))
			printf("%-24s %-8s %-8s %-16s %s\n", images[i].name,
			       or_dash(images[i].arch), size, since, or_dash(images[i].source));
	}
	if (args_json(a))
		output_json(all);
	images_free(images, n);
	return r > 0;
}

static json_object *product_json(const struct product *p)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "product", p->name },
		{ "aliases", p->aliases },
		{ "os", p->os },
		{ "release", p->release },
		{ "variant", p->variant },
		{ "arch", p->arch },
		{ "version", p->version },
		{ "path", p->root.path },
		{ "sha256", p->root.blob.sha256 },
	};
	json_object *o = json_object_new_object();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].value)
			json_object_object_add(o, texts[i].key,
					       json_object_new_string(texts[i].value));
	json_object_object_add(o, "size", json_object_new_int64((int64_t)p->root.blob.size));
	return o;
}

static int available(const struct args *a, const char *word)
{
	auto_output all = json_object_new_array();
	struct product *products = NULL;
	size_t n = 0, shown = 0;
	int r = download_list(args_value(a, "server"), args_value(a, "arch"), &products, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		auto_free char *alias = product_alias(&products[i]);
		char size[SIZE_TEXT];

		if (word && !strstr(products[i].name, word) &&
		    !(products[i].aliases && strstr(products[i].aliases, word)))
			continue;
		json_object_array_add(all, product_json(&products[i]));
		if (args_json(a))
			continue;
		if (shown++ == 0)
			printf("%-32s %-8s %-8s %s\n", "NAME", "ARCH", "SIZE", "VERSION");
		size_short(products[i].root.blob.size, size);
		printf("%-32s %-8s %-8s %s\n", alias, or_dash(products[i].arch), size,
		       products[i].version);
	}
	if (r == 0 && args_json(a))
		output_json(all);
	products_free(products, n);
	return r;
}

/* What has come: its name, or all of it for programs. */
static int told(const struct args *a, const char *name)
{
	auto_image i = { 0 };
	auto_output o = NULL;
	int r = image_load(name, &i);

	if (r < 0)
		return r == -ENOENT ? fail(r, "read the image '%s'", name) : r;
	if (!args_json(a)) {
		printf("%s\n", name);
		return 0;
	}
	o = image_json(&i);
	output_json(o);
	return 0;
}

static int get(const struct args *a, const char *what)
{
	struct progress p = progress_of(a);
	auto_free char *name = NULL;
	struct wanted w = {
		.what = what,
		.name = args_value(a, "name"),
		.server = args_value(a, "server"),
		.arch = args_value(a, "arch"),
		.sha256 = args_value(a, "sha256"),
	};
	int r;

	interrupt_catch();
	r = download(&w, &p, &name);
	if (r > 0)
		info("the image '%s' is here and the newest there is", name);
	return r < 0 ? r : told(a, name);
}

/* Neither made nor imported over another. */
static int check_name(const char *name)
{
	auto_image i = { 0 };
	int r = image_load(name, &i);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r
		     : refuse(-EEXIST,
			      "there is an image '%s' already; give --name, or 'pct image remove "
			      "%s' first",
			      name, name);
}

static int make(const struct args *a, const char *what)
{
	const char *given = args_value(a, "name");
	auto_free char *name = given ? text_of("%s", given) : image_name_of(what);
	struct progress p = progress_of(a);
	int r = check_name(name);

	interrupt_catch();
	if (r == 0)
		r = build(what, name, args_value(a, "mirror"), args_value(a, "arch"), &p);
	return r < 0 ? r : told(a, name);
}

/* "/a/debian.tar.xz" is "debian". */
static char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *base = text_of("%s", slash ? slash + 1 : path);
	char *tar = strstr(base, ".tar");

	if (tar && tar > base)
		*tar = '\0';
	return image_name_of(base);
}

static int take(const struct args *a, const char *path)
{
	const char *given = args_value(a, "name"), *arch = args_value(a, "arch");
	auto_fd fd = -EBADF;
	auto_image i = { .name = given ? text_of("%s", given) : name_of_file(path),
			 .source = text_of("%s", path) };
	struct progress p = progress_of(a);
	struct stat st;
	int r;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return refuse(-EINVAL, "'%s' is not a file; give a tar, or an OCI archive", path);
	if (image_name_form(i.name))
		return refuse(-EINVAL, "give '%s' a name of its own: --name NAME", path);
	r = check_name(i.name);
	interrupt_catch();
	if (r == 0)
		r = store_clean();
	if (r == 0)
		r = import_file(fd, NULL, arch ? arch : import_arch(), &i, &p);
	return r < 0 ? r : told(a, i.name);
}

struct images {
	struct image *all;
	size_t n;
};

static bool is_of_one(const char *digest, void *data)
{
	const struct images *there = data;

	for (size_t i = 0; i < there->n; i++)
		if (strcmp(there->all[i].digest, digest) == 0)
			return true;
	return false;
}

/* What images were unpacked to, once they are gone. */
static void prune_bases(void)
{
	struct images there = { 0 };

	/* One that cannot be read may be that of any. */
	if (image_list(&there.all, &there.n) == 0)
		storage_bases_prune(is_of_one, &there);
	images_free(there.all, there.n);
}

static int drop(const struct args *a, const char *name)
{
	(void)a;
	return image_remove(name);
}

static const char *form_digest(const char *text)
{
	return digest_is(text) ? NULL : "64 digits of 0-9a-f";
}

static const struct {
	const char *name;
	int (*run)(const struct args *a, const char *what);
	const char *needs;   /* a word more: it changes what there is; NULL: it may have one */
	const char *options; /* those it has */
} actions[] = {
	{ "available", available, NULL, " arch server " },
	{ "build", make, "what, as debian-12", " arch mirror name " },
	{ "download", get, "what: a name on the server, or an address",
	  " arch name server sha256 " },
	{ "import", take, "a file", " arch name " },
	{ "list", list, NULL, "" },
	{ "remove", drop, "the name of an image", "" },
};

static int run(const struct args *a)
{
	const char *action = a->argv[0], *what = a->argv[1];
	int r;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, action) != 0)
			continue;
		if (actions[i].needs && !what)
			return refuse(EXIT_USAGE, "image: '%s' needs %s", action, actions[i].needs);
		for (size_t k = 0; k < a->n_given; k++) {
			auto_free char *word = text_of(" %s ", a->given[k].name);

			if (!strstr(actions[i].options, word) &&
			    strcmp(a->given[k].name, "output-format") != 0)
				return refuse(EXIT_USAGE, "image: '%s' has no --%s", action,
					      a->given[k].name);
		}
		if (actions[i].run != available && args_value(a, "arch") &&
		    strcmp(args_value(a, "arch"), "all") == 0)
			return refuse(EXIT_USAGE, "image: --arch all is only for 'available'");
		r = actions[i].run(a, what);
		if (actions[i].needs)
			prune_bases();
		return r;
	}
	return refuse(EXIT_USAGE,
		      "image: say available, build, download, import, list or remove, not '%s'",
		      action);
}

static const char *const archs[] = { "amd64",	"arm64",   "armhf", "i386",
				     "riscv64", "riscv32", "all",   NULL };

static const struct option options[] = {
	{ "arch", OPTION_WORD, .words = archs,
	  .help = "for another architecture than this host's; all: for 'available'" },
	{ "mirror", OPTION_TEXT, .min = 1, .max = 1024, .form = http_form, .value = "<URL>",
	  .help = "build: where packages come from; mmdebstrap knows one" },
	{ "name", OPTION_TEXT, .min = 1, .max = 100, .form = image_name_form, .value = "<name>",
	  .help = "what the image is called here; what it is called there" },
	{ "server", OPTION_TEXT, .min = 1, .max = 1024, .form = http_form, .value = "<URL>",
	  .help = "a simplestreams server; image-server of etc/pct/pct.conf" },
	{ "sha256", OPTION_TEXT, .min = 64, .max = 64, .form = form_digest, .value = "<hex>",
	  .help = "download: what the file at a plain address must be" },
};

const struct command cmd_image = {
	.name = "image",
	.args = "<action> [what]",
	.help = "List, download, build, import or remove what containers are made of",
	.more =
	    "'available [WORD]' is what a simplestreams server has; 'download NAME|URL' gets an "
	    "image of it or a tar, and goes on with what broke off; its SHA-256 must be right, and "
	    "its signature where etc/pct/images.gpg or image-keyring has keys. 'build debian-12' "
	    "makes one by mmdebstrap: debian-* and ubuntu-*, with -minbase or another variant "
	    "behind it. 'import FILE' takes a tar, or an OCI archive with its command, variables "
	    "and user. Then 'pct create VMID NAME'.\n\n"
	    "etc/pct/pct.conf, 'key: value' a line, has image-server, image-keyring, "
	    "image-timeout, image-expiry (days after which what was downloaded and not used goes, "
	    "10), unpack-max-entries and unpack-max-size.\n",
	.min_args = 1,
	.max_args = 2,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
