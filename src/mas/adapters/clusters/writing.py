"""Writes a snapshot file from any source, without what a decision has no business with (D1, Q3).

Left out: Secrets and ConfigMap data, values of environment variables, managed fields, the last
applied configuration, schemas of definitions, and everything but the names of custom resources.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from mas.adapters.clusters.snapshot_file import (
    FORBIDDEN_ANNOTATION,
    KINDS_ANNOTATION,
    VERSION_ANNOTATION,
)
from mas.core.errors import UserError
from mas.kubernetes.kinds import KINDS, Kind, join_names
from mas.kubernetes.source import ClusterSource, Notes, Raw

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_FULL = {(kind.group, kind.kind) for kind in KINDS if not kind.names_only}
_KEPT_METADATA = ("creationTimestamp", "labels", "name", "namespace", "ownerReferences", "uid")
_BUFFER_BYTES = 1024 * 1024
_ENCODER = msgspec.json.Encoder(order="sorted")


async def write_snapshot(source: ClusterSource, path: Path) -> int:
    """Read all of `source` and write it to `path`, which appears only when it is complete.

    The file can be read and written by its owner alone.

    Returns:
        How many objects were written.

    Raises:
        UserError: The file cannot be written, or the source not be used.
        Transient: The server is out of reach.
    """
    draft, descriptor = _create_draft(path)
    try:
        with os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES) as file:
            writer = _SnapshotWriter(file)
            try:
                notes = await source.read(writer, everything=True)
                writer.finish(notes)
                file.flush()
                os.fsync(file.fileno())
            except OSError as exc:
                raise _unwritable(path, _reason(exc)) from exc
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return writer.written


def _create_draft(path: Path) -> tuple[Path, int]:
    """A new file beside `path` that only its owner may read, open for writing."""
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return draft, os.open(draft, flags, 0o600)
    except (OSError, ValueError) as exc:
        raise _unwritable(path, _reason(exc)) from exc


class _SnapshotWriter:
    """A `Sink` that writes each object at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.written = 0
        file.write(b'{"apiVersion":"v1","items":[')

    def add(self, raw: Raw, kind: Kind | None = None) -> None:
        """Write one object, cleaned; what is no object is left out."""
        try:
            content = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            return
        if isinstance(content, dict):
            self._add(content, kind)

    def finish(self, notes: Notes) -> None:
        """Close the List with what is known about the reading."""
        annotations = {VERSION_ANNOTATION: notes.version} if notes.version else {}
        if notes.forbidden:
            annotations[FORBIDDEN_ANNOTATION] = join_names(notes.forbidden)
        if notes.kinds is not None:
            annotations[KINDS_ANNOTATION] = join_names(notes.kinds)
        metadata = {"annotations": annotations, "resourceVersion": ""}
        self._file.write(b'],"kind":"List","metadata":' + _ENCODER.encode(metadata) + b"}\n")

    def _add(self, content: dict[str, Any], kind: Kind | None) -> None:
        if kind is not None:
            group, version = kind.group, kind.versions[0]
            content["apiVersion"] = f"{group}/{version}" if group else version
            content["kind"] = kind.kind
        name = content.get("kind")
        items = content.get("items")
        if isinstance(name, str) and name.endswith("List") and isinstance(items, list):
            for item in items:
                if isinstance(item, dict):
                    self._add(item, None)
            return
        if name == "Secret":
            return
        cleaned = _cleaned(content)
        self._file.write((b"," if self.written else b"") + _ENCODER.encode(cleaned))
        self.written += 1


def _cleaned(content: dict[str, Any]) -> dict[str, Any]:
    """The object without what must not be in a snapshot."""
    version, kind = content.get("apiVersion"), content.get("kind")
    group = version.rpartition("/")[0] if isinstance(version, str) else ""
    metadata = content.get("metadata")
    if (group, kind) not in _FULL:
        kept = {}
        if isinstance(metadata, dict):
            kept = {key: metadata[key] for key in _KEPT_METADATA if key in metadata}
        return {"apiVersion": version, "kind": kind, "metadata": kept}
    _visit(content, _drop_private)
    if kind == "CustomResourceDefinition":
        _visit(content, lambda one: one.pop("schema", None))
    return content


def _drop_private(content: dict[str, Any]) -> None:
    """Remove private and bulky parts of one mapping, wherever it stands."""
    content.pop("managedFields", None)
    annotations = content.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(_LAST_APPLIED, None)
    variables = content.get("env")
    if isinstance(variables, list):
        for variable in variables:
            if isinstance(variable, dict):
                variable.pop("value", None)


def _visit(content: Any, change: Callable[[dict[str, Any]], object]) -> None:
    """Apply `change` to each mapping inside."""
    pending = [content]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            change(one)
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _reason(exc: Exception) -> str:
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)


def _unwritable(path: Path, reason: str) -> UserError:
    return UserError(
        f"The snapshot {path} cannot be written: {reason}.",
        hint="Choose another place with -o FILE.",
        code="snapshot_unwritable",
    )
