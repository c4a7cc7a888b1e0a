"""Counts of objects by name, each with an example (D6)."""

from __future__ import annotations

from mas.kubernetes import objects
from mas.kubernetes.cluster import Sample


class Tally:
    """Counts by name, each with its first object."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, name: str, kind: str, metadata: objects.Meta) -> None:
        """Count one object."""
        where = f"{metadata.namespace}/" if metadata.namespace else ""
        self.add_text(name, f"{kind}/{where}{metadata.name}")

    def add_text(self, name: str, object: str) -> None:
        """Count one object by its `Kind/namespace/name`."""
        self._counts[name] = self._counts.get(name, 0) + 1
        # The smallest, so that the order in which kinds were read does not matter.
        if name not in self._first or object < self._first[name]:
            self._first[name] = object

    def samples(self) -> dict[str, Sample]:
        """All counts, by name."""
        return {
            name: Sample(count=count, first=self._first[name])
            for name, count in sorted(self._counts.items())
        }
