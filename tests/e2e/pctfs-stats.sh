#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What pctfs says of itself and its containers: `pctfs stats`, and metrics by HTTP on a socket.
. "$(dirname "$0")/box-lib"

SOCK=$RUN/metrics.sock
get() { curl -sS --max-time 20 --unix-socket "$SOCK" "http://pctfs$1"; } # PATH
value() { "$B/pctfs" stats --prometheus --names all | S=$1 awk '$1 == ENVIRON["S"] { print $2 }'; }
opens() { value "pctfs_requests_total{file=\"proc/$1\",operation=\"open\",outcome=\"ok\"}"; }

refused "an unknown option of stats is a usage error" 2 '^' sh -c "'$B/pctfs' stats --nope 2>&1 >/dev/null | head -1 >&2; exit 2"
refused "unknown names are refused with those there are" 2 "^pctfs: --names 'x': cadvisor, incus or all$" "$B/pctfs" stats --names x
refused "without a pctfs it says what to do" 1 "^pctfs: no pctfs answers at '.*/metrics.sock': start it" "$B/pctfs" stats
refused "an unknown group is named" 2 "^pctfs: --metrics-group 'nosuch': there is no such group" "$B/pctfs" --metrics-group nosuch
like "what metrics there are is said without one" '^pctfs_requests_total +counter +Requests' "$("$B/pctfs" stats --list)"

group one && memory one 268435456 && quota one 100
ok "pctfs starts" "$B/pctfs" --metrics-group nogroup
GROUP=$(getent group nogroup | cut -d: -f3)
is "its socket is root's and of the group that was named" "660 0 $GROUP" "$(stat -c '%a %u %g' "$SOCK")"
ok "who is in the group may ask" setpriv --reuid 65534 --regid "$GROUP" --clear-groups "$B/pctfs" stats
fails "nobody else may" setpriv --reuid 65534 --regid 65533 --clear-groups "$B/pctfs" stats
fails "… and the group nothing but that" setpriv --reuid 65534 --regid "$GROUP" --clear-groups ls "$MOUNT/ct"

# Letters that a label must escape; the door takes any name that can be a file's.
NAME='we"ird\name'
box "$NAME" one

# ---- counting ----

before=$(opens meminfo)
play "$NAME" sh -c 'for i in $(seq 40); do cat /proc/meminfo; done' >/dev/null
is "40 opens of a file are 40 more" $((${before:-0} + 40)) "$(opens meminfo)"
hits=$(value 'pctfs_cache_hits_total{file="proc/meminfo"}')
misses=$(value 'pctfs_cache_misses_total{file="proc/meminfo"}')
is "each was shown a text that was there, or one was made" "$(opens meminfo)" $((${hits:-0} + ${misses:-0}))
within "some of them found one" 1 39 "${hits:-0}"
play "$NAME" sh -c 'echo 1 >/proc/meminfo' 2>/dev/null
within "what is refused counts as that" 1 9 \
	"$(value 'pctfs_requests_total{file="proc/meminfo",operation="open",outcome="denied"}')"
within "how long they took is told of each" "$(opens meminfo)" 1000000 \
	"$(value 'pctfs_request_duration_seconds_count{operation="open"}')"

opened=$(opens meminfo)
for i in 1 2; do
	worker=$(worker_pid)
	kill -KILL "$worker"
	until_true 10 sh -c "! kill -0 $worker" # the next one answers
	is "a worker that was killed is counted, the ${i}th time" "$i" "$(value 'pctfs_worker_restarts_total{reason="killed"}')"
done
is "another worker counts on" "$opened" "$(opens meminfo)"
ok "another program takes over" "$B/pctfs" --takeover
is "… is counted, and counts on" "1 $opened" "$(value pctfs_takeovers_total) $(opens meminfo)"

# ---- containers ----

ESCAPED='we\"ird\\name'
is "a container's memory is what it is shown" "$(play "$NAME" awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)" \
	"$(value "incus_memory_MemTotal_bytes{name=\"$ESCAPED\",project=\"default\",type=\"container\"}")"
used() { "$B/pctfs" stats --prometheus | sed -n 's/^container_cpu_usage_seconds_total.* //p'; }
before=$(used)
play "$NAME" python3 -c 'import time
while time.process_time() < 0.4: pass'
within "0.4 s of work are that" 0.38 0.6 "$(awk "BEGIN { print $(used) - $before }")"
like "people are told, too" "^we\"ird.name +[0-9]+ +[0-9.]+ +[0-9]+ +256 " "$("$B/pctfs" stats)"

# ---- real parsers ----

python=python3
for p in /usr/bin/python3 python3; do "$p" -c 'import prometheus_client' 2>/dev/null && python=$p && break; done
if "$python" -c 'import prometheus_client' 2>/dev/null; then
	"$B/pctfs" stats --prometheus --names all >"$PCT_ROOT/all"
	said=$("$python" -B - "$PCT_ROOT/all" "$NAME" <<'P' 2>&1
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
seen, families, named = set(), set(), 0
for f in parse(open(sys.argv[1], newline='').read()):
    assert f.documentation and f.type != 'unknown', f.name
    assert f.name not in families, 'family twice: ' + f.name
    families.add(f.name)
    for s in f.samples:
        key = (s.name, tuple(sorted(s.labels.items())))
        assert key not in seen, 'sample twice: %s' % (key,)
        seen.add(key)
        named += s.labels.get('name') == sys.argv[2]
assert named > 50, 'samples of the container: %d' % named
print('good')
P
)
	is "prometheus_client reads it, each sample once, and the name as it is" good "$said"
else
	skip "a parser of Prometheus' own reads it" "python3-prometheus-client is not installed"
fi
if command -v promtool >/dev/null; then
	ok "promtool has nothing against it" sh -c "'$B/pctfs' stats --prometheus | promtool check metrics"
else
	skip "promtool reads it" "prometheus is not installed"
fi
TEXT=$PCT_ROOT/pctfs.prom
ok "it is written for node_exporter" "$B/pctfs" stats --textfile "$TEXT"
is "… readable by all, whole, and nothing beside it" "644 pctfs.prom" \
	"$(stat -c %a "$TEXT") $(cd "$PCT_ROOT" && echo pctfs.prom*)"
fails "what cannot be written is said" "$B/pctfs" stats --textfile "$PCT_ROOT/no/such.prom"

# ---- HTTP ----

if command -v curl >/dev/null; then
	like "curl gets the same by HTTP" '^pctfs_containers\{known="registered"\} 1$' "$(get /metrics)"
	like "… with incus's names" '^incus_procs_total\{' "$(get '/metrics?names=incus')"
	is "… and no other page" 404 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCK" http://x/etc/passwd)"
	like "… as what Prometheus takes it for" '^Content-Type: text/plain; version=0.0.4' "$(curl -sI --unix-socket "$SOCK" http://x/metrics)"
else
	skip "curl gets the same by HTTP" "curl is not installed"
fi

# Who asks without end, at once, or nothing: others are answered, and readers do not notice.
worker=$(worker_pid)
said=$(timeout 60 python3 -B - "$SOCK" <<'P' 2>&1
import os, random, socket, sys
path = sys.argv[1]
def dial():
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(20); return s
def get(s=None):
    s = s or dial()
    s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
    text = b''
    while True:
        more = s.recv(65536)
        if not more: break
        text += more
    head, _, body = text.partition(b'\r\n\r\n')
    assert head.startswith(b'HTTP/1.0 200'), head
    assert b'Content-Length: %d' % len(body) in head, head
def ok(what): print('ok - ' + what)
idle = [dial() for i in range(60)]
get(); ok('60 who connect and say nothing keep nobody out')
slow = [dial() for i in range(40)]
for s in slow:
    try: s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n'[:random.randrange(1, 20)])
    except OSError: pass # had to make room for a later one
get(); ok('nor do 40 who stop in the middle of it')
deaf = []
for i in range(40):
    s = dial(); deaf.append(s)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    try: s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
    except OSError: pass
get(); ok('nor do 40 who do not take their answer')
huge = dial()
try:
    for i in range(1000): huge.sendall(b'a' * 65536)
except OSError: pass
got = b''
try: got = huge.recv(100)
except OSError: pass
assert got.startswith(b'HTTP/1.0 431') or got == b'', got
get(); ok('64 MB of a request are not read')
for i in range(300):
    s = dial()
    try: s.sendall(os.urandom(random.randrange(1, 5000)))
    except OSError: pass
    if i % 3: s.close()
get(); ok('nor is noise')
def look(page):
    s = dial(); s.sendall(b'GET /metrics?names=' + page + b' HTTP/1.0\r\n\r\n')
    text = b''.join(iter(lambda: s.recv(1 << 20), b''))
    return text.partition(b'\npctfs_scrapes_total ')[2].split(b'\n')[0]
pages = b'all', b'incus', b'cadvisor'
assert any(len({look(p) for p in pages}) == 1 for i in range(100)), 'a look for each page' # our pauses can be longer
ok('who asks for all pages in turn has it look no oftener')
for i in range(200): get()
ok('200 in a row are answered')
idle += slow + deaf
P
)
said "hostile ones of the metrics socket" "$said" $? 7
is "the same worker goes on" "$worker" "$(worker_pid)"
within "… with a few files open" 1 120 "$(ls "/proc/$worker/fd" | wc -l)"
within "… and little memory" 1 65536 "$(awk '/^VmRSS/ { print $2 }' "/proc/$worker/status")"
like "and reads are answered" '^MemTotal:' "$(play "$NAME" head -1 /proc/meminfo)"
