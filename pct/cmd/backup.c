// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct backup: containers into archives, and what there is to do with those.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "pct/backup/dump.h"
#include "pct/backup/extract.h"
#include "pct/backup/guard.h"
#include "pct/backup/plan.h"
#include "pct/backup/repository.h"
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/cli/size.h"
#include "pct/conf/store.h"
#include "pct/interrupt.h"
#include "pct/paths.h"

/* ---- made ---- */

static void report(const struct args *a, unsigned vmid, const struct backup_result *r)
{
	if (!args_json(a)) {
		puts(r->name);
	} else {
		auto_output o = json_object_new_object();

		json_object_object_add(o, "vmid", json_object_new_int64(vmid));
		json_object_object_add(o, "archive", json_object_new_string(r->name));
		json_object_object_add(o, "size", json_object_new_int64((int64_t)r->bytes));
		json_object_object_add(o, "seconds", output_decimal(r->seconds));
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	}
	fflush(stdout);
}

static int make_one(const struct args *a, const struct plan *p, unsigned vmid)
{
	struct backup_result made = { 0 };
	int r = backup_make(vmid, &p->job, &made);

	if (r < 0)
		return r;
	if (!p->job.to_stdout)
		report(a, vmid, &made);
	free(made.name);
	return plan_prune(p, vmid);
}

/* Is @vmid among those of a list: "101,102"? */
static bool is_in(const char *list, unsigned vmid)
{
	auto_free char *copy = list ? strdup(list) : NULL;
	char *next = copy, *word;
	unsigned one;

	while ((word = strsep(&next, ",; ")))
		if (vmid_parse(word, &one) && one == vmid)
			return true;
	return false;
}

static int find_vmids(const struct args *a, unsigned **out, size_t *n)
{
	unsigned *all = NULL;
	size_t have = 0;
	int r;

	if (args_bool(a, "all")) {
		if (a->argc)
			return refuse(EXIT_USAGE, "backup: --all and '%s': give one of the two",
				      a->argv[0]);
		r = conf_list(&all, n);
		for (size_t i = 0; r == 0 && i < *n; i++)
			if (!is_in(args_value(a, "exclude"), all[i]))
				all[have++] = all[i];
		*n = have;
		*out = all;
		return r;
	}
	if (a->argc == 0)
		return refuse(EXIT_USAGE, "backup: give the VMIDs, or --all");
	all = calloc((size_t)a->argc, sizeof(*all));
	if (!all)
		return fail(-ENOMEM, "backup");
	for (int i = 0; i < a->argc; i++)
		if (!vmid_parse(a->argv[i], &all[i])) {
			free(all);
			return refuse(EXIT_USAGE,
				      "backup: '%.60s' is no VMID (100 to 999999999), nor list, "
				      "verify, remove, protect, unprotect",
				      a->argv[i]);
		}
	*out = all;
	*n = (size_t)a->argc;
	return 0;
}

/* Others' reads and their CPU come first. */
static void step_back(int ionice)
{
	enum { WHO_PROCESS = 1, BEST_EFFORT = 2, IDLE = 3, SHIFT = 13 };
	int how = ionice == 8 ? IDLE << SHIFT : BEST_EFFORT << SHIFT | ionice;

	(void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, how);
}

static int make(const struct args *a)
{
	struct progress bar = progress_of(a);
	auto_free unsigned *vmids = NULL;
	auto_plan p = { 0 };
	auto_fd turn = -EBADF;
	size_t n = 0, failed = 0;
	int r = find_vmids(a, &vmids, &n);

	if (r == 0)
		r = plan_read(a, &p);
	if (r == 0 && p.job.to_stdout && n != 1)
		r = refuse(EXIT_USAGE, "backup: --stdout is for one container at a time");
	if (r != 0)
		return r;
	interrupt_catch();
	signal(SIGPIPE, SIG_IGN);
	step_back(p.ionice);
	p.job.progress = p.job.to_stdout ? NULL : &bar;
	r = backup_script(&p.job, "job-init", 0, NULL, NULL);
	if (r == 0)
		r = guard_turn(p.lockwait, &turn);
	if (r == -EBUSY && p.lockwait == 0)
		refuse(r, "another backup is under way");
	if (r == 0)
		r = backup_script(&p.job, "job-start", 0, NULL, NULL);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && !interrupted(); i++)
		failed += make_one(a, &p, vmids[i]) < 0;
	(void)backup_script(&p.job, failed ? "job-abort" : "job-end", 0, NULL, NULL);
	if (failed && n > 1)
		return refuse(-EIO, "%zu of %zu backups failed", failed, n);
	return failed || interrupted() ? -EIO : 0;
}

/* ---- what there is ---- */

static int list_repository(const struct args *a, unsigned vmid)
{
	auto_output all = args_json(a) ? json_object_new_array() : NULL;
	char **names;
	size_t n;
	int r = repository_list(args_value(a, "repository"), vmid, &names, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (all)
			json_object_array_add(all, json_object_new_string(names[i]));
		else
			puts(names[i]);
	}
	if (all)
		output_json(all);
	repository_list_free(names, n);
	return 0;
}

static json_object *row_of(const struct dump_file *f)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "archive", json_object_new_string(f->name));
	json_object_object_add(o, "vmid", json_object_new_int64(f->is.vmid));
	json_object_object_add(o, "ctime", json_object_new_int64(f->is.when));
	json_object_object_add(o, "size", json_object_new_int64((int64_t)f->size));
	json_object_object_add(o, "protected", json_object_new_boolean(f->protected));
	if (f->notes)
		json_object_object_add(o, "notes", json_object_new_string(f->notes));
	return o;
}

static void print_row(const struct dump_file *f)
{
	char when[32], size[SIZE_TEXT];
	struct tm t;

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&f->is.when, &t));
	size_short(f->size, size);
	/* The first line of the notes, without what a terminal would take for more than text. */
	printf("%-9u %-19s %8s %-9s %s", f->is.vmid, when, size, f->protected ? "protected" : "",
	       f->name);
	for (const char *p = f->notes ? "  " : ""; *p; p++)
		putchar(*p);
	for (const char *p = f->notes ? f->notes : ""; *p && *p != '\n'; p++)
		putchar((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
	putchar('\n');
}

static int list(const struct args *a)
{
	auto_output all = args_json(a) ? json_object_new_array() : NULL;
	auto_free char *dir = NULL;
	struct dump_file *files;
	unsigned vmid = 0;
	size_t n;
	int r;

	if (a->argv[1] && !vmid_parse(a->argv[1], &vmid))
		return refuse(EXIT_USAGE, "backup: '%.60s' is no VMID", a->argv[1]);
	if (args_value(a, "repository"))
		return list_repository(a, vmid);
	r = dump_directory(a, false, &dir);
	if (r == 0)
		r = dump_list(dir, vmid, &files, &n);
	if (r < 0)
		return r;
	if (!all && n)
		printf("%-9s %-19s %8s %-9s %s\n", "VMID", "DATE", "SIZE", "", "ARCHIVE  NOTES");
	for (size_t i = 0; i < n; i++) {
		if (all)
			json_object_array_add(all, row_of(&files[i]));
		else
			print_row(&files[i]);
	}
	if (all)
		output_json(all);
	dump_free(files, n);
	return 0;
}

/* ---- one after the other ---- */

static int verify(const char *path, const struct args *a)
{
	struct progress bar = progress_of(a);
	struct extracted seen = { 0 };
	int r = extract_verify(path, &bar, &seen);

	if (r == 0 && !args_json(a))
		printf("%s: whole; CT %s, %zu files\n", path, seen.hostname ? seen.hostname : "?",
		       seen.entries);
	free(seen.hostname);
	return r;
}

static int do_one(const char *what, const char *path, const struct args *a)
{
	if (strcmp(what, "verify") == 0)
		return verify(path, a);
	if (strcmp(what, "remove") == 0)
		return dump_remove(path);
	return dump_protect(path, strcmp(what, "protect") == 0);
}

static int each(const struct args *a)
{
	const char *what = a->argv[0], *repository = args_value(a, "repository");
	auto_free char *dir = NULL;
	int r = 0;

	if (repository && a->argc == 1 && strcmp(what, "verify") == 0)
		return repository_check(repository);
	if (a->argc == 1)
		return refuse(EXIT_USAGE, "backup: %s which archive?", what);
	if (!repository)
		r = dump_directory(a, false, &dir);
	for (int i = 1; i < a->argc && r == 0; i++) {
		auto_free char *path = NULL;

		if (repository && strcmp(what, "remove") == 0) {
			r = repository_remove(repository, a->argv[i]);
			continue;
		}
		if (repository)
			return refuse(EXIT_USAGE, "backup: %s is not for repositories", what);
		r = dump_find(dir, a->argv[i], &path);
		if (r == 0)
			r = do_one(what, path, a);
	}
	return r;
}

static int run(const struct args *a)
{
	static const char *const words[] = { "verify", "remove", "protect", "unprotect" };

	if (a->argc && strcmp(a->argv[0], "list") == 0)
		return a->argc > 2 ? refuse(EXIT_USAGE, "backup: list takes one VMID at most")
				   : list(a);
	for (size_t i = 0; a->argc && i < ARRAY_LEN(words); i++)
		if (strcmp(a->argv[0], words[i]) == 0)
			return each(a);
	return make(a);
}

const struct command cmd_backup = {
	.name = "backup",
	.args = "[<vmid>...|<action> [<archive>...]]",
	.help = "Back containers up into archives; list, verify, remove those",
	.more =
	    "The archives are those of Proxmox' vzdump, and restore there as theirs do here. One "
	    "that runs is packed from a snapshot (mode snapshot), while it stands still (suspend), "
	    "or after a shutdown, to be started again (stop).\n"
	    "\n"
	    "With --repository restic:PATH or borg:PATH the same archive goes into a repository, "
	    "made and unlocked by the host's own means (RESTIC_PASSWORD_FILE, BORG_PASSPHRASE), "
	    "where what is in several backups is kept once.\n"
	    "\n"
	    "etc/pct/vzdump.conf has what holds for options that are not given: 'mode: suspend'.\n",
	.min_args = 0,
	.max_args = -1,
	.prints = true,
	.needs_root = true,
	.options = plan_options,
	.n_options = PLAN_OPTIONS,
	.run = run,
};
