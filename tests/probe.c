// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * probe CALL [WORD...]: make a system call and print what becomes of it: "ok", or errno's name.
 * For system tests, in containers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BTRFS_IOC_SUBVOL_CREATE _IOC(_IOC_WRITE, 0x94, 14, 4096)
#define KEYCTL_GET_KEYRING_ID	0
#define SESSION_KEYRING		(-3)

static char *arg[3];

static long keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, SESSION_KEYRING, 0);
}

static long afalg(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static long inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

/* Of a directory that is no btrfs's: ENOTTY if the kernel is asked. */
static long btrfs(void)
{
	char none[4096] = "";

	return ioctl(open("/", O_RDONLY), BTRFS_IOC_SUBVOL_CREATE, none);
}

static long handle(void)
{
	return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0);
}

static long do_mount(void)
{
	return mount(arg[0], arg[1], arg[2], 0, NULL);
}

static long make_node(void)
{
	return mknod(arg[0], S_IFCHR | 0600, makedev(1, 3));
}

static long open_for(const char *path, int flags)
{
	return open(path, flags | O_NONBLOCK | O_NOCTTY);
}

static long read_open(void)
{
	return open_for(arg[0], O_RDONLY);
}

static long write_open(void)
{
	return open_for(arg[0], O_WRONLY);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "keyctl", keyctl },	{ "afalg", afalg },    { "inet", inet },
	{ "btrfs", btrfs },	{ "handle", handle },  { "mount", do_mount },
	{ "mknod", make_node }, { "read", read_open }, { "write", write_open },
};

int main(int argc, char *argv[])
{
	for (int i = 2; i < argc && i < 5; i++)
		arg[i - 2] = argv[i];
	for (size_t i = 0; argc > 1 && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(argv[1], calls[i].name) == 0) {
			puts(calls[i].call() < 0 ? strerrorname_np(errno) : "ok");
			return EXIT_SUCCESS;
		}
	fprintf(stderr, "probe: no such call\n");
	return EXIT_FAILURE;
}
