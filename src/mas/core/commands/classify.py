"""The way from an argument list to a risk: the program's own table, or `write`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from mas.core.calls import Assessment
from mas.core.commands.aws import judge_aws
from mas.core.commands.containers import judge_docker, judge_helm, judge_terraform
from mas.core.commands.files import DESTRUCTIVE_PROGRAMS, READERS, judge_reader
from mas.core.commands.git import judge_git
from mas.core.commands.kubectl import judge_kubectl
from mas.core.commands.words import Finding, Judge, destroy, names, write

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
    "nsenter watch ssh busybox"
)


def classify(argv: Sequence[str]) -> Assessment:
    """Say what a command would do, without running it.

    It is `read` only if its program, subcommand and every option are known to change nothing and
    to stay in the folder where it runs. Everything else is `write`; `destructive` where it is
    plain to see. The target is the command line as a shell would quote it.
    """
    found = _judge(argv)
    return Assessment(
        risk=found.risk,
        target=shlex.join(argv)[:_TARGET_LIMIT],
        effect=found.effect,
        sensitive=found.sensitive,
    )


def _judge(argv: Sequence[str]) -> Finding:
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
    if program in _FAMILIES:
        return _FAMILIES[program](args)
    if program in READERS:
        return judge_reader(program, args)
    if program in _SHELLS | _STARTERS:
        if _destroys(args):
            return destroy(f"{program} starts a command that takes things away for good.")
        return write(f"{program} starts another command, which is not looked into.")
    return write(f"It is not known what {program} does.")


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
