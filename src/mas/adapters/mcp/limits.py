"""How much a server may send, and how often it may die."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds that hold for each MCP server."""

    message_bytes: int = 128 * 1024 * 1024
    """One message of a server. A text of 50 MB comes twice where a server sends it as structured
    content as well."""
    log_bytes: int = 1_000_000
    """One log file; the one before is kept beside it."""
    restarts: int = 3
    """Starts after a death or a failed start, within `restart_window`; then it is left alone."""
    restart_window: timedelta = timedelta(minutes=1)
    tools: int = 2_000
    """Tools of one server; those listed after them are left out."""
    stop_grace: timedelta = timedelta(seconds=2)
    """Between closing a server's input and TERM, and between TERM and KILL."""
