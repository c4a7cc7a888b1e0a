"""Code on the grounds of a comparison can be read in both themes (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from mas.web.rendering import STATIC

_PAIR = r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)"
MAS = (STATIC / "mas.css").read_text(encoding="utf-8")
MORE = (STATIC / "more.css").read_text(encoding="utf-8")
TOKENS = {
    name: (light, dark) for name, light, dark in re.findall(rf"--([\w-]+):\s*{_PAIR}", MAS + MORE)
}
GROUNDS = ("surface", "sunken", "side-a", "side-b", "mark-a", "mark-b")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _colours() -> dict[str, tuple[str, str]]:
    own = {
        f".{name}": pair
        for name, *pair in re.findall(rf"\.diff \.([ksfd]) {{ color: {_PAIR}", MORE)
    }
    assert sorted(own) == [".d", ".f", ".k", ".s"]
    comments = re.search(r"\.diff \.c \{ color: var\(--([\w-]+)\)", MORE)
    assert comments
    return {**{name: (pair[0], pair[1]) for name, pair in own.items()}, ".c": TOKENS[comments[1]]}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_u2_code_can_be_read_on_every_ground_of_a_comparison(ground: str, theme: int) -> None:
    for name, pair in {**_colours(), "text": TOKENS["ink"]}.items():
        ratio = contrast(pair[theme], TOKENS[ground][theme])
        assert ratio >= 4.5, (name, ground, round(ratio, 2))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["surface", "sunken", "side-a", "side-b"])
def test_u2_signs_that_hide_can_be_seen_on_every_ground(ground: str, theme: int) -> None:
    assert contrast(TOKENS["bad"][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_u2_what_changed_in_a_line_stands_out_from_the_line(theme: int) -> None:
    for side in "ab":
        assert contrast(TOKENS[f"mark-{side}"][theme], TOKENS[f"side-{side}"][theme]) > 1.15


def test_u2_the_style_of_answers_is_small_and_loads_nothing() -> None:
    assert len(MORE.encode()) < 8_000
    assert "@import" not in MORE
    assert "url(" not in MORE
