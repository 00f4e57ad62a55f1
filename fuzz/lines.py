"""Reads from standard input which lines of the core were reached, and prints how many, or which not.

Lines that no input can reach do not count, and how many they are is told: what only shows a value to
people who debug, tables that no code reads, functions that only the compiler calls, and methods that
serde's traits demand for types that the formats do not have.
"""

import re
import sys

SOURCE = "core/src/"
# What parses bytes or text from outside, and the agent.
COUNTED = re.compile(r"agent|code|wire|token|crc32|base32|identity")
# A table for people and tests.
TABLES = {"agent/transitions.rs"}
# How the functions begin whose lines do not count.
SHOWN = r"fn (fmt|expecting|collect_str|custom)\b|pub const fn name\("
COMPILED = r"^const fn (entry|shift)\("
FORMATLESS = (
    r"fn \$method|fn (is_human_readable|tuple_variant|serialize_(bytes|map))\b"
    r"|fn (de)?serialize_(unit|unit_struct|newtype_struct|tuple_struct|tuple_variant)\b"
)
NOT_COUNTED = re.compile(f"{SHOWN}|{COMPILED}|{FORMATLESS}")


def not_counted(text):
    """The numbers of the lines of functions that do not count."""
    numbers, end = set(), None
    for number, line in enumerate(text, 1):
        if end is None and NOT_COUNTED.search(line):
            end = " " * (len(line) - len(line.lstrip())) + "}"
        if end is not None:
            numbers.add(number)
            if line.startswith(end):
                end = None
    return numbers


def read():
    """Yields each file's name, text, how often its lines were reached, and which do not count."""
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
            skipped = not_counted(text)
            yield path.split(SOURCE)[1], text, lines, skipped


def percent(reached, of):
    return f"{100 * reached / of:6.2f} %"


def main(what):
    totals = {"agent": [0, 0], "parsers": [0, 0]}
    left_out = 0
    for name, text, lines, skipped in sorted(read()):
        if not COUNTED.match(name):
            continue
        if name in TABLES:
            skipped = lines.keys()
        left_out += len(lines.keys() & skipped)
        lines = {number: times for number, times in lines.items() if number not in skipped}
        if not lines:
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
        print(f"not counted: {left_out} lines that no input can reach (lines.py)")


main(sys.argv[1])
