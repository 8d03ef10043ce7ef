#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What Python and psutil say, one word a line; or, as `probe.py tty SECONDS KEYS COMMAND…`, what a
# program shows on a terminal of 120 × 40, without the terminal's sequences.
import os
import sys


def tty(seconds, keys, command):
    import fcntl, pty, re, select, struct, termios, time
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    data, end, sent = b"", time.monotonic() + seconds, False
    while time.monotonic() < end + 2:
        if not sent and time.monotonic() >= end:
            os.write(fd, keys.encode())
            sent = True
        if select.select([fd], [], [], 0.1)[0]:
            try:
                some = os.read(fd, 65536)
            except OSError:
                break
            if not some:
                break
            data += some
    text = data.decode("utf-8", "replace")
    # A jump to another row is a new line; colours are nothing; repeat-char is so many.
    text = re.sub(r"(.)\x1b\[(\d+)b", lambda m: m[1] * (int(m[2]) + 1), text)
    text = re.sub(r"\x1b\[\d*(;\d*)?[Hd]", "\n", text)
    text = re.sub(r"\x1b\[\d*[CG]", " ", text)
    text = re.sub(r"\x1b(\[[?>]?[0-9;]*[A-Za-z]|[()][A-Z0-9]|[=>78])", "", text)
    print(text)


def main():
    print("cpu_count", os.cpu_count())
    print("affinity", len(os.sched_getaffinity(0)))
    print("load1", os.getloadavg()[0])
    print("phys", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    print("avphys", os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:
        import psutil
    except ImportError:
        return
    m, s, t = psutil.virtual_memory(), psutil.swap_memory(), psutil.cpu_times()
    d = psutil.disk_io_counters() or None
    print("ps_count", psutil.cpu_count())
    print("ps_rows", len(psutil.cpu_times(percpu=True)))
    for k in "total", "available", "used", "free", "cached", "buffers", "shared":
        print("ps_" + k, getattr(m, k))
    print("ps_swap", s.total)
    print("ps_sin", s.sin)
    print("ps_busy", t.user + t.nice + t.system)
    print("ps_steal", t.steal)
    print("ps_idle", t.idle)
    print("ps_boot", psutil.boot_time())
    print("ps_percent", psutil.cpu_percent(interval=2))
    print("ps_wbytes", d.write_bytes if d else 0)
    print("ps_ctx", psutil.cpu_stats().ctx_switches)
    print("ps_init_age", __import__("time").time() - psutil.Process(1).create_time())


if len(sys.argv) > 4 and sys.argv[1] == "tty":
    tty(float(sys.argv[2]), sys.argv[3], sys.argv[4:])
else:
    main()
