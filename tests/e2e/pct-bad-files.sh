#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every command used wrongly, and on confs that somebody has spoilt: an answer in one line, soon.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

mkdir -p "$confs"
rootfs=local:100/subvol-100-disk-0.subvol
good() { printf 'hostname: a\nmemory: 64\nrootfs: %s\nswap: 0\n' "$rootfs"; }

# answers CODE TEXT WORDS...: exit CODE, one line on stderr with TEXT in it, nothing on stdout.
n=0 failed=0
answers() {
	local code=$1 text=$2 got=0

	shift 2
	timeout 100 "$pct" "$@" >"$out" 2>"$err" </dev/null || got=$?
	n=$((n + 1))
	if [ "$got" != "$code" ] || [ -s "$out" ] || [ "$(wc -l <"$err")" != 1 ] ||
	   ! grep -qF -- "$text" "$err" || grep -q '[[:cntrl:]]' "$err" || [ "$(wc -c <"$err")" -gt 1100 ]; then
		flunk "pct$(printf ' %.60s' "$@")" "exit $got, not $code: $(head -c 600 "$err")"
		failed=$((failed + 1))
	fi
}
done_with() { # SENTENCE
	if [ "$failed" = 0 ]; then pass "$n calls: $1"; fi
	n=0 failed=0
}

# Every command there is, by what completion knows of it; with a container to be wrong about.
good >"$confs/100.conf"
before=$(cat "$confs/100.conf")
mapfile -t all < <("$pct" complete -- "")
is "commands are known" start "$(printf '%s\n' "${all[@]}" | grep -x start)"
huge=$(head -c 100000 /dev/zero | tr '\0' x)
for command in "${all[@]}"; do
	[ "$command" != help ] || continue
	answers 2 "there is no option '--nothing'" "$command" --nothing
	answers 2 "there is no option '--xxxx" "$command" "--$huge"
	answers 2 "there is no option '--nothing'" "$command" $'--nothing=a\nb'
	answers 2 "there is no option" "$command" $'--no\nthing'
	answers 2 "there is no option" "$command" $'--\e[31mred'
	usage=$("$pct" help "$command" | head -1)
	wrong="is not a VMID: a number from 100"
	case $usage in
	*'<vmid> --'*) ;; # any words are somebody else's
	*'[<case>...'*) ;; # as many as one likes, and no VMIDs
	*'[<vmid>...'*) wrong="is no VMID (100 to 999999999)" ;; # as many as one likes
	*) answers 2 "one word too many" "$command" 100 a b c d e f g h ;;
	esac
	case $usage in
	*'[<vmid>...'*) ;;
	*'<vmid>'*) answers 2 "needs <vmid>" "$command" ;;
	*) continue ;;
	esac
	for vmid in 99 0 1000000000 0100 +100 100x '' ' 100' '100 ' 1e3 0x64 $'100\n101' ../100 1.0 '100;' '²³' "$huge"; do
		answers 2 "$wrong" "$command" "$vmid"
	done
done
done_with "every command says what is wrong with its words"
same "the conf" "$(cat "$confs/100.conf")" "$before"

# Values, as a shell hands them over.
while IFS='|' read -r key value text; do
	printf -v value %b "$value"
	answers 2 "$key: $text" set 100 "--$key=$value"
	answers 2 "$key: $text" create 101 builtin:busybox "--$key" "$value"
done <<-'END'
	memory|512\nlxc.hook.pre-start = /bin/false|'512?lxc.hook.pre-start
	hostname|a\nlxc.hook.pre-start = /bin/false|control characters are not allowed
	entrypoint|/init\nlxc.hook.pre-start = /bin/false|control characters are not allowed
	tags|a;b\nlxc.hook.pre-start = /bin/false|control characters are not allowed
	tags|a;b\r|control characters are not allowed
	nameserver|192.0.2.1 192.0.2.2\nx|control characters are not allowed
	net0|name=eth0,bridge=b\nlxc.hook.pre-start = /bin/false|bridge: control characters
	net0|name=eth0,trunks=1;2\nx|trunks: control characters
	net0|name=eth0,ip=dhcp\n|ip: control characters
	mp0|/a\nb,mp=/c|volume: control characters
	mp0|/a,mp=/b/../../etc|mp: '/b/../../etc' is not
	mp0|/a/../etc,mp=/b|volume: '/a/../etc' is not
	dev0|/dev/../etc/passwd|path: '/dev/../etc/passwd' is not
	features|mount=nfs;ext4\nx|mount: control characters
	startup|order=1\n|order: '1
	ostype|debian\n|'debian
	arch|amd64 |'amd64 ' is none of
	timezone|../../etc/shadow|'../../etc/shadow' is not
	hookscript|rm -rf /|'rm -rf /' is not
	env|=x|'=x' is not
	env|A=b\rc|control characters
END
answers 2 "hostname: is 100000 bytes long" set 100 "--hostname=$huge"
answers 2 "memory: 'xxxx" set 100 "--memory=$huge"
answers 2 "net0: name: is 100000 bytes long" set 100 "--net0=name=$huge"
answers 2 "there is no property 'xxxx" set 100 "--net0=$huge=1"
answers 2 "there is no option '--lxc.hook.pre-start'" set 100 --lxc.hook.pre-start=/bin/false
answers 2 "delete: 'lxchook' is not a key" set 100 --delete lxchook
answers 2 "delete: 'rootfs' cannot be taken away" set 100 --delete rootfs
answers 2 "delete: 'memory' cannot be taken away" set 100 --delete memory
answers 2 "it is given a value and taken away" set 100 --delete tags --tags a
answers 2 "set: give what to change" set 100
answers 1 "changed meanwhile" set 100 --onboot 1 --digest 0123456789012345678901234567890123456789
done_with "every value says what is wrong with it"
same "the conf after those" "$(cat "$confs/100.conf")" "$before"
nothing_of 101

# What is in the conf's place.
spoilt() { # SENTENCE TEXT CONF-WRITING COMMAND…: all that reads it says so
	local what=$1 text=$2 command
	shift 2
	rm -rf "$confs/100.conf"
	"$@"
	for command in config pending status start stop "set 100 --onboot 1" destroy; do
		case $command in
		set*) answers 1 "$text" set 100 --onboot 1 ;;
		*) answers 1 "$text" "$command" 100 ;;
		esac
	done
	done_with "$what"
	rm -rf "$confs/100.conf"
}
spoilt "a FIFO" "'$confs/100.conf', is not a file" mkfifo "$confs/100.conf"
spoilt "a directory" "'$confs/100.conf', is not a file" mkdir "$confs/100.conf"
spoilt "a device" "'$confs/100.conf', is not a file" mknod "$confs/100.conf" c 1 5
spoilt "a link to itself" "$confs/100.conf': Too many levels of symbolic links" ln -s 100.conf "$confs/100.conf"
spoilt "a link to nothing" "CT 100 does not exist" ln -s nowhere "$confs/100.conf"
large() { head -c 2000000 /dev/zero | tr '\0' '#' >"$confs/100.conf"; }
spoilt "2 MB" "$confs/100.conf': File too large" large

# One that cannot be read does not hide the others.
good >"$confs/102.conf"
mkfifo "$confs/100.conf"
run 1 list
is "the other is listed" "102 stopped" "$(awk 'NR > 1 { print $1, $2 }' "$out")"
said "is not a file"
rm "$confs/100.conf"

# Bytes of all kinds: what is not kept is named, the rest is used.
{ good; printf 'cores: 1\0\n\0\0\ntags: a\n'; } >"$confs/100.conf"
run 0 config 100
said "line 5 has control characters and is not used"
is "what is left" "hostname memory rootfs swap tags" "$(cut -d: -f1 "$out" | xargs)"
good | sed 's/$/\r/' >"$confs/100.conf"
run 0 config 100
is "CRLF" "$(good)" "$(cat "$out")"
is "without a word" "" "$(cat "$err")"
head -c 100000 /dev/urandom >"$confs/100.conf"
"$pct" config 100 >"$out" 2>"$err" || true
ok "noise is said in few lines" [ "$(wc -l <"$err")" -le 2 ]
if LC_ALL=C grep -q '[^[:print:][:space:]]' "$err"; then flunk "messages are plain"; else pass "messages are plain"; fi
printf 'memory: 64' >"$confs/100.conf" # no end of line
run 0 config 100
is "a line without its end" "memory: 64" "$(cat "$out")"
: >"$confs/100.conf"
run 0 config 100
is "nothing at all" "" "$(cat "$out" "$err")"
answers 1 "its rootfs '' is on no storage pct knows" start 100
done_with "an empty conf does not start"

# Lines that cannot be used: start names the key, what it says, and where to correct it.
rm "$confs/100.conf"
run 0 create 100 builtin:busybox --memory 64
cp "$confs/100.conf" "$PCT_ROOT/good"
while IFS='|' read -r line key; do
	{ cat "$PCT_ROOT/good"; printf '%b\n' "$line"; } >"$confs/100.conf"
	answers 1 "CT 100: its config's '$key' cannot be used: '" start 100
	grep -qF "correct it in '$confs/100.conf'" "$err" || flunk "where: $line"
done <<-'END'
	memory: 0|memory
	memory: lots|memory
	swap: -1|swap
	cores: 0|cores
	cores: 0-3|cores
	cpulimit: 50%|cpulimit
	cpuunits: high|cpuunits
	tty: 9|tty
	console: maybe|console
	unprivileged: perhaps|unprivileged
	arch: vax|arch
	hostname: a b|hostname
	hostname: $(reboot)|hostname
	entrypoint: init|entrypoint
END
while IFS='|' read -r line why; do
	{ cat "$PCT_ROOT/good"; printf '%b\n' "$line"; } >"$confs/100.conf"
	answers 1 "CT 100: $why; 'pct set 100 --delete " start 100
done <<-'END'
	lxc.rootfs.path: dir:/|'lxc.rootfs.path' cannot be set: use 'rootfs'
	lxc.cgroup.dir.container: ..|'lxc.cgroup.dir.container' cannot be set: pct says which cgroups it is in
	lxc.log.file = /etc/passwd|'lxc.log.file' cannot be set: pct reads its log where it is
	lxc.no.such.key: 1|'lxc.no.such.key' is no key of liblxc that pct knows
END
done_with "a start names what it cannot use"
is "none of them ran" "status: stopped" "$("$pct" status 100)"
cp "$PCT_ROOT/good" "$confs/100.conf"
