"""`mas serve` as a real process on loopback, and clients for it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from support.command import LIMIT_SECONDS, Mas


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str

    def client(self, **more: str) -> httpx.Client:
        """A client; `more` are headers. Proxies of the machine are not asked."""
        return httpx.Client(base_url=self.url, headers=more, timeout=LIMIT_SECONDS, trust_env=False)

    def async_client(self) -> httpx.AsyncClient:
        """A client for tests that wait for several things at once."""
        return httpx.AsyncClient(base_url=self.url, timeout=LIMIT_SECONDS, trust_env=False)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; gives the exit code and what stood on stderr since it listens."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=LIMIT_SECONDS)
        return self.process.returncode, err


@contextmanager
def serving(mas: Mas, *words: str, **environment: str) -> Iterator[Serving]:
    """Start a server on any free port; it is killed when the context is left."""
    process = mas.start("serve", "--port", "0", *words, **environment)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("mas: Listening on http://"), line + process.stderr.read()
        yield Serving(process=process, url=line.split()[3].rstrip(".,"))
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_SECONDS)
