// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The door of OCI runtimes: their hooks, which get the container's state as JSON on stdin. When
 * views are attached all mounts of the container are made, and it has not yet gone to its root.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "launcher/waiting.h"

#define DOOR "oci:"

/* Two runtimes, or one with two roots, can have an id each: they have no bundle in common. */
static void door_of(const struct oci_state *state, char *door, size_t size)
{
	snprintf(door, size, DOOR "%s", state->bundle);
}

static bool shares(const char *with, const struct stat *mnt)
{
	struct stat st;

	return stat(with, &st) == 0 && st.st_ino == mnt->st_ino && st.st_dev == mnt->st_dev;
}

/*
 * Views on what is the host's own would be seen by the host. Its init does not let everybody look,
 * kthreadd may be hidden too; we are the host's, unless this runs in the container's pid namespace.
 */
static bool is_hosts(int pidfd, pid_t pid)
{
	pid_t outside = pid_outside(pidfd, pid);
	char name[48];
	struct stat mnt;

	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", outside);
	return stat(name, &mnt) == 0 &&
	       (shares("/proc/1/ns/mnt", &mnt) || shares("/proc/2/ns/mnt", &mnt) ||
		(outside == pid && shares("/proc/self/ns/mnt", &mnt)));
}

/* Whoever said why is the one line there is to be. */
static void add_note(const struct options *o, const char *door, const char *id, pid_t pid,
		     bool said)
{
	enum say_level before = say_limit;

	if (said)
		say_limit = SAY_ERR;
	waiting_add(o, door, id, pid);
	say_limit = before;
}

static int start(const struct options *options, const struct oci_state *state)
{
	struct options o = *options;
	char root[PATH_MAX], door[PATH_MAX];
	auto_json config = NULL;
	auto_fd bundle = -EBADF;
	auto_fd pidfd = -EBADF;
	bool served;
	int r;

	if (state->pid < 1)
		return refuse(-EINVAL, "the state on stdin has no 'pid': its container has no "
				       "process that could be given views");
	bundle = open(state->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle < 0)
		return fail(-errno, "open the bundle '%s'", state->bundle);
	r = config_read(bundle, &config);
	if (r == 0)
		r = config_root(config, state->bundle, root, sizeof(root));
	if (r < 0)
		return r;
	pidfd = open_pidfd(state->pid);
	if (pidfd < 0)
		return pidfd;
	if (is_hosts(pidfd, state->pid))
		return refuse(-EINVAL, "process %d has the host's own mount namespace", state->pid);
	if (o.cpus == CPUS_UNKNOWN && document_text(config, "linux.resources.cpu.cpus"))
		o.cpus = CPUS_FIXED;
	door_of(state, door, sizeof(door));
	served = o.strict || is_served(&o);
	r = served ? put_views_of(&o, door, state->id, pidfd, state->pid, root) : -ECONNREFUSED;
	if (r == 0)
		waiting_remove(&o, door, state->id);
	else if (!o.strict && !has_ended(pidfd))
		add_note(&o, door, state->id, pid_outside(pidfd, state->pid), served);
	return r;
}

/* It is the container's process that runs this hook. crun does not say its pid. */
static int start_inside(const struct options *o, const struct oci_state *state)
{
	struct oci_state s = *state;

	if (s.pid < 1)
		s.pid = getppid();
	return start(o, &s);
}

static int stop(const struct options *o, const struct oci_state *state)
{
	char door[PATH_MAX];

	door_of(state, door, sizeof(door));
	waiting_remove(o, door, state->id);
	forget(o, door, state->id);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o, const struct oci_state *state);
} stages[] = {
	{ "createRuntime", start },
	{ "createContainer", start_inside },
	{ "prestart", start }, /* before 1.0.2 of the specification */
	{ "poststop", stop },
};

static int run(const struct options *o, int argc, char *argv[])
{
	const char *stage = argc == 2 ? argv[1] : "";
	auto_json document = NULL;
	struct oci_state state;
	const char *wrong;
	size_t i = 0;
	int r;

	while (i < ARRAY_LEN(stages) && strcmp(stages[i].name, stage) != 0)
		i++;
	if (i == ARRAY_LEN(stages))
		return refuse(-EINVAL,
			      "OCI stage '%s': use it for createRuntime, createContainer, "
			      "prestart and poststop",
			      stage);
	r = document_read(STDIN_FILENO, &document);
	if (r == -E2BIG)
		return refuse(r,
			      "the state on stdin is larger than %u MB: this is for an OCI "
			      "runtime to call",
			      DOCUMENT_MAX >> 20);
	if (r < 0 && r != -EBADMSG)
		return fail(r, "read the container's state on stdin");
	wrong = r < 0 ? "is no JSON object" : state_of(document, &state);
	if (wrong)
		return refuse(-EBADMSG, "the state on stdin %s: this is for an OCI runtime to call",
			      wrong);
	return stages[i].run(o, &state);
}

/* Counts are its own to check: wrong words in a hook's line keep no container from starting. */
const struct command cmd_oci = {
	.name = "oci",
	.args = "<stage>",
	.help = "Called by hooks of OCI runtimes, with the state on stdin",
	.min_args = 0,
	.max_args = -1,
	.run = run,
	.hook = true,
};
