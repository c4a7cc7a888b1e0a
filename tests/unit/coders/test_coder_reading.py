"""Reading what coders print, however it comes (A7, F4, Q1)."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.coders.reading import (
    LAST_WORDS,
    LONGEST_LINE_BYTES,
    LONGEST_MESSAGE,
    MOST_DENIED,
    MOST_HEARD,
    MOST_MESSAGES,
    EventReader,
    TextReader,
)
from mas.core.coding import AgentMessage, CoderReader, CoderReport

Event = dict[str, object]


def _read(reader: CoderReader, *pieces: bytes) -> tuple[list[AgentMessage], CoderReport]:
    heard = [message for piece in pieces for message in reader.feed(piece)]
    return heard, reader.report()


def _lines(*events: Event) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted({min(place, len(data)) for place in places}), len(data)]
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


_EVENTS = st.sampled_from(
    [
        b'{"type": "say", "text": "caf\xc3\xa9"}',
        b'{"type": "use", "tool": "Bash", "text": "ls"}',
        b'{"type": "denied", "tool": "Write"}',
        b'{"type": "usage", "input_tokens": 3, "output_tokens": 2, "cost_usd": 0.5}',
        b'{"type": "error", "text": "no"}',
        b'{"type": "end", "text": "over", "failure": ""}',
        b'{"type": "say"',
        b"plain \x1b[31mred\x1b[0m text\r",
        b"",
    ]
)


@given(st.lists(_EVENTS | st.binary(max_size=40)), st.lists(st.integers(0, 400)), st.booleans())
def test_f4_output_means_the_same_wherever_it_is_cut(
    lines: list[bytes], places: list[int], structured: bool
) -> None:
    make = EventReader if structured else TextReader
    data = b"\n".join(lines)
    whole, report = _read(make(), data)
    pieces, again = _read(make(), *_cut(data, places))
    assert (pieces, again) == (whole, report)


@given(st.lists(st.binary(max_size=60)))
def test_q1_no_bytes_at_all_break_a_reader(pieces: list[bytes]) -> None:
    for reader in (EventReader(), TextReader()):
        _, report = _read(reader, *pieces)
        assert len(report.messages) <= MOST_MESSAGES


def test_f4_lines_of_a_program_are_messages_and_its_end_its_last_words() -> None:
    heard, report = _read(TextReader(), b"one\n\n  \ntw", b"o\nthree")
    assert [message.text for message in heard] == ["one", "two"]
    assert [message.text for message in report.messages] == ["one", "two", "three"]
    assert report.text == "one\ntwo\nthree"
    assert report.failure == ""


def test_q1_colours_and_overwritten_progress_are_left_out() -> None:
    title = b"\x1b]0;a title\x07"
    _, report = _read(TextReader(), title + b"\x1b[1;31m10%\r50%\rall done\x1b[0m\r\n")
    assert report.text == "all done"


def test_q1_invalid_utf8_is_replaced() -> None:
    _, report = _read(TextReader(), b"a\xff\xfeb\n")
    assert report.text == "a��b"


def test_q1_messages_are_bounded_in_number_and_the_total_is_said() -> None:
    _, report = _read(TextReader(), b"".join(b"line %d\n" % n for n in range(5000)))
    assert len(report.messages) == MOST_MESSAGES
    assert report.messages[0].text == f"({5000 - MOST_MESSAGES + 1:,} of 5,000 messages, " + (
        "the earlier ones, are not kept.)"
    )
    assert report.messages[-1].text == "line 4999"
    assert len(report.text) <= LAST_WORDS
    assert report.text.endswith("line 4999")


def test_q1_a_flood_is_counted_and_no_more_handed_on_line_by_line() -> None:
    reader = TextReader()
    heard = [len(reader.feed(b"y\n" * 5_000)) for _ in range(40)]
    assert sum(heard) == MOST_HEARD + 5_000
    assert heard[-1] == 0
    reader.feed(b"the end\n")
    _, report = _read(reader)
    assert len(report.messages) == MOST_MESSAGES
    assert "of 200,001 messages" in report.messages[0].text
    assert report.text.endswith("y\nthe end")


def test_q1_as_many_messages_as_are_kept_are_kept_whole() -> None:
    _, report = _read(TextReader(), b"x\n" * MOST_MESSAGES)
    assert {message.text for message in report.messages} == {"x"}


def test_q1_a_huge_line_is_cut_with_its_size_and_takes_no_memory() -> None:
    reader = TextReader()
    for _ in range(200):
        reader.feed(b"y" * 1_000_000)
    _, report = _read(reader, b"\nnext\n")
    assert [message.text[:3] for message in report.messages] == ["yyy", "nex"]
    assert len(report.messages[0].text) < LONGEST_MESSAGE + 100
    assert f"({LONGEST_LINE_BYTES + 29:,} characters in all)" in report.messages[0].text


def test_a7_events_become_messages_of_their_kinds() -> None:
    _, report = _read(
        EventReader(),
        _lines(
            {"type": "session", "id": "s"},
            {"type": "say", "text": "I write."},
            {"type": "use", "tool": "Write", "text": "note.txt"},
            {"type": "result", "text": "exit 1"},
            {"type": "denied", "tool": "Bash", "text": "rm"},
            {"type": "usage", "input_tokens": 10, "output_tokens": 4, "cost_usd": 0.25},
            {"type": "usage", "input_tokens": 1, "output_tokens": 1},
            {"type": "end", "text": "Done.", "failure": ""},
        ),
    )
    assert [(one.kind, one.text) for one in report.messages] == [
        ("text", "I write."),
        ("tool", "Write: note.txt"),
        ("result", "exit 1"),
        ("denied", "Bash: rm"),
    ]
    assert (report.text, report.failure, report.denied) == ("Done.", "", ("Bash",))
    assert (report.input_tokens, report.output_tokens, report.cost_usd) == (11, 5, 0.25)


def test_a7_other_text_between_events_is_text() -> None:
    data = b'warning: x\n{"type": 1}\n{broken\n' + _lines({"type": "say", "text": "hi"})
    _, report = _read(EventReader(), data)
    assert [one.text for one in report.messages] == ["warning: x", '{"type": 1}', "{broken", "hi"]
    assert report.text == "hi"


def test_a7_a_failure_that_was_reported_is_in_the_report() -> None:
    _, report = _read(EventReader(), _lines({"type": "error", "text": "The API answered 401."}))
    assert report.failure == "The API answered 401."
    assert report.messages[0].kind == "error"


def test_a7_an_end_without_a_failure_takes_an_earlier_one_back() -> None:
    events = _lines({"type": "error", "text": "once"}, {"type": "end", "text": "well"})
    assert _read(EventReader(), events)[1].failure == ""


def test_q1_usage_that_is_no_sensible_number_adds_nothing() -> None:
    events = _lines({"type": "usage", "input_tokens": -5, "output_tokens": 2, "cost_usd": -1.0})
    _, report = _read(EventReader(), events, b'{"type": "usage", "input_tokens": 1e400}\n')
    assert (report.input_tokens, report.output_tokens, report.cost_usd) == (0, 2, 0.0)


def test_q1_denied_tools_are_bounded_and_named_once() -> None:
    denied = [{"type": "denied", "tool": f"t{n % 200}"} for n in range(400)]
    _, report = _read(EventReader(), _lines(*denied))
    assert len(report.denied) == MOST_DENIED
    assert report.denied[0] == "t0"


def test_f4_a_report_may_be_asked_for_twice() -> None:
    reader = EventReader()
    reader.feed(b'{"type": "say", "text": "once"}')
    assert reader.report() == reader.report()
    assert len(reader.report().messages) == 1
