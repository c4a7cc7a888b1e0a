"""What a run has left behind, under names: whole outputs, values of records, files of agents (U3).

Names are looked up among what belongs to the run, and files are opened below its own folders
without following links (`mas.http.workspace`): none leads anywhere else.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from mas.app.service import Service
from mas.app.settings import Settings
from mas.core.errors import UserError
from mas.http.problems import not_found
from mas.http.workspace import Folder, OpenFile, Workspace, shown

ArtifactKind = Literal["output", "record", "file"]

MOST_FILES = 2000
"""Files of agents that are listed; folders with more are shown in part."""
DEEPEST = 20
"""Folders within folders that are listed."""

SMALLEST_PAGE = 4096
LARGEST_PAGE = 1024 * 1024
"""Bytes that are read at once."""

_WHOLE_LINES = 64 * 1024
"""A page begins and ends with a line where lines are shorter than this: masking finds no secret
that is cut in two."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One thing that can be read; `size_bytes` is that of what is stored."""

    name: str
    kind: ArtifactKind
    size_bytes: int
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All artifacts of a run. `complete` False: there are more files than are named."""

    artifacts: tuple[Artifact, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some bytes of an artifact."""

    content: bytes
    """As text in UTF-8 with secrets masked, else as it is."""
    is_text: bool
    offset: int
    """Where in the artifact it begins."""
    next: int | None
    """Where the rest begins; None: this was the end."""
    total: int


class Artifacts:
    """The artifacts of runs."""

    def __init__(self, service: Service, settings: Settings, mask: Callable[[str], str]) -> None:
        self._service = service
        self._outputs = Workspace(settings.outputs_folder)
        self._files = Workspace(settings.workspaces_folder)
        self._mask = mask

    async def of(self, run_id: str) -> Listed:
        """Everything that a run has left behind.

        Raises:
            UserError: There is no such run (`unknown_run`).
        """
        detail = await self._service.detail(run_id)
        records = tuple(
            Artifact(
                name=_record_name(record.task, record.key),
                kind="record",
                size_bytes=record.size_bytes,
                summary=record.summary,
            )
            for record in detail.records
        )
        outputs, _ = await asyncio.to_thread(_found, self._outputs, run_id, "outputs", "output")
        files, complete = await asyncio.to_thread(_found, self._files, run_id, "files", "file")
        return Listed(artifacts=(*records, *outputs, *files), complete=complete)

    async def read(self, run_id: str, name: str, *, offset: int, limit: int) -> Piece:
        """At most `limit` bytes from `offset` on, in whole lines where there are any.

        `limit` is `SMALLEST_PAGE` or more.

        Raises:
            UserError: There is no such run (`unknown_run`) or artifact of it (`not_found`).
        """
        kind, _, rest = name.partition("/")
        if kind == "records":
            value = await self._value(run_id, name)
            return self._piece(_Text(value), offset, limit)
        await self._service.get(run_id)
        root = {"outputs": self._outputs, "files": self._files}.get(kind)
        names = tuple(rest.split("/"))
        if root is None or any(part in ("", ".", "..") for part in names):
            raise _absent(run_id)
        return await asyncio.to_thread(self._piece_of_file, root, (run_id, *names), offset, limit)

    async def _value(self, run_id: str, name: str) -> bytes:
        # Found by its name among those that there are: ids of tasks may hold any sign.
        for record in (await self._service.detail(run_id)).records:
            if _record_name(record.task, record.key) == name:
                value = await self._service.value(run_id, record.task, record.key)
                return msgspec.json.format(msgspec.json.encode(value), indent=2)
        raise _absent(run_id)

    def _piece_of_file(
        self, root: Workspace, names: tuple[str, ...], offset: int, limit: int
    ) -> Piece:
        try:
            found = root.look(names)
        except UserError as exc:
            raise _absent(names[0]) from exc
        if isinstance(found, Folder):
            raise _absent(names[0])
        try:
            return self._piece(_File(found), offset, limit)
        finally:
            os.close(found.descriptor)

    def _piece(self, source: _Text | _File, offset: int, limit: int) -> Piece:
        window = min(_WHOLE_LINES, limit // 2)
        begin = _line_begin(source, offset, window)
        content = source.read(begin, begin + limit)
        end = begin + len(content)
        if end < source.total:
            last = content.rfind(b"\n") + 1
            if last > len(content) - window:
                content, end = content[:last], begin + last
        is_text = b"\0" not in content
        if is_text:
            content = self._mask(content.decode("utf-8", "replace")).encode("utf-8", "replace")
        return Piece(
            content=content,
            is_text=is_text,
            offset=begin,
            next=end if begin < end < source.total else None,
            total=source.total,
        )


class _Text:
    """Bytes that are there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.total = len(content)

    def read(self, begin: int, end: int) -> bytes:
        return self._content[begin:end]


class _File:
    """An open file; it may grow or shrink while it is read."""

    def __init__(self, file: OpenFile) -> None:
        self._descriptor = file.descriptor
        self.total = file.size

    def read(self, begin: int, end: int) -> bytes:
        return os.pread(self._descriptor, max(min(end, self.total) - begin, 0), begin)


def _line_begin(source: _Text | _File, offset: int, window: int) -> int:
    """Where the line begins that `offset` is in; `offset` where that is further than `window`."""
    if offset >= source.total:
        return source.total
    before = source.read(max(offset - window, 0), offset)
    if b"\n" in before:
        return offset - len(before) + before.rfind(b"\n") + 1
    return 0 if offset <= window else offset


def _record_name(task: str, key: str) -> str:
    return f"records/{task}/{key}"


def _found(
    root: Workspace, run_id: str, prefix: str, kind: ArtifactKind
) -> tuple[tuple[Artifact, ...], bool]:
    """The files below a run's folder, and whether these are all."""
    files: list[Artifact] = []
    for path, size in _walk(root, (run_id,)):
        if len(files) == MOST_FILES or size is None:
            return tuple(files), False
        files.append(Artifact(name=f"{prefix}/{path}", kind=kind, size_bytes=size))
    return tuple(files), True


def _walk(root: Workspace, names: tuple[str, ...]) -> Iterator[tuple[str, int | None]]:
    """Paths with their sizes; a size None says that something is left out."""
    try:
        found = root.look(names, limit=MOST_FILES + 1)
    except UserError:
        return  # gone, or never made
    if not isinstance(found, Folder):
        os.close(found.descriptor)
        return
    for entry in found.entries:
        path = (*names, entry.name)
        if entry.kind == "file":
            yield "/".join(map(shown, path[1:])), entry.size or 0
        elif entry.kind == "folder" and len(path) > DEEPEST:
            yield "", None
        elif entry.kind == "folder":
            yield from _walk(root, path)
    if found.total > len(found.entries):
        yield "", None


def _absent(run_id: str) -> UserError:
    return not_found(
        f"Run {run_id} has no such artifact.",
        hint=f"GET /api/runs/{run_id}/artifacts lists them; links are not followed.",
    )
