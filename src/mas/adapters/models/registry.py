"""The models that a person has configured; the vendors' libraries load with the first call."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mas.adapters.models.chain import Choice, ConfiguredModel
from mas.adapters.models.settings import ModelSettings
from mas.adapters.models.targets import Target, chosen_name, fallback_names, to_target
from mas.core.errors import UserError
from mas.core.ports import Clock

if TYPE_CHECKING:
    import httpx2

    from mas.adapters.models.caller import Caller
    from mas.adapters.models.chain import OnText
    from mas.core.models import ModelReply, ModelRequest
    from mas.core.usage import Usage

_LIBRARY = "pydantic_ai"


class ConfiguredModels:
    """Implements `mas.core.models.Models`. Closed by `async with`, after its last call."""

    def __init__(
        self,
        settings: ModelSettings,
        environment: Mapping[str, str],
        *,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Opens nothing. `environment` holds the keys; the process's own is never looked at.
        `jitter` gives numbers from 0 to 1, for the pauses."""
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._jitter = jitter
        self._opening = threading.Lock()
        """Held while anything of the two below changes: that happens in threads."""
        self._callers: dict[Target, Caller] = {}
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. May be repeated."""
        # In a thread: a library that still loads, for a call that was cancelled, opens them yet.
        http = await asyncio.to_thread(self._let_go)
        if http is not None:
            await http.aclose()

    def _let_go(self) -> httpx2.AsyncClient | None:
        with self._opening:
            self._callers.clear()
            http, self._http = self._http, None
            return http

    def for_role(self, role: str, *, wanted: str | None = None) -> ConfiguredModel | None:
        """See `Models.for_role`.

        `inherit` is the same as None. `sonnet`, `opus` and `haiku` are the current Claude models
        where there is a key for them, and else give way to the settings.

        Raises:
            UserError: The name means nothing, its key or address is missing (`model_setting`), or
                the libraries are not installed (`missing_extra`).
        """
        name = chosen_name(self._settings, self._environment, role=role, wanted=wanted)
        if name is None:
            return None
        first = usable_target(name, self._settings, self._environment)
        later = (self._fallback(name) for name in fallback_names(self._settings, role, first.name))
        return ConfiguredModel(
            (Choice(name=first.name, target=first), *later),
            calls=lambda target: _LateCaller(target, self._known, self._caller),
            settings=self._settings,
            clock=self._clock,
            jitter=self._jitter,
        )

    def _fallback(self, name: str) -> Choice:
        """A fall-back that cannot be used is only told of when it would be asked."""
        try:
            return Choice(name=name, target=to_target(name, self._settings, self._environment))
        except UserError as problem:
            return Choice(name=name, problem=problem)

    def _known(self, target: Target) -> Caller | None:
        return self._callers.get(target)

    def _caller(self, target: Target) -> Caller:
        """What a target is asked through. Blocks for the seconds in which a library loads."""
        known = self._callers.get(target)
        if known is not None:
            return known  # without the lock: another target's library may be loading under it
        with self._opening:
            caller = self._callers.get(target)
            if caller is None:
                caller = self._callers[target] = self._open(target)
            return caller

    def _open(self, target: Target) -> Caller:
        try:
            # Late: these take seconds to load, and most commands ask no model.
            from mas.adapters.models.caller import Caller
            from mas.adapters.models.http import open_client

            if self._http is None:
                self._http = open_client(self._environment, timeout=self._settings.timeout)
            return Caller(target, self._http, self._settings.prices.get(target.name))
        except ImportError as exc:
            raise _not_installed(target) from exc


class _LateCaller:
    """Implements `chain.Calls`: whatever a target is asked through is opened when it is used."""

    def __init__(
        self,
        target: Target,
        known: Callable[[Target], Caller | None],
        opened: Callable[[Target], Caller],
    ) -> None:
        """`known` gives what is open already and never waits; `opened` may load a library."""
        self._target = target
        self._known = known
        self._opened = opened

    def most(self, request: ModelRequest) -> Usage:
        """See `Caller.most`. Blocks while the library loads, if this is what loads it."""
        return self._opened(self._target).most(request)

    async def ask(self, request: ModelRequest, on_text: OnText | None) -> ModelReply:
        """See `Caller.ask`. The library loads in a thread, and the loop goes on meanwhile."""
        caller = self._known(self._target)
        if caller is None:
            caller = await asyncio.to_thread(self._opened, self._target)
        return await caller.ask(request, on_text)


def usable_target(name: str, settings: ModelSettings, environment: Mapping[str, str]) -> Target:
    """What a name means, if it could be asked just now; it is not contacted.

    Raises:
        UserError: As `ConfiguredModels.for_role`.
    """
    target = to_target(name, settings, environment)
    if find_spec(_LIBRARY) is None:
        raise _not_installed(target)
    return target


def _not_installed(target: Target) -> UserError:
    return UserError(
        f"{target.name} is configured, and the libraries for models are not installed.",
        hint="Install them: pip install 'mas[models]'",
        code="missing_extra",
    )
