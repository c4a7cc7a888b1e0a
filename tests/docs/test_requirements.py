"""The ids that tests cite stand in docs/requirements.md, and what is claimed there is tested."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATES = ("done", "partly", "planned")
FAMILIES = {"R": 15, "A": 9, "D": 11, "O": 7, "B": 5, "F": 6, "S": 3, "U": 5, "P": 7, "Q": 3}
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+?) \| (\w+) \| (.*?) ?\|$", re.MULTILINE)
LETTERS = "".join(FAMILIES)
IN_TEXT = re.compile(rf"\b[{LETTERS}]\d{{1,2}}\b")
IN_NAME = re.compile(rf"test_([{LETTERS.lower()}]\d{{1,2}})_")


def _rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall((ROOT / "docs/requirements.md").read_text("utf-8"))


def _prose(source: str) -> str:
    """Comments and docstrings of a module; other strings are data and cite nothing."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join([*docstrings, *(t.string for t in tokens if t.type == tokenize.COMMENT)])


def _cited() -> dict[str, Path]:
    cited: dict[str, Path] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path == Path(__file__):
            continue
        source = path.read_text("utf-8")
        for found in IN_NAME.findall(source) + IN_TEXT.findall(_prose(source)):
            cited.setdefault(found.upper(), path.relative_to(ROOT))
    return cited


def test_every_requirement_stands_there_once_with_a_known_state() -> None:
    rows = _rows()
    counted = Counter(row[0] for row in rows)
    expected = {f"{letter}{n}" for letter, last in FAMILIES.items() for n in range(1, last + 1)}
    assert set(counted) == expected
    assert [name for name, times in counted.items() if times > 1] == []
    assert [row for row in rows if row[2] not in STATES] == []


def test_what_is_partly_done_says_what_works_today() -> None:
    assert [row[0] for row in _rows() if row[2] == "partly" and not row[3]] == []


def test_every_id_cited_in_tests_is_a_requirement() -> None:
    known = {row[0] for row in _rows()}
    assert {name: str(path) for name, path in _cited().items() if name not in known} == {}


def test_everything_marked_done_is_cited_by_a_test() -> None:
    cited = _cited()
    assert [row[0] for row in _rows() if row[2] == "done" and row[0] not in cited] == []
