"""The way from an argument list to a risk: the program's own table, or `write`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from mas.core.calls import Assessment
from mas.core.commands.aws import judge_aws
from mas.core.commands.containers import judge_docker, judge_helm, judge_terraform
from mas.core.commands.files import DESTRUCTIVE_PROGRAMS, READERS, judge_reader
from mas.core.commands.git import judge_git
from mas.core.commands.kubectl import judge_kubectl
from mas.core.commands.secret_places import secret_place
from mas.core.commands.words import Finding, Judge, destroy, names, sensitive, write

_TARGET_LIMIT: Final = 500
_FAMILIES: Final[dict[str, Judge]] = {
    "aws": judge_aws,
    "docker": judge_docker,
    "podman": judge_docker,
    "git": judge_git,
    "helm": judge_helm,
    "kubectl": judge_kubectl,
    "terraform": judge_terraform,
    "tofu": judge_terraform,
}
_SHELLS = names("sh bash dash zsh ksh fish ash")
_STARTERS = names(
    "sudo doas su env nohup setsid timeout time nice ionice xargs parallel exec chroot unshare "
    "nsenter watch ssh busybox stdbuf command flock script setpriv runuser gosu strace"
)
_IN_CONTAINERS = names("kubectl docker podman")
_RUNS_THERE = names("exec run debug")
_GIVES_SECRETS: Final = (
    ("aws", "configure"),
    ("az", "get-access-token"),
    ("bw", "get"),
    ("gcloud", "auth"),
    ("gh", "auth"),
    ("git", "credential"),
    ("glab", "auth"),
    ("op",),
    ("pass",),
    ("security",),
    ("vault",),
)
"""Programs, with a word, that print credentials."""
_DATABASES = names("psql mysql mariadb sqlite3 mongosh cockroach clickhouse-client")
_DROPS = re.compile(r"\b(?:drop|truncate|delete\s{1,9}from|dropDatabase)\b", re.IGNORECASE)


def classify(argv: Sequence[str], *, stdin: str = "") -> Assessment:
    """Say what a command would do, without running it.

    It is `read` only if its program, subcommand and every option are known to change nothing and
    to stay in the folder where it runs. Everything else is `write`; `destructive` where it is
    plain to see, and sensitive where secrets would plainly be shown. The target is the command
    line as a shell would quote it. `stdin` is what the program is given to read.
    """
    found = _judge(argv, stdin)
    if found.risk == "write" and not found.sensitive:
        place = secret_place([*argv, stdin])
        if place:
            found = sensitive(f"{found.effect} Secrets may lie where it looks: {place}.")
    return Assessment(
        risk=found.risk,
        target=shlex.join(argv)[:_TARGET_LIMIT],
        effect=found.effect,
        sensitive=found.sensitive,
    )


def _judge(argv: Sequence[str], stdin: str) -> Finding:
    if not argv or not argv[0]:
        return write("There is no program to run.")
    program, args = argv[0], argv[1:]
    if any("\0" in word for word in argv):
        return write("The command holds a zero character and cannot run.")
    if "/" in program:
        # What lies at a path may be anything; its name only raises the risk.
        name = program.rpartition("/")[2]
        if _destroys([name, *args]):
            return destroy(f"Runs {program}, which takes things away for good.")
        return write(f"Runs the program at {program}.")
    if program in DESTRUCTIVE_PROGRAMS or program.startswith("mkfs"):
        return destroy(f"{program} takes things away for good.")
    if any(program == one and set(more) <= set(args) for one, *more in _GIVES_SECRETS):
        return sensitive(f"{program} may print credentials.")
    if program in _FAMILIES:
        return _inside(program, args) or _FAMILIES[program](args)
    if program in READERS:
        return judge_reader(program, args)
    if program in _DATABASES and any(_DROPS.search(word) for word in (*args, stdin)):
        return destroy(f"{program} is told to drop or delete data.")
    if program in _SHELLS | _STARTERS:
        # What a shell reads is its script.
        if _destroys([*args, stdin]):
            return destroy(f"{program} starts a command that takes things away for good.")
        return write(f"{program} starts another command, which is not looked into.")
    return write(f"It is not known what {program} does.")


def _inside(program: str, args: Sequence[str]) -> Finding | None:
    """What a command would do in a container; None where that is not plain to see."""
    if program not in _IN_CONTAINERS or not _RUNS_THERE & set(args):
        return None
    if _destroys(args):
        return destroy(f"{program} takes something away for good inside of a container.")
    if {"env", "printenv"} & {token for word in args for token in _tokens(word)}:
        return sensitive(f"{program} shows the environment of a container.")
    return None


def _destroys(words: Sequence[str]) -> bool:
    """Whether a destructive program stands somewhere in words that start another command."""
    tokens = [part for word in words for part in _tokens(word)]
    if any(token in DESTRUCTIVE_PROGRAMS or token.startswith("mkfs") for token in tokens):
        return True
    return any(
        _FAMILIES[token](tokens[at + 1 :]).risk == "destructive"
        for at, token in enumerate(tokens)
        if token in _FAMILIES
    )


def _tokens(word: str) -> list[str]:
    """Words of a piece of shell, roughly: separators and quotes are white space."""
    return [
        part.rpartition("/")[2]
        for part in word.translate(str.maketrans(";&|()`'\"$\n", " " * 10)).split()
    ]
