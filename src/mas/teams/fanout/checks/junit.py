"""Reads the report that pytest writes as JUnit XML (F5).

The file comes from where an agent's code has run. It is read as data: a document type, and with it
every entity, is refused.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from mas.teams.fanout.checks.model import Outcome
from mas.teams.fanout.checks.report import Outcomes, Report

_FAILED: Final = frozenset({"failure", "error"})


class _Refused(Exception):
    """The document holds what no report holds."""


class _Reader:
    """Follows the elements of a report."""

    def __init__(self) -> None:
        self.outcomes = Outcomes()
        self._name = ""
        self._outcome: Outcome = "passed"

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            parts = (attributes.get("classname", ""), attributes.get("name", ""))
            self._name = "::".join(part for part in parts if part) or "?"
            self._outcome = "passed"
        elif self._name and tag in _FAILED:
            self._outcome = "failed"
        elif self._name and tag == "skipped" and self._outcome != "failed":
            self._outcome = "skipped"

    def end(self, tag: str) -> None:
        if tag == "testcase":
            self.outcomes.add(self._name, self._outcome)
            self._name = ""

    def refuse(self, *_: object) -> None:
        raise _Refused


def read_junit(data: bytes) -> Report | None:
    """The report; None when it is not whole, as when its writer was ended."""
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Refused, ValueError):
        return None
    return reader.outcomes.report()
