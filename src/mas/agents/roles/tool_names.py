"""From the tool names of Claude Code's sub-agent files to patterns of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

CLAUDE_TOOLS: dict[str, tuple[str, ...]] = {
    "Read": ("files.read",),
    "NotebookRead": ("files.read",),
    "Write": ("files.write",),
    "Edit": ("files.edit",),
    "MultiEdit": ("files.edit",),
    "NotebookEdit": ("files.edit",),
    "Grep": ("files.search",),
    "Glob": ("files.list",),
    "LS": ("files.list",),
    "Bash": ("command.run",),
    # There is nothing like these here.
    "Agent": (),
    "AskUserQuestion": (),
    "BashOutput": (),
    "EnterPlanMode": (),
    "ExitPlanMode": (),
    "KillShell": (),
    "ListMcpResourcesTool": (),
    "ReadMcpResourceTool": (),
    "Skill": (),
    "SlashCommand": (),
    "Task": (),
    "TaskOutput": (),
    "TodoRead": (),
    "TodoWrite": (),
    "ToolSearch": (),
    "WebFetch": (),
    "WebSearch": (),
}
"""Their name → ours; empty where MAS has no such tool."""

OWN_OUTPUT = "outputs.*"
"""Reading on in what a tool gave and was cut; part of every list that names a tool."""

BUILT_IN = (
    "files.read",
    "files.list",
    "files.search",
    "files.write",
    "files.edit",
    "command.run",
    "git.*",
    "kubernetes.*",
    OWN_OUTPUT,
    "messages.send",
)
"""What is left of "every tool" once some are forbidden: nothing of any MCP server."""

EVERYTHING = "*"
_PATTERN = re.compile(r"[\w*?-]+\.[\w*?.-]+", re.ASCII)
_MCP = re.compile(r"mcp__(?P<server>[\w-]+?)(?:__(?P<tool>[\w*-]+))?", re.ASCII)
_LIMITED = re.compile(r"(?P<tool>\w+)\(.*\)", re.ASCII | re.DOTALL)
_COMMA = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True, kw_only=True)
class ToolList:
    """`patterns` None: every tool. `notes` say what was left out and why."""

    patterns: tuple[str, ...] | None
    notes: tuple[str, ...] = ()


def split_words(text: str) -> tuple[str, ...]:
    """The words of a comma-separated list; commas in parentheses do not count."""
    return tuple(word.strip() for word in _COMMA.split(text) if word.strip())


def read_tools(allowed: Iterable[str] | None, forbidden: Iterable[str] = ()) -> ToolList:
    """The patterns for a list of names, theirs or ours; None allows every tool.

    What has no counterpart is left out, never replaced by something wider.
    """
    notes: list[str] = []
    patterns: tuple[str, ...] | None = None
    if allowed is not None:
        found = [pattern for word in allowed for pattern in _patterns(word, notes)]
        patterns = None if EVERYTHING in found else tuple(dict.fromkeys(found))
        if patterns and OWN_OUTPUT not in patterns:
            patterns = (*patterns, OWN_OUTPUT)
    banned = [pattern for word in forbidden for pattern in _banned(word)]
    if banned:
        if patterns is None:
            notes.append("because some tools are forbidden, those of MCP servers have to be listed")
            patterns = BUILT_IN
        patterns = tuple(one for one in patterns if not _overlaps(one, banned))
    return ToolList(patterns=patterns, notes=tuple(notes))


def _patterns(word: str, notes: list[str]) -> tuple[str, ...]:
    if word == EVERYTHING or (_PATTERN.fullmatch(word) and not word.startswith("mcp__")):
        return (word,)
    if mcp := _MCP.fullmatch(word):
        return (f"{mcp['server']}.{mcp['tool'] or '*'}",)
    if word in CLAUDE_TOOLS:
        if not CLAUDE_TOOLS[word]:
            notes.append(f"{word} has no counterpart and was left out")
        return CLAUDE_TOOLS[word]
    limited = _LIMITED.fullmatch(word)
    if limited and CLAUDE_TOOLS.get(limited["tool"]):
        notes.append(
            f"{word} was left out: name the tool without parentheses, and limit it by policy.toml"
        )
    else:
        notes.append(f"{word!r} is no tool and was left out")
    return ()


def _banned(word: str) -> tuple[str, ...]:
    """Patterns to take away; a tool that is forbidden for some arguments goes as a whole."""
    limited = _LIMITED.fullmatch(word)
    return _patterns(limited["tool"] if limited else word, [])


def _overlaps(pattern: str, banned: Iterable[str]) -> bool:
    return any(fnmatchcase(pattern, other) or fnmatchcase(other, pattern) for other in banned)
