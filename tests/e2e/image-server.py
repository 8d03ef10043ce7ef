# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server on loopback that serves a folder, and is as bad as a path asks for.

image-server.py DIR PORTFILE LOGFILE
  /DIR/FILE          with ranges
  /cut/FILE          breaks off after half of what is left, whenever more than 20000 bytes are
  /norange/FILE      knows no ranges, and breaks off the first time
  /slow/FILE         says nothing for long
  /dribble/FILE      a third, then nothing for long
  /endless/FILE      never ends
  /redirect/N/FILE   N redirects before it
  /tofile/FILE       redirects to file://
A file .how in DIR says so for all tars.
"""
import http.server, os, re, socketserver, sys, time

root, portfile, logfile = sys.argv[1:4]
cut_once = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, text):
        with open(logfile, "a") as f:
            f.write(text + "\n")

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.close_connection = True
        how, path = "", self.path.split("?")[0]
        m = re.match(r"/(cut|norange|slow|dribble|endless|redirect|tofile)(/.*)", path)
        if m:
            how, path = m.groups()
        if not how and path.endswith(".tar.xz") and os.path.exists(root + "/.how"):
            how = open(root + "/.how").read().strip()
        if how == "redirect":
            n, path = re.match(r"/(\d+)(/.*)", path).groups()
            return self.redirect(path if n == "0" else "/redirect/%d%s" % (int(n) - 1, path))
        if how == "tofile":
            return self.redirect("file://" + root + path)
        try:
            data = open(root + path, "rb").read()
        except OSError:
            self.note("404 " + path)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        want = self.headers.get("Range")
        start = 0
        if want and how != "norange":
            start = int(re.match(r"bytes=(\d+)-", want).group(1))
        self.note("GET %s %d" % (self.path, start))
        if start > len(data):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if how == "slow":
            time.sleep(1000)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
        if how != "endless":
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        rest = data[start:]
        try:
            if how == "cut" and len(rest) > 20000:
                self.wfile.write(rest[: len(rest) // 2])
            elif how == "norange" and path.endswith("rootfs.tar.xz") and path not in cut_once:
                cut_once.add(path)
                self.wfile.write(rest[: len(rest) // 2])
            elif how == "dribble":
                self.wfile.write(rest[: len(rest) // 3])
                self.wfile.flush()
                time.sleep(1000)
            elif how == "endless":
                while True:
                    self.wfile.write(b"x" * 65536)
            else:
                self.wfile.write(rest)
            self.wfile.flush()
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


s = Server(("127.0.0.1", 0), Handler)
with open(portfile + ".new", "w") as f:
    f.write(str(s.server_address[1]))
os.rename(portfile + ".new", portfile)
s.serve_forever()
