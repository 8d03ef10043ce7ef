// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * storage.cfg is read and written: what was written reads the same. And names of volumes.
 */
#include "pct/storage/names.h"
#include "pct/storage/volume.h"
#include "tests/fuzz/fuzz.h"

static char *again(const char *text, size_t n, size_t *size)
{
	auto_storages s = { 0 };
	char *out;

	if (storages_parse(text, n, &s) < 0 || storages_write(&s, &out, size) < 0)
		__builtin_trap();
	return out;
}

static void names(const char *text)
{
	auto_free char *storage = NULL;
	struct volume_name v;
	uint64_t bytes;

	if (volume_name_read(text, &v) == 0 &&
	    (strstr(v.own, "..") == v.own || *v.own == '/' || strchr(v.file, '/')))
		__builtin_trap();
	(void)volume_is_new(text, &storage, &bytes);
	(void)volume_is_request(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = strndup((const char *)data, size);
	size_t n, m;
	auto_free char *once = again((const char *)data, size, &n);
	auto_free char *twice = again(once, n, &m);

	if (n != m || memcmp(once, twice, n) != 0)
		__builtin_trap();
	names(text);
	return 0;
}
