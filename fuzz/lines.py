"""Reads from standard input which lines of the core were reached, and prints how many, or which not.

Lines that do nothing but show a value to people who debug, and tables that no code reads, do not
count: no input can reach them, and they decide nothing.
"""

import re
import sys

SOURCE = "core/src/"
# What parses bytes or text from outside, and the agent.
COUNTED = re.compile(r"agent|code|wire|token|crc32|base32|identity")
# A table for people and tests.
TABLES = {"agent/transitions.rs"}
# How the functions begin whose lines do not count: printing, and naming an event.
SHOWN = re.compile(r"fn (fmt|expecting)\(|pub const fn name\(")


def shown(text):
    """The numbers of the lines of functions that only show something."""
    numbers, end = set(), None
    for number, line in enumerate(text, 1):
        if end is None and SHOWN.search(line):
            end = " " * (len(line) - len(line.lstrip())) + "}"
        if end is not None:
            numbers.add(number)
            if line == end:
                end = None
    return numbers


def read():
    """Yields each file's path, name, text and lines: how often each was reached."""
    path, lines = None, {}
    for record in sys.stdin:
        kind, _, rest = record.strip().partition(":")
        if kind == "SF":
            path, lines = rest, {}
        elif kind == "DA":
            number, times = rest.split(",")[:2]
            lines[int(number)] = int(times)
        elif record.startswith("end_of_record"):
            with open(path, encoding="utf-8") as file:
                text = file.read().splitlines()
            skipped = shown(text)
            counted = {n: times for n, times in lines.items() if n not in skipped}
            yield path.split(SOURCE)[1], text, counted


def percent(reached, of):
    return f"{100 * reached / of:6.2f} %"


def main(what):
    totals = {"agent": [0, 0], "parsers": [0, 0]}
    for name, text, lines in sorted(read()):
        if not lines or name in TABLES or not COUNTED.match(name):
            continue
        unreached = [number for number, times in lines.items() if times == 0]
        reached, of = len(lines) - len(unreached), len(lines)
        part = totals["agent" if name.startswith("agent") else "parsers"]
        part[0] += reached
        part[1] += of
        if what == "coverage":
            print(f"{name:32}{reached:6} of {of:5} lines {percent(reached, of)}")
        for number in unreached if what == "unreached" else []:
            print(f"core/src/{name}:{number}: {text[number - 1].strip()}")
    if what == "coverage":
        totals["parsers and agent"] = [sum(pair) for pair in zip(*totals.values())]
        for part, (reached, of) in totals.items():
            if of == 0:
                sys.exit("nothing was measured")
            print(f"{part}: {reached} of {of} lines, {percent(reached, of).strip()}")


main(sys.argv[1])
