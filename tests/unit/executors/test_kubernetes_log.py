"""Logs of pods are put together from readings that break off anywhere (F2)."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.executors.kubernetes_log import LogReader

BEGIN = 1_700_000_000_000_000_000


def stamped(moment: int, zone: str = "Z") -> bytes:
    """A time of a log: nanoseconds since BEGIN."""
    whole, fraction = divmod(BEGIN + moment, 10**9)
    seconds = datetime.fromtimestamp(whole).astimezone(tz=_UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{seconds}.{fraction:09d}{zone} ".encode()


_UTC = datetime.fromisoformat("2020-01-01T00:00:00+00:00").tzinfo


def served(lines: list[tuple[int, bytes]], since: str | None) -> bytes:
    """The log from a time on, to the second, as the API serves it."""
    begin = 0 if since is None else datetime.fromisoformat(since.replace("Z", "+00:00")).timestamp()
    return b"".join(
        stamped(moment) + text for moment, text in lines if BEGIN + moment >= begin * 10**9
    )


lines_of_logs = st.lists(
    st.tuples(
        st.integers(0, 400_000_000),
        st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")),
    ),
    max_size=30,
)


@given(steps=lines_of_logs, cuts=st.lists(st.integers(0, 400), max_size=6), size=st.integers(1, 50))
def test_f2_whatever_breaks_off_each_byte_comes_once(
    steps: list[tuple[int, bytes]], cuts: list[int], size: int
) -> None:
    moment = 0
    lines = []
    for step, text in steps:
        moment += step % 7 if step % 2 else step  # Many lines of one time, and gaps of seconds.
        lines.append((moment, text + b"\n"))
    reader = LogReader()
    found = bytearray()
    for cut in [*cuts, None]:
        reading = served(lines, reader.since)[:cut]
        reader.begin()
        for at in range(0, len(reading), size):
            found += reader.feed(reading[at : at + size])
    assert bytes(found) == b"".join(text for _, text in lines)


@given(st.lists(st.integers(0, 40_000_000), min_size=1, max_size=20), st.integers(0, 600))
def test_f2_lines_of_two_streams_in_the_wrong_order_are_not_lost(
    offsets: list[int], cut: int
) -> None:
    lines = [(at, b"%d\n" % number) for number, at in enumerate(offsets)]
    reader = LogReader()
    first = served(lines, None)[:cut]
    reader.begin()
    found = reader.feed(first)
    second = served(lines, reader.since)
    reader.begin()
    found += reader.feed(second)
    assert sorted(found.splitlines()) == sorted(text.strip() for _, text in lines)


def test_f2_a_line_that_is_still_being_written_goes_on_where_it_was() -> None:
    reader = LogReader()
    reader.begin()
    assert reader.feed(stamped(5) + b"half") == b"half"
    reader.begin()
    assert reader.feed(stamped(5) + b"half and half\n" + stamped(6) + b"next\n") == (
        b" and half\nnext\n"
    )


def test_f2_text_of_the_cluster_without_a_time_is_passed_on() -> None:
    reader = LogReader()
    reader.begin()
    text = b"unable to retrieve container logs for containerd://0123456789abcdef0123456789abcdef\n"
    assert reader.feed(text) == text
    assert reader.feed(b"short\n" + stamped(1) + b"line\n") == b"short\nline\n"


def test_f2_times_of_any_zone_and_precision_are_read() -> None:
    reader = LogReader()
    reader.begin()
    assert reader.feed(b"2026-05-01T10:00:00+09:00 a\n2026-05-01T01:00:01.5Z b\n") == b"a\nb\n"
    assert reader.since == "2026-05-01T01:00:01Z"


def test_f2_memory_does_not_grow_with_a_log_and_a_flood_stays_quick() -> None:
    reader = LogReader()
    reader.begin()
    for second in range(20):
        flood = b"".join(
            stamped(second * 10**9 + number * 1000) + b"y\n" for number in range(5_000)
        )
        assert len(reader.feed(flood)) == 10_000
    assert len(reader._seen) + len(reader._places) <= 20_000
