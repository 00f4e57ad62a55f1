"""Counts the peaks of a trace, apart from all Rust code: `count.py FILE` prints JSON."""

import csv
import json
import sys

PREMIUM = {"chat", "email", "outbound-predictive", "outbound-progressive", "supervisor"}


def seconds(time):
    hours, minutes, rest = map(int, time.split(":"))
    return hours * 3600 + minutes * 60 + rest


def main(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    # What is in use after each line, by second of the day.
    standard, premium, history = set(), set(), [(0, 0, 0)]
    for row in rows:
        if row["event"] == "login":
            wanted = set(row["skills"].split(";")) & PREMIUM
            (premium if wanted else standard).add(row["agent"])
        else:
            standard.discard(row["agent"])
            premium.discard(row["agent"])
        both = len(standard) + len(premium)
        history.append((seconds(row["time"]), len(premium), both))

    def peaks(begin, end):
        at_begin = [entry for entry in history if entry[0] < begin][-1:]
        within = [entry for entry in history if begin <= entry[0] < end]
        seen = at_begin + within
        return {
            "premium": max(entry[1] for entry in seen),
            "standard_or_above": max(entry[2] for entry in seen),
        }

    hours = [0, 8, 16, 24]
    intervals = [peaks(a * 3600, b * 3600) for a, b in zip(hours, hours[1:])]
    json.dump({"day": peaks(0, 86400), "intervals": intervals}, sys.stdout)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
