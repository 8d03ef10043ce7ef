// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/registry.h"

#define BUCKETS	  1024
#define NAMES_MAX 99 /* ways to show one id: "100", "100~2" … */

struct registry {
	const struct cgv_host *host;
	pthread_rwlock_t lock;
	uint32_t last_slot;
	unsigned count;
	struct container *first;
	struct container *by_slot[BUCKETS], *by_who[BUCKETS];
};

int registry_new(const struct cgv_host *h, struct registry **out)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->host = h;
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

static void drop(struct registry *r, struct container *c)
{
	if (!unlink_from(r, c))
		return;
	atomic_store(&c->gone, true);
	container_put(c);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	while (r->first)
		drop(r, r->first);
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

int registry_add(struct registry *r, struct container_spec *spec, struct container **out)
{
	struct container *c, *old;
	int err = container_new(r->host, spec, &c);

	if (err < 0)
		return err;
	pthread_rwlock_wrlock(&r->lock);
	old = c->name ? find(r, NULL, c->door, c->id) : NULL;
	if (old)
		drop(r, old);
	err = c->name ? free_name(r, c) : 0;
	if (err == 0) {
		c->slot = ++r->last_slot;
		link_in(r, c);
		*out = container_get(c);
	}
	pthread_rwlock_unlock(&r->lock);
	if (err < 0)
		container_put(c);
	return err;
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
