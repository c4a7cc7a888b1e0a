"""When the session of an MCP server needs a new life (O2)."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

from mas.adapters.mcp.session import _Life
from mas.adapters.mcp.stdio import StdioLink


async def test_o2_a_session_that_is_finding_out_the_protocol_is_left_to_its_owner() -> None:
    """The link of the older protocol is over while the server is started anew for the newer."""
    over = asyncio.Event()
    life = _Life(cast(StdioLink, SimpleNamespace(over=over)))
    assert life.ended, "nobody has begun it"
    life.owner = asyncio.create_task(asyncio.sleep(3600))
    over.set()
    assert not life.ended
    life.ready.set_result(None)
    assert life.ended
    over.clear()
    assert not life.ended
    life.owner.cancel()
    await asyncio.wait({life.owner})
    assert life.ended
