#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tars that mean harm: refused in one line with nothing left, or contained. And what a good one has,
# for containers whose files are shifted on the disk and for those whose are not.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs python3" command -v python3 >/dev/null
needs "needs zstd" command -v zstd >/dev/null

work=$PCT_ROOT/work
site=$PCT_ROOT/etc/pct/pct.conf
mkdir -p "$work" "$PCT_ROOT/etc/pct"
echo kept >"$work/outside"
mode=$(stat -c %a:%u:%g:%h "$work/outside")
make() { python3 "$TOP/tests/e2e/image-make.py" hostile "$1" "$work/$1.tar" /bin/busybox; }

untouched() # KIND
{
	same "$1: what is outside" "$(cat "$work/outside") $(stat -c %a:%u:%g:%h "$work/outside")" "kept $mode"
}

refused() # KIND TEXT
{
	make "$1"
	run 1 create 120 "$work/$1.tar"
	said "$2"
	nothing_of 120
	untouched "$1"
}

contained() # KIND: the container is made; its root is $r
{
	make "$1"
	run 0 create 120 "$work/$1.tar"
	r=$(echo "$images"/120/*)
	untouched "$1"
}

refused dots "its entry '../outside' leads out of the root by '..'"
refused absolute "its entry '$work/outside' has an absolute path"
refused through "its entry 'd/outside' leads through a symlink"
refused through-relative "its entry 'd/outside' leads through a symlink"
refused hard-out "its entry 'h' is a hard link that leads out of the root"
refused hard-absolute "its entry 'h' is a hard link that leads out of the root"
refused hard-through "its entry 'h' leads through a symlink"
refused dir-to-link "its entry 'd' would replace a directory"
refused empty-dir-to-link "its entry 'd' would replace a directory"
refused root-link "would replace the root itself"
refused long "has a path that is too long"
refused name "has a path that is too long"
refused huge-pax "is damaged, or no tar"
refused nested "is damaged, or no tar (plain, gz, xz, zst, bz2): it is compressed more than once"

# A link where a file comes is replaced, not written through.
contained hard-write
same "hard-write: a file of its own" "$(cat "$r/h")" evil
same "hard-write: the link" "$(readlink "$r/l")" "$work/outside"
run 0 destroy 120
contained link-write
same "link-write: a file of its own" "$(stat -c %F:%s "$r/l")" "regular file:4"
run 0 destroy 120
contained link-to-dir
same "link-to-dir: a directory of its own" "$(stat -c %F "$r/d"):$(cat "$r/d/outside")" directory:evil
run 0 destroy 120
contained device
same "device: none" "$(find "$r" -name sda)" ""
run 0 destroy 120
contained setuid
same "setuid: kept" "$(stat -c %a "$r/su")" 6777
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	setpriv --reuid 65534 --regid 65534 --clear-groups cat "$r/su" >/dev/null 2>&1 &&
		flunk "setuid: a user of the host reads it" || pass "setuid: no user of the host gets at it"
fi
run 0 destroy 120
contained xattr
same "xattr: said" "$(grep -c 'unpacked without all they have; first' "$err")" 1
run 0 destroy 120
contained many
run 0 destroy 120

# Limits, each with what is just below it.
echo 'unpack-max-entries: 202' >"$site"
run 0 create 120 "$work/many.tar"
run 0 destroy 120
echo 'unpack-max-entries: 201' >"$site"
refused many "it has more than 201 entries"
echo 'unpack-max-size: 64M' >"$site"
contained sparse
same "sparse: a terabyte" "$(stat -c %s "$r/big")" $((1 << 40))
[ "$(stat -c %b "$r/big")" -le 64 ] && pass "sparse: next to nothing on the disk" || flunk "sparse" "$(stat "$r/big")"
run 0 destroy 120
before=$SECONDS
make bomb
[ "$(stat -c %s "$work/bomb.tar")" -lt 2000000 ] && pass "bomb: small itself" || flunk "bomb" "$(ls -l "$work")"
run 1 create 120 "$work/bomb.tar"
said "it holds more than 64M"
nothing_of 120
[ $((SECONDS - before)) -lt 300 ] && pass "bomb: soon seen" || flunk "bomb: $((SECONDS - before)) s"
echo 'unpack-max-size: many' >"$site"
run 0 create 120 "$work/many.tar"
same "a limit that is none is said" "$(grep -c "unpack-max-size: 'many' is not a size as 64G" "$err")" 1
run 0 destroy 120
rm "$site"

# A layer's links lead on, within the root; what it says is gone is gone there only.
layer() # NAME PYTHON: entries of the upper layer of an image
{
	python3 - "$TOP/tests/e2e" "$work/$1.tar" "$2" <<-'P'
		import importlib.util, json, sys
		sys.argv, (here, out, text) = ["", "hostile", "setuid", "/dev/null", "/bin/busybox"], sys.argv[1:4]
		spec = importlib.util.spec_from_file_location("make", here + "/image-make.py")
		m = importlib.util.module_from_spec(spec); spec.loader.exec_module(m)
		base = m.tar_of(m.root("/bin/busybox") + [("etc/", "dir", 0), ("etc/x", "file", b"1")])
		top = m.tar_of(eval(text))
		c = m.config("amd64", [m.sha(base), m.sha(top)], None)
		c = json.dumps({"architecture": "amd64", "os": "linux", "config": {}}).encode()
		a, b = "a" * 64, "b" * 64
		m.tar_of
		open(out, "wb").write(m.tar_of([(a + "/layer.tar", "file", base), (b + "/layer.tar", "file", top),
			(m.sha(c) + ".json", "file", c), ("manifest.json", "file", json.dumps([{"Config": m.sha(c) + ".json",
			"Layers": [a + "/layer.tar", b + "/layer.tar"]}]).encode())]))
	P
	run 0 image import "$work/$1.tar" --name "$1" --arch amd64
}
if [ "$(uname -m)" = x86_64 ]; then
	layer out "[('d', 'link', '../../../../../..$work'), ('d/outside', 'file', b'evil'), ('e', 'link', '$work'), ('e/outside', 'file', b'evil')]"
	run 1 create 120 out
	said "its entry 'd/outside'"
	untouched "layer: a link outwards"
	nothing_of 120
	layer out2 "[('tmp/', 'dir', 0), ('d', 'link', '../../../tmp'), ('d/outside', 'file', b'evil')]"
	run 0 create 120 out2
	same "layer: a link within the root" "$(cat "$images"/120/*/tmp/outside)" evil
	run 0 destroy 120
	layer white "[('d', 'link', '/'), ('.wh...', 'file', b'')]"
	run 1 create 120 white
	said "says of no name that it is gone"
	nothing_of 120
	layer white2 "[('.wh.etc', 'file', b''), ('.wh.sbin', 'file', b''), ('l', 'link', '../../..$work'), ('l/.wh.outside', 'file', b''), ('l/.wh..wh..opq', 'file', b'')]"
	run 1 create 120 white2
	untouched "layer: what is gone"
	nothing_of 120
	layer white3 "[('a/../../.wh.outside', 'file', b'')]"
	run 1 create 120 white3
	said "leads out of the root by '..'"
	untouched "layer: what is gone by .."
else
	skip "layers" "made for amd64 only"
fi
