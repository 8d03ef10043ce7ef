// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/hash.h"
#include "base/say.h"
#include "pct/cli/option.h"
#include "pct/conf/config.h"
#include "pct/net/bridge.h"
#include "pct/net/connect.h"
#include "pct/net/file.h"
#include "pct/net/managed.h"
#include "pct/net/users.h"
#include "pct/paths.h"

// clang-format off
const struct option managed_options[MANAGED_OPTIONS] = {
	{ "dhcp", OPTION_BOOL, .help = "it gives addresses (dnsmasq); the default is 1" },
	{ "dns", OPTION_BOOL, .help = "it answers for names, its containers' as NAME.pct; default 1" },
	{ "nat", OPTION_BOOL, .help = "its containers get out with the host's address; default 1" },
	{ "subnet", OPTION_TEXT, .min = 1, .max = 32, .form = form_subnet, .value = "<IPv4 net>",
	  .help = "its addresses, as 10.1.2.0/24; a free one if not given" },
	{ "subnet6", OPTION_TEXT, .min = 1, .max = 64, .form = form_subnet6, .value = "<IPv6 net>",
	  .help = "likewise for IPv6, as fd00:1::/64; none if not given" },
	{ "vlan-aware", OPTION_BOOL, .help = "containers may have tag= and trunks=" },
};
// clang-format on

const char *managed_fallback(const char *key)
{
	if (strcmp(key, "vlan-aware") == 0)
		return "0";
	return strncmp(key, "subnet", 6) == 0 ? NULL : "1";
}

void managed_free(struct managed *m)
{
	config_free(&m->config);
}

static char *conf_path(const char *name)
{
	return path_to("etc/pct/network/%s.conf", name);
}

bool managed_exists(const char *name)
{
	auto_free char *path = conf_path(name);

	return access(path, F_OK) == 0;
}

/* ---- reading ---- */

static int is_on(const struct config *c, const char *key, bool *out)
{
	const char *value = config_get(c, key);

	return option_bool(value ? value : managed_fallback(key), out) ? 0 : -EINVAL;
}

static int take(struct managed *m)
{
	m->subnet = config_get(&m->config, "subnet");
	m->subnet6 = config_get(&m->config, "subnet6");
	if (!m->subnet || form_subnet(m->subnet) || !subnet_parse(m->subnet, &m->net) ||
	    (m->subnet6 && form_subnet6(m->subnet6)))
		return -EINVAL;
	return is_on(&m->config, "nat", &m->nat) || is_on(&m->config, "dhcp", &m->dhcp) ||
		       is_on(&m->config, "dns", &m->dns) ||
		       is_on(&m->config, "vlan-aware", &m->vlans)
		   ? -EINVAL
		   : 0;
}

int managed_load(const char *name, struct managed *out)
{
	auto_free char *path = conf_path(name);
	auto_free char *text = file_read(path);
	auto_managed m = { 0 };
	int r;

	if (!text && errno == ENOENT)
		return refuse(-ENOENT,
			      "there is no network '%s'; 'pct network list' shows those there are",
			      name);
	if (!text)
		return fail(-errno, "read the network '%s', '%s'", name, path);
	snprintf(m.name, sizeof(m.name), "%s", name);
	r = config_parse(text, strlen(text), &m.config, NULL);
	if (r < 0)
		return fail(r, "read the network '%s', '%s'", name, path);
	r = take(&m);
	if (r < 0)
		return refuse(r, "the network '%s' cannot be used; correct it in '%s'", name, path);
	*out = m;
	m = (struct managed){ 0 };
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void managed_list_free(char ***names)
{
	for (char **n = *names; n && *n; n++)
		free(*n);
	free(*names);
}

static bool is_conf(const char *name, char out[16])
{
	size_t n = strlen(name);

	if (*name == '.' || n < 6 || n > 20 || strcmp(name + n - 5, ".conf") != 0)
		return false;
	snprintf(out, 16, "%.*s", (int)n - 5, name);
	return true;
}

char **managed_list(void)
{
	auto_free char *path = path_to("etc/pct/network");
	DIR *dir = opendir(path);
	struct dirent *e;
	char **names = calloc(1, sizeof(*names)), **grown;
	char name[16];
	size_t n = 0;

	while (names && dir && (e = readdir(dir))) {
		if (!is_conf(e->d_name, name))
			continue;
		grown = reallocarray(names, n + 2, sizeof(*names));
		if (!grown)
			break;
		names = grown;
		names[n] = text_of("%s", name);
		names[++n] = NULL;
	}
	if (dir)
		closedir(dir);
	if (names)
		qsort(names, n, sizeof(*names), compare);
	return names;
}

/* ---- changing ---- */

/* One at a time makes or unmakes it. */
static int lock(const char *name, int *out)
{
	auto_free char *dir = path_to("run/pct/network");
	auto_free char *path = text_of("%s/%s.lock", dir, name);
	auto_fd fd = -EBADF;
	int r = paths_make(dir, 0755);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return fail(-errno, "lock the network '%s', '%s'", name, path);
	*out = take_fd(&fd);
	return 0;
}

static int save(const char *name, const struct config *c)
{
	auto_free char *dir = path_to("etc/pct/network");
	auto_free char *path = conf_path(name);
	auto_free char *text = NULL;
	size_t n;
	int r = paths_make(dir, 0755);

	if (r == 0 && config_write(c, &text, &n) < 0)
		r = fail(-ENOMEM, "make the network '%s'", name);
	if (r < 0)
		return r;
	r = file_replace(path, text);
	return r < 0 ? fail(r, "make the network '%s', '%s'", name, path) : 0;
}

/* What other networks have, up or not, and what the host has a way to. */
static int find_taken(struct subnet **out, size_t *n)
{
	CLEANUP(managed_list_free) char **names = managed_list();
	auto_free struct subnet *taken = NULL;
	size_t count = 0;
	int r = bridge_routes(&taken, &count);

	for (char **other = names; r == 0 && other && *other; other++) {
		auto_managed m = { 0 };
		struct subnet *grown;

		if (managed_load(*other, &m) < 0)
			continue;
		grown = reallocarray(taken, count + 1, sizeof(*taken));
		if (!grown)
			return -ENOMEM;
		taken = grown;
		taken[count++] = m.net;
	}
	*out = take_ptr(taken);
	*n = count;
	return r;
}

static int check_free(const char *name, const char *wanted, const struct subnet *taken, size_t n)
{
	struct subnet s;
	char text[SUBNET_TEXT];

	if (!subnet_parse(wanted, &s))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (subnet_overlap(&s, &taken[i])) {
			subnet_address(&taken[i], 0, true, text);
			return refuse(-EADDRINUSE,
				      "network '%s': %s overlaps with %s, to which the host has a "
				      "way already; without --subnet a free one is found",
				      name, wanted, text);
		}
	return 0;
}

static int choose(const char *name, struct config *c)
{
	const char *wanted = config_get(c, "subnet");
	auto_free struct subnet *taken = NULL;
	char text[SUBNET_TEXT];
	struct subnet found;
	size_t n = 0;
	int r = find_taken(&taken, &n);

	if (r == 0 && wanted)
		return check_free(name, wanted, taken, n);
	if (r == 0)
		r = subnet_pick(taken, n, fnv32(name), &found);
	if (r < 0)
		return fail(r, "find a free subnet for the network '%s'; give one: --subnet", name);
	subnet_address(&found, 0, true, text);
	return config_set(c, "subnet", text) < 0 ? fail(-ENOMEM, "make the network '%s'", name) : 0;
}

static int create_locked(const char *name, struct config *c)
{
	int r;

	if (managed_exists(name))
		return refuse(-EEXIST,
			      "there is a network '%s' already; 'pct network delete %s' removes it",
			      name, name);
	if (bridge_exists(name))
		return refuse(-EEXIST,
			      "the host has an interface '%s' already, which pct did not make; "
			      "take another name",
			      name);
	r = choose(name, c);
	return r < 0 ? r : save(name, c);
}

static int up_locked(const char *name, const struct nic *wanted)
{
	auto_managed m = { 0 };
	int r = managed_load(name, &m);

	return r < 0 ? r : bridge_up(&m, wanted);
}

/* What cannot be had is not kept. */
static void undo(const char *name)
{
	auto_free char *path = conf_path(name);
	auto_managed m = { 0 };

	if (managed_load(name, &m) == 0)
		(void)bridge_down(&m);
	unlink(path);
}

int managed_create(const char *name, struct config *c)
{
	auto_fd held = -EBADF;
	int r = lock(name, &held);

	if (r == 0)
		r = create_locked(name, c);
	if (r < 0)
		return r;
	r = up_locked(name, NULL);
	if (r < 0)
		undo(name);
	return r;
}

static int make_default(void)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = config_init(&c);

	r = r < 0 ? fail(r, "make the network '" MANAGED_DEFAULT "'")
		  : create_locked(MANAGED_DEFAULT, &c);
	if (r == 0)
		info("made the network '" MANAGED_DEFAULT "', %s, with NAT, DHCP and DNS; "
		     "'pct network show " MANAGED_DEFAULT "' has it all",
		     config_get(&c, "subnet"));
	return r;
}

int managed_ensure(const struct nic *n)
{
	const char *bridge = n->bridge;
	bool is_default = strcmp(bridge, MANAGED_DEFAULT) == 0;
	auto_fd held = -EBADF;
	bool was;
	int r;

	if (!managed_exists(bridge) && (!is_default || bridge_exists(bridge)))
		return 0;
	r = lock(bridge, &held);
	if (r == 0 && !managed_exists(bridge))
		r = make_default();
	if (r < 0)
		return r;
	was = bridge_exists(bridge);
	r = up_locked(bridge, n);
	close_fd(&held);
	if (r == 0 && !was)
		nic_reconnect(bridge);
	return r;
}

/* ---- who is on it ---- */

static int check_unused(const char *name)
{
	auto_users all = { 0 };
	auto_free char *text = NULL;
	unsigned last = 0;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r = f ? users_find(name, &all) : -ENOMEM;

	for (size_t i = 0; i < all.n; i++) {
		unsigned vmid = all.list[i].nic.vmid;

		if (vmid != last)
			fprintf(f, "%s%u", last ? ", " : "", vmid);
		last = vmid;
	}
	if (f)
		fclose(f);
	if (r < 0)
		return fail(r, "look who uses '%s'", name);
	if (all.n)
		return refuse(-EBUSY,
			      "the network '%s' is used by CT %s; 'pct set <vmid> --net0 ...' puts "
			      "them on another, 'pct destroy' removes them",
			      name, text);
	return 0;
}

int managed_remove(const char *name)
{
	auto_free char *path = conf_path(name);
	auto_managed m = { 0 };
	auto_fd held = -EBADF;
	int r = lock(name, &held);

	if (r == 0)
		r = managed_load(name, &m);
	if (r == 0)
		r = check_unused(name);
	if (r == 0)
		r = bridge_down(&m);
	if (r == 0 && unlink(path) < 0)
		r = fail(-errno, "remove the network '%s', '%s'", name, path);
	return r;
}
