// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Images: what servers and archives say of themselves, and what becomes of it.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/ct/words.h"
#include "pct/image/build.h"
#include "pct/image/digest.h"
#include "pct/image/image.h"
#include "pct/image/json.h"
#include "pct/image/oci.h"
#include "pct/image/streams.h"
#include "pct/root/layer.h"
#include "pct/root/unpack.h"

#define SUM   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static json_object *of(const char *text)
{
	json_object *o = json_of(text, strlen(text));

	ck_assert_msg(o, "no JSON: %s", text);
	return o;
}

START_TEST(knows_sha256)
{
	char sum[SHA256_TEXT];

	digest_of("abc", 3, sum);
	ck_assert_str_eq(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert(digest_is(sum));
	ck_assert(!digest_is("BA7816"));
	ck_assert_ptr_null(digest_oci("sha512:" SUM));
	ck_assert_ptr_null(
	    digest_oci("sha256:../../../../../../../../../../../../../../../../../etc/x"));
	ck_assert_str_eq(digest_oci("sha256:" SUM), SUM);
}
END_TEST

static const struct {
	const char *text, *name;
} names[] = {
	{ "debian/12", "debian-12" },
	{ "debian-12", "debian-12" },
	{ "ubuntu:noble:amd64:default", "ubuntu-noble-amd64-default" },
	{ "../../etc/passwd", "etc-passwd" },
	{ ".hidden", "hidden" },
	{ "a//b  c", "a-b-c" },
	{ "-x", "x" },
	{ "x/", "x" },
	{ "", "" },
};

START_TEST(makes_a_name_of_what_others_call_it)
{
	auto_free char *name = image_name_of(names[_i].text);

	ck_assert_str_eq(name, names[_i].name);
	ck_assert(!*name || !image_name_form(name));
}
END_TEST

START_TEST(takes_only_plain_names)
{
	static const char *const bad[] = { "", ".", "..", ".a", "a/b", "-a", "a b", "a\n" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(image_name_form(bad[i]), "%s", bad[i]);
	ck_assert_ptr_null(image_name_form("alpine_3.20+x"));
}
END_TEST

/* ---- JSON ---- */

START_TEST(reads_nothing_but_one_value)
{
	static const char *const bad[] = { "", "{", "{} {}", "{}x", "[[[[[[[[[[[[[[[[[[[[[[[[" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_ptr_null(json_of(bad[i], strlen(bad[i])));
}
END_TEST

START_TEST(reads_its_own_file_again)
{
	struct blob layers[] = { { SUM, 5 }, { SUM_B, 7 } };
	struct image i = { .name = (char *)"a", .digest = SUM, .layers = layers, .n_layers = 2 };
	auto_image again = { 0 };
	auto_json o = NULL;

	i.run.env = (char *)"A=b\nC=d";
	i.expires = true;
	o = image_json(&i);
	ck_assert_int_eq(image_parse(json_object_to_json_string(o), &again), 0);
	ck_assert_str_eq(again.run.env, i.run.env);
	ck_assert_uint_eq(image_size(&again), 12);
	ck_assert_str_eq(again.layers[1].sha256, SUM_B);
	ck_assert(again.expires && !again.oci);
	ck_assert_ptr_null(again.os);
}
END_TEST

static const char *const not_images[] = {
	"[]",
	"{}",
	"{\"name\":\"a\",\"sha256\":\"" SUM "\",\"layers\":[]}",
	"{\"name\":\"../a\",\"sha256\":\"" SUM "\",\"layers\":[{\"sha256\":\"" SUM
	"\",\"size\":1}]}",
	"{\"name\":\"a\",\"sha256\":\"" SUM "\",\"layers\":[{\"sha256\":\"../x\",\"size\":1}]}",
	"{\"name\":\"a\",\"sha256\":\"" SUM "\",\"layers\":[{\"sha256\":\"" SUM "\",\"size\":-1}]}",
	"{\"name\":\"a\",\"sha256\":\"..\",\"layers\":[{\"sha256\":\"" SUM "\",\"size\":1}]}",
};

START_TEST(takes_no_other_file_for_an_image)
{
	auto_image i = { 0 };

	ck_assert_int_eq(image_parse(not_images[_i], &i), -EINVAL);
}
END_TEST

/* ---- OCI ---- */

#define ONE(arch)                                                                                  \
	"{\"digest\":\"sha256:" SUM                                                                \
	"\",\"size\":3,\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"}}"
#define OTHER(arch)                                                                                \
	"{\"digest\":\"sha256:" SUM_B                                                              \
	"\",\"size\":3,\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"}}"

static const struct {
	const char *text, *arch;
	int r;
	const char *sum;
} indexes[] = {
	{ "{\"manifests\":[" OTHER("arm64") "," ONE("amd64") "]}", "amd64", 0, SUM },
	{ "{\"manifests\":[" ONE("arm") "]}", "armhf", 0, SUM },
	{ "{\"manifests\":[" ONE("386") "]}", "i386", 0, SUM },
	{ "{\"manifests\":[" ONE("arm64") "]}", "amd64", -ENOENT, NULL },
	{ "{\"manifests\":[{\"digest\":\"sha256:" SUM "\",\"size\":3}," OTHER("amd64") "]}",
	  "amd64", 0, SUM_B },
	{ "{\"manifests\":[{\"digest\":\"sha256:" SUM "\",\"size\":3}]}", "amd64", 0, SUM },
	{ "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
	  "\"digest\":\"sha256:" SUM "\",\"size\":3}]}",
	  "amd64", 1, SUM },
	{ "{\"manifests\":[{\"digest\":\"sha256:../..\",\"size\":3}]}", "amd64", -EINVAL, NULL },
	{ "{\"manifests\":[{\"digest\":\"sha256:" SUM "\"}]}", "amd64", -EINVAL, NULL },
	{ "{\"manifests\":[]}", "amd64", -EINVAL, NULL },
	{ "{\"manifests\":{}}", "amd64", -EINVAL, NULL },
	{ "[]", "amd64", -EINVAL, NULL },
};

START_TEST(picks_the_manifest_for_an_architecture)
{
	auto_json o = of(indexes[_i].text);
	struct blob at = { 0 };
	char why[160];

	ck_assert_int_eq(oci_index(o, indexes[_i].arch, &at, why), indexes[_i].r);
	if (indexes[_i].sum)
		ck_assert_str_eq(at.sha256, indexes[_i].sum);
}
END_TEST

START_TEST(takes_a_manifest_with_all_it_needs)
{
	static const char *const bad[] = {
		"{}",
		"{\"config\":" ONE("x") "}",
		"{\"config\":" ONE("x") ",\"layers\":[]}",
		"{\"config\":" ONE("x") ",\"layers\":[1]}",
		"{\"layers\":[" ONE("x") "]}",
		"{\"config\":" ONE(
		    "x") ",\"layers\":[{\"mediaType\":\"x+encrypted\",\"digest\":\"sha256:" SUM
			 "\",\"size\":1}]}",
	};
	auto_json o = of("{\"config\":" ONE("x") ",\"layers\":[" OTHER("x") "," ONE("x") "]}");
	auto_free struct blob *layers = NULL;
	struct blob c;
	char why[160];
	size_t n;

	ck_assert_int_eq(oci_manifest(o, &c, &layers, &n, why), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(layers[0].sha256, SUM_B);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_json b = of(bad[i]);

		ck_assert_int_eq(oci_manifest(b, &c, &layers, &n, why), -EINVAL);
	}
}
END_TEST

static const struct {
	const char *first, *second, *command;
} commands[] = {
	{ "[\"/bin/sh\"]", NULL, "/bin/sh" },
	{ "[\"nginx\"]", "[\"-g\",\"daemon off;\"]", "nginx -g 'daemon off;'" },
	{ "[\"sh\",\"-c\"]", "[\"echo \\\"a b\\\"\"]", "sh -c 'echo \"a b\"'" },
	{ "[\"a\"]", "[\"\"]", "a ''" },
	{ "[\"a\"]", "[\"'x'\"]", "a ''\\''x'\\'''" },
	{ NULL, "[\"/x\"]", "/x" },
	{ NULL, NULL, NULL },
	{ "[\"a\\nb\"]", NULL, NULL },
	{ "[\"a\",\"it's \\\"so\\\"\"]", NULL, "a 'it'\\''s \"so\"'" },
	{ "[\"a\",1]", NULL, NULL },
	{ "[\"a\\u0000b\"]", NULL, NULL },
};

/* And a container runs it as these same words. */
START_TEST(says_a_command_in_one_line)
{
	auto_json first = commands[_i].first ? of(commands[_i].first) : NULL;
	auto_json second = commands[_i].second ? of(commands[_i].second) : NULL;
	auto_free char *command = oci_command(first, second);
	auto_free char **words = NULL;
	size_t n = 0;

	if (!commands[_i].command) {
		ck_assert_ptr_null(command);
		return;
	}
	ck_assert_str_eq(command, commands[_i].command);
	ck_assert_int_eq(words_split(command, &words), 0);
	for (size_t k = 0; k < json_count(first); k++)
		ck_assert_str_eq(words[n++], json_string(json_object_array_get_idx(first, k)));
	for (size_t k = 0; k < json_count(second); k++)
		ck_assert_str_eq(words[n++], json_string(json_object_array_get_idx(second, k)));
	ck_assert_ptr_null(words[n]);
}
END_TEST

START_TEST(takes_from_a_config_what_a_conf_can_have)
{
	auto_json o =
	    of("{\"architecture\":\"arm\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/a\"],"
	       "\"Env\":[\"A=1\",\"bad x=1\",\"B=1\\n2\",\"C\"],\"User\":\"a\\nb\","
	       "\"WorkingDir\":\"rel\",\"StopSignal\":\"SIGQUIT\","
	       "\"Volumes\":{\"/v\":{},\"w\":{}}}}");
	auto_json other = of("{\"architecture\":\"amd64\",\"os\":\"windows\"}");
	auto_json strange = of("{\"architecture\":\"z\"}");
	auto_image i = { 0 };
	char why[160] = "";

	ck_assert_int_eq(oci_config(o, &i, why), 0);
	ck_assert_str_eq(i.arch, "armhf");
	ck_assert_str_eq(i.run.env, "A=1");
	ck_assert_str_eq(i.run.halt, "SIGQUIT");
	ck_assert_str_eq(i.run.volumes, "/v");
	ck_assert_ptr_null(i.run.user);
	ck_assert_ptr_null(i.run.cwd);
	ck_assert_int_eq(oci_config(other, &i, why), -EINVAL);
	ck_assert_int_eq(oci_config(strange, &i, why), -EINVAL);
}
END_TEST

/* ---- layers ---- */

static const struct {
	const char *name;
	enum whiteout what;
	const char *gone;
} whiteouts[] = {
	{ "a/b", WHITEOUT_NOT, NULL },
	{ "a.wh.b", WHITEOUT_NOT, NULL },
	{ ".wh.b", WHITEOUT_NAME, "b" },
	{ "a/.wh.b", WHITEOUT_NAME, "a/b" },
	{ ".wh..wh..opq", WHITEOUT_ALL, "" },
	{ "a/b/.wh..wh..opq", WHITEOUT_ALL, "a/b" },
	{ ".wh..wh.plnk", WHITEOUT_OTHER, NULL },
	{ ".wh.", WHITEOUT_WRONG, NULL },
	{ "a/.wh..", WHITEOUT_WRONG, NULL },
	{ "a/.wh...", WHITEOUT_WRONG, NULL },
};

START_TEST(knows_what_a_layer_says_is_gone)
{
	auto_free char *gone = NULL;

	ck_assert_int_eq(whiteout_of(whiteouts[_i].name, &gone), whiteouts[_i].what);
	if (whiteouts[_i].gone)
		ck_assert_str_eq(gone, whiteouts[_i].gone);
}
END_TEST

START_TEST(remembers_what_came_with_a_layer)
{
	CLEANUP(layer_free) struct layer l = { 0 };
	char name[32];

	ck_assert(!layer_has(&l, "a"));
	ck_assert_int_eq(layer_add(&l, "a/b/c"), 0);
	ck_assert(layer_has(&l, "a/b/c") && layer_has(&l, "a/b") && layer_has(&l, "a"));
	ck_assert(!layer_has(&l, "b") && !layer_has(&l, "a/b/") && !layer_has(&l, ""));
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		ck_assert_int_eq(layer_add(&l, name), 0);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		ck_assert(layer_has(&l, name));
	}
	ck_assert(!layer_has(&l, "d/10000"));
}
END_TEST

START_TEST(cleans_paths)
{
	static const struct {
		const char *path, *clean;
	} rows[] = { { ".", "" },
		     { "./", "" },
		     { "./a", "a" },
		     { "a//b/./c/", "a/b/c" },
		     { "..a/b", "..a/b" } };
	char out[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unpack_path_clean(rows[i].path, out);
		ck_assert_str_eq(out, rows[i].clean);
	}
}
END_TEST

/* ---- simplestreams ---- */

#define ITEM(path, sum)                                                                            \
	"\"r\":{\"ftype\":\"root.tar.xz\",\"path\":\"" path "\",\"sha256\":\"" sum "\",\"size\":"  \
	"9}"
#define VERSION(v, items) "\"" v "\":{\"items\":{" items "}}"
#define PRODUCT(versions)                                                                          \
	"{\"products\":{\"d:b:amd64:default\":{\"aliases\":\"debian/12/default,debian/"            \
	"12\",\"arch\":"                                                                           \
	"\"amd64\",\"versions\":{" versions "}}}}"

static const struct {
	const char *text;
	const char *version; /* NULL: none can be used */
} products[] = {
	{ PRODUCT(VERSION("1", ITEM("a/b", SUM))), "1" },
	{ PRODUCT(VERSION("2", ITEM("a/b", SUM)) "," VERSION("1", ITEM("a/b", SUM))), "2" },
	{ PRODUCT(
	      VERSION("2", "\"s\":{\"ftype\":\"squashfs\"}") "," VERSION("1", ITEM("a/b", SUM))),
	  "1" },
	{ PRODUCT(VERSION("1", ITEM("/etc/passwd", SUM))), NULL },
	{ PRODUCT(VERSION("1", ITEM("../a", SUM))), NULL },
	{ PRODUCT(VERSION("1", ITEM("http://evil/", SUM))), NULL },
	{ PRODUCT(VERSION("1", ITEM("a b", SUM))), NULL },
	{ PRODUCT(VERSION("1", ITEM("a", "../x"))), NULL },
	{ PRODUCT(""), NULL },
	{ "{\"products\":{\"a\":1,\"b\":[],\"c\":{\"versions\":1}}}", NULL },
	{ "{\"products\":{\"a\":{\"versions\":{\"1\":{\"items\":{\"x\":1}}}}}}", NULL },
};

START_TEST(takes_the_newest_that_can_be_used)
{
	auto_json o = of(products[_i].text);
	struct product *all;
	size_t n;

	ck_assert_int_eq(streams_products(o, NULL, &all, &n), 0);
	ck_assert_uint_eq(n, products[_i].version != NULL);
	if (n) {
		auto_free char *alias = product_alias(all);

		ck_assert_str_eq(all->version, products[_i].version);
		ck_assert_str_eq(all->root.blob.sha256, SUM);
		ck_assert(product_is(all, "debian-12") && product_is(all, "debian/12/default"));
		ck_assert(product_is(all, "d:b:amd64:default") && !product_is(all, "debian"));
		ck_assert_str_eq(alias, "debian/12");
	}
	products_free(all, n);
	ck_assert_int_eq(streams_products(o, "s390x", &all, &n), 0);
	ck_assert_uint_eq(n, 0);
	products_free(all, n);
}
END_TEST

START_TEST(finds_the_list_of_images)
{
	auto_json o =
	    of("{\"index\":{\"a\":{\"datatype\":\"other\",\"path\":\"x\"},"
	       "\"b\":{\"datatype\":\"image-downloads\",\"path\":\"streams/v1/images.json\"}}}");
	auto_json bad =
	    of("{\"index\":{\"b\":{\"datatype\":\"image-downloads\",\"path\":\"../x\"}}}");
	auto_free char *path = streams_images(o);

	ck_assert_str_eq(path, "streams/v1/images.json");
	ck_assert_ptr_null(streams_images(bad));
	ck_assert_ptr_null(streams_images(NULL));
}
END_TEST

/* ---- mmdebstrap ---- */

static const struct {
	const char *name, *suite, *variant; /* NULL: none */
} recipes[] = {
	{ "debian-12", "bookworm", "important" },
	{ "debian-trixie", "trixie", "important" },
	{ "debian/12", "bookworm", "important" },
	{ "ubuntu-24.04-minbase", "noble", "minbase" },
	{ "debian-sid-standard", "sid", "standard" },
	{ "debian", NULL, NULL },
	{ "debian-99", NULL, NULL },
	{ "debian-12-huge", NULL, NULL },
	{ "debian---format=null", NULL, NULL },
	{ "debian-../../x", NULL, NULL },
	{ "fedora-40", NULL, NULL },
	{ "", NULL, NULL },
};

START_TEST(knows_what_can_be_built)
{
	struct recipe r;

	ck_assert_int_eq(recipe_of(recipes[_i].name, &r), recipes[_i].suite ? 0 : -EINVAL);
	if (recipes[_i].suite) {
		ck_assert_str_eq(r.suite, recipes[_i].suite);
		ck_assert_str_eq(r.variant, recipes[_i].variant);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct-image");
	SRunner *runner = srunner_create(s);
	TCase *t = tcase_create("image");
	int failed;

	tcase_add_test(t, knows_sha256);
	tcase_add_loop_test(t, makes_a_name_of_what_others_call_it, 0, ARRAY_LEN(names));
	tcase_add_test(t, takes_only_plain_names);
	tcase_add_test(t, reads_nothing_but_one_value);
	tcase_add_test(t, reads_its_own_file_again);
	tcase_add_loop_test(t, takes_no_other_file_for_an_image, 0, ARRAY_LEN(not_images));
	tcase_add_loop_test(t, picks_the_manifest_for_an_architecture, 0, ARRAY_LEN(indexes));
	tcase_add_test(t, takes_a_manifest_with_all_it_needs);
	tcase_add_loop_test(t, says_a_command_in_one_line, 0, ARRAY_LEN(commands));
	tcase_add_test(t, takes_from_a_config_what_a_conf_can_have);
	tcase_add_loop_test(t, knows_what_a_layer_says_is_gone, 0, ARRAY_LEN(whiteouts));
	tcase_add_test(t, remembers_what_came_with_a_layer);
	tcase_add_test(t, cleans_paths);
	tcase_add_loop_test(t, takes_the_newest_that_can_be_used, 0, ARRAY_LEN(products));
	tcase_add_test(t, finds_the_list_of_images);
	tcase_add_loop_test(t, knows_what_can_be_built, 0, ARRAY_LEN(recipes));
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
