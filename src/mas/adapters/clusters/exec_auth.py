"""Runs a kubeconfig's credential plugin (`users[].user.exec`), bounded in time (D1).

lightkube knows the plugin's API only up to v1beta1 and waits for it for ever; this one speaks v1,
passes `KUBERNETES_EXEC_INFO`, gives no terminal, and kills the plugin when it is late.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

import httpx2
import msgspec
from lightkube.config.models import UserExec

from mas.core.errors import Transient, UserError

PLUGIN_LIMIT: Final = timedelta(seconds=20)
_GROUP = "client.authentication.k8s.io/"


class _Status(msgspec.Struct):
    token: str | None = None


class _Credential(msgspec.Struct):
    status: _Status | None = None


class PluginAuth(httpx2.Auth):
    """Bearer token from a credential plugin; asked again once when the server says 401."""

    def __init__(self, plugin: UserExec, *, context: str, limit: timedelta = PLUGIN_LIMIT) -> None:
        self._plugin = plugin
        self._context = context
        self._limit = limit
        self._bearer = ""
        self._lock = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sign the request, with a new token if the server does not take the old one."""
        used = await self._token(instead_of="")
        request.headers["Authorization"] = used
        response = yield request
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            request.headers["Authorization"] = await self._token(instead_of=used)
            yield request

    async def _token(self, *, instead_of: str) -> str:
        async with self._lock:
            if self._bearer in ("", instead_of):
                self._bearer = f"Bearer {await self._run()}"
            return self._bearer

    async def _run(self) -> str:
        version = self._plugin.apiVersion
        if not version.startswith(_GROUP):
            raise self._unusable(f"its apiVersion {version} is unknown")
        info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        environment = dict(os.environ)
        environment |= {one.name: one.value for one in self._plugin.env or ()}
        environment["KUBERNETES_EXEC_INFO"] = msgspec.json.encode(info).decode()
        try:
            process = await asyncio.create_subprocess_exec(
                self._plugin.command,
                *(self._plugin.args or ()),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as exc:
            raise self._unusable(f"it cannot be started ({exc.strerror})") from exc
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                output, errors = await process.communicate()
        except TimeoutError as exc:
            raise Transient(
                f"The credential plugin {self._plugin.command} of context {self._context} "
                f"did not answer within {self._limit.total_seconds():g} seconds.",
                hint="Log in with kubectl first, so that it need not ask.",
                code="credentials",
            ) from exc
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            reason = errors.decode(errors="replace").strip().splitlines()
            raise self._unusable(reason[-1][:200] if reason else f"exit code {process.returncode}")
        return self._parse(output)

    def _parse(self, output: bytes) -> str:
        try:
            credential = msgspec.json.decode(output, type=_Credential)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise self._unusable("what it printed is no ExecCredential") from exc
        token = credential.status.token if credential.status else None
        if not token:
            raise self._unusable("it gave no token")
        return token

    def _unusable(self, reason: str) -> UserError:
        return UserError(
            f"The credential plugin {self._plugin.command} of context {self._context} failed: "
            f"{reason}.",
            hint="Try `kubectl get nodes` with this context, and mend the login.",
            code="credentials",
        )
