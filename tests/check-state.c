// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is kept of containers over an end of the daemon, also an unannounced one.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/say.h"
#include "procfs/registry.h"
#include "tests/fixture.h"

#define CPUS 4

static struct tmp tmp;
static struct cgv_host host;
static char path[300];
static const struct state_name nobody;

static void set_boot(char c)
{
	char id[37];

	memset(id, c, 36);
	id[36] = '\0';
	tmp_put(&tmp, "proc/sys/kernel/random/boot_id", "%s\n", id);
}

static void setup(void)
{
	say_limit = SAY_ERR;
	tmp_make(&tmp);
	tmp_host(&tmp, CPUS);
	tmp_v2(&tmp);
	set_boot('a');
	tmp_open(&tmp, &host);
	snprintf(path, sizeof(path), "%s/state", tmp.dir);
}

static void teardown(void)
{
	cgv_host_close(&host);
	tmp_remove(&tmp);
}

static struct state *open_state(void)
{
	struct state *s;

	ck_assert_int_eq(state_open(path, &host, &s), 0);
	return s;
}

static void counts_init(struct state_counts *c)
{
	*c = (struct state_counts){ 0 };
	ck_assert_int_eq(cgv_cputime_init(&c->cputime, CPUS, 0), 0);
}

/* Every field says the same, so that a mixture of two moments shows. */
static void counts_set(struct state_counts *c, uint64_t n)
{
	c->cputime.at = c->cputime.user = c->cputime.system = c->cputime.throttled = n;
	c->cputime.begun = true;
	c->last_pid = c->load.avg[0] = c->load.avg[2] = c->swapped.out = n;
	for (unsigned i = 0; i < CPUS; i++)
		c->cputime.row[i] = (struct cgv_cpu_row){ n, n, n, n, n, n, n };
}

static void counts_check(const struct state_counts *c, uint64_t n)
{
	ck_assert_uint_eq(c->cputime.at, n);
	ck_assert_uint_eq(c->cputime.throttled, n);
	ck_assert_uint_eq(c->last_pid, n);
	ck_assert_uint_eq(c->swapped.out, n);
	ck_assert_uint_eq(c->load.avg[2], n);
	ck_assert_uint_eq(c->cputime.n, CPUS);
	for (unsigned i = 0; i < CPUS; i++) {
		ck_assert_uint_eq(c->cputime.row[i].user, n);
		ck_assert_uint_eq(c->cputime.row[i].taken, n);
	}
}

/* What is kept under a key: 0 for nothing. */
static uint64_t kept(struct state *s, uint64_t init, uint64_t born)
{
	const struct state_key key = { init, born };
	struct state_counts c;
	struct state_row row;
	uint64_t n;

	counts_init(&c);
	row = state_take(s, &key, &nobody, &c);
	ck_assert_uint_ne(row.at, 0);
	n = c.last_pid;
	counts_check(&c, n);
	cgv_cputime_free(&c.cputime);
	return n;
}

static struct state_row put(struct state *s, uint64_t init, uint64_t n)
{
	const struct state_key key = { init, 7 };
	struct state_counts c;
	struct state_row row;

	counts_init(&c);
	row = state_take(s, &key, &nobody, &c);
	ck_assert_uint_ne(row.at, 0);
	counts_set(&c, n);
	state_save(s, &row, &c);
	cgv_cputime_free(&c.cputime);
	return row;
}

START_TEST(goes_on_with_the_same_container_and_no_other)
{
	struct state *s = open_state();

	put(s, 10, 100);
	put(s, 11, 200);
	state_close(s);
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 100);
	ck_assert_uint_eq(kept(s, 11, 7), 200);
	ck_assert_uint_eq(kept(s, 10, 8), 0); /* the pid again, but another process */
	ck_assert_uint_eq(kept(s, 0, 7), 0);
	state_close(s);
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 100);
	state_close(s);
}
END_TEST

START_TEST(a_row_given_back_is_written_no_more)
{
	struct state *s = open_state();
	struct state_row old = put(s, 10, 100), other;
	struct state_counts c;

	state_forget(s, &old);
	other = put(s, 20, 5);
	ck_assert_uint_eq(other.at, old.at);
	counts_init(&c);
	counts_set(&c, 999);
	state_save(s, &old, &c);
	state_forget(s, &old);
	cgv_cputime_free(&c.cputime);
	state_close(s);
	s = open_state();
	ck_assert_uint_eq(kept(s, 20, 7), 5);
	ck_assert_uint_eq(kept(s, 10, 7), 0);
	state_close(s);
}
END_TEST

START_TEST(of_two_rows_the_later_counts)
{
	struct state *s = open_state();

	put(s, 10, 100);
	put(s, 10, 300); /* met by its callers, then registered */
	ck_assert_uint_eq(kept(s, 10, 7), 300);
	state_close(s);
}
END_TEST

static void change(off_t from, off_t upto)
{
	auto_fd fd = open(path, O_RDWR | O_CLOEXEC);
	char byte;

	for (; from < upto; from++) {
		ck_assert_int_eq(pread(fd, &byte, 1, from), 1);
		byte = (char)~byte;
		ck_assert_int_eq(pwrite(fd, &byte, 1, from), 1);
	}
}

START_TEST(starts_anew_when_it_is_not_of_this_boot_or_broken)
{
	struct state *s = open_state();

	put(s, 10, 100);
	state_close(s);
	set_boot('b');
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 0);
	put(s, 10, 100);
	state_close(s);
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 100);
	state_close(s);
	change(0, 1);
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 0);
	state_close(s);
	ck_assert_int_eq(truncate(path, 20), 0);
	s = open_state();
	put(s, 10, 100);
	state_close(s);
	tmp_put(&tmp, "state", "hello");
	s = open_state();
	ck_assert_uint_eq(kept(s, 10, 7), 0);
	state_close(s);
}
END_TEST

/* Turn a stretch of bytes wherever it hits: one of the two moments is there, whole, or nothing. */
START_TEST(a_broken_half_is_not_taken)
{
	struct state *s = open_state();
	struct state_row row = put(s, 10, 100);
	struct state_counts c;
	unsigned seen[3] = { 0 };
	struct stat st;

	counts_init(&c);
	counts_set(&c, 200);
	state_save(s, &row, &c);
	cgv_cputime_free(&c.cputime);
	state_close(s);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t at = 0; at + 8 <= st.st_size; at += 8) {
		struct state_key key = { 10, 7 };
		uint64_t n;

		change(at, at + 8);
		s = open_state();
		counts_init(&c);
		state_take(s, &key, &nobody, &c);
		n = c.last_pid;
		ck_assert(n == 0 || n == 100 || n == 200);
		counts_check(&c, n);
		seen[n / 100]++;
		cgv_cputime_free(&c.cputime);
		state_close(s);
		ck_assert_int_eq(unlink(path), 0);
		s = open_state();
		row = put(s, 10, 100);
		counts_init(&c);
		counts_set(&c, 200);
		state_save(s, &row, &c);
		cgv_cputime_free(&c.cputime);
		state_close(s);
	}
	ck_assert_uint_gt(seen[0], 0);
	ck_assert_uint_gt(seen[1], 20);
	ck_assert_uint_gt(seen[2], 20);
}
END_TEST

/* A writer is killed wherever it is: what it had said to have saved is there, and whole. */
START_TEST(a_kill_at_any_moment_loses_nothing_that_was_shown)
{
	_Atomic uint64_t *shown =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct chance chance = { 5 };
	unsigned moved = 0;

	ck_assert_ptr_ne(shown, MAP_FAILED);
	for (int i = 0; i < 300; i++) {
		uint64_t before = *shown, n;
		pid_t child = fork();
		struct state *s;

		if (child == 0) {
			struct state_key key = { 10, 7 };
			struct state_counts c = { 0 };
			struct state_row row;

			if (state_open(path, &host, &s) < 0 ||
			    cgv_cputime_init(&c.cputime, CPUS, 0) < 0)
				_exit(1);
			row = state_take(s, &key, &nobody, &c);
			for (n = c.last_pid;;) {
				counts_set(&c, ++n);
				state_save(s, &row, &c);
				*shown = n;
			}
		}
		ck_assert_int_gt(child, 0);
		usleep((useconds_t)chance_below(&chance, 3000));
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		s = open_state();
		n = kept(s, 10, 7);
		state_close(s);
		ck_assert_msg(n == *shown || n == *shown + 1, "%llu was shown, %llu is kept",
			      (unsigned long long)*shown, (unsigned long long)n);
		moved += *shown > before;
	}
	ck_assert_uint_gt(moved, 100);
}
END_TEST

START_TEST(names_are_there_for_the_next_daemon)
{
	const struct state_name name = { "100~2", "lxc:/var/lib/lxc", "100", true, true };
	struct state_key key = { 10, 7 };
	struct state *s = open_state();
	struct state_counts c;
	struct state_name found;
	uint32_t at = 0;

	counts_init(&c);
	state_take(s, &key, &name, &c);
	put(s, 11, 4);
	ck_assert(!state_left(s, &at, &key, &found)); /* they are ours */
	state_close(s);
	s = open_state();
	at = 0;
	ck_assert(state_left(s, &at, &key, &found));
	ck_assert_uint_eq(key.init, 10);
	ck_assert_str_eq(found.name, "100~2");
	ck_assert_str_eq(found.door, "lxc:/var/lib/lxc");
	ck_assert_str_eq(found.id, "100");
	ck_assert(found.fixed_cpus);
	ck_assert(found.fast);
	ck_assert(state_left(s, &at, &key, &found));
	ck_assert_uint_eq(key.init, 11);
	ck_assert_ptr_null(found.name);
	state_forget_left(s, at);
	ck_assert(!state_left(s, &at, &key, &found));
	ck_assert_uint_eq(kept(s, 11, 7), 0);
	cgv_cputime_free(&c.cputime);
	state_close(s);
}
END_TEST

START_TEST(many_rows_and_rows_again)
{
	struct state *s = open_state();
	struct stat st;
	off_t size;

	for (uint64_t i = 1; i <= 2000; i++)
		put(s, i, i);
	ck_assert_int_eq(stat(path, &st), 0);
	size = st.st_size;
	ck_assert_int_le(st.st_blocks * 512 / 2000, 16 << 10);
	state_close(s);
	s = open_state();
	for (uint64_t i = 2000; i; i--)
		ck_assert_uint_eq(kept(s, i, 7), i);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size - size, 16 << 10); /* what was left is used again */
	state_close(s);
}
END_TEST

/* ---- through the registry: the container that runs this test ---- */

static struct container *add_self(struct registry *r, const char *id)
{
	struct container_spec spec = { id, "test", id, .init = getpid() };
	struct container *c;

	ck_assert_int_eq(registry_register(r, &spec, &c), 0);
	return c;
}

static uint64_t ticks_of(struct container *c, const char *row)
{
	const struct file *f = files;
	struct moment m;
	uint64_t sum = 0;
	char *p;

	while (strcmp(f->path, "proc/stat") != 0)
		f++;
	ck_assert_int_eq(container_render(c, f, f->path, &m), 0);
	p = memmem(m.text, m.len, row, strlen(row));
	ck_assert_ptr_nonnull(p);
	p += strlen(row);
	for (int i = 0; i < 8; i++)
		sum += strtoull(p, &p, 10);
	return sum;
}

START_TEST(a_registered_container_is_there_again_and_goes_on)
{
	struct container_spec gone = { .name = "gone", .door = "test", .id = "gone" };
	struct registry *r;
	struct container *c;
	struct cgv_host h;
	struct state *s;
	uint64_t before;
	pid_t child;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(state_open(path, &h, &s), 0);
	ck_assert_int_eq(registry_new(&h, s, &r), 0);
	c = add_self(r, "100");
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	gone.init = child;
	container_put(c);
	ck_assert_int_eq(registry_register(r, &gone, &c), 0);
	container_put(c);
	c = registry_by_name(r, "100");
	/* As if it had counted an hour more than the kernel now says. */
	before = ticks_of(c, "cpu ");
	for (unsigned i = 0; i < h.cpus; i++)
		c->counts.cputime.row[i].idle += 3600 * CGV_NSEC;
	usleep(20000);
	ck_assert_uint_gt(ticks_of(c, "cpu "), before + 359000);
	before = ticks_of(c, "cpu ");
	container_put(c);
	registry_free(r);
	state_close(s);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);

	ck_assert_int_eq(state_open(path, &h, &s), 0);
	ck_assert_int_eq(registry_new(&h, s, &r), 0);
	registry_restore(r);
	ck_assert_ptr_null(registry_by_name(r, "gone"));
	c = registry_by_door(r, "test", "100");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_ge(ticks_of(c, "cpu "), before);
	before = ticks_of(c, "cpu ");
	container_put(c);
	c = add_self(r, "100"); /* attached once more: the same container */
	ck_assert_uint_ge(ticks_of(c, "cpu "), before);
	before = ticks_of(c, "cpu ");
	registry_remove(r, c);
	container_put(c);
	c = add_self(r, "100"); /* forgotten, and then new */
	ck_assert_uint_lt(ticks_of(c, "cpu "), before - 300000);
	container_put(c);
	registry_free(r);
	state_close(s);
	cgv_host_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("file");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, goes_on_with_the_same_container_and_no_other);
	tcase_add_test(t, a_row_given_back_is_written_no_more);
	tcase_add_test(t, of_two_rows_the_later_counts);
	tcase_add_test(t, starts_anew_when_it_is_not_of_this_boot_or_broken);
	tcase_add_test(t, a_broken_half_is_not_taken);
	tcase_add_test(t, a_kill_at_any_moment_loses_nothing_that_was_shown);
	tcase_add_test(t, names_are_there_for_the_next_daemon);
	tcase_add_test(t, many_rows_and_rows_again);
	suite_add_tcase(s, t);
	t = tcase_create("registry");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_registered_container_is_there_again_and_goes_on);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
