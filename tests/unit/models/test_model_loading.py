"""A vendor's library takes seconds to load; everything else of the process goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.models import providers
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import ModelSettings
from mas.core.errors import UserError
from mas.core.models import ModelRequest, Said

KEYS = {"ANTHROPIC_API_KEY": "a-key", "OPENAI_API_KEY": "o-key"}
REQUEST = ModelRequest(instructions="Be brief.", conversation=(Said(author="user", text="?"),))
BOUND = 60.0


class Library:
    """Stands for a vendor's library that has loaded, and ends the call there."""

    def to_model(self, target: object, http: object) -> object:
        raise UserError("It has loaded.", hint="", code="loaded")


def loading(begun: asyncio.Event, go_on: threading.Event, slow: str) -> Callable[[str], object]:
    """Loads the module whose name holds `slow` until somebody lets it, and any other at once."""
    loop = asyncio.get_running_loop()

    def load(name: str) -> object:
        if slow in name:
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(BOUND), "nothing else went on while the library loaded"
            return Library()
        return __import__(name, fromlist=["to_model"])

    return load


@pytest.mark.parametrize("first", ["ask", "most"])
async def test_a5_the_loop_goes_on_while_the_library_of_a_model_loads(
    monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    monkeypatch.setattr(providers, "import_module", loading(begun, go_on, "anthropic"))
    async with ConfiguredModels(ModelSettings(), KEYS, clock=SystemClock()) as models:
        model = models.for_role("planner", wanted="anthropic:claude-sonnet-4-5")
        assert model is not None
        call = model.ask(REQUEST) if first == "ask" else asyncio.to_thread(model.most, REQUEST)
        asked = asyncio.ensure_future(call)
        async with asyncio.timeout(BOUND):
            await begun.wait()
            go_on.set()
            with pytest.raises(UserError, match="It has loaded"):
                await asked


async def test_a5_a_library_that_loads_holds_up_no_model_that_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    monkeypatch.setattr(providers, "import_module", loading(begun, go_on, "anthropic"))
    async with ConfiguredModels(ModelSettings(), KEYS, clock=SystemClock()) as models:
        opened = models.for_role("planner", wanted="openai:gpt-5-mini")
        late = models.for_role("planner", wanted="anthropic:claude-sonnet-4-5")
        assert opened is not None
        assert late is not None
        before = await asyncio.to_thread(opened.most, REQUEST)
        asked = asyncio.ensure_future(late.ask(REQUEST))
        async with asyncio.timeout(BOUND):
            await begun.wait()
            assert opened.most(REQUEST) == before
            go_on.set()
            with pytest.raises(UserError, match="It has loaded"):
                await asked
