"""The fence around every write of an attempt."""

from __future__ import annotations

from sqlalchemy import Connection

from mas.adapters.stores import tasks
from mas.adapters.stores.tasks import Fence


class Superseded(Exception):
    """The attempt does not own its task any more: its process was taken for dead."""


def check(conn: Connection, fence: Fence) -> None:
    """Go on only while the attempt owns its task.

    Raises:
        Superseded: It does not.
    """
    if not tasks.owned(conn, fence):
        raise Superseded(fence.task_id)
