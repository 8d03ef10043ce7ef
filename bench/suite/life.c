// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A Debian with systemd, on a plain directory: as it is made, started, used, stopped and removed.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

// clang-format off
#define PCT_UP "${PCT} start 100"
#define LXC_UP "lxc-start -P ${LXC} -n c100"
/* What suite-lib has a name for; all of a case's that are timed are run so, or none. */
#define LIB(line) "bash -c '. \"$SUITE_LIB\"; " line "'"
#define UP(start, in) LIB(start " && is_up " in)
#define IP(start, init) LIB(start " && has_ip $(" init ")")
#define PODMAN(command, before, after) { "podman", PEER, "PODMAN", command, before, after }
#define LXD(command, before, after) { "LXD", PEER, "LXD", command, before, after }
#define LXC(command, before, after) { "LXC", FLOOR, "LXC", command, before, after }
#define NSPAWN(command, before, after) { "systemd-nspawn", PEER, "NSPAWN", command, before, after }
/* Ours first and, once more, last. */
#define OURS_AND(command, before, after, ...) .subjects = { \
	{ "pct", OURS, NULL, command, before, after }, \
	__VA_ARGS__, \
	{ "pct again", AGAIN, NULL, command, before, after } }

#define PCT_NEW "${PCT} create 101 deb --hostname bench --memory 1024"
#define LXC_NEW "lxc-create -P ${LXC} -n c101 -f ${TOP}/none.conf -t local -- --fstree ${TOP}/rootfs.tar.xz --metadata ${TOP}/meta.tar.xz"
#define PODMAN_NEW "${PODMAN} create --name c101 --network none deb sleep 100000"
#define NSPAWN_UP "[ -e $TOP/nspawn-pids ] || $TOP/nspawn-start"
#define LXC_RUNS "lxc-info -P $LXC -n c100 -s | grep -q RUNNING || " LXC_UP

static const struct bench_case life[] = {
	{ "create", "From an image that is there already, until all is on the disk. lxc-create unpacks xz (its template `local` takes nothing else), pct and LXD what they keep; podman's layer is there already, its container is an overlay of it.", SYNCED, .slow = true,
		OURS_AND(PCT_NEW, NULL, "$PCT destroy 101",
		LXD("lxc init deb c101", NULL, "lxc delete c101"),
		LXC(LXC_NEW, "once lxc_tar", "lxc-destroy -P $LXC -n c101"),
		PODMAN(PODMAN_NEW, NULL, "$PODMAN rm c101")) },
	{ "start", "Until the command returns: its init runs. podman's runs `sleep`, which is less; systemd-nspawn's command does not return, so its init is waited for.", TIMED,
		OURS_AND(PCT_UP, NULL, "$PCT stop 100",
		LXD("lxc start c100", NULL, "lxc stop -f c100"),
		LXC(LXC_UP, NULL, "lxc_stop"),
		PODMAN("${PODMAN} start c100", NULL, "$PODMAN kill c100"),
		NSPAWN("${TOP}/nspawn-start", NULL, "nspawn_stop")) },
	{ "start until systemd is done", "`systemctl is-system-running --wait` says running or degraded.", TIMED, .slow = true,
		OURS_AND(UP("$PCT start 100", "$PCT exec 100 --"), NULL, "$PCT stop 100",
		LXD(UP("lxc start c100", "lxc exec c100 --"), NULL, "lxc stop -f c100"),
		LXC(UP("lxc-start -P $LXC -n c100", "lxc-attach -P $LXC -n c100 --"), NULL, "lxc_stop"),
		NSPAWN(UP("$TOP/nspawn-start", "$TOP/nspawn-exec"), NULL, "nspawn_stop")) },
	{ "start until it has an address", "From one and the same DHCP server, by ifup of the same Debian. podman and systemd-nspawn have networks of another kind and are left out.", TIMED, .slow = true,
		OURS_AND(IP("$PCT start 102", "init_of 102"), "once net_begin && once pct_dhcp", "$PCT stop 102",
		LXD(IP("lxc start c102", "lxd_init_of c102"), "once net_begin && once lxd_dhcp", "lxc stop -f c102"),
		LXC(IP("lxc-start -P $LXC -n c102", "lxc-info -P $LXC -n c102 -pH"), "once net_begin && once lxc_dhcp", "lxc_stop c102")) },
	{ "exec true", "Into systemd-nspawn's by nsenter, as machinectl wants a systemd on the host; it leaves the cgroup as it is.", TIMED,
		OURS_AND("${PCT} exec 100 -- true", PCT_UP " || true", NULL,
		LXD("lxc exec c100 -- true", "lxc start c100 || true", NULL),
		LXC("lxc-attach -P ${LXC} -n c100 -- true", LXC_RUNS, NULL),
		PODMAN("${PODMAN} exec c100 true", "$PODMAN start c100", NULL),
		NSPAWN("${TOP}/nspawn-exec true", NSPAWN_UP, NULL)) },
	{ "stop, at once", NULL, TIMED,
		OURS_AND("${PCT} stop 100", PCT_UP " || true", NULL,
		LXD("lxc stop -f c100", "lxc start c100 || true", NULL),
		LXC("lxc-stop -k -P ${LXC} -n c100", LXC_RUNS, "lxc-wait -P $LXC -n c100 -s STOPPED; sleep 0.1"),
		PODMAN("${PODMAN} kill c100", "$PODMAN start c100", NULL)) },
	{ "destroy", "Until all is on the disk.", SYNCED, .slow = true,
		OURS_AND("${PCT} destroy 101", "$PCT create 101 deb --hostname bench --memory 1024", NULL,
		LXD("lxc delete c101", "lxc init deb c101", NULL),
		LXC("lxc-destroy -P ${LXC} -n c101", "lxc_made", NULL),
		PODMAN("${PODMAN} rm c101", "podman_made c101", NULL)) },
	{ "list", "Of what there is so far: one or two containers.", TIMED,
		OURS_AND("${PCT} list", NULL, NULL,
		LXD("lxc list", NULL, NULL),
		LXC("lxc-ls -P ${LXC} -f", NULL, NULL),
		PODMAN("${PODMAN} ps -a", NULL, NULL),
		{ "true", FLOOR, NULL, "true", NULL, NULL }) },
	{ "list, fifty more", "They are stopped.", TIMED, .slow = true,
		OURS_AND("${PCT} list", "once many_pct", NULL,
		LXD("lxc list", "once many_lxd", NULL),
		LXC("lxc-ls -P ${LXC} -f", "once many_lxc", NULL),
		PODMAN("${PODMAN} ps -a", "once many_podman", NULL),
		{ "true", FLOOR, NULL, "true", NULL, NULL }) },
};
// clang-format on

const struct section section_life = {
	.name = "life",
	.title = "Life: made, started, used, stopped, removed",
	.about = "A Debian with systemd on a plain directory, by pct, LXD 5.0.2, LXC's own "
		 "programs with "
		 "the config "
		 "that pct wrote, podman with runc, and systemd-nspawn.",
	.cases = life,
	.n = ARRAY_LEN(life),
	.begin_s = 60,
	.case_s = 40,
};
