// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/oci.h"
#include <ctype.h>
#include <signal.h>

#include "pct/conf/forms.h"
#include "pct/image/digest.h"
#include "pct/image/json.h"
#include "pct/paths.h"

#define LINE_MAX_TEXT 4096

static const struct {
	const char *ours, *theirs;
} archs[] = {
	{ "amd64", "amd64" }, { "i386", "386" },	{ "arm64", "arm64" },
	{ "armhf", "arm" },   { "riscv64", "riscv64" }, { "riscv32", "riscv32" },
};

const char *oci_arch(const char *ours)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (strcmp(archs[i].ours, ours) == 0)
			return archs[i].theirs;
	return ours;
}

const char *oci_arch_ours(const char *theirs)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (strcmp(archs[i].theirs, theirs) == 0)
			return archs[i].ours;
	return NULL;
}

static int wrong(char why[160], const char *text)
{
	snprintf(why, 160, "%s", text);
	return -EINVAL;
}

static bool descriptor(json_object *o, struct blob *out)
{
	const char *digest = json_text(o, "digest");
	int64_t size = json_number(o, "size");

	digest = digest ? digest_oci(digest) : NULL;
	if (!digest || size < 0)
		return false;
	memcpy(out->sha256, digest, sizeof(out->sha256));
	out->size = (uint64_t)size;
	return true;
}

static bool is_index(json_object *o)
{
	const char *type = json_text(o, "mediaType");

	return type && (strstr(type, "image.index") || strstr(type, "manifest.list"));
}

int oci_index(json_object *index, const char *arch, struct blob *out, char why[160])
{
	json_object *list = json_get(index, "manifests", json_type_array), *found = NULL,
		    *any = NULL;
	size_t used = (size_t)snprintf(why, 160, "it is for other architectures:");

	if (json_count(list) == 0)
		return wrong(why, "its index names no image");
	for (size_t i = 0; i < json_count(list) && !found; i++) {
		json_object *m = json_object_array_get_idx(list, i);
		json_object *p = json_get(m, "platform", json_type_object);
		const char *for_arch = json_text(p, "architecture"), *os = json_text(p, "os");

		if (!p && !any)
			any = m;
		else if (for_arch && strcmp(for_arch, oci_arch(arch)) == 0 &&
			 (!os || strcmp(os, "linux") == 0))
			found = m;
		else if (for_arch && strcmp(for_arch, "unknown") != 0 && used < 140)
			used += (size_t)snprintf(why + used, 160 - used, " %.20s", for_arch);
	}
	/* One that does not say for what it is tells it in its config. */
	found = found ? found : any;
	if (!found)
		return -ENOENT;
	if (!descriptor(found, out))
		return wrong(why, "its index names an image without a SHA-256 and a size");
	return is_index(found);
}

int oci_manifest(json_object *manifest, struct blob *config, struct blob **layers, size_t *n,
		 char why[160])
{
	json_object *list = json_get(manifest, "layers", json_type_array);
	size_t count = json_count(list);
	auto_free struct blob *all = NULL;
	struct blob c;

	if (!descriptor(json_get(manifest, "config", json_type_object), &c))
		return wrong(why, "its manifest names no config");
	if (count == 0 || count > LAYERS_MAX)
		return wrong(why, "its manifest names no layers, or more than 512");
	all = calloc(count, sizeof(*all));
	if (!all)
		return wrong(why, "memory is out");
	for (size_t i = 0; i < count; i++) {
		json_object *l = json_object_array_get_idx(list, i);
		const char *type = json_text(l, "mediaType");

		if (!descriptor(l, &all[i]))
			return wrong(why,
				     "its manifest names a layer without a SHA-256 and a size");
		if (type && strstr(type, "+encrypted"))
			return wrong(why, "its layers are encrypted");
	}
	*config = c;
	*layers = take_ptr(all);
	*n = count;
	return 0;
}

/* ---- how it is run ---- */

static bool is_line(const char *text)
{
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return true;
}

/* As a shell would have it, which is how a conf's entrypoint is read: ct/words.h. */
static bool put_word(FILE *to, const char *word)
{
	if (!is_line(word))
		return false;
	if (ftell(to))
		fputc(' ', to);
	if (*word && !strpbrk(word, " \t'\"\\")) {
		fputs(word, to);
		return true;
	}
	fputc('\'', to);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]){ *word, '\0' }, to);
	fputc('\'', to);
	return true;
}

char *oci_command(json_object *first, json_object *second)
{
	json_object *lists[] = { first, second };
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	bool good = to;

	for (size_t k = 0; good && k < ARRAY_LEN(lists); k++)
		for (size_t i = 0; good && i < json_count(lists[k]); i++) {
			const char *w = json_string(json_object_array_get_idx(lists[k], i));

			good = w && put_word(to, w);
		}
	if (to && fclose(to) != 0)
		good = false;
	return good && size && size <= LINE_MAX_TEXT ? take_ptr(text) : NULL;
}

/* NAME=value, a line each. */
static char *variables(json_object *list)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	for (size_t i = 0; to && i < json_count(list); i++) {
		const char *v = json_string(json_object_array_get_idx(list, i));

		if (v && is_line(v) && !form_variable(v))
			fprintf(to, "%s%s", ftell(to) ? "\n" : "", v);
	}
	return to && fclose(to) == 0 && size && size <= 65536 ? take_ptr(text) : NULL;
}

static char *volumes(json_object *set)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (to && set) {
		json_object_object_foreach(set, path, unused)
		{
			(void)unused;
			if (*path == '/' && is_line(path) && strlen(path) < LINE_MAX_TEXT)
				fprintf(to, "%s%s", ftell(to) ? "\n" : "", path);
		}
	}
	return to && fclose(to) == 0 && size ? take_ptr(text) : NULL;
}

/* "SIGTERM", "TERM", "15", as LXC takes it. */
static char *signal_of(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end != text && !*end)
		return n > 0 && n < 65 ? text_of("%ld", n) : NULL;
	if (strncmp(text, "SIG", 3) == 0)
		text += 3;
	if (strncmp(text, "RTMIN+", 6) == 0) {
		n = strtol(text + 6, &end, 10);
		return n >= 0 && n <= 30 && !*end && end > text + 6 ? text_of("SIGRTMIN+%ld", n)
								    : NULL;
	}
	for (int i = 1; i < 32; i++)
		if (sigabbrev_np(i) && strcmp(sigabbrev_np(i), text) == 0)
			return text_of("SIG%s", text);
	return NULL;
}

static char *line_of(const char *text)
{
	return text && *text && is_line(text) && strlen(text) < LINE_MAX_TEXT ? strdup(text) : NULL;
}

int oci_config(json_object *config, struct image *out, char why[160])
{
	json_object *c = json_get(config, "config", json_type_object);
	const char *os = json_text(config, "os"), *arch = json_text(config, "architecture"),
		   *cwd = json_text(c, "WorkingDir"), *halt = json_text(c, "StopSignal");
	json_object *words[] = { json_get(c, "Entrypoint", json_type_array),
				 json_get(c, "Cmd", json_type_array) };

	if (os && strcmp(os, "linux") != 0)
		return wrong(why, "it is not for Linux");
	if (!arch || !oci_arch_ours(arch))
		return wrong(why, "it is for an architecture that pct does not know");
	out->oci = true;
	free(out->arch);
	out->arch = strdup(oci_arch_ours(arch));
	out->run.entrypoint = oci_command(words[0], words[1]);
	if (!out->run.entrypoint && json_count(words[0]) + json_count(words[1]))
		snprintf(why, 160, "its command cannot be written in one line");
	out->run.env = variables(json_get(c, "Env", json_type_array));
	out->run.user = line_of(json_text(c, "User"));
	out->run.cwd = cwd && *cwd == '/' ? line_of(cwd) : NULL;
	out->run.halt = halt ? signal_of(halt) : NULL;
	out->run.volumes = volumes(json_get(c, "Volumes", json_type_object));
	return 0;
}

/* ---- docker save ---- */

int docker_manifest(json_object *list, struct docker *out)
{
	json_object *o = json_count(list) ? json_object_array_get_idx(list, 0) : NULL;
	json_object *layers = json_get(o, "Layers", json_type_array);
	const char *config = json_text(o, "Config");
	size_t n = json_count(layers);

	if (!config || n == 0 || n > LAYERS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!json_string(json_object_array_get_idx(layers, i)))
			return -EINVAL;
	out->config = text_of("%s", config);
	for (; out->n < n; out->n++)
		out->layers[out->n] =
		    text_of("%s", json_string(json_object_array_get_idx(layers, out->n)));
	return 0;
}

void docker_free(struct docker *d)
{
	free(d->config);
	while (d->n)
		free(d->layers[--d->n]);
	d->config = NULL;
}
