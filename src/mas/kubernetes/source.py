"""Ports of reading: where objects come from, and what takes them in (D1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from mas.kubernetes.kinds import Kind

Raw = msgspec.Raw | bytes
"""One object as JSON, not decoded."""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What a source knows about its reading as a whole."""

    version: str = ""
    """Version of the API server as it stands there; empty when the source does not tell it."""
    forbidden: frozenset[str] = frozenset()
    """Canonical names (`kinds.canonical_name`) of kinds that could not be read."""
    kinds: frozenset[str] | None = None
    """Canonical names of kinds that were read, also those of which there are no objects; None
    when the source does not tell, so that what is not there counts as absent."""


class Sink(Protocol):
    """Takes objects in, one by one, and keeps no reference to their bytes."""

    def add(self, raw: Raw, kind: Kind | None = None) -> None:
        """Take one object; `kind` is None when the object itself says what it is.

        Objects that do not decode are counted, never raised.
        """
        ...


class ClusterSource(Protocol):
    """A cluster that can be read as a whole. Passes tests/contract/test_cluster_reader.py."""

    @property
    def name(self) -> str:
        """File name or context."""
        ...

    @property
    def kind(self) -> Literal["snapshot", "live"]:
        """Where the objects come from."""
        ...

    async def read(self, sink: Sink, *, everything: bool = False) -> Notes:
        """Give every object to `sink`, in bounded memory. Live, Secrets are never asked for.

        Args:
            sink: Takes the objects in.
            everything: Ask a server also for kinds that no decision looks at.

        Raises:
            UserError: The source cannot be used as it is (file or setting).
            Transient: The server is out of reach just now.
        """
        ...
