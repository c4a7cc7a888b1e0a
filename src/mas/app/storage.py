"""Opening the journal for what needs no engine: memories and lessons."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from mas.adapters.clock import SystemClock
from mas.adapters.stores.choose import store_for
from mas.adapters.stores.store import Store
from mas.app.settings import Settings


def open_store(settings: Settings) -> AbstractAsyncContextManager[Store]:
    """The store of these settings, to be entered with `async with`.

    Raises:
        UserError: `DATABASE_URL` means no store that there is.
    """
    return store_for(settings.database_url, settings.database, SystemClock())
