"""What a form has done, in the address of the page after it, so that a reload tells it again.

The address is signed with a secret that all replicas share: nobody can make a link that tells of
something that has not happened.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import zlib
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

_MOST: Final = 20_000
_MARK_BYTES: Final = 24


def sealed(what: msgspec.Struct, *, about: str, secret: bytes) -> str:
    """`what` as a piece of an address; `about` is what it belongs to."""
    packed = zlib.compress(msgspec.json.encode(what), 9)
    return base64.urlsafe_b64encode(_mark(packed, about, secret) + packed).decode().rstrip("=")


def opened(told: str, kind: type[S], *, about: str, secret: bytes) -> S | None:
    """What was sealed; None where it was changed, made elsewhere, or belongs to something else."""
    if len(told) > _MOST:
        return None
    try:
        whole = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
    except (ValueError, binascii.Error):
        return None
    mark, packed = whole[:_MARK_BYTES], whole[_MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(packed, about, secret)):
        return None
    return msgspec.json.decode(zlib.decompress(packed), type=kind)


def _mark(packed: bytes, about: str, secret: bytes) -> bytes:
    return hmac.new(secret, about.encode() + b"\0" + packed, sha256).digest()[:_MARK_BYTES]
