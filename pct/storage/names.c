// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <limits.h>

#include "pct/paths.h"
#include "pct/storage/names.h"

#define NAME_LONGEST 255

static const char base_dir[] = "base/";

/* One plain name: no sign that a shell, a tool, a conf or a file system takes for another thing. */
static bool is_plain(const char *p, size_t n)
{
	if (n == 0 || n > NAME_LONGEST || *p == '.' || *p == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && !strchr("._-+", p[i]))
			return false;
	return true;
}

static bool take_vmid(const char *p, size_t n, unsigned *vmid)
{
	char text[16];

	if (n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)n, p);
	return vmid_parse(text, vmid);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* "-disk-0.raw" */
static unsigned number_of(const char *text)
{
	static const char disk[] = "-disk-";
	const char *number = text + strlen(disk);
	size_t n;

	if (strncmp(text, disk, strlen(disk)) != 0)
		return UINT_MAX;
	n = strspn(number, "0123456789");
	if (n == 0 || n > 6 ||
	    (number[n] && strcmp(number + n, ".raw") != 0 && strcmp(number + n, ".subvol") != 0))
		return UINT_MAX;
	return (unsigned)strtoul(number, NULL, 10);
}

/* "vm-100-disk-0.raw": what it says of itself; a name of any other form says nothing. */
static void read_file(struct volume_name *v, unsigned *vmid)
{
	static const struct {
		const char *begin;
		bool base;
		enum volume_format format;
	} forms[] = {
		{ "vm-", false, VOLUME_IMAGE },
		{ "subvol-", false, VOLUME_DIRECTORY },
		{ "base-", true, VOLUME_IMAGE },
		{ "basevol-", true, VOLUME_DIRECTORY },
	};

	v->number = UINT_MAX;
	v->format = ends_with(v->file, ".subvol") ? VOLUME_DIRECTORY : VOLUME_IMAGE;
	*vmid = 0;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t n = strlen(forms[i].begin), digits;
		const char *p = v->file + n;

		if (strncmp(v->file, forms[i].begin, n) != 0)
			continue;
		digits = strspn(p, "0123456789");
		if (p[digits] != '-' || !take_vmid(p, digits, vmid))
			continue;
		v->base = forms[i].base;
		if (!ends_with(v->file, ".raw") && !ends_with(v->file, ".subvol"))
			v->format = forms[i].format;
		v->number = number_of(p + digits);
	}
}

/* A volume's own name, "100/vm-100-disk-0.raw" or "vm-100-disk-0". */
static int read_own(const char *own, struct volume_name *v)
{
	const char *slash = strchr(own, '/');
	unsigned dir = 0, file = 0;

	v->own = own;
	v->file = slash ? slash + 1 : own;
	if (!is_plain(v->file, strlen(v->file)) ||
	    (slash && !take_vmid(own, (size_t)(slash - own), &dir)))
		return -EINVAL;
	read_file(v, &file);
	if (dir && file && dir != file)
		return -EINVAL;
	v->owner = dir ? dir : file;
	return v->owner ? 0 : -EINVAL;
}

static int read_image(const char *name, struct volume_name *v)
{
	v->own = name;
	v->file = name + strlen(base_dir);
	v->number = UINT_MAX;
	v->base = !ends_with(v->file, ".new"); /* that one is being made */
	v->format = VOLUME_DIRECTORY;
	return is_plain(v->file, strlen(v->file)) ? 0 : -EINVAL;
}

int volume_name_read(const char *name, struct volume_name *out)
{
	struct volume_name v = { 0 }, base = { 0 };
	const char *own = name;
	size_t slashes = 0;
	int r = 0;

	for (const char *p = name; *p; p++)
		slashes += *p == '/';
	if (strncmp(name, base_dir, strlen(base_dir)) == 0 && slashes == 1) {
		r = read_image(name, &v);
	} else if (slashes == 3 || (slashes == 1 && !isdigit((unsigned char)*name))) {
		/* Its base, and itself; as many slashes in either. */
		auto_free char *first = NULL;

		own = strchr(name, '/') + 1;
		if (slashes == 3)
			own = strchr(own, '/') + 1;
		first = text_of("%.*s", (int)(own - 1 - name), name);
		r = strncmp(first, base_dir, strlen(base_dir)) == 0 ? read_image(first, &base)
								    : read_own(first, &base);
		if (r == 0)
			r = base.base ? read_own(own, &v) : -EINVAL;
		v.linked = true;
	} else if (slashes <= 1) {
		r = read_own(own, &v);
	} else {
		r = -EINVAL;
	}
	if (r == 0)
		*out = v;
	return r;
}

char *volume_name_make(unsigned vmid, enum volume_format format, bool base, unsigned number,
		       bool files)
{
	bool dir = format == VOLUME_DIRECTORY;
	const char *begin = dir ? (base ? "basevol" : "subvol") : (base ? "base" : "vm");

	if (!files)
		return text_of("%s-%u-disk-%u", begin, vmid, number);
	return text_of("%u/%s-%u-disk-%u%s", vmid, begin, vmid, number, dir ? ".subvol" : ".raw");
}
