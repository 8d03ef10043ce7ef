/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of /etc/resolv.conf of a container.
 */
#pragma once

/*
 * "search" and "nameserver" of the conf's two keys, what is NULL being as in @host, the text of
 * the host's own; malloc'ed. Addresses that mean this very host are not for others. Pure.
 */
char *resolv_lines(const char *nameserver, const char *searchdomain, const char *host);

/* The host's, or, where a program of its own answers there, the one that it asks: malloc'ed. */
char *resolv_of_host(void);
