"""What the server says about itself to whoever asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from mas.api.conditions import ready
from mas.core.errors import Permanent, Transient


async def test_q3_a_probe_is_not_told_where_the_database_is() -> None:
    async def list_(*, limit: int) -> Any:
        raise Permanent("The database mas on db.internal:5432 refuses mas.", code="no_database")

    world = SimpleNamespace(
        driving=SimpleNamespace(stopping=False), service=SimpleNamespace(list=list_)
    )
    with pytest.raises(Transient) as caught:
        await ready(cast("Any", world))
    assert "db.internal" not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.code == "no_database"
