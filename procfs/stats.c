// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/stats.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/say.h"
#include "procfs/pages.h"
#include "procfs/usage.h"

#define ANSWER_S 40

/* What is asked for, and where what is said of it goes. */
struct request {
	const char *run, *names, *textfile;
	bool prometheus, list, help;
};

static bool names_parse(const char *text, enum names *out)
{
	static const struct {
		const char *text;
		enum names names;
	} all[] = { { "cadvisor", NAMES_CADVISOR },
		    { "incus", NAMES_INCUS },
		    { "all", NAMES_ALL } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(text, all[i].text) == 0) {
			*out = all[i].names;
			return true;
		}
	return false;
}

static int parse(int argc, char *argv[], struct request *q)
{
	struct option all[FLAGS_MAX];
	int o;

	stats_options(all);
	while ((o = getopt_long(argc, argv, "h", all, NULL)) != -1) {
		if (o == '?')
			return -EINVAL;
		q->prometheus |= o == 'p';
		q->list |= o == 'l';
		q->help |= o == 'h';
		if (o == 'n')
			q->names = optarg;
		if (o == 't')
			q->textfile = optarg;
		if (o == 'r')
			q->run = optarg;
	}
	return optind == argc ? 0 : -EINVAL;
}

/* ---- asking ---- */

static int dial(const char *run)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *root = getenv("PCT_ROOT");
	int n = run ? snprintf(a.sun_path, sizeof(a.sun_path), "%s/metrics.sock", run)
		    : snprintf(a.sun_path, sizeof(a.sun_path), "%s/run/pct/metrics.sock",
			       root ? root : "");

	if (n >= (int)sizeof(a.sun_path))
		return refuse(-ENAMETOOLONG, "the path of the run directory is too long");
	if (fd < 0)
		return fail(-errno, "make a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* Of connect(), too, where all who may wait already do. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return take_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return refuse(-errno,
			      "no pctfs answers at '%s': start it, or name its directory by --run",
			      a.sun_path);
	return fail(-errno, "ask at '%s'", a.sun_path);
}

static int receive(int fd, struct cgv_text *into, size_t *len)
{
	ssize_t n = 1;
	int r = 0;

	for (*len = 0; r == 0 && n > 0; *len += (size_t)n) {
		r = cgv_text_reserve(into, MAX(2 * *len, (size_t)65536));
		if (r == 0)
			n = recv(fd, into->p + *len, into->size - *len - 1, 0);
		if (n < 0)
			return -errno;
	}
	if (r == 0)
		into->p[*len] = '\0';
	return r;
}

/* What stands behind the head, if that says yes and how long it is. */
static int open_answer(char *text, size_t len, struct span *page)
{
	const char *length = strstr(text, "Content-Length: "), *body = strstr(text, "\r\n\r\n");

	if (strncmp(text, "HTTP/1.0 200 ", 13) != 0 || !body || !length || length > body)
		return -EPROTO;
	*page = (struct span){ body + 4, text + len };
	return span_len(*page) == strtoull(length + 16, NULL, 10) ? 0 : -EPROTO;
}

static int ask(const struct request *q, const char *path, struct cgv_text *into, struct span *page)
{
	auto_fd fd = dial(q->run);
	char line[128];
	size_t len;
	int r, n = snprintf(line, sizeof(line), "GET %s HTTP/1.0\r\n\r\n", path);

	if (fd < 0)
		return fd;
	r = send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -errno;
	if (r == 0)
		r = receive(fd, into, &len);
	if (r == 0)
		r = open_answer(into->p, len, page);
	return r < 0 ? fail(r, "hear what pctfs says") : 0;
}

/* ---- saying ---- */

/* Who reads the file meanwhile sees the one before, whole. */
static int write_file(const char *path, struct span text)
{
	char name[PATH_MAX];
	auto_file f = NULL;
	int fd, r;

	/* Not by the ending that is looked for there. */
	if (snprintf(name, sizeof(name), "%s.XXXXXX", path) >= (int)sizeof(name))
		return fail(-ENAMETOOLONG, "write '%s'", path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return fail(-errno, "write '%s'", path);
	f = fdopen(fd, "w");
	if (!f)
		close(fd);
	r = f && fchmod(fd, 0644) == 0 && fwrite(text.p, 1, span_len(text), f) == span_len(text) &&
		    fflush(f) == 0 && rename(name, path) == 0
		? 0
		: -errno;
	if (r < 0)
		(void)unlink(name);
	return r < 0 ? fail(r, "write '%s'", path) : 0;
}

static int print(struct span text)
{
	if (fwrite(text.p, 1, span_len(text), stdout) != span_len(text) || fflush(stdout))
		return fail(-errno, "write");
	return 0;
}

static void list_one(const char *name, enum prom_type type, const char *help, FILE *to)
{
	fprintf(to, "%-48s %-9s %s\n", name, prom_type_name(type), help);
}

static int list(enum names names)
{
	const struct prom_reader reader = { list_one, stdout };

	daemon_list(&reader);
	measures_list(names, &reader);
	return fflush(stdout) ? fail(-errno, "write") : 0;
}

int stats_main(int argc, char *argv[])
{
	struct request q = { .names = "cadvisor" };
	struct cgv_text text = { 0 };
	enum names names;
	struct span page;
	char path[64];
	int r;

	if (parse(argc, argv, &q) < 0)
		return stats_usage(stderr);
	if (q.help)
		return stats_usage(stdout);
	if (!names_parse(q.names, &names))
		return refuse(2, "--names '%s': cadvisor, incus or all", q.names);
	if (q.list)
		return list(names) < 0 ? 1 : 0;
	snprintf(path, sizeof(path), "/metrics?names=%s", q.names);
	r = ask(&q, q.prometheus || q.textfile ? path : "/stats", &text, &page);
	if (r == 0)
		r = q.textfile ? write_file(q.textfile, page) : print(page);
	free(text.p);
	return r < 0 ? 1 : 0;
}
