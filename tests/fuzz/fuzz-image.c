// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as each JSON that an image server or an archive has: no path leads out of the server's,
 * no digest is anything else, no command is read back as other words.
 */
#include <stdint.h>

#include "base/say.h"
#include "pct/ct/words.h"
#include "pct/image/digest.h"
#include "pct/image/json.h"
#include "pct/image/oci.h"
#include "pct/image/streams.h"
#include "tests/fuzz/fuzz.h"

static void archive(json_object *o)
{
	auto_free struct blob *layers = NULL;
	auto_image image = { 0 };
	auto_free char **words = NULL;
	struct blob b;
	char why[160];
	size_t n;

	if (oci_index(o, "amd64", &b, why) >= 0)
		HOLDS(digest_is(b.sha256));
	if (oci_manifest(o, &b, &layers, &n, why) == 0) {
		HOLDS(n > 0 && n <= LAYERS_MAX && digest_is(b.sha256));
		for (size_t i = 0; i < n; i++)
			HOLDS(digest_is(layers[i].sha256));
	}
	if (oci_config(o, &image, why) == 0) {
		HOLDS(image.arch && oci_arch(image.arch));
		HOLDS(!image.run.entrypoint || !strchr(image.run.entrypoint, '\n'));
		HOLDS(!image.run.cwd || *image.run.cwd == '/');
	}
	if (image.run.entrypoint) {
		json_object *c = json_get(o, "config", json_type_object);
		json_object *lists[] = { json_get(c, "Entrypoint", json_type_array),
					 json_get(c, "Cmd", json_type_array) };

		HOLDS(words_split(image.run.entrypoint, &words) == 0);
		n = 0;
		for (size_t k = 0; k < 2; k++)
			for (size_t i = 0; i < json_count(lists[k]); i++, n++) {
				json_object *w = json_object_array_get_idx(lists[k], i);

				HOLDS(words[n] && strcmp(words[n], json_string(w)) == 0);
			}
		HOLDS(!words[n]);
	}
}

static void docker(json_object *o)
{
	CLEANUP(docker_free) struct docker d = { 0 };

	if (docker_manifest(o, &d) == 0)
		HOLDS(d.n > 0 && d.n <= LAYERS_MAX && d.config);
}

static void streams(json_object *o)
{
	auto_free char *path = streams_images(o);
	struct product *all;
	size_t n;

	HOLDS(!path || (*path != '/' && !strstr(path, "..") && !strstr(path, "://")));
	if (streams_products(o, NULL, &all, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		auto_free char *alias = product_alias(&all[i]);
		const char *root = all[i].root.path;

		HOLDS(digest_is(all[i].root.blob.sha256) && *alias);
		HOLDS(*root != '/' && !strstr(root, "..") && !strstr(root, "://"));
	}
	products_free(all, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = strndup((const char *)data, size);
	auto_json o = json_of((const char *)data, size);
	auto_image i = { 0 };

	say_limit = SAY_ERR - 1;
	if (text && image_parse(text, &i) == 0)
		HOLDS(i.n_layers > 0 && !image_name_form(i.name) && digest_is(i.digest));
	if (!o)
		return 0;
	archive(o);
	docker(o);
	streams(o);
	return 0;
}
