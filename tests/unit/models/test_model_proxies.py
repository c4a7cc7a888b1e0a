"""The way to a provider through a proxy is that of the given environment (P5)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
import pytest

from mas.adapters.models.http import open_client
from mas.core.errors import UserError

SOON = timedelta(seconds=60)


async def test_p5_a_proxy_of_the_given_environment_is_used_and_that_of_the_process_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
        writer.write(b"HTTP/1.1 204 Fine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_client({"http_proxy": address}, timeout=SOON) as client:
        reply = await client.get("http://models.invalid/v1/models")
        assert reply.status_code == 204
        # What runs on this machine is reached without it.
        assert (await client.get(f"http://{address}/v1")).status_code == 204
    assert asked == ["GET http://models.invalid/v1/models HTTP/1.1", "GET /v1 HTTP/1.1"]


@pytest.mark.parametrize(
    "excepted", ["*", "models.invalid", "invalid", ".invalid", "10.0.0.1, models.invalid"]
)
async def test_p5_hosts_that_are_excepted_are_reached_without_a_proxy(excepted: str) -> None:
    environment = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": excepted}
    async with open_client(environment, timeout=SOON) as client:
        used = client._transport_for_url(httpx2.URL("https://models.invalid/v1"))
        assert used is client._transport


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HTTPS_PROXY": "socks9://u:secret@h"}, "HTTPS_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere/at/all.pem"}, "SSL_CERT_FILE"),
    ],
)
async def test_p5_a_proxy_or_certificate_that_cannot_be_used_is_told(
    environment: dict[str, str], told: str
) -> None:
    with pytest.raises(UserError, match=told) as caught:
        open_client(environment, timeout=SOON)
    assert "secret" not in str(caught.value)
