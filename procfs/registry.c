// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <sys/stat.h>

#include "base/say.h"
#include "procfs/registry.h"

#define BUCKETS	  4096
#define NAMES_MAX 99 /* ways to show one id: "100", "100~2" … */

/* By each of these some look for it. */
enum key { BY_SLOT, BY_WHO, BY_NAME, BY_DOOR, BY_INIT, N_KEYS };

static const size_t next_of[N_KEYS] = {
	[BY_SLOT] = offsetof(struct container, next_slot),
	[BY_WHO] = offsetof(struct container, next_who),
	[BY_NAME] = offsetof(struct container, next_name),
	[BY_DOOR] = offsetof(struct container, next_door),
	[BY_INIT] = offsetof(struct container, next_init),
};

struct registry {
	const struct cgv_host *host;
	struct state *state;
	pthread_rwlock_t lock;
	uint32_t last_slot;
	unsigned count, watched, most_watched;
	struct container *first;
	struct container *bucket[N_KEYS][BUCKETS];
};

int registry_new(const struct cgv_host *h, struct state *state, struct registry **out)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->host = h;
	r->state = state;
	r->most_watched = UINT_MAX;
	pthread_rwlock_init(&r->lock, NULL);
	*out = r;
	return 0;
}

void registry_limit(struct registry *r, unsigned most)
{
	r->most_watched = most;
}

/* ---- the lists ---- */

static uint64_t hash_number(uint64_t n)
{
	return n * 0x9e3779b97f4a7c15 >> 32;
}

static uint64_t hash_text(const char *text, uint64_t h)
{
	while (text && *text)
		h = (h ^ (unsigned char)*text++) * 0x100000001b3;
	return h;
}

static uint64_t hash_door(const char *door, const char *id)
{
	return hash_text(id, hash_text(door, 0xcbf29ce484222325));
}

/* Those without a name or an init are found by neither, but in a list all the same. */
static struct container **list_of(struct registry *r, enum key key, const struct container *c)
{
	uint64_t h = key == BY_SLOT   ? c->slot
		     : key == BY_WHO  ? hash_number(c->who)
		     : key == BY_NAME ? hash_text(c->name, 1)
		     : key == BY_DOOR ? hash_door(c->door, c->id)
				      : hash_number((uint64_t)c->init);

	return &r->bucket[key][h % BUCKETS];
}

static struct container **next_in(enum key key, struct container *c)
{
	return (void *)((char *)c + next_of[key]);
}

static void link_in(struct registry *r, struct container *c)
{
	for (enum key key = 0; key < N_KEYS; key++) {
		struct container **list = list_of(r, key, c);

		*next_in(key, c) = *list;
		*list = c;
	}
	c->prev = NULL;
	c->next = r->first;
	if (r->first)
		r->first->prev = c;
	r->first = c;
	r->count++;
	r->watched += c->pidfd >= 0;
}

static bool unlink_from(struct registry *r, struct container *c)
{
	for (enum key key = 0; key < N_KEYS; key++) {
		struct container **at = list_of(r, key, c);

		while (*at && *at != c)
			at = next_in(key, *at);
		if (!*at)
			return false; /* by the first key: it is in no list */
		*at = *next_in(key, c);
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		r->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	r->count--;
	r->watched -= c->pidfd >= 0;
	return true;
}

static void end(struct container *c)
{
	container_forget(c);
	atomic_store(&c->gone, true);
	container_put(c);
}

static void drop(struct registry *r, struct container *c)
{
	if (unlink_from(r, c))
		end(c);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	while (r->first) { /* what is kept of it stays, for the next daemon */
		struct container *c = r->first;

		unlink_from(r, c);
		container_put(c);
	}
	pthread_rwlock_destroy(&r->lock);
	free(r);
}

static struct container *find_name(struct registry *r, const char *name)
{
	struct container *c = r->bucket[BY_NAME][hash_text(name, 1) % BUCKETS];

	while (c && (!c->name || strcmp(c->name, name) != 0))
		c = c->next_name;
	return c;
}

static struct container *find_door(struct registry *r, const char *door, const char *id)
{
	struct container *c = r->bucket[BY_DOOR][hash_door(door, id) % BUCKETS];

	while (c && (!c->name || strcmp(c->door, door) != 0 || strcmp(c->id, id) != 0))
		c = c->next_door;
	return c;
}

/* A name nobody has: the id itself, or the id with a number behind it. */
static int free_name(struct registry *r, struct container *c)
{
	for (int i = 2; find_name(r, c->name); i++) {
		char *longer = NULL;

		if (i > NAMES_MAX)
			return -EEXIST;
		if (asprintf(&longer, "%s~%d", c->id, i) < 0)
			return -ENOMEM;
		free(c->name);
		c->name = longer;
	}
	return 0;
}

/* The very same, once more: its views are attached anew. What is open of it stays as it is. */
static bool is_same(const struct container *a, const struct container *b)
{
	return a->init && a->init == b->init && !container_dead(a) &&
	       a->sample.fixed_cpus == b->sample.fixed_cpus;
}

/* *it becomes the one that was there before, if it is the same. */
static int add(struct registry *r, struct container **it)
{
	struct container *c = *it, *old = c->name ? find_door(r, c->door, c->id) : NULL;
	int err = 0;

	if (old && is_same(old, c)) {
		*it = container_get(old);
		container_set_fast(old, c->fast);
		container_put(c);
		return 0;
	}

	if (old)
		unlink_from(r, old);
	else if (c->pidfd >= 0 && r->watched >= r->most_watched)
		err = -EMFILE;
	if (c->name && err == 0)
		err = free_name(r, c);
	if (err == 0) /* while the old one's counts are still kept: it can be the same again */
		err = container_keep(c, r->state);
	if (err == 0) {
		c->slot = r->state ? c->row.slot : ++r->last_slot;
		link_in(r, container_get(c));
	}
	if (old)
		end(old);
	return err;
}

int registry_add(struct registry *r, struct container_spec *spec, struct container **out)
{
	struct container *c;
	int err = container_new(r->host, spec, &c);

	if (err < 0)
		return err;
	pthread_rwlock_wrlock(&r->lock);
	err = add(r, &c);
	pthread_rwlock_unlock(&r->lock);
	if (err < 0)
		container_put(c);
	else
		*out = c;
	return err;
}

int registry_register(struct registry *r, struct container_spec *spec, struct container **out)
{
	struct stat st;
	char ns[64];
	int err = cgv_place_of_pid(r->host, spec->init, &spec->place);

	if (err < 0)
		return err;
	snprintf(ns, sizeof(ns), "%d/ns/pid", spec->init);
	if (fstatat(r->host->proc, ns, &st, 0) == 0)
		spec->who = st.st_ino;
	err = registry_add(r, spec, out);
	cgv_place_free(&spec->place);
	return err;
}

void registry_restore(struct registry *r)
{
	struct state_name name;
	struct state_key key;
	uint32_t at = 0;

	while (state_left(r->state, &at, &key, &name)) {
		struct container_spec spec = { name.name,
					       name.door,
					       name.id,
					       .init = (pid_t)key.init,
					       .fixed_cpus = name.fixed_cpus,
					       .fast = name.fast };
		struct container *c;
		uint64_t born;
		int err;

		if (!key.init) /* of a cgroup: its next reader finds it again */
			continue;
		if (cgv_start(r->host, spec.init, &born) < 0 || born != key.born) {
			state_forget_left(r->state, at);
			continue;
		}
		err = registry_register(r, &spec, &c);
		if (err < 0)
			warn(err, "register container '%s' again",
			     name.name ? name.name : "of a caller");
		else
			container_put(c);
	}
}

void registry_remove(struct registry *r, struct container *c)
{
	pthread_rwlock_wrlock(&r->lock);
	drop(r, c);
	pthread_rwlock_unlock(&r->lock);
}

struct container *registry_by_slot(struct registry *r, uint32_t slot)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	for (c = r->bucket[BY_SLOT][slot % BUCKETS]; c && c->slot != slot;)
		c = c->next_slot;
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_name(struct registry *r, const char *name)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	c = find_name(r, name);
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_door(struct registry *r, const char *door, const char *id)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	c = find_door(r, door, id);
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_init(struct registry *r, pid_t init)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	c = r->bucket[BY_INIT][hash_number((uint64_t)init) % BUCKETS];
	while (c && (c->init != init || container_dead(c)))
		c = c->next_init;
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_who(struct registry *r, uint64_t who)
{
	struct container *c, *dead = NULL;

	pthread_rwlock_rdlock(&r->lock);
	for (c = r->bucket[BY_WHO][hash_number(who) % BUCKETS]; c; c = c->next_who) {
		if (c->who != who)
			continue;
		if (!container_dead(c))
			break;
		dead = c;
	}
	if (c)
		container_get(c);
	else if (dead)
		container_get(dead);
	pthread_rwlock_unlock(&r->lock);
	if (!c && dead) {
		registry_remove(r, dead);
		container_put(dead);
	}
	return c;
}

int registry_all(struct registry *r, struct container ***out, unsigned *n)
{
	struct container **all, *c;

	pthread_rwlock_rdlock(&r->lock);
	all = calloc(r->count + 1, sizeof(struct container *));
	*n = 0;
	for (c = r->first; all && c; c = c->next)
		all[(*n)++] = container_get(c);
	pthread_rwlock_unlock(&r->lock);
	*out = all;
	return all ? 0 : -ENOMEM;
}

void registry_put_all(struct container **all, unsigned n)
{
	while (n--)
		container_put(all[n]);
	free(all);
}

void registry_sweep(struct registry *r)
{
	struct container *c, *next;

	pthread_rwlock_wrlock(&r->lock);
	for (c = r->first; c; c = next) {
		next = c->next;
		if (container_dead(c))
			drop(r, c);
	}
	pthread_rwlock_unlock(&r->lock);
}
