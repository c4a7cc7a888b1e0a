"""Finding a model's JSON in what it has written (A5)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.models.json_text import read_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=4)


@given(value=OBJECTS, words=st.text(alphabet="abc 가나.\n", max_size=30))
def test_a5_an_object_is_found_between_any_words_and_fences(value: Any, words: str) -> None:
    text = json.dumps(value)
    for wrapped in (text, f"{words}{text}", f"{words}\n```json\n{text}\n```\n{words}"):
        assert read_object(wrapped) == (value, "")


@given(text=st.text(alphabet='{}[]":,\\ a1.eN-`\n\ud800', max_size=80))
def test_a5_any_text_gives_an_object_or_says_what_is_wrong(text: str) -> None:
    value, problem = read_object(text)
    assert (value is None) is bool(problem)
    assert value is None or isinstance(value, dict)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1} and then {"b": {"c": 2, "d": 3}}', {"b": {"c": 2, "d": 3}}),
        ('Use {name} here: {"a": 1}', {"a": 1}),
        ('{"code": "```sh\\nls\\n```"}', {"code": "```sh\nls\n```"}),
        ('{"line": "one\ntwo"}', {"line": "one\ntwo"}),
    ],
)
def test_a5_the_longest_object_counts(text: str, value: Any) -> None:
    assert read_object(text) == (value, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The answer is empty."),
        (" \n", "The answer is empty."),
        ("No.", "The answer holds no JSON object."),
        ("[1, 2]", "The answer holds no JSON object."),
        ('so: {"a": 1,, }', "The JSON is not valid: Expecting property name"),
        ('{"a": NaN}', "The JSON is not valid: it holds NaN"),
        ('{"a": 1e999}', "The JSON is not valid: it holds NaN"),
        ('{"a": "\\ud800"}', "The JSON holds characters that cannot be stored."),
        ('{"a": "cut off', "The JSON is not valid: Unterminated string"),
    ],
)
def test_a5_what_is_wrong_is_told_in_a_sentence(text: str, problem: str) -> None:
    value, told = read_object(text)
    assert value is None
    assert told.startswith(problem)


@pytest.mark.parametrize("piece", ['{"a":', "{", '{"a": [', '{"a": "', "```json\n{"])
def test_a5_a_long_answer_made_to_be_slow_is_not(piece: str) -> None:
    started = time.process_time()
    value, problem = read_object(piece * 50_000)
    assert value is None
    assert problem
    assert time.process_time() - started < 5
