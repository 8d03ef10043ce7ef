#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What Python and psutil say, one word a line; or, as `probe.py tty SECONDS KEYS COMMAND…`, what a
# program shows in the end on a terminal of 120 × 40.
import os
import sys


def tty(seconds, keys, command):
    import fcntl, pty, select, struct, termios, time
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
    print(screen(data.decode("utf-8", "replace"), 40, 120))


def screen(text, rows, columns):
    """What a terminal shows in the end, of the sequences that curses sends to an xterm."""
    import re
    cells = [[" "] * columns for _ in range(rows)]
    y = x = 0
    last = " "
    # The alternate screen is left at the end: what was on it is what was seen.
    text = text.split("\x1b[?1049l")[0]
    for m in re.finditer(r"\x1b\[([?>]?)([\d;]*)([A-Za-z])|\x1b[()].|\x1b.|([\s\S])", text):
        private, args, what, char = m.groups()
        if char == "\n":
            y = min(y + 1, rows - 1)
        elif char == "\r":
            x = 0
        elif char == "\b":
            x = max(x - 1, 0)
        elif char and char >= " ":
            if x < columns:
                cells[y][x] = last = char
            x += 1
        elif what and not private:
            n = [int(a or 0) for a in args.split(";")]
            one = max(n[0], 1)
            if what in "Hf":
                y, x = min(one, rows) - 1, max(n[1] if len(n) > 1 else 1, 1) - 1
            elif what == "d":
                y = min(one, rows) - 1
            elif what == "G":
                x = one - 1
            elif what == "A":
                y = max(y - one, 0)
            elif what == "B":
                y = min(y + one, rows - 1)
            elif what == "C":
                x += one
            elif what == "D":
                x = max(x - one, 0)
            elif what == "b":
                for _ in range(one):
                    if x < columns:
                        cells[y][x] = last
                    x += 1
            elif what == "X":
                cells[y][x:x + one] = [" "] * len(cells[y][x:x + one])
            elif what == "K":
                cells[y] = cells[y][:x] + [" "] * (columns - x) if n[0] == 0 else \
                    [" "] * columns if n[0] == 2 else [" "] * (x + 1) + cells[y][x + 1:]
            elif what == "J":
                if n[0] == 0:
                    cells[y][x:] = [" "] * (columns - x)
                for i in range(y + 1 if n[0] == 0 else 0, rows):
                    cells[i] = [" "] * columns
    return "\n".join("".join(r)[:columns].rstrip() for r in cells)


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
