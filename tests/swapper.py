# SPDX-License-Identifier: LGPL-2.1-or-later
"""A container's root that swaps the targets of views while they are being attached.

Runs inside; a line in is one deed, "DEED TARGET", a line out is its end: "done", or "failed".
"""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
MS_BIND, MNT_DETACH, MS_REC, MS_PRIVATE = 4096, 2, 16384, 1 << 18


def mount(source, target, kind=None, flags=0):
    b = lambda s: s.encode() if s else None
    if libc.mount(b(source), b(target), b(kind), flags, None) < 0:
        raise OSError(ctypes.get_errno(), target)


def take_off(target):
    if libc.umount2(target.encode(), MNT_DETACH) < 0:
        raise OSError(ctypes.get_errno(), target)


def bare():
    """A /proc of its own again, with nothing on it; and nothing but views on its /sys."""
    while covered:
        libc.umount2(covered.pop(), MNT_DETACH)
    for _ in range(64):
        if libc.umount2(b"/proc", MNT_DETACH) < 0:
            break
    mount("proc", "/proc", "proc")


def link(target):
    """Not a file any more, but a way to one of the host's, if it were followed."""
    mount("none", "/proc", "tmpfs")
    path = "/" + target
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink("../" * 20 + victim.lstrip("/"), path)


def directory_link(target):
    mount("none", "/proc", "tmpfs")
    os.symlink("/proc/self/root", "/proc/self")
    os.symlink("../" * 20 + os.path.dirname(victim).lstrip("/"), "/proc/pressure")


def cover(target):
    mount("none", "/proc", "tmpfs")


def cover_only(source, target, *how, **flags):
    mount(source, target, *how, **flags)
    if target.startswith("/sys/"):
        covered.append(target.encode())


def file(target):
    cover_only(own, "/" + target, flags=MS_BIND)


def volume(target):
    """What is mounted there is mounted on the host too."""
    cover_only(shared + ("/d" if os.path.isdir("/" + target) else "/f"), "/" + target, flags=MS_BIND)


def recycled(target):
    """A file of its own, whose mount has the number that the target's had."""
    take_off("/proc/vmstat")
    mount(own, "/proc/vmstat", flags=MS_BIND)


def fake(target):
    cover_only("lxcfs", "/" + target if os.path.isdir("/" + target) else "/proc", "tmpfs")


def unmount(target):
    take_off("/proc")


def again(target):
    mount("proc", "/proc", "proc")


def self_root(target):
    mount("/proc/self/root", "/proc", flags=MS_BIND)


def nothing(target):
    pass


DEEDS = [link, directory_link, cover, file, volume, recycled, fake, unmount, again, self_root, nothing]

if __name__ == "__main__":
    victim, own, shared = sys.argv[1:]
    covered = []
    deeds = {f.__name__: f for f in DEEDS}
    for line in sys.stdin:
        name, target = line.split()
        try:
            bare() if name == "bare" else deeds[name](target)
            how = "done"
        except OSError:
            how = "failed"
        print(how, flush=True)
