// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/repository.h"
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/backup/name.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tool.h"

#define WORDS 16

/* %p: the path, %n: the name, %v: the VMID; each a word or part of one. */
struct program {
	const char *name, *package;
	const char *make; /* what a user says for a new one */
	const char *const write[WORDS],
	    *const read[WORDS], *const list[WORDS], *const remove[WORDS], *const check[WORDS];
	/* Of what list prints. */
	const char *array; /* the member that is the array; NULL: all of it */
};

// clang-format off
static const struct program programs[] = {
	{
		.name = "restic", .package = "restic", .make = "restic init -r PATH",
		.write = { "restic", "-q", "-r", "%p", "backup", "--stdin", "--stdin-filename", "%n",
			   "--tag", "pct", "--tag", "%n", NULL },
		.read = { "restic", "-q", "-r", "%p", "dump", "--tag", "%n", "latest", "/%n", NULL },
		.list = { "restic", "-q", "-r", "%p", "snapshots", "--json", "--tag", "pct", NULL },
		.remove = { "restic", "-q", "-r", "%p", "forget", "%i", "--prune", NULL },
		.check = { "restic", "-q", "-r", "%p", "check", "--read-data", NULL },
	}, {
		.name = "borg", .package = "borgbackup", .make = "borg init -e MODE PATH",
		.write = { "borg", "create", "--stdin-name", "%n", "%p::%n", "-", NULL },
		.read = { "borg", "extract", "--stdout", "%p::%n", NULL },
		.list = { "borg", "list", "--json", "%p", NULL },
		.remove = { "borg", "delete", "%p::%n", NULL },
		.check = { "borg", "check", "--verify-data", "%p", NULL },
		.array = "archives",
	},
};
// clang-format on

static const struct program *program_of(const char *repository, const char **path)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		size_t n = strlen(programs[i].name);

		if (strncmp(repository, programs[i].name, n) == 0 && repository[n] == ':' &&
		    repository[n + 1]) {
			*path = repository + n + 1;
			return &programs[i];
		}
	}
	return NULL;
}

const char *form_repository(const char *text)
{
	const char *path;

	return program_of(text, &path) ? NULL : "restic:PATH or borg:PATH";
}

/* What stands in a repository for one backup: its name, and how the program knows it. */
struct found {
	char *name, *id;
};

static char *fill(const char *word, const char *path, const char *name, const char *id)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (; f && *word; word++) {
		if (*word != '%') {
			fputc(*word, f);
			continue;
		}
		word++;
		fputs(*word == 'p' ? path : *word == 'i' ? id : name, f);
	}
	return f && fclose(f) == 0 ? take_ptr(text) : NULL;
}

static void words_free(char **words)
{
	for (size_t i = 0; i < WORDS; i++)
		free(words[i]);
}

/* Into @words[WORDS]. */
static int words_of(const char *const *from, const char *path, const char *name, const char *id,
		    char **words)
{
	for (size_t i = 0; from[i]; i++) {
		words[i] = fill(from[i], path, name, id);
		if (!words[i])
			return fail(-ENOMEM, "run '%s'", from[0]);
	}
	return 0;
}

/* In the child: it ends with us, and what it says is for the user. */
static _Noreturn void become(char **words, int in, int out, pid_t parent)
{
	/* no step: there is one before the fork */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execvp(words[0], words);
	say(SAY_ERR, -errno, "run '%s'", words[0]);
	_exit(126);
}

/* *fd: our end of a pipe to its stdin (@writes), or from its stdout. */
static int run(const struct program *p, const char *const *from, const char *path, const char *name,
	       bool writes, int *fd, pid_t *pid)
{
	char *words[WORDS] = { NULL };
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2], r = words_of(from, path, name, "", words);
	pid_t parent = getpid();

	if (r == 0 && (null < 0 || pipe2(ends, O_CLOEXEC) < 0))
		r = fail(-errno, "run '%s'", p->name);
	if (r == 0)
		r = step("backup: run the repository's program");
	if (r < 0) {
		words_free(words);
		return r;
	}
	*pid = fork();
	if (*pid == 0)
		become(words, writes ? ends[0] : null, writes ? STDERR_FILENO : ends[1], parent);
	close(ends[writes ? 0 : 1]);
	words_free(words);
	if (*pid < 0) {
		close(ends[writes ? 1 : 0]);
		return fail(-errno, "run '%s'", p->name);
	}
	*fd = ends[writes ? 1 : 0];
	return 0;
}

static const struct program *find(const char *repository, const char **path)
{
	const struct program *p = program_of(repository, path);

	if (!p)
		refuse(0, "repository '%s' is neither restic:PATH nor borg:PATH", repository);
	return p;
}

/*
 * Is the program there, and the repository, where it is a directory of this host? Both kinds have a
 * file "config" in it. Of others it is their program that says so, after some of it was sent.
 */
static int check_there(const struct program *p, const char *path)
{
	auto_free char *config = text_of("%s/config", path);
	const char *const argv[] = { p->name, p->name[0] == 'b' ? "--version" : "version", NULL };

	if (tool_try(argv, "", NULL, NULL) == TOOL_MISSING)
		return refuse(-ENOENT, "there is no '%s': install the package %s", p->name,
			      p->package);
	if (*path == '/' && access(config, F_OK) < 0 && errno == ENOENT)
		return refuse(-ENOENT, "there is no %s repository in '%s'; '%s' makes one", p->name,
			      path, p->make);
	return 0;
}

int repository_write(const char *repository, unsigned vmid, const char *name, int *fd, pid_t *pid)
{
	const char *path;
	const struct program *p = find(repository, &path);
	int r = p ? check_there(p, path) : -EINVAL;

	(void)vmid;
	return r < 0 ? r : run(p, p->write, path, name, true, fd, pid);
}

int repository_read(const char *repository, const char *name, int *fd, pid_t *pid)
{
	const char *path;
	const struct program *p = find(repository, &path);
	int r = p ? check_there(p, path) : -EINVAL;

	return r < 0 ? r : run(p, p->read, path, name, false, fd, pid);
}

/* It prints something for us, or nothing. */
static int ask(const struct program *p, const char *const *from, const char *path, const char *name,
	       const char *id, char **output)
{
	char *words[WORDS] = { NULL };
	auto_free char *said = NULL;
	int r = words_of(from, path, name, id, words);

	if (r == 0) {
		r = tool_try((const char *const *)words, "", NULL, &said);
		if (r == TOOL_MISSING)
			r = refuse(-ENOENT, "there is no '%s': install the package %s", p->name,
				   p->package);
		else if (r != 0)
			r = refuse(r < 0 ? r : -EIO, "repository '%s': %s: %.*s", path, p->name,
				   said ? (int)strcspn(said, "\n") : 0, said ? said : "");
	}
	words_free(words);
	if (r == 0 && output)
		*output = take_ptr(said);
	return r;
}

static const char *text_in(json_object *o, const char *key)
{
	json_object *v = NULL;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

/* borg has a name, restic a tag that is one. */
static const char *name_in(json_object *o)
{
	json_object *tags = NULL;
	struct backup_name is;
	const char *name = text_in(o, "name");

	if (name && backup_name_parse(name, &is) == 0)
		return name;
	if (!json_object_object_get_ex(o, "tags", &tags) ||
	    !json_object_is_type(tags, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(tags); i++) {
		name = json_object_get_string(json_object_array_get_idx(tags, i));
		if (name && backup_name_parse(name, &is) == 0)
			return name;
	}
	return NULL;
}

static void found_free(struct found *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].name);
		free(all[i].id);
	}
	free(all);
}

static int newest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	struct backup_name p, q;

	if (backup_name_parse(x->name, &p) < 0 || backup_name_parse(y->name, &q) < 0)
		return 0;
	if (p.vmid != q.vmid)
		return p.vmid < q.vmid ? -1 : 1;
	return p.when > q.when ? -1 : p.when < q.when;
}

/* The program may say something before its JSON: a warning. */
static int find_all(const char *repository, struct found **out, size_t *n)
{
	const char *path;
	const struct program *p = find(repository, &path);
	auto_free char *text = NULL;
	json_object *all, *list;
	struct found *found;
	int r = p ? ask(p, p->list, path, "", "", &text) : -EINVAL;
	size_t have = 0;

	if (r < 0)
		return r;
	all = text && strpbrk(text, "[{") ? json_tokener_parse(strpbrk(text, "[{")) : NULL;
	list = all;
	if (all && p->array && !json_object_object_get_ex(all, p->array, &list))
		list = NULL;
	if (!list || !json_object_is_type(list, json_type_array)) {
		/* An empty one of restic's is null. */
		json_object_put(all);
		*out = NULL;
		*n = 0;
		return text && strstr(text, "null")
			   ? 0
			   : refuse(-EBADMSG,
				    "repository '%s': %s lists nothing that is understood", path,
				    p->name);
	}
	found = calloc(json_object_array_length(list) + 1, sizeof(*found));
	for (size_t i = 0; found && i < json_object_array_length(list); i++) {
		json_object *o = json_object_array_get_idx(list, i);
		const char *name = name_in(o), *id = text_in(o, "id");

		if (name)
			found[have++] =
			    (struct found){ text_of("%s", name), text_of("%s", id ? id : name) };
	}
	json_object_put(all);
	if (!found)
		return fail(-ENOMEM, "read '%s'", repository);
	qsort(found, have, sizeof(*found), newest_first);
	*out = found;
	*n = have;
	return 0;
}

int repository_list(const char *repository, unsigned vmid, char ***names, size_t *n)
{
	struct found *all;
	size_t have, kept = 0;
	int r = find_all(repository, &all, &have);
	char **list;

	if (r < 0)
		return r;
	list = calloc(have + 1, sizeof(*list));
	for (size_t i = 0; list && i < have; i++) {
		struct backup_name is;

		if (backup_name_parse(all[i].name, &is) == 0 && (!vmid || is.vmid == vmid))
			list[kept++] = take_ptr(all[i].name);
	}
	found_free(all, have);
	if (!list)
		return fail(-ENOMEM, "read '%s'", repository);
	*names = list;
	*n = kept;
	return 0;
}

void repository_list_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int repository_remove(const char *repository, const char *name)
{
	const char *path;
	const struct program *p = find(repository, &path);
	struct found *all = NULL;
	size_t n = 0;
	int r = p ? find_all(repository, &all, &n) : -EINVAL;
	const char *id = NULL;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			id = all[i].id;
	if (r == 0 && !id)
		r = refuse(-ENOENT, "repository '%s' has no '%s'", path, name);
	if (r == 0)
		r = step("backup: remove from a repository");
	if (r == 0)
		r = ask(p, p->remove, path, name, id, NULL);
	found_free(all, n);
	return r;
}

int repository_check(const char *repository)
{
	const char *path;
	const struct program *p = find(repository, &path);

	return p ? ask(p, p->check, path, "", "", NULL) : -EINVAL;
}
