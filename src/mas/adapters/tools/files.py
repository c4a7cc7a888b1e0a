"""Tools for the files of a workspace (A3)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from mas.adapters.tools import schemas
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.adapters.tools.finding import SearchFailed, find
from mas.adapters.tools.given import Arguments, number_of, switch_of, text_of
from mas.adapters.tools.shaping import quoted_name
from mas.adapters.tools.workspace import Entry, PathRefused, Workspace
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.executors import Executor
from mas.core.values import JsonValue

_LINES: Final = 400
_MOST_LINES: Final = 5000
_LONGEST_LINE: Final = 4000
_ENTRIES: Final = 500
_DEPTH: Final = 8
_EDIT_LIMIT_BYTES: Final = 10_000_000
_NOT_WALKED: Final = frozenset({".git", "node_modules", ".venv", "__pycache__"})

_PATH = schemas.text("Path relative to the workspace.", least=1)
_READ = ToolSpec(
    name="files.read",
    description="Read lines of a text file of the workspace.",
    schema=schemas.arguments(
        {
            "path": _PATH,
            "offset": schemas.number("First line, counted from 1."),
            "limit": schemas.number("How many lines; 400 unless given.", most=_MOST_LINES),
        },
        needed=("path",),
    ),
    risk="read",
    idempotent=True,
    target="path",
)
_LIST = ToolSpec(
    name="files.list",
    description="List the files and folders of a folder of the workspace.",
    schema=schemas.arguments(
        {
            "path": schemas.text("Folder relative to the workspace; the workspace unless given."),
            "depth": schemas.number("How many levels of folders; 1 unless given.", most=_DEPTH),
        }
    ),
    risk="read",
    idempotent=True,
    target="path",
)
_SEARCH = ToolSpec(
    name="files.search",
    description="Look for a regular expression (Python's) in the lines of the workspace's files.",
    schema=schemas.arguments(
        {
            "pattern": schemas.text("Regular expression.", least=1),
            "path": schemas.text("File or folder; the workspace unless given."),
            "glob": schemas.text("Names of files to look into, such as *.py."),
            "limit": schemas.number("How many matches; 100 unless given.", most=1000),
            "ignore_case": schemas.switch("Whether upper and lower case are the same."),
        },
        needed=("pattern",),
    ),
    risk="read",
    idempotent=True,
    target="path",
)
_WRITE = ToolSpec(
    name="files.write",
    description="Write a whole text file of the workspace; folders are made as needed.",
    schema=schemas.arguments(
        {"path": _PATH, "content": schemas.text("The whole content of the file.")},
        needed=("path", "content"),
    ),
    risk="write",
    idempotent=True,
    target="path",
)
_EDIT = ToolSpec(
    name="files.edit",
    description=(
        "Replace a piece of text in a file of the workspace. The old text must stand there "
        "exactly so, and only once unless all is true."
    ),
    schema=schemas.arguments(
        {
            "path": _PATH,
            "old": schemas.text("Text that stands there now, with enough around it.", least=1),
            "new": schemas.text("Text to put in its place."),
            "all": schemas.switch("Replace every occurrence."),
        },
        needed=("path", "old", "new"),
    ),
    risk="write",
    target="path",
)
_SPECS: Final = (_READ, _LIST, _SEARCH, _WRITE, _EDIT)


class FileTools:
    """`files.*`, kept to the workspace of the call; a `ToolFamily`."""

    def __init__(self, executor: Executor) -> None:
        """`executor` runs searches."""
        self._executor = executor

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools that match."""
        return matching(_SPECS, patterns)

    def assess(self, spec: ToolSpec, arguments: Arguments) -> Assessment | None:
        """Say what would be written where."""
        path = text_of(arguments, "path", ".")
        if spec.name == _WRITE.name:
            size = len(text_of(arguments, "content").encode("utf-8", "replace"))
            effect = f"Writes {size:,} bytes to {path}; what stands there is replaced."
        elif spec.name == _EDIT.name:
            effect = f"Replaces a piece of text in {path}."
        else:
            return Assessment(risk="read", target=path)
        return Assessment(risk="write", target=path, effect=effect)

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Do what the tool does, in a thread of its own."""
        workspace = Workspace(context.workspace)
        try:
            if spec.name == _SEARCH.name:
                return await self._search(workspace, context, arguments)
            work = {
                _READ.name: _read,
                _LIST.name: _list,
                _WRITE.name: _write,
                _EDIT.name: _edit,
            }[spec.name]
            return await asyncio.to_thread(work, workspace, arguments)
        except PathRefused as exc:
            return failed(str(exc))
        except OSError as exc:
            return failed(f"{spec.name} failed: {exc.strerror or exc}.")

    async def _search(
        self, workspace: Workspace, context: CallContext, arguments: Arguments
    ) -> RawOutput:
        pattern = text_of(arguments, "pattern")
        glob = text_of(arguments, "glob") or "*"
        path = text_of(arguments, "path") or "."
        inside = await asyncio.to_thread(workspace.resolve, path)
        if not context.workspace.is_dir():
            return RawOutput(text=f"Nothing matches {pattern}: the workspace is empty.")
        try:
            found = await find(
                self._executor,
                pattern=pattern,
                path=Path(context.workspace, inside),
                label="" if inside == "." else inside,
                glob=glob,
                limit=number_of(arguments, "limit", 100),
                ignore_case=switch_of(arguments, "ignore_case"),
                deadline=context.deadline,
            )
        except SearchFailed as exc:
            return failed(str(exc))
        looked = f"{found.files:,} files named {glob} below {path} were looked into"
        if found.skipped:
            looked += f", {found.skipped:,} binary or very large ones were not"
        if not found.total:
            return RawOutput(text=f"Nothing matches {pattern}; {looked}.")
        lines = [f"{quoted_name(name)}:{at}: {text}" for name, at, text in found.matches]
        head = f"{len(found.matches):,} of {found.total:,} matching lines; {looked}:"
        return RawOutput(text="\n".join([head, *lines]))


def _read(workspace: Workspace, arguments: Arguments) -> RawOutput:
    path = text_of(arguments, "path")
    first = number_of(arguments, "offset", 1)
    most = number_of(arguments, "limit", _LINES)
    shown: list[str] = []
    total = 0
    with workspace.open(path) as stream:
        if _is_binary(stream):
            return failed(f"{path} is no text file.")
        while line := stream.readline(_LONGEST_LINE):
            total += 1
            if first <= total < first + most:
                shown.append(_line(stream, line))
            elif not line.endswith(b"\n"):
                _skip_line(stream)
    if not total:
        return RawOutput(text=f"{path} is empty.")
    if not shown:
        return failed(f"{path} has {total:,} lines: there is no line {first:,}.")
    last = first + len(shown) - 1
    more = f"; go on with offset {last + 1}" if last < total else ""
    head = f"Lines {first:,} to {last:,} of {total:,} of {path}{more}:"
    return RawOutput(text="\n".join([head, *shown]))


def _is_binary(stream: BinaryIO) -> bool:
    start = stream.read(8192)
    stream.seek(0)
    return b"\0" in start


def _line(stream: BinaryIO, line: bytes) -> str:
    if line.endswith(b"\n"):
        return line[:-1].decode("utf-8", "replace")
    text = line.decode("utf-8", "replace")
    skipped = _skip_line(stream)
    return f"{text} ... {skipped:,} more bytes in this line" if skipped else text


def _skip_line(stream: BinaryIO) -> int:
    """Go on to the next line; how many bytes were left out."""
    skipped = 0
    while piece := stream.readline(1 << 16):
        skipped += len(piece.rstrip(b"\n"))
        if piece.endswith(b"\n"):
            break
    return skipped


def _list(workspace: Workspace, arguments: Arguments) -> RawOutput:
    path = text_of(arguments, "path") or "."
    depth = number_of(arguments, "depth", 1)
    walked = _Walk(workspace)
    walked.folder("" if path == "." else workspace.clean(path), depth)
    if not walked.total:
        return RawOutput(text=f"The folder {path} is empty.")
    head = f"{len(walked.lines):,} of {walked.total:,} entries of {path}:"
    return RawOutput(text="\n".join([head, *walked.lines]))


class _Walk:
    """The lines of a listing, and how many there would be."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.lines: list[str] = []
        self.total = 0

    def folder(self, path: str, depth: int, indent: str = "") -> None:
        """Add the entries of a folder and of those in it."""
        entries = self._workspace.entries(path or ".")
        self.total += len(entries)
        for entry in entries:
            if len(self.lines) < _ENTRIES:
                self.lines.append(f"{indent}{_entry_line(entry)}")
            inner = f"{path}/{entry.name}" if path else entry.name
            if entry.kind == "folder" and depth > 1 and entry.name not in _NOT_WALKED:
                if len(self.lines) >= _ENTRIES:
                    continue
                try:
                    self.folder(inner, depth - 1, f"{indent}  ")
                except PathRefused:
                    self.lines.append(f"{indent}  (cannot be read)")


def _entry_line(entry: Entry) -> str:
    name = quoted_name(entry.name)
    if entry.kind == "folder":
        return f"{name}/"
    return f"{name}  {entry.size:,} bytes" if entry.kind == "file" else f"{name}  ({entry.kind})"


def _write(workspace: Workspace, arguments: Arguments) -> RawOutput:
    path = text_of(arguments, "path")
    content = text_of(arguments, "content")
    data = content.encode("utf-8", "surrogateescape")
    new = workspace.write(path, data)
    did = "Made" if new else "Replaced"
    lines = content.count("\n") + (not content.endswith("\n") if content else 0)
    return RawOutput(text=f"{did} {path}: {lines:,} lines, {len(data):,} bytes.")


def _edit(workspace: Workspace, arguments: Arguments) -> RawOutput:
    path, old, new = (text_of(arguments, name) for name in ("path", "old", "new"))
    with workspace.open(path) as stream:
        data = stream.read(_EDIT_LIMIT_BYTES + 1)
    if len(data) > _EDIT_LIMIT_BYTES or b"\0" in data[:8192]:
        return failed(f"{path} is no text file, or too large to edit.")
    text = data.decode("utf-8", "surrogateescape")
    count = text.count(old)
    if not count:
        return failed(_not_found(path, text, old))
    if count > 1 and not switch_of(arguments, "all"):
        places = itertools.islice(_places(text, old), 5)
        return failed(
            f"The old text stands {count} times in {path} (lines {', '.join(map(str, places))}): "
            "give more of what is around it, or set all."
        )
    workspace.write(path, text.replace(old, new).encode("utf-8", "surrogateescape"))
    times = "once" if count == 1 else f"{count} times"
    line = next(_places(text, old))
    return RawOutput(text=f"Replaced the text {times} in {path}, first in line {line}.")


def _places(text: str, piece: str) -> Iterator[int]:
    """Numbers of the lines where a piece of text begins."""
    at = text.find(piece)
    while at >= 0:
        yield text.count("\n", 0, at) + 1
        at = text.find(piece, at + len(piece))


def _not_found(path: str, text: str, old: str) -> str:
    """Why a text was not found, as far as that can be told."""
    first = next((line.strip() for line in old.splitlines() if line.strip()), "")
    near = [
        at for at, line in enumerate(text.splitlines(), start=1) if first and line.strip() == first
    ]
    if near:
        shown = ", ".join(map(str, near[:5]))
        return (
            f"The old text does not stand in {path}, but its first line does, in line {shown}: "
            "white space or a later line differs. Read it again with files.read."
        )
    if "***" in old:
        return (
            f"The old text does not stand in {path}: *** stands for a secret and matches nothing."
        )
    return f"The old text does not stand in {path}: read the file again with files.read."
