// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/streams.h"
#include <ctype.h>

#include "pct/image/digest.h"
#include "pct/image/json.h"
#include "pct/paths.h"

#define PRODUCTS_MAX 20000

/* Below the server's address, whatever it says. */
static bool is_path(const char *path)
{
	if (!path || !*path || *path == '/' || strstr(path, "..") || strstr(path, "://"))
		return false;
	for (const char *p = path; *p; p++)
		if (!isgraph((unsigned char)*p) || strchr("?#\\", *p))
			return false;
	return strlen(path) <= 1024;
}

char *streams_images(json_object *index)
{
	json_object *all = json_get(index, "index", json_type_object);

	if (!all)
		return NULL;
	json_object_object_foreach(all, name, entry)
	{
		const char *type = json_text(entry, "datatype"), *path = json_text(entry, "path");

		(void)name;
		if (type && strcmp(type, "image-downloads") == 0 && is_path(path))
			return text_of("%s", path);
	}
	return NULL;
}

static bool remote_of(json_object *item, struct remote *out)
{
	const char *path = json_text(item, "path"), *sum = json_text(item, "sha256");
	int64_t size = json_number(item, "size");

	if (!is_path(path) || !sum || !digest_is(sum) || size <= 0)
		return false;
	out->path = text_of("%s", path);
	out->blob.size = (uint64_t)size;
	memcpy(out->blob.sha256, sum, SHA256_TEXT);
	return true;
}

static json_object *item_of(json_object *items, const char *const types[])
{
	for (; *types; types++) {
		json_object_object_foreach(items, name, item)
		{
			const char *type = json_text(item, "ftype");

			(void)name;
			if (type && strcmp(type, *types) == 0)
				return item;
		}
	}
	return NULL;
}

static bool take_files(json_object *version, struct product *p)
{
	static const char *const roots[] = { "root.tar.zst", "root.tar.xz", "root.tar.gz",
					     "root.tar.bz2", "root.tar",    NULL };
	static const char *const metas[] = { "incus.tar.xz", "lxd.tar.xz", NULL };
	json_object *items = json_get(version, "items", json_type_object);
	json_object *root = items ? item_of(items, roots) : NULL;
	json_object *meta = items ? item_of(items, metas) : NULL;
	const char *type = json_text(root, "ftype");
	const char *combined = type && strcmp(type, "root.tar.xz") == 0
				   ? json_text(meta, "combined_rootxz_sha256")
				   : NULL;

	if (!root || !remote_of(root, &p->root))
		return false;
	if (combined && digest_is(combined) && remote_of(meta, &p->meta))
		memcpy(p->combined, combined, SHA256_TEXT);
	return true;
}

/* Versions are names that sort by time. */
static void take_newest(json_object *versions, struct product *p)
{
	json_object *best = NULL;
	const char *newest = NULL;

	json_object_object_foreach(versions, name, version)
	{
		struct product probe = { 0 };

		if ((!newest || strcmp(name, newest) > 0) && take_files(version, &probe)) {
			newest = name;
			best = version;
		}
		free(probe.root.path);
		free(probe.meta.path);
	}
	if (newest && take_files(best, p))
		p->version = text_of("%s", newest);
}

static char *text_in(json_object *o, const char *key)
{
	const char *text = json_text(o, key);

	for (const char *p = text; p && *p; p++)
		if (iscntrl((unsigned char)*p))
			return NULL;
	return text ? text_of("%s", text) : NULL;
}

static void product_free(struct product *p)
{
	char **texts[] = { &p->name, &p->aliases, &p->os,	 &p->release,  &p->variant,
			   &p->arch, &p->version, &p->root.path, &p->meta.path };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*texts[i]);
	*p = (struct product){ 0 };
}

void products_free(struct product *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		product_free(&all[i]);
	free(all);
}

static bool take_product(const char *name, json_object *o, const char *arch, struct product *out)
{
	const char *for_arch = json_text(o, "arch");
	json_object *versions = json_get(o, "versions", json_type_object);
	struct product p = { 0 };

	for (const char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	if (!versions || (arch && (!for_arch || strcmp(for_arch, arch) != 0)))
		return false;
	p.name = text_of("%s", name);
	p.aliases = text_in(o, "aliases");
	p.os = text_in(o, "os");
	p.release = text_in(o, "release");
	p.variant = text_in(o, "variant");
	p.arch = text_in(o, "arch");
	take_newest(versions, &p);
	if (!p.version) {
		product_free(&p);
		return false;
	}
	*out = p;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct product *)a)->name, ((const struct product *)b)->name);
}

int streams_products(json_object *images, const char *arch, struct product **out, size_t *n)
{
	json_object *products = json_get(images, "products", json_type_object);
	size_t count = products ? (size_t)json_object_object_length(products) : 0, have = 0;
	struct product *all;

	if (!products || count > PRODUCTS_MAX)
		return -EINVAL;
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	json_object_object_foreach(products, name, o) have +=
	    take_product(name, o, arch, &all[have]);
	qsort(all, have, sizeof(*all), by_name);
	*out = all;
	*n = have;
	return 0;
}

bool product_is(const struct product *p, const char *word)
{
	auto_free char *aliases = text_of("%s", p->aliases ? p->aliases : "");
	auto_free char *wanted = image_name_of(word);
	char *rest = aliases, *alias;

	if (strcmp(p->name, word) == 0)
		return true;
	while ((alias = strsep(&rest, ","))) {
		auto_free char *name = image_name_of(alias);

		if (*alias && strcmp(name, wanted) == 0)
			return true;
	}
	return false;
}

char *product_alias(const struct product *p)
{
	auto_free char *aliases = text_of("%s", p->aliases ? p->aliases : "");
	char *rest = aliases, *alias, *best = NULL;

	while ((alias = strsep(&rest, ",")))
		if (*alias && (!best || strlen(alias) < strlen(best)))
			best = alias;
	return text_of("%s", best ? best : p->name);
}
