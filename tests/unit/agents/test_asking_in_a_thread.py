"""What a call can use is worked out beside the loop: a model's library may load for it (A5)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest

from mas.agents.asking import ask
from mas.core.errors import UserError
from mas.core.models import ModelRequest, Said
from mas.core.usage import NOTHING, Usage
from mas.teams.routing import route_by_model

REQUEST = ModelRequest(instructions="Be brief.", conversation=(Said(author="user", text="?"),))
BOUND = 60.0


class Loading:
    """A model that takes until somebody lets it, and is out of reach then."""

    name = "slow:model"

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()

    def most(self, request: ModelRequest) -> Usage:
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self.go_on.wait(BOUND), "nothing else went on meanwhile"
        return NOTHING

    async def ask(self, *_: object, **__: object) -> object:
        raise UserError("It was asked.", hint="", code="asked")


class Bare:
    """As much of the work at a task as a call needs."""

    async def record(self, key: str, kind: str, body: Any, **_: object) -> object:
        return await body()


@pytest.mark.parametrize("where", ["a task", "the routing"])
async def test_a5_the_loop_goes_on_while_a_model_says_what_a_call_can_use(where: str) -> None:
    model = Loading()
    given = cast("Any", model)
    call = (
        ask(cast("Any", Bare()), "k", given, REQUEST)
        if where == "a task"
        else route_by_model("?", given, allow=lambda most, spent: None)
    )
    asked = asyncio.ensure_future(call)
    async with asyncio.timeout(BOUND):
        await model.begun.wait()
        model.go_on.set()
        with pytest.raises(UserError, match="It was asked"):
            await asked
