// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "36 35 98:0 /root /where rw,noatime shared:7 master:1 - ext3 /dev/root rw" */
static int row_of(const char *line, struct mount_row *out)
{
	const char *dash = strstr(line, " - "), *tag = line;
	unsigned long long id, parent, shared = 0, master = 0;

	if (!dash || sscanf(line, "%llu %llu", &id, &parent) != 2)
		return -EBADMSG;
	/* After the sixth column; blanks in paths are written as \040. */
	for (int i = 0; i < 6 && tag; i++)
		tag = strchr(tag + 1, ' ');
	for (; tag && tag < dash; tag = strchr(tag + 1, ' ')) {
		(void)!sscanf(tag, " shared:%llu", &shared);
		(void)!sscanf(tag, " master:%llu", &master);
	}
	*out = (struct mount_row){ id, parent, shared, master, "" };
	snprintf(out->type, sizeof(out->type), "%.*s", (int)strcspn(dash + 3, " "), dash + 3);
	return 0;
}

static int add(struct mountinfo *m, const char *line)
{
	struct mount_row *rows = m->rows, row;
	int r = row_of(line, &row);

	if (r < 0)
		return r;
	if ((m->n & (m->n - 1)) == 0) /* full */
		rows = realloc(rows, MAX(2 * m->n, (size_t)1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	m->rows = rows;
	rows[m->n++] = row;
	return 0;
}

int mountinfo_read(int fd, struct mountinfo *out)
{
	auto_fd copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	auto_file f = copy < 0 ? NULL : fdopen(copy, "r");
	auto_mountinfo m = { 0 };
	auto_free char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!f)
		return -errno;
	(void)take_fd(&copy);
	rewind(f);
	while (r == 0 && getline(&line, &room, f) > 0)
		r = add(&m, line);
	if (r == 0) {
		*out = m;
		m = (struct mountinfo){ 0 };
	}
	return r;
}

const struct mount_row *mountinfo_find(const struct mountinfo *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].id == id)
			return &m->rows[i];
	return NULL;
}

bool mountinfo_hears(const struct mountinfo *m, uint64_t group)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].shared == group || m->rows[i].master == group)
			return true;
	return false;
}
