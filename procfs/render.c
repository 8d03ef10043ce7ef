// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <getopt.h>

#include "base/say.h"
#include "procfs/container.h"
#include "procfs/render.h"

struct request {
	const char *file, *cgroup, *sysroot;
	pid_t pid;
	bool fixed_cpus;
};

static int usage(void)
{
	fprintf(stderr, "usage: pctfs render FILE (--pid N | --cgroup PATH) [--fixed-cpus] "
			"[--sysroot DIR]\n");
	return 2;
}

static int parse_pid(const char *text, pid_t *out)
{
	struct span s = span_of(text);
	uint64_t pid;

	if (!span_u64(&s, &pid) || span_len(s) || pid < 1 || pid > INT32_MAX)
		return refuse(-EINVAL, "--pid '%s': give the number of a process", text);
	*out = (pid_t)pid;
	return 0;
}

static int parse(int argc, char *argv[], struct request *q)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "sysroot", required_argument, NULL, 's' },
		{ "fixed-cpus", no_argument, NULL, 'f' },
		{ 0 },
	};
	int o, r;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		r = 0;
		if (o == 'p')
			r = parse_pid(optarg, &q->pid);
		else if (o == 'c')
			q->cgroup = optarg;
		else if (o == 's')
			q->sysroot = optarg;
		else if (o == 'f')
			q->fixed_cpus = true;
		else
			r = -EINVAL;
		if (r < 0)
			return r;
	}
	if (argc - optind != 1 || !q->pid == !q->cgroup)
		return -EINVAL;
	q->file = argv[optind];
	return 0;
}

static int open_host(const char *sysroot, struct cgv_host *h)
{
	auto_fd dir = -EBADF;

	if (!sysroot)
		return cgv_host_open(h);
	dir = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : cgv_host_open_at(dir, h);
}

/* "meminfo" is as good as "proc/meminfo", and so is "/proc/meminfo". */
static const struct file *find(const char *name, char *path, size_t size)
{
	const struct file *f;

	/* What lies beside a directory of the host's is none of its files. */
	if (strstr(name, ".."))
		return NULL;
	name += strspn(name, "/");
	snprintf(path, size, "%s", name);
	f = file_find(path);
	if (f)
		return f;
	snprintf(path, size, "proc/%s", name);
	return file_find(path);
}

static int locate(const struct cgv_host *h, const struct request *q, struct container_spec *spec)
{
	int r;

	if (q->cgroup) {
		r = cgv_place_of_path(q->cgroup, &spec->place);
		return r < 0 ? fail(r, "cgroup '%s'", q->cgroup) : 0;
	}
	spec->init = q->pid;
	r = cgv_place_of_pid(h, q->pid, &spec->place);
	return r < 0 ? fail(r, "cgroup of process %d", q->pid) : 0;
}

static int render(const struct cgv_host *h, const struct request *q)
{
	struct container_spec spec = { .fixed_cpus = q->fixed_cpus };
	struct container *c;
	struct moment m;
	const struct file *f;
	char path[4096];
	int r;

	f = find(q->file, path, sizeof(path));
	if (!f)
		return refuse(-ENOENT, "no view '%s': see the files of a mount's proc/ and sys/",
			      q->file);
	if (!file_is_served(h, f))
		return refuse(-ENOENT, "'%s' is in no container here: the host's kernel has none",
			      q->file);
	r = locate(h, q, &spec);
	if (r < 0)
		return r;
	r = container_new(h, &spec, &c);
	cgv_place_free(&spec.place);
	if (r < 0)
		return fail(r, "container of %s", q->cgroup ? q->cgroup : "that process");
	r = container_render(c, f, path, &m);
	container_put(c);
	if (r < 0)
		return fail(r, "render '%s'", q->file);
	if (fwrite(m.text, 1, m.len, stdout) != m.len || fflush(stdout))
		r = fail(-errno, "write");
	return r;
}

int render_main(int argc, char *argv[])
{
	struct request q = { 0 };
	struct cgv_host h;
	int r;

	if (parse(argc, argv, &q) < 0)
		return usage();
	r = open_host(q.sysroot, &h);
	if (r < 0) {
		(void)fail(r, "read the host%s%s%s", q.sysroot ? " in '" : "",
			   q.sysroot ? q.sysroot : "", q.sysroot ? "'" : "");
		return 1;
	}
	r = render(&h, &q);
	cgv_host_close(&h);
	return r < 0 ? 1 : 0;
}
