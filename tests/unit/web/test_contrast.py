"""Every pair of colours that the page puts together can be read in both themes (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from mas.web.rendering import STATIC

CSS = (STATIC / "mas.css").read_text(encoding="utf-8")
_TOKEN = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in _TOKEN.findall(CSS)}

GROUNDS = ("bg", "surface", "sunken")
STATES = ("run", "ok", "bad", "wait", "note")
TEXT = (
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "link") for ground in GROUNDS),
    *((state, ground) for state in STATES for ground in GROUNDS),
    *((state, f"{state}-soft") for state in STATES),
    *((ink, f"{state}-soft") for ink in ("ink", "ink-2", "ink-3") for state in STATES),
    *(("ink", side) for side in ("side-a", "side-b")),
    *(("ink-3", side) for side in ("side-a", "side-b")),
    # The primary button is paper on ink.
    ("bg", "ink"),
    ("bg", "ink-2"),
)
CONTROLS = (
    *(("line-strong", ground) for ground in GROUNDS),
    *(("focus", ground) for ground in GROUNDS),
    *((state, f"{state}-soft") for state in STATES),
)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_u2_text_can_be_read_on_its_ground(text: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), CONTROLS)
def test_u2_controls_and_focus_can_be_seen(edge: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[edge][theme], TOKENS[ground][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_u2_code_in_a_diff_can_be_read(theme: int) -> None:
    colours = re.findall(
        r"\.diff \.[ksfd] \{ color: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS
    )
    assert len(colours) == 4
    for pair in colours:
        for ground in ("side-a", "side-b", "surface"):
            assert contrast(pair[theme], TOKENS[ground][theme]) >= 4.5, (pair, ground)


def test_u2_style_and_script_keep_to_their_sizes() -> None:
    assert len(CSS.encode()) < 30_000
    assert (STATIC / "pages.css").stat().st_size < 8_000
    assert (STATIC / "shell.js").stat().st_size + (STATIC / "mas.js").stat().st_size < 24_000
