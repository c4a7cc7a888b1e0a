"""Who watches which run, and one renderer for all who see the same (U3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from mas.app.service import Service
from mas.core.errors import Transient
from mas.http.streams import RunStreams
from mas.web.live.difference import LiveMessage
from mas.web.live.picture import Reader
from mas.web.live.renderer import Renderer

MOST_WATCHERS = 5000
"""Pages of one process that watch; more are refused."""


class LiveHub:
    """The live pages of one process."""

    def __init__(self, service: Service, streams: RunStreams) -> None:
        self._service = service
        self._streams = streams
        self._renderers: dict[tuple[str, Reader], Renderer] = {}
        self._watchers = 0

    @property
    def open(self) -> int:
        """How many pages are watching."""
        return self._watchers

    @property
    def rendering(self) -> int:
        """How many renderers there are: one for all who see the same."""
        return len(self._renderers)

    def order(self, run_id: str) -> tuple[str, ...]:
        """How the tasks of a run that is watched are drawn, so that a page begins with that."""
        drawn = (one.order for (known, _), one in self._renderers.items() if known == run_id)
        return next((order for order in drawn if order), ())

    async def messages(
        self, run_id: str, reader: Reader, after: int
    ) -> AsyncGenerator[LiveMessage, None]:
        """What a page needs that shows the run up to the event `after`, until the run has ended.

        Every event comes once as a row; elements come when they have changed. Close it
        (`aclosing`) when you leave early.

        Raises:
            UserError: There is no such run (`unknown_run`).
            Transient: Too many pages watch (`too_many_streams`), or the journal fails.
        """
        if self._watchers >= MOST_WATCHERS:
            raise Transient(
                f"{MOST_WATCHERS} pages are watching already.",
                hint="Load the page anew when you want to know more.",
                code="too_many_streams",
                retry_after=timedelta(seconds=30),
            )
        self._watchers += 1
        try:
            # Whoever names an event that is still to come would wait for it without a word.
            after = min(after, (await self._service.get(run_id)).last_event)
            renderer = self._joined(run_id, reader)
            try:
                async with aclosing(renderer.follow(after)) as messages:
                    async for message in messages:
                        yield message
            finally:
                self._leave(renderer)
        finally:
            self._watchers -= 1

    async def pieces(self, run_id: str, reader: Reader, after: int) -> AsyncGenerator[bytes, None]:
        """Give `messages` as they are sent, behind a first sign that somebody listens."""
        yield b": here\n\n"
        async with aclosing(self.messages(run_id, reader, after)) as messages:
            async for message in messages:
                yield message.data

    def _joined(self, run_id: str, reader: Reader) -> Renderer:
        key = (run_id, reader)
        found = self._renderers.get(key)
        if found is None or found.over:
            found = self._renderers[key] = Renderer(self._service, self._streams, run_id, reader)
            found.start()
        found.watchers += 1
        return found

    def _leave(self, renderer: Renderer) -> None:
        renderer.watchers -= 1
        if renderer.watchers == 0:
            renderer.stop()
            key = (renderer.run_id, renderer.reader)
            if self._renderers.get(key) is renderer:
                del self._renderers[key]
