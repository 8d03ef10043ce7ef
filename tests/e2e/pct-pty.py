# SPDX-License-Identifier: LGPL-2.1-or-later
"""pct exec, enter, console and top at a terminal: PCT VMID. A line for each check, as lib.sh's."""
import fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time

pct, vmid = sys.argv[1:3]
failed = False


def check(sentence, good, said=""):
    global failed
    print(("ok - " if good else "not ok - ") + sentence)
    if not good:
        failed = True
        print("    " + repr(said))
    sys.stdout.flush()


def until(true, seconds=90):
    """What is to become true; on a machine that has other things to do that takes its time."""
    end = time.time() + seconds
    while not true():
        if time.time() > end:
            return False
        time.sleep(0.05)
    return True


def inside_is(command):
    """What a shell in the container says of that."""
    return subprocess.run([pct, "exec", vmid, "--", "sh", "-c", command], stdin=subprocess.DEVNULL).returncode == 0


def runs(command):
    return inside_is("ps | grep -v 'grep\\|sh -c' | grep -q '%s'" % command)


class Terminal:
    """pct at a terminal of its own; what it says is in .said."""

    def __init__(self, *words, rows=24, columns=80, program=None, background=False):
        self.said = ""
        self.code = None
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.slave = slave  # so that its modes can be looked at afterwards
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            for sig in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:
                signal.signal(sig, signal.SIG_DFL)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.environ["TERM"] = "xterm"
            os.environ["SECRET"] = "of-the-host"
            if program:
                os.execvp(program[0], program)
            os.execv(pct, ["pct", *words])

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.0):
        end = time.time() + seconds
        while True:
            if select.select([self.master], [], [], max(0, min(0.05, end - time.time())))[0]:
                try:
                    self.said += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    return
            elif time.time() >= end:
                return

    def wait_for(self, regex, seconds=90):
        """What is said from now on is looked at; the match."""
        end = time.time() + seconds
        while True:
            self.read(0.02)
            found = re.search(regex, self.said)
            if found:
                self.said = self.said[found.end():]
                return found
            if time.time() > end:
                return None

    def type(self, text):
        os.write(self.master, text.encode())

    def ask(self, command):
        """A shell's answer to a command: what is between two marks."""
        self.type("echo '<'`%s`'>'\r" % command)
        found = self.wait_for(r"\n<([^>]*)>")
        return found.group(1) if found else None

    def end(self, seconds=90):
        """The exit status; None: it does not end."""
        stop = time.time() + seconds
        while time.time() < stop:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.read(0.05)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before


def a_shell():
    t = Terminal("enter", vmid, rows=33, columns=101)
    t.wait_for(r"# ")
    said = t.ask("tty")
    check("enter: tty knows a terminal of the container's own", said and re.match(r"/dev/pts/\d+$", said), said)
    check("enter: that file is there", t.ask("test -c $(tty) && echo yes") == "yes")
    check("enter: size of the window", t.ask("stty size") == "33 101", t.said)
    t.resize(40, 120)
    check("enter: new size of the window", until(lambda: t.ask("stty size") == "40 120"), t.said)
    check("enter: nothing of the host's environment", t.ask("env | grep -c SECRET") == "0")
    check("enter: HOME, and it is there", t.ask("echo $HOME $PWD") == "/root /root")
    check("enter: the terminal's kind", t.ask("echo $TERM") == "xterm")
    check("enter: PATH has /usr/local/sbin", "/usr/local/sbin" in (t.ask("echo $PATH") or ""))
    t.type("sleep 1001\r")
    until(lambda: runs("sleep 1001"))
    t.type("\x03")
    said = t.ask("echo $?")
    check("enter: ^C ends the command, and not the shell", said == "130", said)
    t.type("sleep 1002\r")
    until(lambda: runs("sleep 1002"))
    t.type("\x1a")
    t.wait_for(r"Stopped")
    said = t.ask("jobs")
    check("enter: ^Z stops it, and jobs tells", "Stopped" in (said or ""), said)
    t.type("kill -9 %1\r")
    until(lambda: not runs("sleep 1002"))
    time.sleep(0.3)
    t.type("\r")
    t.wait_for("Killed")
    t.type("exit 5\r")
    check("enter: exit status of the shell", t.end() == 5, t.said)
    check("enter: the terminal is as it was", t.restored())


def killed(sig, number):
    t = Terminal("enter", vmid)
    t.wait_for(r"# ")
    inside = t.ask("echo $$")
    t.type("sleep 4321\r")
    until(lambda: runs("sleep 4321"))
    os.kill(t.pid, sig)
    check("enter: ends by %s" % sig.name, t.end() == 128 + number)
    check("enter: the terminal is as it was after %s" % sig.name, t.restored())
    check("enter: no shell is left after %s" % sig.name,
          until(lambda: inside_is("! [ -d /proc/%s ]" % inside)), inside)
    check("enter: nor its command", until(lambda: not runs("sleep 4321")))


def a_command():
    t = Terminal("exec", vmid, "--", "sh", "-c", "tty; stty size; exit 7", columns=77)
    check("exec: exit status at a terminal", t.end() == 7)
    check("exec: a terminal of the container's own, with its size",
          re.match(r"/dev/pts/\d+\r\n24 77\r\n$", t.said), t.said)
    t = Terminal("exec", vmid, "--", "sleep", "1003")
    until(lambda: runs("sleep 1003"))
    t.type("\x03")
    check("exec: ^C ends the command", t.end() == 130, t.said)
    check("exec: the terminal is as it was", t.restored())
    t = Terminal("exec", vmid, "--", "sh", "-c", "trap 'exit 9' INT; echo set; while :; do sleep 0.1; done")
    t.wait_for("set")
    t.type("\x03")
    check("exec: ^C is the command's to catch", t.end() == 9)
    t = Terminal("exec", vmid, "--", "/no/such")
    check("exec: 127 at a terminal", t.end() == 127)
    check("exec: and says it in whole lines", t.said.endswith("No such file or directory\r\n"), t.said)
    t = Terminal("exec", "-n", vmid, "--", "cat")
    check("exec -n: stdin is empty also at a terminal", t.end() == 0, t.said)
    t = Terminal("exec", vmid, "--", "sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' x; echo; echo end")
    check("exec: two megabytes come, to the last line", t.end() == 0 and
          t.said.count("x") == 2000000 and t.said.endswith("end\r\n"), len(t.said))
    t = Terminal("exec", vmid, "--", "sh", "-c", "echo begun; cat")
    t.wait_for("begun\r\n")
    t.type("words\r")
    t.wait_for("words\r\nwords\r\n")
    t.type("\x04")
    check("exec: ^D is the end of what is typed", t.end() == 0, t.said)


def pipes():
    """Only where both ends are the user's terminal is there one in the container."""
    t = Terminal(program=["sh", "-c", "'%s' exec %s -- sh -c 'tty; tty <&1' | cat; echo rc $?" % (pct, vmid)])
    check("exec | cat: no terminal is between", t.end() == 0 and "rc 0" in t.said, t.said)
    check("exec | cat: the terminal is as it was", t.restored())
    t = Terminal(program=["sh", "-c", "'%s' exec %s -- sh -c 'echo x </dev/tty' 2>&1 | cat" % (pct, vmid)])
    t.end()
    check("exec | cat: the command has no hold of our terminal", "x" not in t.said.split(), t.said)
    t = Terminal(program=["sh", "-c", "'%s' exec %s -- sh -c \"trap 'echo caught; exit 3' INT; echo set; "
                          "while :; do sleep 0.1; done\" | (trap '' INT; cat)" % (pct, vmid)])
    t.wait_for("set\r")
    t.type("\x03")
    t.end()
    t.read(1)
    check("exec | cat: ^C reaches the command", "caught" in t.said, t.said)


def background():
    """From a shell with jobs: one in the background runs on, and the terminal is left alone."""
    t = Terminal(program=["bash", "--norc", "-i"])
    t.type("PS1='$ '\r'%s' exec %s -- sh -c 'sleep 0.5; echo out of it' &\r" % (pct, vmid))
    check("exec &: runs in the background", t.wait_for("[^o]out of it\r") is not None, t.said)
    t.type("wait; echo rc=$?\r")
    check("exec &: and ends there", t.wait_for(r"rc=\d+") is not None, t.said)
    t.type("'%s' exec %s -- sh -c 'echo as''ks; read x; echo got $x' &\r" % (pct, vmid))
    t.wait_for("asks\r")
    t.type("fg\r")
    t.wait_for(r"fg\r\n.*exec %s.*\r\n" % vmid)
    time.sleep(0.5)
    t.type("hello\r")
    check("exec &, fg: then what is typed goes there", t.wait_for("got hello\r") is not None, t.said)
    t.type("exit\r")
    t.end()


def consoles():
    one = Terminal("console", vmid, "--tty", "0")
    one.wait_for("leaves it")
    one.type("\r")
    one.wait_for(r"# ")
    check("console: the container's /dev/console", one.ask("tty") == "/dev/console", one.said)
    one.type("stty -echo; echo be''gun; cat -v\r")
    one.wait_for("begun\r")
    one.type("a\x01\x01b\r")
    check("console: ^a typed twice goes there once", one.wait_for(r"\na\^Ab\r") is not None, one.said)
    one.type("\x03")
    until(lambda: not runs("cat -v"))
    one.type("stty echo\r")
    two = Terminal("console", vmid, "--tty", "0")
    check("console: a second one is refused", two.end() == 1)
    check("console: and says so", "the console of CT %s is in use" % vmid in two.said, two.said)
    one.type("\x01q")
    check("console: ^a q leaves it", one.end() == 0)
    check("console: the terminal is as it was", one.restored())
    one = Terminal("console", vmid, "--tty", "0", "--escape", "^b")
    one.wait_for("\\^b q leaves it")
    one.type("echo x\x01q\r")
    check("console: with another key ^a q is not it", one.wait_for(r"\n.*x\^?A?.*q") is not None, one.said)
    os.kill(one.pid, signal.SIGTERM)
    check("console: ends by SIGTERM", one.end() == 143)
    check("console: the terminal is as it was then too", one.restored())
    several = [Terminal("console", vmid) for _ in range(2)]
    for t in several:
        check("console: a tty that is free", t.wait_for(r"tty [12] of CT") is not None, t.said)
    third = Terminal("console", vmid)
    check("console: no tty is left", third.end() == 1 and "every tty of CT" in third.said, third.said)
    for t in several:
        t.type("\x01q")
        t.end()
    one = Terminal("console", vmid, "--tty", "1")
    check("console: by its number", one.wait_for("tty 1 of CT") is not None, one.said)
    one.type("\x01q")
    one.end()


def tops():
    t = Terminal("top", rows=24, columns=100)
    check("top: sorted by CPU", t.wait_for(r"\*CPU%") is not None, t.said)
    check("top: a line for the container", t.wait_for(r"CT%s" % vmid) is not None, t.said)
    t.type("m")
    t.resize(24, 101)
    os.kill(t.pid, signal.SIGWINCH)
    check("top: a key sorts by another column", t.wait_for(r"\*MEM ") is not None, t.said)
    t.resize(8, 40)
    os.kill(t.pid, signal.SIGWINCH)
    check("top: lives through a small window", t.wait_for(r"running") is not None, t.said)
    t.resize(1, 1)
    time.sleep(0.3)
    t.type("q")
    check("top: q ends it", t.end() == 0)
    check("top: the terminal is as it was", t.restored())
    t = Terminal("top")
    t.wait_for(r"CT%s" % vmid)
    os.kill(t.pid, signal.SIGTERM)
    check("top: SIGTERM ends it", t.end() == 0)
    check("top: the terminal is as it was then too", t.restored())


a_shell()
killed(signal.SIGTERM, 15)
killed(signal.SIGHUP, 1)
a_command()
pipes()
background()
consoles()
tops()
sys.exit(failed)
