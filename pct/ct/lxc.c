// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/end.h"
#include "pct/ct/host.h"
#include "pct/ct/log.h"
#include "pct/ct/lxc.h"
#include "pct/ct/words.h"
#include "pct/paths.h"

#define START_MS 5000
#define LOOK_MS	 20

void ct_close(struct lxc_container **c)
{
	if (*c)
		lxc_container_put(*c);
}

char *ct_lxcpath(void)
{
	return path_to("var/lib/pct/lxc");
}

static char *log_path(unsigned vmid)
{
	return path_to("var/lib/pct/lxc/%u/log", vmid);
}

/* liblxc keeps a byte for the leading NUL and one for a trailing one, and fills no buffer whole. */
void ct_socket(const char *lxcpath, const char *name, char out[CT_SOCKET])
{
	size_t room = CT_SOCKET - 2;
	auto_free char *whole = text_of("%s/%s", lxcpath, name);

	if ((size_t)snprintf(out, room, "%s/command", whole) >= room)
		snprintf(out, room, "lxc/%016" PRIx64 "/command", fnv64(whole));
}

bool ct_running(unsigned vmid)
{
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	auto_free char *lxcpath = ct_lxcpath();
	auto_free char *name = text_of("%u", vmid);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[CT_SOCKET];
	socklen_t n;

	if (fd < 0)
		return false;
	ct_socket(lxcpath, name, path);
	memcpy(to.sun_path + 1, path, strlen(path));
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
	return connect(fd, (struct sockaddr *)&to, n) == 0 || errno == EAGAIN;
}

const char *ct_state(unsigned vmid)
{
	if (!ct_running(vmid))
		return "stopped";
	return cgroups_frozen(vmid) ? "frozen" : "running";
}

struct silence {
	int ours;
};

/* liblxc prints a line of its own about a config it cannot read; ours says more. */
static struct silence silence_begin(void)
{
	struct silence s = { fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) };
	auto_fd null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (s.ours >= 0 && null >= 0)
		dup2(null, STDERR_FILENO);
	return s;
}

static void silence_end(struct silence *s)
{
	if (s->ours >= 0)
		dup2(s->ours, STDERR_FILENO);
	close_fd(&s->ours);
}

static int cannot_use(unsigned vmid, const char *lxcpath, const char *name, const char *line,
		      const char *key)
{
	if (line)
		return refuse(-EIO,
			      "CT %u: liblxc cannot use '%s' in '%s/etc/pct/lxc/%u.conf'; 'pct set "
			      "%u --delete %s' takes that line away",
			      vmid, line, paths_root(), vmid, vmid, key);
	return refuse(-EIO,
		      "CT %u: liblxc cannot use '%s/%s/config'; look for a wrong lxc.* line in "
		      "'%s/etc/pct/lxc/%u.conf'",
		      vmid, lxcpath, name, paths_root(), vmid);
}

int ct_open(unsigned vmid, struct lxc_container **out)
{
	auto_free char *lxcpath = ct_lxcpath();
	auto_free char *name = text_of("%u", vmid);
	auto_free char *none = text_of("%u.none", vmid);
	auto_free char *line = NULL, *key = NULL;
	auto_container *empty = NULL;
	struct silence s = silence_begin();
	struct lxc_container *c = lxc_container_new(name, lxcpath);

	if (!c)
		empty = lxc_container_new(none, lxcpath);
	if (empty)
		line = ct_wrong_line(vmid, empty, &key);
	silence_end(&s);
	if (!c)
		return cannot_use(vmid, lxcpath, name, line, key);
	*out = c;
	return 0;
}

int ct_await_start(unsigned vmid)
{
	auto_container *c = NULL;
	int runs = 0;

	for (int ms = 0; ms < START_MS && ct_running(vmid); ms += LOOK_MS) {
		const char *state;
		int r = c ? 0 : ct_open(vmid, &c);

		if (r < 0)
			return r;
		state = c->state(c);
		runs = state && (strcmp(state, "RUNNING") == 0 || strcmp(state, "FROZEN") == 0)
			   ? runs + 1
			   : 0;
		/* It is called RUNNING a moment before its starter is found to be gone. */
		if (runs == 3)
			return 1;
		poll(NULL, 0, LOOK_MS);
	}
	return ct_running(vmid) ? refuse(-EBUSY,
					 "CT %u is still starting or ending; try again, or 'pct "
					 "stop %u' first",
					 vmid, vmid)
				: 0;
}

int ct_init(unsigned vmid, pid_t *pid)
{
	auto_running c = RUNNING_NONE;
	int r = ct_find(vmid, &c);

	if (r < 0)
		return r;
	if (c.init < 0)
		return -ESRCH;
	*pid = c.pid;
	return 0;
}

/* The monitor tidies up for a moment after it has said that it failed, or was told to stop. */
static void wait_closed(unsigned vmid, int ms)
{
	for (; ms > 0 && ct_running(vmid); ms -= 5)
		poll(NULL, 0, 5);
}

/* liblxc parts lxc.init.cmd at blanks only. NULL: that is right. */
static char **init_words(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *entrypoint;
	char **words;

	if (conf_load(vmid, &c) < 0 || config_get(&c, "lxc.init.cmd"))
		return NULL;
	entrypoint = key_value(&c, "entrypoint");
	return strpbrk(entrypoint, "'\"\\") && words_split(entrypoint, &words) == 0 ? words : NULL;
}

static bool start(unsigned vmid, struct lxc_container *c)
{
	auto_free char **words = init_words(vmid);

	c->want_daemonize(c, true);
	c->want_close_all_fds(c, true);
	/* Its hooks are ours; those of our drop-in for all LXC containers have nothing to add. */
	setenv("PCT_VIEWS", "own", 1);
	return c->start(c, 0, words);
}

int ct_start(unsigned vmid, bool shown)
{
	auto_free char *log = log_path(vmid);
	auto_free char *why = NULL;
	auto_container *c = NULL;
	struct follow f = FOLLOW_NONE;
	bool runs;
	int r;

	if (unlink(log) < 0 && errno != ENOENT)
		return fail(-errno, "remove the old log '%s'", log);
	r = ct_open(vmid, &c);
	if (r == 0 && shown)
		r = log_follow(log, &f);
	if (r < 0)
		return r;
	runs = start(vmid, c);
	if (!runs)
		wait_closed(vmid, START_MS);
	log_unfollow(&f);
	if (runs)
		return 0;
	why = log_reason(log);
	return refuse(-EIO, "start CT %u: %s; all of it is in '%s'", vmid, why, log);
}
