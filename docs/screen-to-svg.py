#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Draw terminal screens, as `tmux capture-pane -epN` gives them, into one SVG on stdout.

    docs/screen-to-svg.py COLUMNS 'LEFT TITLE' FILE... -- 'RIGHT TITLE' FILE...

Each file is one screen; those of a title stand below each other, those of both at one height. Nothing is added: what is drawn is
what the terminal showed, its colours (SGR) included.
"""
import html
import re
import sys

W, H, SIZE, PAD = 7.25, 15, 12, 12  # a cell, the font, around each terminal
BACK, FORE = '#1c1e26', '#d5d8da'
COLOURS = ['#3b4048', '#e95678', '#29d398', '#fab795', '#26bbd9', '#ee64ac', '#59e1e3', '#d5d8da',
           '#6c6f93', '#ec6a88', '#3fdaa4', '#fbc3a7', '#3fc4de', '#f075b5', '#6be4e6', '#ffffff']


def colour_of(n):
    """One of the terminal's 256."""
    if n < 16:
        return COLOURS[n]
    if n >= 232:
        return '#%02x%02x%02x' % ((8 + (n - 232) * 10,) * 3)
    n -= 16
    return '#%02x%02x%02x' % tuple(55 + 40 * v if v else 0 for v in (n // 36, n // 6 % 6, n % 6))


def take_sgr(style, codes):
    """style: [fore, back, bold, reverse], changed by one escape sequence."""
    codes = [int(c) if c else 0 for c in codes.split(';')]
    while codes:
        c = codes.pop(0)
        if c == 0:
            style[:] = [None, None, False, False]
        elif c in (1, 22):
            style[2] = c == 1
        elif c in (7, 27):
            style[3] = c == 7
        elif c in (38, 48) and codes and codes.pop(0) == 5:
            style[c == 48] = colour_of(codes.pop(0))
        elif c in (39, 49):
            style[c == 49] = None
        else:
            for first, bright in ((30, 0), (90, 8)):
                for ground in (0, 1):
                    n = c - first - 10 * ground
                    if 0 <= n < 8:
                        style[ground] = COLOURS[n + bright]


def runs_of(line, style):
    """The line's stretches of one style: (column, text, style). It goes on from line to line."""
    column = 0
    for part in re.split(r'(\x1b\[[0-9;]*m|\x1b\(B|\x0e|\x0f)', line):
        if part.startswith('\x1b['):
            take_sgr(style, part[2:-1])
        elif part and part[0] not in '\x1b\x0e\x0f':
            yield column, part, tuple(style)
            column += len(part)


def draw_run(x, y, column, text, style):
    fore, back, bold, reverse = style
    fore, back = fore or (COLOURS[15] if bold else FORE), back or BACK
    if reverse:
        fore, back = back, fore
    left = x + column * W
    if back != BACK:
        print(f'<rect x="{left:.2f}" y="{y:.1f}" width="{len(text) * W:.2f}" height="{H}" fill="{back}"/>')
    if text.strip():
        lead = len(text) - len(text.lstrip(' '))
        text = text.strip(' ')
        weight = ' font-weight="bold"' if bold else ''
        print(f'<text x="{left + lead * W:.2f}" y="{y + H - 3.5:.1f}" fill="{fore}"{weight} '
              f'textLength="{len(text) * W:.2f}">{html.escape(text)}</text>')


def lines_of(name):
    """Without the empty ones at its end."""
    with open(name, encoding='utf-8') as f:
        return f.read().rstrip().split('\n')


def draw_terminal(x, title, screens, rows, columns, height):
    width = columns * W + 2 * PAD
    print(f'<rect x="{x:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" fill="{BACK}"/>')
    print(f'<text x="{x + width / 2:.1f}" y="18" fill="#9da0a2" text-anchor="middle" '
          f'font-family="sans-serif" font-size="13">{html.escape(title)}</text>')
    top = 2 * H - 2
    for lines, room in zip(screens, rows):
        sgr = [None, None, False, False]
        for n, line in enumerate(lines):
            for column, text, style in runs_of(line, sgr):
                draw_run(x + PAD, top + n * H, column, text[:columns - column], style)
        top += (room + 1) * H


def main():
    columns, words = int(sys.argv[1]), sys.argv[2:]
    parts = [words[:words.index('--')], words[words.index('--') + 1:]]
    screens = [[lines_of(name) for name in part[1:]] for part in parts]
    rows = [max(len(left), len(right)) for left, right in zip(*screens)]
    gap, width = 14, columns * W + 2 * PAD
    height = (sum(rows) + len(rows) + 1) * H + PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * width + gap:.0f} {height:.0f}" '
          f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" '
          f'xml:space="preserve">')
    for n, part in enumerate(parts):
        draw_terminal(n * (width + gap), part[0], screens[n], rows, columns, height)
    print('</svg>')


main()
