"""The longest and largest values that a request may hold, whatever face it comes through.

Faces make their schemas of these, so that the same value is refused everywhere, and nothing that
a clock or a database cannot hold gets any further.
"""

from __future__ import annotations

from typing import Literal

Team = Literal["decide", "operate", "build", "fanout"]
"""Teams that can be asked for."""
AnyTeam = Literal["decide", "operate", "build", "fanout", "agent"]
"""Teams that runs are of; `agent`: one agent alone."""

WEEK_SECONDS = 7 * 24 * 3600

MOST_TOKENS = 10**12
MOST_USD = 10**6
MOST_SECONDS = 100 * WEEK_SECONDS
"""Limits of a run: from more than nothing up to these."""

LONGEST_NAME = 200
"""Characters of a role, a model or the id of a run."""
LONGEST_WORDS = 4096
"""Characters of a path, an address, a command line or a cluster."""
LONGEST_SEARCH = 200
"""Characters of the words that runs are looked for by."""
LONGEST_COMMENT = 2000
"""Characters of what is said with an answer to a call."""
MOST_CHECKS = 20
MOST_EVENT_NUMBER = 2_000_000_000

RUN_CURSOR = r"^[A-Za-z0-9_-]{1,100}$"
"""`next` of a page of runs."""
