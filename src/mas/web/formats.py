"""Amounts and times as the page shows them: always with a unit, in the reader's language. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from markupsafe import Markup, escape

from mas.core.language import Language
from mas.core.usage import MICROS_PER_USD

Style = Literal["minute", "second", "clock"]
"""minute: `10:05`, with the day where it is another. second: the same with seconds. clock: the
time of the day alone, with seconds."""

_UNITS = {
    "en": {"d": " d", "h": " h", "m": " m", "s": " s"},
    "ko": {"d": "일", "h": "시간", "m": "분", "s": "초"},
}
_COMMANDS = re.compile(
    r"`[^`]+`|\bMAS_[A-Z_]+\b|(?<![\w-])--[a-z][a-z-]+(?: [A-Z]+\b)?|(?:(?<=: )|^)mas [a-z][^.]*$"
)
_SIZES = ("bytes", "kB", "MB", "GB", "TB")


def money(micros: int) -> str:
    """Millionths of a dollar: `$1.84`, `$5`, `$0`, and `< $0.01` for what is hardly anything."""
    if micros == 0:
        return "$0"
    dollars = micros / MICROS_PER_USD
    if 0 < dollars < 0.005:
        return "< $0.01"
    text = f"${dollars:,.2f}"
    return text.removesuffix(".00") if micros % MICROS_PER_USD == 0 else text


def duration(value: timedelta | float, language: Language) -> str:
    """Two units at most, without anything that is zero in front: `6 m 42 s`, `0.8 s`, `41초`."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    seconds = max(seconds, 0.0)
    unit = _UNITS[language]
    if seconds < 9.95:
        text = f"{seconds:.1f}".removesuffix(".0")
        return text + unit["s"]
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{unit['s']}"
    if whole < 3600:
        return f"{whole // 60}{unit['m']} {_second(whole % 60, language)}{unit['s']}"
    if whole < 86_400:
        minutes = whole // 60
        return f"{minutes // 60}{unit['h']} {_second(minutes % 60, language)}{unit['m']}"
    hours = whole // 3600
    return f"{hours // 24}{unit['d']} {hours % 24}{unit['h']}"


def _second(value: int, language: Language) -> str:
    return f"{value:02}" if language == "en" else str(value)


def number(value: float) -> str:
    """With separators: `12,345`."""
    return f"{value:,}"


def size(value: int) -> str:
    """Bytes in the largest decimal unit that keeps them readable: `512 bytes`, `1.5 MB`."""
    amount = float(value)
    for unit in _SIZES:
        if amount < 1000 or unit == _SIZES[-1]:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def share(part: float, whole: float) -> str:
    """A part of a whole in percent: `42 %`."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def commands(text: str) -> Markup:
    """A sentence with its commands, options and variables as code.

    They are what stands between backquotes, `MAS_...`, `--...`, and a command of ours at the end.
    Safe as HTML: each part is escaped here.
    """
    shown, done = Markup(""), 0
    for found in _COMMANDS.finditer(text):
        shown += escape(text[done : found.start()])
        shown += Markup("<code>{}</code>").format(found[0].strip("`"))
        done = found.end()
    return shown + escape(text[done:])


def moment(at: datetime, language: Language, *, now: datetime, style: Style = "minute") -> str:
    """A time in UTC in words, for whoever has no script: `10:05 UTC`, `20 Nov, 10:05 UTC`."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    clock = f"{at:%H:%M}" if style == "minute" else f"{at:%H:%M:%S}"
    if style == "clock" or at.date() == now.date():
        return f"{clock} UTC"
    year = at.year != now.year
    if language == "ko":
        day = f"{at.year}년 " * year + f"{at.month}월 {at.day}일"
        return f"{day} {clock} UTC"
    day = f"{at.day} {at:%b}" + f" {at.year}" * year
    return f"{day}, {clock} UTC"


def when(
    at: datetime | str | None, language: Language, *, now: datetime, style: Style = "minute"
) -> Markup:
    """A `<time>` that the script turns into the reader's zone; its text is UTC until then.

    Nothing for None. Safe as HTML: all that is put in is made here from a time.
    """
    if at is None or at == "":
        return Markup("")
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            return escape(at)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    stamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-time="{}">{}</time>').format(
        stamp, style, moment(at, language, now=now, style=style)
    )
