"""Notes about repositories are told in both languages (R10, Q2)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mas.repositories
from mas.core.language import detect_language
from mas.teams.fanout.notes import KOREAN, note_in

PLACE = re.compile(r"\{\w+\}")


def sentences() -> Iterator[str]:
    """All texts in the code of `mas.repositories`; what is filled in stands as `{}`."""
    (folder,) = mas.repositories.__path__
    for file in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_r10_every_note_of_the_table_is_one_that_repositories_tell() -> None:
    told = set(sentences())
    assert [one for one in KOREAN if PLACE.sub("{}", one) not in told] == []


@pytest.mark.parametrize("english", KOREAN)
def test_r10_a_note_is_told_in_korean_with_all_that_was_filled_in(english: str) -> None:
    names = [found.strip("{}") for found in PLACE.findall(english)]
    filled = english.format(**{name: f"<{name} {{x}}>" for name in names})
    korean = note_in(filled, "ko")
    assert detect_language(korean) == "ko"
    assert all(f"<{name} {{x}}>" in korean for name in names)
    assert note_in(filled, "en") == filled


def test_q2_a_note_that_is_unknown_stays_as_it_is() -> None:
    assert note_in("{0.__class__} %s", "ko") == "{0.__class__} %s"
