# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes what tests/e2e/pct-image.sh serves and imports.

image-make.py streams DIR TAR SUM|wrong [VERSION]   a simplestreams tree around a root.tar.xz
image-make.py oci OUT BUSYBOX [VARIANT]     an OCI archive: layers with whiteouts, two architectures
image-make.py docker OUT BUSYBOX            the like of `docker save`
image-make.py hostile KIND OUT BUSYBOX      a root's tar that means harm
"""
import gzip, hashlib, io, json, os, subprocess, sys, tarfile


def sha(data):
    return hashlib.sha256(data).hexdigest()


def tar_of(entries, pax=None, fmt=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as t:
        for e in entries:
            name, kind, value = e[:3]
            i = tarfile.TarInfo(name)
            i.mode = 0o755
            data = None
            if kind == "dir":
                i.type = tarfile.DIRTYPE
            elif kind == "file":
                data = value
                i.size = len(value)
            elif kind == "link":
                i.type, i.linkname = tarfile.SYMTYPE, value
            elif kind == "hard":
                i.type, i.linkname = tarfile.LNKTYPE, value
            elif kind == "chr":
                i.type = tarfile.CHRTYPE
                i.devmajor, i.devminor = value
            for k, v in (e[3] if len(e) > 3 else {}).items():
                setattr(i, k, v)
            t.addfile(i, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def streams(folder, tar, wrong="", version="20261101_05:24"):
    root = open(tar, "rb").read()
    meta = b"metadata of it"
    where = "images/debian/bookworm/amd64/default/" + version
    os.makedirs(os.path.join(folder, where), exist_ok=True)
    os.makedirs(os.path.join(folder, "streams/v1"), exist_ok=True)
    put = lambda name, data: open(os.path.join(folder, name), "wb").write(data)
    put(where + "/rootfs.tar.xz", root)
    put(where + "/incus.tar.xz", meta)
    digest, size, combined = sha(root), len(root), sha(meta + root)
    if wrong == "hash":
        digest = sha(b"another")
    if wrong == "size":
        size += 10
    if wrong == "short":
        size -= 10
    if wrong == "combined":
        combined = sha(b"another")
    item = {"ftype": "root.tar.xz", "path": where + "/rootfs.tar.xz", "sha256": digest, "size": size}
    if wrong == "path":
        item["path"] = "../../../etc/passwd"
    products = {"content_id": "images", "datatype": "image-downloads", "format": "products:1.0", "products": {
        "debian:bookworm:amd64:default": {
            "aliases": "debian/bookworm/default,debian/bookworm,debian/12", "arch": "amd64", "os": "Debian",
            "release": "bookworm", "release_title": "bookworm", "variant": "default",
            "versions": {
                "20200101_00:00": {"items": {"root.tar.xz": dict(item, sha256=sha(b"old"))}},
                version: {"items": {
                    "rootfs.squashfs": {"ftype": "squashfs", "path": where + "/rootfs.squashfs", "sha256": sha(b"s"), "size": 1},
                    "root.tar.xz": item,
                    "incus.tar.xz": {"ftype": "incus.tar.xz", "path": where + "/incus.tar.xz", "sha256": sha(meta),
                                     "size": len(meta), "combined_rootxz_sha256": combined}}}}},
        "debian:bookworm:s390x:default": {
            "aliases": "debian/12", "arch": "s390x", "os": "Debian", "release": "bookworm",
            "versions": {version: {"items": {"root.tar.xz": item}}}},
        "alpine:edge:amd64:default": {
            "aliases": "alpine/edge", "arch": "amd64", "os": "Alpine", "release": "edge",
            "versions": {version: {"items": {"squashfs": {"ftype": "squashfs", "path": "x", "sha256": sha(b""), "size": 1}}}}}}}
    index = {"format": "index:1.0", "index": {"images": {
        "datatype": "image-downloads", "format": "products:1.0", "path": "streams/v1/images.json",
        "products": list(products["products"])}}}
    put("streams/v1/index.json", json.dumps(index).encode())
    put("streams/v1/images.json", json.dumps(products).encode())


def layers(busybox):
    bb = open(busybox, "rb").read()
    base = tar_of([("bin/", "dir", 0), ("bin/busybox", "file", bb), ("bin/sh", "hard", "bin/busybox"),
                   ("bin/sleep", "link", "busybox"), ("bin/id", "link", "busybox"), ("bin/true", "link", "busybox"),
                   ("etc/", "dir", 0), ("etc/passwd", "file", b"root:x:0:0::/:/bin/sh\nweb:x:101:102::/:/bin/sh\n"),
                   ("etc/group", "file", b"root:x:0:\nweb:x:102:\n"),
                   ("data/", "dir", 0), ("data/gone", "file", b"1"), ("data/kept", "file", b"1"),
                   ("full/", "dir", 0), ("full/old", "file", b"1"), ("full/deep/", "dir", 0),
                   ("full/deep/old", "file", b"1"), ("link", "link", "data"), ("was-dir/", "dir", 0),
                   ("was-dir/x", "file", b"1"), ("was-file", "file", b"1")])
    # What is new comes before the mark that all older is gone, and stays.
    top = tar_of([("data/.wh.gone", "file", b""), ("full/new", "file", b"2"), ("full/deep/new", "file", b"2"),
                  ("full/.wh..wh..opq", "file", b""), ("link/through", "file", b"2"),
                  ("was-dir", "file", b"2"), ("was-file/", "dir", 0), ("was-file/x", "file", b"2"),
                  ("srv/app/", "dir", 0), ("tmp/", "dir", 0, {"mode": 0o1777})])
    return base, top


def config(arch, sums, command=None):
    return json.dumps({"architecture": arch, "os": "linux", "config": {
        "Entrypoint": ["sh", "-c"], "Cmd": command or ["echo \"$GREETING\" to $(id -u):$(id -g) in $(pwd) > /tmp/said; sleep 1000"],
        "Env": ["PATH=/usr/bin:/bin", "GREETING=hello world", "bad name=x"], "User": "web", "WorkingDir": "/srv/app",
        "StopSignal": "KILL", "Volumes": {"/var/lib/volume": {}, "/../../escape": {}}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + s for s in sums]}}).encode()


def oci(out, busybox, variant=""):
    base, top = layers(busybox)
    # Only this architecture's files are there, as one gets them.
    ours = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip() or "amd64"
    packed = [gzip.compress(base), subprocess.run(["zstd", "-qc"], input=top, capture_output=True).stdout or top]
    blobs = {}

    def blob(data, kind, **more):
        blobs[sha(data)] = data
        return dict({"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + sha(data), "size": len(data)}, **more)

    def manifest(arch, parts):
        return json.dumps({"schemaVersion": 2, "config": blob(config(arch, [sha(base), sha(top)]), "config.v1+json"),
                           "layers": [blob(p, "layer.v1.tar+gzip") for p in parts]}).encode()

    mine = manifest(ours, packed)
    other = manifest("mips64le", packed)
    entries = [blob(other, "manifest.v1+json", platform={"architecture": "mips64le", "os": "linux"})]
    if variant != "foreign":
        entries.append(blob(mine, "manifest.v1+json", platform={"architecture": ours, "os": "linux"}))
    inner = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    outer = json.dumps({"schemaVersion": 2, "manifests": [blob(inner, "index.v1+json")]}).encode()
    if variant == "nolayer":
        del blobs[sha(packed[1])]
    files = [("blobs/", "dir", 0), ("blobs/sha256/", "dir", 0), ("oci-layout", "file", b'{"imageLayoutVersion":"1.0.0"}')]
    for k, v in blobs.items():
        if variant == "tampered" and v == packed[0]:
            v = v[:-1] + b"X"
        files.append(("blobs/sha256/" + k, "file", v))
    files.append(("index.json", "file", outer if variant != "nojson" else b"{{{"))
    open(out, "wb").write(tar_of(files))


def docker(out, busybox):
    base, top = layers(busybox)
    ours = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip() or "amd64"
    c = config(ours, [sha(base), sha(top)])
    a, b = sha(b"a"), sha(b"b")
    files = [(a + "/", "dir", 0), (a + "/layer.tar", "file", base), (a + "/VERSION", "file", b"1.0"),
             (b + "/layer.tar", "file", top), (sha(c) + ".json", "file", c),
             ("manifest.json", "file", json.dumps([{"Config": sha(c) + ".json", "RepoTags": ["a:b"],
                                                    "Layers": [a + "/layer.tar", b + "/layer.tar"]}]).encode()),
             ("repositories", "file", b"{}")]
    open(out, "wb").write(tar_of(files))


def root(busybox):
    return [("sbin/", "dir", 0), ("sbin/init", "file", open(busybox, "rb").read())]


def hostile(kind, out, busybox):
    start = root(busybox)
    outside = os.path.dirname(out)
    evil = ("evil", "file", b"evil")
    kinds = {
        "dots": [("../outside", "file", b"evil")],
        "absolute": [(outside + "/outside", "file", b"evil")],
        "through": [("d", "link", outside), ("d/outside", "file", b"evil")],
        "through-relative": [("d", "link", "../../../../../../../../.." + outside), ("d/outside", "file", b"evil")],
        "hard-out": [("h", "hard", "../../outside")],
        "hard-absolute": [("h", "hard", outside + "/outside")],
        "hard-through": [("d", "link", outside), ("h", "hard", "d/outside"), ("h", "file", b"evil")],
        "hard-write": [("l", "link", outside + "/outside"), ("h", "hard", "l"), ("h", "file", b"evil")],
        "link-write": [("l", "link", outside + "/outside"), ("l", "file", b"evil")],
        "dir-to-link": [("d/", "dir", 0), ("d/x", "file", b"1"), ("d", "link", outside), ("d/outside", "file", b"evil")],
        "empty-dir-to-link": [("d/", "dir", 0), ("d", "link", outside), ("d/outside", "file", b"evil")],
        "link-to-dir": [("d", "link", outside), ("d/", "dir", 0), ("d/outside", "file", b"evil")],
        "device": [("sda", "chr", (8, 0))],
        "setuid": [("su", "file", b"evil", {"mode": 0o6777})],
        "root-link": [(".", "link", outside), evil],
        "long": [("a/" * 2100 + "x", "file", b"1")],
        "name": [("n" * 300, "file", b"1")],
        "many": [("f%d" % i, "hard", "sbin/init") for i in range(200)],
        "xattr": [("x", "file", b"1", {"pax_headers": {"SCHILY.xattr.user.big": "x" * 100000}})],
        "huge-pax": [("x", "file", b"1", {"pax_headers": {"comment": "x" * (200 << 20)}})],
    }
    if kind == "sparse":  # 1 TiB, of which nothing but a byte is there
        head = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "big",
                "GNU.sparse.size": str(1 << 40), "GNU.sparse.realsize": str(1 << 40),
                "GNU.sparse.numblocks": "1", "GNU.sparse.map": "%d,1" % ((1 << 40) - 1)}
        entries = start + [("GNUSparseFile.0/big", "file", b"x", {"pax_headers": head})]
    elif kind == "bomb":  # 40 GB of zeros in some bytes: gzip of gzip would be less
        big = tarfile.TarInfo("zeros")
        big.size = 40 << 30
        p = subprocess.Popen(["zstd", "-q", "-1", "-o", out, "-f"], stdin=subprocess.PIPE)
        p.stdin.write(big.tobuf(tarfile.GNU_FORMAT))
        zeros = bytes(1 << 20)
        for _ in range(2 << 10):
            p.stdin.write(zeros)
        p.stdin.close()
        return p.wait()
    elif kind == "nested":  # compressed twice
        open(out, "wb").write(gzip.compress(gzip.compress(tar_of(start))))
        return None
    else:
        entries = start + kinds[kind]
    open(out, "wb").write(tar_of(entries))
    return None


{"streams": streams, "oci": oci, "docker": docker, "hostile": hostile}[sys.argv[1]](*sys.argv[2:])
