"""How an agent's process ended, and what that makes of its work: facts first (F2)."""

from __future__ import annotations

import signal
from typing import Literal

import msgspec

from mas.core.coding import AgentStatus, CoderReport
from mas.core.executors import CommandOutcome
from mas.core.failure import Failure
from mas.core.language import Language, plain
from mas.teams.fanout.results import AgentUsage
from mas.teams.fanout.wording import say

EndKind = Literal["exit", "signal", "oom", "deadline", "error", "cancelled"]
_SIGNAL_BASE = 128


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended; `error`: it could not be run at all, and `sentence` says why."""

    kind: EndKind
    exit_code: int | None = None
    sentence: str = ""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's process after its end: the record that keeps it from being run twice."""

    ended: Ended
    report: CoderReport = CoderReport()
    output: str = ""
    """The end of its output."""
    output_bytes: int = 0
    """Of all of it."""
    usage: AgentUsage = AgentUsage()
    refused: Failure | None = None
    """Why the gateway refused calls of its model."""


def ending_of(outcome: CommandOutcome) -> Ended:
    """The end of a process as its executor saw it."""
    return Ended(kind=outcome.ended, exit_code=outcome.exit_code)


def status_of(ran: Ran, *, net_change: bool) -> AgentStatus:
    """What became of an agent's work, by its process and by git."""
    match ran.ended.kind:
        case "error":
            return "error"
        case "cancelled":
            return "cancelled"
        case "deadline":
            return "timeout"
        case "signal" | "oom":
            return "killed"
    if ran.ended.exit_code != 0 or ran.report.failure or ran.refused is not None:
        return "failed"
    return "success" if net_change else "no_changes"


def error_of(status: AgentStatus, ran: Ran, language: Language, *, seconds: float) -> str | None:
    """Why it is no success, in a sentence; None for a success. `seconds` is the time allowed."""
    if status == "success":
        return None
    if status == "no_changes":
        tools = ", ".join(ran.report.denied)
        return say("error.denied" if tools else "error.no_changes", language, tools=tools)
    if status == "error":
        return ran.ended.sentence
    if status == "cancelled":
        return say("error.cancelled", language)
    if status == "timeout":
        return say("error.timeout", language, seconds=seconds)
    if ran.ended.kind == "oom":
        return say("error.oom", language)
    if status == "killed":
        return say("error.killed", language, signal=_signal_name(ran.ended.exit_code))
    if ran.refused is not None:
        return f"{ran.refused.message} {ran.refused.hint}".strip()
    if ran.report.failure:
        return plain(ran.report.failure, limit=500)
    return say("error.exit", language, code=ran.ended.exit_code)


def _signal_name(code: int | None) -> str:
    number = (code or 0) - _SIGNAL_BASE
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
