"""What agents and persons have said to each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mas.app.service import RunDetail
from mas.core.language import Language, plain
from mas.core.messages import EVERYBODY, PERSON
from mas.web.wording import Wording

MOST = 100
"""Of the newest ones."""
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message."""

    number: int
    sender: str
    recipient: str
    intent: str
    content: str
    at: str


def messages_of(detail: RunDetail, language: Language) -> tuple[Said, ...]:
    """The newest messages of a run, the newest first."""
    t = Wording(language)
    roles = {task.id: task.role for task in detail.tasks}

    def who(name: str) -> str:
        if name == PERSON:
            return t("event.person")
        return t("event.everybody") if name == EVERYBODY else plain(roles.get(name, name), limit=60)

    return tuple(
        Said(
            number=one.number,
            sender=who(one.sender),
            recipient=who(one.recipient),
            intent=t(f"intent.{one.intent}"),
            content=plain(one.content, limit=_LONGEST),
            at=one.at,
        )
        for one in reversed(detail.messages[-MOST:])
    )
