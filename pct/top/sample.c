// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"
#include "pct/top/top.h"

#define N_PSI	  3
#define TEXT	  16384
#define N_COUNTED 5

/* What only grows, and is shown as so much a second. */
enum counted { CPU, READ, WRITE, IN, OUT };

/* One that runs. Its files stay open. */
struct top_tracked {
	unsigned vmid;
	int init; /* a pidfd */
	int net, load, psi[N_PSI];
	struct timespec conf; /* when its name was read */
	char name[TOP_NAME];
	struct cgv_container *c;
	struct cgv_disks disks;
	uint64_t at; /* ns, of the sample before; 0: there was none */
	uint64_t counter[N_COUNTED];
	bool counts[N_COUNTED];
};

static void forget(struct top_tracked *t)
{
	close_fd(&t->init);
	close_fd(&t->net);
	close_fd(&t->load);
	for (int i = 0; i < N_PSI; i++)
		close_fd(&t->psi[i]);
	cgv_container_close(t->c);
	free(t->disks.disk);
	free(t);
}

/* As its conf has it now. */
static void read_name(struct top_tracked *t)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *path = path_to("etc/pct/lxc/%u.conf", t->vmid);
	const char *name;
	struct stat st;

	if (stat(path, &st) < 0 ||
	    (st.st_mtim.tv_sec == t->conf.tv_sec && st.st_mtim.tv_nsec == t->conf.tv_nsec))
		return;
	t->conf = st.st_mtim;
	if (conf_load(t->vmid, &c) < 0)
		return;
	name = config_get(&c, "hostname");
	if (name)
		snprintf(t->name, sizeof(t->name), "%s", name);
	else
		snprintf(t->name, sizeof(t->name), "CT%u", t->vmid);
}

/* -ESRCH: it ended again, or does not run yet. */
static int track(const struct cgv_host *h, unsigned vmid, struct top_tracked **out)
{
	struct top_tracked *t = calloc(1, sizeof(*t));
	auto_free char *load = path_to("var/lib/pctfs/ct/%u/proc/loadavg", vmid);
	auto_free char *net = NULL;
	pid_t pid;
	int r;

	if (!t)
		return -ENOMEM;
	*t = (struct top_tracked){ .vmid = vmid, .init = -EBADF, .net = -EBADF };
	t->load = t->psi[0] = t->psi[1] = t->psi[2] = -EBADF;
	snprintf(t->name, sizeof(t->name), "CT%u", vmid);
	r = ct_init(vmid, &pid);
	if (r == 0 && (t->init = (int)syscall(SYS_pidfd_open, pid, 0)) < 0)
		r = -ESRCH;
	if (r == 0)
		r = cgroups_open(h, vmid, &t->c);
	if (r < 0) {
		forget(t);
		return r;
	}
	net = text_of("/proc/%d/net/dev", (int)pid);
	t->net = open(net, O_RDONLY | O_CLOEXEC);
	t->load = open(load, O_PATH | O_CLOEXEC);
	for (int i = 0; i < N_PSI; i++)
		t->psi[i] = cgv_pressure_open(t->c, (enum cgv_pressure)i, O_RDONLY);
	*out = t;
	return 0;
}

static bool has_ended(const struct top_tracked *t)
{
	struct pollfd p = { .fd = t->init, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Containers come and go; those that stay keep their place. */
static int track_all(struct top *t)
{
	auto_free unsigned *vmids = NULL;
	struct top_tracked **now;
	size_t n, old = 0, kept = 0;
	int r = conf_list(&vmids, &n);

	if (r < 0)
		return r;
	now = calloc(n + 1, sizeof(struct top_tracked *));
	if (!now)
		return fail(-ENOMEM, "top");
	for (size_t i = 0; i < n; i++) {
		while (old < t->n && t->tracked[old]->vmid < vmids[i])
			forget(t->tracked[old++]);
		if (old < t->n && t->tracked[old]->vmid == vmids[i]) {
			if (!has_ended(t->tracked[old])) {
				now[kept++] = t->tracked[old++];
				continue;
			}
			forget(t->tracked[old++]);
		}
		if (ct_running(vmids[i]) && track(&t->host, vmids[i], &now[kept]) == 0)
			kept++;
	}
	while (old < t->n)
		forget(t->tracked[old++]);
	free(t->tracked);
	t->tracked = now;
	t->n = kept;
	return 0;
}

static bool read_text(int fd, char *buf, struct span *out)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, TEXT, 0);

	if (n < 0)
		n = 0;
	*out = (struct span){ buf, buf + n };
	return n > 0;
}

/* "some avg10=1.23 avg60=..." */
static double read_pressure(int fd, char *buf)
{
	struct span text;
	const char *p;

	if (!read_text(fd, buf, &text))
		return NAN;
	p = memmem(text.p, span_len(text), "avg10=", 6);
	if (!p)
		return NAN;
	buf[span_len(text) < TEXT ? span_len(text) : TEXT - 1] = '\0';
	return strtod(p + 6, NULL);
}

/* pctfs keeps it: one open is one moment, so each look is an open. */
static double read_load(const struct top_tracked *t, char *buf)
{
	char path[32];
	struct span text;
	double load = NAN;

	if (t->load < 0)
		return NAN;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->load);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (read_text(fd, buf, &text)) {
		buf[MIN(span_len(text), (size_t)TEXT - 1)] = '\0';
		load = strtod(buf, NULL);
	}
	return load;
}

/* Of all interfaces but lo: "  eth0: 1 2 3 4 5 6 7 8 9 ...", received first. */
static bool read_net(int fd, char *buf, uint64_t *in, uint64_t *out)
{
	struct span text, line, name, word;
	uint64_t n[16];

	if (!read_text(fd, buf, &text))
		return false;
	*in = *out = 0;
	while (span_line(&text, &line)) {
		unsigned i = 0;

		if (!span_until(&line, ':', &name) || line.p == line.end)
			continue;
		while (i < 16 && span_word(&line, &word) && span_u64(&word, &n[i]))
			i++;
		if (i < 9 || !span_word(&name, &word) || span_is(word, "lo"))
			continue;
		*in += n[0];
		*out += n[8];
	}
	return true;
}

static int read_cpu(struct top_tracked *t, struct top_row *row, uint64_t *used)
{
	struct cgv_pulse pulse;
	struct cgv_cpu_usage usage = { 0 };
	struct cgv_cpus cpus;
	int r = cgv_pulse(t->c, &pulse);

	if (r == 0) {
		*used = pulse.used;
		row->value[TOP_TASKS] = (double)pulse.tasks;
		return 0;
	}
	r = cgv_cpus(t->c, &cpus);
	if (r == 0)
		r = cgv_cpu_usage(t->c, &cpus, &usage);
	if (r == 0)
		*used = usage.user + usage.nice + usage.system;
	return r;
}

static void read_memory(struct top_tracked *t, struct top_row *row)
{
	struct cgv_memory m;

	if (cgv_memory(t->c, &m) < 0)
		return;
	row->value[TOP_MEMORY] = m.usage > m.file ? (double)(m.usage - m.file) : 0;
	row->value[TOP_SWAP] = (double)m.swap_used;
	row->memory_limit = m.total;
	row->swap_limit = m.swap_total;
	if (m.total)
		row->value[TOP_MEMORY_PART] = 100 * row->value[TOP_MEMORY] / (double)m.total;
}

/* v1 counts only where there is a limit: without a row nothing is known. */
static bool read_disks(const struct cgv_host *h, struct top_tracked *t, uint64_t *in, uint64_t *out)
{
	if (cgv_disks(t->c, &t->disks) < 0)
		return false;
	*in = *out = 0;
	for (size_t i = 0; i < t->disks.n; i++) {
		*in += t->disks.disk[i].read_bytes;
		*out += t->disks.disk[i].written_bytes;
	}
	return t->disks.n || cgv_owner(h, CGV_IO) == CGV_V2;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec;
}

/* False: this was the first look, there is nothing to compare with. */
static bool add_rates(struct top_tracked *t, const uint64_t now[N_COUNTED],
		      const bool counts[N_COUNTED], struct top_row *row)
{
	static const enum top_value of[N_COUNTED] = { TOP_CPU, TOP_READ, TOP_WRITE, TOP_IN,
						      TOP_OUT };
	uint64_t at = now_ns();
	double seconds = (double)(at - t->at) / CGV_NSEC;
	bool first = t->at == 0;

	for (int i = 0; i < N_COUNTED; i++) {
		if (!first && counts[i] && t->counts[i] && now[i] >= t->counter[i])
			row->value[of[i]] = (double)(now[i] - t->counter[i]) / seconds;
		t->counter[i] = now[i];
		t->counts[i] = counts[i];
	}
	row->value[TOP_CPU] *= 100 / (double)CGV_NSEC;
	t->at = at;
	return !first;
}

static bool look(struct top *top, struct top_tracked *t, struct top_row *row)
{
	uint64_t now[N_COUNTED] = { 0 };
	bool counts[N_COUNTED] = { false };
	char buf[TEXT];

	*row = (struct top_row){ .vmid = t->vmid };
	for (int i = 0; i < TOP_N_VALUES; i++)
		row->value[i] = NAN;
	read_name(t);
	snprintf(row->name, sizeof(row->name), "%s", t->name);
	cgv_container_hold(t->c);
	counts[CPU] = read_cpu(t, row, &now[CPU]) == 0;
	read_memory(t, row);
	counts[READ] = counts[WRITE] = read_disks(&top->host, t, &now[READ], &now[WRITE]);
	cgv_container_release(t->c);
	counts[IN] = counts[OUT] = read_net(t->net, buf, &now[IN], &now[OUT]);
	row->value[TOP_PSI_CPU] = read_pressure(t->psi[CGV_PSI_CPU], buf);
	row->value[TOP_PSI_IO] = read_pressure(t->psi[CGV_PSI_IO], buf);
	row->value[TOP_PSI_MEMORY] = read_pressure(t->psi[CGV_PSI_MEMORY], buf);
	row->value[TOP_LOAD] = read_load(t, buf);
	return add_rates(t, now, counts, row);
}

/* "cpu  user nice system idle iowait irq softirq steal ..." */
static void look_at_host(struct top *t)
{
	struct cgv_host_memory m;
	char buf[TEXT];
	struct span text, line, word;
	uint64_t n, total = 0, idle = 0;
	auto_fd stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);

	if (!read_text(stat, buf, &text) || !span_line(&text, &line) || !span_word(&line, &word))
		return;
	for (int i = 0; i < 8 && span_word(&line, &word) && span_u64(&word, &n); i++) {
		total += n;
		idle += i == 3 || i == 4 ? n : 0;
	}
	t->of_host.cpu = t->total && total > t->total
			     ? 100 * (double)(total - idle - t->busy) / (double)(total - t->total)
			     : NAN;
	t->busy = total - idle;
	t->total = total;
	t->of_host.cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (getloadavg(&t->of_host.load, 1) != 1)
		t->of_host.load = NAN;
	if (cgv_host_memory(&t->host, &m) == 0) {
		t->of_host.memory = m.total;
		t->of_host.memory_used = m.total - MIN(m.available, m.total);
	}
}

int top_sample(struct top *t, size_t *rows)
{
	size_t n = 0;
	int r = track_all(t);

	if (r < 0)
		return r;
	free(t->row);
	t->row = calloc(t->n + 1, sizeof(*t->row));
	if (!t->row)
		return fail(-ENOMEM, "top");
	for (size_t i = 0; i < t->n; i++)
		n += look(t, t->tracked[i], &t->row[n]);
	look_at_host(t);
	*rows = n;
	return 0;
}

/* Some ten files of each container stay open. */
static void allow_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int top_open(struct top *t)
{
	int r;

	*t = (struct top){ 0 };
	allow_files();
	r = cgv_host_open(&t->host);
	return r < 0 ? fail(r, "find the cgroups of this host; is '/sys/fs/cgroup' mounted?") : 0;
}

void top_close(struct top *t)
{
	for (size_t i = 0; i < t->n; i++)
		forget(t->tracked[i]);
	free(t->tracked);
	free(t->row);
	cgv_host_close(&t->host);
}
