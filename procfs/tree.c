// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>

#include "procfs/tree.h"

#define DEEPEST	  16	     /* directories of the host below a row's */
#define NODES_MAX (1u << 24) /* what an inode number has room for */

static int add(struct tree *t, uint32_t parent, const char *name, mode_t mode, uint32_t *out)
{
	struct node *grown;
	uint32_t *at;

	if (t->n >= NODES_MAX)
		return -ENFILE;
	if ((t->n & (t->n - 1)) == 0) { /* room for a power of two */
		grown = realloc(t->node, 2ul * MAX(t->n, 1u) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->node = grown;
	}
	t->node[t->n] = (struct node){ .parent = parent, .mode = mode, .cpu = -1, .numa = -1 };
	t->node[t->n].name = strdup(name);
	if (!t->node[t->n].name)
		return -ENOMEM;
	if (parent != NODE_NONE) {
		for (at = &t->node[parent].child; *at != NODE_NONE;)
			at = &t->node[*at].next;
		*at = t->n;
	}
	*out = t->n++;
	return 0;
}

uint32_t tree_child(const struct tree *t, uint32_t dir, const char *name)
{
	uint32_t i = t->node[dir].child;

	while (i != NODE_NONE && strcmp(t->node[i].name, name) != 0)
		i = t->node[i].next;
	return i;
}

uint32_t tree_find(const struct tree *t, const char *path)
{
	uint32_t at = t->n > NODE_ROOT ? NODE_ROOT : NODE_NONE;
	char part[NAME_MAX + 1];

	while (at != NODE_NONE && *path) {
		size_t n = strcspn(path, "/");

		if (n > NAME_MAX)
			return NODE_NONE;
		memcpy(part, path, n);
		part[n] = '\0';
		if (n)
			at = tree_child(t, at, part);
		path += n + (path[n] == '/');
	}
	return at;
}

/* Directories for all but the last part of @path; what is behind the last "/" goes to *name. */
static int add_dirs(struct tree *t, const char *path, uint32_t *dir, const char **name)
{
	const char *slash;
	int r = 0;

	for (*dir = NODE_ROOT; r == 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char part[NAME_MAX + 1];
		uint32_t child;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		child = tree_child(t, *dir, part);
		if (child == NODE_NONE)
			r = add(t, *dir, part, S_IFDIR | 0555, &child);
		*dir = child;
	}
	*name = path;
	return r;
}

/* The N of "cpuN"; -1: it is not called so. */
static int number_behind(const char *what, const char *name)
{
	size_t len = strlen(what);
	char *end;
	long n;

	if (strncmp(name, what, len) != 0 || !isdigit((unsigned char)name[len]))
		return -1;
	n = strtol(name + len, &end, 10);
	return *end || n > INT16_MAX ? -1 : (int)n;
}

bool tree_selects(const struct tree *t, uint32_t node)
{
	for (; node != NODE_ROOT; node = t->node[node].parent)
		if (t->node[node].cpu >= 0 || t->node[node].numa >= 0 || t->node[node].any)
			return true;
	return false;
}

static bool have_common(const struct cgv_cpuset *a, const struct cgv_cpuset *b)
{
	struct cgv_cpuset both = *a;

	cgv_cpuset_and(&both, b);
	return cgv_cpuset_count(&both) > 0;
}

bool tree_hides(const struct tree *t, uint32_t node, const struct seen *s)
{
	for (; node != NODE_ROOT; node = t->node[node].parent) {
		const struct node *n = &t->node[node];

		if (n->cpu >= 0 && !cgv_cpuset_has(&s->cpus, (unsigned)n->cpu))
			return true;
		if (n->any && !have_common(n->any, &s->cpus))
			return true;
		if (n->numa >= 0 && !cgv_nodes_has(s->nodes.bits, (unsigned)n->numa))
			return true;
	}
	return false;
}

/* A frequency policy is there for the CPUs that its related_cpus names, at least for the N. */
static int set_policy(struct node *n, int at, const char *name)
{
	int own = number_behind("policy", name);
	struct cgv_text buf = { 0 };
	char path[NAME_MAX + 32];
	struct span text;
	uint64_t cpu;

	if (own < 0)
		return 0;
	n->any = calloc(1, sizeof(*n->any));
	if (!n->any)
		return -ENOMEM;
	if (own < CGV_MAX_CPUS)
		cgv_cpuset_add(n->any, (unsigned)own);
	snprintf(path, sizeof(path), "%s/related_cpus", name);
	if (cgv_read_text(at, path, &buf, &text) == 0)
		while (span_u64(&text, &cpu))
			if (cpu < CGV_MAX_CPUS)
				cgv_cpuset_add(n->any, (unsigned)cpu);
	free(buf.p);
	return 0;
}

struct walk {
	struct tree *t;
	const struct file *file;
	int deep;
};

static int walk_dir(struct walk *w, int at, uint32_t dir, const char *path);

static int walk_entry(struct walk *w, int at, uint32_t dir, const char *path, const char *name)
{
	char *whole = NULL;
	struct stat st;
	uint32_t n;
	int r;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* went meanwhile */
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	/* Nothing can be written, and what cannot be read is not there. */
	if (S_ISREG(st.st_mode) && !(st.st_mode & 0444))
		return 0;
	/* Blocks of the host's RAM. */
	if (S_ISLNK(st.st_mode) && number_behind("memory", name) >= 0)
		return 0;
	st.st_mode &= S_ISLNK(st.st_mode) ? (mode_t)~0 : (mode_t)~0222;
	r = add(w->t, dir, name, st.st_mode, &n);
	if (r < 0)
		return r;
	if (asprintf(&whole, "%s%s%s", path, name, S_ISDIR(st.st_mode) ? "/" : "") < 0)
		return -ENOMEM;
	if (!S_ISREG(st.st_mode)) {
		w->t->node[n].cpu = number_behind("cpu", name);
		w->t->node[n].numa = number_behind("node", name);
	}
	if (S_ISDIR(st.st_mode)) {
		r = set_policy(&w->t->node[n], at, name);
		if (r == 0)
			r = walk_dir(w, at, n, whole);
		free(whole);
		return r;
	}
	w->t->node[n].path = whole;
	w->t->node[n].file = S_ISREG(st.st_mode) ? w->file : NULL;
	return 0;
}

static int walk_dir(struct walk *w, int at, uint32_t dir, const char *path)
{
	const char *name = dir == NODE_NONE ? "." : w->t->node[dir].name;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		close_fd(&fd);
		return errno == ENOENT ? 0 : -errno;
	}
	w->deep++;
	while (r == 0 && w->deep < DEEPEST && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = walk_entry(w, fd, dir, path, e->d_name);
	w->deep--;
	closedir(d);
	return r;
}

/* A directory of the host's: "sys/devices/system/cpu/" */
static int add_host_dir(const struct cgv_host *h, struct tree *t, const struct file *f,
			uint32_t dir)
{
	struct walk w = { .t = t, .file = f };
	char up[PATH_MAX];
	auto_fd parent = -EBADF;

	snprintf(up, sizeof(up), "%s..", f->path);
	parent = openat(h->root, up, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return parent < 0 ? -errno : walk_dir(&w, parent, dir, f->path);
}

/* Who may set a trigger by the host's own file may by this one. */
static mode_t mode_of(const struct cgv_host *h, const struct file *f)
{
	struct stat st;

	if (file_is_writable(f) && !h->captured && fstatat(h->root, f->path, &st, 0) == 0)
		return st.st_mode & 0666;
	return file_mode(f);
}

static int add_row(const struct cgv_host *h, struct tree *t, const struct file *f)
{
	const char *name;
	uint32_t dir, n;
	int r;

	if (!file_is_served(h, f))
		return 0;
	r = add_dirs(t, f->path, &dir, &name);
	if (r < 0)
		return r;
	if (!*name)
		return f->render ? add_host_dir(h, t, f, dir) : 0;
	r = add(t, dir, name, S_IFREG | mode_of(h, f), &n);
	if (r < 0)
		return r;
	t->node[n].file = f;
	t->node[n].path = strdup(f->path);
	return t->node[n].path ? 0 : -ENOMEM;
}

int tree_build(const struct cgv_host *h, struct tree *out)
{
	struct tree t = { 0 };
	uint32_t n;
	int r;

	r = add(&t, NODE_NONE, "", 0, &n);
	if (r == 0)
		r = add(&t, NODE_NONE, "", S_IFDIR | 0555, &n);
	for (size_t i = 0; i < n_files && r == 0; i++)
		r = add_row(h, &t, &files[i]);
	if (r < 0)
		tree_free(&t);
	else
		*out = t;
	return r;
}

void tree_free(struct tree *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		free(t->node[i].name);
		free(t->node[i].path);
		free(t->node[i].any);
	}
	free(t->node);
	*t = (struct tree){ 0 };
}
