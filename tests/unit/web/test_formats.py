"""Amounts and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.language import Language
from mas.web import formats

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "$0"),
        (1, "< $0.01"),
        (1_840_000, "$1.84"),
        (5_000_000, "$5"),
        (4_999_999, "$5.00"),
        (1_234_567_890, "$1,234.57"),
    ],
)
def test_u2_money_has_its_sign_and_hides_no_small_amount(micros: int, text: str) -> None:
    assert formats.money(micros) == text


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0, "0 s", "0초"),
        (0.84, "0.8 s", "0.8초"),
        (9.94, "9.9 s", "9.9초"),
        (9.96, "10 s", "10초"),
        (41, "41 s", "41초"),
        (59.7, "1 m 00 s", "1분 0초"),
        (402, "6 m 42 s", "6분 42초"),
        (7500, "2 h 05 m", "2시간 5분"),
        (183_600, "2 d 3 h", "2일 3시간"),
        (-3, "0 s", "0초"),
    ],
)
def test_u2_durations_have_units_in_both_languages(
    seconds: float, english: str, korean: str
) -> None:
    assert formats.duration(timedelta(seconds=seconds), "en") == english
    assert formats.duration(seconds, "ko") == korean


@given(st.floats(min_value=0, max_value=1e8), st.sampled_from(["en", "ko"]))
def test_u2_no_duration_has_sixty_of_a_unit(seconds: float, language: Language) -> None:
    text = formats.duration(seconds, language)
    assert "60" not in text.replace("600", "").replace("160", "").split()[-1:]
    assert text[0].isdigit()


def test_u2_sizes_and_shares_have_units() -> None:
    assert [formats.size(n) for n in (0, 999, 1000, 1_500_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.5 MB",
    ]
    assert formats.share(1, 3) == "33 %"
    assert formats.share(1, 0) == "0 %"
    assert formats.number(12345) == "12,345"


@pytest.mark.parametrize(
    ("at", "style", "english", "korean"),
    [
        (datetime(2026, 11, 21, 9, 5, 7, tzinfo=UTC), "minute", "09:05 UTC", "09:05 UTC"),
        (datetime(2026, 11, 21, 9, 5, 7, tzinfo=UTC), "second", "09:05:07 UTC", "09:05:07 UTC"),
        (
            datetime(2026, 11, 20, 9, 5, tzinfo=UTC),
            "minute",
            "20 Nov, 09:05 UTC",
            "11월 20일 09:05 UTC",
        ),
        (
            datetime(2025, 11, 20, 9, 5, tzinfo=UTC),
            "minute",
            "20 Nov 2025, 09:05 UTC",
            "2025년 11월 20일 09:05 UTC",
        ),
        (datetime(2026, 11, 20, 9, 5, 7, tzinfo=UTC), "clock", "09:05:07 UTC", "09:05:07 UTC"),
    ],
)
def test_u2_without_script_a_time_says_that_it_is_in_utc(
    at: datetime, style: formats.Style, english: str, korean: str
) -> None:
    assert formats.moment(at, "en", now=NOW, style=style) == english
    assert formats.moment(at, "ko", now=NOW, style=style) == korean


def test_u2_a_time_of_any_zone_is_given_to_the_script_in_utc() -> None:
    seoul = timezone(timedelta(hours=9))
    html = formats.when(datetime(2026, 11, 21, 18, 5, tzinfo=seoul), "en", now=NOW)
    assert html == '<time datetime="2026-11-21T09:05:00Z" data-time="minute">09:05 UTC</time>'
    assert formats.when(None, "en", now=NOW) == ""
    assert formats.when("2026-11-21T09:05:00Z", "en", now=NOW) == html
    assert formats.when("<b>", "en", now=NOW) == "&lt;b&gt;"


def test_u5_commands_and_variables_stand_as_code_and_nothing_else_is_html() -> None:
    shown = formats.commands("Set MAS_MODEL <b>, or `mas x`; give --coder NAME: mas runs resume")
    assert shown == (
        "Set <code>MAS_MODEL</code> &lt;b&gt;, or <code>mas x</code>; give "
        "<code>--coder NAME</code>: <code>mas runs resume</code>"
    )
