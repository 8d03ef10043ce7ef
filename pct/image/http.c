// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/http.h"
#include <ctype.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/conf/site.h"
#include "pct/image/store.h"
#include "pct/interrupt.h"
#include "pct/step.h"

#define REDIRECTS 5
#define TRIES	  50 /* of a file, as long as some of it comes each time */

/* One transfer: into memory, or a file. */
struct transfer {
	CURL *curl;
	int fd;	    /* < 0: into memory */
	char *text; /* of @room bytes */
	size_t room;
	uint64_t at, max;
	bool too_long;
	int error; /* of writing */
	struct progress *progress;
	char why[CURL_ERROR_SIZE];
};

static void handle_free(CURL **c)
{
	if (*c)
		curl_easy_cleanup(*c);
}

const char *http_form(const char *url)
{
	bool good = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

	for (const char *p = url; *p; p++)
		good = good && isgraph((unsigned char)*p);
	return good && strlen(url) <= 4096 ? NULL
					   : "an address that begins with https:// or "
					     "http://";
}

static bool keep(struct transfer *t, const char *bytes, size_t n)
{
	if (t->at + n + 1 > t->room) {
		size_t room = MAX(t->room * 2, t->at + n + 1);
		char *more = realloc(t->text, room);

		if (!more)
			return false;
		t->text = more;
		t->room = room;
	}
	memcpy(t->text + t->at, bytes, n);
	t->text[t->at + n] = '\0';
	return true;
}

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t n = size * count;

	if (n > t->max - t->at) {
		t->too_long = true;
		return 0;
	}
	if (t->fd < 0 && !keep(t, bytes, n))
		t->error = -ENOMEM;
	/* no step: a part, of which there may be any amount */
	if (t->fd >= 0 && pwrite(t->fd, bytes, n, (off_t)t->at) != (ssize_t)n)
		t->error = errno ? -errno : -EIO;
	if (t->error)
		return 0;
	t->at += n;
	progress_at(t->progress, t->at);
	return n;
}

/* Called once a second at least: also when nothing comes. */
static int go_on(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)arg, (void)a, (void)b, (void)c, (void)d;
	return interrupted();
}

static int prepare(struct transfer *t, const char *url)
{
	long seconds = (long)site_number("image-timeout", 30);
	const char *later = strncmp(url, "https:", 6) == 0 ? "https" : "http,https";

	curl_easy_setopt(t->curl, CURLOPT_URL, url);
	/* From https no redirect leads to less. */
	if (curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
	    curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, later) != CURLE_OK)
		return refuse(-ENOSYS, "the libcurl here is too old: it cannot be kept to http; "
				       "install one from 7.85 on");
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(t->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "pct");
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, seconds);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, seconds);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, go_on);
	return 0;
}

static int said(struct transfer *t, const char *url, CURLcode c)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (interrupted())
		return -EINTR;
	if (status == 404 || status == 410)
		return -ENOENT;
	if (t->error)
		return fail(t->error, "write what comes from '%s'", url);
	if (t->too_long)
		return refuse(-EFBIG, "'%s' is longer than it should be; nothing of it is used",
			      url);
	return refuse(c == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO, "get '%s': %s", url,
		      *t->why ? t->why : curl_easy_strerror(c));
}

/* What may be otherwise a moment later. */
static bool is_passing(CURLcode c)
{
	return c == CURLE_PARTIAL_FILE || c == CURLE_RECV_ERROR || c == CURLE_SEND_ERROR ||
	       c == CURLE_GOT_NOTHING || c == CURLE_OPERATION_TIMEDOUT || c == CURLE_HTTP2_STREAM;
}

int http_text(const char *url, size_t max, char **text, size_t *n)
{
	CLEANUP(handle_free) CURL *curl = curl_easy_init();
	struct transfer t = { .curl = curl, .fd = -1, .max = max };
	CURLcode c = CURLE_OK;
	int r = curl ? prepare(&t, url) : fail(-ENOMEM, "get '%s'", url);

	if (r < 0)
		return r;
	for (int i = 0; i < 2 && (i == 0 || (is_passing(c) && !t.error && !t.too_long)); i++) {
		t.at = 0;
		c = curl_easy_perform(curl);
	}
	r = c == CURLE_OK ? 0 : said(&t, url, c);
	if (r == 0 && !t.text && !keep(&t, "", 0))
		r = fail(-ENOMEM, "get '%s'", url);
	if (r < 0) {
		free(t.text);
		return r;
	}
	*text = t.text;
	*n = t.at;
	return 0;
}

static int forget(struct transfer *t, struct part *to)
{
	t->at = 0;
	return step("image: forget a part") < 0 || ftruncate(to->fd, 0) < 0
		   ? fail(-errno, "empty '%s'", to->path)
		   : 0;
}

/* Not from where we are: no ranges there, or it has become shorter. */
static bool is_no_range(struct transfer *t, CURLcode c)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return t->at && (c == CURLE_RANGE_ERROR || status == 416);
}

static int transfer(struct transfer *t, const char *url, struct part *to)
{
	int tries = TRIES, r;

	for (;;) {
		uint64_t from = t->at;
		CURLcode c;

		curl_easy_setopt(t->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->at);
		c = curl_easy_perform(t->curl);
		if (c == CURLE_OK)
			return 0;
		if (is_no_range(t, c)) {
			r = forget(t, to);
			if (r < 0)
				return r;
			continue;
		}
		if (!is_passing(c) || t->error || t->too_long || interrupted() || t->at == from ||
		    --tries == 0)
			return said(t, url, c);
		info("'%s' broke off after %llu bytes: it goes on there", url,
		     (unsigned long long)t->at);
	}
}

int http_part(const char *url, struct part *to, uint64_t size, uint64_t max, struct progress *p)
{
	CLEANUP(handle_free) CURL *curl = curl_easy_init();
	struct transfer t = { .curl = curl, .fd = to->fd, .max = size ? size : max, .progress = p };
	struct stat st;
	int r = curl ? prepare(&t, url) : fail(-ENOMEM, "get '%s'", url);

	if (r < 0)
		return r;
	if (fstat(to->fd, &st) < 0)
		return fail(-errno, "look at '%s'", to->path);
	t.at = (uint64_t)st.st_size;
	if ((!size || t.at > size) && t.at) {
		r = forget(&t, to);
		if (r < 0)
			return r;
	}
	progress_begin(p, size, "download %s", strrchr(url, '/') + 1);
	progress_at(p, t.at);
	if (!size || t.at < size)
		r = transfer(&t, url, to);
	if (r == 0 && size && t.at != size)
		r = refuse(-EBADMSG, "'%s' is shorter than it should be; nothing of it is used",
			   url);
	return progress_end(p, r);
}
