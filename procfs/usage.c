// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdbool.h>

#include "base/roff.h"
#include "base/wrap.h"
#include "procfs/files.h"
#include "procfs/pages.h"
#include "procfs/usage.h"

// clang-format off
const struct flag pctfs_flags[] = {
	{ "foreground", NULL, 'f', "stay in the foreground" },
	{ "log-level", "L", 'l', "error, warning, info (default) or debug" },
	{ "run", "DIR", 'r', "where the sockets are made (/run/pct)" },
	{ "page-cache", "MS", 'p', "let containers that are attached with --fast read texts of up to that age without asking the daemon (10 to 5000 ms)" },
	{ "metrics-group", "G", 'm', "let group G ask for metrics, too (DIR/metrics.sock)" },
	{ "takeover", NULL, 't', "have the pctfs that runs go on as this program" },
	{ "unmount", NULL, 'u', "have it end, and leave nothing mounted: containers that run have no views from then on" },
	{ "worker", NULL, 'w', NULL }, /* the keeper's way to start one */
	{ "version", NULL, 'V', "which pctfs this is" },
	{ "help", NULL, 'h', "this text" },
};

const struct flag stats_flags[] = {
	{ "prometheus", NULL, 'p', "print metrics in the text form of Prometheus" },
	{ "names", "N", 'n', "those of containers by the names of cadvisor (default), of incus, or all" },
	{ "textfile", "FILE", 't', "write them to FILE, whole at once: for node_exporter's textfile collector" },
	{ "list", NULL, 'l', "which metrics there are, their types and meaning" },
	{ "run", "DIR", 'r', "where the sockets are (/run/pct)" },
	{ "help", NULL, 'h', "this text" },
};

static const char *const forms[] = {
	"[-f] [--log-level L] [--run DIR] [--page-cache=MS] [--metrics-group G] [MOUNT]",
	"--takeover [--run DIR]",
	"--unmount [--run DIR] [MOUNT]",
	"render FILE (--pid N | --cgroup PATH) [--fixed-cpus] [--sysroot DIR]",
	"stats [--prometheus | --textfile FILE | --list] [--names N]",
};
// clang-format on
const size_t n_pctfs_flags = ARRAY_LEN(pctfs_flags);
const size_t n_stats_flags = ARRAY_LEN(stats_flags);

static void options_of(const struct flag *f, size_t n, struct option out[FLAGS_MAX])
{
	memset(out, 0, FLAGS_MAX * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = (struct option){ f[i].name, f[i].arg ? required_argument : no_argument,
					  NULL, f[i].letter };
}

void pctfs_options(struct option out[FLAGS_MAX])
{
	_Static_assert(ARRAY_LEN(pctfs_flags) < FLAGS_MAX, "room for the empty row");
	options_of(pctfs_flags, n_pctfs_flags, out);
}

void stats_options(struct option out[FLAGS_MAX])
{
	_Static_assert(ARRAY_LEN(stats_flags) < FLAGS_MAX, "room for the empty row");
	options_of(stats_flags, n_stats_flags, out);
}

#define INDENT 24

static int is_short(const struct flag *f)
{
	return strchr(SHORT_FLAGS, f->letter) != NULL;
}

/* "-f, --foreground", "--run DIR". */
static void left_of(const struct flag *f, char *out, size_t size)
{
	char letter[8] = "";

	if (is_short(f))
		snprintf(letter, sizeof(letter), "-%c, ", f->letter);
	snprintf(out, size, "%s--%s%s%s", letter, f->name, f->arg ? " " : "", f->arg ? f->arg : "");
}

static void put_flag(const struct flag *f, FILE *to)
{
	char left[64];

	left_of(f, left, sizeof(left));
	fprintf(to, "  %s%-*s", is_short(f) ? "" : "    ", INDENT - (is_short(f) ? 2 : 6), left);
	put_wrapped(f->help, INDENT, INDENT, to);
}

int pctfs_usage(FILE *to)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		fprintf(to, "%s pctfs %s\n", i ? "      " : "usage:", forms[i]);
	fputs("\nServe every container its own /proc and /sys on MOUNT (/var/lib/pctfs).\n\n", to);
	for (size_t i = 0; i < n_pctfs_flags; i++)
		if (pctfs_flags[i].help)
			put_flag(&pctfs_flags[i], to);
	fputs("\nPCT_ROOT=DIR goes before both default paths. See pctfs(8).\n", to);
	return to == stdout ? 0 : 2;
}

int stats_usage(FILE *to)
{
	fprintf(to, "usage: pctfs %s\n\nSay what pctfs does, and what its containers use.\n\n",
		forms[ARRAY_LEN(forms) - 1]);
	for (size_t i = 0; i < n_stats_flags; i++)
		put_flag(&stats_flags[i], to);
	fputs("\nPCT_ROOT=DIR goes before the default path. See pctfs(8).\n", to);
	return to == stdout ? 0 : 2;
}

/* ---- pctfs(8) ---- */

static const char what[] =
    "pctfs is a FUSE file system. It shows each container the files of /proc and /sys that name "
    "memory, CPUs, load, age and disks, with the numbers of its own cgroups; a file that cannot be "
    "answered fails to open, and never shows the host's. pct-launch(8) puts these files into "
    "containers; pct(1) starts pctfs when none runs.\n"
    "Two processes do it. The keeper holds the mount and the sockets and reads nothing of a "
    "container's. The worker answers, with two capabilities and a filter of system calls; when it "
    "ends, however it ends, the keeper starts another, which answers what the first had in hand. "
    "Readers wait for some milliseconds and see no error.\n"
    "'pctfs --takeover' has the program that is installed now go on in place of the one that runs: "
    "that is an upgrade. It keeps the mounts, and so --page-cache, as they are.\n"
    "'pctfs render' prints one file as a container is shown it, without a daemon: of the container "
    "that process N is in, or of a cgroup. With --sysroot it reads a folder made by 'capture' in "
    "place of the host; with --fixed-cpus the cpuset is taken for one that never changes.\n";

static const struct {
	const char *left, *help;
} places[] = {
	{ "/var/lib/pctfs", "The mount. Below it, proc/ and sys/ answer by who reads, and ct/ID/ "
			    "by name, for the host's root" },
	{ "/run/pct/pctfs.sock",
	  "The control socket: one line of JSON a request, for root. pct-launch speaks to it" },
	{ "/run/pct/metrics.sock",
	  "Metrics by HTTP, for root and the group of --metrics-group: see METRICS" },
	{ "/run/pct/seccomp.sock", "Where LXC's monitors ask about sysinfo(2) and mount(2)" },
	{ "/run/pct/page-cache", "The second mount, with --page-cache" },
	{ "/run/pct/pctfs.state",
	  "What the next worker or keeper goes on with: counters, who is registered" },
	{ "/etc/default/pctfs", "PCTFS_OPTIONS='...', for systemd's unit pctfs-keeper" },
}, codes[] = {
	{ "0", "Done; without -f: it serves" },
	{ "1", "It failed, and has said why" },
	{ "2", "Used wrongly" },
	{ "4", "Unmounted by request: not to be started again" },
};

static void put_served(FILE *to)
{
	fputs(".SH WHAT IS SERVED\n", to);
	roff_text(
	    "What the host does not have, as /proc/pressure without PSI, is not served. A "
	    "directory is served with all that is in it; that of blocks of memory is empty.\n",
	    to);
	fputs(".nf\n", to);
	for (size_t i = 0; i < n_files; i++)
		fprintf(to, "/%s\n", files[i].path);
	fputs(".fi\n", to);
}

static const char metrics[] =
    "'pctfs stats' prints what pctfs has done since it was started, however often its worker was "
    "replaced, and what each container uses; with --prometheus as metrics. They can also be asked "
    "for by HTTP, with 'GET /metrics', on the socket metrics.sock, as by 'curl --unix-socket "
    "/run/pct/metrics.sock http://pctfs/metrics'; '/metrics?names=incus' and '?names=all' have "
    "incus's names, '/stats' is the text for people. It is on no network: nginx "
    "('proxy_pass http://unix:/run/pct/metrics.sock:/metrics;') or socat(1) bring it there. The "
    "socket has mode 0600, root's; with --metrics-group it is that group's, too, mode 0660: who is "
    "in it learns the names of containers and what they use, and nothing else. Where node_exporter "
    "runs, a timer with 'pctfs stats --textfile' and the name of a .prom file in its directory "
    "does "
    "without a socket.\n"
    "Samples with a label for a file or outcome are there once they are not 0. What a kernel does "
    "not count has no sample.\n";

static void put_metric(const char *name, enum prom_type type, const char *help, FILE *to)
{
	char left[128];

	snprintf(left, sizeof(left), "%s (%s)", name, prom_type_name(type));
	roff_item(left, help, to);
}

static void put_metrics(FILE *to)
{
	const struct prom_reader reader = { put_metric, to };

	fputs(".SH STATS\n", to);
	for (size_t i = 0; i < n_stats_flags; i++) {
		char left[64];

		left_of(&stats_flags[i], left, sizeof(left));
		roff_item(left, stats_flags[i].help, to);
	}
	fputs(".SH METRICS\n", to);
	roff_text(metrics, to);
	daemon_list(&reader);
	measures_list(NAMES_ALL, &reader);
}

int pctfs_manual(FILE *to)
{
	char left[64];

	roff_head("pctfs", 8, "every container its own /proc and /sys", "pctfs manual", to);
	fputs(".SH SYNOPSIS\n.nf\n", to);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		fputs("pctfs ", to);
		roff_text(forms[i], to);
	}
	fputs(".fi\n.SH DESCRIPTION\n", to);
	roff_text(what, to);
	fputs(".SH OPTIONS\n", to);
	for (size_t i = 0; i < n_pctfs_flags; i++) {
		left_of(&pctfs_flags[i], left, sizeof(left));
		if (pctfs_flags[i].help)
			roff_item(left, pctfs_flags[i].help, to);
	}
	put_served(to);
	put_metrics(to);
	fputs(".SH FILES\n", to);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		roff_item(places[i].left, places[i].help, to);
	fputs(".SH ENVIRONMENT\n", to);
	roff_item("PCT_ROOT", "A directory that goes before the default paths: for a second pctfs",
		  to);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		roff_item(codes[i].left, codes[i].help, to);
	fputs(".SH SEE ALSO\n.BR pct\\-launch (8),\n.BR pct (1),\n.BR cgview (3),\n.BR proc (5)\n",
	      to);
	return fflush(to) == 0 ? 0 : 1;
}
