"""Settings of the web page: its name, logo, language, welcome and examples (U2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from mas.app.settings_file import Reading
from mas.core.language import Language, detect_language

MOST_EXAMPLES = 12
_TEAMS = ("auto", "decide", "operate", "build", "fanout")
_LANGUAGES = ("auto", "en", "ko")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request to start from with one click; `team` is `auto` or a team's name."""

    text: str
    team: str = "auto"

    @property
    def language(self) -> Language:
        return detect_language(self.text)


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """How the page presents itself."""

    name: str = "MAS"
    logo: Path | None = None
    """An SVG or PNG file."""
    language: Language | None = None
    """Of whoever has not switched; None: what the browser prefers."""
    welcome: Mapping[Literal["en", "ko"], str] = field(default_factory=dict)
    """A text on the start page, by language."""
    examples: tuple[Example, ...] = ()
    """None set: the built-in ones."""


def read_page(reading: Reading, home: Path) -> PageSettings:
    """Take the settings of the page from where they count.

    Raises:
        UserError: A value cannot be used (`bad_setting`).
    """
    file = reading.file.page
    language = reading.choice(
        "page.language", "MAS_PAGE_LANGUAGE", file.language, _LANGUAGES, "auto"
    )
    logo = reading.text("page.logo", "MAS_PAGE_LOGO", file.logo)
    welcome = {
        "en": reading.text("page.welcome_en", "MAS_PAGE_WELCOME_EN", file.welcome_en),
        "ko": reading.text("page.welcome_ko", "MAS_PAGE_WELCOME_KO", file.welcome_ko),
    }
    # One a line, because a request may hold every other sign.
    listed = reading.text("page.examples", "MAS_PAGE_EXAMPLES", "\n".join(file.examples))
    return PageSettings(
        name=reading.text("page.name", "MAS_PAGE_NAME", file.name) or PageSettings().name,
        logo=None if logo is None else _logo(reading, home, logo),
        language=None if language == "auto" else cast("Language", language),
        welcome=cast(
            "Mapping[Literal['en', 'ko'], str]",
            {name: text for name, text in welcome.items() if text},
        ),
        examples=tuple(to_example(line) for line in (listed or "").splitlines() if line.strip())[
            :MOST_EXAMPLES
        ],
    )


def to_example(line: str) -> Example:
    """An example as it is written: `TEAM: REQUEST`, or the request alone."""
    team, colon, text = line.strip().partition(":")
    if colon and team.strip() in _TEAMS and text.strip():
        return Example(text=text.strip(), team=team.strip())
    return Example(text=line.strip())


def _logo(reading: Reading, home: Path, told: str) -> Path:
    if Path(told).suffix.lower() not in (".svg", ".png"):
        reading.wrong("page.logo", "the path of an SVG or PNG file")
    try:
        return home / Path(told).expanduser()
    except RuntimeError:
        reading.wrong("page.logo", "a path without the home of an unknown user")
