"""An API server on loopback, reached without any proxy of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kubernetes_server import KubernetesServer
from support.live_reading import PROXIES, small


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with KubernetesServer(small()) as running:
        yield running
