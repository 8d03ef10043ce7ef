#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Into a container: exec, enter and console, with pipes and at a terminal; what is in their way.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

run 0 create 100 builtin:busybox --cmode tty
run 0 create 101 builtin:busybox --unprivileged 0
sed -i '$a lxc.environment: COLOUR=blue\nlxc.environment: WORDS=a b' "$confs/100.conf"
run 0 start 100
run 0 start 101

users()
{
	cat >"$PCT_ROOT/passwd" <<-'P'
		root:x:0:0:root:/root:/bin/sh
		short:x:7
		app:x:1000:1001:An app:/home/app:/bin/sh
		nobody:x:65534:65534:nobody:/:/bin/false
	P
	cat >"$PCT_ROOT/group" <<-'P'
		root:x:0:
		tty:x:5:app
		app:x:1001:
		games:x:60:nobody,app
	P
	for name in passwd group; do
		"$pct" exec "$1" -- sh -c "cat >/etc/$name" <"$PCT_ROOT/$name"
	done
	"$pct" exec "$1" -- sh -c 'mkdir -p /home/app; chown 1000:1001 /home/app' 2>/dev/null
}

# What a command in CT $1 finds.
as_whom()
{
	users "$1"
	run 0 exec "$1" --user app -- id
	same "a user with its groups" "$(cat "$out")" "uid=1000(app) gid=1001(app) groups=5(tty),60(games),1001(app)"
	run 0 exec "$1" --user app -- sh -c 'echo $HOME $USER $SHELL'
	same "a user's environment" "$(cat "$out")" "/home/app app /bin/sh"
	run 0 exec "$1" --user app:tty -- id -g
	same "another group" "$(cat "$out")" 5
	run 0 exec "$1" --user 1000 -- id -u
	same "a user by its number" "$(cat "$out")" 1000
	run 0 exec "$1" --user 4321:4322 -- sh -c 'id -u; id -g'
	same "a number without a line" "$(tr '\n' ' ' <"$out")" "4321 4322 "
	run 0 exec "$1" --user app -- sh -c 'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | head -1'
	same "no capability is left to it" "$(awk '/CapEff/ { print $2 }' "$out")" 0000000000000000
	run 126 exec "$1" --user nosuch -- true
	said "there is no user 'nosuch' in the container"
	run 126 exec "$1" --user app:nosuch -- true
	said "there is no group 'nosuch' in the container"
	run 0 exec "$1" --cwd /home/app -- pwd
	same "another directory" "$(cat "$out")" /home/app
	run 126 exec "$1" --cwd /no -- pwd
	said "enter '/no' in the container: No such file or directory"
}
as_whom 100
as_whom 101

# Whatever is at the place of those files.
run 0 exec 100 -- sh -c 'rm /etc/passwd; mkfifo /etc/passwd; ln -sf /dev/zero /etc/group'
run 0 exec 100 -- echo fine
same "a FIFO for /etc/passwd, a device for /etc/group" "$(cat "$out")" fine
run 126 exec 100 --user app -- true
said "read /etc/passwd of the container: Invalid argument"
run 0 exec 100 -- sh -c 'rm /etc/passwd /etc/group'
run 0 exec 100 --user 12 -- id -u
same "a number without any file" "$(cat "$out")" 12
users 100

# The environment.
export SECRET=of-the-host
run 0 exec 100 -- env
same "a clean environment" "$(sed 's/=.*//' "$out" | LC_ALL=C sort | tr '\n' ' ')" \
	"COLOUR HOME LOGNAME PATH SHELL TERM USER WORDS container "
same "the container's own lines" "$(grep -E '^(COLOUR|WORDS)=' "$out" | tr '\n' ';')" "COLOUR=blue;WORDS=a b;"
run 0 exec 100 --env A=1 --env 'B=x, y=z' --env COLOUR=red -- sh -c 'echo "$A|$B|$COLOUR"'
same "more variables" "$(cat "$out")" "1|x, y=z|red"
run 0 exec 100 --keep-env -- sh -c 'echo $SECRET $container $COLOUR'
same "--keep-env" "$(cat "$out")" "of-the-host lxc blue"
run 0 exec 100 --keep-env 0 -- sh -c 'echo $SECRET.'
same "--keep-env 0" "$(cat "$out")" .
run 2 exec 100 --env 1A=2 -- true
said "env: '1A=2' is not a variable: NAME=value"
unset SECRET

# stdin of a loop.
same "a loop with exec -n has all its lines" \
	"$(printf '%s\n' a b c | while read -r l; do "$pct" exec 100 -n -- cat; echo "$l"; done | tr '\n' ' ')" "a b c "
same "without it the first takes them" \
	"$(printf '%s\n' a b c | while read -r l; do "$pct" exec 100 -- cat >/dev/null; echo "$l"; done | tr '\n' ' ')" "a "
same "stdout and stderr stay two" "$("$pct" exec 100 -- sh -c 'echo o; echo e >&2' 2>"$err"; cat "$err")" "o
e"
head -c 3000000 /dev/urandom >"$PCT_ROOT/bytes"
same "bytes come as they are" "$("$pct" exec 100 -- cat <"$PCT_ROOT/bytes" | cmp - "$PCT_ROOT/bytes" && echo same)" same
same "a shell that reads its commands" "$(echo 'echo $((6*7)); exit 4' | "$pct" enter 100; echo $?)" "42
4"

# Signals and ends.
"$pct" exec 100 -- sh -c 'trap "echo told >/told; exit 3" TERM; >/listens; while :; do sleep 0.1; done' </dev/null &
until_true 5 "$pct" exec 100 -- test -e /listens
kill -TERM $!
until_true 3 "$pct" exec 100 -- test -e /told || true
wait $! 2>/dev/null || true
ok "SIGTERM reaches the command" "$pct" exec 100 -- test -e /told
"$pct" exec 100 -- sh -c 'echo $$ >/pid; exec sleep 1000' </dev/null &
until_true 5 "$pct" exec 100 -- test -s /pid
kill -STOP $!
sleep 0.2
kill -CONT $!
kill -HUP $!
got=0
wait $! || got=$?
same "SIGHUP ends it" $got 129
same "nothing of ours is open in it" "$(exec 7</etc/hostname; "$pct" exec 100 -- sh -c 'ls /proc/self/fd' | tr '\n' ' ')" "0 1 2 3 "
same "no descriptor of the lock either" "$("$pct" exec 100 -- sh -c 'ls -l /proc/$$/fd | grep -c var/lib/pct')" 0

# At a terminal: exit codes, sizes, ^C, ^Z, ^a q; pct-pty.py.
ends()
{
	local said

	said=$(python3 "$(dirname "$0")/pct-pty.py" "$pct" 100 2>&1) || FAILED=1
	printf '%s\n' "$said"
	like "what is looked at there is looked at to its end" "^ok - top: .* then too" "$said"
}
ends

# Consoles that are not there.
run 1 console 100
said "a console needs a terminal; 'pct exec 100' does not"
run 2 console 100 --escape 1
said "escape: '1' is not a key: ^a to ^z"
run 1 console 100 --tty 5
said "CT 100 has 2 tty, and no more before 'pct set 100 --tty' and its next start; 'pct enter 100' opens a shell"
echo 'cmode: shell' >>"$confs/100.conf"
same "cmode: shell" "$(echo 'echo in $HOME; exit 6' | "$pct" console 100; echo $?)" "in /root
6"
run 1 enter 102
said "CT 102 does not exist; 'pct list' shows those that do"

# Rules that a pct exec which was killed has left changed.
rules=$PCT_ROOT/var/lib/pct/lxc/100
cp "$rules/rules.seccomp" "$PCT_ROOT/rules"
cp "$rules/rules.seccomp" "$rules/rules.kept"
echo "sysinfo errno 38" >>"$rules/rules.seccomp"
run 0 exec 100 -- true
ok "the next exec has put the rules back" cmp "$rules/rules.seccomp" "$PCT_ROOT/rules"
ok "and keeps them no more" test ! -e "$rules/rules.kept"
echo "of a start long ago" >"$rules/rules.kept"
run 0 stop 100
run 0 start 100
ok "a start has its own rules" cmp "$rules/rules.seccomp" "$PCT_ROOT/rules"
run 0 exec 100 -- true
ok "and they stay" cmp "$rules/rules.seccomp" "$PCT_ROOT/rules"
# While another holds them they are not ours to put back.
cp "$rules/rules.seccomp" "$rules/rules.kept"
exec 9<"$rules"
flock 9
"$pct" exec 100 -- true 9<&- &
sleep 0.5
ok "who waits for another's rules waits" kill -0 $!
rm "$rules/rules.kept"
exec 9<&-
got=0
wait $! || got=$?
same "and then goes in" $got 0

run 0 stop 100
run 1 enter 100
said "CT 100 does not run; 'pct start 100' starts it"
run 1 console 100
said "CT 100 does not run; 'pct start 100' starts it"
