// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/download.h"

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/conf/site.h"
#include "pct/image/digest.h"
#include "pct/image/http.h"
#include "pct/image/import.h"
#include "pct/image/json.h"
#include "pct/image/signature.h"
#include "pct/paths.h"

#define JSON_MAX (64u << 20)
#define META_MAX (16u << 20)
#define SUMS_MAX (4u << 20)

/* A server's, with one slash at its end. */
static int server_of(const char *given, char **out)
{
	auto_free char *set = given ? text_of("%s", given) : site_text("image-server");
	size_t n = set ? strlen(set) : 0;

	if (!set)
		return refuse(-ENOENT,
			      "no server is set: write 'image-server: https://...' into "
			      "'%s/etc/pct/pct.conf', or give --server",
			      paths_root());
	if (http_form(set))
		return refuse(-EINVAL, "the server '%s' should be %s", set, http_form(set));
	while (n && set[n - 1] == '/')
		n--;
	*out = text_of("%.*s/", (int)n, set);
	return 0;
}

/* Somebody between us and another host could change both what comes and its SHA-256. */
static void warn_of_http(const char *url)
{
	static const char *const here[] = { "http://localhost", "http://127.", "http://[::1]" };

	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		if (strncmp(url, here[i], strlen(here[i])) == 0)
			return;
	if (strncmp(url, "http://", 7) == 0)
		warn(0, "'%s' comes over http: who is between may have changed it; use https", url);
}

static int get_text(const char *url, size_t max, char **text, size_t *n)
{
	int r = http_text(url, max, text, n);

	return r == -ENOENT ? refuse(r, "there is no '%s'", url) : r;
}

static int get_json(const char *url, char **text, size_t *n, json_object **out)
{
	int r = get_text(url, JSON_MAX, text, n);

	if (r < 0)
		return r;
	*out = json_of(*text, *n);
	return *out ? 0
		    : refuse(-EBADMSG,
			     "'%s' is no JSON: is it the address of a simplestreams server?", url);
}

/* 0: it is signed; -ENOENT: it is not, which is not said. */
static int text_signed(const char *url, const char *text, size_t n)
{
	auto_part p = PART_NONE;
	int r = signature_wanted() ? part_new(&p) : -ENOENT;

	if (r < 0)
		return r;
	if (write(p.fd, text, n) != (ssize_t)n)
		return fail(-EIO, "write '%s'", p.path);
	return signature_check(url, p.path);
}

/* @vouched: the list of images is signed, and with it the sums in it. */
static int get_products(const char *server, const char *arch, struct product **out, size_t *n,
			bool *vouched)
{
	auto_free char *index_url = text_of("%sstreams/v1/index.json", server);
	auto_free char *path = NULL;
	auto_free char *url = NULL;
	auto_free char *text = NULL;
	auto_free char *list = NULL;
	auto_json index = NULL;
	auto_json images = NULL;
	size_t size;
	int r = get_json(index_url, &text, &size, &index);

	if (r < 0)
		return r;
	path = streams_images(index);
	if (!path)
		return refuse(-EBADMSG, "'%s' names no images", index_url);
	url = text_of("%s%s", server, path);
	r = get_json(url, &list, &size, &images);
	if (r == 0 && vouched) {
		r = text_signed(url, list, size);
		*vouched = r == 0;
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0 && streams_products(images, arch, out, n) < 0)
		r = refuse(-EBADMSG, "'%s' is no list of images", url);
	return r;
}

int download_list(const char *server, const char *arch, struct product **out, size_t *n)
{
	auto_free char *base = NULL;
	int r = server_of(server, &base);

	arch = !arch ? import_arch() : strcmp(arch, "all") == 0 ? NULL : arch;
	return r < 0 ? r : get_products(base, arch, out, n, NULL);
}

/* ---- one file ---- */

/* What was there already, without the bytes that came now, may have been of another file. */
static int get_part(const char *url, const struct blob *want, struct part *to, struct progress *p)
{
	auto_free char *key = text_of("%s %s", url, want->sha256);
	struct blob got;
	int r = part_of(key, to);

	if (r < 0)
		return r;
	to->kept = true;
	r = http_part(url, to, want->size, site_number("unpack-max-size", 256ull << 30), p);
	if (r == -ENOENT) {
		to->kept = false;
		return refuse(r, "there is no '%s'", url);
	}
	if (r < 0) {
		to->kept = r != -EFBIG && r != -EBADMSG;
		return r;
	}
	to->kept = false;
	progress_begin(p, want->size, "check %s", strrchr(url, '/') + 1);
	r = progress_end(p, part_digest(to, p, &got));
	if (r == 0 && *want->sha256 && strcmp(got.sha256, want->sha256) != 0)
		return refuse(-EBADMSG,
			      "'%s' is not what it should be: its SHA-256 is %s, not %s; nothing "
			      "of it is used",
			      url, got.sha256, want->sha256);
	return r;
}

/* ---- simplestreams ---- */

/* The sum over both files is what such a server calls the image by. */
static int check_combined(const struct product *f, const char *server, struct part *root)
{
	auto_free char *url = f->meta.path ? text_of("%s%s", server, f->meta.path) : NULL;
	auto_free char *text = NULL;
	char sum_text[SHA256_TEXT], block[1 << 16];
	struct sha256_ctx sum;
	off_t at = 0;
	ssize_t got;
	size_t n;
	int r = url ? get_text(url, META_MAX, &text, &n) : 0;

	if (r < 0 || !url)
		return r;
	digest_of(text, n, sum_text);
	if (strcmp(sum_text, f->meta.blob.sha256) != 0)
		return refuse(-EBADMSG, "'%s' is not what it should be; nothing of it is used",
			      url);
	sha256_init(&sum);
	sha256_update(&sum, n, (const uint8_t *)text);
	for (; (got = pread(root->fd, block, sizeof(block), at)) > 0; at += got)
		sha256_update(&sum, (size_t)got, (const uint8_t *)block);
	digest_text(&sum, sum_text);
	return got == 0 && strcmp(sum_text, f->combined) == 0
		   ? 0
		   : refuse(-EBADMSG,
			    "'%s' and its tar do not belong together; nothing of them is used",
			    url);
}

static int need_signature(bool vouched, const char *url, const char *path)
{
	int r = vouched || !signature_wanted() ? 0 : signature_check(url, path);

	return r == -ENOENT ? refuse(-EBADMSG,
				     "'%s' is not signed, and there are keys to check it with; "
				     "nothing of it is used",
				     url)
			    : r;
}

static const struct product *choose(const struct product *all, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (product_is(&all[i], what))
			return &all[i];
	return NULL;
}

/* Here already, and the same? */
static bool is_newest(const char *name, const struct product *f)
{
	auto_image old = { 0 };

	return image_load(name, &old) == 0 && strcmp(old.digest, f->root.blob.sha256) == 0 &&
	       store_has(old.digest);
}

static char *copy(const char *text)
{
	return text ? text_of("%s", text) : NULL;
}

static int get_product(const struct product *f, const char *server, bool vouched, const char *name,
		       struct progress *p)
{
	auto_free char *url = text_of("%s%s", server, f->root.path);
	auto_part part = PART_NONE;
	auto_image i = { .name = text_of("%s", name),
			 .source = text_of("%s%s", server, f->name),
			 .os = copy(f->os),
			 .release = copy(f->release),
			 .variant = copy(f->variant),
			 .arch = copy(f->arch),
			 .expires = true };
	int r;

	warn_of_http(url);
	r = get_part(url, &f->root.blob, &part, p);
	if (r == 0)
		r = check_combined(f, server, &part);
	if (r == 0)
		r = need_signature(vouched, url, part.path);
	return r < 0 ? r : import_file(part.fd, &part, i.arch ? i.arch : import_arch(), &i, p);
}

static int from_streams(const struct wanted *w, const char *name, struct progress *p)
{
	const char *arch = w->arch ? w->arch : import_arch();
	auto_free char *server = NULL;
	struct product *all = NULL;
	const struct product *f;
	bool vouched = false;
	size_t n = 0;
	int r = server_of(w->server, &server);

	if (r == 0)
		r = get_products(server, arch, &all, &n, &vouched);
	if (r < 0)
		return r;
	f = choose(all, n, w->what);
	if (!f)
		r = refuse(-ENOENT,
			   "'%s' has no image '%s' for %s; 'pct image available' shows what it has",
			   server, w->what, arch);
	else if (is_newest(name, f))
		r = 1;
	else
		r = get_product(f, server, vouched, name, p);
	products_free(all, n);
	return r;
}

/* ---- plain addresses ---- */

/* "HEX  NAME", or "HEX" alone. */
static bool sum_in(const char *text, const char *file, char out[SHA256_TEXT])
{
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, "\n"), from = 64;

		if (n < 64)
			continue;
		snprintf(out, SHA256_TEXT, "%.64s", p);
		if (!digest_is(out))
			continue;
		while (from < n && strchr(" *\t", p[from]))
			from++;
		while (n > from && strchr(" \r", p[n - 1]))
			n--;
		if (from == n ||
		    (n - from == strlen(file) && memcmp(p + from, file, n - from) == 0))
			return true;
	}
	*out = '\0';
	return false;
}

/* Beside the file: URL.sha256, or SHA256SUMS. Positive: there is none. */
static int find_sum(const char *url, char out[SHA256_TEXT])
{
	const char *file = strrchr(url, '/') + 1;
	auto_free char *tries[] = { text_of("%s.sha256", url),
				    text_of("%.*sSHA256SUMS", (int)(file - url), url) };
	int r = 1;

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		auto_free char *text = NULL;
		size_t n;
		int got = r == 1 ? http_text(tries[i], SUMS_MAX, &text, &n) : -ENOENT;

		if (got < 0 && got != -ENOENT)
			r = got;
		else if (got == 0 && sum_in(text, file, out))
			r = 0;
	}
	free(tries[1]);
	return r;
}

static int from_url(const struct wanted *w, const char *name, struct progress *p)
{
	bool open = strncmp(w->what, "https://", 8) != 0;
	auto_part part = PART_NONE;
	struct blob want = { .size = 0 };
	auto_image i = { .name = text_of("%s", name),
			 .source = text_of("%s", w->what),
			 .expires = true };
	int r;

	if (w->sha256)
		memcpy(want.sha256, w->sha256, SHA256_TEXT);
	r = w->sha256 ? 0 : find_sum(w->what, want.sha256);
	if (r < 0)
		return r;
	if (r > 0 && open && !signature_wanted())
		return refuse(-EINVAL,
			      "'%s' has no SHA-256 beside it, and nobody vouches for what comes "
			      "over http; give --sha256",
			      w->what);
	if (r == 0 && !w->sha256)
		warn_of_http(w->what);
	r = get_part(w->what, &want, &part, p);
	if (r == 0)
		r = need_signature(w->sha256, w->what, part.path);
	if (r == 0)
		r = import_file(part.fd, &part, w->arch ? w->arch : import_arch(), &i, p);
	if (r == 0 && !*want.sha256 && !signature_wanted())
		info("'%s' has no SHA-256 beside it to be checked", w->what);
	return r;
}

/* "https://h/a/debian.tar.xz?x=1" is "debian". */
static char *name_of_url(const char *url)
{
	const char *file = strrchr(url, '/') + 1;
	size_t n = strcspn(file, "?#");
	auto_free char *base = text_of("%.*s", (int)n, file);
	char *tar = strstr(base, ".tar");

	if (tar && tar > base)
		*tar = '\0';
	return image_name_of(base);
}

int download(const struct wanted *w, struct progress *p, char **name)
{
	bool plain = !http_form(w->what) && strchr(w->what + 8, '/');
	auto_free char *own = w->name ? text_of("%s", w->name)
			      : plain ? name_of_url(w->what)
				      : image_name_of(w->what);
	int r;

	if (strncmp(w->what, "file:", 5) == 0 || strchr("/.", *w->what))
		return refuse(-EINVAL,
			      "'%s' is a file of this host: 'pct image import FILE' takes it",
			      w->what);
	if (image_name_form(own))
		return refuse(-EINVAL, "give '%s' a name of its own: --name NAME", w->what);
	r = store_clean();
	if (r == 0)
		r = plain ? from_url(w, own, p) : from_streams(w, own, p);
	if (r >= 0)
		*name = take_ptr(own);
	return r;
}
