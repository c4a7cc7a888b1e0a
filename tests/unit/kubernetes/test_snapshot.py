"""Snapshot files as a stream: nothing lost, nothing read in vain, one sentence on refusal (D1)."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas.core.errors import UserError
from mas.kubernetes import window
from mas.kubernetes.snapshot import SnapshotReader

NASTY = [
    '},{"apiVersion":"v1","kind":"Pod"',
    '}, {"kind": "Pod", "apiVersion": "v1", "items": [',
    '"}]}',
    "\\",
    '\\"',
    "\\\\",
    "]",
    "한글 \U0001f600 \u2028",
    "\n\t\r\x00",
    '{"items":[',
]

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=12))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(["Pod", "Node", "Deployment", "Secret"])


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    body = draw(st.dictionaries(texts, values, max_size=4))
    made = {"apiVersion": "v1", "kind": draw(kinds), "metadata": {"name": draw(texts)}}
    return {**body, **made} if draw(st.booleans()) else {**made, **body}


def lists(items: list[Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"annotations": {}}}


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[Any], str]:
    """The items that must come out, and the text of a List that holds them."""
    flat = draw(st.lists(objects(), max_size=8))
    items: list[Any] = list(flat)
    if draw(st.booleans()) and flat:
        at = draw(st.integers(0, len(flat) - 1))
        items = [*flat[:at], lists(flat[at:])]
    document = lists(items)
    if draw(st.booleans()):
        document = dict(reversed(document.items()))
    text = json.dumps(
        document,
        indent=draw(st.sampled_from([None, 0, 1, 4])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])),
        sort_keys=draw(st.booleans()),
        ensure_ascii=draw(st.booleans()),
    )
    return flat, text


class Dripping:
    """A stream that gives a few bytes at a time."""

    def __init__(self, text: bytes, size: int) -> None:
        self._text = text
        self._size = size
        self.given = 0

    def read(self, size: int, /) -> bytes:
        piece = self._text[self.given : self.given + min(size, self._size)]
        self.given += len(piece)
        return piece


def flattened(reader: SnapshotReader) -> Iterator[Any]:
    for batch in reader:
        for raw in batch.items:
            yield from opened(json.loads(bytes(raw)))


def opened(item: Any) -> Iterator[Any]:
    if isinstance(item, dict) and item.get("kind") == "List" and "items" in item:
        for inner in item["items"]:
            yield from opened(inner)
    else:
        yield item


def read(text: str | bytes, *, size: int = 10**9) -> list[Any]:
    content = text.encode() if isinstance(text, str) else text
    return list(flattened(SnapshotReader(Dripping(content, size), name="cluster.json")))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.sampled_from([1, 7, 64, 1000, 10**9]))
def test_d1_every_item_comes_out_once_and_unchanged(
    document: tuple[list[Any], str], size: int
) -> None:
    items, text = document
    assert read(text, size=size) == items


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.data())
def test_q1_a_text_that_is_cut_off_is_refused_wherever_it_is_cut(
    document: tuple[list[Any], str], data: st.DataObject
) -> None:
    content = document[1].encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UserError):
        read(content[:cut], size=50)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_q1_arbitrary_bytes_end_in_a_refusal_and_in_nothing_else(junk: bytes, inside: bool) -> None:
    content = b'{"apiVersion":"v1","items":[' + junk if inside else junk
    with pytest.raises(UserError):
        read(content)


def test_d1_large_lists_are_cut_at_the_right_places_despite_misleading_text() -> None:
    chance = random.Random(7)
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"pod-{index}", "text": "".join(chance.choices(NASTY, k=4))},
            "other": [{"apiVersion": "v1", "kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod"}] * 9,
        }
        for index in range(3000)
    ]
    text = json.dumps(lists(items), separators=(",", ":"))
    assert len(text) > 2 * 10**6
    assert read(text, size=300_000) == items


def test_d1_items_that_begin_with_other_keys_are_found_by_scanning() -> None:
    items = [{"metadata": {"name": str(at)}, "kind": "Pod", "apiVersion": "v1"} for at in range(99)]
    assert read(json.dumps(lists(items)), size=500) == items


def test_d1_a_byte_order_mark_and_white_space_around_are_accepted() -> None:
    text = "\ufeff \n" + json.dumps(lists([{"kind": "Node", "apiVersion": "v1"}])) + "\n\n  "
    assert len(read(text)) == 1


def test_d1_an_empty_list_and_null_items_have_no_items() -> None:
    assert read(json.dumps(lists([]))) == []
    assert read('{"kind":"List","items":null}') == []


def test_d1_annotations_are_known_at_the_end_wherever_they_stand() -> None:
    for order in (("items", "kind", "metadata"), ("metadata", "kind", "items")):
        document = {
            "items": [{"apiVersion": "v1", "kind": "Node"}],
            "kind": "List",
            "metadata": {"annotations": {"mas.dev/server-version": "v1.33.6", "other": 3}},
        }
        reader = SnapshotReader(
            Dripping(json.dumps({key: document[key] for key in order}).encode(), 10), name="x"
        )
        assert len(list(reader)) == 1
        assert reader.annotations == {"mas.dev/server-version": "v1.33.6"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"[1, 2]", "is a JSON array"),
        (b"hello", "is not JSON"),
        (b"\x00\x00\x00\x00", "is not JSON"),
        (b"\x1f\x8b\x08\x00rest", "compressed with gzip"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b"apiVersion: v1\nitems:\n- kind: Pod\n", "is YAML"),
        (b"---\nkind: List\n", "is YAML"),
        (b"items:\n- kind: Pod\n", "is YAML"),
        (b"{}", "not a Kubernetes List"),
        (b'{"hello": "world"}', "not a Kubernetes List"),
        (b'{"apiVersion":"v1","items":[]}', "not a Kubernetes List"),
        (b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}', "holds a single Pod"),
        (b'{"data":{"a":"b"},"kind":"ConfigMap"}', "holds a single ConfigMap"),
        (b'{"kind":"Status","status":"Failure"}', "holds a single Status"),
        (b'{"kind":"PodList","items":[]}', "holds a PodList"),
        (b'{"kind":"List","items":{}}', "no list"),
        (b'{"kind":"List","items":[1,2]}', "no Kubernetes objects"),
        (b'{"kind":"List","items":[{"a":1},{"b":2}]}', "no Kubernetes objects"),
        (b'{"kind":"List","items":[{"kind":"Pod"},]}', "not valid JSON"),
        (b'{"kind":"List","items":[{"kind":"Pod" "x":1}]}', "not valid JSON"),
        (b'{"kind":"List","items":[{"kind":"Pod"}}', "not valid JSON"),
        (b'{"kind":"List","items":[{"kind":"Pod"}]', "is cut off"),
        (b'{"kind":"List","items":[{"kind":"Po', "is cut off"),
        (b'{"kind":"List","items":[]}{"kind":"List"}', "more than one JSON document"),
    ],
)
def test_q1_what_is_no_snapshot_is_named_in_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=r"cluster\.json") as refused:
        read(content)
    assert says in refused.value.message
    assert refused.value.hint
    assert "\n" not in str(refused.value)


class Endless:
    """A stream that goes on for two gigabytes after its beginning."""

    def __init__(self, beginning: bytes, piece: bytes) -> None:
        self._next = beginning
        self._piece = piece
        self.given = 0

    def read(self, size: int, /) -> bytes:
        piece, self._next = self._next, (self._piece * (size // len(self._piece) + 1))[:size]
        self.given += len(piece)
        if self.given > 2 * 2**30:
            raise AssertionError("read to the end")
        return piece


@pytest.mark.parametrize(
    ("beginning", "piece", "limit"),
    [
        (b"\x00" * 4096, b"\x00", 2**23),
        (b" " * 4096, b" ", 2**23),
        (b"[", b"1,", 2**23),
        (b"plain text ", b"and more ", 2**23),
        (b'{"', b"k", 2**24),
        (b'{"log":"', b"line ", 2**24),
        (b'{"kind":"List","metadata":{"annotations":{"x":"', b"y", 2**24),
        (b'{"kind":"List",', b" ", 2**24),
        (b'{"kind":"List","items":[', b'{"a":1},', 2**24),
        (b'{"kind":"List","items":[{"kind":"Pod","x":"', b"y", 2**26),
        (b'{"kind":"List","items":[{"kind":"Pod","x":', b"[", 2**26),
    ],
)
def test_q1_two_gigabytes_of_something_else_are_refused_without_reading_them(
    beginning: bytes, piece: bytes, limit: int
) -> None:
    stream = Endless(beginning, piece)
    with pytest.raises(UserError):
        list(SnapshotReader(stream, name="cluster.json"))
    assert stream.given <= limit


def test_d10_an_item_may_be_larger_than_a_chunk_but_not_than_any_object() -> None:
    large = {"apiVersion": "v1", "kind": "Pod", "text": "x" * (window.CHUNK_BYTES + 10)}
    assert read(json.dumps(lists([large, large]))) == [large, large]
    huge = {"kind": "Pod", "text": "x" * (window.ITEM_LIMIT_BYTES + 2 * window.CHUNK_BYTES)}
    with pytest.raises(UserError, match="larger than any Kubernetes object"):
        read(json.dumps(lists([huge])), size=window.CHUNK_BYTES)


def test_d1_deeply_nested_items_are_refused_not_crashed_on() -> None:
    with pytest.raises(UserError):
        read('{"kind":"List","items":[{"kind":"Pod","x":' + "[" * 100_000 + "]" * 100_000 + "}]}")
