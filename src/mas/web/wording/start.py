"""The start page: the request box and the newest runs."""

from __future__ import annotations

WORDS = {
    "start.title": ("What should the agents do?", "에이전트가 무엇을 하면 될까요?"),
}
