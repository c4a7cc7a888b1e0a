"""git: what its subcommands do. Options that start programs or write files are in no table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mas.core.commands.words import (
    NONE,
    Finding,
    Options,
    any_outside,
    destroy,
    options,
    outside,
    parse,
    read,
    write,
)

_GLOBAL = options("--no-pager -P --no-optional-locks --literal-pathspecs -C:")
_DIFF = options(
    "--stat= --cached --staged --name-only --name-status --numstat --shortstat --summary -p "
    "--patch -u -s --no-patch -U: --unified: -w -b --ignore-all-space --ignore-space-change "
    "--color= --no-color --word-diff= -M -C -R -z --no-ext-diff --no-textconv --check --exit-code "
    "-q --quiet --relative --diff-filter: --find-renames= --no-renames --minimal --patience "
    "--histogram --full-index --binary --raw -S: -G: --abbrev="
)
_LOG = _DIFF.and_more(
    options(
        "--oneline --graph --decorate= --no-decorate -n: --max-count: --skip: --since: --until: "
        "--after: --before: --author: --committer: --grep: -i --all --branches= --tags= --remotes= "
        "--follow --format: --pretty= --date: --reverse --merges --no-merges --first-parent "
        "--abbrev-commit --topo-order --date-order --show-signature --left-right --cherry-pick "
        "--name-only -L: --full-history --no-walk",
        numbers=True,
    )
)
_READS: Final[dict[str, Options]] = {
    "status": options(
        "-s --short -b --branch --porcelain= -u --untracked-files= --ignored= -z --long -v "
        "--show-stash --ahead-behind --no-renames"
    ),
    "diff": _DIFF,
    "log": _LOG,
    "show": _LOG,
    "shortlog": options(
        "-s -n -e --summary --numbered --email --all --since: --until: --no-merges"
    ),
    "rev-parse": options(
        "--abbrev-ref= --short= --verify -q --show-toplevel --show-prefix --is-inside-work-tree "
        "--git-dir --symbolic-full-name --all"
    ),
    "rev-list": options("--count --all -n: --max-count: --since: --until: --no-merges --merges"),
    "ls-files": options(
        "-c -d -m -o -s -t -u -z --cached --deleted --modified --others --stage --exclude-standard "
        "--ignored --error-unmatch --full-name"
    ),
    "ls-tree": options("-r -d -t -l -z --name-only --full-tree --long"),
    "cat-file": options("-p -t -s -e"),
    "blame": options("-w -M -C -s -e -l -f -n -L: --date: --porcelain --line-porcelain"),
    "describe": options("--tags --always --dirty= --abbrev: --long --all --exact-match --match:"),
    "merge-base": options("-a --all --is-ancestor --fork-point"),
    "name-rev": options("--name-only --tags --always"),
    "show-ref": options("--heads --tags --head -s --hash= -q --verify"),
    "for-each-ref": options("--format: --sort: --count: --contains: --merged: --points-at:"),
    "diff-tree": _DIFF.and_more(options("-r -t --root --no-commit-id")),
    "grep": options(
        "-n -i -w -l -L -c -h -H -E -F -P -G -v -e: -A: -B: -C: --cached --untracked "
        "--line-number --ignore-case --name-only --count --heading --break"
    ),
    "count-objects": options("-v -H"),
    "check-ignore": options("-v -q -n"),
    "version": NONE,
    "branch": options(
        "-l --list -a --all -r --remotes -v --verbose --show-current --contains: --no-contains: "
        "--merged= --no-merged= --sort: --format: --points-at: --color= --no-color"
    ),
    "tag": options("-l --list -n --contains: --merged= --sort: --format: --points-at:"),
    "remote": options("-v --verbose"),
    "stash": _LOG,
    "reflog": _LOG,
    "worktree": options("--porcelain -v -z"),
}
_SECOND_WORDS: Final = {
    "remote": frozenset({"get-url"}),
    "stash": frozenset({"list", "show"}),
    "reflog": frozenset({"show"}),
    "worktree": frozenset({"list"}),
}
"""Of subcommands that have subcommands: those that change nothing."""
_MAY_STAND_ALONE = frozenset({"remote", "reflog"})
_LISTS: Final = {
    "branch": ("-l", "--list"),
    "tag": ("-l", "--list"),
}
"""Subcommands that make something out of a plain word, unless they are told to list."""

_DESTRUCTIVE = frozenset({"clean", "filter-branch", "filter-repo", "rm", "restore", "prune", "gc"})
_DESTRUCTIVE_WITH: Final = {
    "push": ("-f", "--force", "--force-with-lease", "-d", "--delete", "--mirror", "--prune"),
    "reset": ("--hard", "--merge", "--keep"),
    "branch": ("-D", "-d", "--delete", "-M", "-f", "--force"),
    "tag": ("-d", "--delete", "-f", "--force"),
    "checkout": ("-f", "--force", "--", ".", "-B"),
    "switch": ("-f", "--force", "--discard-changes", "-C"),
    "stash": ("drop", "clear"),
    "reflog": ("expire", "delete"),
    "worktree": ("remove", "prune"),
    "update-ref": ("-d", "--stdin"),
    "remote": ("remove", "rm", "prune"),
    "submodule": ("deinit",),
    "lfs": ("prune",),
}


def judge_git(args: Sequence[str]) -> Finding:
    """Judge the arguments of git."""
    at = _subcommand_at(args)
    if at is None:
        return _unknown(args)
    name, rest = args[at], args[at + 1 :]
    before = parse(args[:at], _GLOBAL)
    if before is None or any_outside(before.words):
        return _unknown([name, *rest])
    if _destroys(name, rest):
        return destroy(f"git {name} throws work away.")
    known = _READS.get(name)
    parsed = parse(rest, known) if known else None
    if parsed is None:
        return write(f"git {name} changes something, or is not known to change nothing.")
    if any(outside(word) for word in parsed.words):
        return write(f"git {name} reads outside of the workspace.")
    operands = parsed.operands
    if name in _LISTS and operands and not parsed.has(*_LISTS[name]):
        return write(f"git {name} makes {operands[0]}.")
    if name in _SECOND_WORDS and not (
        rest[0] in _SECOND_WORDS[name] if operands else name in _MAY_STAND_ALONE
    ):
        return write(f"git {name} changes something.")
    return read(f"git {name} reads and changes nothing.")


def _subcommand_at(args: Sequence[str]) -> int | None:
    """Where the subcommand stands, also after options that are not in the table."""
    at = 0
    while at < len(args):
        word = args[at]
        if not word.startswith("-"):
            return at
        valued = ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path")
        at += 2 if word in valued else 1
    return None


def _destroys(name: str, rest: Sequence[str]) -> bool:
    if name in _DESTRUCTIVE:
        return True
    marks = _DESTRUCTIVE_WITH.get(name, ())
    if any(word.partition("=")[0] in marks for word in rest):
        return True
    # `git push origin +main` and `git push origin :old` need no option for it.
    return name == "push" and any(word.startswith(("+", ":")) for word in rest)


def _unknown(words: Sequence[str]) -> Finding:
    if any(_destroys(word, words[at + 1 :]) for at, word in enumerate(words)):
        return destroy("git throws work away, with options that are not known.")
    return write("git with options that may start programs or lead elsewhere.")
