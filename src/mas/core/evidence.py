"""Evidence: what was read, where it stands, and when; each claim of a decision cites it (D7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One value that was read.

    `object` is `Kind/namespace/name`, or `Kind/name` for cluster-wide objects. What is no object
    of the cluster uses the kinds `Catalog`, `Snapshot`, `Request` and `Cluster`.
    `field` is a kubectl-style path and `value` what stands there, as text. A computed field
    carries a name with spaces, which no path has.
    `read_at` is ISO 8601 in UTC.
    """

    object: str
    field: str
    value: str
    read_at: str


class EvidenceBook:
    """Collects evidence and gives each distinct (object, field, value) one id: `e1`, `e2`, ..."""

    def __init__(self, *, read_at: str) -> None:
        self._read_at = read_at
        self._ids: dict[tuple[str, str, str], str] = {}
        self._entries: dict[str, Evidence] = {}

    def cite(self, object: str, field: str, value: str) -> str:
        """Return the id of this evidence, adding it on first use."""
        key = (object, field, value)
        if key not in self._ids:
            name = f"e{len(self._ids) + 1}"
            self._ids[key] = name
            self._entries[name] = Evidence(
                object=object, field=field, value=value, read_at=self._read_at
            )
        return self._ids[key]

    def entries(self) -> Mapping[str, Evidence]:
        """All evidence by id, in the order of first use."""
        return dict(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)
