// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>

#include "base/base.h"
#include "pct/cli/option.h"
#include "pct/conf/forms.h"
#include "pct/ct/words.h"

static bool is_number(const char *text, unsigned long min, unsigned long max)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*text) || strlen(text) > 10)
		return false;
	n = strtoul(text, &end, 10);
	return !*end && n >= min && n <= max;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* ---- names ---- */

const char *form_hostname(const char *text)
{
	static const char what[] = "a host name: letters, digits, '-' inside, parts joined by '.'";
	size_t part = 0;

	for (const char *p = text;; p++) {
		if (*p == '.' || !*p) {
			if (part == 0 || part > 63 || p[-1] == '-')
				return what;
			part = 0;
			if (!*p)
				return NULL;
			continue;
		}
		if (!isalnum((unsigned char)*p) && !(*p == '-' && part))
			return what;
		part++;
	}
}

const char *form_entrypoint(const char *text)
{
	auto_free char **words = NULL;

	if (words_split(text, &words) == -EINVAL)
		return "a command whose quotes are closed";
	return words && *words[0] != '/' ? "a program's absolute path, and its words" : NULL;
}

const char *form_command(const char *text)
{
	return *text == '/' ? NULL : "a program's absolute path";
}

const char *form_tag(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_' &&
		    (p == text || !strchr("+.-", *p)))
			return "a tag: lower-case letters, digits, '_', then also '+.-'";
	return NULL;
}

const char *form_variable(const char *text)
{
	const char *p = text;

	if (isdigit((unsigned char)*p))
		p = "";
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return *p == '=' && p > text ? NULL : "NAME=value: letters, digits and '_' in the name";
}

const char *form_timezone(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/_+-", *p))
			return "a time zone's name, as Europe/Vienna, or 'host'";
	return *text == '/' || strstr(text, "//") ? "a time zone's name" : NULL;
}

/* ---- networks ---- */

static bool is_address(int family, const char *text)
{
	unsigned char ignored[16];

	return inet_pton(family, text, ignored) == 1;
}

static bool is_network(int family, const char *text, unsigned long bits)
{
	const char *slash = strchr(text, '/');
	char address[64];

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	return is_address(family, address) && is_number(slash + 1, 1, bits);
}

/* What a link has an address on may be said after it: fe80::1%eth0. */
const char *form_address(const char *text)
{
	size_t n = strcspn(text, "%");
	char address[64];

	snprintf(address, sizeof(address), "%.*s", (int)MIN(n, sizeof(address) - 1), text);
	if (is_address(AF_INET, text) || (is_address(AF_INET6, address) && n < sizeof(address) &&
					  (!text[n] || !form_interface(text + n + 1))))
		return NULL;
	return "an IP address";
}

const char *form_gateway(const char *text)
{
	return is_address(AF_INET, text) ? NULL : "an IPv4 address";
}

const char *form_gateway6(const char *text)
{
	return is_address(AF_INET6, text) ? NULL : "an IPv6 address";
}

const char *form_network(const char *text)
{
	static const char *const words[] = { "dhcp", "manual", NULL };

	return is_one_of(text, words) || is_network(AF_INET, text, 32)
		   ? NULL
		   : "an IPv4 address with its length, as 192.0.2.7/24, nor dhcp, nor manual";
}

const char *form_network6(const char *text)
{
	static const char *const words[] = { "auto", "dhcp", "manual", NULL };

	return is_one_of(text, words) || is_network(AF_INET6, text, 128)
		   ? NULL
		   : "an IPv6 address with its length, as 2001:db8::7/64, nor auto, dhcp, manual";
}

const char *form_mac(const char *text)
{
	static const char what[] = "the MAC address of one interface, as BC:24:11:00:00:01";

	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return what;
	/* The lowest bit of the first byte: a group. */
	return !text[17] && !strchr("13579bBdDfF", text[1]) &&
		       strcmp(text, "00:00:00:00:00:00") != 0
		   ? NULL
		   : what;
}

const char *form_interface(const char *text)
{
	static const char what[] = "an interface's name: up to 15 letters, digits, '-_.'";

	if (!*text || strlen(text) >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return what;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return what;
	return NULL;
}

const char *form_vlan(const char *text)
{
	return is_number(text, 1, 4094) ? NULL : "a VLAN's number, from 1 to 4094";
}

/* ---- volumes and devices ---- */

/* No "." or ".." that would lead elsewhere than it reads. */
static bool is_plain_path(const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "/");

		if ((n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n + (p[n] == '/');
	}
	return true;
}

const char *form_volume(const char *text)
{
	const char *colon = strchr(text, ':');
	int64_t size;

	if (option_number(text, &size))
		return NULL;
	if (*text == '/' && text[1])
		return is_plain_path(text) ? NULL : "a path without '.' and '..'";
	return colon && colon > text + 1 && colon[1] && isalpha((unsigned char)*text)
		   ? NULL
		   : "a volume: 'storage:GiB' for a new one, 'storage:name', or a path";
}

const char *form_place(const char *text)
{
	return *text == '/' && text[strspn(text, "/")] && is_plain_path(text)
		   ? NULL
		   : "an absolute path of the host, without '.' and '..'";
}

const char *form_inside(const char *text)
{
	return *text == '/' && text[strspn(text, "/")] && is_plain_path(text)
		   ? NULL
		   : "an absolute path in the container, without '.' and '..'";
}

const char *form_device(const char *text)
{
	static const char *const own[] = { "/dev/console", "/dev/full",	  "/dev/null",
					   "/dev/ptmx",	   "/dev/random", "/dev/tty",
					   "/dev/urandom", "/dev/zero",	  NULL };

	if (is_one_of(text, own) || strncmp(text, "/dev/pts/", 9) == 0)
		return "a device to give it: each container has its own there";
	return strncmp(text, "/dev/", 5) == 0 && text[5] && is_plain_path(text)
		   ? NULL
		   : "a device's path, as /dev/fuse";
}

const char *form_mode(const char *text)
{
	return *text == '0' && strlen(text) == 4 && strspn(text, "01234567") == 4
		   ? NULL
		   : "a mode in octal, as 0660";
}

const char *form_size(const char *text)
{
	static const char what[] = "a size, as 8G or 512M";
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 12)
		return what;
	if (text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	if (text[n] && strchr("KMGT", text[n]))
		n++;
	return text[n] ? what : NULL;
}

const char *form_mount_option(const char *text)
{
	static const char *const words[] = { "discard", "lazytime", "noatime", "nodev",
					     "noexec",	"nosuid",   NULL };

	return is_one_of(text, words)
		   ? NULL
		   : "a mount option: discard, lazytime, noatime, nodev, noexec, nosuid";
}

const char *form_filesystem(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return "a file system's type, as nfs";
	return NULL;
}

const char *form_idmap(const char *text)
{
	static const char what[] = "a range of ids, as u:0:100000:65536, or 'passthrough'";
	unsigned long first, disk, count;
	int n = 0;

	if (strcmp(text, "passthrough") == 0)
		return NULL;
	if ((*text != 'u' && *text != 'g') || strspn(text + 1, ":0123456789") != strlen(text + 1) ||
	    sscanf(text + 1, ":%lu:%lu:%lu%n", &first, &disk, &count, &n) != 3 || text[1 + n])
		return what;
	return count && first + count <= UINT32_MAX && disk + count <= UINT32_MAX ? NULL : what;
}

const char *form_group(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-", *p))
			return "a group's number or name";
	return *text == '-' ? "a group's number or name" : NULL;
}
