# ruff: noqa: E402 - what is imported below is there only with the extra "models"
"""How coding agents of a run come to their model gateway (A8, R5)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

for extra in ("anthropic", "openai", "uvicorn"):
    pytest.importorskip(extra, reason='needs the extra "models"')

from mas.adapters.clock import SystemClock
from mas.app.model_door import ModelDoor
from mas.app.settings import load_settings
from mas.core.run import Run
from mas.teams.fanout.order import Order

RUN = "run_20260102_030405_0a1b2c3d"
ORDER = Order(agents=1, coders=("claude-code",))


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path: that of a socket may have about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="mas-") as folder:
        yield Path(folder)


def door(home: Path) -> ModelDoor:
    def no_model(_run: Run, _role: str) -> None:
        return None

    settings = load_settings({"MAS_HOME": str(home), "HOME": str(home), "PATH": "/usr/bin:/bin"})
    return ModelDoor(settings=settings, clock=SystemClock(), model_of=no_model, mask=str)


async def test_r5_two_processes_that_work_on_one_run_have_a_gateway_each(home: Path) -> None:
    first, second, third = door(home), door(home), door(home)
    one = await first._gateway(RUN, ORDER)
    assert one.socket.is_relative_to(home), "an agent that outlives this process finds the next"
    own = one.socket
    two = await second._gateway(RUN, ORDER)
    assert two.socket != own
    assert two.socket.is_socket()

    await second.aclose()
    assert own.is_socket()
    await first.aclose()
    assert (await third._gateway(RUN, ORDER)).socket == own
    await third.aclose()
    assert not own.exists()
