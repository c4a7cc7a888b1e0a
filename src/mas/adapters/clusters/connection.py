"""One connection to an API server: signed requests, and failures as one clear sentence (D1, Q1)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from mas.adapters.clusters.exec_auth import PluginAuth
from mas.core.errors import Transient, UserError

CONNECT_LIMIT: Final = timedelta(seconds=5)
READ_LIMIT: Final = timedelta(seconds=20)
REQUEST_LIMIT: Final = timedelta(seconds=120)
"""For one answer as a whole, however slowly it drips."""
_ATTEMPTS: Final = 3
_LONGEST_PAUSE: Final = timedelta(seconds=5)
_BUSY = frozenset({429, 503})


class Connection:
    """An open connection; use as an async context manager."""

    def __init__(
        self,
        config: SingleConfig,
        *,
        connect_limit: timedelta = CONNECT_LIMIT,
        read_limit: timedelta = READ_LIMIT,
    ) -> None:
        self._context = config.context_name
        self._server = _without_user(config.cluster.server)
        user = config.user
        self._certified = bool(user and (user.client_cert or user.client_cert_data))
        timeout = httpx2.Timeout(read_limit.total_seconds(), connect=connect_limit.total_seconds())
        try:
            _check_certificates(config)
            self._client = AsyncClient(config, ConnectionParams(timeout=timeout))
            if config.user is not None and config.user.exec is not None:
                self._client.auth = PluginAuth(config.user.exec, context=self._context)
        except (ConfigError, OSError, ValueError, httpx2.InvalidURL) as exc:
            # A wrong certificate is an ssl.SSLError (OSError) or a base64 error (ValueError).
            raise UserError(
                f"The connection of context {self._context} cannot be set up: {_plain(exc)}.",
                hint="Check certificate, key and server of this context in the kubeconfig.",
                code="kubeconfig_invalid",
            ) from exc

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def get(
        self, path: str, *, params: Mapping[str, str | int] | None = None, accept: str
    ) -> httpx2.Response:
        """The server's answer of any status but 401; a busy server is asked again a few times.

        Raises:
            Transient: The server is out of reach, does not trust us, or we do not trust it.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            response = await self._once(path, params, accept)
            if response.status_code == httpx2.codes.UNAUTHORIZED:
                raise Transient(
                    f"The API server {self._server} does not accept the credentials of context "
                    f"{self._context} (401).",
                    hint="They may have expired: log in again, and try `kubectl get nodes`.",
                    code="unauthorized",
                )
            if response.status_code not in _BUSY or attempt == _ATTEMPTS:
                return response
            await asyncio.sleep(_pause(response, attempt).total_seconds())
        raise AssertionError("unreachable")

    async def _once(
        self, path: str, params: Mapping[str, str | int] | None, accept: str
    ) -> httpx2.Response:
        try:
            async with asyncio.timeout(REQUEST_LIMIT.total_seconds()):
                return await self._client.get(path, params=params, headers={"Accept": accept})
        except httpx2.ConnectTimeout as exc:
            raise self._unreachable("no connection in time") from exc
        except (httpx2.TimeoutException, TimeoutError) as exc:
            raise self._unreachable("it does not answer in time") from exc
        except (httpx2.HTTPError, OSError) as exc:
            # A server that refuses our certificate shows as a bare ssl.SSLError, an OSError.
            raise self._failed(exc) from exc
        except (ConfigError, httpx2.InvalidURL) as exc:
            raise UserError(
                f"The connection of context {self._context} cannot be set up: {_plain(exc)}.",
                hint="Check this context in the kubeconfig.",
                code="kubeconfig_invalid",
            ) from exc

    def no_list(self, what: str, status: int) -> Transient:
        """The error for an answer that is no list."""
        return Transient(
            f"The API server {self._server} answered the question for {what} with status {status} "
            "and nothing that could be read.",
            hint="Check that this is a Kubernetes API server, and try again.",
            code="server_answer",
        )

    def _failed(self, exc: Exception) -> Transient:
        text = " ".join(_plain(one) for one in _chain(exc)).lower()
        if "expired" in text:
            whose = "its" if "verify failed" in text else "our"
            return self._unreachable(f"{whose} certificate has expired")
        if "alert" in text and "certificate" in text:
            return self._unreachable("it does not accept our certificate")
        if "verify failed" in text or "certificate" in text:
            return self._unreachable("its certificate is not trusted")
        if isinstance(exc, httpx2.ReadError | httpx2.RemoteProtocolError) and self._certified:
            # Its complaint may be lost when it hangs up at once.
            return self._unreachable("it hung up, perhaps because our certificate is not accepted")
        return self._unreachable(_plain(exc) or "the connection broke")

    def _unreachable(self, reason: str) -> Transient:
        return Transient(
            f"The API server {self._server} of context {self._context} cannot be reached: "
            f"{reason}.",
            hint="Check the cluster, the network and the context with `kubectl get nodes`.",
            code="server_unreachable",
        )


def _check_certificates(config: SingleConfig) -> None:
    """Refuse certificate data that is no base64, before it is written to a temporary file.

    Raises:
        ValueError: One of them is not.
    """
    user = config.user
    for data in (
        config.cluster.certificate_auth_data,
        user.client_cert_data if user else None,
        user.client_key_data if user else None,
    ):
        if data:
            base64.b64decode(data, validate=True)


def _pause(response: httpx2.Response, attempt: int) -> timedelta:
    """How long to wait: as the server wishes, within bounds."""
    try:
        wished = timedelta(seconds=int(response.headers.get("Retry-After", "")))
    except ValueError:
        wished = timedelta(seconds=0.2 * 2**attempt)
    return max(timedelta(0), min(wished, _LONGEST_PAUSE))


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """An exception and its causes."""
    current: BaseException | None = exc
    for _ in range(8):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__


def _plain(exc: BaseException) -> str:
    """The text of an exception, on one line and without OpenSSL's source positions."""
    text = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return " ".join(text.split("(_ssl.c")[0].split()).rstrip(".")


def _without_user(server: str) -> str:
    """The server's address without a user or password that may stand in it."""
    scheme, mark, rest = server.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else server
