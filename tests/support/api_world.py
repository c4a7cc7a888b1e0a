"""A server with runs of several kinds, and clients with tokens of each role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask
from mas.core.access_tokens import new_access_token
from mas.core.actors import ACCESS_ROLES, AccessRole
from support.command import LIMIT_SECONDS
from support.page_world import PageModel, PageWorld, page_world

PAIR = "Write greet.py twice"
CODER = """{"agents": {
  "1": [{"write": "greet.py", "text": "def greet():\\n    return 1\\n"}, {"commit": "One"}],
  "2": [{"write": "greet.py", "text": "def greet():\\n    return 2\\n"}, {"commit": "Two"}]}}"""


@dataclass(frozen=True, kw_only=True)
class ApiWorld:
    """The server, its runs by name, and a token for each role."""

    page: PageWorld
    tokens: Mapping[AccessRole, str]

    @property
    def setting(self) -> str:
        """`MAS_API_TOKENS` for another server on the same runs."""
        return setting_of(self.tokens)

    def client(self, role: AccessRole | None = "admin") -> httpx.Client:
        """A client with a token of this role; None: without one."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        return httpx.Client(
            base_url=self.page.url, headers=headers, timeout=LIMIT_SECONDS, trust_env=False
        )

    def async_client(self, role: AccessRole = "admin") -> httpx.AsyncClient:
        """The same for tests that send several things at once."""
        return httpx.AsyncClient(
            base_url=self.page.url,
            headers={"Authorization": f"Bearer {self.tokens[role]}"},
            timeout=LIMIT_SECONDS,
            trust_env=False,
        )

    def run(self, name: str) -> str:
        """The address of a run."""
        return f"/api/runs/{self.page.runs[name]}"


def _pair(folder: Path, model: PageModel) -> dict[str, Ask]:
    script = folder / "pair.json"
    script.write_text(CODER)
    fanout = FanoutAsk(agents=2, coders=(f"script:{script}",), checks=("true",))
    return {"pair": Ask(text=PAIR, team="fanout", fanout=fanout)}


def setting_of(tokens: Mapping[AccessRole, str]) -> str:
    """Tokens as the setting has them: nobody can read them there."""
    return ",".join(new_access_token(role, role, token).entry for role, token in tokens.items())


@contextmanager
def api_world(folder: Path, *names: str) -> Iterator[ApiWorld]:
    """A server with these runs of `page_world`, and `pair`, two agents at one prompt."""
    tokens = {role: f"mas_{role}-" + "0123456789abcdef" * 3 for role in ACCESS_ROLES}
    with page_world(folder, *names, more=_pair, MAS_API_TOKENS=setting_of(tokens)) as page:
        yield ApiWorld(page=page, tokens=tokens)
