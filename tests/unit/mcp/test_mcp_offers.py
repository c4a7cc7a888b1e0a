"""Lines, names and schemas of foreign servers are bounded and made harmless (Q2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.mcp.config import ServerConfig
from mas.adapters.mcp.lines import Lines, TooLong
from mas.adapters.mcp.offers import Listed, offers_of
from mas.adapters.mcp.schemas import clean, clean_schema
from mas.core.calls import offered_name

SERVER = ServerConfig(name="srv", alias="srv", kind="stdio", shown="")


def _listed(name: str) -> Listed:
    return Listed(name=name, description="", schema={})


@given(
    st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"x")), max_size=20), st.data()
)
def test_q1_lines_come_out_as_they_went_in_however_they_are_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    reader = Lines(10_000)
    seen: list[bytes | TooLong] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        seen += reader.feed(stream[:size])
        stream = stream[size:]
    assert seen == [line for line in lines if line.strip()]


def test_q1_a_line_beyond_the_limit_is_thrown_away_and_its_request_known() -> None:
    start, end = b'{"jsonrpc":"2.0","id":42,"result":"', b'"}'
    reader = Lines(5_000)
    seen = list(reader.feed(start))
    for _ in range(100):
        seen += reader.feed(b"x" * 1_000)
    (long,) = [*seen, *reader.feed(end + b"\n")]
    assert isinstance(long, TooLong)
    assert long.size == len(start) + 100_000 + len(end)
    assert long.answers() == 42
    assert list(reader.feed(b"next\n")) == [b"next"]


def test_q1_the_request_of_a_lost_line_is_not_guessed_from_inside_of_it() -> None:
    reader = Lines(5_000)
    inside = b'{"jsonrpc":"2.0","result":{"id":7,"text":"' + b"x" * 9_000 + b'"},'
    (first,) = reader.feed(inside + b'"id":"abc"}\n')
    (second,) = reader.feed(inside + b'"more":[{"id":8}]}\n')
    assert isinstance(first, TooLong)
    assert isinstance(second, TooLong)
    assert first.answers() == "abc"
    assert second.answers() is None


@given(st.lists(st.text(max_size=100), unique=True, max_size=12))
def test_q2_every_tool_keeps_a_name_of_its_own_that_providers_take(names: list[str]) -> None:
    offers = offers_of(SERVER, [_listed(name) for name in names])
    assert sorted(offer.called for offer in offers.values()) == sorted(names)
    for name, offer in offers.items():
        offered = offer.spec.offer().name
        assert name.isascii()
        assert len(offered) <= 64
        assert offered_name(offered) == name


@given(st.permutations(["get_item", "get.item", "get item"]))
def test_q2_the_order_of_a_listing_does_not_change_what_a_name_means(names: list[str]) -> None:
    called = {
        name: offer.called for name, offer in offers_of(SERVER, list(map(_listed, names))).items()
    }
    assert called["srv.get_item"] == "get_item"
    expected = offers_of(SERVER, [_listed(name) for name in sorted(names)])
    assert called == {name: offer.called for name, offer in expected.items()}


def test_q2_distrust_takes_away_only_what_a_server_says_in_its_own_favour() -> None:
    doubted = ServerConfig(name="srv", alias="srv", kind="stdio", shown="", trust=False)
    listed = [
        Listed(name="reads", description="", schema={}, reads=True),
        Listed(name="destroys", description="", schema={}, destroys=True),
    ]
    risks = {name: offer.spec.risk for name, offer in offers_of(doubted, listed).items()}
    assert risks == {"srv.reads": "write", "srv.destroys": "destructive"}


@given(st.text(max_size=300))
def test_q2_cleaned_text_is_one_bounded_line(text: str) -> None:
    cleaned = clean(text, limit=50)
    assert len(cleaned) <= 50
    assert "\n" not in cleaned
    assert cleaned.isprintable()


def test_q2_a_schema_loses_what_reaches_outside_or_takes_for_ever() -> None:
    schema = {
        "$id": "http://elsewhere/",
        "properties": {
            "pattern": {"type": "string", "pattern": "(a+)+$", "enum": ["a"]},
            "local": {"$ref": "#/$defs/part"},
            "remote": {"$ref": "http://elsewhere/part"},
            "text": {"type": "string", "description": "one\ntwo" + "x" * 999},
        },
        "$defs": {"part": {"type": "integer", "patternProperties": {"(a+)+$": {}}}},
        "required": ["pattern"],
    }
    cleaned = clean_schema(schema)
    properties = cleaned["properties"]
    assert properties["pattern"] == {"type": "string", "enum": ["a"]}  # type: ignore[call-overload, index]
    assert properties["local"] == {"$ref": "#/$defs/part"}  # type: ignore[call-overload, index]
    assert properties["remote"] == {}  # type: ignore[call-overload, index]
    assert len(properties["text"]["description"]) == 300  # type: ignore[call-overload, index]
    assert cleaned["$defs"] == {"part": {"type": "integer"}}
    assert cleaned["required"] == ["pattern"]
    assert cleaned["type"] == "object"


def test_q2_a_schema_that_is_too_large_or_deep_becomes_any_object() -> None:
    wide = {"properties": {f"field_{n}": {"type": "string"} for n in range(5_000)}}
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"items": deep}
    wordy = {"properties": {f"f{n}": {"description": "x" * 300} for n in range(100)}}
    assert clean_schema(wide) == {"type": "object"}
    assert clean_schema({"properties": {"a": deep}}) == {"type": "object"}
    assert set(clean_schema(wordy)["properties"]) == {f"f{n}" for n in range(100)}
