// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/measure.h"

#include "base/base.h"

#define PERIOD_US 1000000 /* to which a quota per second is one */

/* ---- one container ---- */

static void see_memory(struct measure *m, const struct sample *s)
{
	const struct cgv_memory *k = &s->memory;

	m->memory = *k;
	m->working_set = k->usage > k->inactive_file ? k->usage - k->inactive_file : 0;
	m->limit = k->limited ? k->total : 0;
	m->rss = k->anon + k->swapcached;
	m->huge_total = k->hugepages * k->hugepage_size;
	m->huge_free = k->hugepages_free * k->hugepage_size;
}

static void see_cpus(struct measure *m, const struct sample *s, const struct state_counts *counts)
{
	const struct cgv_cputime *t = s->cputime;

	for (unsigned i = 0; i < t->n; i++) {
		m->user += t->row[i].user;
		m->nice += t->row[i].nice;
		m->system += t->row[i].system;
		m->idle += t->row[i].idle;
		m->steal += t->row[i].steal;
	}
	m->used = m->user + m->nice + m->system;
	m->throttled = t->throttled;
	m->cpus = s->cpus.count;
	m->quota = m->period = UNMEASURED;
	m->own_quota = s->cpus.quota != CGV_UNLIMITED && s->cpus.quota_level == 0;
	if (s->cpus.quota != CGV_UNLIMITED) {
		m->quota = s->cpus.quota / (CGV_NSEC / PERIOD_US);
		m->period = PERIOD_US;
	}
	for (size_t i = 0; i < ARRAY_LEN(m->load); i++)
		m->load[i] = counts->load.avg[i];
}

static void see(const struct sample *s, const struct state_counts *counts, void *arg)
{
	struct measure *m = arg;
	uint64_t age = s->now.boot > s->age.start ? s->now.boot - s->age.start : 0;

	see_memory(m, s);
	see_cpus(m, s, counts);
	m->seen = s->now.real;
	m->started = s->now.real > age ? s->now.real - age : 0;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345": microseconds. */
static bool total_of(struct span line, const char *which, uint64_t *out)
{
	struct span word, key;
	uint64_t us;

	if (!span_word(&line, &word) || !span_is(word, which))
		return false;
	while (span_word(&line, &word))
		if (span_until(&word, '=', &key) && span_is(key, "total") && span_u64(&word, &us) &&
		    us < UNMEASURED / 1000) {
			*out = us * 1000;
			return true;
		}
	return false;
}

void pressure_parse(struct span text, uint64_t *some, uint64_t *full)
{
	struct span line;

	*some = *full = UNMEASURED;
	while (span_line(&text, &line))
		if (!total_of(line, "some", some))
			(void)total_of(line, "full", full);
}

static void see_pressure(const struct sample *s, const struct state_counts *counts, void *arg)
{
	struct measure *m = arg;

	(void)counts;
	for (int i = 0; i < CGV_N_PSI; i++) {
		const char *text = s->pressure->text[i];

		pressure_parse((struct span){ text, text + strlen(text) }, &m->some[i],
			       &m->full[i]);
	}
}

static void see_disks(const struct sample *s, const struct state_counts *counts, void *arg)
{
	size_t n = MIN(s->disks->n, (size_t)DISKS_MAX);
	struct measure *m = arg;

	(void)counts;
	m->disk = n ? calloc(n, sizeof(*m->disk)) : NULL;
	if (!m->disk)
		return;
	memcpy(m->disk, s->disks->disk, n * sizeof(*m->disk));
	m->n_disks = n;
}

/* A container names its interfaces: what two names have in common as labels only one of them has.
 */
size_t nets_unlike(struct cgv_net *net, size_t n)
{
	size_t kept = 0, k;

	for (size_t i = 0; i < n; i++) {
		for (k = 0; k < kept && !prom_same(net[k].name, net[i].name);)
			k++;
		if (k == kept)
			net[kept++] = net[i];
	}
	return kept;
}

static void see_nets(struct measure *m, const struct container *c)
{
	struct scratch *t = scratch_get();
	struct cgv_net net[NETS_MAX];
	size_t n;

	/* The pid is its own as long as it lives. */
	if (!t || cgv_nets(c->host, c->init, &t->host, net, NETS_MAX, &n) < 0 || n == 0 ||
	    container_dead(c))
		return;
	m->net = calloc(n, sizeof(*m->net));
	if (!m->net)
		return;
	memcpy(m->net, net, n * sizeof(*m->net));
	m->n_nets = nets_unlike(m->net, n);
}

/* cAdvisor tells containers apart by their cgroup and calls them "name", incus by name alone. */
static int label(struct measure *m, const struct container *c, const char *cgroup)
{
	struct prom p[N_NAMES] = { 0 };
	char *id = NULL;
	int r = asprintf(&id, "/%s", cgroup) < 0 ? -ENOMEM : 0;

	if (r < 0)
		return r;
	prom_label(&p[0], true, "id", id);
	if (c->name)
		prom_label(&p[0], false, "name", c->name);
	prom_label(&p[1], true, "name", c->name ? c->name : id);
	prom_label(&p[1], false, "project", "default");
	prom_label(&p[1], false, "type", "container");
	for (int i = 0; i < N_NAMES; i++) {
		m->labels[i] = p[i].failed ? NULL : strdup(p[i].text.p);
		r = m->labels[i] ? r : -ENOMEM;
		prom_free(&p[i]);
	}
	m->name = c->name ? strdup(c->name) : NULL;
	free(id);
	return r;
}

static int measure(struct container *c, struct measure *m)
{
	auto_place place = container_place(c);
	struct cgv_throttles quota;
	struct cgv_pulse pulse;
	int r = label(m, c, cgv_container_path(place, CGV_MEMORY));

	m->oom_kills = m->tasks = m->periods = m->throttles = UNMEASURED;
	for (int i = 0; i < CGV_N_PSI; i++)
		m->some[i] = m->full[i] = UNMEASURED;
	if (r == 0)
		r = container_look(c, NEED_MEMORY | NEED_CPUTIME | NEED_AGE, see, m);
	if (r < 0)
		return r;
	/* Without these it is a container all the same. */
	(void)!container_look(c, NEED_PRESSURE, see_pressure, m);
	/* At the top of the hierarchy it would be what the host did. */
	if (*cgv_container_path(place, CGV_IO))
		(void)!container_look(c, NEED_DISKS, see_disks, m);
	/* All without its lock, which its files that stay open need. */
	if (cgv_pulse(place, &pulse) == 0)
		m->tasks = pulse.tasks;
	(void)!cgv_oom_kills(place, &m->oom_kills);
	if (m->own_quota && cgv_throttles(place, &quota) == 0) {
		m->periods = quota.periods;
		m->throttles = quota.throttled;
	}
	see_nets(m, c);
	return 0;
}

/* ---- all of them ---- */

static void measure_free(struct measure *m)
{
	free(m->name);
	for (int i = 0; i < N_NAMES; i++)
		free(m->labels[i]);
	free(m->disk);
	free(m->net);
	*m = (struct measure){ 0 };
}

void measures_free(struct measures *m)
{
	while (m->n)
		measure_free(&m->all[--m->n]);
	free(m->all);
	free(m->disks);
	*m = (struct measures){ 0 };
}

/* Those with a name first: of two that bear the same labels, the second is left out. */
static int by_labels(const void *a, const void *b)
{
	const struct measure *x = a, *y = b;
	int r = strcmp(x->labels[1], y->labels[1]);

	return r ? r : (x->name == NULL) - (y->name == NULL);
}

/* The same twice would be no text that Prometheus takes. */
static void drop_twins(struct measures *m)
{
	unsigned n = 0;

	qsort(m->all, m->n, sizeof(*m->all), by_labels);
	for (unsigned i = 0; i < m->n; i++)
		if (n && strcmp(m->all[n - 1].labels[1], m->all[i].labels[1]) == 0)
			measure_free(&m->all[i]);
		else
			m->all[n++] = m->all[i];
	m->n = n;
}

static char *read_disks(const struct cgv_host *h)
{
	struct scratch *t = scratch_get();
	struct span text;

	if (!t || cgv_read_text(h->proc, "diskstats", &t->host, &text) < 0)
		return NULL;
	return strndup(text.p, span_len(text));
}

int measures_take(struct fs *fs, struct measures *out)
{
	struct measures m = { 0 };
	struct container **all;
	unsigned n;
	int r = registry_all(fs->registry, &all, &n);

	if (r < 0)
		return r;
	m.all = calloc(n + 1, sizeof(*m.all));
	for (unsigned i = 0; m.all && i < n; i++) {
		if (container_dead(all[i]))
			continue;
		r = measure(all[i], &m.all[m.n]);
		m.registered += r == 0 && all[i]->name;
		m.failed += r < 0 && !container_dead(all[i]);
		if (r < 0)
			measure_free(&m.all[m.n]);
		else
			m.n++;
	}
	registry_put_all(all, n);
	if (!m.all)
		return -ENOMEM;
	drop_twins(&m);
	m.disks = read_disks(fs->host);
	*out = m;
	return 0;
}
