"""The task of checking one commit, after a MAS that was killed over it (R5, F5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mas.core.executors import Limits
from mas.core.ports import Work
from mas.teams.fanout.checking import do_checking
from mas.teams.fanout.workplace import Workplace


class Left:
    """What a killed MAS has left: a container of its check, which still writes."""

    kind = "docker"

    def __init__(self) -> None:
        self.done: list[str] = []

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        self.done.append(f"sweep {labels['mas.run']} {labels['mas.agent']}")
        return ()

    async def remove(self, folder: Path) -> None:
        self.done.append(f"remove {folder}")
        raise OSError("Directory not empty")


async def record(_key: str, _kind: str, body: Callable[[], Awaitable[Any]], **_: object) -> object:
    await body()
    return {"checked": {"runs": []}}


@pytest.mark.parametrize("attempt", [1, 2])
async def test_r5_a_check_that_a_dead_mas_has_left_is_ended_before_it_is_done_again(
    attempt: int,
) -> None:
    left = Left()
    order = SimpleNamespace(check_seconds=5.0, limits=Limits(), network="none")
    place = SimpleNamespace(
        order=order,
        folder=SimpleNamespace(root=Path("/run"), checks=Path("/run/checks")),
        executor=left,
        repository=SimpleNamespace(clean_checkout=None, remove=left.remove),
    )
    work = SimpleNamespace(
        run=SimpleNamespace(id="r1", language="en"),
        task=SimpleNamespace(
            id="check-base", attempt=attempt, spec=SimpleNamespace(inputs={"agent": None})
        ),
        inputs={"prepare": {"branch": "main", "commit": "0" * 40}},
        record=record,
    )
    await do_checking(cast(Work, work), cast(Workplace, place))
    swept = ["sweep r1 check-base"] if attempt > 1 else []
    assert left.done == [*swept, *["remove /run/checks/check-base"] * 2]
