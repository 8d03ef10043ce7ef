// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tear CONTAINER-PROC LIMIT-FILE READERS READS CHANGES: one writer gives a container another limit
 * a hundred times a second, readers read its meminfo in pieces of 1, 7 and 64 bytes. In every text
 * MemTotal, CommitLimit and DirectMap4k are that limit's: they name one generation, or it is torn.
 * Until there were that many reads, to their end, and that many changes. More readers keep theirs
 * open for seconds, and read on where they were, and anew from the start.
 *
 * Prints one line for each thing that was looked at, as tests/e2e/lib.sh does.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BASE_KB	    (64ul * 1024)
#define STEP_KB	    4ul /* a page: limits are whole ones */
#define GENERATIONS 8192ul
#define HOLDERS	    4
#define KEPT_OPEN_S 2

static const char *meminfo;
static unsigned long reads_wanted, changes_wanted;
static atomic_ulong reads, torn, failed, changes, held, held_wrong, rewound, rewound_wrong;
static atomic_bool ended;
static pthread_mutex_t say = PTHREAD_MUTEX_INITIALIZER;

static void complain(const char *what, const char *text)
{
	static unsigned n;

	pthread_mutex_lock(&say);
	if (n++ < 3)
		fprintf(stderr, "%s:\n%.600s\n", what, text);
	pthread_mutex_unlock(&say);
}

static bool enough(void)
{
	return ended || (reads >= reads_wanted && changes >= changes_wanted);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- the writer ---- */

static void *write_on(void *arg)
{
	int fd = open(arg, O_WRONLY | O_CLOEXEC);

	/* Every other one has more digits in none of its fields: lengths stay, and change. */
	for (unsigned long i = 1; !enough(); i++) {
		unsigned long kb = BASE_KB + i % GENERATIONS * STEP_KB;
		char text[32];
		int n = snprintf(text, sizeof(text), "%lu", kb * 1024);

		if (pwrite(fd, text, (size_t)n, 0) != n) {
			complain("the limit cannot be written", strerror(errno));
			ended = true;
			break;
		}
		changes++;
		sleep_ms(10);
	}
	close(fd);
	return NULL;
}

/* ---- one text ---- */

static unsigned long value(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoul(p + strlen(key), NULL, 10) : 0;
}

static unsigned ratio; /* percent: vm.overcommit_ratio */

static bool is_one_generation(const char *text, size_t len)
{
	unsigned long total = value(text, "MemTotal:"), commit = value(text, "CommitLimit:");
	unsigned long map = value(text, "DirectMap4k:"), g = (total - BASE_KB) / STEP_KB;

	return len && text[len - 1] == '\n' && total >= BASE_KB && g < GENERATIONS &&
	       total == map &&
	       commit == total * 1024 * ratio / 100 / 1024 + value(text, "SwapTotal:");
}

/* From where @fd is to the end. */
static ssize_t read_all(int fd, char *text, size_t room, size_t piece)
{
	size_t n = 0;
	ssize_t r;

	while (n < room - 1 &&
	       (r = read(fd, text + n, piece < room - 1 - n ? piece : room - 1 - n)))
		if (r < 0)
			return -errno;
		else
			n += (size_t)r;
	text[n] = '\0';
	return (ssize_t)n;
}

static void *read_on(void *arg)
{
	static const size_t pieces[] = { 1, 7, 64 };
	size_t piece = pieces[*(int *)arg % 3];
	char text[8192];

	while (!enough()) {
		int fd = open(meminfo, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -errno : read_all(fd, text, sizeof(text), piece);

		if (fd >= 0)
			close(fd);
		if (n < 0) {
			complain("a read failed", strerror((int)-n));
			failed++;
		} else if (!is_one_generation(text, (size_t)n)) {
			complain("a text of two moments", text);
			torn++;
		}
		reads++;
	}
	return NULL;
}

/* ---- who keeps it open ---- */

static void compare(int fd, const char *first, size_t len, size_t from)
{
	char text[8192];
	ssize_t n = pread(fd, text, sizeof(text) - 1, (off_t)from);

	held++;
	if (n == (ssize_t)(len - from) && memcmp(text, first + from, len - from) == 0)
		return;
	text[n < 0 ? 0 : n] = '\0';
	complain("what was open became another text", text);
	held_wrong++;
}

/* Half of the text at once; the other half, and what lies in the middle, seconds later. */
static void *hold_on(void *arg)
{
	size_t start = *(int *)arg % 2 ? 1000 : 100;
	char first[8192], text[8192];

	while (!enough()) {
		int fd = open(meminfo, O_RDONLY | O_CLOEXEC);
		ssize_t n = pread(fd, first, sizeof(first) - 1, 0);

		first[n < 0 ? 0 : n] = '\0';
		if (n <= 1000 || !is_one_generation(first, (size_t)n)) {
			complain("a text that is kept open", first);
			held_wrong++;
		} else {
			for (int i = 0; i < KEPT_OPEN_S * 10 && !enough(); i++) {
				sleep_ms(100);
				compare(fd, first, (size_t)n, start);
			}
			/* From the start it may be a newer one, but one. */
			n = read_all(fd, text, sizeof(text), 64);
			rewound++;
			if (n < 0 || !is_one_generation(text, (size_t)n)) {
				complain("a text that was read from its start again", text);
				rewound_wrong++;
			}
		}
		close(fd);
	}
	return NULL;
}

static void say_line(bool good, const char *what, unsigned long n, unsigned long wrong)
{
	printf("%s - %lu %s, %lu of them wrong\n", good && n ? "ok" : "not ok", n, what, wrong);
}

int main(int argc, char *argv[])
{
	enum { MOST = 64 };
	static pthread_t thread[MOST + HOLDERS + 1];
	static int number[MOST + HOLDERS];
	int readers = argc > 5 ? atoi(argv[3]) : 0, n = 0;
	static char path[4096];
	FILE *f = fopen("/proc/sys/vm/overcommit_ratio", "r");

	if (readers < 1 || readers > MOST || !f || fscanf(f, "%u", &ratio) != 1)
		return 2;
	snprintf(path, sizeof(path), "%s/meminfo", argv[1]);
	meminfo = path;
	reads_wanted = strtoul(argv[4], NULL, 10);
	changes_wanted = strtoul(argv[5], NULL, 10);
	for (; n < readers + HOLDERS; n++) {
		number[n] = n;
		pthread_create(&thread[n], NULL, n < readers ? read_on : hold_on, &number[n]);
	}
	pthread_create(&thread[n++], NULL, write_on, argv[2]);
	while (n)
		pthread_join(thread[--n], NULL);
	printf("# %lu changes of the limit\n", changes);
	say_line(!torn && !failed && reads >= reads_wanted && changes >= changes_wanted,
		 "texts read, by 1, 7 and 64 bytes", reads, torn + failed);
	say_line(!held_wrong, "looks at a text kept open", held, held_wrong);
	say_line(!rewound_wrong, "times such a one read from its start", rewound, rewound_wrong);
	return torn || failed || held_wrong || rewound_wrong || ended;
}
