// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/fs.h"
#include "pct/tool.h"

/* ---- which it is ---- */

static const struct {
	const char *type;
	off_t at;
	const char *magic;
} types[] = {
	{ "ext4", 0x438, "\x53\xef" },
	{ "xfs", 0, "XFSB" },
	{ "btrfs", 0x10040, "_BHRfS_M" },
};

const char *fs_type(const char *image)
{
	auto_fd fd = open(image, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char magic[8];

	for (size_t i = 0; i < ARRAY_LEN(types) && fd >= 0; i++) {
		size_t n = strlen(types[i].magic);

		if (pread(fd, magic, n, types[i].at) == (ssize_t)n &&
		    memcmp(magic, types[i].magic, n) == 0)
			return types[i].type;
	}
	return NULL;
}

/* ---- growing, mounted ---- */

/* The kernel's own, in no header that programs have. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

struct xfs_geometry {
	uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize, inodesize, imaxpct;
	uint64_t datablocks, rtblocks, rtextents, logstart;
	unsigned char uuid[16];
	uint32_t sunit, swidth;
	int32_t version;
	uint32_t flags, logsectsize, rtsectsize, dirblocksize;
};
#define XFS_IOC_FSGEOMETRY_V1 _IOR('X', 100, struct xfs_geometry)

struct xfs_growth {
	uint64_t newblocks;
	uint32_t imaxpct;
};
#define XFS_IOC_FSGROWFSDATA _IOW('X', 110, struct xfs_growth)

/* In bytes, of the device the file system is on. */
static int device_size(int fd, uint64_t *bytes)
{
	auto_free char *path = NULL;
	auto_fd size = -EBADF;
	char text[32];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	path = text_of("/sys/dev/block/%u:%u/size", major(st.st_dev), minor(st.st_dev));
	size = open(path, O_RDONLY | O_CLOEXEC);
	n = size < 0 ? -1 : read(size, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	text[n] = '\0';
	*bytes = strtoull(text, NULL, 10) * 512;
	return 0;
}

static int grow_ext4(int fd, uint64_t block)
{
	uint64_t bytes, blocks;
	int r = device_size(fd, &bytes);

	if (r < 0)
		return r;
	blocks = bytes / block;
	if (step("resize: grow an ext4") < 0)
		return -errno;
	return ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks) < 0 ? -errno : 0;
}

static int grow_xfs(int fd)
{
	struct xfs_geometry g;
	struct xfs_growth to;
	uint64_t bytes;
	int r = device_size(fd, &bytes);

	if (r == 0 && ioctl(fd, XFS_IOC_FSGEOMETRY_V1, &g) < 0)
		r = -errno;
	if (r < 0)
		return r;
	to = (struct xfs_growth){ bytes / g.blocksize, g.imaxpct };
	if (to.newblocks <= g.datablocks)
		return 0;
	if (step("resize: grow an xfs") < 0)
		return -errno;
	return ioctl(fd, XFS_IOC_FSGROWFSDATA, &to) < 0 ? -errno : 0;
}

static int grow_btrfs(int fd)
{
	struct btrfs_ioctl_vol_args to = { .name = "max" };

	if (step("resize: grow a btrfs") < 0)
		return -errno;
	return ioctl(fd, BTRFS_IOC_RESIZE, &to) < 0 ? -errno : 0;
}

int fs_grow(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	switch (fs.f_type) {
	case EXT4_SUPER_MAGIC:
		return grow_ext4(fd, (uint64_t)fs.f_bsize);
	case XFS_SUPER_MAGIC:
		return grow_xfs(fd);
	case BTRFS_SUPER_MAGIC:
		return grow_btrfs(fd);
	default:
		return -EOPNOTSUPP;
	}
}

/* What is written of each group of blocks that comes: measured, some 1.4 kB of an ext4. */
#define GROUP_BYTES 4096
#define GROW_BYTES  (1 << 20)

uint64_t fs_growth_takes(const char *image, uint64_t more)
{
	auto_fd fd = open(image, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	unsigned char shift[4] = { 0 };
	uint64_t block = 4096;

	/* s_log_block_size; a group has as many blocks as a block has bits. */
	if (fd >= 0 && pread(fd, shift, sizeof(shift), 1024 + 24) == sizeof(shift) && shift[0] < 7)
		block = 1024ull << shift[0];
	return GROW_BYTES + (more / (8 * block * block) + 1) * GROUP_BYTES;
}

/* ---- by programs ---- */

/* What it printed last: that is where they say what they could not do. */
static const char *last_line(char *text)
{
	char *line;

	if (!text)
		return "";
	for (size_t n = strlen(text); n && (text[n - 1] == '\n' || text[n - 1] == ' ');)
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

/* resize2fs tells first what it is about to do, and then complains under its own name. */
static const char *complaint(char *text)
{
	char *line = text ? strstr(text, "resize2fs: ") : NULL;

	if (!line)
		return last_line(text);
	line[strcspn(line, "\n")] = '\0';
	return line + strlen("resize2fs: ");
}

static int missing(const char *what, const char *program, const char *package)
{
	return refuse(-ENOENT, "%s: there is no '%s': install the package %s", what, program,
		      package);
}

/* e2fsck's status is a sum: 1 and 2 repaired, 4 errors are left, 8 and above it did not run. */
#define FSCK_LEFT 4
#define FSCK_RUN  7

/* 1: errors are left. */
static int run_e2fsck(const char *const argv[], const char *what)
{
	auto_free char *said = NULL;
	int r = step("fsck: e2fsck");

	if (r == 0)
		r = tool_try(argv, "", NULL, &said);
	if (r < 0)
		return fail(r, "%s: check its file system", what);
	if (r == TOOL_MISSING)
		return missing(what, argv[0], "e2fsprogs");
	if (said)
		fputs(said, stdout);
	if (r & ~FSCK_RUN)
		return refuse(-EIO, "%s: e2fsck: %s", what, last_line(said));
	return (r & FSCK_LEFT) != 0;
}

/*
 * @interrupted: a resize2fs was ended half-way, as by a full disk. What that leaves is in the
 * tables of what grew, but is nothing that e2fsck mends without being told to.
 */
static int check_ext4(const char *device, bool force, bool interrupted, const char *what)
{
	const char *argv[] = { "e2fsck", "-p", force ? "-f" : device, force ? device : NULL, NULL };
	int r = run_e2fsck(argv, what);

	if (r == 1 && interrupted) {
		info("%s: its file system was left half grown: e2fsck decides", what);
		argv[1] = "-y";
		r = run_e2fsck(argv, what);
		/* What it has mended is looked at once more. */
		argv[1] = "-p";
		r = r < 0 ? r : run_e2fsck(argv, what);
	}
	return r <= 0 ? r
		      : refuse(-EUCLEAN,
			       "%s: its file system has errors that need decisions: run 'e2fsck "
			       "%s', or restore a backup",
			       what, device);
}

/* xfs mends itself when it is mounted, as far as its log goes: here it is only looked at. */
static int check_xfs(const char *device, const char *what)
{
	/* -f: it may be a file. */
	const char *const argv[] = { "xfs_repair", "-n", "-f", device, NULL };
	auto_free char *said = NULL;
	int r = tool_try(argv, "", NULL, &said);

	if (r < 0)
		return fail(r, "%s: check its file system", what);
	if (r == TOOL_MISSING)
		return missing(what, argv[0], "xfsprogs");
	if (said)
		fputs(said, stdout);
	return r == 0 ? 0
		      : refuse(-EUCLEAN,
			       "%s: its xfs has errors, or a log to be read first: start the "
			       "container once, or run 'xfs_repair %s'",
			       what, device);
}

static int check_btrfs(const char *device, const char *what)
{
	const char *const argv[] = { "btrfs", "check", "--readonly", device, NULL };
	auto_free char *said = NULL;
	int r = tool_try(argv, "", NULL, &said);

	if (r < 0)
		return fail(r, "%s: check its file system", what);
	if (r == TOOL_MISSING)
		return missing(what, argv[0], "btrfs-progs");
	if (said)
		fputs(said, stdout);
	return r == 0 ? 0 : refuse(-EUCLEAN, "%s: its btrfs has errors", what);
}

int fs_check(const char *device, bool force, const char *what)
{
	const char *type = fs_type(device);

	if (!type)
		return refuse(-EOPNOTSUPP,
			      "%s: '%s' has no file system that pct knows (ext4, xfs, btrfs)", what,
			      device);
	fflush(stdout);
	if (strcmp(type, "ext4") == 0)
		return check_ext4(device, force, false, what);
	return strcmp(type, "xfs") == 0 ? check_xfs(device, what) : check_btrfs(device, what);
}

int fs_grow_unmounted(const char *device, bool interrupted, const char *what)
{
	const char *const argv[] = { "resize2fs", device, NULL };
	const char *type = fs_type(device);
	auto_free char *said = NULL;
	int r;

	if (!type || strcmp(type, "ext4") != 0)
		return refuse(-EOPNOTSUPP, "%s: its file system cannot grow", what);
	r = check_ext4(device, true, interrupted, what);
	if (r < 0)
		return r;
	r = step("resize: resize2fs");
	if (r == 0)
		r = tool_try(argv, "", NULL, &said);
	if (r < 0)
		return fail(r, "%s: grow its file system", what);
	if (r == TOOL_MISSING)
		return missing(what, argv[0], "e2fsprogs");
	return r == 0 ? 0
		      : refuse(-EIO,
			       "%s: resize2fs: %s; its file system is as large as it was: say it "
			       "again once there is room, that mends it",
			       what, complaint(said));
}

/* ---- ---- */

int fs_trim(int fd, uint64_t *bytes)
{
	struct fstrim_range all = { .len = UINT64_MAX };

	if (ioctl(fd, FITRIM, &all) < 0)
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	*bytes = all.len;
	return 0;
}
