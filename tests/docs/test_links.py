"""Links between documents lead somewhere, and files that documents name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "requirements", "examples")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))]
)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:src|tests|docs|examples|bench|scripts|requirements)/[\w./*-]+)`")


def _anchors(text: str) -> set[str]:
    """The names under which a Markdown viewer offers the headings of `text`."""
    headings = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_file_names_of_a_document_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    assert text.startswith(("#", "<")), "a document starts with its title"
    broken = []
    for target in LINK.findall(FENCE.sub("", text)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        found = path.exists() and (not anchor or anchor in _anchors(path.read_text("utf-8")))
        if not found:
            broken.append(target)
    broken += [name for name in NAMED.findall(text) if not any(ROOT.glob(name.rstrip("/")))]
    assert broken == []
