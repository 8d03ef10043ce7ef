#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who keeps a file open and begins at its start again sees it anew, and who is in the middle of it
# meanwhile reads on in the text he began with: also while workers end in between. (ROUNDS: 100.)
. "$(dirname "$0")/box-lib"

ROUNDS=${ROUNDS:-100}
LOG=$PCT_ROOT/log
cleanup_more() { unbox; }

group g && memory g 67108864
PCT_DIE_AT=render PCT_DIE_EVERY=3 "$B/die/pctfs" 2>"$LOG" || flunk "pctfs starts" "$(tail -3 "$LOG")"
box box g

# The first line of /proc/stat is the sum of the others, as long as all are of one moment.
play box python3 - "$ROUNDS" >"$PCT_ROOT/out" 2>&1 <<'P'
import os, random, sys, threading, time
random.seed(3)
slow, quick = os.open('/proc/stat', os.O_RDONLY), os.open('/proc/stat', os.O_RDONLY)
def whole(fd):
    text = b''
    while True:
        part = os.read(fd, 1 << 16)
        if not part: return text
        text += part
def torn(text):
    rows = [[int(n) for n in l.split()[1:]] for l in text.decode().splitlines() if l.startswith('cpu')]
    return rows[0] != [sum(c) for c in zip(*rows[1:])]
bad = seen = 0
last = b''
for _ in range(int(sys.argv[1])):
    texts = []
    def rewind():
        os.lseek(quick, 0, 0)
        texts.append(whole(quick))
    os.lseek(slow, 0, 0)
    time.sleep(0.105)  # sizes are asked for again then
    t = threading.Thread(target=rewind)
    t.start()
    time.sleep(random.random() * 0.004)
    text = os.read(slow, 40)  # with the sum in it
    t.join()
    text += whole(slow)
    bad += torn(text) + torn(texts[0])
    seen += texts[0] != last
    last = texts[0]
print(bad, seen * 2 > int(sys.argv[1]))
P
deaths=$(grep -c 'the worker ended by signal 9' "$LOG")
is "$ROUNDS times beside one who rewinds, $deaths workers ended: none was torn, and most were new" \
	"0 True" "$(cat "$PCT_ROOT/out")"
within "workers ended" 5 100000 "$deaths"
