// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/rows.h"
#include "tests/fixture.h"

#define N 300

/* Which rows are found by @hash, beside which should be. */
static void compare(const struct rows *r, const uint64_t *hash, uint64_t one)
{
	bool found[N + 1] = { false };

	bool good = true;

	for (uint32_t at = rows_first(r, one); good && at; at = rows_next(r, at)) {
		good = at <= N && !found[at] && hash[at];
		found[at] = true;
	}
	for (uint32_t at = 1; at <= N; at++)
		good = good && (found[at] || hash[at] != one);
	ck_assert(good);
}

/* Few hashes, so that many rows have the same; 0 is none here. */
START_TEST(all_of_a_hash_are_found_and_none_that_left)
{
	struct rows *r = calloc(1, sizeof(*r));
	static uint64_t hash[N + 1];
	struct chance by = { 3 };

	for (int k = 0; k < 20000; k++) {
		uint32_t at = 1 + (uint32_t)chance_below(&by, N);

		if (chance_below(&by, 3)) {
			hash[at] = 1 + chance_below(&by, 40) * 77;
			rows_add(r, at, hash[at]);
		} else {
			hash[at] = 0;
			rows_remove(r, at);
		}
		compare(r, hash, 1 + chance_below(&by, 40) * 77);
	}
	for (uint32_t at = 1; at <= N; at++)
		rows_remove(r, at);
	for (uint64_t h = 0; h < 10000; h++)
		ck_assert_uint_eq(rows_first(r, h), 0);
	free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rows");
	TCase *t = tcase_create("rows");

	tcase_add_test(t, all_of_a_hash_are_found_and_none_that_left);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
