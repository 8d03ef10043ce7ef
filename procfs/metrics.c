// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/metrics.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "procfs/http.h"
#include "procfs/pages.h"

#define ASKERS	 16
#define ASK_MS	 5000  /* in which a request is there */
#define TAKE_MS	 30000 /* … and its answer taken */
#define GRACE_MS 200   /* who has taken some of it so lately makes room for nobody */
#define LOOK_MS	 250
#define REST	 10 /* times as long as it took nobody gets a newer look */

/* What was made for one is shown to all who ask soon after. */
struct page {
	unsigned refs;
	struct prom text;
};

struct asker {
	int fd;		/* -EBADF: nobody */
	uint64_t since; /* ms: he is there, or his answer is */
	uint64_t moved; /* … or some of that was taken */
	size_t got;
	char in[HTTP_MAX];
	bool answered; /* there is an answer, which is being sent */
	char head[256];
	size_t head_len, sent;
	struct page *page; /* behind the head; NULL: nothing */
};

struct metrics {
	struct fs *fs;
	const struct counts *counts;
	int listen, stop;
	uint64_t started, asked;
	struct scene scene;   /* the last look, of which all pages are */
	uint64_t until;	      /* ms: so long nobody looks again */
	struct page *made[8]; /* by route and names */
	struct asker asker[ASKERS];
	pthread_t thread;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec;
}

static uint64_t ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- what there is to tell ---- */

static uint64_t resident(const struct cgv_host *h)
{
	struct scratch *t = scratch_get();
	struct span text;
	uint64_t size, pages;

	if (!t || cgv_read_text(h->proc, "self/statm", &t->host, &text) < 0 ||
	    !span_u64(&text, &size) || !span_u64(&text, &pages))
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int scene_take(struct metrics *m, struct scene *out)
{
	struct scene s = { .started = m->started,
			   .asked = ++m->asked,
			   .cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
			   .cgroup_files = cgv_files_open(m->fs->host),
			   .resident = resident(m->fs->host) };
	uint64_t began = clock_ns(CLOCK_MONOTONIC);
	int r = measures_take(m->fs, &s.measures);

	if (r < 0)
		return r;
	s.by_caller = s.measures.n - MIN(s.measures.n, s.measures.registered);
	for (uint32_t at = 0; open_row_next(m->fs->opens, &at);)
		s.open++;
	counts_sum(m->counts, &s.tally);
	for (int i = 0; i < COUNT_EVENTS; i++)
		s.event[i] = counts_events(m->counts, (enum count_event)i);
	s.took = clock_ns(CLOCK_MONOTONIC) - began;
	*out = s;
	return 0;
}

static void tell_metrics(const struct scene *s, enum names names, struct prom *p)
{
	daemon_tell(s, p);
	measures_tell(&s->measures, names, p);
}

static void tell_summary(const struct scene *s, enum names names, struct prom *p)
{
	(void)names;
	summary_tell(s, p);
}

#define PLAIN "text/plain; charset=utf-8"

static const struct route {
	const char *path, *type;
	void (*tell)(const struct scene *s, enum names names, struct prom *p);
} routes[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", tell_metrics },
	{ "/stats", PLAIN, tell_summary },
};

/* ---- pages ---- */

static void page_put(struct page *g)
{
	if (!g || --g->refs)
		return;
	prom_free(&g->text);
	free(g);
}

static struct page *page_make(const struct scene *s, const struct route *route, enum names names)
{
	struct page *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->refs = 1;
	route->tell(s, names, &g->text);
	if (!g->text.failed)
		return g;
	page_put(g);
	return NULL;
}

static void forget(struct metrics *m)
{
	measures_free(&m->scene.measures);
	for (size_t i = 0; i < ARRAY_LEN(m->made); i++)
		page_put(take_ptr(m->made[i]));
}

static int look(struct metrics *m)
{
	struct scene s;
	int r = scene_take(m, &s);

	if (r < 0)
		return r;
	forget(m);
	m->scene = s;
	m->until = ms();
	return 0;
}

/*
 * Whoever asks without a pause is shown the same for a while, so that this thread rests ten times
 * as long as it works, however many containers there are, and whichever pages are asked for.
 */
static struct page *page_get(struct metrics *m, const struct route *route, enum names names)
{
	struct page **made = &m->made[(size_t)(route - routes) * 4 + names];
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	if (ms() >= m->until && look(m) < 0)
		return NULL;
	if (!*made) {
		*made = page_make(&m->scene, route, names);
		cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
		m->until += cpu * REST / 1000000 + 1;
	}
	if (!*made)
		return NULL;
	(*made)->refs++;
	return *made;
}

/* ---- one who asks ---- */

static void asker_close(struct asker *a)
{
	/* What he sent and nobody wants to know would be an error to him, who has his answer. */
	(void)!recv(a->fd, a->in, sizeof(a->in), MSG_DONTWAIT);
	page_put(a->page);
	close_fd(&a->fd);
	*a = (struct asker){ .fd = -EBADF };
}

static enum names names_of(const char *query)
{
	return strcmp(query, "names=incus") == 0 ? NAMES_INCUS
	       : strcmp(query, "names=all") == 0 ? NAMES_ALL
						 : NAMES_CADVISOR;
}

static int find_page(struct metrics *m, struct asker *a, const struct http_request *q,
		     const char **type)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(q->path, routes[i].path) != 0)
			continue;
		a->page = page_get(m, &routes[i], names_of(q->query));
		*type = routes[i].type;
		return a->page ? 200 : 500;
	}
	return 404;
}

static void make_answer(struct metrics *m, struct asker *a, int parsed,
			const struct http_request *q)
{
	const char *type = PLAIN;
	int status = parsed == 1 ? find_page(m, a, q, &type) : parsed;

	a->answered = true;
	a->since = a->moved = ms();
	a->head_len =
	    http_head(status, type, a->page ? a->page->text.len : 0, a->head, sizeof(a->head));
	if (q->head) {
		page_put(a->page);
		a->page = NULL;
	}
}

/* False: gone, or all is said. */
static bool send_answer(struct asker *a)
{
	size_t all = a->head_len + (a->page ? a->page->text.len : 0);

	while (a->sent < all) {
		bool head = a->sent < a->head_len;
		const char *p =
		    head ? a->head + a->sent : a->page->text.text.p + (a->sent - a->head_len);
		size_t n = head ? a->head_len - a->sent : all - a->sent;
		ssize_t r = send(a->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0)
			return errno == EAGAIN || errno == EINTR;
		a->sent += (size_t)r;
		a->moved = ms();
	}
	return false;
}

static bool hear(struct metrics *m, struct asker *a)
{
	struct http_request q = { 0 };
	ssize_t n;
	int r;

	if (a->answered)
		return send_answer(a);
	n = recv(a->fd, a->in + a->got, sizeof(a->in) - a->got, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	a->got += (size_t)n;
	r = http_parse(a->in, a->got, &q);
	if (r == 0)
		return true;
	make_answer(m, a, r, &q);
	return send_answer(a);
}

/* ---- all of them ---- */

/*
 * A place for one more, or who makes room for him: of those who have not asked for anything yet who
 * has been there longest, else of those who do not take their answer. NULL: he waits.
 */
static struct asker *room(struct metrics *m, uint64_t now)
{
	struct asker *oldest = m->asker;

	for (struct asker *a = m->asker; a < m->asker + ASKERS; a++)
		if (a->fd < 0)
			return a;
		else if (a->answered < oldest->answered ||
			 (a->answered == oldest->answered && a->moved < oldest->moved))
			oldest = a;
	return oldest->answered && now < oldest->moved + GRACE_MS ? NULL : oldest;
}

static void let_in(struct metrics *m, uint64_t now)
{
	struct asker *a = room(m, now);
	int fd = a ? accept4(m->listen, NULL, NULL, SOCK_CLOEXEC) : -1;

	if (fd >= 0 && a->fd >= 0)
		asker_close(a);
	if (fd >= 0)
		*a = (struct asker){ .fd = fd, .since = now, .moved = now };
	else if (a && (errno == EMFILE || errno == ENFILE))
		(void)poll(NULL, 0, 20); /* it still waits there: not at once again */
}

static bool is_late(const struct asker *a, uint64_t now)
{
	return now >= a->since + (a->answered ? TAKE_MS : ASK_MS);
}

static void *run(void *arg)
{
	struct metrics *m = arg;
	struct pollfd p[ASKERS + 2];
	int n, busy;

	for (;;) {
		busy = 0;
		for (int i = 0; i < ASKERS; i++) {
			const struct asker *a = &m->asker[i];

			p[i] = (struct pollfd){ a->fd, a->answered ? POLLOUT : POLLIN, 0 };
			busy += a->fd >= 0;
		}
		p[ASKERS] = (struct pollfd){ m->stop, POLLIN, 0 };
		p[ASKERS + 1] = (struct pollfd){ room(m, ms()) ? m->listen : -1, POLLIN, 0 };
		n = poll(p, ARRAY_LEN(p), busy ? LOOK_MS : -1);
		if (n > 0 && p[ASKERS].revents)
			return NULL;
		for (int i = 0; i < ASKERS; i++) {
			struct asker *a = &m->asker[i];

			if (a->fd >= 0 && ((p[i].revents && !hear(m, a)) || is_late(a, ms())))
				asker_close(a);
		}
		if (n > 0 && p[ASKERS + 1].revents)
			let_in(m, ms());
	}
}

int metrics_start(struct fs *fs, const struct counts *c, int sock, struct metrics **out)
{
	struct metrics *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->fs = fs;
	m->counts = c;
	m->listen = sock;
	m->started = clock_ns(CLOCK_REALTIME);
	for (int i = 0; i < ASKERS; i++)
		m->asker[i].fd = -EBADF;
	m->stop = eventfd(0, EFD_CLOEXEC);
	r = m->stop < 0 ? -EMFILE : -pthread_create(&m->thread, NULL, run, m);
	if (r == 0) {
		*out = m;
		return 0;
	}
	close_fd(&m->stop);
	free(m);
	return r;
}

void metrics_stop(struct metrics *m)
{
	if (!m)
		return;
	(void)eventfd_write(m->stop, 1);
	pthread_join(m->thread, NULL);
	for (int i = 0; i < ASKERS; i++)
		if (m->asker[i].fd >= 0)
			asker_close(&m->asker[i]);
	forget(m);
	close_fd(&m->stop);
	free(m);
}
