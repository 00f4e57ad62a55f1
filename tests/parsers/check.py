"""Reads captured `show license` outputs with the parsers that administrators' scripts use.

    check.py DIRECTORY

DIRECTORY holds one folder for each state, and each of those the five outputs as printed. Printed is
what was read, as JSON: {STATE: {COMMAND: {PARSER: ...}}}. Fails when a parser refuses an output or
finds nothing in it, and names all of these.
"""

import json
import logging
import sys
from pathlib import Path
from unittest.mock import Mock

from genie.libs.parser.iosxe import show_license as genie
from genie.libs.parser.iosxe.cat9k.c9500x import show_license as genie_c9500x
from ntc_templates.parse import parse_output


def ntc(platform, command):
    return lambda text: parse_output(platform=platform, command=command, data=text)


def genie_reader(parser):
    return lambda text: parser(device=Mock()).parse(output=text)


READERS = {
    "status": {
        "ntc": ntc("cisco_ios", "show license status"),
        "genie": genie_reader(genie.ShowLicenseStatus),
    },
    "summary": {"genie": genie_reader(genie.ShowLicenseSummary)},
    "usage": {
        "genie": genie_reader(genie.ShowLicenseUsage),
        "genie-c9500x": genie_reader(genie_c9500x.ShowLicenseUsage),
    },
    # The template is named for the ASA, whose agent prints the same layout.
    "all": {
        "ntc": ntc("cisco_asa", "show license all"),
        "genie": genie_reader(genie.ShowLicenseAll),
    },
    "udi": {"genie": genie_reader(genie.ShowLicenseUdi)},
}


def read(state, refused):
    commands = {}
    for command, readers in READERS.items():
        text = (state / f"{command}.txt").read_text(encoding="utf-8")
        commands[command] = {}
        for parser, reader in readers.items():
            try:
                found = reader(text)
                why = "finds nothing in it"
            except Exception as error:  # whatever a parser throws is a refusal
                found, why = None, f"{type(error).__name__}: {error}"
            if not found:
                refused.append(f"{state.name}/{command}.txt: {parser}: {why}")
            commands[command][parser] = found
    return commands


def main(directory):
    logging.disable(logging.CRITICAL)
    states = sorted(path for path in Path(directory).iterdir() if path.is_dir())
    if not states:
        sys.exit(f"{directory} holds no state: one folder for each is needed")
    refused = []
    json.dump({state.name: read(state, refused) for state in states}, sys.stdout, indent=1)
    print()
    sys.exit("\n".join(refused) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
