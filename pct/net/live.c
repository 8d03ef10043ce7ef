// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Add, change and take away an interface of a container that runs.
 */
#include "pct/ct/live.h"
#include <fcntl.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/ct/attach.h"
#include "pct/ct/lxc.h"
#include "pct/guest/live.h"
#include "pct/net/connect.h"
#include "pct/net/inside.h"
#include "pct/net/managed.h"
#include "pct/net/net.h"
#include "pct/paths.h"

struct change {
	struct nl_sock *s;
	struct live *live;
	int ns;
	const struct nic *is, *was; /* NULL: none */
};

/* The container's end, in its namespace; -ENODEV: somebody took it away. */
static int other_end(const struct change *c, const struct nic *n)
{
	auto_link l = NULL;
	int r = link_get(c->s, n->host, &l);

	return r < 0 ? r : rtnl_link_get_link(l);
}

/*
 * Our own template's DHCP client looks at interfaces when it is told to; other systems see for
 * themselves what comes. Nobody waits for it, nor is a lock held by it: who knows what the
 * container's root made of its shell.
 */
static void tell_guest(const struct change *c)
{
	static const char *const argv[] = { "/bin/sh", "-c",
					    "[ ! -x /etc/init.d/network ] || "
					    "exec /etc/init.d/network",
					    NULL };
	const struct ct_command what = { .argv = argv };
	const char *type = key_value(c->live->config, "ostype");
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (!type || strcmp(type, "busybox") != 0 || null < 0 || fork() != 0)
		return;
	if (setsid() < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(EXIT_FAILURE);
	_exit(ct_exec(c->live->vmid, &what) != 0);
}

static int plug(const struct change *c, const struct nic *n)
{
	int r = nic_plug(c->s, n, c->ns), index;

	if (r < 0)
		return r;
	index = other_end(c, n);
	r = index < 0 ? fail(index, "find net%u of CT %u", n->number, n->vmid)
		      : inside_set(c->ns, index, n, NULL, nic_mtu(c->s, n));
	if (r < 0)
		(void)nic_unplug(c->s, n->vmid, n->number);
	return r;
}

static int replug(const struct change *c)
{
	int r = nic_unplug(c->s, c->was->vmid, c->was->number);

	if (r < 0)
		return r;
	r = plug(c, c->is);
	if (r < 0 && plug(c, c->was) < 0)
		warn(0, "net%u of CT %u is not as it was: 'pct stop %u' and 'pct start %u' help",
		     c->was->number, c->was->vmid, c->was->vmid, c->was->vmid);
	return r;
}

static int in_place(const struct change *c)
{
	int index = other_end(c, c->was);
	int r = nic_connect(c->s, c->is, c->was);

	if (r == 0)
		r = inside_set(c->ns, index, c->is, c->was, nic_mtu(c->s, c->is));
	if (r == 0)
		return 0;
	if (nic_connect(c->s, c->was, NULL) < 0 ||
	    inside_set(c->ns, index, c->was, c->is, nic_mtu(c->s, c->was)) < 0)
		warn(0, "net%u of CT %u is not as it was: 'pct stop %u' and 'pct start %u' help",
		     c->was->number, c->was->vmid, c->was->vmid, c->was->vmid);
	return r;
}

static int make_so(const struct change *c)
{
	int r;

	if (!c->is)
		return nic_unplug(c->s, c->was->vmid, c->was->number);
	r = *c->is->bridge ? managed_ensure(c->is) : 0;
	if (r == 0)
		r = nic_check(c->s, c->is);
	if (r == 0)
		r = nic_clash(c->s, c->is);
	if (r < 0)
		return r;
	if (!c->was || other_end(c, c->was) < 0)
		r = plug(c, c->is);
	else
		r = nic_same_device(c->is, c->was) ? in_place(c) : replug(c);
	if (r == 0)
		tell_guest(c);
	return r;
}

int net_apply(struct live *l, const char *name, const char *value)
{
	const char *had = config_get(l->config, name);
	unsigned number = key_number_of(key_find(name), name);
	struct nic is, was;
	auto_sock s = NULL;
	auto_fd ns = -EBADF;
	struct change c = { .live = l };
	int r = value ? nic_parse(l->vmid, number, value, &is) : 0;

	if (r < 0)
		return refuse(r, "CT %u: '%s' cannot be used as %s", l->vmid, value, name);
	r = link_open(&s);
	if (r == 0)
		r = inside_ns(l->init, &ns);
	if (r < 0)
		return fail(r, "find the network of CT %u", l->vmid);
	c.s = s;
	c.ns = ns;
	c.is = value ? &is : NULL;
	c.was = had && nic_parse(l->vmid, number, had, &was) == 0 ? &was : NULL;
	if (!c.is && !c.was)
		return 0;
	r = make_so(&c);
	/* For its next boot; that it could not be written was told of. */
	if (r == 0)
		(void)guest_live(l, name, value, GUEST_NETWORK);
	return r;
}
