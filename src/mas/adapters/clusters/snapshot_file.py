"""Reads a snapshot file (D1, Q1)."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import BinaryIO, Literal

from mas.core.errors import UserError
from mas.kubernetes.kinds import Kind, by_name, parse_names
from mas.kubernetes.snapshot import SnapshotReader
from mas.kubernetes.source import Notes, Sink
from mas.kubernetes.window import HOW_TO

VERSION_ANNOTATION = "mas.dev/server-version"
FORBIDDEN_ANNOTATION = "mas.dev/forbidden"
KINDS_ANNOTATION = "mas.dev/kinds"


class SnapshotFile:
    """A cluster as a file holds it; a `ClusterSource`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def kind(self) -> Literal["snapshot", "live"]:
        """Where the objects come from."""
        return "snapshot"

    @property
    def name(self) -> str:
        """File name without its folder."""
        return self.path.name

    async def read(self, sink: Sink, *, everything: bool = False) -> Notes:  # noqa: ARG002
        """Give every object of the file to `sink`, whatever `everything` says.

        Other tasks of the event loop get their turn between pieces of a few megabytes.

        Raises:
            UserError: There is no such file, or it is no snapshot.
        """
        with open_regular(self.path) as stream:
            reader = SnapshotReader(stream, name=str(self.path))
            try:
                for batch in reader:
                    kind = _item_kind(batch.list_kind)
                    for raw in batch.items:
                        sink.add(raw, kind)
                    await asyncio.sleep(0)
            except OSError as exc:
                raise _unusable(
                    f"Reading {self.path} failed: {_reason(exc)}.", "Check the disk and try again."
                ) from exc
        kinds = reader.annotations.get(KINDS_ANNOTATION)
        return Notes(
            version=reader.annotations.get(VERSION_ANNOTATION, ""),
            forbidden=parse_names(reader.annotations.get(FORBIDDEN_ANNOTATION)),
            kinds=None if kinds is None else parse_names(kinds),
        )


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; devices, pipes and folders are refused without waiting.

    Raises:
        UserError: It cannot be read; the message says why.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise _unusable(f"There is no file {path}.", HOW_TO) from exc
    except PermissionError as exc:
        raise _unusable(
            f"{path} may not be read.", "Give this user permission to read it."
        ) from exc
    except (OSError, ValueError) as exc:
        raise _unusable(f"{path} cannot be opened: {_reason(exc)}.", HOW_TO) from exc
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise _unusable(f"{path} is {what}.", HOW_TO)
    return os.fdopen(descriptor, "rb", buffering=0)


def _item_kind(list_kind: str) -> Kind | None:
    """Kind of the items of a typed list (`PodList`), which do not say it themselves."""
    return by_name(list_kind.removesuffix("List")) if list_kind not in ("", "List") else None


def _reason(exc: Exception) -> str:
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)


def _unusable(message: str, hint: str) -> UserError:
    return UserError(message, hint=hint, code="snapshot_unusable")
