// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What one worker leaves to the next: open files, the texts they show, requests in hand.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "procfs/holds.h"
#include "procfs/opens.h"
#include "procfs/slots.h"
#include "tests/fixture.h"

static int fd;
static struct opens *opens;

static void setup(void)
{
	fd = memfd_create("opens", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(opens_open(fd, &opens), 0);
}

static void teardown(void)
{
	opens_close(opens);
	close_fd(&fd);
}

static void again(void)
{
	opens_close(opens);
	ck_assert_int_eq(opens_open(fd, &opens), 0);
}

static struct text put(const char *p, size_t n)
{
	struct text t;

	ck_assert_int_eq(text_put(opens, p, n, &t), 0);
	return t;
}

static struct open_row *new_row(uint64_t ino, struct text t)
{
	struct open_row *row;

	ck_assert_int_eq(open_row_new(opens, &row), 0);
	row->ino = ino;
	row->text = text_pack(t);
	row->state = OPEN_PRIVATE;
	return row;
}

/* One assertion a text: each costs a system call. */
static bool is_all(struct text t, uint64_t byte)
{
	size_t n = 0;

	while (n < t.len && (unsigned char)text_at(opens, t)[n] == byte)
		n++;
	return n == t.len;
}

START_TEST(a_row_is_there_for_the_next_worker_with_its_text)
{
	uint64_t fh = open_row_handle(opens, new_row(42, put("hello", 5)));
	struct open_row *row;
	struct text t;

	again();
	row = open_row_of(opens, fh);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->ino, 42);
	t = text_unpack(row->text);
	ck_assert_uint_eq(t.len, 5);
	ck_assert_mem_eq(text_at(opens, t), "hello", 5);
	open_row_free(opens, row);
	ck_assert_ptr_null(open_row_of(opens, fh));
	again();
	ck_assert_ptr_null(open_row_of(opens, fh));
}
END_TEST

START_TEST(a_handle_of_a_row_that_was_freed_is_none_of_its_next_owner)
{
	uint64_t first = open_row_handle(opens, new_row(1, put("a", 1))), second;

	open_row_free(opens, open_row_of(opens, first));
	second = open_row_handle(opens, new_row(2, put("b", 1)));
	ck_assert_uint_eq((uint32_t)first, (uint32_t)second);
	ck_assert_ptr_null(open_row_of(opens, first));
	ck_assert_ptr_nonnull(open_row_of(opens, second));
	ck_assert_ptr_null(open_row_of(opens, 0));
	ck_assert_ptr_null(open_row_of(opens, UINT64_MAX));
	ck_assert_ptr_null(open_row_of(opens, second + 1));
}
END_TEST

/* Many of all sizes come and go, and workers too: each text stays what it was. */
START_TEST(texts_are_nobody_elses)
{
	enum { N = 600, SIZE = 6000 };
	static uint64_t fh[N];
	static unsigned char fill[N];
	static size_t len[N];
	struct chance chance = { 11 };
	static char buf[SIZE];

	for (int round = 0; round < 20000; round++) {
		size_t i = chance_below(&chance, N);
		struct text t;

		if (round % 1000 == 999)
			again();
		if (fh[i]) {
			struct open_row *row = open_row_of(opens, fh[i]);

			ck_assert_ptr_nonnull(row);
			t = text_unpack(row->text);
			ck_assert_uint_eq(t.len, len[i]);
			ck_assert(is_all(t, fill[i]));
			open_row_free(opens, row);
			fh[i] = 0;
			continue;
		}
		len[i] = chance_below(&chance, SIZE);
		fill[i] = (unsigned char)chance_any(&chance);
		memset(buf, fill[i], len[i]);
		fh[i] = open_row_handle(opens, new_row(i, put(buf, len[i])));
	}
}
END_TEST

START_TEST(stored_rows_are_found_again_and_let_go)
{
	struct stored_row *row, *found;
	uint32_t at = 0;

	ck_assert_int_eq(stored_row_new(opens, 7, &row), 0);
	row->text = text_pack(put("x", 1));
	again();
	found = stored_row_next(opens, &at);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->ino, 7);
	ck_assert_ptr_null(stored_row_next(opens, &at));
	stored_row_free(opens, found);
	at = 0;
	ck_assert_ptr_null(stored_row_next(opens, &at));
}
END_TEST

START_TEST(there_is_an_end_to_what_can_be_open)
{
	static char big[1 << 20];
	struct text first = { 0 }, t;
	int n = 0, r;

	while ((r = text_put(opens, big, sizeof(big), &t)) == 0) {
		first = first.block ? first : t;
		n++;
	}
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_int_gt(n, 200);
	text_drop(opens, first);
	ck_assert_int_eq(text_put(opens, big, sizeof(big), &t), 0);
	ck_assert_uint_eq(t.block, first.block);
}
END_TEST

START_TEST(what_is_free_is_what_nobody_has)
{
	size_t all = texts_free(opens);
	struct text a = put("a", 1), b = put("b", 1);
	uint64_t fh = open_row_handle(opens, new_row(1, b));

	ck_assert_uint_gt(all, 200u << 20);
	ck_assert_uint_eq(texts_free(opens), all - text_bytes(a) - text_bytes(b));
	again(); /* the first one is no row's */
	ck_assert_uint_eq(texts_free(opens), all - text_bytes(b));
	open_row_free(opens, open_row_of(opens, fh));
	ck_assert_uint_eq(texts_free(opens), all);
}
END_TEST

/* Texts of a megabyte, as of a machine with many CPUs. */
START_TEST(no_number_of_containers_holds_all_the_texts)
{
	static char big[(1 << 20) - 1];
	static struct holds h[300];
	unsigned most = 0, n, all = 0;

	for (unsigned i = 0; i < ARRAY_LEN(h); i++) {
		for (n = 0;; n++) {
			struct text t = put(big, sizeof(big));

			ck_assert_int_eq(holds_text(&h[i]), 0);
			if (holds_bytes(&h[i], text_bytes(t), texts_free(opens)) == -ENFILE) {
				text_drop(opens, t);
				holds_drop_text(&h[i], 0);
				break;
			}
		}
		most = MAX(most, n);
		all += n;
		ck_assert_uint_eq(h[i].texts, n);
		ck_assert_uint_eq(h[i].bytes, (size_t)n << 20);
	}
	ck_assert_uint_eq(most, 32);
	ck_assert_uint_gt(all, 200);
	ck_assert_uint_ge(texts_free(opens), 1 << 20);
	holds_drop_text(&h[0], 1 << 20);
	ck_assert_uint_eq(h[0].bytes, 31u << 20);
	holds_resize(&h[0], 1 << 20, 1 << 10);
	ck_assert_uint_eq(h[0].bytes, (30u << 20) + 1024);
}
END_TEST

/* A worker that opens and closes is killed wherever it is. What stays holds together. */
START_TEST(a_kill_at_any_moment_leaves_whole_rows)
{
	struct chance chance = { 3 };

	for (int i = 0; i < 200; i++) {
		struct open_row *row;
		pid_t child = fork();

		if (child == 0) {
			struct opens *o;
			char buf[3000];

			if (opens_open(fd, &o) < 0)
				_exit(1);
			for (uint64_t n = 0;; n++) {
				struct text t;
				uint32_t at = 0;

				memset(buf, (int)(n % 250), sizeof(buf));
				if (text_put(o, buf, n % sizeof(buf), &t) < 0 ||
				    open_row_new(o, &row) < 0)
					_exit(1);
				row->ino = n;
				row->text = text_pack(t);
				row->state = OPEN_PRIVATE;
				if (n % 3 && (row = open_row_next(o, &at)))
					open_row_free(o, row);
			}
		}
		ck_assert_int_gt(child, 0);
		usleep((useconds_t)chance_below(&chance, 2000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		again();
		for (uint32_t at = 0; (row = open_row_next(opens, &at));) {
			struct text t = text_unpack(row->text);

			ck_assert_uint_eq(t.len, row->ino % 3000);
			ck_assert(is_all(t, row->ino % 250));
			open_row_free(opens, row);
		}
	}
}
END_TEST

START_TEST(a_crash_is_blamed_on_what_was_begun)
{
	int mem = memfd_create("slots", MFD_CLOEXEC);
	struct slots *s;

	ck_assert_int_eq(slots_open(mem, &s), 0);
	slot_at(s, 0)->head.unique = 2;
	slot_at(s, 0)->by = 100;
	slot_at(s, 1)->head.unique = 4; /* was not begun by that worker */
	slot_at(s, 1)->by = 99;
	slot_at(s, 2)->by = 100; /* answered */
	slots_blame(s, 100);
	ck_assert_uint_eq(slot_at(s, 0)->crashes, 1);
	ck_assert_uint_eq(slot_at(s, 1)->crashes, 0);
	ck_assert_uint_eq(slot_at(s, 2)->crashes, 0);
	slots_close(s);
	ck_assert_int_eq(slots_open(mem, &s), 0);
	ck_assert_uint_eq(slot_at(s, 0)->head.unique, 2);
	slots_close(s);
	close_fd(&mem);
}
END_TEST

START_TEST(a_thread_that_says_where_it_fell_is_alone_to_blame)
{
	int mem = memfd_create("slots", MFD_CLOEXEC);
	struct slots *s;

	ck_assert_int_eq(slots_open(mem, &s), 0);
	for (unsigned i = 0; i < 3; i++) {
		slot_at(s, i)->head.unique = 2 + i;
		slot_at(s, i)->by = getpid();
	}
	slots_fell(s, slot_at(s, 1));
	slots_blame(s, getpid());
	ck_assert_uint_eq(slot_at(s, 0)->crashes, 0);
	ck_assert_uint_eq(slot_at(s, 1)->crashes, 1);
	ck_assert_uint_eq(slot_at(s, 2)->crashes, 0);
	slots_fell(s, NULL); /* a thread that answers none */
	slots_blame(s, getpid());
	ck_assert_uint_eq(slot_at(s, 0)->crashes, 0);
	ck_assert_uint_eq(slot_at(s, 1)->crashes, 1);
	slots_blame(s, getpid()); /* nobody has said anything */
	ck_assert_uint_eq(slot_at(s, 0)->crashes, 1);
	slots_close(s);
	close_fd(&mem);
}
END_TEST

START_TEST(a_request_that_is_moved_is_whole_and_its_slot_empty)
{
	int mem = memfd_create("slots", MFD_CLOEXEC);
	struct slot *from, *to, *next;
	struct slots *s;

	ck_assert_int_eq(slots_open(mem, &s), 0);
	from = slot_at(s, TURN_LARGE - 1);
	to = slot_at(s, TURN_LARGE + 7);
	next = slot_at(s, TURN_LARGE + 8);
	next->since = 9;
	memset(from->request, 'x', SMALL_SIZE);
	from->head = (struct fuse_in_header){ .len = SMALL_SIZE, .opcode = 15, .unique = 4 };
	slot_move(from, to);
	ck_assert_uint_eq(from->head.unique, 0);
	ck_assert_uint_eq(to->head.unique, 4);
	ck_assert_uint_eq(to->head.len, SMALL_SIZE);
	ck_assert_int_eq(to->request[SMALL_SIZE - 1], 'x');
	ck_assert_uint_eq(next->since, 9);
	ck_assert_uint_eq(slots_in_hand(s), 1);
	ck_assert_uint_eq(slot_room(TURN_LARGE + 7), SMALL_SIZE);
	slots_close(s);
	close_fd(&mem);
}
END_TEST

/* Handed over by a program before or after this one. */
START_TEST(what_another_version_made_is_left_as_it_is)
{
	static const struct {
		size_t size;
		const char *magic;
	} made[] = { { 4096 + (128u << 13), "pccslot1" },
		     { 64u << 20, "pccslot9" },
		     { 4096, "pcopens0" },
		     { 5, "hello" } };
	int mem = memfd_create("another", MFD_CLOEXEC);
	char buf[9] = { 0 };
	struct stat st;
	struct slots *s;
	struct opens *o;

	ck_assert_int_eq(ftruncate(mem, (off_t)made[_i].size), 0);
	ck_assert_int_eq(pwrite(mem, made[_i].magic, strlen(made[_i].magic), 0),
			 strlen(made[_i].magic));
	ck_assert_int_eq(slots_open(mem, &s), -EBADMSG);
	ck_assert_int_eq(opens_check(mem), -EBADMSG);
	ck_assert_int_eq(opens_open(mem, &o), -EBADMSG);
	ck_assert_int_eq(fstat(mem, &st), 0);
	ck_assert_int_eq(st.st_size, made[_i].size);
	ck_assert_int_ge(pread(mem, buf, 8, 0), 5);
	ck_assert_str_eq(buf, made[_i].magic);
	ck_assert_int_eq(opens_check(fd), 0); /* ours */
	close_fd(&mem);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("opens");
	TCase *t = tcase_create("rows");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_row_is_there_for_the_next_worker_with_its_text);
	tcase_add_test(t, a_handle_of_a_row_that_was_freed_is_none_of_its_next_owner);
	tcase_add_test(t, texts_are_nobody_elses);
	tcase_add_test(t, stored_rows_are_found_again_and_let_go);
	tcase_add_test(t, there_is_an_end_to_what_can_be_open);
	tcase_add_test(t, what_is_free_is_what_nobody_has);
	tcase_add_test(t, no_number_of_containers_holds_all_the_texts);
	tcase_add_test(t, a_kill_at_any_moment_leaves_whole_rows);
	tcase_add_test(t, a_crash_is_blamed_on_what_was_begun);
	tcase_add_test(t, a_thread_that_says_where_it_fell_is_alone_to_blame);
	tcase_add_test(t, a_request_that_is_moved_is_whole_and_its_slot_empty);
	tcase_add_loop_test(t, what_another_version_made_is_left_as_it_is, 0, 4);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
