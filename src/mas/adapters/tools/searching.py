"""Looks for a regular expression in files, in a process of its own that can be ended.

Run as a script: an expression may take for ever, and nothing in a thread could stop it. Reads its
order as JSON from standard input and writes its finding as JSON to standard output.
"""
# It starts for every search, so it loads little.
# ruff: noqa: PTH113, PTH118

import fnmatch
import json
import os
import re
import sys

_SKIPPED_FOLDERS = {".git", "node_modules", ".venv", "__pycache__", ".mypy_cache", ".terraform"}
_LONGEST_LINE = 20_000
_SHOWN = 300
_LARGEST_FILE = 5_000_000
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def main() -> None:
    """Serve one order."""
    order = json.load(sys.stdin)
    flags = re.IGNORECASE if order["ignore_case"] else 0
    try:
        pattern = re.compile(order["pattern"], flags)
    except (re.error, RecursionError, OverflowError) as exc:
        json.dump({"wrong": str(exc)}, sys.stdout)
        return
    search = _Search(pattern, order["limit"])
    path = order["path"]
    if os.path.isfile(path):
        # A single file is searched whole, whatever its size.
        search.file(os.open(path, _FLAGS), order["label"], largest=None)
    else:
        for folder, folders, files, number in os.fwalk(path, follow_symlinks=False):
            folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
            for name in sorted(files):
                label = os.path.normpath(os.path.join(os.path.relpath(folder, path), name))
                if order["label"] not in ("", "."):
                    label = os.path.join(order["label"], label)
                if not fnmatch.fnmatch(name, order["glob"]) and not fnmatch.fnmatch(
                    label, order["glob"]
                ):
                    continue
                try:
                    search.file(os.open(name, _FLAGS, dir_fd=number), label, _LARGEST_FILE)
                except OSError:
                    search.skipped += 1
    json.dump(
        {
            "matches": search.matches,
            "total": search.total,
            "files": search.files,
            "skipped": search.skipped,
        },
        sys.stdout,
    )


class _Search:
    """What was found so far."""

    def __init__(self, pattern: "re.Pattern[str]", limit: int) -> None:
        self._pattern = pattern
        self._limit = limit
        self.matches: list[list[object]] = []
        self.total = 0
        self.files = 0
        self.skipped = 0

    def file(self, number: int, label: str, largest: "int | None") -> None:
        """Search one open file; binary and too large ones are counted as skipped."""
        with os.fdopen(number, "rb") as stream:
            size = os.fstat(number).st_size
            if (largest is not None and size > largest) or b"\0" in stream.read(4096):
                self.skipped += 1
                return
            stream.seek(0)
            self.files += 1
            at = 0
            while line := stream.readline(_LONGEST_LINE):
                at += 1
                self._line(line.decode("utf-8", "replace").rstrip("\r\n"), label, at)
                while not line.endswith(b"\n") and line:
                    # What is behind the longest line that is looked at.
                    line = stream.readline(_LONGEST_LINE)

    def _line(self, text: str, label: str, at: int) -> None:
        match = self._pattern.search(text)
        if match is None:
            return
        self.total += 1
        if len(self.matches) < self._limit:
            begin = max(0, match.start() - _SHOWN // 3)
            name = label.encode("utf-8", "backslashreplace").decode()
            self.matches.append([name, at, text[begin : begin + _SHOWN]])


if __name__ == "__main__":
    main()
