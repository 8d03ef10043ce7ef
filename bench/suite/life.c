// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A Debian with systemd, on a plain directory: as it is started, used and stopped all day.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

// clang-format off
#define PCT_UP "${PCT} start 100"
#define LXC_UP "lxc-start -P ${LXC} -n c100"
#define UP(start, in) "bash -c '. \"$SUITE_LIB\"; " start " && is_up " in "'"
#define PODMAN(command, before, after) { "podman", PEER, "PODMAN", command, before, after }
#define LXD(command, before, after) { "LXD", PEER, "LXD", command, before, after }
#define LXC(command, before, after) { "LXC", FLOOR, "LXC", command, before, after }

static const struct bench_case life[] = {
	{ "start", "Until the command returns: its init runs. podman's runs `sleep`, which is less.", TIMED, .subjects = {
		{ "pct", OURS, NULL, PCT_UP, NULL, "$PCT stop 100" },
		LXD("lxc start c100", NULL, "lxc stop -f c100"),
		LXC(LXC_UP, NULL, "lxc_stop"),
		PODMAN("${PODMAN} start c100", NULL, "$PODMAN kill c100"),
		{ "pct again", AGAIN, NULL, PCT_UP, NULL, "$PCT stop 100" } } },
	{ "start until systemd is done", "`systemctl is-system-running --wait` says running or degraded.", TIMED, .slow = true, .subjects = {
		{ "pct", OURS, NULL, UP("$PCT start 100", "$PCT exec 100 --"), NULL, "$PCT stop 100" },
		LXD(UP("lxc start c100", "lxc exec c100 --"), NULL, "lxc stop -f c100"),
		LXC(UP("lxc-start -P $LXC -n c100", "lxc-attach -P $LXC -n c100 --"), NULL, "lxc_stop") } },
	{ "exec true", NULL, TIMED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} exec 100 -- true", PCT_UP " || true", NULL },
		LXD("lxc exec c100 -- true", "lxc start c100 || true", NULL),
		LXC("lxc-attach -P ${LXC} -n c100 -- true", "lxc-info -P $LXC -n c100 -s | grep -q RUNNING || " LXC_UP, NULL),
		PODMAN("${PODMAN} exec c100 true", "$PODMAN start c100", NULL),
		{ "pct again", AGAIN, NULL, "${PCT} exec 100 -- true", NULL, NULL } } },
	{ "stop, at once", NULL, TIMED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} stop 100", PCT_UP " || true", NULL },
		LXD("lxc stop -f c100", "lxc start c100 || true", NULL),
		LXC("lxc-stop -k -P ${LXC} -n c100", "lxc-info -P $LXC -n c100 -s | grep -q RUNNING || " LXC_UP, "lxc-wait -P $LXC -n c100 -s STOPPED; sleep 0.1"),
		PODMAN("${PODMAN} kill c100", "$PODMAN start c100", NULL) } },
	{ "list", "Of one container.", TIMED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} list", NULL, NULL },
		LXD("lxc list", NULL, NULL),
		LXC("lxc-ls -P ${LXC} -f", NULL, NULL),
		PODMAN("${PODMAN} ps -a", NULL, NULL),
		{ "true", FLOOR, NULL, "true", NULL, NULL } } },
};
// clang-format on

const struct section section_life = {
	.name = "life",
	.title = "Life: started, used, stopped",
	.about = "A Debian with systemd on a plain directory, by pct, LXD 5.0.2, LXC's own "
		 "programs with "
		 "the config "
		 "that pct wrote, and podman with runc.",
	.cases = life,
	.n = ARRAY_LEN(life),
};
