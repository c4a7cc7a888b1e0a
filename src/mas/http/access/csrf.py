"""Proof that a form came from a page of ours: a value that only such a page could have shown."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import unquote_to_bytes

FIELD = "csrf"
HEADER = b"x-csrf-token"


def proof_for(key: bytes, kind: str, value: str) -> str:
    """The proof for the holder of a cookie.

    Args:
        key: The server's secret, the same on all replicas.
        kind: Which cookie it is; a value of one is none of the other.
        value: What the cookie holds.
    """
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, expected: str) -> bool:
    """Whether a proof is the right one; without an expected one nothing is."""
    told = given.encode("utf-8", "replace")
    return bool(expected) and hmac.compare_digest(told, expected.encode())


def field_of(body: bytes) -> str:
    """The proof in the body of a form; nothing where there is none, or more than one.

    The other fields, which may be long, are not decoded.
    """
    mark = FIELD.encode() + b"="
    found = [part for part in body.split(b"&") if part.startswith(mark)]
    if len(found) != 1:
        return ""
    return unquote_to_bytes(found[0][len(mark) :]).decode("latin-1")
