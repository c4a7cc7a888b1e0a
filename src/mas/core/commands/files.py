"""Programs of every Unix that read files and tell about the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from mas.core.commands.words import (
    Finding,
    Options,
    any_outside,
    destroy,
    names,
    options,
    parse,
    read,
    write,
)

DESTRUCTIVE_PROGRAMS: Final = names(
    "rm rmdir unlink shred dd wipefs fdisk sfdisk parted truncate shutdown reboot halt poweroff "
    "kill killall pkill userdel groupdel dropdb dropuser lvremove vgremove pvremove"
)
_MAY_GREP = options(
    "-E -F -G -P -i -v -w -x -c -L -l -n -h -H -o -q -s -r -b -a -I -z -Z -e: -A: -B: -C: -m: "
    "--ignore-case --invert-match --word-regexp --count --files-with-matches --line-number "
    "--files-without-match --recursive --only-matching --extended-regexp --fixed-strings "
    "--no-filename --with-filename --include: --exclude: --exclude-dir: --color= --regexp: "
    "--after-context: --before-context: --context: --max-count:",
    numbers=True,
)
_SUM = options("-b -t --tag")
READERS: Final[Mapping[str, Options]] = {
    "ls": options(
        "-a -A -l -h -t -r -R -1 -d -S -s -i -F -p -n -g -o -k -q -Q -U -u -v -X -x -c -C -m -B -G "
        "--all --almost-all --human-readable --recursive --reverse --directory --inode --size "
        "--color= --sort: --time: --full-time --classify --group-directories-first"
    ),
    "cat": options("-n -b -E -s -T -v -A -e -t --number --show-all"),
    "head": options("-n: -c: -q -v --lines: --bytes: --quiet", numbers=True),
    "tail": options("-n: -c: -q -v --lines: --bytes: --quiet", numbers=True),
    "grep": _MAY_GREP,
    "egrep": _MAY_GREP,
    "fgrep": _MAY_GREP,
    "wc": options("-l -w -c -m -L --lines --words --bytes --chars"),
    "stat": options("-c: --format: --printf: -t --terse"),
    "du": options("-s -h -a -c -b -k -m -x -d: --max-depth: --summarize --human-readable --total"),
    "df": options("-h -T -k -m -i -P -a --human-readable --print-type --total"),
    "pwd": options("-P -L"),
    "date": options("-u -R -I -d: --utc --date: --iso-8601= --rfc-3339:"),
    "uname": options("-a -s -n -r -v -m -p -i -o --all"),
    "whoami": options(""),
    "id": options("-u -g -G -n"),
    "hostname": options("-f -s -i -I -d"),
    "nproc": options("--all"),
    "uptime": options("-p -s"),
    "free": options("-h -b -k -m -g -t -w"),
    "which": options("-a"),
    "echo": options("-n -e -E"),
    "true": options(""),
    "false": options(""),
    "basename": options("-a -s: -z"),
    "dirname": options("-z"),
    "sort": options(
        "-n -r -u -f -b -h -V -g -d -i -M -s -k: -t: --numeric-sort --reverse --unique"
    ),
    "uniq": options("-c -d -u -i"),
    "cut": options("-d: -f: -c: -b: -s --delimiter: --fields:"),
    "nl": options("-b:"),
    "diff": options("-u -q -N -w -b -B -i -y -U: -c --brief --unified= --color="),
    "cmp": options("-s -l -b"),
    "sha256sum": _SUM,
    "sha1sum": _SUM,
    "md5sum": _SUM,
    "file": options("-b -i -L --brief --mime --mime-type"),
    "tree": options("-a -d -L: -I: -P: -f -i -s -h --dirsfirst --noreport"),
    "sed": options("-n --quiet --silent"),
    "find": options(""),
}
_MOST_OPERANDS: Final = {"uniq": 1, "hostname": 0, "whoami": 0, "uptime": 0, "free": 0}
"""What comes after them is written to (`uniq IN OUT`) or set (`hostname NAME`)."""
_PRINTED_LINES = re.compile(r"(?:\d+|\$)(?:,(?:\d+|\$|\+\d+))?p")
"""The one kind of sed script that is known to do nothing but print."""

_FIND_TESTS = names(
    "-name -iname -path -ipath -wholename -regex -iregex -regextype -type -size -mtime -mmin "
    "-ctime -cmin -atime -amin -maxdepth -mindepth -perm -user -group -newer -printf -links "
    "-inum"
)
_FIND_WORDS = names(
    "-print -print0 -ls -empty -prune -quit -not -o -a -or -and -true -false -xdev -mount -depth "
    "-readable -writable -executable -nouser -nogroup ! ( )"
)


_FIND_STARTS = names("-exec -execdir -ok -okdir")
_FIND_LOSES = names("rm rmdir unlink shred truncate dd")


def judge_reader(program: str, args: Sequence[str]) -> Finding:
    """Judge one of `READERS`."""
    if program == "find":
        return _judge_find(args)
    parsed = parse(args, READERS[program])
    if parsed is None:
        return write(f"{program} with an option that is not known to be harmless.")
    operands = parsed.operands
    if len(operands) > _MOST_OPERANDS.get(program, len(operands)):
        return write(f"{program} with this many words writes.")
    if program == "date" and not all(word.startswith("+") for word in operands):
        return write("date with a plain word sets the clock.")
    if program == "sed":
        # Where it is not quiet, a script of its own may follow any word.
        if not parsed.given or not operands or not _PRINTED_LINES.fullmatch(operands[0]):
            return write("sed with a script that is more than the printing of lines.")
        operands = operands[1:]
    if program in ("grep", "egrep", "fgrep") and not parsed.has("-e", "--regexp"):
        # The pattern may hold a slash and still leads nowhere.
        operands = operands[1:]
    if any(word.startswith("-") and word != "-" for word in operands):
        return write(f"{program} with a file that is named like an option.")
    if program not in ("echo", "date") and any_outside(operands):
        return write(f"{program} reads outside of the workspace.")
    return read(f"{program} reads and changes nothing.")


def _judge_find(args: Sequence[str]) -> Finding:
    if "-delete" in args:
        return destroy("find deletes what it finds.")
    rest = list(args)
    places = 0
    while rest and not rest[0].startswith("-") and rest[0] not in ("!", "("):
        places += 1
        if any_outside([rest.pop(0)]):
            return write("find looks outside of the workspace.")
    if not places:
        rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in _FIND_WORDS:
            continue
        if word in _FIND_STARTS and rest and rest[0].rpartition("/")[2] in _FIND_LOSES:
            return destroy(f"find starts {rest[0]} for what it finds.")
        if word not in _FIND_TESTS or not rest:
            return write(f"find with {word}, which is not known to be harmless.")
        value = rest.pop(0)
        if word == "-newer" and any_outside([value]):
            return write("find looks outside of the workspace.")
    return read("find lists files and changes nothing.")
