#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What is true of a container, from the kernel's own files: cgroupfs, /proc of its processes as the
host sees them, and a few host-wide ones. The rules are those of the views' design, written down a
second time: nothing here is taken from cgview, and no view is read.

    oracle.py PID        one sample of the container of that init, as JSON

Units: bytes, seconds, per cent, counts. A value that has no source is missing.
"""
import glob
import json
import os
import sys
import threading
import time

HZ = os.sysconf("SC_CLK_TCK")
ROOT = "/sys/fs/cgroup"


def text(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return None


def number(path):
    t = text(path)
    try:
        return int(t)
    except (TypeError, ValueError):
        return None


def pairs(path):
    out = {}
    for line in (text(path) or "").splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 2 and words[1].lstrip("-").isdigit():
            out[words[0]] = int(words[1])
    return out


def cpus_of(listing):
    out = set()
    for part in (listing or "").strip().split(","):
        if part:
            a, _, b = part.partition("-")
            out |= set(range(int(a), int(b or a) + 1))
    return out


def online():
    return cpus_of(text("/sys/devices/system/cpu/online"))


def nodes_of(cpus):
    """The NUMA nodes these are on."""
    return {int(p.rpartition("node")[2]) for p in glob.glob("/sys/devices/system/node/node[0-9]*")
            if cpus_of(text(p + "/cpulist")) & cpus}


def sockets_of(cpus):
    return {text("/sys/devices/system/cpu/cpu%d/topology/physical_package_id" % c) for c in cpus}


def listing_of(cpus):
    """As the kernel writes it: 0-2,5."""
    out, cpus = [], sorted(cpus)
    while cpus:
        n = 1
        while n < len(cpus) and cpus[n] == cpus[0] + n:
            n += 1
        out.append(str(cpus[0]) if n == 1 else "%d-%d" % (cpus[0], cpus[n - 1]))
        cpus = cpus[n:]
    return ",".join(out)


class Container:
    """The cgroups of an init, in whichever hierarchy has them, and those above."""

    def __init__(self, pid, sold_cpus=None):
        self.pid = pid
        self.sold_cpus = sold_cpus
        self.where = {}
        for line in text("/proc/%d/cgroup" % pid).splitlines():
            _, names, path = line.split(":", 2)
            for cut in "/init.scope", "/ns":
                if path.endswith(cut):
                    path = path[:-len(cut)]
            for name in names.split(","):
                self.where[name.replace("name=", "")] = path
        self.v2 = "memory" not in self.where
        self.unified = ROOT if self.v2 else ROOT + "/unified"

    def base(self, controller):
        return self.unified if self.v2 else ROOT + "/" + controller

    def dir(self, controller):
        return self.base(controller) + self.where["" if self.v2 else controller]

    def up(self, controller):
        """Its cgroup and all above it, the root not among them."""
        path = self.where["" if self.v2 else controller]
        while path != "/":
            yield self.base(controller) + path
            path = os.path.dirname(path)

    def start_ticks(self):
        return int(text("/proc/%d/stat" % self.pid).rpartition(")")[2].split()[19])

    def boot_offset(self):
        """Of a time namespace of its own, from the host's boot clock to its; None: it has none."""
        try:
            if os.stat("/proc/%d/ns/time" % self.pid).st_ino == os.stat("/proc/self/ns/time").st_ino:
                return None
        except OSError:
            return None
        for line in (text("/proc/%d/timens_offsets" % self.pid) or "").splitlines():
            name, sec, ns = line.split()
            if name == "boottime":
                return int(sec) + int(ns) / 1e9
        return None

    def tasks(self):
        """Of the whole subtree: (state, comm) of each thread."""
        out = []
        top = self.dir("pids") if "pids" in self.where else self.dir("cpu")
        for d, _, files in os.walk(top):
            for pid in (text(d + ("/cgroup.procs")) or "").split():
                for stat in glob.glob("/proc/%s/task/*/stat" % pid):
                    t = text(stat)
                    if t:
                        out.append(t.rpartition(")")[2].split()[0])
        return out

    def memory(self, o):
        host = pairs("/proc/meminfo")
        total = host["MemTotal"] * 1024
        free, swap_limit, limit = [], [], total
        for d in self.up("memory"):
            if self.v2:
                lim, use = number(d + "/memory.max"), number(d + "/memory.current")
                swap_limit.append(number(d + "/memory.swap.max"))
            else:
                lim, use = (number(d + "/memory.%s_in_bytes" % n) for n in ("limit", "usage"))
                swap_limit.append(number(d + "/memory.memsw.limit_in_bytes"))
            if lim is not None and lim < total:
                limit = min(limit, lim)
                free.append(max(0, lim - use))
        d = self.dir("memory")
        usage = number(d + ("/memory.current" if self.v2 else "/memory.usage_in_bytes"))
        s = pairs(d + "/memory.stat")
        get = (lambda new, old: s.get(new, 0)) if self.v2 else (lambda new, old: s.get("total_" + old, 0))
        o["mem_total"] = limit
        o["mem_free"] = min(free) if free else min(limit - usage, host["MemFree"] * 1024)
        back = get("active_file", "active_file") + get("inactive_file", "inactive_file") \
            + get("slab_reclaimable", "-") - get("file_dirty", "dirty") - get("file_writeback", "writeback")
        o["mem_avail"] = max(o["mem_free"], min(limit, o["mem_free"] + back))
        o["mem_cached"] = get("file", "cache")
        o["mem_reclaimable"] = get("slab_reclaimable", "-")
        o["mem_anon"] = get("anon", "rss")
        o["mem_shmem"] = get("shmem", "shmem")
        o["mem_active"] = get("active_anon", "active_anon") + get("active_file", "active_file")
        o["mem_inactive"] = get("inactive_anon", "inactive_anon") + get("inactive_file", "inactive_file")
        o["pgfault"] = get("pgfault", "pgfault")
        swap = host["SwapTotal"] * 1024
        swap_limit = [x for x in swap_limit if x is not None]
        if self.v2:
            o["swap_total"] = min(swap_limit + [swap])
            o["swap_used"] = number(d + "/memory.swap.current") or 0
        else:
            o["swap_total"] = min(swap, max(0, min(swap_limit) - limit)) if swap_limit else 0
            o["swap_used"] = max(0, (number(d + "/memory.memsw.usage_in_bytes") or usage) - usage)
        o["swap_used"] = min(o["swap_used"], o["swap_total"])
        o["swap_free"] = o["swap_total"] - o["swap_used"]

    def cpus(self, o):
        d = self.dir("cpuset")
        mine = cpus_of(text(d + ("/cpuset.cpus.effective" if self.v2 else "/cpuset.effective_cpus")))
        mine = (mine & online()) or online()
        mems = cpus_of(text(d + ("/cpuset.mems.effective" if self.v2 else "/cpuset.effective_mems")))
        if self.sold_cpus is not None:
            mine, mems = self.sold_cpus, nodes_of(self.sold_cpus)
        quota = []
        for d in self.up("cpu"):
            if self.v2:
                words = (text(d + "/cpu.max") or "max").split()
                if words[0] != "max":
                    quota.append(int(words[0]) / int(words[1]))
            else:
                q = number(d + "/cpu.cfs_quota_us")
                if q is not None and q > 0:
                    quota.append(q / number(d + "/cpu.cfs_period_us"))
        n = len(mine)
        if quota:
            n = min(n, max(1, -int(-min(quota) // 1)))
            o["quota"] = min(quota)
        visible = set(sorted(mine)[:n])
        o["cpus"] = n
        o["cpu_list"] = listing_of(visible)
        # The tests' containers have a cpuset line of their own: fixed for life.
        o["cpus_possible"] = len(mine)
        o["affinity"] = len(mine)
        o["affinity_list"] = listing_of(mine)
        o["nodes"] = len(nodes_of(visible) | mems)
        o["sockets"] = len(sockets_of(visible))

    def set_quota(self, quota):
        """The only thing that is ever written here."""
        name, value = ("cpu.max", "%d 100000" % (quota * 1e5)) if self.v2 else \
            ("cpu.cfs_quota_us", "%d" % (quota * 1e5))
        with open(self.dir("cpu") + "/" + name, "w") as f:
            f.write(value)

    def cputime(self, o):
        if self.v2:
            s = pairs(self.dir("cpu") + "/cpu.stat")
            o["cpu_used"] = (s["user_usec"] + s["system_usec"]) / 1e6
        else:
            o["cpu_used"] = number(self.dir("cpuacct") + "/cpuacct.usage") / 1e9
        s = pairs(self.dir("cpu") + "/cpu.stat")
        o["throttled"] = s["throttled_usec"] / 1e6 if "throttled_usec" in s else s.get("throttled_time", 0) / 1e9

    def times(self, o, start):
        boot = float(text("/proc/uptime").split()[0])
        now = time.time()
        # One that has a clock of its own booted when that began, its init started a little later.
        offset = self.boot_offset()
        o["age"] = boot - start / HZ if offset is None else boot + offset
        o["now"] = now
        o["started"] = now - o["age"]
        o["init_age"] = boot - start / HZ
        o["init_started"] = now - o["init_age"]

    def io(self, o):
        wrote = 0
        if self.v2:
            for line in (text(self.dir("io") + "/io.stat") or "").splitlines():
                wrote += sum(int(w[7:]) for w in line.split() if w.startswith("wbytes="))
        else:
            t = text(self.dir("blkio") + "/blkio.throttle.io_service_bytes_recursive")
            wrote = sum(int(l.split()[2]) for l in (t or "").splitlines() if " Write " in l)
        o["disk_wrote"] = wrote
        path = self.unified + self.where.get("", "/nowhere")
        for name in "cpu", "memory", "io":
            t = text(path + "/" + name + ".pressure")
            if t:
                o["psi_" + name] = int(t.split("total=")[1].split()[0]) / 1e6

    def sample(self, start=None):
        o = {"t": time.monotonic()}
        self.memory(o)
        self.cpus(o)
        self.cputime(o)
        self.times(o, self.start_ticks() if start is None else start)
        self.io(o)
        return o


class Watch(threading.Thread):
    """
    Samples of a container ten times a second. Its load is by the kernel's formula, a step every 5 s;
    which moments those are is chance, so that it is between the least and the most of PHASES.
    """
    PHASES = 10

    def __init__(self, pid, sold_cpus=None):
        super().__init__(daemon=True)
        self.c = Container(pid, sold_cpus)
        self.began = self.c.start_ticks()
        self.samples = []
        self.load = [0.0] * self.PHASES
        self.end = False
        self.problem = None
        self.start()

    def run(self):
        began, step, e = time.monotonic(), 0, 0.9200444
        try:
            while not self.end:
                now = int((time.monotonic() - began) / 5 * self.PHASES)
                running = sum(t in "RD" for t in self.c.tasks()) if now > step else 0
                for step in range(step + 1, now + 1):
                    i = step % self.PHASES
                    self.load[i] = self.load[i] * e + running * (1 - e)
                o = self.c.sample(self.began)
                o["load1"] = min(self.load), max(self.load)
                self.rates(o)
                self.samples.append(o)
                time.sleep(0.1)
        except Exception as e:  # the container has gone, or a rule above is wrong
            self.problem = e

    def rates(self, o):
        """Of the second before: per cent of all its CPUs."""
        old = None
        for s in reversed(self.samples):
            old = s
            if o["t"] - s["t"] >= 1:
                break
        if not old:
            old = o
        dt = max(o["t"] - old["t"], 1e-3) * o["cpus"]
        o["busy"] = min(100, 100 * (o["cpu_used"] - old["cpu_used"]) / dt)
        o["steal"] = min(100 - o["busy"], 100 * (o["throttled"] - old["throttled"]) / dt)
        o["idle"] = 100 - o["busy"] - o["steal"]

    def during(self, t0, t1):
        # A sample before and after, so that what changed meanwhile is between two of them.
        deadline = time.monotonic() + 3
        while self.samples[-1]["t"] < t1 and time.monotonic() < deadline and not self.problem:
            time.sleep(0.02)
        if self.problem:
            raise self.problem
        before = [s for s in self.samples if s["t"] < t0][-2:]
        return before + [s for s in self.samples if t0 <= s["t"]]

    def stop(self):
        self.end = True
        self.join()
        if self.problem:
            raise self.problem


if __name__ == "__main__":
    print(json.dumps(Container(int(sys.argv[1])).sample(), indent=1))
