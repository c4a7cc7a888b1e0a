"""What the use cases work with, brought together by `app.wiring`."""

from __future__ import annotations

from dataclasses import dataclass

from mas.adapters.live.folder import FolderOutput
from mas.adapters.stores.store import Store
from mas.app.doers import Workshop
from mas.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that is open while a service is."""

    workshop: Workshop
    notes: tuple[str, ...]
    """What is wrong with files of the person that did not stop anything, a sentence each."""
    live: FolderOutput
    engine: Engine
    store: Store
    """The journal itself, for what needs no engine."""
