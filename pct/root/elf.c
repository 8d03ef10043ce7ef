// SPDX-License-Identifier: LGPL-2.1-or-later
#include <elf.h>
#include <endian.h>
#include <stdint.h>

#include "base/base.h"
#include "pct/root/elf.h"

static const struct {
	unsigned machine, class;
	const char *arch;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, "amd64" },  { EM_386, ELFCLASS32, "i386" },
	{ EM_AARCH64, ELFCLASS64, "arm64" }, { EM_ARM, ELFCLASS32, "armhf" },
	{ EM_RISCV, ELFCLASS32, "riscv32" }, { EM_RISCV, ELFCLASS64, "riscv64" },
};

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

/* Where the program headers are: the one thing in which the two classes differ for us. */
struct table {
	uint64_t at;
	unsigned n, size;
};

static int has_loader(int fd, struct table t)
{
	if (t.n > 1024 || t.size > 256 || t.size < sizeof(uint32_t))
		return -ENOEXEC;
	for (unsigned i = 0; i < t.n; i++) {
		uint32_t type;

		if (pread(fd, &type, sizeof(type), (off_t)(t.at + (uint64_t)i * t.size)) !=
		    sizeof(type))
			return -ENOEXEC;
		if (type == PT_INTERP)
			return 1;
	}
	return 0;
}

int elf_read(int fd, struct elf *out)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr e32;
		Elf64_Ehdr e64;
	} h = { 0 };
	struct elf found = { 0 };
	struct table t;
	ssize_t n = pread(fd, &h, sizeof(h), 0);
	int r;

	if (n < (ssize_t)sizeof(h.e32) || memcmp(h.ident, ELFMAG, SELFMAG) != 0 ||
	    h.ident[EI_DATA] != OUR_ORDER)
		return -ENOEXEC;
	if (h.ident[EI_CLASS] == ELFCLASS64)
		t = (struct table){ h.e64.e_phoff, h.e64.e_phnum, h.e64.e_phentsize };
	else
		t = (struct table){ h.e32.e_phoff, h.e32.e_phnum, h.e32.e_phentsize };
	r = has_loader(fd, t);
	if (r < 0)
		return r;
	found.is_static = r == 0;
	/* e_machine lies at the same place in both. */
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (machines[i].machine == h.e32.e_machine &&
		    machines[i].class == h.ident[EI_CLASS])
			found.arch = machines[i].arch;
	*out = found;
	return 0;
}
