"""How coding agents get to their model: a gateway for each run, opened when one needs it (A8)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from mas.app.settings import Settings
from mas.core.coding import Coder, ModelAccess
from mas.core.errors import MasError, UserError
from mas.core.executors import GATEWAY_PORT
from mas.core.metering import Exchange
from mas.core.models import Model
from mas.core.ports import Clock, Work
from mas.core.run import Run
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.core.usage import NOTHING, Usage
from mas.core.values import JsonValue
from mas.teams.fanout.order import Order, order_of
from mas.teams.fanout.workplace import Admitted

if TYPE_CHECKING:
    from mas.adapters.models.gateway import Admission, Gateway

_BAD = HTTPStatus.BAD_REQUEST
_LONGEST_SOCKET = 100
"""Bytes of the path of a Unix socket that every system takes."""


class ModelOf(Protocol):
    """Chooses the model of a role in a run."""

    def __call__(self, run: Run, role: str) -> Model | None: ...


@dataclass(kw_only=True)
class ModelDoor:
    """Lets agents in, and closes all gateways at the end."""

    settings: Settings
    clock: Clock
    model_of: ModelOf
    mask: Callable[[str], str]
    telemetry: Telemetry = NO_TELEMETRY
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _gateways: dict[str, Gateway] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def admit(self, work: Work, coder: Coder, private: Path) -> AsyncIterator[Admitted]:
        """See `mas.teams.fanout.workplace.Admit`."""
        if coder.wire is None:
            yield _NOBODY
            return
        model = self.model_of(work.run, "coder")
        if model is None:
            raise UserError(
                f"The coder {coder.name} needs a model, and none is configured.",
                hint="Set MAS_MODEL (or --model) and the key of its provider.",
                code="no_model",
            )
        order = order_of(work.run)
        gateway = await self._gateway(work.run.id, order)
        meter = _Meter(work, self.telemetry)
        async with gateway.admit(
            model.name,
            coder.wire,
            meter,
            kept=private / "exchanges",
            mask=self.mask,
            token=await asyncio.to_thread(_token, private / "token"),
            provider_tools=order.network == "open",
        ) as admission:
            yield _Admission(
                access=ModelAccess(
                    model=admission.model,
                    base_url=self._address(order, admission, gateway.port),
                    token=admission.token,
                ),
                socket=gateway.socket if _by_socket(order) else None,
                meter=meter,
                given=admission,
            )

    async def aclose(self) -> None:
        """Close the gateways, when every agent has ended."""
        self._gateways.clear()
        await self._stack.aclose()

    def _address(self, order: Order, admission: Admission, port: int) -> str:
        """Where the agent finds the gateway, from where it runs."""
        if order.executor == "kubernetes":
            return admission.base_url_at(self._reachable(), port)
        if _by_socket(order):
            return admission.base_url_at("127.0.0.1", GATEWAY_PORT)
        return admission.base_url

    def _reachable(self) -> str:
        host = self.settings.fanout.gateway_host
        if host is None:
            raise UserError(
                "Pods do not know where this MAS can be reached, and need it for their model.",
                hint="Set fanout.gateway_host (MAS_GATEWAY_HOST) to an address that pods reach, "
                "such as the pod IP of MAS.",
                code="no_gateway_host",
            )
        return host

    async def _gateway(self, run_id: str, order: Order) -> Gateway:
        """The gateway of a run: an agent that outlives this process finds the next one there."""
        async with self._opening:
            if run_id not in self._gateways:
                # Late: a server takes half a second to load, and most runs need none.
                from mas.adapters.models.gateway import Gateway

                pods = order.executor == "kubernetes"
                made = partial(
                    Gateway,
                    self.settings.models,
                    self.settings.environment,
                    clock=self.clock,
                    host="0.0.0.0" if pods else "127.0.0.1",  # noqa: S104 - tokens protect it
                    port=self.settings.fanout.gateway_port or 0 if pods else 0,
                )
                socket = await asyncio.to_thread(self._socket, run_id)
                try:
                    gateway = await self._stack.enter_async_context(made(socket=socket))
                except UserError as exc:
                    if exc.code != "gateway_address" or socket is None:
                        raise
                    # Another living MAS works on the run too, and listens there.
                    gateway = await self._stack.enter_async_context(made(socket=None))
                self._gateways[run_id] = gateway
            return self._gateways[run_id]

    def _socket(self, run_id: str) -> Path | None:
        """A path that stays the same for the run; None where it would be too long."""
        folder = self.settings.fanout.workspace / ".gateway" / run_id.rpartition("_")[2]
        socket = folder / "s"
        if len(os.fsencode(socket)) > _LONGEST_SOCKET:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        self._stack.callback(_remove_folder, folder)
        return socket


class _Meter:
    """Holds the model calls of one agent to the budgets; implements `core.metering.Meter`."""

    def __init__(self, work: Work, telemetry: Telemetry) -> None:
        self._work = work
        self._telemetry = telemetry
        self._calls = 0
        self.spent: Usage = NOTHING

    async def call(self, most: Usage, body: Callable[[], Awaitable[Exchange]]) -> Exchange:
        """See `Meter.call`."""
        self._calls += 1
        done = await self._work.record(
            f"model/{self._work.task.attempt}.{self._calls}",
            "model_call",
            lambda: self._counted(body),
            most=most,
            usage=_used,
            summary=_called,
        )
        exchange = msgspec.convert(done, Exchange)
        self.spent += exchange.usage
        return exchange

    async def _counted(self, body: Callable[[], Awaitable[Exchange]]) -> Exchange:
        began = time.monotonic()
        done = await body()
        took = timedelta(seconds=time.monotonic() - began)
        self._telemetry.model_call(model=done.model, took=took, ok=0 < done.status < _BAD)
        self._telemetry.spent(role=self._work.task.role, model=done.model, usage=done.usage)
        return done


@dataclass(frozen=True, kw_only=True)
class _Admission:
    """Implements `Admitted` over what the gateway gives."""

    access: ModelAccess
    socket: Path | None
    meter: _Meter
    given: Admission

    @property
    def spent(self) -> Usage:
        """See `Admitted.spent`."""
        return self.meter.spent

    @property
    def failure(self) -> MasError | None:
        """See `Admitted.failure`."""
        return self.given.refused or self.given.failure


@dataclass(frozen=True, kw_only=True)
class _Nobody:
    """Implements `Admitted` for a coder that brings what it needs."""

    access: None = None
    socket: None = None
    spent: Usage = NOTHING
    failure: None = None


_NOBODY = _Nobody()


def _by_socket(order: Order) -> bool:
    """Whether this machine's loopback is not the agent's."""
    return order.executor == "docker" or (order.executor == "local" and order.network != "open")


def _token(file: Path) -> str:
    """The agent's token: the same after a restart, for a container that goes on meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(32))
    return file.read_text()


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def _used(value: JsonValue) -> Usage:
    return msgspec.convert(value, Exchange).usage


def _called(value: JsonValue) -> str:
    exchange = msgspec.convert(value, Exchange)
    return (
        f"{exchange.model}: {exchange.status}, "
        f"{exchange.input_tokens:,} in, {exchange.output_tokens:,} out"
    )
