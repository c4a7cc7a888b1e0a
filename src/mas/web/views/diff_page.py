"""The comparison of two branches as a page shows it: files, and their lines side by side. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from pygments.lexer import Lexer

from mas.repositories.changes import Diff, FileChange
from mas.web.views.diff import FileDiff, Hunk, Line, Row, files_of
from mas.web.views.diff_lines import changed_ranges, coloured, lexer_for, to_line, visible

MOST_FILES = 200
"""Files that are listed; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One line of one side."""

    number: int
    html: Markup


@dataclass(frozen=True, kw_only=True)
class RowHtml:
    """Two cells side by side; None: nothing stands there."""

    same: bool
    left: Cell | None
    right: Cell | None


@dataclass(frozen=True, kw_only=True)
class HunkHtml:
    """Rows without a gap."""

    skipped: int
    heading: Markup
    rows: tuple[RowHtml, ...]


@dataclass(frozen=True, kw_only=True)
class FileHtml:
    """One file that differs."""

    id: str
    path: Markup
    before: Markup | None
    change: str
    """A, M, D, R or T."""
    additions: int
    deletions: int
    binary: bool
    mode: bool
    no_newline: bool
    cut: bool
    hunks: tuple[HunkHtml, ...]


@dataclass(frozen=True, kw_only=True)
class CompareView:
    """Everything that differs, as far as a page shows it."""

    files: tuple[FileHtml, ...]
    hidden_files: int
    total_files: int
    additions: int
    deletions: int
    total_bytes: int
    cut: bool
    """There is more than is shown."""


def compare_view(diff: Diff) -> CompareView:
    """The view of a difference. Takes a second or two where it is large: run it in a thread."""
    parsed = {one.path: one for one in files_of(diff.text)}
    files = tuple(
        _file(number, change, parsed.get(change.path))
        for number, change in enumerate(diff.files[:MOST_FILES], start=1)
    )
    hidden = len(diff.files) - len(files)
    return CompareView(
        files=files,
        hidden_files=hidden,
        total_files=len(diff.files),
        additions=diff.additions,
        deletions=diff.deletions,
        total_bytes=diff.total_bytes,
        cut=diff.cut or hidden > 0 or any(one.cut for one in files),
    )


def _file(number: int, change: FileChange, found: FileDiff | None) -> FileHtml:
    lexer = lexer_for(change.path)
    notes = found.notes if found else ()
    lines = change.additions + change.deletions
    return FileHtml(
        id=f"f-{number}",
        path=visible(change.path),
        before=visible(change.before) if change.before else None,
        change=change.change,
        additions=change.additions,
        deletions=change.deletions,
        binary=change.binary or "binary" in notes,
        mode="mode" in notes,
        no_newline="no_newline" in notes,
        cut=found.cut if found else lines > 0,
        hunks=tuple(_hunk(one, lexer) for one in found.hunks) if found else (),
    )


def _hunk(hunk: Hunk, lexer: Lexer | None) -> HunkHtml:
    left = [row.left for row in hunk.rows if row.left is not None]
    right = [row.right for row in hunk.rows if row.right is not None]
    lefts = dict(
        zip((one.number for one in left), coloured([one.text for one in left], lexer), strict=True)
    )
    rights = dict(
        zip(
            (one.number for one in right), coloured([one.text for one in right], lexer), strict=True
        )
    )
    rows: list[RowHtml] = []
    for row in hunk.rows:
        ours, theirs = _marks(row)
        rows.append(
            RowHtml(
                same=row.kind == "same",
                left=_cell(row.left, lefts, ours),
                right=_cell(row.right, rights, theirs),
            )
        )
    return HunkHtml(
        skipped=hunk.skipped or 0, heading=visible(hunk.heading[:200]), rows=tuple(rows)
    )


def _marks(row: Row) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    if row.kind == "same" or row.left is None or row.right is None:
        return [], []
    return changed_ranges(row.left.text, row.right.text)


def _cell(
    line: Line | None,
    pieces: dict[int, list[tuple[str, str]]],
    marked: list[tuple[int, int]],
) -> Cell | None:
    if line is None:
        return None
    return Cell(number=line.number, html=to_line(pieces[line.number], marked))
