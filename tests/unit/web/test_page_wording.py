"""Every phrase is there in both languages, fits, and is used."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import mas.web
from mas.core.audit import AuditAction
from mas.core.run import RunStatus, RunSummary, TaskState
from mas.web import wording
from mas.web.pages.runs import STATUSES
from mas.web.views.statuses import WORDS as STATUS_WORDS
from mas.web.views.statuses import run_look, task_look
from mas.web.wording import Wording

WEB = Path(mas.web.__file__).parent
ALL = wording._ALL
_SAID = re.compile(r"""\bt\(\s*["']([a-z][\w.]+)["']\s*(~)?""")
_HANGUL = re.compile("[가-힣]")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _texts() -> Iterator[tuple[Path, str]]:
    for path in sorted(WEB.rglob("*")):
        if path.suffix in (".html", ".py") and "wording" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(ALL))
def test_u2_a_phrase_says_the_same_in_both_languages(key: str) -> None:
    english, korean = ALL[key]
    assert english.strip()
    assert korean.strip()
    assert _placeholders(english) == _placeholders(korean)
    if key != "nav.language":
        assert not _HANGUL.search(english), english


def test_u2_no_phrase_is_told_twice_under_one_key() -> None:
    keys = [key for page in wording._PAGES for key in page]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    "word", ["!", "successfully", "please", "Please", "oops", "해요", "세요", "을(를)", "이(가)"]
)
def test_u2_the_page_neither_shouts_nor_begs(word: str) -> None:
    for key, pair in ALL.items():
        assert not any(word in text for text in pair), (key, pair)


def test_u2_every_phrase_that_templates_and_pages_ask_for_is_there() -> None:
    for path, text in _texts():
        for key, built in _SAID.findall(text):
            if built or key.endswith("."):
                assert any(one.startswith(key) for one in ALL), (path, key)
            else:
                assert key in ALL, (path, key)


def test_u2_no_phrase_is_left_over() -> None:
    literal: set[str] = set()
    prefixes: set[str] = set()
    for path, text in _texts():
        found = set(re.findall(r"""["']([a-z][\w]*(?:\.[\w-]+)+\.?)["']""", text))
        literal |= {one for one in found if not one.endswith(".")}
        prefixes |= {one for one in found if one.endswith(".")}
        prefixes |= set(re.findall(r"""["']([a-z][\w.]*\.)["']\s*~""", text))
        if path.suffix == ".py":
            prefixes |= set(_formatted(text))
    left = [
        key
        for key in ALL
        if key.removesuffix(".one") not in literal
        and not any(key.startswith(prefix) for prefix in prefixes)
    ]
    assert not left, ", ".join(left)


def _formatted(source: str) -> Iterator[str]:
    """The beginnings of keys that are put together: `f"error.code.{code}"`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)
            if re.fullmatch(r"[a-z]\w*(?:\.\w+)*\.(?:\w*_)?", start):
                yield start


def test_u2_every_status_has_its_words(make_summary: RunSummary) -> None:
    del make_summary
    assert set(ALL) >= STATUS_WORDS
    for state in TaskState:
        assert task_look(state).word in ALL
    assert set().union(*STATUSES.values()) <= set(RunStatus)


def test_u3_every_action_of_the_audit_log_has_its_words() -> None:
    for action in get_args(AuditAction):
        assert f"audit.action.{action}" in ALL, action


def test_u2_a_budget_and_a_stop_are_told_apart_from_failing(make_summary: RunSummary) -> None:
    from dataclasses import replace
    from datetime import UTC, datetime

    failed = replace(make_summary, status=RunStatus.FAILED)
    assert run_look(failed).word == "status.failed"
    assert run_look(replace(failed, stop_reason="budget")).kind == "budget"
    assert run_look(replace(failed, stop_reason="blocked")).kind == "stuck"
    stopping = replace(make_summary, cancel_requested_at=datetime.now(UTC))
    assert run_look(stopping).word == "status.stopping"


def test_u2_one_of_a_thing_is_told_as_one() -> None:
    assert Wording("en")("knowledge.count", count=1) == "1 lesson"
    assert Wording("en")("knowledge.count", count=2) == "2 lessons"
    assert Wording("ko")("knowledge.count", count=1) == "교훈 1개"
