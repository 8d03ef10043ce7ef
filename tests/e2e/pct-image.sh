#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images: from a server on loopback that is good, slow, broken or hostile; imported, built, removed.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs python3" command -v python3 >/dev/null
needs "needs zstd" command -v zstd >/dev/null
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

work=$PCT_ROOT/work
web=$PCT_ROOT/web
cache=$PCT_ROOT/var/lib/pct/images-cache
site=$PCT_ROOT/etc/pct/pct.conf
log=$PCT_ROOT/log
mkdir -p "$work" "$web" "$PCT_ROOT/etc/pct"
make() { python3 "$TOP/tests/e2e/image-make.py" "$@"; }

python3 "$TOP/tests/e2e/image-server.py" "$web" "$PCT_ROOT/port" "$log" &
server_pid=$!
cleanup_more() { kill "$server_pid" 2>/dev/null; }
until [ -s "$PCT_ROOT/port" ]; do sleep 0.05; done
url=http://127.0.0.1:$(cat "$PCT_ROOT/port")

some() { [ -n "$(find "$cache/parts" -type f -size +50k)" ]; } # of a download is there
parts() { find "$cache/parts" -type f 2>/dev/null | wc -l; }
blobs() { find "$cache/blobs" -type f 2>/dev/null | wc -l; }
clean() { # SENTENCE: nothing is left of what was refused
	same "$1: no parts" "$(parts)" 0
	same "$1: no blobs" "$(blobs)" 0
}
said_one_of() { # TEXT: among others
	if grep -qF -- "$1" "$err"; then pass "said: $1"; else flunk "not said: $1" "$(head -c 500 "$err")"; fi
}

# A root to serve, large enough to be broken off.
mkdir -p "$work/r/sbin" "$work/r/etc" "$work/r/bin"
cp /bin/busybox "$work/r/sbin/init"
ln -s ../sbin/init "$work/r/bin/sh"
printf 'ID=debian\n' >"$work/r/etc/os-release"
head -c 300000 /dev/urandom >"$work/r/noise"
tar -C "$work/r" -cJf "$work/r.tar.xz" .

# ---- a simplestreams server ----
run 1 image available
said "no server is set: write 'image-server: https://...' into '$site', or give --server"
run 0 image list
same "no images" "$(cat "$out")" ""
make streams "$web" "$work/r.tar.xz"
echo "image-server: $url/" >"$site"
run 0 image available
same "what there is" "$(awk 'NR > 1 { print $1, $2, $4 }' "$out")" "debian/12 amd64 20261101_05:24"
run 0 image available --arch all --output-format json
same "of any architecture" "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' <"$out")" 2
run 0 image available nothing-of-it
same "nothing by that word" "$(cat "$out")" ""
run 1 image download debian/13
said "has no image 'debian/13' for amd64"
run 0 image download debian/12
same "its name" "$(cat "$out")" debian-12
same "no parts are left" "$(parts)" 0
run 0 image list --output-format json
same "its sum" "$(python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["sha256"])' <"$out")" \
	"$(sha256sum "$work/r.tar.xz" | cut -d' ' -f1)"
: >"$log"
run 0 image download debian:bookworm:amd64:default --name debian-12
said "the image 'debian-12' is here and the newest there is"
same "it was not got again" "$(grep -c rootfs "$log")" 0
run 0 create 100 debian-12
same "its files" "$(cmp "$work/r/noise" "$images/100/"*/noise && echo same)" same
run 0 destroy 100
run 1 create 100 debian-13
said "there is no template 'debian-13'"
nothing_of 100

# A newer one takes its place, and its bytes go.
echo newer >"$work/r/newer"
tar -C "$work/r" -cJf "$work/r2.tar.xz" .
make streams "$web" "$work/r2.tar.xz" "" 20261102_05:24
run 0 image download debian-12
same "one image" "$("$pct" image list | wc -l)" 2
run 0 image remove debian-12
clean "removed"
run 1 image remove debian-12
said "there is no image 'debian-12'"
run 1 image remove ../../etc/pct/pct
said "there is no image '../../etc/pct/pct'"
rm -r "$web/images"

for wrong in hash size short combined; do
	make streams "$web" "$work/r.tar.xz" $wrong
	run 1 image download debian/12
	case $wrong in
	hash) said "is not what it should be: its SHA-256 is" ;;
	size | short) said_one_of "than it should be" ;;
	combined) said "and its tar do not belong together; nothing of them is used" ;;
	esac
	clean "wrong $wrong"
done
make streams "$web" "$work/r.tar.xz" path
run 1 image download debian/12
said "has no image 'debian/12'"
for text in '' '{' '[]' '{"index":[]}' '{"index":{"images":{"datatype":"image-downloads","path":"/etc/passwd"}}}' \
	"$(printf '[%.0s' $(seq 100))"; do
	echo "$text" >"$web/streams/v1/index.json"
	run 1 image available
done
run 1 image available --server "$url/nothing"
said "there is no '$url/nothing/streams/v1/index.json'"

# ---- what breaks off ----
make streams "$web" "$work/r.tar.xz"
: >"$log"
run 0 image download debian/12 --server "$url/cut"
[ "$(awk '/rootfs/ && $3 > 0' "$log" | wc -l)" -ge 2 ] && pass "it went on where it broke off" || flunk "not gone on" "$(cat "$log")"
run 0 image remove debian-12
run 0 image download debian/12 --server "$url/norange"
run 0 image remove debian-12

# Killed on its way, gone on with by the next.
echo dribble >"$web/.how"
"$pct" image download debian/12 >/dev/null 2>&1 &
pid=$!
until_true 10 some
kill -9 $pid
wait $pid 2>/dev/null || true
same "a part is left" "$(parts)" 1
run 0 image list
same "and no image" "$(cat "$out")" ""
rm "$web/.how"
: >"$log"
run 0 image download debian/12
[ "$(awk '/rootfs/ && $3 > 50000' "$log" | wc -l)" = 1 ] && pass "the next went on" || flunk "not gone on" "$(cat "$log")"
run 0 image remove debian-12
clean "after that"

# A part with wrong bytes is not believed.
echo dribble >"$web/.how"
"$pct" image download debian/12 >/dev/null 2>&1 &
pid=$!
until_true 10 some
kill -9 $pid
wait $pid 2>/dev/null || true
rm "$web/.how"
printf wrong | dd of="$(find "$cache/parts" -type f)" conv=notrunc bs=1 seek=1000 status=none
run 1 image download debian/12
said_one_of "is not what it should be"
clean "a part with wrong bytes"
run 0 image download debian/12
run 0 image remove debian-12

# Interrupted in good order: the part waits.
echo dribble >"$web/.how"
"$pct" image download debian/12 >/dev/null 2>&1 &
pid=$!
until_true 10 some
"$pct" image download debian/12 2>"$err" >/dev/null && flunk "two at a time" || pass "not two at a time"
said "another pct is about the same download"
kill -INT $pid
wait $pid 2>/dev/null && flunk "interrupted: exit 0" || pass "interrupted"
rm "$web/.how"
run 0 image download debian/12
run 0 image remove debian-12

printf 'image-server: %s/\nimage-timeout: 2\nunpack-max-size: 64M\n' "$url" >"$site"
before=$SECONDS
run 1 image download debian/12 --server "$url/slow"
[ $((SECONDS - before)) -lt 300 ] && pass "a server that says nothing is left" || flunk "$((SECONDS - before)) s"
run 0 image download debian/12 --server "$url/redirect/3"
run 0 image remove debian-12
run 1 image download debian/12 --server "$url/redirect/9"
said_one_of "get '$url/redirect/9/streams/v1/index.json'"
run 1 image download debian/12 --server "$url/tofile"
said_one_of "get '$url/tofile/streams/v1/index.json'"
run 2 image download debian/12 --server file:///etc
run 2 image download debian/12 --server "$url/ a"

# ---- plain addresses ----
cp "$work/r.tar.xz" "$web/plain.tar.xz"
sum=$(sha256sum "$web/plain.tar.xz" | cut -d' ' -f1)
run 1 image download "$url/plain.tar.xz"
said "has no SHA-256 beside it"
run 0 image download "$url/plain.tar.xz" --sha256 "$sum"
same "its name" "$(cat "$out")" plain
run 0 image remove plain
run 1 image download "$url/plain.tar.xz" --sha256 "${sum//[0-8]/9}"
said "is not what it should be"
clean "plain"
printf '%064d  other\n%s  plain.tar.xz\n' 0 "$sum" >"$web/SHA256SUMS"
run 0 image download "$url/plain.tar.xz" --name other
run 0 image remove other
echo "${sum//[0-8]/9}" >"$web/plain.tar.xz.sha256"
run 1 image download "$url/plain.tar.xz"
said "is not what it should be"
rm "$web/plain.tar.xz.sha256" "$web/SHA256SUMS"
run 1 image download "$url/endless/plain.tar.xz" --sha256 "$sum"
said_one_of "is longer than it should be"
clean "endless"
run 1 image download "$url/nothing.tar.xz" --sha256 "$sum"
said "there is no '$url/nothing.tar.xz'"
clean "not there"
run 2 image download
run 2 image download a --mirror https://x/
run 2 image nothing

# ---- signatures ----
if command -v gpg >/dev/null && command -v gpgv >/dev/null; then
	export GNUPGHOME=$PCT_ROOT/gpg
	mkdir -m 700 "$GNUPGHOME"
	gpg -q --batch --passphrase '' --quick-generate-key tester@invalid ed25519 sign never 2>/dev/null
	gpg -q --batch --passphrase '' --quick-generate-key other@invalid ed25519 sign never 2>/dev/null
	gpg -q --export tester@invalid >"$PCT_ROOT/etc/pct/images.gpg"
	run 1 image download debian/12
	said_one_of "is not signed, and there are keys to check it with"
	clean "not signed"
	gpg -q --batch -u other@invalid --armor --detach-sign -o "$web/streams/v1/images.json.asc" "$web/streams/v1/images.json"
	run 1 image download debian/12
	said "by nobody whose key is in"
	gpg -q --batch --yes -u tester@invalid --armor --detach-sign -o "$web/streams/v1/images.json.asc" "$web/streams/v1/images.json"
	run 0 image download debian/12
	run 0 image remove debian-12
	echo " " >>"$web/streams/v1/images.json"
	run 1 image download debian/12
	said "the signature of '$url/streams/v1/images.json' is not good"
	run 1 image download "$url/plain.tar.xz"
	said "is not signed"
	gpg -q --batch -u tester@invalid --detach-sign -o "$web/plain.tar.xz.sig" "$web/plain.tar.xz"
	run 0 image download "$url/plain.tar.xz"
	run 0 image remove plain
	echo "image-keyring: /no/keys" >>"$site"
	run 1 image download "$url/plain.tar.xz"
	said_one_of "read the keys of image-keyring, '/no/keys'"
	rm "$PCT_ROOT/etc/pct/images.gpg"
	sed -i /image-keyring/d "$site"
	gpgconf --kill all 2>/dev/null || true
	clean "signatures"
else
	skip "signatures" "needs gpg and gpgv"
fi

# ---- imports ----
run 0 image import "$work/r.tar.xz" --name plain
run 1 image import "$work/r.tar.xz" --name plain
said "there is an image 'plain' already"
run 2 image import "$work/r.tar.xz" --name ../plain
run 1 image import "$work"
said "is not a file"
run 1 image import "$work/nosuch.tar"
said "open '$work/nosuch.tar': No such file or directory"
run 0 image remove plain
run 1 image download "file:$work/r.tar.xz"
said "is a file of this host: 'pct image import FILE' takes it"
make oci "$work/oci.tar" /bin/busybox
run 0 image import "$work/oci.tar" --name app
make docker "$work/docker.tar" /bin/busybox
run 0 image import "$work/docker.tar"
for kind in oci docker; do
	run 1 create 109 "$work/$kind.tar" --entrypoint /bin/app
	said "is an archive of an OCI image: 'pct image import $work/$kind.tar --name NAME', then 'pct create 109 NAME'"
done
same "the same config with other layers is another image" "$("$pct" image list --output-format json |
	python3 -c 'import json, sys; print(len({i["sha256"] for i in json.load(sys.stdin)}))')" 2
for from in app docker; do
	run 0 create 100 $from
	r=$(echo "$images"/100/*)
	conf=$confs/100.conf
	same "$from: what a layer says is gone" "$(cd "$r" && find data full was-dir was-file | sort | xargs)" \
		"data data/kept data/through full full/deep full/deep/new full/new was-dir was-file was-file/x"
	same "$from: a volume" "$(stat -c %F "$r/var/lib/volume")" directory
	same "$from: user" "$(awk '/^lxc.init.[ug]id/ { print $2 }' "$conf" | xargs)" "101 102"
	same "$from: directory" "$(awk '/^lxc.init.cwd/ { print $2 }' "$conf")" /srv/app
	same "$from: signal" "$(awk '/^lxc.signal.halt/ { print $2 }' "$conf")" SIGKILL
	same "$from: variables" "$(grep -c '^lxc.environment.runtime: [PG]' "$conf")" 2
	same "$from: mark" "$(find "$r" -name '.wh.*')" ""
	run 0 destroy 100
done
run 0 create 100 app --entrypoint /bin/true --env A=b
same "what is given wins" "$(awk '/^entrypoint/ { print $2 } /runtime/ { print $2 }' "$confs/100.conf" | xargs)" "/bin/true A=b"
run 0 destroy 100
if [ -e /dev/fuse ]; then
	run 0 create 100 app
	run 0 start 100
	until_true 5 eval '[ -s "$(echo "$images"/100/*/tmp/said)" ]'
	same "it runs as it says" "$(cat "$images"/100/*/tmp/said)" "hello world to 101:102 in /srv/app"
	run 0 destroy 100 --force
fi
run 0 image remove app
run 0 image remove docker
clean "imports"
for wrong in foreign tampered nolayer nojson; do
	make oci "$work/w.tar" /bin/busybox $wrong
	run 1 image import "$work/w.tar"
	case $wrong in
	foreign) said "has no image for amd64: it is for other architectures: mips64le" ;;
	tampered) said "is damaged: the SHA-256 of its blob" ;;
	nolayer) said "a layer is missing" ;;
	nojson) said "its index.json is no JSON" ;;
	esac
	clean "$wrong"
done
head -c 100000 /dev/urandom >"$work/noise.tar"
run 1 image import "$work/noise.tar"
said "is no image that pct can take"
clean "noise"

# ---- built ----
mkdir "$work/bin"
cat >"$work/bin/mmdebstrap" <<-S
	#!/bin/sh
	echo "\$*" >$work/said
	for a; do case \$a in $cache/*) out=\$a ;; nowhere) echo "E: no such suite" >&2; exit 1 ;; esac; done
	xz -dc $work/r.tar.xz >"\$out"
S
chmod 755 "$work/bin/mmdebstrap"
stubbed() { unshare -m sh -c "mount --bind $work/bin /usr/local/bin && exec $pct \"\$@\"" - "$@" >"$out" 2>"$err"; }
if unshare -m true 2>/dev/null && stubbed image build debian-12-minbase --mirror https://mirror.invalid/; then
	same "what mmdebstrap is told" "$(tr ' ' '\n' <"$work/said" | grep -E 'variant|^bookworm|mirror' | xargs)" \
		"--variant=minbase bookworm https://mirror.invalid/"
	run 0 create 100 debian-12-minbase
	run 0 destroy 100
	stubbed image build debian-nowhere && flunk "built nowhere" || pass "a failed build"
	said "mmdebstrap: E: no such suite"
	run 0 image remove debian-12-minbase
	clean "built"
else
	skip "built by mmdebstrap" "no mount namespace: $(head -1 "$err")"
fi
run 1 image build windows-11
said "'windows-11' cannot be built"

# ---- what is not used any more ----
run 0 image download debian/12
run 0 image import "$work/r.tar.xz" --name own
touch -d '9 days ago' "$cache/names/debian-12.json"
run 0 image import "$work/oci.tar" --name app
same "not yet" "$("$pct" image list | wc -l)" 4
touch -d '11 days ago' "$cache"/names/*.json
run 0 image remove app
said_one_of "the image 'debian-12' was not used for 11 days and is removed"
same "what is one's own stays" "$("$pct" image list | awk 'NR > 1 { print $1 }')" own
# A name that cannot be read keeps all blobs.
echo '{' >"$cache/names/bad.json"
touch "$cache/blobs/$(printf '%064d' 0)"
run 1 image list
run 0 image import "$work/oci.tar" --name app
same "blobs stay" "$(blobs)" 4
rm "$cache/names/bad.json"
run 0 image remove app
same "now they go" "$(blobs)" 1
run 0 image remove own
clean "at last"

# ---- killed at every step ----
if [ -x "$B/pct-die" ]; then
	for n in $(seq 1 30); do
		if (PCT_STEP=$n "$B/pct-die" image import "$work/oci.tar" --name app; exit $?) >/dev/null 2>&1; then break; fi
		"$pct" image list >/dev/null 2>"$err" || flunk "killed at $n: the list" "$(cat "$err")"
		if [ "$("$pct" image list | wc -l)" = 2 ]; then "$pct" image remove app; fi
		"$pct" image import "$work/oci.tar" --name app >/dev/null 2>"$err" || flunk "killed at $n: again" "$(cat "$err")"
		"$pct" image remove app
		[ "$(parts) $(blobs)" = "0 0" ] || flunk "killed at $n: something is left" "$(find "$cache")"
	done
	[ "$n" -gt 4 ] && [ "$n" -lt 30 ] && pass "killed at each of $((n - 1)) steps of an import" || flunk "steps: $n"
fi
