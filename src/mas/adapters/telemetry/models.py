"""Models that tell what they cost and how long they take, around any others."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from mas.core.models import Model, ModelReply, ModelRequest, Models
from mas.core.telemetry import Telemetry
from mas.core.usage import Usage


class CountedModels:
    """Implements `core.models.Models`."""

    def __init__(self, models: Models, telemetry: Telemetry) -> None:
        self._models = models
        self._telemetry = telemetry

    def for_role(self, role: str, *, wanted: str | None = None) -> Model | None:
        """See `Models.for_role`."""
        model = self._models.for_role(role, wanted=wanted)
        return None if model is None else _CountedModel(model, role, self._telemetry)


class _CountedModel:
    """Implements `core.models.Model`."""

    def __init__(self, model: Model, role: str, telemetry: Telemetry) -> None:
        self._model = model
        self._role = role
        self._telemetry = telemetry

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self._model.name

    @property
    def calls_tools(self) -> bool:
        """See `Model.calls_tools`."""
        return self._model.calls_tools

    def most(self, request: ModelRequest) -> Usage:
        """See `Model.most`."""
        return self._model.most(request)

    async def ask(
        self, request: ModelRequest, *, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """See `Model.ask`."""
        began = time.monotonic()
        reply: ModelReply | None = None
        try:
            reply = await self._model.ask(request, on_text=on_text)
        finally:
            self._telemetry.model_call(
                model=self.name if reply is None else reply.model,
                took=timedelta(seconds=time.monotonic() - began),
                ok=reply is not None,
            )
        self._telemetry.spent(role=self._role, model=reply.model, usage=reply.usage)
        return reply
