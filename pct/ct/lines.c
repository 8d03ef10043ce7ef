// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a key's value means to liblxc: one function a key.
 */
#include <inttypes.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/ct/cores.h"
#include "pct/ct/limits.h"
#include "pct/ct/lxcconf.h"
#include "pct/paths.h"

/* What a new cgroup has anyway needs no line. */
static int put(const struct limits *l, FILE *out)
{
	char key[80];

	for (size_t i = 0; i < l->n; i++) {
		limit_key(&l->row[i], key, sizeof(key));
		if (!l->row[i].idle)
			fprintf(out, "%s = %s\n", key, l->row[i].text);
	}
	return 0;
}

int lines_arch(const struct build *b, const char *value, FILE *out)
{
	const char *const *word = key_find("arch")->option.words;

	(void)b;
	if (!value)
		return 0;
	while (*word && strcmp(*word, value) != 0)
		word++;
	if (!*word)
		return -EINVAL;
	fprintf(out, "lxc.arch = %s\n", value);
	return 0;
}

int lines_cores(const struct build *b, const char *value, FILE *out)
{
	enum cgv_owner owner = b->host->owner[CGV_CPUSET];
	auto_free char *cpus = NULL;
	uint64_t cores;

	if (value && (!limits_whole(value, CGV_MAX_CPUS, &cores) || cores == 0))
		return -EINVAL;
	if (!value || !b->cpus || owner == CGV_NONE || cores_are_raw(b->config))
		return 0;
	cpus = limits_cpus(b->cpus);
	if (!cpus)
		return -ENOMEM;
	fprintf(out, "lxc.%s.cpuset.cpus = %s\n", owner == CGV_V2 ? "cgroup2" : "cgroup", cpus);
	return 0;
}

int lines_cpulimit(const struct build *b, const char *value, FILE *out)
{
	struct limits l = { 0 };
	int r = limits_cpulimit(b->host, value, &l);

	return r < 0 ? r : put(&l, out);
}

int lines_cpuunits(const struct build *b, const char *value, FILE *out)
{
	struct limits l = { 0 };
	int r = limits_cpuunits(b->host, value, &l);

	return r < 0 ? r : put(&l, out);
}

int lines_entrypoint(const struct build *b, const char *value, FILE *out)
{
	(void)b;
	if (strcmp(value, "/sbin/init") == 0)
		return 0;
	fprintf(out, "lxc.init.cmd = %s\n", value);
	/* Who else would mount it? A program that is no init wants POSIX' shared memory, too. */
	fputs("lxc.mount.entry = tmpfs dev/shm tmpfs "
	      "nosuid,nodev,mode=1777,create=dir,optional 0 0\n",
	      out);
	return 0;
}

/* liblxc 5 has one environment where later ones have two, and refuses the names of those. */
int lines_env(const struct build *b, const char *value, FILE *out)
{
	(void)b;
	while (value && *value) {
		size_t n = strcspn(value, "\n");

		fprintf(out, "lxc.environment = %.*s\n", (int)n, value);
		value += n + (value[n] == '\n');
	}
	return 0;
}

/* The kernel's limit is 64; a longer name is known by its first part. */
char *lxcconf_nodename(unsigned vmid, const char *hostname)
{
	if (!hostname)
		return text_of("CT%u", vmid);
	return text_of("%.*s", (int)(strlen(hostname) > 64 ? strcspn(hostname, ".") : 64),
		       hostname);
}

int lines_hostname(const struct build *b, const char *value, FILE *out)
{
	auto_free char *name = lxcconf_nodename(b->vmid, value);

	fprintf(out, "lxc.uts.name = %s\n", name);
	return 0;
}

int lines_memory(const struct build *b, const char *value, FILE *out)
{
	struct limits l = { 0 };
	int r = limits_memory(b->host, value, &l);

	return r < 0 ? r : put(&l, out);
}

int lines_ostype(const struct build *b, const char *value, FILE *out)
{
	(void)b;
	/* busybox' init halts on SIGUSR1 and reboots on SIGTERM; SIGPWR it does not know. */
	if (value && strcmp(value, "busybox") == 0)
		fputs("lxc.signal.halt = SIGUSR1\n"
		      "lxc.signal.reboot = SIGTERM\n",
		      out);
	return 0;
}

int lines_rootfs(const struct build *b, const char *value, FILE *out)
{
	if (!value)
		return -EINVAL;
	fprintf(out, "lxc.rootfs.path = dir:%s\n", b->rootfs);
	return 0;
}

int lines_swap(const struct build *b, const char *value, FILE *out)
{
	struct limits l = { 0 };
	int r = limits_swap(b->host, key_value(b->config, "memory"), value, &l);

	return r < 0 ? r : put(&l, out);
}

int lines_tty(const struct build *b, const char *value, FILE *out)
{
	uint64_t n;

	(void)b;
	if (!limits_whole(value, 6, &n))
		return -EINVAL;
	fprintf(out, "lxc.tty.max = %" PRIu64 "\n", n);
	return 0;
}
