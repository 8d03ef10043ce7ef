#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers of OCI runtimes without an engine: by hooks, and by pct-runc. What the hook is given
# can be anything; the container starts all the same, unless --strict says it must not.
# apart: engines have one folder each
. "$(dirname "$0")/oci-lib"

BUNDLES=$PCT_ROOT/b
DOOR="$B/pct-launch"
oci_rootfs "$PCT_ROOT/rootfs" || { skip "OCI runtimes" "no procps to put into a container"; exit 77; }
ok "a daemon" "$B/pctfs"

# A bundle NAME, of 64 MB and one CPU, whose init is the words; its config may be changed by $EDIT.
bundle() { # NAME WORD…
	local dir=$BUNDLES/$1
	mkdir -p "$dir"
	[ -e "$dir/rootfs" ] || cp -a "$PCT_ROOT/rootfs" "$dir/rootfs"
	rm -f "$dir/config.json"
	(cd "$dir" && "$SPEC" spec) || return 1
	python3 - "$dir/config.json" "/$OCI_TOP/$1" "$LAST_CPU" "${EDIT:-}" "${@:2}" <<'P'
import json, sys
path, group, cpu, edit, words = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
c = json.load(open(path))
c['process'].update(terminal=False, args=words, rlimits=[])
c['root']['readonly'] = False
c['linux']['cgroupsPath'] = group
c['linux']['resources'] = {'memory': {'limit': 64 << 20}, 'cpu': {'cpus': cpu}}
def hook(stage, *options):
    c.setdefault('hooks', {}).setdefault(stage, []).append(
        {'path': DOOR, 'args': ['pct-launch', *options, 'oci', stage], 'env': ['PCT_ROOT=' + ROOT]})
import os
DOOR, ROOT = os.environ['B'] + '/pct-launch', os.environ['PCT_ROOT']
exec(edit)
json.dump(c, open(path, 'w'), indent=1)
P
}
export B
HOOKS="hook('createRuntime', '--strict'); hook('poststop')"

# The runtime itself, and behind pct-runc; each with containers of its own.
plain() { "$RUNTIME" --root "$PCT_ROOT/r-$RUNTIME" "$@"; }
other() { "$RUNTIME" --root "$PCT_ROOT/r2-$RUNTIME" "$@"; }
wrapped() { "$B/pct-runc" --pct-runtime="$RUNTIME" ${STRICT---pct-strict} --root "$PCT_ROOT/w-$RUNTIME" "$@"; }
RUNNING=()
start() { # BY NAME
	"$1" run -d -b "$BUNDLES/$2" "$2" </dev/null >"$PCT_ROOT/said" 2>&1 || { cat "$PCT_ROOT/said"; return 1; }
	RUNNING+=("$RUNTIME $1 $2")
}
finish() { # BY NAME
	"$1" kill "$2" KILL && until_true 10 sh -c "! [ -e /proc/$(init_of "$1" "$2") ]" && "$1" delete "$2"
}
init_of() { "$1" state "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'; }
status() { python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'; }
status_of() { "$1" state "$2" | status; }
cleanup_more() {
	local row by name
	for row in "${RUNNING[@]}"; do
		read -r RUNTIME by name <<<"$row"
		"$by" delete --force "$name" >/dev/null 2>&1
	done
	until_true 10 oci_ungroup
}

# ---- what is shown ----

shown() { # WHAT BY NAME: its views are right
	local what=$1 exec="$2 exec $3"
	# shellcheck disable=SC2086 # words
	{
		is "$what: free shows the limit" 65536 "$($exec free | total)"
		like "$what: uptime is its own" "$(up_minutes)" "$($exec uptime)"
		is "$what: nproc is its cpuset" 1 "$($exec nproc)"
		is "$what: nproc --all, as the config names the cpuset" 1 "$($exec nproc --all)"
		like "$what: known by its door and id" "^oci:$BUNDLES/$3 $3\$" "$(paste -d' ' <(listed door) <(listed id))"
	}
}

by_hooks() {
	local stage
	for stage in createRuntime createContainer prestart; do
		EDIT=${HOOKS/createRuntime/$stage} bundle "$stage" sleep 1000
		ok "$1, hook $stage: a container starts" start plain "$stage"
		shown "$1, hook $stage" plain "$stage"
		ok "$1, hook $stage: it ends" finish plain "$stage"
		fails "$1, hook $stage: and is forgotten" grep -qx "$stage" <(listed id)
	done
	bundle without sleep 1000
	ok "$1: a container without hooks" start plain without
	is "$1: which is shown the host" "$(host_total)" "$(plain exec without free | total)"
	ok "$1: views by hand" "$B/pct-launch" attach "$(init_of plain without)" by-hand
	is "$1: then it is not" 65536 "$(plain exec without free | total)"
	ok "$1: it ends" finish plain without
}

# Two roots of a runtime have an id each; the containers are not one.
by_two_roots() {
	EDIT=$HOOKS bundle one sleep 1000
	EDIT=$HOOKS bundle two sleep 1000
	"$RUNTIME" --root "$PCT_ROOT/r-$RUNTIME" run -d -b "$BUNDLES/one" twin </dev/null >/dev/null 2>&1
	other run -d -b "$BUNDLES/two" twin </dev/null >/dev/null 2>&1
	RUNNING+=("$RUNTIME plain twin" "$RUNTIME other twin")
	is "$1: two of one id have their views" "65536 65536" "$(plain exec twin free | total) $(other exec twin free | total)"
	is "$1: and are told apart" "twin twin~2" "$(listed name | sort | xargs)"
	ok "$1: one ends" finish plain twin
	is "$1: the other one keeps its views" 65536 "$(other exec twin free | total)"
	ok "$1: then that" finish other twin
	is "$1: nobody is left" "" "$(listed name)"
}

by_wrapper() {
	local began before up config=$BUNDLES/w/config.json now
	bundle w sh -c 'sleep 1000 & wait'
	cp "$config" "$config.before"
	chmod 640 "$config"
	# Of one that was killed, and of one that writes just now.
	touch -d '-2 minutes' "$BUNDLES/w/.config.json.pct-1"
	touch "$BUNDLES/w/.config.json.pct-2"
	began=$(date +%s)
	ok "$1 behind pct-runc: a container starts" start wrapped w
	shown "$1 behind pct-runc" wrapped w
	is "… the config keeps all but its hooks" same "$(python3 - "$config" <<'P'
import json, sys
a, b = json.load(open(sys.argv[1] + '.before')), json.load(open(sys.argv[1]))
hooks = b.pop('hooks')
a.pop('hooks', None)
print('same' if a == b and [len(hooks[s]) for s in ('createRuntime', 'poststop')] == [2, 2] else (a, b, hooks))
P
)"
	is "… and its mode" 640 "$(stat -c %a "$config")"
	is "… and nothing is left beside it but what another writes" ".config.json.pct-2 config.json config.json.before rootfs" \
		"$(find "$BUNDLES/w" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)"

	# The boot clock.
	is "… exec joins the time namespace of init" "$(readlink "/proc/$(init_of wrapped w)/ns/time")" \
		"$(wrapped exec w readlink /proc/self/ns/time)"
	fails "… which is not the host's" [ "$(readlink /proc/self/ns/time)" = "$(wrapped exec w readlink /proc/self/ns/time)" ]
	up=$(wrapped exec w ps -o etimes= 1)
	now=$(($(date +%s) - began))
	within "… ps: init is as old as the container" 0 $((now + 2)) "$up"
	within "… ps: init was started when it was" $((began - 2)) $((began + now + 2)) \
		"$(date -d "$(wrapped exec w ps -o lstart= 1)" +%s)"
	before=$(date +%s) up=$(wrapped exec w sh -c 'exec /usr/bin/ps -o etimes= $$')
	within "… ps: exec'ed just now" 0 $(($(date +%s) - before + 1)) "$up"
	within "… btime is the container's start" $((began - 2)) $((began + now + 2)) \
		"$(wrapped exec w cat /proc/stat | awk '/^btime/ { print $2 }')"
	within "… CLOCK_BOOTTIME, of which busybox tells by sysinfo" 0 $((SECONDS / 60 + 1)) \
		"$(wrapped exec w busybox uptime | sed -E 's/.*up ([0-9]+) min.*/\1/')"

	# The runtime knows its container in all commands.
	is "… state" running "$(status_of wrapped w)"
	ok "… pause" wrapped pause w
	is "… state then" paused "$(status_of wrapped w)"
	ok "… resume" wrapped resume w
	ok "… update" wrapped update --pids-limit 50 w
	ok "… kill and delete" finish wrapped w
	is "… no record is left" "" "$(ls "$RUN/oci")"
	fails "… nor the container in the daemon" grep -qx w <(listed id)
	ok "… the same bundle once more" start wrapped w
	is "… has its hooks once" 2 "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["hooks"]["createRuntime"]))' "$config")"
	ok "… delete --force" wrapped delete --force w
	is "… no record is left of that" "" "$(ls "$RUN/oci")"

	ok "… once more, to be named" start wrapped w
	is "… pct-launch list has it, with its door" "w fresh oci:$BUNDLES/w" "$("$B/pct-launch" list | awk 'NR > 1 { print $1, $3, $4 }')"
	ok "… detach by its id" "$B/pct-launch" detach w
	is "… then it is shown the host" "$(host_total)" "$(wrapped exec w free | total)"
	ok "… attach by its id, from our record" "$B/pct-launch" attach w
	is "… then it is not" 65536 "$(wrapped exec w free | total)"
	ok "… it ends" finish wrapped w
	refused "… and is no name any more" 1 "'w': no running container" "$B/pct-launch" attach w

	EDIT="c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid'] + [{'type': 'pid', 'path': '/proc/$$/ns/pid'}]" \
		bundle shared readlink /proc/self/ns/time
	like "… in a shared pid namespace the boot clock stays the host's" "^$(readlink /proc/self/ns/time | sed 's/[][]/./g')\$" \
		"$(wrapped run -b "$BUNDLES/shared" shared 2>&1 </dev/null)"
}

# Whoever finds the runtime's state finds the container, however he says where that is.
by_any_name() {
	local root=$PCT_ROOT/w-$RUNTIME id=named-$$ default P state
	bundle $id sh -c 'sleep 1000 & wait'
	ok "$1 behind pct-runc: a container starts, to be found" start wrapped $id
	ln -sfn "w-$RUNTIME" "$PCT_ROOT/l-$RUNTIME"
	said_by() { by "$@" | status; }
	by() { (cd "$PCT_ROOT" && "$B/pct-runc" --pct-runtime="$RUNTIME" "$@"); }
	is "… with a slash behind --root" running "$(said_by --root "$root/" state $id)"
	is "… with slashes and dots in it" running "$(said_by --root "$PCT_ROOT/../${PCT_ROOT##*/}//w-$RUNTIME" state $id)"
	is "… by a relative path" running "$(said_by --root "w-$RUNTIME" state $id)"
	is "… through a symbolic link" running "$(said_by --root "$PCT_ROOT/l-$RUNTIME" state $id)"
	is "… with another --pct-socket" running "$(said_by --pct-socket=/x/y.sock --root "$root" state $id)"
	is "… with another PCT_ROOT" running "$(PCT_ROOT=/nowhere "$B/pct-runc" --pct-runtime="$RUNTIME" --root "$root" state $id | status)"
	! grep -q -- --log-level <("$RUNTIME" --help) || is "… with --log-level" running "$(said_by --log-level debug --root "$root" state $id)"
	fails "… so none of them deletes it" by --root "$root/" delete $id
	P=$(init_of wrapped $id)

	# A record nobody can read keeps everybody from deleting it.
	state=$root/$id/pct-clock
	ok "… its record is beside its runtime's state" mv "$state" "$PCT_ROOT/record"
	: >"$state"
	for c in state delete; do
		refused "… with an empty record: $c does not go on" 1 'pct-runc: read the record .*Bad message' by --root "$root" $c $id
	done
	ok "… it lives" [ -e "/proc/$P" ]
	# Nor one that says another namespace: it can have gone there by itself.
	sed 's/ [0-9]*/ 5/' "$PCT_ROOT/record" >"$state"
	is "… out of its time namespace: it runs all the same" running "$(status_of wrapped $id)"
	mv "$PCT_ROOT/record" "$state"
	ok "… it ends" finish wrapped $id
	ok "… its config once more, without pct-runc: it starts" start plain $id
	ok "… and ends" finish plain $id

	# Without --root: as podman calls it.
	default() { "$B/pct-runc" --pct-runtime="$RUNTIME" "$@"; }
	ok "$1 behind pct-runc, without --root: a container starts" start default $id
	for default in "/run/$RUNTIME" "/run/$RUNTIME/" "/var/run/$RUNTIME"; do
		is "… state by --root $default" running "$(said_by --root "$default" state $id)"
	done
	is "… state without" running "$(status_of default $id)"
	ln -sf "$(command -v "$RUNTIME")" "$PCT_ROOT/other"
	refused "… by a runtime that could be that one: it does not go on" 1 "where '$PCT_ROOT/other' keeps its containers' state is not known" \
		"$B/pct-runc" --pct-runtime="$PCT_ROOT/other" delete $id
	ok "… it ends" finish default $id
	bundle clockless readlink /proc/self/ns/time
	like "… a runtime nobody knows: the boot clock stays the host's, as it says" "state is not known, and without '--root'" \
		"$("$B/pct-runc" --pct-runtime="$PCT_ROOT/other" run -b "$BUNDLES/clockless" clockless 2>&1 </dev/null)"
	is "… and no hook would record anybody" 1 "$(hooks_of clockless createRuntime)"
	rmdir "/run/$RUNTIME" 2>/dev/null || :
}
hooks_of() { python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["hooks"][sys.argv[2]]))' "$BUNDLES/$1/config.json" "$2"; }

# What keeps us from doing our work does not keep a container from starting, nor from being found.
in_adversity() {
	local here
	bundle adverse sh -c 'sleep 1000 & wait'
	mv "$RUN/oci" "$RUN/oci.away"
	: >"$RUN/oci"
	ok "$1 behind pct-runc: no folder for names: a container starts" start wrapped adverse
	is "… and is found" running "$(status_of wrapped adverse)"
	ok "… it ends" finish wrapped adverse
	rm "$RUN/oci"
	mv "$RUN/oci.away" "$RUN/oci"

	# No clock can be set here, as on a kernel without time namespaces.
	here=$(readlink /proc/self/ns/time)
	bundle adverse sh -c 'readlink /proc/self/ns/time'
	: >"$PCT_ROOT/empty"
	clockless() {
		# shellcheck disable=SC2016 # in the shell that is started
		unshare -m --propagation private sh -c 'mount --bind "$0" /proc/$$/timens_offsets && mount -o remount,ro,bind /proc/$$/timens_offsets && exec "$@"' \
			"$PCT_ROOT/empty" "$B/pct-runc" --pct-runtime="$RUNTIME" "$@" --root "$PCT_ROOT/w-$RUNTIME" run -b "$BUNDLES/adverse" adverse 2>&1 </dev/null
	}
	like "$1 behind pct-runc: no time namespace: it says so" 'pct-runc: make a time namespace: the container has the host' "$(clockless)"
	is "… a container starts, with the host's" "$here" "$(clockless | grep ^time)"
	is "… and its config does not say to record it" 1 "$(hooks_of adverse createRuntime)"
	like "… with --pct-strict it does not" '^pct-runc: make a time namespace' "$(clockless --pct-strict)"
	fails "… at all" grep ^time <(clockless --pct-strict)

	# The config cannot be written: back to where we were.
	bundle adverse sh -c 'readlink /proc/self/ns/time'
	is "… no config can be written: nor is there a clock" "$here" "$(unshare -m --propagation private sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount --bind "$1" "$0/rootfs" && exec "$2" --pct-runtime="$3" --root "$4" run -b "$0" adverse' \
		"$BUNDLES/adverse" "$BUNDLES/adverse/rootfs" "$B/pct-runc" "$RUNTIME" "$PCT_ROOT/w-$RUNTIME" 2>&1 </dev/null | grep ^time)"
}

# Hooks an engine was told to add say how the views are wanted, and not we.
as_asked() {
	local hooks
	EDIT="hook('createRuntime', '--cpus=live'); hook('poststop')" bundle asked nproc --all
	ok "$1 behind pct-runc: a config has hooks of pct-launch" [ "$(hooks_of asked createRuntime)" = 1 ]
	for hooks in once again; do
		is "… $hooks: their words hold" "$(nproc --all)" "$(wrapped run -b "$BUNDLES/asked" asked 2>&1 </dev/null)"
		is "… $hooks: only the record's are added" "2 2" "$(hooks_of asked createRuntime) $(hooks_of asked poststop)"
	done
	like "… and --pct-strict" '"args": *\["pct-launch", *"--cpus=live", *"oci", *"createRuntime", *"--strict"\]' "$(cat "$BUNDLES/asked/config.json")"
	EDIT="hook('createRuntime', '--cpus=live')" bundle asked nproc --all
	wrapped run -b "$BUNDLES/asked" asked >/dev/null 2>&1 </dev/null
	is "… who asked for no poststop gets one" 2 "$(hooks_of asked poststop)"
}

by_static() {
	local status
	[ -e "$B/static/pct-runc" ] || { skip "$1: the static programs" "a sanitizer needs libraries"; return; }
	bundle static free
	status=$("$B/static/pct-runc" --pct-runtime="$RUNTIME" --pct-strict --root "$PCT_ROOT/w-$RUNTIME" run -b "$BUNDLES/static" static 2>&1 </dev/null)
	is "$1: the static programs do it too" 65536 "$(total <<<"$status")"
	fails "… and need no library" ldd "$B/static/pct-launch"
	# Fast enough that init starts within the boot clock's first tick.
	bundle often true
	status=0
	for _ in $(seq 20); do
		"$B/static/pct-runc" --pct-runtime="$RUNTIME" --root "$PCT_ROOT/w-$RUNTIME" run -b "$BUNDLES/often" often \
			>"$PCT_ROOT/said" 2>&1 </dev/null || status=$((status + 1))
	done
	is "… twenty containers that end at once, one after another" 0 $status
}

# It is the runtime: words, status, stdio, signals.
in_place() {
	local pid status
	is "$1 behind pct-runc: --version is the runtime's" "$("$RUNTIME" --version)" "$("$B/pct-runc" --pct-runtime="$RUNTIME" --version)"
	bundle status sh -c 'exit 7'
	wrapped run -b "$BUNDLES/status" status </dev/null >/dev/null 2>&1
	is "… a status comes through" 7 $?
	bundle io sh -c 'read a; echo "<$a>"; echo err >&2'
	is "… stdin and stdout do" '<some words>' "$(echo some words | wrapped run -b "$BUNDLES/io" io 2>/dev/null)"
	is "… stderr does" err "$(echo | wrapped run -b "$BUNDLES/io" io 2>&1 >/dev/null)"
	bundle signal sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	wrapped run -b "$BUNDLES/signal" signal >"$PCT_ROOT/ready" 2>&1 </dev/null &
	pid=$!
	until_true 20 grep -q ready "$PCT_ROOT/ready"
	fails "… the wrapper is no more" grep -qx pct-runc "/proc/$(pgrep -P $pid || echo $pid)/comm"
	pkill -TERM -P $pid 2>/dev/null || kill -TERM $pid
	wait $pid
	status=$?
	is "… signals do" 9 $status
	wrapped exec none true >/dev/null 2>&1
	status=$?
	"$RUNTIME" --root "$PCT_ROOT/w-$RUNTIME" exec none true >/dev/null 2>&1
	is "… a failure of the runtime does" $? $status
}

without_daemon() {
	local why='no pctfs at'
	[ $RUNTIME != crun ] || why='executing hook .*pct-launch' # it keeps what hooks say to itself
	stop_daemon
	EDIT="hook('createRuntime'); hook('poststop')" bundle alone free
	is "$1, no daemon: a container starts by its hook" "$(host_total)" "$(plain run -b "$BUNDLES/alone" alone 2>&1 </dev/null | total)"
	is "$1, no daemon: and behind pct-runc" "$(host_total)" "$(STRICT='' && wrapped run -b "$BUNDLES/alone" alone 2>&1 </dev/null | total)"
	within "$1, no daemon: with a boot clock all the same" 0 $((SECONDS + 60)) \
		"$(STRICT='' && EDIT='' && bundle clock cat /proc/uptime && wrapped run -b "$BUNDLES/clock" clock 2>&1 </dev/null | cut -d. -f1)"
	EDIT=$HOOKS bundle strict free
	like "$1, no daemon: --strict keeps it from starting, and says why" "$why" "$(plain run -b "$BUNDLES/strict" strict 2>&1 </dev/null)"
	like "$1, no daemon: --pct-strict too" "$why" "$(wrapped run -b "$BUNDLES/alone" alone2 2>&1 </dev/null)"
	plain delete --force strict >/dev/null 2>&1
	wrapped delete --force alone2 >/dev/null 2>&1
	ok "a daemon again" "$B/pctfs"
}

# Started before there is a pctfs: behind pct-runc the hook may have another boot clock than we have.
before_daemon() {
	notes() { ls "$RUN/waiting"; }
	stop_daemon
	EDIT="hook('createRuntime'); hook('poststop')" bundle late sleep 1000
	bundle latew sh -c 'sleep 1000 & wait'
	ok "$1, no daemon yet: a container starts by its hook" start plain late
	STRICT='' ok "$1, no daemon yet: and behind pct-runc" start wrapped latew
	is "… a note of each is left" 2 "$(notes | wc -l)"
	like "… and the hook says what is to be done" "without views: 'pct-launch repair'" \
		"$(printf '{"ociVersion":"1.0.2","id":"late","pid":%s,"bundle":"%s"}' "$(init_of plain late)" "$BUNDLES/late" |
			"$DOOR" oci createRuntime 2>&1)"
	ok "… a daemon" "$B/pctfs"
	is "… who waits is listed" "late none oci:$BUNDLES/late latew none oci:$BUNDLES/latew" \
		"$("$B/pct-launch" list | awk 'NR > 1 { print $1, $3, $4 }' | sort | xargs)"
	ok "… repair" "$B/pct-launch" repair
	is "… gives them their views" "65536 65536" "$(plain exec late free | total) $(wrapped exec latew free | total)"
	is "… and no note is left" "" "$(notes)"
	ok "… one ends" finish plain late
	ok "… so does the other" finish wrapped latew
	stop_daemon
	start plain late
	is "… one that ends before there is a daemon" 1 "$(notes | wc -l)"
	ok "… ends" finish plain late
	is "… and takes its note with it" "" "$(notes)"
	ok "… a daemon again" "$B/pctfs"
}

tried=
for RUNTIME in ${RUNTIMES:-runc crun}; do
	SPEC=$RUNTIME
	command -v $RUNTIME >/dev/null || { skip "containers of $RUNTIME" "it is not installed"; continue; }
	bundle probe true
	if ! said=$(plain run -b "$BUNDLES/probe" probe 2>&1 </dev/null); then
		skip "containers of $RUNTIME" "it starts none here: $(tail -1 <<<"$said")"
		continue
	fi
	tried=$RUNTIME
	by_hooks $RUNTIME
	by_two_roots $RUNTIME
	by_wrapper $RUNTIME
	by_any_name $RUNTIME
	in_adversity $RUNTIME
	as_asked $RUNTIME
	by_static $RUNTIME
	in_place $RUNTIME
	without_daemon $RUNTIME
	before_daemon $RUNTIME
done

# ---- what the hook can be given ----

door() { printf '%s' "$3" | "$DOOR" $1 oci $2; } # OPTIONS STAGE STATE; the first two are words
state() { printf '{"ociVersion":"1.0.2","id":"bad","status":"creating","pid":%s,"bundle":"%s"}' "$1" "$2"; }
bad() { # WHAT REGEX STAGE STATE
	refused "$1: one line, and it starts" 0 "^pct-launch: .*$2" door "" "$3" "$4"
	refused "$1: one line, and --strict keeps it from it" 1 "^pct-launch: .*$2" door --strict "$3" "$4"
}
on_host() { grep -cE " $PCT_ROOT| /proc/[a-z]| /sys/devices" /proc/self/mountinfo; }
if [ -n "$tried" ]; then
	RUNTIME=$tried SPEC=$tried
	mkdir -p "$BUNDLES/bad/rootfs/proc" "$BUNDLES/none"
	config() { printf '{"root":{"path":"%s"}}' "$1" >"$BUNDLES/bad/config.json"; }
	ln -s rootfs "$BUNDLES/bad/link"
	ln -s / "$BUNDLES/bad/host"
	config rootfs
	# Of a container, so that there is one to harm.
	bundle victim sleep 1000
	ok "a container that is to be harmed" start plain victim
	P=$(init_of plain victim)
	before=$(wc -l <"/proc/$P/mountinfo") ours=$(on_host)
	sleep 0 &
	gone=$!
	wait $gone

	bad "an empty state" "on stdin is no JSON object" createRuntime ""
	bad "a state that is cut off" "on stdin is no JSON object" createRuntime '{"id":"bad","pid":5'
	bad "two states" "on stdin is no JSON object" createRuntime "$(state "$P" "$BUNDLES/bad")$(state "$P" "$BUNDLES/bad")"
	bad "a state without id" "names no 'id'" createRuntime '{"pid":5,"bundle":"/"}'
	bad "a state without bundle" "as 'bundle'" createRuntime '{"id":"bad","pid":5}'
	bad "a pid that is a word" "'pid' that is none" createRuntime '{"id":"bad","pid":"5","bundle":"/"}'
	bad "a state without pid" "no 'pid'" createRuntime '{"id":"bad","bundle":"/"}'
	bad "a stage there is not" "OCI stage 'startContainer': use it for createRuntime" startContainer "$(state "$P" "$BUNDLES/bad")"
	bad "no stage" "OCI stage ''" "" "$(state "$P" "$BUNDLES/bad")"
	bad "a stage in small letters" "OCI stage 'createruntime'" createruntime "$(state "$P" "$BUNDLES/bad")"
	bad "a bundle that is not there" "open the bundle '.*/nowhere': No such file" createRuntime "$(state "$P" "$BUNDLES/nowhere")"
	bad "a bundle without config.json" "read the bundle's config.json: No such file" createRuntime "$(state "$P" "$BUNDLES/none")"
	bad "a pid that is gone" "process $gone: No such process" createRuntime "$(state $gone "$BUNDLES/bad")"
	bad "a process of the host" "host's own mount namespace" createRuntime "$(state $$ "$BUNDLES/bad")"
	config link
	bad "a root that is a symbolic link" "root.path 'link' is or crosses a symbolic link" createRuntime "$(state "$P" "$BUNDLES/bad")"
	config host/usr
	bad "a root behind one" "root.path 'host/usr' is or crosses a symbolic link" createRuntime "$(state "$P" "$BUNDLES/bad")"
	config ../victim/rootfs
	bad "a root that leads out of the bundle" "root.path '../victim/rootfs' leads out of the bundle" createRuntime "$(state "$P" "$BUNDLES/bad")"
	config /
	bad "the host's root" "root.path '/' is the host's own root" createRuntime "$(state "$P" "$BUNDLES/bad")"
	config nowhere
	bad "a root that is not there" "root.path 'nowhere': No such file" createRuntime "$(state "$P" "$BUNDLES/bad")"
	echo '{"root":' >"$BUNDLES/bad/config.json"
	bad "a config that is cut off" "config.json is no JSON object" createRuntime "$(state "$P" "$BUNDLES/bad")"
	rm "$BUNDLES/bad/config.json"
	mkfifo "$BUNDLES/bad/config.json"
	refused "a config that is a pipe" 0 "^pct-launch: .*config.json is no regular file" timeout 100 bash -c "printf '%s' '$(state "$P" "$BUNDLES/bad")' | $DOOR oci createRuntime"
	rm "$BUNDLES/bad/config.json"
	refused "a state that does not end" 0 "on stdin is larger than 8 MB" timeout 200 bash -c "yes '{\"id\":' | $DOOR oci createRuntime"

	for wrong in --sttrict --cpus=many; do
		refused "a hook's line with $wrong: one line, and it starts" 0 "${wrong%=*}" door $wrong createRuntime "$(state "$P" "$BUNDLES/bad")"
		refused "a hook's line with $wrong: --strict keeps it from it" 1 "${wrong%=*}" door "$wrong --strict" createRuntime "$(state "$P" "$BUNDLES/bad")"
	done

	is "none of it mounted anything in the container" "$before" "$(wc -l <"/proc/$P/mountinfo")"
	is "nor on the host" "$ours" "$(on_host)"
	fails "nor is it known to the daemon" grep -qx bad <(listed id)
	config "$BUNDLES/victim/rootfs"
	ok "poststop of one nobody knows" door "" poststop "$(state 0 "$BUNDLES/gone")"
	ok "it ends" finish plain victim
	refused "pct-runc: an option there is not" 2 "no option '--pct-x': see --pct-help" "$B/pct-runc" --pct-x list
	refused "pct-runc: a runtime there is not" 1 "no 'nothing' to go on with" bash -c "exec -a pct-nothing $B/pct-runc list"
	refused "pct-runc: itself as the runtime" 1 "to go on with" bash -c "mkdir -p $PCT_ROOT/p && ln -sf $B/pct-runc $PCT_ROOT/p/itself && PATH=$PCT_ROOT/p:\$PATH exec -a pct-itself $B/pct-runc list"
	# Its command line, of which the runtime here is told only.
	EDIT='' bundle words true
	told() { "$B/pct-runc" --pct-runtime=/bin/echo --pct-no-time --root "$PCT_ROOT/none" "$@"; }
	hooks() { grep -c pct-launch "$BUNDLES/words/config.json"; }
	like "pct-runc: --config names another file than hooks are told of, and it says so" "^pct-runc: 'other.json': only a bundle's config.json" \
		"$(told create -b "$BUNDLES/words" --config other.json c 2>&1)"
	is "… and config.json is left alone" 0 "$(hooks)"
	refused "… with --pct-strict it does not go on" 1 "'other.json': only a bundle" told --pct-strict create -b "$BUNDLES/words" -f other.json c
	is "pct-runc: what comes before the command is passed on as it was" "--root $PCT_ROOT/none --log-level debug create -b $BUNDLES/words c" \
		"$(told --log-level debug create -b "$BUNDLES/words" c)"
	is "… and what is made is given hooks" 1 "$(hooks)"
	refused "pct-runc: a pattern would be of running containers, too" 1 'delete: .*name each' told delete --force --regex '.*'
	refused "… also in short" 1 'kill: .*name each' told kill -r '.*'

	mkdir "$PCT_ROOT/scripts"
	for exec in exec ""; do
		printf '#!/bin/sh\n%s %s "$@"\n' "$exec" "$B/pct-runc --pct-strict" >"$PCT_ROOT/scripts/runc"
		chmod 755 "$PCT_ROOT/scripts/runc"
		refused "pct-runc: a script called runc that calls it${exec:+, by exec}" 1 "'$PCT_ROOT/scripts/runc' leads back to pct-runc: name" \
			env PATH="$PCT_ROOT/scripts:$PATH" timeout -s KILL 60 runc list
	done
	printf '#!/bin/sh\nexec %s --pct-runtime=%s "$@"\n' "$B/pct-runc" "$(command -v "$RUNTIME")" >"$PCT_ROOT/scripts/runc"
	is "pct-runc: one that names the runtime is fine" "$("$RUNTIME" --version)" "$(PATH=$PCT_ROOT/scripts:$PATH runc --version)"
	printf '{"hooks":[]}' >"$BUNDLES/bad/config.json"
	like "pct-runc: hooks that are none are said, and the runtime goes on" 'pct-runc: add to the hooks of the bundle' \
		"$(STRICT='' && wrapped create -b "$BUNDLES/bad" bad 2>&1 </dev/null)"
	is "pct-runc: and the config is as it was" '{"hooks":[]}' "$(cat "$BUNDLES/bad/config.json")"
	refused "pct-runc: with --pct-strict it does not go on" 1 'add to the hooks of the bundle' wrapped create -b "$BUNDLES/bad" bad
fi
