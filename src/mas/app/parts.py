"""What the use cases work with, brought together by `app.wiring`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mas.adapters.live.folder import FolderOutput
from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.core.models import Models
from mas.core.roles import Role
from mas.core.tools import Catalog
from mas.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that is open while a service is."""

    settings: Settings
    catalog: Catalog
    reading: ClusterReading
    roles: Mapping[str, Role]
    notes: tuple[str, ...]
    """What is wrong with files of the person that did not stop anything, a sentence each."""
    models: Models
    live: FolderOutput
    engine: Engine
