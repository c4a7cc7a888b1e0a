"""kubectl: reading verbs, and whatever could show the values of Secrets (Q3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mas.core.commands.words import (
    NONE,
    Finding,
    Options,
    Parsed,
    any_outside,
    destroy,
    names,
    options,
    parse,
    read,
    sensitive,
    write,
)

_GLOBAL = options(
    "-n: --namespace: --context: --cluster: --user: --request-timeout: --warnings-as-errors"
)
"""Without `--kubeconfig`, `--server` and `--token`: a kubeconfig may start programs, and a server
may be anyone's."""
_GLOBAL_VALUED = names(
    "-n --namespace --context --cluster --user --request-timeout --kubeconfig -s --server --token "
    "--as --as-group --as-uid --cache-dir --certificate-authority --client-certificate "
    "--client-key --tls-server-name --password --username -v --v --vmodule --log-file "
    "--profile-output --kuberc"
)
_GET = options(
    "-A --all-namespaces -l: --selector: --field-selector: -o: --output: --sort-by: --show-labels "
    "-L: --label-columns: --no-headers= --ignore-not-found= --chunk-size: --show-kind= "
    "--show-managed-fields= --server-print="
)
_ANSWER = options("-o: --output:")
_READS: Final[dict[tuple[str, ...], Options]] = {
    ("get",): _GET,
    ("describe",): options("-A --all-namespaces -l: --selector: --show-events= --chunk-size:"),
    ("logs",): options(
        "-c: --container: --tail: --since: --since-time: -p --previous= --all-containers= "
        "--timestamps= --prefix= -l: --selector: --max-log-requests: --limit-bytes: "
        "--ignore-errors= --all-pods= --pod-running-timeout:"
    ),
    ("top", "pod"): options(
        "-A --all-namespaces -l: --selector: --field-selector: --containers= --sort-by: --sum= "
        "--no-headers="
    ),
    ("top", "node"): options("-l: --selector: --sort-by: --no-headers= --show-capacity="),
    ("version",): _ANSWER.and_more(options("--client=")),
    ("api-resources",): _ANSWER.and_more(
        options("--api-group: --namespaced= --no-headers= --sort-by: --verbs: --categories:")
    ),
    ("api-versions",): NONE,
    ("explain",): _ANSWER.and_more(options("--recursive= --api-version:")),
    ("cluster-info",): NONE,
    ("options",): NONE,
    ("events",): _ANSWER.and_more(options("-A --all-namespaces --for: --types: --no-headers=")),
    ("wait",): options(
        "--for: --timeout: --all= -A --all-namespaces -l: --selector: --field-selector: -o:"
    ),
    ("config", "view"): _ANSWER.and_more(options("--minify=")),
    ("config", "get-contexts"): _ANSWER.and_more(options("--no-headers=")),
    ("config", "current-context"): NONE,
    ("config", "get-clusters"): NONE,
    ("config", "get-users"): NONE,
    ("auth", "can-i"): options(
        "--list= -A --all-namespaces -q --quiet= --subresource: --no-headers="
    ),
    ("auth", "whoami"): _ANSWER,
    ("rollout", "status"): options("--timeout: --revision: -l: --selector:"),
    ("rollout", "history"): _ANSWER.and_more(options("--revision: -l: --selector:")),
}
_SYNONYMS: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("top", "pods"): ("top", "pod"),
    ("top", "po"): ("top", "pod"),
    ("top", "nodes"): ("top", "node"),
    ("top", "no"): ("top", "node"),
}
_NO_OPERANDS: Final = frozenset(
    {("cluster-info",), ("version",), ("api-versions",), ("config", "view"), ("auth", "whoami")}
)
_FORMATS = re.compile(
    r"(?:name|wide|json|yaml|kyaml|plaintext)|"
    r"(?:jsonpath|jsonpath-as-json|custom-columns|go-template)=.*",
    re.DOTALL,
)
_SECRET = re.compile(r"(?:^|[,/=])secrets?(?:$|[./,])|/secrets(?:/|$|\?)", re.IGNORECASE)
_CONFIG = re.compile(r"(?:^|[,/])(?:cm|configmaps?)(?:$|[./,])", re.IGNORECASE)
_BRIEF = re.compile(r"(?:-o|--output)=?(?:name|wide)")

_DESTRUCTIVE_VERBS = frozenset({"delete", "drain"})
_DESTRUCTIVE_WITH: Final = {
    "replace": ("--force",),
    "apply": ("--prune", "--force"),
    "rollout": ("undo",),
    "config": ("delete-cluster", "delete-context", "delete-user"),
}
_CHANGES: Final = {
    "exec": "runs a command in a container",
    "cp": "copies files between here and a container",
    "port-forward": "opens a port to the cluster",
    "proxy": "opens a port to the API server",
    "attach": "connects to a running process",
    "debug": "starts a container for debugging",
    "edit": "changes objects",
    "apply": "creates or changes objects",
    "create": "creates objects",
    "diff": "sends objects to the server to compare them",
    "scale": "changes the number of replicas",
    "patch": "changes objects",
    "set": "changes objects",
    "run": "starts a pod",
    "rollout": "changes a roll-out",
    "replace": "replaces objects",
}


def judge_kubectl(args: Sequence[str]) -> Finding:
    """Judge the arguments of kubectl."""
    verbs = _plain_words(args)
    verb = verbs[0] if verbs else ""
    if _destroys(verb, args):
        return destroy(f"kubectl {verb} takes objects or running pods away.")
    if _shows_secrets(verbs, args):
        return sensitive("It shows credentials, or values that are often secret.")
    key = tuple(verbs[:2])
    key = _SYNONYMS.get(key, key)
    key = key if key in _READS else key[:1]
    known = _READS.get(key)
    if known is None:
        effect = _CHANGES.get(verb, "changes something, or is not known to change nothing")
        return write(f"kubectl {verb} {effect}.".replace("  ", " "))
    if any(_SECRET.search(word) for word in args) and key[0] != "auth":
        return sensitive("It reads Secret values or lists Secrets.")
    before, after = _around(args, verbs[: len(key)])
    parsed = parse(after, _GLOBAL.and_more(known))
    if before is None or parsed is None:
        return write(f"kubectl {verb} with an option that is not known to be harmless.")
    return _judge_read(key, parsed)


def _shows_secrets(verbs: Sequence[str], args: Sequence[str]) -> bool:
    """Whether credentials are shown, or the data of ConfigMaps, which often holds some."""
    if verbs[:2] == ["config", "view"]:
        return any(word.startswith("--raw") for word in args)
    if verbs[:1] == ["describe"]:
        return any(_CONFIG.search(word) for word in verbs[1:])
    if verbs[:1] == ["get"] and any(_CONFIG.search(word) for word in verbs[1:]):
        formats = [
            word if len(word) > 2 and word != "--output" else f"{word}{after}"
            for word, after in zip(args, [*args[1:], ""], strict=True)
            if word.startswith(("-o", "--output"))
        ]
        return not all(_BRIEF.fullmatch(one) for one in formats)
    return verbs[:2] == ["create", "token"]


def _judge_read(key: tuple[str, ...], parsed: Parsed) -> Finding:
    verb = " ".join(key)
    if key in _NO_OPERANDS and parsed.operands:
        return write(f"kubectl {verb} {parsed.operands[0]} is not known to change nothing.")
    output = parsed.value("-o", "--output")
    if output is not None and not _FORMATS.fullmatch(output):
        return write(f"kubectl {verb} with an output format that reads or writes a file.")
    if any_outside(parsed.operands):
        return write(f"kubectl {verb} with a path outside of the workspace.")
    return read(f"kubectl {verb} reads and changes nothing.")


def _plain_words(args: Sequence[str]) -> list[str]:
    """Words that are no options, as far as global options tell; enough to find the verb."""
    words = []
    at = 0
    while at < len(args) and args[at] != "--":
        word = args[at]
        if not word.startswith("-"):
            words.append(word)
        elif word in _GLOBAL_VALUED:
            at += 1
        at += 1
    return words


def _around(args: Sequence[str], verb: Sequence[str]) -> tuple[Parsed | None, Sequence[str]]:
    """The options before the verb, and all words after it; None when they are not understood.

    kubectl takes the word after an option that it does not know yet for its value, so that
    `-A get delete` deletes: before the verb only global options count.
    """
    for at in range(len(args)):
        before = parse(args[:at], _GLOBAL)
        if list(args[at : at + len(verb)]) == list(verb):
            known = before if before is not None and not before.operands else None
            return known, args[at + len(verb) :]
    return None, ()


def _destroys(verb: str, args: Sequence[str]) -> bool:
    if verb in _DESTRUCTIVE_VERBS:
        return True
    if verb not in {key[0] for key in _READS} and _DESTRUCTIVE_VERBS & set(args):
        # An option that is not known may have hidden the verb.
        return verb not in _CHANGES
    marks = _DESTRUCTIVE_WITH.get(verb, ())
    return any(word.partition("=")[0] in marks and not word.endswith("=false") for word in args)
