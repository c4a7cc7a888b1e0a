"""Messages between agents, and from a person to an agent (R6, R11)."""

from __future__ import annotations

from typing import Literal

import msgspec

Intent = Literal[
    "request_info", "provide_result", "report_blocked", "hand_off", "request_help", "tell"
]
INTENTS: tuple[Intent, ...] = (
    "request_info",
    "provide_result",
    "report_blocked",
    "hand_off",
    "request_help",
    "tell",
)

PERSON = "person"
"""The sender of what a person says to a running agent."""

EVERYBODY = "all"
"""The recipient that stands for every agent of the run."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `sender` is a task id or `person`; `recipient` a task id, a role or `all`.

    `number` counts the messages of a run from 1; `at` is ISO 8601 in UTC.
    """

    number: int
    sender: str
    recipient: str
    intent: Intent
    content: str
    at: str
