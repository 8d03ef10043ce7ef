// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hostile LAUNCH TRIES PID OTHER-PID SWAPPER VICTIM OWN SHARED: attaches views while the
 * container's root swaps what they are about to be laid on. TRIES swaps of each kind between the
 * target's being found and the view's being moved there, and after each it is looked whether the
 * host is what it was. The last three are tests/swapper.c's.
 *
 * Prints one line for each thing that was looked at, as tests/e2e/lib.sh does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/attempt.h"

#define TARGETS_MAX 64
#define TEXT_MAX    (256 << 10)
#define OWN_MOUNT   "/var/lib/pctfs"
#define OTHERS_EACH 100 /* hits, and another container is attached */

/* What can come of it, when it was done for good, and when it was taken back in time. */
enum can { BOTH, ONLY_REFUSED };

static const struct deed {
	const char *name;
	bool takes_off; /* what lies there: it can be a target that has its view */
	enum can for_good, back;
	const char *why; /* nothing else can come of it */
} deeds[] = {
	/* The tree in which the views are is none that is seen: check() in launcher/attach.c. */
	{ "link", false, ONLY_REFUSED, BOTH, NULL },
	{ "folder-link", false, ONLY_REFUSED, BOTH, NULL },
	{ "cover", false, ONLY_REFUSED, BOTH, NULL },
	{ "again", false, ONLY_REFUSED, BOTH, NULL },
	{ "self-root", false, ONLY_REFUSED, BOTH, NULL },
	{ "fake", false, ONLY_REFUSED, BOTH, NULL },
	{ "file", false, BOTH, BOTH, NULL },
	{ "volume", false, BOTH, BOTH, NULL },
	{ "recycled", true, BOTH, BOTH, NULL },
	/* There is no way back: a new procfs is another one. */
	{ "unmount", false, ONLY_REFUSED, ONLY_REFUSED, "the tree that was found is gone" },
	/* In /proc it is the kernel's own, in /sys it is not. */
	{ "self-file", false, BOTH, BOTH, NULL },
};

static const char *pid, *other;
static unsigned long tries;
static const char *canary[3];
static char canary_text[3][64];
static char targets[TARGETS_MAX][TARGET_MAX];
static int n_targets;
static int inside; /* to the swapper */

/* ---- what is looked at ---- */

static char *read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	while (fd >= 0 && have + 1 < size && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += (size_t)n;
	buf[have] = '\0';
	close(fd);
	return buf;
}

struct row {
	int id, parent;
	char dev[16], at[256], type[40];
};

static char *next_row(char *line, struct row *out)
{
	char *end = strchr(line, '\n'), *dash;

	if (!end)
		return NULL;
	*end = '\0';
	dash = strstr(line, " - ");
	if (!dash || sscanf(dash, " - %39s", out->type) != 1 ||
	    sscanf(line, "%d %d %15s %*s %255s", &out->id, &out->parent, out->dev, out->at) != 4)
		die("mountinfo");
	return end + 1;
}

/* What a view could be laid on. Others mount theirs meanwhile, and pctfs's own is none of these. */
static bool matters(const struct row *r)
{
	size_t n = strlen(r->at), own = strlen(OWN_MOUNT);

	return strncmp(r->at, "/proc", 5) == 0 || strncmp(r->at, "/sys", 4) == 0 ||
	       strstr(r->at, getenv("PCT_ROOT")) ||
	       (strcmp(r->type, "fuse.pctfs") == 0 &&
		(n < own || strcmp(r->at + n - own, OWN_MOUNT) != 0));
}

static char *host_mounts(void)
{
	char *text = malloc(TEXT_MAX), *out = calloc(1, TEXT_MAX), *to = out;
	struct row r;

	for (char *p = read_text("/proc/self/mountinfo", text, TEXT_MAX); (p = next_row(p, &r));)
		if (matters(&r))
			to += sprintf(to, "%s %s %s\n", r.dev, r.at, r.type);
	free(text);
	return out;
}

static bool host_is_the_same(void)
{
	static char *before;
	static int told;
	char *now = host_mounts(), text[64];
	bool same;

	before = before ? before : strdup(now);
	same = strcmp(before, now) == 0;
	if (!same && told++ < 3)
		fprintf(stderr, "host had:\n%s\nhost has:\n%s\n", before, now);
	free(now);
	for (size_t i = 0; i < sizeof(canary) / sizeof(*canary) && canary[i]; i++)
		same &= strcmp(read_text(canary[i], text, sizeof(text)), canary_text[i]) == 0;
	return same;
}

/* Its views: how many; and whether each lies on the kernel's own file, or on another view. */
static int views(const char *whose, bool *astray)
{
	static struct row rows[512];
	char *text = malloc(TEXT_MAX), name[48], *p;
	size_t n = 0;
	int count = 0;

	snprintf(name, sizeof(name), "/proc/%s/mountinfo", whose);
	for (p = read_text(name, text, TEXT_MAX); n < 512 && (p = next_row(p, &rows[n])); n++)
		;
	free(text);
	for (size_t i = 0; i < n; i++) {
		const char *on = "";

		if (strcmp(rows[i].type, "fuse.pctfs") != 0 ||
		    (strncmp(rows[i].at, "/proc/", 6) != 0 && strncmp(rows[i].at, "/sys/", 5) != 0))
			continue;
		for (size_t k = 0; k < n; k++)
			if (rows[k].id == rows[i].parent)
				on = rows[k].type;
		*astray |= strcmp(on, "proc") != 0 && strcmp(on, "sysfs") != 0 &&
			   strcmp(on, "fuse.pctfs") != 0;
		count++;
	}
	return count;
}

/* ---- swaps ---- */

struct counts {
	unsigned long hits, attached, refused, back_attached, back_refused;
	unsigned long unsaid, host, astray, left; /* what must not be */
};

static bool deed(const char *name, const char *target)
{
	char line[200], how = 0;
	int n = snprintf(line, sizeof(line), "%s /%s", name, target);

	if (write(inside, line, (size_t)n) != n || read(inside, &how, 1) != 1)
		die("the swapper has ended");
	return how == 'd';
}

/* In the order in which they are laid. */
static void learn_targets(void)
{
	struct attempt a;

	if (!deed("bare", "-"))
		die("bare");
	start(&a, pid, "a");
	while (n_targets < TARGETS_MAX && reached(&a, targets[n_targets], TARGET_MAX)) {
		n_targets++;
		go_on(&a);
	}
	finish(&a);
	if (a.status != 0 || n_targets < 2 || !deed("bare", "-"))
		die("the first attach");
}

static void swap_once(const struct deed *d, struct counts *c)
{
	bool again = rand() % (d->takes_off ? 2 : 8) == 0, wants_back = rand() % 2;
	bool hit = false, back = false, astray = false;
	int at = rand() % n_targets, had = 0, has;
	int onto = d->takes_off ? rand() % n_targets : at + rand() % (n_targets - at);
	struct attempt a;
	char target[TARGET_MAX];

	if (again && !attach(pid, "a"))
		die("an attach that nobody hinders");
	had = views(pid, &astray);
	start(&a, pid, "a");
	for (int i = 0; reached(&a, target, sizeof(target)); i++) {
		if (i == at)
			hit = deed(d->name, targets[onto]);
		else if (i == at + 1 && hit && wants_back)
			back = deed("back", "-");
		go_on(&a);
	}
	finish(&a);
	astray = false;
	has = views(pid, &astray);
	if (hit) {
		c->hits++;
		*(back	     ? a.status ? &c->back_refused : &c->back_attached
		  : a.status ? &c->refused
			     : &c->attached) += 1;
	}
	c->unsaid += !is_said(&a);
	c->host += !host_is_the_same();
	c->astray += a.status == 0 && astray;
	c->left += a.status != 0 && has > had;
	if (a.status != 0 && has > had && c->left < 4)
		fprintf(stderr, "%s: had %d, has %d\n", d->name, had, has);
	if (!deed("bare", "-"))
		die("bare");
}

static bool is_as_can_be(const struct deed *d, const struct counts *c)
{
	unsigned long attached = c->attached + c->back_attached,
		      refused = c->refused + c->back_refused;
	bool r = true;

	if (d->for_good == ONLY_REFUSED)
		r &= c->attached == 0;
	if (d->back == ONLY_REFUSED)
		r &= c->back_attached == 0;
	return r && (d->why || (attached && refused));
}

static void swaps(void)
{
	struct counts bad = { 0 };
	unsigned long others = 0, others_failed = 0, alone = 0;
	char what[400];

	learn_targets();
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		const struct deed *d = &deeds[i];
		struct counts c = { 0 };

		while (c.hits < tries) {
			swap_once(d, &c);
			if (c.hits % OTHERS_EACH == 0) {
				others++;
				others_failed += !attach(other, "b");
			}
		}
		snprintf(what, sizeof(what),
			 "%s: %lu swaps between resolve and move: for good %lu attached, %lu "
			 "refused; taken back %lu attached, %lu refused%s%s%s",
			 d->name, c.hits, c.attached, c.refused, c.back_attached, c.back_refused,
			 d->why ? " (never otherwise: " : "", d->why ? d->why : "",
			 d->why ? ")" : "");
		say(is_as_can_be(d, &c), what);
		bad.unsaid += c.unsaid, bad.host += c.host;
		bad.astray += c.astray, bad.left += c.left;
	}
	for (; alone < 100 && deed("bare", "-") && attach(pid, "a"); alone++)
		;
	say(alone == 100, "who does nothing is attached, 100 times");
	say(!bad.host, "after each try the host's files and mounts are what they were");
	say(!bad.unsaid, "each refusal is one line, and nothing else says any");
	say(!bad.astray, "what is called attached lies on the kernel's own files");
	say(!bad.left, "what is refused leaves no more views than there were");
	snprintf(what, sizeof(what), "another container was attached all the while, %lu times",
		 others);
	say(others && !others_failed, what);
}

int main(int argc, char **argv)
{
	int ends[2];

	if (argc != 9) {
		fputs("usage: hostile LAUNCH TRIES PID OTHER-PID SWAPPER VICTIM OWN SHARED\n",
		      stderr);
		return 2;
	}
	launch = argv[1], tries = strtoul(argv[2], NULL, 10), pid = argv[3], other = argv[4];
	canary[0] = argv[6], canary[1] = argv[7];
	canary[2] = malloc(strlen(argv[8]) + 3);
	sprintf((char *)canary[2], "%s/f", argv[8]);
	for (int i = 0; i < 3; i++)
		read_text(canary[i], canary_text[i], sizeof(canary_text[i]));
	srand(5);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair");
	if (fork() == 0) {
		dup2(ends[1], 0);
		dup2(ends[1], 1);
		execlp("nsenter", "nsenter", "-t", pid, "-m", "-p", argv[5], argv[6], argv[7],
		       argv[8], NULL);
		_exit(127);
	}
	close(ends[1]);
	inside = ends[0];
	swaps();
	close(inside);
	wait(NULL);
	return failed;
}
