// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct push: a file or a tree of the host into a running container. We read it, and hand each file
 * open to a visitor in there, who puts it.
 */
#include <fcntl.h>
#include <time.h>

#include "pct/copy/options.h"
#include "pct/ct/account.h"
#include "pct/paths.h"

/* What the visitor is told, by fork. */
struct order {
	const struct args *args;
	struct copy_options options;
	const char *name;
};

/* Names of users are the container's. */
static int take_owner(const struct args *a, struct copy_options *o)
{
	const char *user = args_value(a, "user"), *group = args_value(a, "group");
	auto_account found = { 0 };
	int r = user ? account_look_up(user, &found) : 0;

	if (r == 0 && group)
		r = account_look_up_group(group, &o->group);
	if (r < 0)
		return r;
	o->user = found.uid;
	if (user && strchr(user, ':') && !group) {
		o->group = found.gid;
		o->has_group = true;
	}
	return 0;
}

static int take_entry(struct put *p, const struct copy_entry *e, int source)
{
	int fd, r = put_entry(p, e, &fd);

	if (r < 0 || e->kind != COPY_FILE)
		return r;
	return put_filled(p, e, copy_data(source, fd, e->size));
}

/* The visitor. */
static int receive(int sock, int fds, void *with)
{
	struct order *o = with;
	struct put p;
	struct copy_entry e = { 0 };
	int r;

	(void)fds;
	r = take_owner(o->args, &o->options);
	if (r == 0)
		r = put_begin(&p, &o->options, o->args->argv[1], o->name);
	if (r < 0)
		return EXIT_FAILURE;
	do {
		auto_fd source = -EBADF;

		r = copy_recv(sock, &e, &source);
		if (r == 0 && e.kind != COPY_END)
			r = take_entry(&p, &e, source);
	} while (copy_answer(sock, r, -1) == 0 && r == 0 && e.kind != COPY_END);
	put_end(&p);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int give(void *to, const struct copy_entry *e, int fd)
{
	struct visit *v = to;
	struct copy_entry said = { 0 };
	int ignored = -EBADF, r = copy_send(v->sock, e, fd);

	if (r == 0)
		r = visit_recv(v, &said, &ignored);
	close_fd(&ignored);
	return r < 0 ? r : said.error;
}

static int give_stdin(struct visit *v)
{
	struct copy_entry e = { .kind = COPY_FILE, .mode = 0644 };
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &e.mtime);
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(-EISDIR, "stdin is a directory");
	return give(v, &e, STDIN_FILENO);
}

static int give_all(struct visit *v, const char *path, bool recursive)
{
	struct walk w = { .recursive = recursive, .give = give, .to = v };
	struct copy_entry end = { .kind = COPY_END };
	auto_fd fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	w.fds = fds;
	r = strcmp(path, "-") == 0 ? give_stdin(v) : walk_all(&w, path);
	/* Also of a tree in which something could not be read all else is there. */
	if (r == 0 || r == w.failed) {
		int last = give(v, &end, -1);

		r = r ? r : last;
	}
	return r;
}

static int run(const struct args *a)
{
	char base[NAME_MAX + 1];
	struct order o = { .args = a, .name = copy_base(a->argv[0], base) };
	struct visit v;
	int r = copy_check(a), code;

	if (r < 0)
		return r;
	if (strcmp(a->argv[0], "-") == 0)
		o.name = "stdin";
	copy_options_take(a, &o.options);
	o.options.mask = 07777;
	umask(0);
	r = visit_begin(a->vmid, receive, &o, &v);
	if (r < 0)
		return r;
	r = give_all(&v, a->argv[0], o.options.recursive);
	code = visit_end(&v, r == -EINTR || r == -ESRCH);
	return r < 0 ? r : code;
}

const struct command cmd_push = {
	.name = "push",
	.args = "<vmid> <file|-> <destination>",
	.help = "Copy a file or a tree into a running container",
	.min_args = 3,
	.max_args = 3,
	.vmid = true,
	.needs_root = true,
	.options = copy_option_rows,
	.n_options = COPY_OPTIONS,
	.run = run,
};
