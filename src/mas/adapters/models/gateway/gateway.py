"""The gateway's life: open, admit agents, close."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mas.adapters.models.gateway.admission import Admission
from mas.adapters.models.gateway.keeping import ExchangeFolder
from mas.adapters.models.gateway.wires import base_url
from mas.adapters.models.settings import ModelSettings
from mas.adapters.models.targets import VENDORS, Target, to_target
from mas.core.coding import Wire
from mas.core.errors import Bug, UserError
from mas.core.masking import Masker
from mas.core.metering import Meter
from mas.core.ports import Clock

if TYPE_CHECKING:
    from mas.adapters.models.gateway.listening import Listener
    from mas.adapters.models.prices import PriceTag

_TOKEN_BYTES = 32
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


class Gateway:
    """Serves models to coding agents, on a TCP port and on a Unix socket.

    Closing ends every admission first: its calls are let go of and settled, then the port and the
    socket are gone.
    """

    def __init__(
        self,
        settings: ModelSettings,
        environment: Mapping[str, str],
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        socket: Path | None = None,
    ) -> None:
        """Opens nothing.

        Args:
            settings: Endpoints, prices and the time that a provider has for its first byte.
            environment: Holds the keys and proxies; the process's own is never looked at.
            clock: Dates what is kept.
            host: Address to listen on.
            port: 0 for any free one.
            socket: Path of the Unix socket, of at most 100 bytes, best in a folder that holds
                nothing else; any user who reaches it may connect, a token is wanted all the same.
                None: in a new temporary folder, which goes with the gateway.
        """
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._host = host
        self._port = port
        self._wanted_socket = socket
        self._admissions: dict[bytes, Admission] = {}
        self._listener: Listener | None = None
        self._stack = AsyncExitStack()

    @property
    def port(self) -> int:
        """The TCP port that is listened on."""
        return self._opened().port

    @property
    def socket(self) -> Path:
        """The Unix socket that is listened on."""
        return self._opened().socket

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            UserError: The libraries are not installed (`missing_extra`), a proxy or certificate
                cannot be used (`model_setting`), or the port or socket cannot be listened on
                (`gateway_address`).
        """
        # Late: server and client take half a second to load, and most runs need neither.
        try:
            from mas.adapters.models.gateway.listening import Listener
            from mas.adapters.models.gateway.serving import Service
            from mas.adapters.models.gateway.upstream import Upstream
        except ImportError as exc:
            raise UserError(
                "The model gateway needs libraries that are not installed.",
                hint="Install them: pip install 'mas[models]'",
                code="missing_extra",
            ) from exc
        async with AsyncExitStack() as stack:
            upstream = await stack.enter_async_context(
                Upstream(self._environment, timeout=self._settings.timeout)
            )
            service = Service(self._admitted, upstream, clock=self._clock)
            self._listener = await stack.enter_async_context(
                Listener(service, host=self._host, port=self._port, socket=self._wanted_socket)
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            admissions = tuple(self._admissions.values())
            self._admissions.clear()
            await asyncio.gather(*(one.end() for one in admissions))
        finally:
            self._listener = None
            await self._stack.aclose()

    @asynccontextmanager
    async def admit(
        self,
        model_name: str,
        wire: Wire,
        meter: Meter,
        *,
        kept: Path,
        mask: Callable[[str], str] | None = None,
        token: str | None = None,
        provider_tools: bool = True,
    ) -> AsyncIterator[Admission]:
        """Let one agent ask one model, until the context is left.

        Then its token is refused, calls under way are let go of, and each is settled with what is
        known of it.

        Args:
            model_name: `provider:model`, the only one that is asked, whatever the agent names.
            wire: The protocol that the agent talks.
            meter: Every call to the model goes through it.
            kept: Folder for the exchanges, made where it is missing; numbers go on from what is
                there.
            mask: Takes secrets out of texts that are kept; the provider's key and the token are
                always taken out.
            token: The token of an agent that has one already; None: a new one.
            provider_tools: Whether tools may be used that the provider runs, such as its web
                search: they reach the network for an agent whose own is closed.

        Raises:
            UserError: The name means nothing, or its key is not set (`model_setting`); the model
                does not speak `wire` (`coder_model`); `kept` cannot be used
                (`exchanges_unwritable`).
        """
        opened = self._opened()
        target = to_target(model_name, self._settings, self._environment)
        if target.wire != wire:
            raise _misfit(target, wire, self._settings)
        token = token or secrets.token_urlsafe(_TOKEN_BYTES)
        hide = Masker([one for one in (target.key, token) if one]).mask
        folder = ExchangeFolder(kept, lambda text: hide(mask(text) if mask else text))
        await asyncio.to_thread(folder.open)
        price = await asyncio.to_thread(_price, target, self._settings)
        digest = _digest(token)
        if digest in self._admissions:
            raise Bug("A token of the model gateway was admitted twice.")
        host = "127.0.0.1" if self._host in _EVERYWHERE else self._host
        admission = Admission(
            model=target.model,
            wire=wire,
            base_url=base_url(wire, host, opened.port),
            token=token,
            target=target,
            meter=meter,
            price=price,
            folder=folder,
            provider_tools=provider_tools,
            hide=hide,
        )
        self._admissions[digest] = admission
        try:
            yield admission
        finally:
            self._admissions.pop(digest, None)
            await admission.end()

    def _admitted(self, token: str) -> Admission | None:
        return self._admissions.get(_digest(token))

    def _opened(self) -> Listener:
        if self._listener is None:
            raise Bug("The model gateway is used while it is not open.")
        return self._listener


def _price(target: Target, settings: ModelSettings) -> PriceTag:
    # Late for the same reason as server and client: the price list is a library of its own.
    from mas.adapters.models.prices import PriceTag

    return PriceTag(target, settings.prices.get(target.name))


def _digest(token: str) -> bytes:
    """What a token is looked up by: how long that takes says nothing of the token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _misfit(target: Target, wire: Wire, settings: ModelSettings) -> UserError:
    fitting: list[str] = [name for name, vendor in VENDORS.items() if vendor.wire == wire]
    fitting += [name for name, one in settings.endpoints.items() if one.protocol == wire]
    return UserError(
        f"The coder talks the protocol of {wire}, and {target.name} that of {target.wire}.",
        hint=f"Choose a model of {', '.join(fitting)}, or an endpoint with protocol = {wire!r}.",
        code="coder_model",
    )
