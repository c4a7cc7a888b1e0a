"""One agent's leave to ask one model, from its token to what came of its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mas.adapters.models.gateway.keeping import ExchangeFolder
from mas.adapters.models.gateway.wires import base_url
from mas.adapters.models.targets import Target
from mas.core.coding import Wire
from mas.core.errors import BudgetReached, MasError
from mas.core.metering import Meter

if TYPE_CHECKING:
    from mas.adapters.models.prices import PriceTag

_SETTLING_SECONDS = 5.0
"""For calls that were stopped, to be settled; what is not done then is cancelled."""


class UnderWay(Protocol):
    """A call that is being made."""

    def stop(self) -> None:
        """Let go of the provider, and settle with what is known. May be repeated."""
        ...


@dataclass(kw_only=True, eq=False)
class Admission:
    """What an agent is given, and what the gateway has noted about its calls."""

    model: str
    """The provider's own name of the model, to be asked for as it is."""
    wire: Wire
    base_url: str
    """As `core.coding.ModelAccess` wants it, at the gateway's TCP port."""
    token: str = field(repr=False)
    refused: BudgetReached | None = None
    """Why a call was not made, where the budget did not allow one."""
    failure: MasError | None = None
    """Why the provider takes no call at all: a key that it refuses (`model_key`)."""

    target: Target = field(repr=False)
    meter: Meter = field(repr=False)
    price: PriceTag = field(repr=False)
    folder: ExchangeFolder = field(repr=False)
    provider_tools: bool = True
    hide: Callable[[str], str] = field(repr=False)
    """Masks the key and the token in texts that go to the agent or into a file."""
    ended: bool = False
    _calls: dict[UnderWay, asyncio.Task[object] | None] = field(default_factory=dict, repr=False)

    def base_url_at(self, host: str, port: int) -> str:
        """The base URL where the gateway is reached at another address, such as
        (`127.0.0.1`, `core.executors.GATEWAY_PORT`) inside a closed sandbox."""
        return base_url(self.wire, host, port)

    async def settled(self) -> None:
        """Return when every call that is under way just now has been settled."""
        running = [task for task in self._calls.values() if task is not None]
        if running:
            await asyncio.wait(running)

    def enter(self, call: UnderWay) -> None:
        """A call begins, in the present task."""
        self._calls[call] = asyncio.current_task()

    def leave(self, call: UnderWay) -> None:
        """The call is settled."""
        self._calls.pop(call, None)

    async def end(self) -> None:
        """Stop all calls, and wait until they are settled. The token is the gateway's to end."""
        self.ended = True
        for call in tuple(self._calls):
            call.stop()
        running = {task for task in self._calls.values() if task is not None}
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=_SETTLING_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_SETTLING_SECONDS)
