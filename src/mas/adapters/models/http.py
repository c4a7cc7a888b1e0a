"""The one HTTP client of all models: it takes nothing from the process's environment."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import timedelta

import httpx2

from mas.core.errors import UserError

_CONNECT_SECONDS = 10.0
_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20)
_NEVER = ("localhost", "127.0.0.1", "[::1]")
"""Hosts that no proxy is asked for."""


def open_client(environment: Mapping[str, str], *, timeout: timedelta) -> httpx2.AsyncClient:
    """A client with the proxies and certificates of `environment` (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`); the caller closes it.

    Redirects are not followed: a key must not travel to an address that nobody has set.

    Raises:
        UserError: A proxy or certificate file cannot be used (`model_setting`).
    """
    verify = _certificates(environment)
    try:
        return httpx2.AsyncClient(
            trust_env=False,
            verify=verify,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout.total_seconds(), connect=_CONNECT_SECONDS),
            limits=_LIMITS,
            mounts=_mounts(environment, verify),
        )
    except (ValueError, httpx2.InvalidURL) as exc:
        # The address is not shown: it may hold a password.
        raise UserError(
            "The proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used.",
            hint="Write it like http://host:port, or unset it.",
            code="model_setting",
        ) from exc


def _certificates(environment: Mapping[str, str]) -> ssl.SSLContext | bool:
    file = environment.get("SSL_CERT_FILE", "")
    if not file:
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ValueError) as exc:
        raise UserError(
            f"The certificates in SSL_CERT_FILE cannot be read: {file}.",
            hint="Set it to a file of PEM certificates, or unset it.",
            code="model_setting",
        ) from exc


def _mounts(
    environment: Mapping[str, str], verify: ssl.SSLContext | bool
) -> dict[str, httpx2.AsyncBaseTransport | None]:
    """Which addresses go through a proxy; None goes straight."""
    proxies = {
        f"{scheme}://": address
        for scheme in ("all", "http", "https")
        if (address := _variable(environment, f"{scheme}_proxy"))
    }
    excepted = [one.strip() for one in _variable(environment, "no_proxy").split(",")]
    if not proxies or "*" in excepted:
        return {}
    mounts: dict[str, httpx2.AsyncBaseTransport | None] = {
        pattern: httpx2.AsyncHTTPTransport(
            proxy=address if "://" in address else f"http://{address}",
            verify=verify,
            trust_env=False,
            limits=_LIMITS,
        )
        for pattern, address in proxies.items()
    }
    mounts |= {f"all://{host}": None for host in _NEVER}
    # `.host` means what is below it, `host` that as well as itself.
    mounts |= {
        f"all://*{host}" if not _is_address(host) else f"all://{host}": None
        for host in excepted
        if host and "/" not in host
    }
    return mounts


def _is_address(host: str) -> bool:
    return host[0] == "[" or host.replace(".", "").isdigit()


def _variable(environment: Mapping[str, str], name: str) -> str:
    """A variable that is customary in small letters as well as in capitals."""
    return (environment.get(name) or environment.get(name.upper()) or "").strip()
