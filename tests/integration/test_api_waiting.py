"""What waits for persons, over the API and on the page, however much it is (R7, U2, U3)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from mcp import Client

from mas.adapters.stores import approvals
from mas.app.driving import Driving
from mas.app.service import Ask, Service, open_service
from mas.app.settings import load_settings
from mas.core.approvals import Approval
from mas.core.calls import StoredCall
from mas.core.errors import UserError
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.engine.journal import lifecycle
from mas.mcp_servers.mas.server import MasServer
from mas.server.app import create_app
from mas.web.pages import waiting as waiting_page
from support.command import CLUSTERS, LIMIT_SECONDS
from support.mcp_door import refusal
from support.web_pages import proof

ASK = Ask(text="Should we adopt Tekton?", cluster=str(CLUSTERS / "homelab.json"), no_model=True)
CALL = StoredCall(
    call=ToolCall(id="c1", tool="files.write", arguments={"path": "x", "content": "y"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)
HTML = {"Accept": "text/html"}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A service with the application over it, and calls that wait."""

    service: Service
    http: httpx.AsyncClient
    mcp: Client

    async def ask(self, calls: int) -> str:
        """A run of which so many calls wait; nobody drives it."""
        run = await self.service.submit(ASK)
        store = self.service._parts.store
        plan = Plan(tasks=(TaskSpec(id="task", role="planner", title="Task"),))
        await store.run(lifecycle.begin_planning, run.id)
        await store.run(lifecycle.adopt_plan, run.id, plan)
        for number in range(calls):
            await store.run(approvals.add, run.id, "task", f"act/call/{number}", CALL)
        return run.id

    async def waiting(self) -> tuple[Approval, ...]:
        return await self.service.waiting(limit=1000)


@asynccontextmanager
async def desk(home: Path) -> AsyncIterator[Desk]:
    found = load_settings({"MAS_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]})

    async def no_docker() -> str:
        raise UserError("There is no docker.", hint="Install it.", code="no_docker")

    async with (
        asyncio.timeout(LIMIT_SECONDS),
        open_service(found) as service,
        Driving(service, worker=False) as driving,
    ):
        transport = httpx.ASGITransport(
            create_app(service, found, driving=driving, docker=no_docker)
        )
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
            Client(MasServer(service, driving)) as mcp,
        ):
            yield Desk(service=service, http=http, mcp=mcp)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_r7_every_call_that_waits_is_on_one_page_also_when_some_are_answered_meanwhile(
    tmp_path: Path, limit: int
) -> None:
    async with desk(tmp_path / "home") as at:
        for calls in (3, 1, 3):
            await at.ask(calls)
        wanted = [(one.run_id, one.id) for one in await at.waiting()]
        seen: list[tuple[str, str]] = []
        address = f"/api/approvals?limit={limit}"
        while address:
            page = await at.http.get(address)
            told = page.json()
            assert len(told["items"]) <= limit
            assert ("next" in page.links) == (told["next"] is not None)
            seen += [(one["run_id"], one["approval"]) for one in told["items"]]
            # The cursor is the place of a call that is answered before the next page is asked for.
            await at.service.decide(*seen[-1], approved=True)
            address = page.links["next"]["url"] if "next" in page.links else ""
        assert seen == wanted
        whole = (await at.http.get("/api/approvals")).json()
        assert whole["next"] is None
        for cursor in ("", "x", "1-2", "-1-a-b", "9" * 30 + "-a-b"):
            refused = await at.http.get("/api/approvals", params={"after": cursor})
            assert (refused.status_code, refused.json()["code"]) == (422, "request_unfit")


@pytest.mark.parametrize(
    ("language", "none", "one", "several"),
    [
        ("en", "more wait", "1 more waits", "2 more wait"),
        ("ko", "더 기다", "1건이 더 기다", "2건이 더 기다"),
    ],
)
async def test_r7_a_page_that_is_cut_says_how_many_more_wait(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    none: str,
    one: str,
    several: str,
) -> None:
    monkeypatch.setattr(waiting_page, "MOST", 2)
    async with desk(tmp_path / "home") as at:
        shown = []
        for calls in (2, 1, 1):
            await at.ask(calls)
            page = await at.http.get(f"/waiting?lang={language}", headers=HTML)
            assert page.text.count('class="card approval"') == 2
            shown.append(page.text)
    assert none not in shown[0]
    for page, said in zip(shown[1:], (one, several), strict=True):
        assert said in page


async def test_r7_a_comment_that_is_too_long_is_refused_at_every_face_and_the_call_still_waits(
    tmp_path: Path,
) -> None:
    long = "x" * 2001
    async with desk(tmp_path / "home") as at:
        run = await at.ask(2)
        with pytest.raises(UserError) as told:
            await at.service.decide(run, "a1", approved=False, comment=long)
        assert told.value.code == "comment_too_long"
        answer = await at.http.post(f"/api/runs/{run}/approvals/a1/reject", json={"comment": long})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_unfit")
        code, _ = await refusal(
            at.mcp, "approve", run_id=run, approval="a1", approved=False, comment=long
        )
        assert code == "request_unfit"
        form = proof((await at.http.get("/?lang=en", headers=HTML)).text)
        sent = {"csrf": form, "approval": "a1", "comment": long}
        page = await at.http.post(f"/runs/{run}/reject", data=sent, headers=HTML)
        assert page.status_code == 422
        assert len(await at.waiting()) == 2

        most = "x\r\n" * 1000
        page = await at.http.post(f"/runs/{run}/reject", data={**sent, "comment": most})
        assert page.status_code == 303, page.text
        (answered, _) = (await at.service.detail(run)).approvals
        assert (answered.state, answered.comment) == ("rejected", "x\n" * 999 + "x")
