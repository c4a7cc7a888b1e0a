"""`mas token ...`: making tokens for whoever uses MAS over HTTP."""

from __future__ import annotations

import secrets

from mas.app.access_settings import TOKENS
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json
from mas.core.access_tokens import TOKEN_PREFIX, new_access_token


async def new(_: Settings, name: str, *, role: str, as_json: bool) -> int:
    """Make a token and show it, this once; nothing of it is kept anywhere."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    made = new_access_token(name, role, token)
    if as_json:
        print_json({"name": made.name, "role": made.role, "token": token, "entry": made.entry})
        return exits.DONE
    print(f"Token, shown only now: {token}")
    print(f"Entry for {TOKENS}: {made.entry}")
    return exits.DONE
