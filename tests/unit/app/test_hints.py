"""What a refusal tells to do is to be had: on every face, and in a fan-out run too (R1, R6)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.app.fanout import FanoutResults
from mas.app.forking import branches_stay
from mas.app.inspection import look_at
from mas.app.settings import load_settings
from mas.core.errors import UserError
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer

FANOUT = Run(
    id="20260101_000000_0000000a",
    request="Do it.",
    team="fanout",
    language="en",
    status=RunStatus.SUCCEEDED,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    last_event=1,
)


async def _done(_: Work) -> TaskOutcome:
    return TaskOutcome(result=None)


async def test_r6_where_nothing_has_failed_a_retry_says_to_ask_again_and_names_no_fork(
    tmp_path: Path,
) -> None:
    async with SqliteStore(tmp_path / "journal.db", clock=SystemClock()) as store:
        plan = Plan(tasks=(TaskSpec(id="a", role="coder", title="a"),))
        engine = Engine(
            store=store,
            teams={"fanout": FixedTeam(plans=plan)},
            doers={"coder": FunctionDoer(_done)},
            clock=SystemClock(),
        )
        async with engine:
            run = await engine.submit(RunRequest(text="Do it.", team="fanout"))
            await engine.drive(run.id)
            with pytest.raises(UserError) as refused:
                await engine.retry(run.id)
    assert refused.value.code == "nothing_to_retry"
    assert "ask again" in refused.value.hint
    assert "fork" not in refused.value.hint


def test_r6_where_a_fanout_run_cannot_be_forked_the_way_is_to_ask_again() -> None:
    refused = branches_stay(FANOUT)
    assert refused.hint.startswith("Ask again")
    assert "--" not in refused.hint


def test_r1_an_agent_is_asked_for_by_its_number_and_no_flag() -> None:
    results = SimpleNamespace(_run=FANOUT, _order=SimpleNamespace(agents=3))
    with pytest.raises(UserError) as refused:
        FanoutResults._best(cast("Any", results))
    assert refused.value.code == "no_ranking"
    assert "1 to 3" in refused.value.hint
    assert "--" not in refused.value.hint


@pytest.mark.parametrize(
    ("kubeconfig", "code"),
    [("", "no_cluster"), ("{contexts: [], clusters: [], users: []}", "context_missing")],
)
async def test_r1_a_missing_cluster_is_asked_for_without_a_flag(
    tmp_path: Path, kubeconfig: str, code: str
) -> None:
    config = tmp_path / "config"
    config.write_text(kubeconfig, "utf-8")
    environment = {"MAS_HOME": str(tmp_path), "HOME": str(tmp_path), "KUBECONFIG": str(config)}
    with pytest.raises(UserError) as refused:
        await look_at(load_settings(environment), None)
    assert refused.value.code == code
    assert "--" not in refused.value.hint
