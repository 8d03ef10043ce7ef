// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/say.h"
#include "procfs/store.h"

#define KEPT "kept"

bool store_is_there(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

/*
 * Without being polled there: each request would wake the supervisor too, and it would let go of
 * what was cut off, which is ours to see.
 */
void store_put(const char *name, int fd)
{
	char text[64];
	int r;

	if (fd < 0 || !store_is_there())
		return;
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	r = sd_pid_notify_with_fds(0, 0, text, &fd, 1);
	if (r < 0)
		warn(r, "have '%s' kept by the supervisor: it would not outlive this process",
		     name);
}

void store_drop(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	(void)sd_notify(0, text);
}

static const char *kept_name(uint32_t id, char name[static 16])
{
	snprintf(name, 16, KEPT "%u", id);
	return name;
}

void store_put_kept(uint32_t id, int fd)
{
	char name[16];

	store_put(kept_name(id, name), fd);
}

void store_drop_kept(uint32_t id)
{
	char name[16];

	store_drop(kept_name(id, name));
}

void store_put_all(const struct stored *all, size_t n, const int kept[KEPT_MAX])
{
	for (size_t i = 0; i < n; i++)
		store_put(all[i].name, *all[i].fd);
	for (uint32_t id = 1; id < KEPT_MAX; id++)
		store_put_kept(id, kept[id]);
}

/* Where a descriptor of that name belongs; NULL: nowhere. */
static int *place_of(const char *name, const struct stored *all, size_t n, int kept[KEPT_MAX])
{
	unsigned long id;

	for (size_t i = 0; i < n; i++)
		if (strcmp(name, all[i].name) == 0)
			return all[i].fd;
	if (strncmp(name, KEPT, strlen(KEPT)) != 0)
		return NULL;
	id = strtoul(name + strlen(KEPT), NULL, 10);
	return id && id < KEPT_MAX ? &kept[id] : NULL;
}

void store_take(const struct stored *all, size_t n, int kept[KEPT_MAX])
{
	char **names = NULL;
	int got = sd_listen_fds_with_names(1, &names);

	for (int i = 0; i < got; i++) {
		int *to = place_of(names[i], all, n, kept), fd = SD_LISTEN_FDS_START + i;

		if (to && *to < 0) {
			*to = fd;
		} else {
			store_drop(names[i]);
			close_fd(&fd);
		}
		free(names[i]);
	}
	free(names);
}

void store_tell_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
