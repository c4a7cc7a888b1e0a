"""Idempotency keys of requests: the same key and request give the same run again."""

from __future__ import annotations

import hashlib
import re

from mas.adapters.stores.idempotency import Key
from mas.core.actors import Actor
from mas.core.errors import UserError

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def to_key(key: str, wish: object, actor: Actor) -> Key:
    """The key as it is stored, with what was wished for: a value whose `repr` tells all of it. Each
    actor has keys of their own.

    Raises:
        UserError: It is no key (`bad_idempotency_key`).
    """
    if not _KEY.fullmatch(key):
        raise UserError(
            "The idempotency key is not one that can be used.",
            hint="Give 1 to 200 visible ASCII characters without spaces, such as a UUID.",
            code="bad_idempotency_key",
        )
    return Key(key_hash=_digest(f"{actor.name}\0{key}"), request_digest=_digest(repr(wish)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
