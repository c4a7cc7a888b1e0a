"""Sessions of people who have logged in to the page (U3). Secrets are only kept hashed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mas.core.actors import AccessRole


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody who has logged in, until `expires_at`."""

    id_hash: str
    """Hash of what the cookie holds."""
    name: str
    role: AccessRole
    token_hash: str
    """Hash of the token that was logged in with: a session ends with its token."""
    created_at: datetime
    expires_at: datetime
