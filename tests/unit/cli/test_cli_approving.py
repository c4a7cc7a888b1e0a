"""A call that waits, answered at a terminal (R7)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from mas.app.asking import check_comment
from mas.app.service import Service
from mas.cli import approving
from mas.core.approvals import Approval
from mas.core.calls import StoredCall
from mas.core.events import Event
from mas.core.models import ToolCall

CALL = StoredCall(
    call=ToolCall(id="c1", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)


class _Waiting:
    """A service of which one call waits; comments are checked as the real one checks them."""

    async def approvals(self, run_id: str) -> tuple[Approval, ...]:
        asked = datetime(2026, 1, 31, tzinfo=UTC)
        return (
            Approval(
                run_id=run_id,
                id="a1",
                task="t",
                key="k",
                call=CALL,
                state="waiting",
                asked_at=asked,
            ),
        )

    async def watch(self, _run_id: str) -> AsyncIterator[Event]:
        await asyncio.Event().wait()
        yield cast("Event", None)

    async def decide(self, _run: str, _approval: str, *, approved: bool, comment: str) -> None:
        del approved
        check_comment(comment)


@pytest.mark.parametrize(
    ("words", "refused"), [("no, not today", False), ("n " + "x" * 2001, True)]
)
async def test_r7_an_answer_with_too_many_words_is_refused_and_it_is_said_how_to_answer(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    refused: bool,
) -> None:
    async def typed() -> str:
        return words

    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(approving.termios, "tcflush", lambda *_: None)
    monkeypatch.setattr(sys.stdin, "fileno", lambda: 0, raising=False)
    monkeypatch.setattr(approving, "_line", typed)
    service: Any = _Waiting()

    async with asyncio.timeout(60):
        await approving.Approver(cast("Service", service), "run").handle("a1")

    said = capsys.readouterr().err
    assert ("2,000 is the limit" in said) is refused
    assert ("mas runs reject run a1" in said) is refused
