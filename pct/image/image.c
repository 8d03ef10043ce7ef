// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/image.h"
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/image/digest.h"
#include "pct/image/json.h"
#include "pct/net/file.h"
#include "pct/paths.h"
#include "pct/root/tree.h"

#define NAME_MAX_TEXT 100

/* The texts of an image and their names in its file. */
static const struct {
	const char *key;
	size_t at;
} texts[] = {
	{ "name", offsetof(struct image, name) },
	{ "source", offsetof(struct image, source) },
	{ "os", offsetof(struct image, os) },
	{ "release", offsetof(struct image, release) },
	{ "variant", offsetof(struct image, variant) },
	{ "arch", offsetof(struct image, arch) },
}, runs[] = {
	{ "entrypoint", offsetof(struct image, run.entrypoint) },
	{ "env", offsetof(struct image, run.env) },
	{ "user", offsetof(struct image, run.user) },
	{ "cwd", offsetof(struct image, run.cwd) },
	{ "halt", offsetof(struct image, run.halt) },
	{ "volumes", offsetof(struct image, run.volumes) },
};

#define TEXT_AT(i, row) (*(char **)(void *)((char *)(i) + (row).at))

void image_free(struct image *i)
{
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		free(TEXT_AT(i, texts[k]));
	for (size_t k = 0; k < ARRAY_LEN(runs); k++)
		free(TEXT_AT(i, runs[k]));
	free(i->layers);
	*i = (struct image){ 0 };
}

void images_free(struct image *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image_free(&all[i]);
	free(all);
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._+-", c));
}

const char *image_name_form(const char *name)
{
	const char *p = name;

	while (is_plain(*p))
		p++;
	return isalnum((unsigned char)*name) && !*p && p - name <= NAME_MAX_TEXT
		   ? NULL
		   : "an image's name: letters, digits and '._+-', a letter or digit first";
}

char *image_name_of(const char *text)
{
	char *name = text_of("%.*s", NAME_MAX_TEXT, text), *to = name;

	for (const char *p = name; *p; p++)
		if (is_plain(*p) && (to > name || isalnum((unsigned char)*p)))
			*to++ = *p;
		else if (to > name && to[-1] != '-')
			*to++ = '-';
	*to = '\0';
	while (to > name && to[-1] == '-')
		*--to = '\0';
	return name;
}

uint64_t image_size(const struct image *i)
{
	uint64_t size = 0;

	for (size_t k = 0; k < i->n_layers; k++)
		size += i->layers[k].size;
	return size;
}

/* ---- its file ---- */

static void add(json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

json_object *image_json(const struct image *i)
{
	json_object *o = json_object_new_object(), *layers = json_object_new_array(),
		    *run = json_object_new_object();

	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		add(o, texts[k].key, TEXT_AT(i, texts[k]));
	add(o, "sha256", i->digest);
	json_object_object_add(o, "size", json_object_new_int64((int64_t)image_size(i)));
	json_object_object_add(o, "created", json_object_new_int64(i->created));
	json_object_object_add(o, "used", json_object_new_int64(i->used));
	json_object_object_add(o, "expires", json_object_new_boolean(i->expires));
	json_object_object_add(o, "oci", json_object_new_boolean(i->oci));
	for (size_t k = 0; k < i->n_layers; k++) {
		json_object *l = json_object_new_object();

		add(l, "sha256", i->layers[k].sha256);
		json_object_object_add(l, "size",
				       json_object_new_int64((int64_t)i->layers[k].size));
		json_object_array_add(layers, l);
	}
	json_object_object_add(o, "layers", layers);
	for (size_t k = 0; k < ARRAY_LEN(runs); k++)
		add(run, runs[k].key, TEXT_AT(i, runs[k]));
	json_object_object_add(o, "run", run);
	return o;
}

static int take_layers(json_object *list, struct image *out)
{
	size_t n = json_count(list);

	if (n == 0 || n > LAYERS_MAX)
		return -EINVAL;
	out->layers = calloc(n, sizeof(*out->layers));
	if (!out->layers)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		json_object *l = json_object_array_get_idx(list, i);
		const char *sum = json_text(l, "sha256");

		if (!sum || !digest_is(sum) || json_number(l, "size") < 0)
			return -EINVAL;
		memcpy(out->layers[i].sha256, sum, SHA256_TEXT);
		out->layers[i].size = (uint64_t)json_number(l, "size");
	}
	out->n_layers = n;
	return 0;
}

int image_parse(const char *text, struct image *out)
{
	auto_json o = json_of(text, strlen(text));
	json_object *run = json_get(o, "run", json_type_object);
	const char *sum = json_text(o, "sha256");
	auto_image i = { 0 };
	int r;

	if (!o || !sum || !digest_is(sum))
		return -EINVAL;
	memcpy(i.digest, sum, sizeof(i.digest));
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		if (json_text(o, texts[k].key))
			TEXT_AT(&i, texts[k]) = text_of("%s", json_text(o, texts[k].key));
	for (size_t k = 0; k < ARRAY_LEN(runs); k++)
		if (json_text(run, runs[k].key))
			TEXT_AT(&i, runs[k]) = text_of("%s", json_text(run, runs[k].key));
	i.created = json_number(o, "created");
	i.expires = json_object_get_boolean(json_get(o, "expires", json_type_boolean));
	i.oci = json_object_get_boolean(json_get(o, "oci", json_type_boolean));
	r = take_layers(json_get(o, "layers", json_type_array), &i);
	if (r < 0 || !i.name || image_name_form(i.name))
		return r < 0 ? r : -EINVAL;
	*out = i;
	i = (struct image){ 0 };
	return 0;
}

int image_load(const char *name, struct image *out)
{
	auto_free char *path = NULL;
	auto_free char *text = NULL;
	struct stat st;

	if (image_name_form(name))
		return -ENOENT;
	path = path_to("var/lib/pct/images-cache/names/%s.json", name);
	text = file_read(path);
	if (!text)
		return errno == ENOENT ? -ENOENT : fail(-errno, "read the image '%s'", name);
	if (image_parse(text, out) < 0 || strcmp(out->name, name) != 0) {
		image_free(out);
		return refuse(-EINVAL,
			      "'%s' is not an image's file; remove it, and get or make the image "
			      "again",
			      path);
	}
	if (stat(path, &st) == 0)
		out->used = st.st_mtime;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct image *)a)->name, ((const struct image *)b)->name);
}

int image_list(struct image **out, size_t *n)
{
	auto_free char *dir = path_to("var/lib/pct/images-cache/names");
	auto_fd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char **names = NULL;
	auto_free struct image *all = NULL;
	size_t count = 0, have = 0;
	int r = 0, unread = 0;

	if (fd < 0 && errno != ENOENT)
		return fail(-errno, "read '%s'", dir);
	if (fd >= 0)
		r = tree_names(fd, &names, &count);
	all = calloc(count + 1, sizeof(*all));
	if (r < 0 || !all)
		return fail(r < 0 ? r : -ENOMEM, "read '%s'", dir);
	for (size_t i = 0; i < count; i++) {
		char *dot = strrchr(names[i], '.');

		if (dot && strcmp(dot, ".json") == 0) {
			*dot = '\0';
			if (image_load(names[i], &all[have]) == 0)
				have++;
			else
				unread++;
		}
		free(names[i]);
	}
	qsort(all, have, sizeof(*all), by_name);
	*out = take_ptr(all);
	*n = have;
	return unread;
}

int image_open(const struct image *i, int **layers)
{
	auto_free int *fds = malloc((i->n_layers + 1) * sizeof(*fds));
	auto_free char *name = path_to("var/lib/pct/images-cache/names/%s.json", i->name);
	size_t n = 0;
	int r = fds ? 0 : fail(-ENOMEM, "open the image '%s'", i->name);

	while (r == 0 && n < i->n_layers) {
		auto_free char *path =
		    path_to("var/lib/pct/images-cache/blobs/%s", i->layers[n].sha256);

		fds[n] = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[n] < 0)
			r = fail(-errno, "open a layer of the image '%s'", i->name);
		else
			n++;
	}
	if (r < 0) {
		while (n)
			close(fds[--n]);
		return r;
	}
	/* Used now. no step: a time */
	(void)utimensat(AT_FDCWD, name, NULL, 0);
	*layers = take_ptr(fds);
	return 0;
}
