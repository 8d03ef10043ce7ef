// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct-runc: goes before an OCI runtime, for engines whose configuration knows no hooks. What is
 * called create or run gets our hooks into its config.json and a boot clock of its own; then the
 * runtime takes this process over.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"
#include "launcher/hooks.h"
#include "launcher/kept.h"
#include "launcher/timens.h"
#include "launcher/words.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- the runtime ---- */

static bool is_program(const char *path, const struct stat *self)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_dev != self->st_dev || st.st_ino != self->st_ino);
}

/* Of "/x/pct-NAME" it is NAME. */
static const char *runtime_for(const char *called)
{
	const char *slash = strrchr(called, '/'), *name = slash ? slash + 1 : called;

	return strncmp(name, "pct-", 4) == 0 ? name + 4 : name;
}

/* The next in PATH that is not ourselves, also where this program has the runtime's name. */
static int find_runtime(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH");
	struct stat self = { 0 };

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return 0;
	}
	(void)stat("/proc/self/exe", &self);
	for (int i = 0; i < 2; i++, dirs = PATH_DEFAULT) {
		while (dirs && *dirs) {
			int n = (int)strcspn(dirs, ":");

			snprintf(path, size, "%.*s/%s", n, dirs, name);
			if (n > 0 && is_program(path, &self))
				return 0;
			dirs += n + (dirs[n] == ':');
		}
	}
	return refuse(-ENOENT,
		      "there is no '%s' to go on with: install it, or name one by "
		      "--pct-runtime=PATH",
		      name);
}

#define BECAME "PCT_RUNC_PID"

/* What we became, or what that started, is ourselves again: a script with the runtime's name. */
static bool leads_back(void)
{
	const char *text = getenv(BECAME);
	long pid = text ? strtol(text, NULL, 10) : 0;

	return pid > 0 && (pid == getpid() || pid == getppid());
}

static int become(const char *runtime, char *argv[])
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	argv[0] = (char *)(uintptr_t)runtime;
	if (setenv(BECAME, pid, 1) == 0)
		execv(runtime, argv);
	return fail(-errno, "go on with '%s'", runtime);
}

/* ---- config.json ---- */

#define TEMP   ".config.json.pct-"
#define LEFT_S 60 /* nobody writes for so long */

/* Of wrappers that were killed; one bundle can be many containers, which others make now. */
static void remove_left(int bundle)
{
	int copy = openat(bundle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct stat st;

		if (strncmp(e->d_name, TEMP, strlen(TEMP)) == 0 &&
		    fstatat(bundle, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    time(NULL) - st.st_mtime > LEFT_S)
			(void)unlinkat(bundle, e->d_name, 0);
	}
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
}

/* Whole or not at all. No fsync: engines write it anew after a crash of the machine. */
static int config_write(int bundle, json_object *config)
{
	const char *text = json_object_to_json_string_ext(
	    config, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t n = text ? strlen(text) : 0, done = 0;
	char name[48];
	struct stat st;
	auto_fd fd = -EBADF;
	int r = 0;

	if (!text)
		return -ENOMEM;
	remove_left(bundle);
	snprintf(name, sizeof(name), TEMP "%d", getpid());
	if (fstatat(bundle, "config.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ELOOP;
	(void)unlinkat(bundle, name, 0);
	fd = openat(bundle, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (r == 0 && done < n) {
		ssize_t w = write(fd, text + done, n - done);

		r = w < 0 && errno != EINTR ? -errno : 0;
		done += (size_t)MAX(w, 0);
	}
	if (r == 0 && (fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0 ||
		       renameat(bundle, name, bundle, "config.json") < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(bundle, name, 0);
	return r;
}

static json_object *launch_hook(const char *program, const struct own_words *own, const char *stage)
{
	const char *words[ARRAY_LEN(own->launch) + 4] = { HOOK_OWN };
	char option[PATH_MAX];
	size_t n = 1;

	snprintf(option, sizeof(option), "--socket=%s", own->socket);
	words[n++] = option;
	for (size_t i = 0; i < own->n_launch; i++)
		words[n++] = own->launch[i];
	words[n++] = "oci";
	words[n++] = stage;
	return hook_new(program, words, n);
}

/* The container's id is in the state it gets: one bundle can be many containers. */
static json_object *record_hook(const char *program, const char *option,
				const struct own_words *own, const char *kept)
{
	char folder[PATH_MAX];
	const char *const words[] = { HOOK_OWN, option, kept, folder };

	timens_folder(own->socket, folder, sizeof(folder));
	return hook_new(program, words, ARRAY_LEN(words));
}

/* An engine can have been told to add one, by CDI or hooks.d: that is how the views are wanted. */
static int add_launch(json_object *config, const struct own_words *own, const char *program)
{
	static const char *const starts[] = { "createRuntime", "createContainer", "prestart" };
	json_object *theirs = NULL;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(starts) && !theirs; i++)
		theirs = hooks_find(config, starts[i]);
	if (!theirs)
		r = hooks_add(config, "createRuntime", launch_hook(program, own, "createRuntime"));
	else if (own->strict)
		r = hook_word(theirs, "--strict");
	if (r == 0 && !hooks_find(config, "poststop"))
		r = hooks_add(config, "poststop", launch_hook(program, own, "poststop"));
	return r;
}

/* @kept: where a record must be; NULL without a time namespace. */
static int add_hooks(json_object *config, const struct own_words *own, const char *kept)
{
	char launch[PATH_MAX], self[PATH_MAX];
	int r = program_beside("pct-launch", launch, sizeof(launch));

	if (r == 0)
		r = program_beside("pct-runc", self, sizeof(self));
	if (r < 0)
		return r;
	hooks_drop(config);
	if (kept)
		r = hooks_add(config, "createRuntime",
			      record_hook(self, "--pct-record", own, kept));
	if (r == 0)
		r = add_launch(config, own, launch);
	if (r == 0 && kept)
		r = hooks_add(config, "poststop", record_hook(self, "--pct-forget", own, kept));
	return r < 0 ? fail(r, "add to the hooks of the bundle's config.json") : 0;
}

/* ---- commands ---- */

/*
 * @kept: where the runtime keeps its containers' state; NULL if that is not known. Who is restored
 * is not recorded, as crun calls no hook then.
 */
static int make_clock(json_object *config, const struct call *c, const struct own_words *own,
		      const char *kept, int *home)
{
	if (own->no_time || c->makes == RESTORES || !config_wants_clock(config))
		return 0;
	if (!kept)
		return refuse(-ENOENT,
			      "where '%s' keeps its containers' state is not known, and without "
			      "'--root' the container has the host's boot clock",
			      own->runtime);
	return timens_make(home);
}

/*
 * The clock comes first: a config says that somebody is to be recorded only where there is one. And
 * it is undone: without the config nobody would be, and the runtime not know its container.
 */
static int make(const struct call *c, const struct own_words *own, const char *kept)
{
	auto_json config = NULL;
	auto_fd bundle = open(c->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd home = -EBADF;
	int r, clock;

	/* Hooks are not told of it, and config.json is another container's. */
	if (c->config)
		return refuse(-EINVAL,
			      "'%s': only a bundle's config.json can be given hooks: the container "
			      "is shown the host's numbers",
			      c->config);
	if (bundle < 0)
		return fail(-errno, "open the bundle '%s'", c->bundle);
	r = config_read(bundle, &config);
	if (r < 0)
		return r;
	clock = make_clock(config, c, own, kept, &home);
	if (clock < 0 && own->strict)
		return clock;
	r = add_hooks(config, own, home >= 0 ? kept : NULL);
	if (r == 0) {
		r = config_write(bundle, config);
		if (r < 0)
			say(SAY_ERR, r, "write the bundle's config.json");
	}
	if (r < 0 && home >= 0 && timens_back(home) < 0)
		exit(1);
	return r < 0 ? r : clock;
}

/* A runtime of which it is not known can be one of which it is, under another name. */
static int join_unknown(const char *runtime, const char *id)
{
	char kept[PATH_MAX];

	for (size_t i = 0; kept_known(i); i++)
		if (kept_root(kept_known(i), "", kept, sizeof(kept)) == 0 && timens_has(kept, id))
			return refuse(-ENOTUNIQ,
				      "where '%s' keeps its containers' state is not known: if it "
				      "is '%s', where there is a '%s', say '--root %s'",
				      runtime, kept, id, kept);
	return 0;
}

static int prepare(const struct call *c, const struct own_words *own, const char *runtime)
{
	char kept[PATH_MAX];
	int r;

	if (!c->command || !c->id)
		return 0;
	if (c->many)
		return refuse(
		    -EINVAL,
		    "%s: containers have boot clocks of their own, and can only be looked "
		    "at one by one: name each",
		    c->command);
	r = kept_root(runtime, c->root, kept, sizeof(kept));
	if (c->makes != MAKES_NO)
		return make(c, own, r == 0 ? kept : NULL);
	if (r == -ENOENT)
		return join_unknown(own->runtime, c->id);
	return r < 0 ? fail(r, "find where '%s' is", c->root) : timens_join(kept, c->id);
}

/* As a hook: the container's state is on stdin. */
static int record_hook_run(const char *option, const char *kept, const char *folder)
{
	auto_json document = NULL;
	struct oci_state state;
	const char *wrong;
	int r = document_read(STDIN_FILENO, &document);

	wrong = r < 0 ? "cannot be read as a JSON object" : state_of(document, &state);
	if (wrong)
		return refuse(-EBADMSG, "the state on stdin %s: this is for an OCI runtime to call",
			      wrong);
	if (strcmp(option, "--pct-record") != 0) {
		timens_unname(folder, kept, state.id);
		return 0;
	}
	r = timens_record(kept, state.id, state.pid);
	if (r == 0)
		timens_name(folder, kept, state.id);
	return r;
}

static bool is_hook(int argc, char *argv[])
{
	return argc == 4 &&
	       (strcmp(argv[1], "--pct-record") == 0 || strcmp(argv[1], "--pct-forget") == 0);
}

static int usage(FILE *to)
{
	fputs("usage: pct-runc [--pct-OPTION]... [options of the runtime] <command> ...\n\n"
	      "Give containers of an OCI runtime their views and a boot clock of their own, then\n"
	      "be that runtime: runc, or NAME where a link to this is called pct-NAME.\n\n",
	      to);
	for (size_t i = 0; i < n_own_help; i++)
		fprintf(to, "  %-19s %s\n", own_help[i].left, own_help[i].help);
	return to == stdout ? 0 : 2;
}

int main(int argc, char *argv[])
{
	const char *root = getenv("PCT_ROOT");
	char runtime[PATH_MAX], socket[PATH_MAX];
	struct own_words own;
	struct call call;
	const char *bad;

	if (is_hook(argc, argv))
		return record_hook_run(argv[1], argv[2], argv[3]) < 0;
	if (argc < 1)
		return usage(stderr);
	if (words_take(argv, &own, &bad) < 0)
		return refuse(2, "there is no option '%s': see --pct-help", bad);
	if (own.help)
		return usage(stdout);
	snprintf(socket, sizeof(socket), "%s/run/pct/pctfs.sock", root ? root : "");
	if (!own.socket)
		own.socket = socket;
	if (!own.runtime)
		own.runtime = runtime_for(argv[0]);
	if (find_runtime(own.runtime, runtime, sizeof(runtime)) < 0)
		return 1;
	if (leads_back())
		return refuse(1,
			      "'%s' leads back to pct-runc: name the runtime by "
			      "--pct-runtime=PATH",
			      runtime);
	words_read(argv, &call);
	/* A runtime that does not see its container run would delete it. */
	if (prepare(&call, &own, runtime) < 0 && (own.strict || call.makes == MAKES_NO))
		return 1;
	return become(runtime, argv) < 0;
}
