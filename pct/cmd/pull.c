// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct pull: a file or a tree out of a running container. A visitor in there tells what there is; we
 * open each file's place here, and the visitor fills it.
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

#include "pct/copy/options.h"
#include "pct/ct/account.h"
#include "pct/paths.h"

/* The visitor, by fork. */
struct visitor {
	int sock;
	bool to_stdout; /* is where it goes */
};

/* A file's place comes with the answer, and what became of it goes back. */
static int fill(struct visitor *v, const struct copy_entry *e, int from, int to)
{
	struct copy_entry filled = *e, said = { 0 };
	int ignored = -EBADF, r;

	filled.kind = COPY_FILLED;
	filled.error = v->to_stdout ? copy_stream(from, to, e->size) : copy_data(from, to, e->size);
	r = copy_send(v->sock, &filled, -1);
	if (r == 0)
		r = copy_recv(v->sock, &said, &ignored);
	close_fd(&ignored);
	return r < 0 ? r : said.error;
}

static int give(void *to, const struct copy_entry *e, int fd)
{
	struct visitor *v = to;
	struct copy_entry said = { 0 };
	auto_fd place = -EBADF;
	int r = copy_send(v->sock, e, -1);

	if (r == 0)
		r = copy_recv(v->sock, &said, &place);
	if (r == 0)
		r = said.error;
	return r == 0 && e->kind == COPY_FILE ? fill(v, e, fd, place) : r;
}

static int give_all(int sock, int fds, void *with)
{
	const struct args *a = with;
	struct visitor v = { .sock = sock, .to_stdout = strcmp(a->argv[1], "-") == 0 };
	struct walk w = {
		.fds = fds, .recursive = args_bool(a, "recursive"), .give = give, .to = &v
	};
	struct copy_entry end = { .kind = COPY_END };
	int r = walk_all(&w, a->argv[0]);

	if (r == 0 || r == w.failed)
		(void)give(&v, &end, -1);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Names of users are the host's. */
static int take_owner(const struct args *a, struct copy_options *o)
{
	const char *user = args_value(a, "user"), *group = args_value(a, "group");

	if (user && !account_number(user, &o->user)) {
		const struct passwd *p = getpwnam(user);

		if (!p)
			return refuse(-ENOENT, "there is no user '%s' on this host", user);
		o->user = p->pw_uid;
	}
	if (group && !account_number(group, &o->group)) {
		const struct group *g = getgrnam(group);

		if (!g)
			return refuse(-ENOENT, "there is no group '%s' on this host", group);
		o->group = g->gr_gid;
	}
	return 0;
}

/* One entry, or none any more: 1. */
static int take_entry(struct visit *v, struct put *p)
{
	struct copy_entry e = { 0 };
	int fd = -EBADF, r = visit_recv(v, &e, &fd);

	close_fd(&fd);
	if (r < 0)
		return r;
	if (e.kind == COPY_END)
		return copy_answer(v->sock, 0, -1) < 0 ? -EPIPE : 1;
	if (e.kind == COPY_FILLED)
		r = p->file >= 0 ? put_filled(p, &e, e.error) : -EPROTO;
	else if (p->file >= 0)
		r = -EPROTO;
	else
		r = put_entry(p, &e, &fd);
	return copy_answer(v->sock, r, fd) < 0 && r == 0 ? -EPIPE : r;
}

/* To stdout there is one file, of which nothing but its data is kept. */
static int take_stdout(struct visit *v)
{
	struct copy_entry e = { 0 };
	int ignored = -EBADF, r;

	do {
		r = visit_recv(v, &e, &ignored);
		if (r == 0 && e.kind == COPY_FILLED && e.error)
			r = fail(e.error, "copy to stdout");
		if (r == 0)
			r = copy_answer(v->sock, 0, e.kind == COPY_FILE ? STDOUT_FILENO : -1);
	} while (r == 0 && e.kind != COPY_END);
	return r;
}

static int take_all(struct visit *v, const struct args *a, const struct copy_options *o)
{
	char base[NAME_MAX + 1];
	struct put p;
	int r;

	if (strcmp(a->argv[1], "-") == 0)
		return take_stdout(v);
	r = put_begin(&p, o, a->argv[1], copy_base(a->argv[0], base));
	while (r == 0)
		r = take_entry(v, &p);
	put_end(&p);
	return r < 0 ? r : 0;
}

static int run(const struct args *a)
{
	struct copy_options o;
	struct visit v;
	int r = copy_check(a), code;

	copy_options_take(a, &o);
	/* Whatever may run as anybody there shall not here. */
	o.mask = 0777;
	if (r == 0 && strcmp(a->argv[1], "-") == 0 && o.recursive)
		r = refuse(-EINVAL, "only one file goes to stdout, no tree");
	if (r == 0)
		r = take_owner(a, &o);
	if (r < 0)
		return r;
	umask(0);
	r = visit_begin(a->vmid, give_all, (void *)a, &v);
	if (r < 0)
		return r;
	r = take_all(&v, a, &o);
	code = visit_end(&v, r < 0 && r != -EPIPE);
	return r < 0 ? r : code;
}

const struct command cmd_pull = {
	.name = "pull",
	.args = "<vmid> <path> <destination|->",
	.help = "Copy a file or a tree out of a running container",
	.min_args = 3,
	.max_args = 3,
	.vmid = true,
	.needs_root = true,
	.options = copy_option_rows,
	.n_options = COPY_OPTIONS,
	.run = run,
};
