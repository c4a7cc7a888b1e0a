"""helm, docker and terraform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mas.core.commands.words import (
    NONE,
    Finding,
    Options,
    any_outside,
    destroy,
    options,
    parse,
    read,
    sensitive,
    write,
)

_HELM_GLOBAL = options("-n: --namespace: --kube-context:")
_HELM_CHART = options("--version: --repo: --devel")
_HELM_LIST = options(
    "-A --all-namespaces -a --all -o: --output: -q --short -f: --filter: -d --date -r --reverse "
    "-m: --max: --offset: -l: --selector: --deployed --failed --pending --superseded --uninstalled"
)
_HELM: Final[dict[tuple[str, ...], Options]] = {
    ("list",): _HELM_LIST,
    ("ls",): _HELM_LIST,
    ("status",): options("-o: --output: --revision: --show-resources"),
    ("history",): options("-o: --output: --max:"),
    ("show", "chart"): _HELM_CHART,
    ("show", "values"): _HELM_CHART,
    ("show", "readme"): _HELM_CHART,
    ("show", "crds"): _HELM_CHART,
    ("show", "all"): _HELM_CHART,
    ("search", "repo"): options("-l --versions --version: -o: --output: --devel -r --regexp"),
    ("search", "hub"): options("-o: --output: --max-col-width:"),
    ("template",): _HELM_CHART.and_more(
        options(
            "-f: --values: --set: --set-string: --set-json: --include-crds --skip-crds "
            "--kube-version: -a: --api-versions: --name-template: -g --generate-name "
            "-s: --show-only: --no-hooks --is-upgrade --skip-tests --release-name"
        )
    ),
    ("lint",): options("-f: --values: --set: --strict --quiet --with-subcharts"),
    ("repo", "list"): options("-o: --output:"),
    ("dependency", "list"): NONE,
    ("get", "metadata"): options("-o: --output: --revision:"),
    ("version",): options("--short --template:"),
}
_HELM_DESTRUCTIVE = frozenset({"uninstall", "delete", "del", "un"})
_HELM_HIDDEN = "helm get shows manifests and values, which may hold secrets."

_DOCKER_LIST = options("-a --all -q --quiet -f: --filter: --format: --no-trunc -n: -l -s --digests")
_DOCKER_LOGS = options("--tail: -n: --since: --until: -t --timestamps --details")
_DOCKER: Final[dict[tuple[str, ...], Options]] = {
    ("ps",): _DOCKER_LIST,
    ("images",): _DOCKER_LIST,
    ("version",): options("-f: --format:"),
    ("info",): options("-f: --format:"),
    ("logs",): _DOCKER_LOGS,
    ("top",): NONE,
    ("port",): NONE,
    ("history",): options("-q --quiet --format: --no-trunc"),
    ("container", "ls"): _DOCKER_LIST,
    ("container", "logs"): _DOCKER_LOGS,
    ("image", "ls"): _DOCKER_LIST,
    ("network", "ls"): _DOCKER_LIST,
    ("volume", "ls"): _DOCKER_LIST,
    ("system", "df"): options("-v --format:"),
    ("context", "ls"): options("--format: -q"),
}
_DOCKER_DESTRUCTIVE = frozenset({"rm", "rmi", "kill", "prune", "down", "remove", "purge"})

_TERRAFORM_DESTRUCTIVE = frozenset({"destroy", "-destroy", "--destroy", "force-unlock", "taint"})


def judge_helm(args: Sequence[str]) -> Finding:
    """Judge the arguments of helm."""
    verbs = [word for word in args if not word.startswith("-")]
    if _HELM_DESTRUCTIVE & set(verbs[:1]) or (
        _HELM_DESTRUCTIVE & set(verbs) and args[:1] and args[0].startswith("-")
    ):
        return destroy("helm removes a release.")
    if verbs[:1] == ["get"] and verbs[1:2] != ["metadata"]:
        return sensitive(_HELM_HIDDEN)
    return _judge("helm", args, _HELM, _HELM_GLOBAL)


def judge_docker(args: Sequence[str]) -> Finding:
    """Judge the arguments of docker. `inspect` asks: it shows environments."""
    if _DOCKER_DESTRUCTIVE & set(_leading_words(args)):
        return destroy("docker removes containers, images or volumes.")
    if "inspect" in _leading_words(args):
        return sensitive("docker inspect shows environments, which may hold secrets.")
    return _judge("docker", args, _DOCKER, NONE)


def judge_terraform(args: Sequence[str]) -> Finding:
    """Judge the arguments of terraform. Plans and states hold secrets, so they ask."""
    words = set(args)
    if _TERRAFORM_DESTRUCTIVE & words or {"state", "rm"} <= words:
        return destroy("terraform destroys what it has made.")
    if list(args) == ["version"]:
        return read("terraform version reads and changes nothing.")
    if words & {"show", "output", "console"} or {"state", "pull"} <= words:
        return sensitive("terraform shows the values of its state, which may be secret.")
    return write("terraform starts its providers, and shows values that may be secret.")


def _leading_words(args: Sequence[str]) -> list[str]:
    """The words that may be a subcommand: up to three, without options."""
    return [word for word in args if not word.startswith("-")][:3]


def _judge(
    program: str,
    args: Sequence[str],
    reads: Mapping[tuple[str, ...], Options],
    known: Options,
) -> Finding:
    """Judge by a table of subcommands of one or two words, after nothing but global options."""
    for at in range(len(args)):
        before = parse(args[:at], known)
        if before is None or before.operands:
            continue
        for length in (2, 1):
            key = tuple(args[at : at + length])
            if key not in reads:
                continue
            parsed = parse(args[at + length :], known.and_more(reads[key]))
            if parsed is None:
                continue
            if any_outside(parsed.words):
                return write(f"{program} {' '.join(key)} with a path outside of the workspace.")
            return read(f"{program} {' '.join(key)} reads and changes nothing.")
    verb = next(iter(_leading_words(args)), "")
    return write(f"{program} {verb} changes something, or is not known to change nothing.")
