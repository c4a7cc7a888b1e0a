"""What a text mentions: amounts, versions, dates, quoted words and names, in Korean and English.

Amounts become comparable: `16Gi` and `16 GiB` are the same number of bytes, `500m` is `0.5`,
`1,480` is `1480`, `세 대` and `three nodes` are 3. Korean particles need no care, because what is
mentioned in Latin letters and digits ends where Hangul begins. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Kind = Literal["amount", "version", "date", "quoted", "name", "word"]
Amount: TypeAlias = tuple[str, Fraction]
"""A dimension and a value: `B` bytes, `%` percent, and an empty text for counts and CPU cores."""
Version: TypeAlias = tuple[tuple[int, ...], str]
"""Its numbers, and its suffix (`k3s1`, `rc.1`) without the sign."""


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One thing that a text mentions, as it is written there."""

    text: str
    kind: Kind
    start: int
    amounts: tuple[Amount, ...] = ()
    """The ways in which an amount can be read: `16 GB` may be meant in either kind of giga."""
    version: Version | None = None
    """Also of an amount such as `1.33`, which may be one."""
    date: tuple[int, ...] = ()


_MONTH_NAMES = (
    "january february march april may june july august september october november december"
)
_MONTHS = tuple(_MONTH_NAMES.split())
_NUMBER_NAMES = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = tuple(_NUMBER_NAMES.split())
_COUNTED = (
    r"nodes?|workers?|pods?|replicas?|applications?|apps?|namespaces?|installations?|tools?|"
    r"components?|containers?|volumes?|deployments?|services?|cores?|cpus?|vcpus?|machines?|"
    r"servers?|controllers?|workloads?|clusters?|instances?|runners?|crds?|quotas?|operators?|"
    r"days?|weeks?|months?|years?|hours?|minutes?|seconds?|gib|mib|times"
)
_KOREAN_NAMES = "한 두 세 네 다섯 여섯 일곱 여덟 아홉 열"
_KOREAN_NUMBERS = {name: number for number, name in enumerate(_KOREAN_NAMES.split(), start=1)}
_KOREAN_WORDS = {"하나": 1, "둘": 2, "셋": 3, "넷": 4}
_KOREAN_COUNTED = r"노드|워커|파드|복제본|애플리케이션|네임스페이스|컨테이너|볼륨|도구|구성 요소"
_END_OF_COUNTER = r"(?=$|[^가-힣]|[이가은는을를의에와과도만로뿐씩였인입])"
_TOKEN = re.compile(
    "|".join(
        (
            r"`(?P<code>[^`\n]{1,300})`",
            r"[\"“](?P<quote>[^\"“”\n]{1,300})[\"”]",
            r"(?P<date>(?<![\w.-])(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)(?:-(?P<d>\d\d))?"
            r"(?:T[\d:.]+Z?)?(?![\w-]))",
            r"(?P<korean_date>(?P<ky>(?:19|20)\d\d)년\s*(?P<km>\d{1,2})월(?:\s*(?P<kd>\d{1,2})일)?)",
            rf"(?P<english_date>\b(?P<em>(?i:{'|'.join(_MONTHS)}))\s+(?:(?P<ed>\d{{1,2}}),?\s+)?"
            r"(?P<ey>(?:19|20)\d\d))\b",
            r"(?P<ordinal>제\s?\d+|\d+(?:st|nd|rd|th)\b|\d+\s?번째|\d{1,2}번\s?(?:이유|대안|단계|항목)"
            r"|(?:이유|대안|단계|항목)\s?\d{1,2}(?!\d|[.,]\d|\s?(?:개|대|가지|곳|건))"
            r"|\b(?i:reasons?|steps?|options?|alternatives?)\s#?\d{1,2}\b"
            r"(?:\s?(?:,|and|or|to)\s\d{1,2}\b)*)",
            rf"(?P<english>\b(?P<en>(?i:{'|'.join(_NUMBERS)}))"
            r"(?:[ -](?!(?:of|or|and|to|the)\b)[a-z][a-z-]*){0,2}?"
            rf"(?=[ -](?i:{_COUNTED})\b))",
            rf"(?P<korean>(?<![가-힣])(?P<kn>{'|'.join(_KOREAN_NUMBERS)})"
            rf"(?:\s?(?:개월|개|곳|군데|건|종류|배|시간|코어)|\s(?:대|종|명)){_END_OF_COUNTER})",
            rf"(?P<korean_word>(?:{_KOREAN_COUNTED})(?:가|는|이|은)?\s"
            rf"(?P<kw>{'|'.join(_KOREAN_WORDS)})(?=$|[^가-힣]|[이가은는을를의로뿐입]))",
            r"(?P<run>[A-Za-z0-9][A-Za-z0-9_./:@+\-\[\]\\]*)",
        )
    ),
    re.ASCII,  # so that a word ends where a Korean particle begins
)
_LIST_MARKER = re.compile(r"^[ \t]*(?:(?:[-*•>]|#{1,6}|\(?\d{1,2}[.)])[ \t]+)+", re.MULTILINE)
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(\d{1,40}(?:\.\d{1,40})?)([A-Za-z]*)")
_SEVERAL = re.compile(r"\d+(?:\.\d+)?(?:[-/:]\d+(?:\.\d+)?)+[A-Za-z]{0,3}")
_OF_NUMBER = re.compile(r"(\d+(?:\.\d+)?)-([A-Za-z][A-Za-z-]*)")
_VERSION = re.compile(
    r"[vV](?P<v>\d+(?:\.\d+){0,3})(?:\.x)?(?:[-+](?P<vs>[\w.+-]+))?"
    r"|(?P<n>\d+(?:\.\d+){2,3})(?:[-+](?P<ns>[\w.+-]+))?"
    r"|(?P<x>\d+(?:\.\d+)?)\.x"
    r"|(?P<m>\d+\.\d+)[-+](?P<ms>[A-Za-z][\w.+-]*)"
)
_UNIT_BEHIND = re.compile(
    r"(?:\s?(?P<percent>%|(?:percent|per cent)\b|퍼센트|프로(?![가-힣]))"
    r"|[\s-]?(?P<bytes>[KMGTP]i?B?\b|(?i:(?:kilo|mega|giga|tera)?bytes?)\b"
    r"|(?:킬로|메가|기가|테라)(?:바이트)?|바이트)"
    r"|[\s-]?(?P<milli>millicores?\b|밀리코어)"
    r"|(?P<times>천|만|억)"
    r"|\s(?P<many>thousand|million|billion)\b)",
    re.ASCII,
)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "킬": 1, "메": 2, "기": 3, "테": 4}
_TIMES = {"천": 10**3, "만": 10**4, "억": 10**8}
_MANY = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_PLAIN_NAMES = "s ms sec h hr d w x min core cores cpu cpus vcpu vcpus"
_PLAIN_UNITS = frozenset(_PLAIN_NAMES.split())


def mentions(text: str) -> Iterator[Mention]:
    """Everything that a text mentions, in order. List markers and ordinals are passed over."""
    text = without_markers(text)
    for match in _TOKEN.finditer(text):
        kind, start = match.lastgroup or "", match.start()
        if match["code"] is not None or match["quote"] is not None:
            yield Mention(text=match["code"] or match["quote"], kind="quoted", start=start)
        elif match["run"]:
            yield from _of_run(match["run"], start, text[start:])
        elif kind.endswith("date"):
            yield _of_date(match)
        elif not match["ordinal"]:
            spelled = match["en"] or match["kn"] or match["kw"]
            yield Mention(
                text=match.group(), kind="amount", start=start, amounts=(_plain(_worth(spelled)),)
            )


def without_markers(text: str) -> str:
    """The text without list markers and without commas inside numbers, as `mentions` reads it."""
    return _GROUPED.sub("", _LIST_MARKER.sub("", text))


def _worth(word: str) -> Fraction:
    lowered = word.lower()
    if lowered in _NUMBERS:
        return Fraction(_NUMBERS.index(lowered))
    return Fraction(_KOREAN_NUMBERS.get(word) or _KOREAN_WORDS[word])


def _plain(value: Fraction) -> Amount:
    return ("", value)


def _of_date(match: re.Match[str]) -> Mention:
    year = match["y"] or match["ky"] or match["ey"]
    month = match["m"] or match["km"] or str(_MONTHS.index(match["em"].lower()) + 1)
    day = match["d"] or match["kd"] or match["ed"]
    numbers = tuple(int(part) for part in (year, month, day) if part)
    return Mention(text=match.group(), kind="date", start=match.start(), date=numbers)


def _of_run(run: str, start: int, rest: str) -> Iterator[Mention]:
    """What a run of Latin letters, digits and signs mentions; `rest` begins with it."""
    run = run.rstrip("._/:@+-[\\" if "[" in run else "._/:@+-[]\\")
    behind = rest[len(run) :]
    if several := _SEVERAL.fullmatch(run):
        unit = re.search(r"[A-Za-z]*$", run)
        for number in re.findall(r"\d+(?:\.\d+)?", several.group()):
            text = number + (unit.group() if unit else "")
            amounts = (*_amounts(number, behind), *_amounts(text, behind))
            yield Mention(
                text=run,
                kind="amount",
                start=start,
                amounts=amounts,
                version=_maybe_version(number),
            )
    elif version := _VERSION.fullmatch(run):
        yield Mention(text=run, kind="version", start=start, version=_version(version))
    elif amounts := _amounts(run, behind):
        yield Mention(
            text=run + _unit_text(run, behind),
            kind="amount",
            start=start,
            amounts=amounts,
            version=_maybe_version(run),
        )
    elif of_number := _OF_NUMBER.fullmatch(run):
        number, word = of_number.groups()
        amounts = _amounts(number, f" {word}")
        yield Mention(text=run, kind="amount", start=start, amounts=amounts)
        yield Mention(text=word, kind="word" if word.isalpha() else "name", start=start)
    elif run.isalpha():
        yield Mention(text=run, kind="word", start=start)
    elif run:
        yield Mention(text=run, kind="name", start=start)


def _version(match: re.Match[str]) -> Version:
    numbers = match["v"] or match["n"] or match["x"] or match["m"]
    suffix = match["vs"] or match["ns"] or match["ms"] or ""
    return tuple(int(part) for part in numbers.split(".")), suffix


def _maybe_version(run: str) -> Version | None:
    if not re.fullmatch(r"\d+\.\d+", run):
        return None
    return tuple(int(part) for part in run.split(".")), ""


def _unit_text(run: str, behind: str) -> str:
    unit = _UNIT_BEHIND.match(behind) if run[-1:].isdigit() else None
    return unit.group() if unit else ""


def _amounts(run: str, behind: str) -> tuple[Amount, ...]:
    """The readings of a number with its unit, which may stand behind it; empty when it is none."""
    match = _NUMBER.fullmatch(run)
    if match is None:
        return ()
    value, unit = Fraction(match[1]), match[2]
    if unit:
        return _with_unit(value, unit)
    found = _UNIT_BEHIND.match(behind)
    if found is None:
        return (_plain(value),)
    if found["percent"]:
        return (("%", value),)
    if found["bytes"]:
        return _bytes(value, found["bytes"])
    if found["milli"]:
        return (_plain(value / 1000),)
    return (_plain(value * (_TIMES.get(found["times"]) or _MANY[found["many"]])),)


def _with_unit(value: Fraction, unit: str) -> tuple[Amount, ...]:
    if unit == "m":
        return (_plain(value / 1000),)
    if unit == "k":
        return (_plain(value * 1000),)
    if unit.lower() in _PLAIN_UNITS:
        return (_plain(value),)
    if re.fullmatch(r"[KMGTP]i?[Bb]?|[kmgt]b|B", unit):
        return _bytes(value, unit)
    return ()


def _bytes(value: Fraction, unit: str) -> tuple[Amount, ...]:
    """`Gi` is binary, `G` decimal, and whoever writes `GB` or `기가` may mean either."""
    power = _POWERS.get(unit[0].lower() if unit not in ("B", "바이트") else "", 0)
    if unit.lower().startswith("byte"):
        power = 0
    decimal, binary = ("B", value * 1000**power), ("B", value * 1024**power)
    if "i" in unit[:2]:
        return (binary,)
    if len(unit) == 1:
        return (decimal, _plain(value * 1000**power))
    return (decimal, binary)
