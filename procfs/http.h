/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * As much of HTTP as it takes to be asked for a page by curl, Prometheus behind a relay, or nginx:
 * a request's first line. What stands in its headers does not matter, and it has no body.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

#define HTTP_MAX 4096 /* bytes of a request's head */

struct http_request {
	bool head;	/* only what stands before the page is wanted */
	char path[64];	/* without what follows a "?" */
	char query[64]; /* that */
};

/*
 * What came so far. 0: more is needed; 1: it is whole; else the status it is to be refused with,
 * 400, 405, 414, 431 or 505.
 */
int http_parse(const char *p, size_t n, struct http_request *out) MUST_CHECK;

/* What stands before a page of @len bytes. Returns its length. */
size_t http_head(int status, const char *type, size_t len, char *buf, size_t size);
/* "Not Found" */
const char *http_reason(int status);
