// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/plan.h"
#include <fcntl.h>
#include <sys/syscall.h>

#include "pct/backup/dump.h"
#include "pct/backup/notes.h"
#include "pct/backup/repository.h"
#include "pct/cli/args.h"
#include "pct/conf/config.h"
#include "pct/paths.h"

#define DEFAULTS_MAX (64 * 1024)

static const char *const mode_words[] = { "snapshot", "stop", "suspend", NULL };
static const char *const compressions[] = { "0", "1", "gzip", "none", "zstd", NULL };

static const char *form_notes(const char *text)
{
	static char why[OPTION_WHY];
	const struct notes n = { "", "", "", 100 };
	char *made = NULL;
	int r = notes_make(text, &n, &made, why);

	free(made);
	return r < 0 ? "text with {{cluster}}, {{guestname}}, {{node}}, {{vmid}}" : NULL;
}

static const char *form_script(const char *text)
{
	return *text == '/' ? NULL : "the path of a program";
}

#define TEXT(n) .min = 1, .max = (n)

// clang-format off
const struct option plan_options[PLAN_OPTIONS] = {
	{ "all", OPTION_BOOL, .help = "of every container there is" },
	{ "bwlimit", OPTION_INT, .min = 0, .max = 1ll << 40, .value = "<KiB/s>",
	  .help = "read no faster than that; 0: no limit" },
	{ "compress", OPTION_WORD, .words = compressions, .help = "zstd if not given; 0 is none, 1 is gzip" },
	{ "dumpdir", OPTION_TEXT, TEXT(4096), .value = "<directory>", .help = "where the archives are" },
	{ "exclude", OPTION_LIST, .max = 65536, .separators = ",; ", .value = "<vmid>",
	  .help = "with --all: not of that one" },
	{ "exclude-path", OPTION_LIST, .max = 65536, .separators = "\n", .value = "<pattern>",
	  .help = "leave those out; with a '/' before it from the container's root on, else anywhere" },
	{ "ionice", OPTION_INT, .min = 0, .max = 8, .help = "how far behind others it reads; 8: when nobody else does, 7 if not given" },
	{ "lockwait", OPTION_INT, .min = 0, .max = 10000, .value = "<minutes>",
	  .help = "how long to wait for another backup; 180 if not given" },
	{ "mode", OPTION_WORD, .words = mode_words, .help = "what becomes of one that runs; snapshot if not given" },
	{ "notes-template", OPTION_TEXT, TEXT(1024), .form = form_notes, .value = "<text>",
	  .help = "a note beside the archive: {{guestname}}, {{vmid}}, {{node}} are replaced" },
	{ "protected", OPTION_BOOL, .help = "it is removed neither by age nor by 'remove'" },
	{ "prune-backups", OPTION_TEXT, TEXT(256), .form = form_keep, .value = "keep-last=<n>,keep-daily=<n>,...",
	  .help = "which of this container's older ones stay" },
	{ "remove", OPTION_BOOL, .help = "0: nothing is removed, whatever prune-backups says" },
	{ "repository", OPTION_TEXT, TEXT(4096), .form = form_repository, .value = "restic:<path>|borg:<path>",
	  .help = "into a repository, which keeps what is the same once" },
	{ "script", OPTION_TEXT, TEXT(4096), .form = form_script, .value = "<program>",
	  .help = "called at each stage: job-start, backup-start, pre-stop and others" },
	{ "stdexcludes", OPTION_BOOL, .help = "leave out what is in /tmp and /var/tmp, and pid files; 1 if not given" },
	{ "stdout", OPTION_BOOL, .help = "to our own stdout, for 'pct restore <vmid> -' elsewhere" },
	{ "stopwait", OPTION_INT, .min = 0, .max = 10000, .value = "<minutes>",
	  .help = "how long a shutdown may take; 10 if not given" },
	{ "storage", OPTION_TEXT, TEXT(100), .value = "<storage>", .help = "whose directory of archives; local if not given" },
	{ "zstd", OPTION_INT, .min = 0, .max = 256, .value = "<threads>",
	  .help = "that many; 0: half of the CPUs; all if not given" },
};
// clang-format on

static int read_defaults(struct config *out)
{
	auto_free char *path = path_to("etc/pct/vzdump.conf");
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	auto_free char *text = malloc(DEFAULTS_MAX);
	ssize_t n = fd < 0 || !text ? 0 : read(fd, text, DEFAULTS_MAX);

	if (fd < 0 && errno != ENOENT)
		return fail(-errno, "read '%s'", path);
	return config_parse(text, n < 0 ? 0 : (size_t)n, out, NULL) < 0
		   ? fail(-ENOMEM, "read '%s'", path)
		   : 0;
}

/* As given, else as the file has it, if that is right; NULL: neither. */
static const char *value_of(const struct args *a, struct config *defaults, const char *name)
{
	const char *given = args_value(a, name), *value;
	auto_free char *taken = NULL;
	char why[OPTION_WHY];

	if (given)
		return given;
	value = config_get(defaults, name);
	for (size_t i = 0; value && i < PLAN_OPTIONS; i++) {
		if (strcmp(plan_options[i].name, name) != 0)
			continue;
		if (option_take(&plan_options[i], value, &taken, why) == 0)
			return config_set(defaults, name, taken) == 0 ? config_get(defaults, name)
								      : NULL;
		warn(0, "etc/pct/vzdump.conf: %s: %s", name, why);
	}
	return NULL;
}

static long number(const char *text, long fallback)
{
	return text ? strtol(text, NULL, 10) : fallback;
}

static int read_excludes(struct plan *p, const char *list)
{
	char *next;
	size_t n = 1;

	p->excludes = list ? strdup(list) : strdup("");
	for (const char *c = list; c && *c; c++)
		n += *c == '\n';
	p->patterns = calloc(n + 1, sizeof(*p->patterns));
	if (!p->excludes || !p->patterns)
		return fail(-ENOMEM, "read --exclude-path");
	next = p->excludes;
	for (size_t i = 0; list && i < n; i++)
		p->patterns[i] = strsep(&next, "\n");
	p->job.excludes.patterns = p->patterns;
	return 0;
}

static enum backup_mode mode_of(const char *word)
{
	return !word || strcmp(word, "snapshot") == 0 ? BACKUP_SNAPSHOT_MODE
	       : strcmp(word, "stop") == 0	      ? BACKUP_STOP
						      : BACKUP_SUSPEND;
}

static const char *compression_of(const char *word)
{
	if (!word || strcmp(word, "zstd") == 0)
		return "zstd";
	return strcmp(word, "1") == 0 || strcmp(word, "gzip") == 0 ? "gzip" : NULL;
}

static unsigned threads_of(const char *word)
{
	long n = number(word, -1), cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 0 ? 0 : n > 0 ? (unsigned)n : (unsigned)MAX(1, cpus / 2);
}

static int where_to(const struct args *a, struct plan *p)
{
	struct backup *b = &p->job;

	b->repository = value_of(a, &p->defaults, "repository");
	b->to_stdout = args_bool(a, "stdout");
	if (b->to_stdout)
		b->repository = NULL;
	if (b->to_stdout && args_json(a))
		return refuse(-EINVAL, "--stdout and --output-format json: give one of the two");
	if (b->repository || b->to_stdout)
		return 0;
	return dump_directory(a, true, &p->dir);
}

int plan_read(const struct args *a, struct plan *out)
{
	struct plan *p = out;
	struct backup *b = &p->job;
	const char *text;
	int r = read_defaults(&p->defaults);

	if (r < 0)
		return r;
#define VALUE(name) value_of(a, &p->defaults, name)
	b->mode = mode_of(VALUE("mode"));
	b->compress = compression_of(VALUE("compress"));
	b->threads = threads_of(VALUE("zstd"));
	b->limit = (uint64_t)number(VALUE("bwlimit"), 0) * 1024;
	b->stop_s = (int)number(VALUE("stopwait"), 10) * 60;
	b->notes = VALUE("notes-template");
	b->script = VALUE("script");
	b->protect = number(VALUE("protected"), 0);
	b->excludes.standard = number(VALUE("stdexcludes"), 1);
	p->lockwait = (int)number(VALUE("lockwait"), 180);
	p->ionice = (int)number(VALUE("ionice"), 7);
	p->removes = number(VALUE("remove"), 1);
	text = VALUE("prune-backups");
	if (text && keep_parse(text, &p->keep) < 0)
		return refuse(-EINVAL, "--prune-backups: '%s' is not %s", text, form_keep(text));
	r = read_excludes(p, VALUE("exclude-path"));
#undef VALUE
	if (r == 0)
		r = where_to(a, p);
	b->dir = p->dir;
	return r;
}

void plan_free(struct plan *p)
{
	config_free(&p->defaults);
	free(p->dir);
	free(p->patterns);
	free(p->excludes);
}

/* Newest first, all of one container, but for those that stay in any case. */
static int prune(const struct plan *p, const time_t *when, const char *const *names, size_t n)
{
	auto_free bool *stays = calloc(n + 1, sizeof(*stays));
	int r = 0;

	if (!stays)
		return fail(-ENOMEM, "look through the older backups");
	keep_select(&p->keep, when, n, stays);
	for (size_t i = 0; i < n && r == 0; i++) {
		auto_free char *path = text_of("%s/%s", p->dir ? p->dir : "", names[i]);

		if (stays[i])
			continue;
		r = p->dir ? dump_remove(path) : repository_remove(p->job.repository, names[i]);
		if (r == 0)
			info("removed '%s', as --prune-backups has it", names[i]);
	}
	return r;
}

static int prune_files(const struct plan *p, unsigned vmid)
{
	struct dump_file *all;
	size_t n, have = 0;
	int r = dump_list(p->dir, vmid, &all, &n);
	auto_free time_t *when = r < 0 ? NULL : calloc(n + 1, sizeof(*when));
	auto_free const char **names = r < 0 ? NULL : calloc(n + 1, sizeof(*names));

	if (r < 0)
		return r;
	for (size_t i = 0; when && names && i < n; i++)
		if (!all[i].protected) {
			when[have] = all[i].is.when;
			names[have++] = all[i].name;
		}
	r = prune(p, when, names, have);
	dump_free(all, n);
	return r;
}

static int prune_repository(const struct plan *p, unsigned vmid)
{
	char **names;
	size_t n;
	int r = repository_list(p->job.repository, vmid, &names, &n);
	auto_free time_t *when = r < 0 ? NULL : calloc(n + 1, sizeof(*when));

	if (r < 0)
		return r;
	for (size_t i = 0; when && i < n; i++) {
		struct backup_name is;

		when[i] = backup_name_parse(names[i], &is) == 0 ? is.when : 0;
	}
	r = when ? prune(p, when, (const char *const *)names, n) : fail(-ENOMEM, "prune");
	repository_list_free(names, n);
	return r;
}

int plan_prune(const struct plan *p, unsigned vmid)
{
	if (!p->removes || keep_all(&p->keep) || p->job.to_stdout)
		return 0;
	return p->dir ? prune_files(p, vmid) : prune_repository(p, vmid);
}
