// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Huge pages of each size, where the container has a limit of its own for them.
 */
#include <dirent.h>
#include <fcntl.h>

#include "cgview/container.h"
#include "cgview/read.h"

#define DIR_NAME "sys/kernel/mm/hugepages"

int cgv_hugepages_of(const struct cgv_container *c, uint64_t size, uint64_t most,
		     struct cgv_hugepages *out)
{
	unsigned shift = size >> 30 ? 30 : size >> 20 ? 20 : 10;
	bool v1 = cgv_owner(c->host, CGV_HUGETLB) == CGV_V1;
	uint64_t limit, used;
	char name[2][64];
	int r;

	*out = (struct cgv_hugepages){ .size = size };
	if (!size || !most || cgv_owner(c->host, CGV_HUGETLB) == CGV_NONE)
		return 0;
	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof(name[i]), "hugetlb.%llu%cB.%s",
			 (unsigned long long)(size >> shift), "KMG"[shift / 10 - 1],
			 i ? (v1 ? "usage_in_bytes" : "current") : (v1 ? "limit_in_bytes" : "max"));
	r = cgv_number_of(c, CGV_HUGETLB, name[0], &limit);
	/* v1's "no limit" is rounded down to whole huge pages. */
	if (r < 0 || limit / size >= (uint64_t)INT64_MAX / size)
		return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
	r = cgv_number_of(c, CGV_HUGETLB, name[1], &used);
	if (r < 0)
		return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
	out->total = MIN(limit / size, most);
	out->free = out->total - MIN(out->total, used / size);
	return 0;
}

/* "hugepages-2048kB": its size, and how many pages of it the host has. */
static int of_host(int dir, const char *name, uint64_t *size, uint64_t *most)
{
	static const char before[] = "hugepages-";
	struct span number, text;
	char path[300], buf[64];
	int r;

	if (strncmp(name, before, strlen(before)) != 0)
		return -ENOENT;
	number = span_of(name + strlen(before));
	number.end -= MIN(span_len(number), strlen("kB"));
	if (strcmp(number.end, "kB") != 0 || !span_u64(&number, size) || *size > UINT64_MAX / 1024)
		return -ENOENT;
	*size *= 1024;
	snprintf(path, sizeof(path), "%s/nr_hugepages", name);
	r = cgv_read(dir, path, buf, sizeof(buf), &text);
	return r < 0 ? r : span_u64(&text, most) ? 0 : -EBADMSG;
}

int cgv_hugepages(const struct cgv_container *c, struct cgv_hugepages out[CGV_HUGE_SIZES])
{
	struct cgv_hugepages all[CGV_HUGE_SIZES] = { 0 };
	int fd = openat(c->host->root, DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	unsigned n = 0;
	int r = 0;

	if (!d) {
		close_fd(&fd);
		if (errno != ENOENT)
			return -errno;
		memcpy(out, all, sizeof(all));
		return 0;
	}
	while (r == 0 && n < CGV_HUGE_SIZES && (e = readdir(d))) {
		uint64_t size, most;

		r = of_host(fd, e->d_name, &size, &most);
		if (r == 0)
			r = cgv_hugepages_of(c, size, most, &all[n++]);
		else if (r == -ENOENT)
			r = 0;
	}
	closedir(d);
	if (r == 0)
		memcpy(out, all, sizeof(all));
	return r;
}
