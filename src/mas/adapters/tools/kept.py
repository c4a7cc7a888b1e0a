"""Whole outputs on disk, under short ids, for paging through what a model was shown a part of."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_ID = re.compile(r"o[1-9][0-9]{0,8}")
_SAFE_RUN = re.compile(r"[A-Za-z0-9_-]{1,100}")
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class KeptOutputs:
    """Outputs by run: `ROOT/RUN/o1`, `o2`, ... Only their owner may read them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, run_id: str, text: str) -> str:
        """Store a text and return its id, unique within the run also beside other processes."""
        folder = self._folder(run_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = len(os.listdir(folder)) + 1  # noqa: PTH208 - only their number is wanted
        while True:
            try:
                descriptor = os.open(folder / f"o{number}", _FLAGS, 0o600)
                break
            except FileExistsError:
                number += 1
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        return f"o{number}"

    def path(self, run_id: str, output_id: str) -> Path | None:
        """The file of an output; None when there is none of this id."""
        if not _ID.fullmatch(output_id):
            return None
        path = self._folder(run_id) / output_id
        return path if path.is_file() else None

    def known(self, run_id: str) -> tuple[str, ...]:
        """Ids of the run's outputs, the latest first."""
        folder = self._folder(run_id)
        names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208
        return tuple(sorted(filter(_ID.fullmatch, names), key=lambda one: -int(one[1:])))

    def _folder(self, run_id: str) -> Path:
        return self._root / (run_id if _SAFE_RUN.fullmatch(run_id) else "other")
