// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>

#include "base/say.h"
#include "procfs/registry.h"

#define BUCKETS	  1024
#define NAMES_MAX 99 /* ways to show one id: "100", "100~2" … */

struct registry {
	const struct cgv_host *host;
	struct state *state;
	pthread_rwlock_t lock;
	uint32_t last_slot;
	unsigned count;
	struct container *first;
	struct container *by_slot[BUCKETS], *by_who[BUCKETS];
};

int registry_new(const struct cgv_host *h, struct state *state, struct registry **out)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->host = h;
	r->state = state;
	pthread_rwlock_init(&r->lock, NULL);
	*out = r;
	return 0;
}

static void link_in(struct registry *r, struct container *c)
{
	struct container **slot = &r->by_slot[c->slot % BUCKETS];
	struct container **who = &r->by_who[c->who % BUCKETS];

	c->next_slot = *slot;
	*slot = c;
	c->next_who = *who;
	*who = c;
	c->prev = NULL;
	c->next = r->first;
	if (r->first)
		r->first->prev = c;
	r->first = c;
	r->count++;
}

static bool unlink_from(struct registry *r, struct container *c)
{
	struct container **at = &r->by_slot[c->slot % BUCKETS];

	while (*at && *at != c)
		at = &(*at)->next_slot;
	if (!*at)
		return false;
	*at = c->next_slot;
	for (at = &r->by_who[c->who % BUCKETS]; *at != c;)
		at = &(*at)->next_who;
	*at = c->next_who;
	if (c->prev)
		c->prev->next = c->next;
	else
		r->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	r->count--;
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

static struct container *find(struct registry *r, const char *name, const char *door,
			      const char *id)
{
	for (struct container *c = r->first; c; c = c->next) {
		if (!c->name)
			continue;
		if (name ? strcmp(c->name, name) == 0
			 : strcmp(c->door, door) == 0 && strcmp(c->id, id) == 0)
			return c;
	}
	return NULL;
}

/* A name nobody has: the id itself, or the id with a number behind it. */
static int free_name(struct registry *r, struct container *c)
{
	for (int i = 2; find(r, c->name, NULL, NULL); i++) {
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
	struct container *c = *it, *old = c->name ? find(r, NULL, c->door, c->id) : NULL;
	int err = 0;

	if (old && is_same(old, c)) {
		*it = container_get(old);
		container_set_fast(old, c->fast);
		container_put(c);
		return 0;
	}

	if (old)
		unlink_from(r, old);
	if (c->name)
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
	for (c = r->by_slot[slot % BUCKETS]; c && c->slot != slot;)
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
	c = find(r, name, NULL, NULL);
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_door(struct registry *r, const char *door, const char *id)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	c = find(r, NULL, door, id);
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_init(struct registry *r, pid_t init)
{
	struct container *c;

	pthread_rwlock_rdlock(&r->lock);
	for (c = r->first; c && (c->init != init || container_dead(c));)
		c = c->next;
	if (c)
		container_get(c);
	pthread_rwlock_unlock(&r->lock);
	return c;
}

struct container *registry_by_who(struct registry *r, uint64_t who)
{
	struct container *c, *dead = NULL;

	pthread_rwlock_rdlock(&r->lock);
	for (c = r->by_who[who % BUCKETS]; c; c = c->next_who) {
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
