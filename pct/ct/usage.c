// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/usage.h"
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/say.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/net/nic.h"
#include "pct/paths.h"
#include "pct/storage/volume.h"

#define NETS  32
#define DEPTH 8 /* of cgroups below the container's own, where its init may have gone */

unsigned usage_host_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

/* ---- its init ---- */

/* How many namespaces deep is a process, and which number has it in the last? */
static unsigned depth_of(int proc, const char *pid, uint64_t *innermost)
{
	auto_free char *path = text_of("%s/status", pid);
	struct cgv_text text = { 0 };
	struct span all, line;
	unsigned depth = 0;

	if (cgv_read_text(proc, path, &text, &all) < 0)
		return 0;
	while (span_line(&all, &line)) {
		if (!span_starts(line, "NSpid:"))
			continue;
		line.p += strlen("NSpid:");
		while (span_u64(&line, innermost))
			depth++;
		break;
	}
	free(text.p);
	return depth;
}

/* Of a cgroup's processes the one that is 1 in a pid namespace right below ours. */
static pid_t init_in(int proc, int dir, unsigned ours)
{
	struct cgv_text text = { 0 };
	struct span all, line;
	pid_t found = 0;

	if (cgv_read_text(dir, "cgroup.procs", &text, &all) < 0)
		return 0;
	while (!found && span_line(&all, &line)) {
		auto_free char *pid = strndup(line.p, span_len(line));
		uint64_t number = 0;

		if (pid && depth_of(proc, pid, &number) == ours + 1 && number == 1)
			found = (pid_t)strtol(pid, NULL, 10);
	}
	free(text.p);
	return found;
}

static pid_t init_below(int proc, int at, const char *name, unsigned ours, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	pid_t found = dir ? init_in(proc, fd, ours) : 0;
	struct dirent *e;

	while (dir && !found && depth < DEPTH && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			found = init_below(proc, fd, e->d_name, ours, depth + 1);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return found;
}

pid_t usage_init(const struct cgv_host *h, unsigned vmid)
{
	char top[CGROUP_TOP];
	auto_free char *path = NULL;
	uint64_t ignored;
	unsigned ours = depth_of(h->proc, "self", &ignored);

	cgroup_top(top);
	path = text_of("%s/%u", top, vmid);
	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		if (h->tree[c].owner != CGV_NONE)
			return init_below(h->proc, h->tree[c].dir, path, ours, 0);
	return 0;
}

/* ---- what it uses ---- */

static uint64_t age_of(const struct cgv_host *h, pid_t pid)
{
	struct timespec now;
	uint64_t start;

	if (cgv_start(h, pid, &start) < 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 0;
	start /= CGV_NSEC;
	return (uint64_t)now.tv_sec > start ? (uint64_t)now.tv_sec - start : 0;
}

static int read_memory(struct cgv_container *c, struct usage *out)
{
	struct cgv_memory m;
	uint64_t cache;
	int r = cgv_memory(c, &m);

	if (r < 0)
		return r;
	/* What is on a tmpfs is counted among files, but cannot be dropped as they can. */
	cache = m.file > m.shmem ? m.file - m.shmem : 0;
	out->memory = m.usage > cache ? m.usage - cache : 0;
	out->swap = m.swap_used;
	return 0;
}

static void read_disks(struct cgv_container *c, struct usage *out)
{
	struct cgv_disks d = { 0 };

	if (cgv_disks(c, &d) == 0)
		for (size_t i = 0; i < d.n; i++) {
			out->read += d.disk[i].read_bytes;
			out->write += d.disk[i].written_bytes;
		}
	free(d.disk);
}

/* "avg10=1.23": hundredths. */
static bool take_share(struct span line, unsigned *out)
{
	static const char name[] = "avg10=";
	struct span word;

	while (span_word(&line, &word)) {
		auto_free char *text = NULL;
		int64_t millionths;

		if (!span_starts(word, name))
			continue;
		text = strndup(word.p + strlen(name), span_len(word) - strlen(name));
		if (!text || !option_number(text, &millionths) || millionths > 100 * NUMBER_SCALE)
			return false;
		*out = (unsigned)(millionths / (NUMBER_SCALE / 100));
		return true;
	}
	return false;
}

bool usage_stall(const char *text, struct stall *out)
{
	struct stall s = { .known = true };
	struct span all = span_of(text), line;
	bool some = false;

	while (span_line(&all, &line)) {
		if (span_starts(line, "some "))
			some = take_share(line, &s.some);
		/* Kernels before 5.13 have none of the CPU. */
		else if (span_starts(line, "full ") && !take_share(line, &s.full))
			return false;
	}
	if (some)
		*out = s;
	return some;
}

static void read_stall(struct cgv_container *c, struct usage *out)
{
	for (int p = 0; p <= CGV_PSI_MEMORY; p++) {
		auto_fd fd = cgv_pressure_open(c, (enum cgv_pressure)p, O_RDONLY);
		char text[256];
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[n] = '\0';
		(void)usage_stall(text, &out->stall[p]);
	}
}

static uint64_t read_counter(const char *interface, const char *name)
{
	auto_free char *path = text_of("/sys/class/net/%s/statistics/%s", interface, name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct span s = { text, text };
	uint64_t n = 0;

	if (got > 0)
		s.end += got;
	(void)span_u64(&s, &n);
	return n;
}

/* What the host's end sends is what it receives. */
static void read_nets(unsigned vmid, const struct config *c, struct usage *out)
{
	for (unsigned i = 0; i < NETS; i++) {
		auto_free char *key = text_of("net%u", i);
		char name[IFNAMSIZ];

		if (!config_get(c, key))
			continue;
		nic_host_name(paths_root(), vmid, i, name);
		out->in += read_counter(name, "tx_bytes");
		out->out += read_counter(name, "rx_bytes");
	}
}

static int read_cgroups(const struct cgv_host *h, unsigned vmid, struct usage *out)
{
	struct cgv_container *c;
	int r = cgroups_open(h, vmid, &c);

	if (r < 0)
		return r;
	r = read_memory(c, out);
	read_disks(c, out);
	read_stall(c, out);
	cgv_container_close(c);
	return r;
}

int usage_read(unsigned vmid, const struct config *c, struct usage *out)
{
	struct usage u = { 0 };
	struct cgv_host h;
	int r = cgv_host_open_bare(&h);

	if (r == 0) {
		u.pid = usage_init(&h, vmid);
		if (u.pid)
			u.uptime = age_of(&h, u.pid);
		r = read_cgroups(&h, vmid, &u);
		cgv_host_close(&h);
	}
	read_nets(vmid, c, &u);
	if (r < 0 && !ct_running(vmid))
		return -ESRCH;
	if (r < 0)
		return fail(r, "read what CT %u uses", vmid);
	*out = u;
	return 0;
}

/* ---- its disk ---- */

int usage_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	size_t n = strspn(text, "0123456789.");
	auto_free char *number = strndup(text, n);
	const char *unit = text[n] ? strchr(units, text[n]) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	int64_t millionths;

	if (!number || !option_number(number, &millionths) || (text[n] && (!unit || text[n + 1])))
		return -EINVAL;
	if ((uint64_t)millionths / NUMBER_SCALE > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = ((uint64_t)(millionths / NUMBER_SCALE) << shift) +
		 ((uint64_t)(millionths % NUMBER_SCALE) << shift) / NUMBER_SCALE;
	return 0;
}

/* Is another file system mounted there than on the directory above? */
static bool is_own(const char *path)
{
	auto_free char *above = text_of("%s/..", path);
	struct stat here, there;

	return stat(path, &here) == 0 && stat(above, &there) == 0 && here.st_dev != there.st_dev;
}

static void take_fs(const char *path, struct disk *out)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return;
	out->size = (uint64_t)fs.f_blocks * fs.f_frsize;
	out->used = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
}

static void disk_of(const struct volume *v, pid_t init, struct disk *out)
{
	auto_free char *inside = text_of("/proc/%d/root", (int)init), *path = NULL;
	struct volume_info i;

	if (volume_info(v, &i) < 0)
		return;
	if (i.format == VOLUME_IMAGE || i.bytes) {
		out->size = i.bytes;
		out->used = i.used;
		out->own = i.format == VOLUME_DIRECTORY || init;
		if (i.format == VOLUME_IMAGE && init)
			take_fs(inside, out);
	} else if (volume_where(v, NULL, &path) == 0) {
		out->own = is_own(path);
		take_fs(path, out);
	}
}

void usage_disk(const struct config *c, pid_t init, struct disk *out)
{
	const struct key *k = key_find("rootfs");
	const char *value = config_get(c, "rootfs"), *size;
	CLEANUP(properties_free) struct properties p = { 0 };
	auto_volume v = VOLUME_NONE;

	*out = (struct disk){ 0 };
	if (!value || properties_read(&k->option, value, &p) < 0)
		return;
	size = properties_get(&p, "size");
	if (volume_peek(value, &v) == 0)
		disk_of(&v, init, out);
	if (size && !out->own)
		(void)usage_size(size, &out->size);
}
