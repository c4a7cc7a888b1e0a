"""What an installation calls its page: name, logo, welcome and examples, from the settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from mas.app.page_settings import Example, PageSettings
from mas.core.language import Language
from mas.http.world import World

LOGO_LIMIT_BYTES = 200_000
_KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the templates show of it. `logo` None: there is none that can be shown."""

    name: str
    logo: str | None
    welcome: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A picture as it is sent."""

    content: bytes
    kind: str

    @property
    def url(self) -> str:
        return f"/logo?v={hashlib.sha256(self.content).hexdigest()[:12]}"


def logo_of(app: FastAPI) -> Logo | None:
    """The logo, read once; None where none is set, or it is no picture that can be sent."""
    state: Any = app.state
    if not hasattr(state, "page_logo"):
        state.page_logo = _read_logo(_settings(app).logo)
    return cast("Logo | None", state.page_logo)


def site_of(app: FastAPI, language: Language) -> Site:
    """The page's own name and words in a language."""
    settings = _settings(app)
    logo = logo_of(app)
    return Site(
        name=settings.name,
        logo=None if logo is None else logo.url,
        welcome=settings.welcome.get(language, ""),
        examples=settings.examples,
    )


def _settings(app: FastAPI) -> PageSettings:
    return cast("World", app.state.world).settings.page


def _read_logo(path: Path | None) -> Logo | None:
    if path is None or path.suffix.lower() not in _KINDS:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(LOGO_LIMIT_BYTES + 1)
    except OSError:
        return None
    if not content or len(content) > LOGO_LIMIT_BYTES:
        return None
    return Logo(content=content, kind=_KINDS[path.suffix.lower()])
