// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any requests a kernel can make: a byte says which, the next ones of what and with which
 * arguments. Only what the kernel itself vouches for is right: an open file is one that is open,
 * a name ends.
 */
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/say.h"
#include "procfs/fs.h"
#include "procfs/open.h"
#include "procfs/shared.h"
#include "tests/fuzz/host.h"

#define OPEN_MAX 8

static struct fs fs;
static int kernel; /* our end */
static uint32_t slot;
static uint64_t unique;

static struct open_file {
	uint64_t fh, ino;
} opened[OPEN_MAX];

static struct {
	struct fuse_in_header head;
	union {
		struct fuse_init_in init;
		struct fuse_open_in open;
		struct fuse_read_in read;
		struct fuse_write_in write;
		struct fuse_poll_in poll;
		struct fuse_setattr_in setattr;
		struct fuse_getattr_in getattr;
		struct fuse_release_in release;
		char bytes[512];
	};
} request;

static struct {
	struct fuse_out_header head;
	char bytes[1 << 17];
} answer;

/* Send it, and take its one answer; what else there is are notifications. */
static void ask(uint32_t opcode, uint64_t ino, size_t n)
{
	struct fuse_buf buf = { .size = sizeof(request.head) + n, .mem = &request };
	bool answered = false;
	ssize_t got;

	request.head = (struct fuse_in_header){ .len = (uint32_t)buf.size,
						.opcode = opcode,
						.unique = unique += 2,
						.nodeid = ino,
						.pid = 7 };
	fuse_session_process_buf(fs.session, &buf);
	while (!answered &&
	       (got = recv(kernel, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		HOLDS(got == answer.head.len && got >= (ssize_t)sizeof(answer.head));
		answered = answer.head.unique == unique;
		HOLDS(answered || answer.head.unique == 0);
	}
	HOLDS(answered && answer.head.error <= 0 && answer.head.error > -512);
	HOLDS(answer.head.error != -ENOSYS);
}

static void make_host(struct cgv_host *h)
{
	static const char *const ns[] = { "pid", "mnt", "cgroup" };
	char path[64];

	host_make(h);
	for (size_t i = 0; i < ARRAY_LEN(ns); i++) {
		snprintf(path, sizeof(path), "proc/1/ns/%s", ns[i]);
		host_text(path, "");
		snprintf(path, sizeof(path), "proc/7/ns/%s", ns[i]);
		host_text(path, "");
	}
	host_text("proc/7/status", "NSpid:\t7\t1\n");
	host_text("proc/7/syscall", "0 0x0 0x0 0x0 0x0 0x0 0x0\n");
	host_text("proc/7/fdinfo/0", "pos:\t0\nino:\t33554436\n");
	host_text("proc/7/timens_offsets", "monotonic 0 0\nboottime 0 0\n");
	host_text("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	host_text("proc/loadavg", "0.00 0.00 0.00 1/1 1\n");
	host_text("sys/fs/cgroup/a/cpu.pressure",
		  "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	host_text("sys/fs/cgroup/a/cgroup.threads", "7\n");
	host_text("sys/fs/cgroup/a/cpu.stat", "user_usec 5\nsystem_usec 6\n");
	host_text("sys/fs/cgroup/a/memory.stat", "anon 5\n");
	host_text("sys/devices/system/cpu/cpu0/topology/core_id", "0\n");
	host_text("sys/devices/system/cpu/cpu3/topology/core_id", "3\n");
}

static void start(void)
{
	struct container_spec spec = { .name = "a", .door = "door", .id = "a", .init = 7 };
	char *argv[] = { "fuzz", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	static struct cgv_host h;
	struct container *c;
	char path[32];
	int ends[2], room = 1 << 20;

	say_limit = SAY_ERR;
	make_host(&h);
	fs.host = &h;
	HOLDS(tree_build(&h, &fs.tree) == 0);
	HOLDS(registry_new(&h, NULL, &fs.registry) == 0);
	HOLDS(callers_new(&h, fs.registry, &fs.callers) == 0);
	HOLDS(cgv_place_of_path("a", &spec.place) == 0);
	HOLDS(registry_add(fs.registry, &spec, &c) == 0);
	slot = c->slot;
	container_put(c);
	HOLDS(opens_open(memfd_create("opens", MFD_CLOEXEC), &fs.opens) == 0);
	HOLDS(shared_start(&fs) == 0);
	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	kernel = ends[0];
	HOLDS(psi_start(ends[1], 64, &fs.psi) == 0);
	fs.session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), &fs);
	fuse_opt_free_args(&args);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	HOLDS(fs.session && fuse_session_mount(fs.session, path) == 0);
	request.init = (struct fuse_init_in){ .major = 7, .minor = 36, .max_readahead = 131072 };
	ask(FUSE_INIT, 0, sizeof(request.init));
}

/* ---- what is asked ---- */

struct input {
	const uint8_t *p, *end;
};

static unsigned take(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static uint64_t take_number(struct input *in, unsigned bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | take(in);
	return n;
}

/* One that there is, or was, or will be. */
static uint64_t take_ino(struct input *in)
{
	unsigned which = take(in), node = which & 0x3f;

	return ino_of(which & 0x80   ? slot
		      : which & 0x40 ? slot + 9
				     : 0,
		      which == 0xff || which == 0x3f ? NODE_CT
		      : node			     ? node % (fs.tree.n + 2)
						     : 1);
}

/* Names end, and are none of two dots or slashes. */
static size_t take_name(struct input *in)
{
	size_t n = take(in) % 32, len = 0;

	if (n == 31) { /* one there is */
		const struct node *d = &fs.tree.node[1 + take(in) % (fs.tree.n - 1)];

		len = (size_t)snprintf(request.bytes, 256, "%s", d->name ? d->name : "proc");
	}
	for (; n && n < 31; n--) {
		char c = (char)take(in);

		if (c && c != '/')
			request.bytes[len++] = c;
	}
	request.bytes[len] = '\0';
	return len + 1;
}

static struct open_file *find_open(uint64_t fh)
{
	for (int i = 0; i < OPEN_MAX; i++)
		if (opened[i].fh == fh)
			return &opened[i];
	return NULL;
}

static void open_one(struct input *in)
{
	struct open_file *room = find_open(0);
	uint64_t ino = take_ino(in);
	const struct fuse_open_out *out = (const void *)answer.bytes;

	if (!room)
		return;
	request.open = (struct fuse_open_in){ .flags = (uint32_t)(take(in) & 3) };
	ask(FUSE_OPEN, ino, sizeof(request.open));
	if (answer.head.error == 0)
		*room = (struct open_file){ out->fh, ino };
}

static void close_one(struct open_file *f)
{
	if (!f->fh)
		return;
	request.release = (struct fuse_release_in){ .fh = f->fh };
	ask(FUSE_RELEASE, f->ino, sizeof(request.release));
	f->fh = 0;
}

static void read_one(struct input *in, const struct open_file *f)
{
	uint64_t off = take_number(in, 2);
	uint32_t size = (uint32_t)take_number(in, 2);

	if (!f->fh)
		return;
	request.read = (struct fuse_read_in){ .fh = f->fh,
					      .offset = off,
					      .size = size,
					      .read_flags = take(in) & FUSE_READ_LOCKOWNER,
					      .lock_owner = 1 };
	ask(FUSE_READ, f->ino, sizeof(request.read));
	HOLDS(answer.head.len <= sizeof(answer.head) + size);
}

/* The text of a trigger, as somebody in a container writes it. */
static void write_one(struct input *in, const struct open_file *f)
{
	char *text = request.bytes + sizeof(request.write);
	uint32_t n = take(in);

	for (uint32_t i = 0; i < n; i++)
		text[i] = (char)take(in);
	if (!f->fh)
		return;
	request.write = (struct fuse_write_in){ .fh = f->fh, .size = n };
	ask(FUSE_WRITE, f->ino, sizeof(request.write) + n);
}

static void poll_one(struct input *in, const struct open_file *f)
{
	if (!f->fh)
		return;
	request.poll = (struct fuse_poll_in){ .fh = f->fh,
					      .kh = 4711,
					      .flags = take(in) & FUSE_POLL_SCHEDULE_NOTIFY };
	ask(FUSE_POLL, f->ino, sizeof(request.poll));
}

static void change_one(struct input *in)
{
	uint64_t ino = take_ino(in);

	request.setattr = (struct fuse_setattr_in){ .valid = take(in), .size = take(in) };
	ask(FUSE_SETATTR, ino, sizeof(request.setattr));
}

static void list_one(struct input *in)
{
	uint64_t ino = take_ino(in), off = take_number(in, 2);

	request.read = (struct fuse_read_in){ .offset = off, .size = (uint32_t)take_number(in, 2) };
	ask(FUSE_READDIR, ino, sizeof(request.read));
	HOLDS(answer.head.len <= sizeof(answer.head) + (request.read.size ? 65536 : 0));
}

static void ask_one(struct input *in)
{
	unsigned what = take(in);
	struct open_file *f = &opened[what >> 4 & (OPEN_MAX - 1)];
	uint64_t ino;

	switch (what & 15) {
	case 0:
		ino = take_ino(in);
		ask(FUSE_LOOKUP, ino, take_name(in));
		break;
	case 1:
		ino = f->fh ? f->ino : take_ino(in);
		request.getattr =
		    (struct fuse_getattr_in){ .fh = f->fh, .getattr_flags = f->fh ? 1 : 0 };
		ask(FUSE_GETATTR, ino, sizeof(request.getattr));
		break;
	case 2:
		ask(FUSE_READLINK, take_ino(in), 0);
		break;
	case 3:
	case 4:
		open_one(in);
		break;
	case 5:
	case 6:
		read_one(in, f);
		break;
	case 7:
		write_one(in, f);
		break;
	case 8:
		poll_one(in, f);
		break;
	case 9:
		close_one(f);
		break;
	case 10:
		list_one(in);
		break;
	case 11:
		change_one(in);
		break;
	default:
		ino = take_ino(in);
		ask(FUSE_UNLINK, ino, take_name(in));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint32_t at = 0;

	if (!fs.session)
		start();
	while (in.p < in.end)
		ask_one(&in);
	for (int i = 0; i < OPEN_MAX; i++)
		close_one(&opened[i]);
	HOLDS(!open_row_next(fs.opens, &at));
	return 0;
}
