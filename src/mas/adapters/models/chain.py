"""A configured model: its first choice, tried again with pauses, and the fall-backs after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from mas.adapters.models.pauses import pause
from mas.adapters.models.settings import ModelSettings
from mas.adapters.models.targets import Target
from mas.core.errors import MasError, Transient, UserError
from mas.core.masking import Masker
from mas.core.models import ModelReply, ModelRequest
from mas.core.ports import Clock
from mas.core.usage import Usage

_NONSENSE_TRIES = 2
"""An unreadable answer may be a proxy's hiccup once, not twice."""

OnText = Callable[[str], None]


class Calls(Protocol):
    """Makes single calls to one model."""

    def most(self, request: ModelRequest) -> Usage: ...

    async def ask(self, request: ModelRequest, on_text: OnText | None) -> ModelReply: ...


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model that may be asked; `problem` says why it cannot be, where it has no target."""

    name: str
    target: Target | None = None
    problem: UserError | None = None


class ConfiguredModel:
    """Implements `mas.core.models.Model`."""

    def __init__(
        self,
        choices: Sequence[Choice],
        *,
        calls: Callable[[Target], Calls],
        settings: ModelSettings,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """`calls` opens what a target is asked through; the first choice has a target."""
        self._choices = tuple(choices)
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._jitter = jitter

    @property
    def name(self) -> str:
        """`provider:name` of the first choice."""
        return self._choices[0].name

    @property
    def calls_tools(self) -> bool:
        """See `Model.calls_tools`: what is asked for plain JSON is asked so for calls as well."""
        return all(
            choice.target is None or choice.target.typed != "prompt" for choice in self._choices
        )

    def most(self, request: ModelRequest) -> Usage:
        """See `Model.most`. The first call loads the library, which takes seconds: it is for a
        thread."""
        targets = [choice.target for choice in self._choices if choice.target is not None]
        each = [self._calls(target).most(request) for target in targets]
        return Usage(
            input_tokens=max(one.input_tokens for one in each),
            output_tokens=max(one.output_tokens for one in each),
            cost_micros=max(one.cost_micros for one in each),
        )

    async def ask(self, request: ModelRequest, *, on_text: OnText | None = None) -> ModelReply:
        """See `Model.ask`."""
        tried: list[str] = []
        errors: list[MasError] = []
        for choice in self._choices:
            try:
                reply = await self._ask_choice(choice, request, on_text, tried)
            except MasError as error:
                errors.append(error)
            else:
                return self._masked(msgspec.structs.replace(reply, tried=tuple(tried)))
        raise _telling(errors)

    def _masked(self, reply: ModelReply) -> ModelReply:
        """The reply without keys: a server can say back what it was sent, and it is recorded."""
        keys = {choice.target.key for choice in self._choices if choice.target is not None}
        masker = Masker(keys - {""})
        return msgspec.structs.replace(
            reply,
            text=masker.mask(reply.text),
            output=masker.mask_value(reply.output),
            calls=tuple(
                msgspec.structs.replace(
                    call,
                    arguments={
                        name: masker.mask_value(value) for name, value in call.arguments.items()
                    },
                )
                for call in reply.calls
            ),
        )

    async def _ask_choice(
        self, choice: Choice, request: ModelRequest, on_text: OnText | None, tried: list[str]
    ) -> ModelReply:
        if choice.target is None:
            assert choice.problem is not None  # noqa: S101 - one of both is there
            tried.append(choice.problem.message)
            raise choice.problem
        limit = self._settings.timeout
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self._ask_again(choice.target, request, on_text, tried)
        except TimeoutError as exc:
            error = Transient(
                f"{choice.name} has not answered within {limit.total_seconds():g} seconds.",
                hint="Try again, set models.timeout_seconds higher, or set models.fallbacks.",
                code="model_timeout",
            )
            tried.append(error.message)
            raise error from exc

    async def _ask_again(
        self, target: Target, request: ModelRequest, on_text: OnText | None, tried: list[str]
    ) -> ModelReply:
        calls = self._calls(target)
        failures = 0
        while True:
            try:
                return await calls.ask(request, on_text)
            except MasError as error:
                failures += 1
                tried.append(error.message)
                if not self._may_try(error, failures):
                    raise
                wanted = error.retry_after if isinstance(error, Transient) else None
            await self._clock.sleep(pause(failures, wanted, self._jitter()))

    def _may_try(self, error: MasError, failures: int) -> bool:
        if isinstance(error, Transient):
            wanted = error.retry_after
            bearable = wanted is None or wanted <= self._settings.longest_pause
            return bearable and failures < self._settings.tries
        return error.code == "model_nonsense" and failures < _NONSENSE_TRIES


def _telling(errors: Sequence[MasError]) -> MasError:
    """The error to raise when nothing has answered: a mistake in the settings, which only a
    person can mend; else what happened to the first choice."""
    return next((one for one in errors if isinstance(one, UserError)), errors[0])
