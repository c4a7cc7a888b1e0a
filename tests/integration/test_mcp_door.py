"""MAS as an MCP server, asked by the official client (U4, U3, R7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceTemplateReference

from mas.core.access_tokens import new_access_token
from mas.testing.models import ScriptedModelServer
from support.api_server import Serving, serving
from support.command import CLUSTERS, LIMIT_SECONDS, Mas
from support.mcp_door import Heard, call, open_door, over_http, over_stdio, refusal
from support.scripted_home import KEY, mas_with_model, writing

ASK = "Should we adopt Tekton?"
HOMELAB = str(CLUSTERS / "homelab.json")
TOOLS = {"ask", "decide", "run_status", "run_events", "approve", "list_runs", "cancel"}
READING = {"run_status", "run_events", "list_runs"}
VIEWER, OPERATOR = "mas_viewer-0123456789abcdef", "mas_operator-0123456789abcdef"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with a viewer and an operator."""
    tokens = (
        new_access_token("reader", "viewer", VIEWER),
        new_access_token("worker", "operator", OPERATOR),
    )
    mas = Mas(tmp_path_factory.mktemp("guarded") / "home")
    with serving(mas, MAS_API_TOKENS=" ".join(token.entry for token in tokens)) as running:
        yield running


async def _decided(client: Client) -> str:
    """Ask for a decision as an agent does, and read all that there is of it; the run's id."""
    heard = Heard()
    result = await client.call_tool(
        "decide", {"question": ASK, "cluster": HOMELAB}, progress_callback=heard
    )
    told: Any = result.structured_content
    assert (told["verdict"], told["tool"]) == ("do_not_recommend", "Tekton Pipelines")
    assert told["ended"] is True
    reason = told["reasons"][0]
    assert (reason["kind"], reason["stance"]) == ("overlap", "against")
    assert reason["evidence"][0]["object"] == "Deployment/gitea/gitea"
    assert told["conclusion"].startswith("Do not adopt Tekton Pipelines")
    assert told["conclusion"] in result.content[0].text  # type: ignore[union-attr]

    amounts = [done for done, _, _ in heard.told]
    assert amounts == sorted(set(amounts))
    assert heard.told[-1][:2] == (3, 3)
    assert heard.told[0][2] == "Task 1 of 3: Understand the request (has started)"

    (report,) = (await client.read_resource(told["report_uri"])).contents
    assert report.mime_type == "text/markdown"
    assert report.text.startswith("# Should this cluster adopt Tekton Pipelines?")  # type: ignore[union-attr]
    listed = (await client.list_resources()).resources
    assert listed[0].uri == told["report_uri"]
    assert listed[0].title == ASK
    run_id: str = told["run_id"]
    return run_id


async def test_u4_a_decision_is_asked_for_over_stdio(mas: Mas) -> None:
    async with asyncio.timeout(LIMIT_SECONDS), over_stdio(mas) as client:
        run_id = await _decided(client)

    (run,) = mas.runs()
    assert (run["run_id"], run["status"]) == (run_id, "succeeded")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_u4_a_decision_is_asked_for_over_http(guarded: Serving, mode: str) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        async with over_http(guarded.url, token=OPERATOR, mode=mode) as client:
            run_id = await _decided(client)
        async with over_http(guarded.url, token=VIEWER, mode=mode) as client:
            shown = await call(client, "run_status", run_id=run_id)
    assert shown["status"] == "succeeded"
    assert shown["report"].startswith("# Should this cluster")
    assert [task["state"] for task in shown["tasks"]] == ["succeeded"] * 3


async def test_u4_tools_say_what_they_take_and_give_and_whether_they_change_anything(
    tmp_path: Path,
) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        (template,) = (await client.list_resource_templates()).resource_templates

    assert set(tools) == TOOLS
    assert template.uri_template == "mas://runs/{run_id}/report"
    for name, tool in tools.items():
        assert tool.description
        assert tool.title
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name in READING)
        assert tool.output_schema is not None
        assert "run_id" in str(tool.output_schema)
        for argument in tool.input_schema["properties"].values():
            assert argument["description"]
    assert tools["approve"].annotations is not None
    assert tools["approve"].annotations.destructive_hint
    assert tools["decide"].annotations is not None
    assert not tools["decide"].annotations.destructive_hint


async def test_u4_errors_are_results_with_a_sentence_and_a_hint(tmp_path: Path) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        found = {
            "empty": await refusal(client, "ask", text="  "),
            "cluster": await refusal(client, "decide", question=ASK, cluster="/nowhere.json"),
            "run": await refusal(client, "run_status", run_id="20200101_000000_00000000"),
            "unknown": await refusal(client, "decide", question=ASK, cluser="x"),
            "unfit": await refusal(client, "list_runs", limit=0),
            "cursor": await refusal(client, "list_runs", before="\x00nonsense"),
            "approval": await refusal(client, "approve", run_id="x" * 12, approved=True),
        }
        assert await call(client, "list_runs") == {"runs": [], "next": None}
        for uri in (
            "mas://runs/nope/report",
            "mas://runs/..%2f..%2fx/report",
            "file:///etc/passwd",
        ):
            with pytest.raises(MCPError):
                await client.read_resource(uri)

    codes = {name: code for name, (code, _) in found.items()}
    assert codes["empty"] == "empty_request"
    assert codes["run"] == codes["approval"] == "unknown_run"
    assert codes["unknown"] == codes["unfit"] == "request_unfit"
    assert "'cluser'" in found["unknown"][1]
    assert "limit" in found["unfit"][1]


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("run_events", {"run_id": "x", "after": 2**63}, "request_unfit"),
        ("run_events", {"run_id": "x", "after": 2_000_000_001}, "request_unfit"),
        ("run_status", {"run_id": "x", "wait_seconds": 1e300}, "request_unfit"),
        ("ask", {"text": ""}, "request_unfit"),
        ("ask", {"text": "x" * 100_001}, "request_unfit"),
        ("ask", {"text": ASK, "budget_seconds": 1e300}, "request_unfit"),
        ("ask", {"text": ASK, "budget_seconds": 0}, "request_unfit"),
        ("ask", {"text": ASK, "budget_usd": 1e300}, "request_unfit"),
        ("ask", {"text": ASK, "budget_usd": 0}, "request_unfit"),
        ("ask", {"text": ASK, "budget_tokens": 10**30}, "request_unfit"),
        ("ask", {"text": ASK, "budget_tokens": 0}, "request_unfit"),
        ("ask", {"text": ASK, "cluster": ""}, "request_unfit"),
        ("ask", {"text": ASK, "model": ""}, "request_unfit"),
        ("ask", {"text": ASK, "role": "x" * 201}, "request_unfit"),
        ("ask", {"text": ASK, "repo": ""}, "request_unfit"),
        ("ask", {"text": ASK, "repo": "x" * 4097}, "request_unfit"),
        ("ask", {"text": ASK, "agents": 11}, "request_unfit"),
        ("ask", {"text": ASK, "coders": ["mas"] * 11}, "request_unfit"),
        ("ask", {"text": ASK, "checks": ["true"] * 21}, "request_unfit"),
        ("decide", {"question": ASK, "cluster": ""}, "request_unfit"),
        ("ask", {"text": ASK, "team": "decide", "role": "coder"}, "wishes_clash"),
        ("ask", {"text": ASK, "team": "decide", "agents": 2}, "wishes_clash"),
        ("ask", {"text": ASK, "role": "coder", "repo": "/srv"}, "wishes_clash"),
        ("ask", {"text": ASK, "model": "anthropic:x", "no_model": True}, "wishes_clash"),
        ("list_runs", {"team": "nobody"}, "request_unfit"),
        ("list_runs", {"text": ""}, "request_unfit"),
    ],
)
async def test_u4_what_the_http_api_refuses_is_refused_here_and_leaves_no_run(
    tmp_path: Path, tool: str, arguments: dict[str, Any], code: str
) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        assert (await refusal(client, tool, **arguments))[0] == code
        assert await door.service.list() == ()


async def test_u4_runs_are_listed_paged_and_followed_by_their_events(tmp_path: Path) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        first = await call(client, "decide", question=ASK, cluster=HOMELAB)
        second = await call(client, "ask", text="Argo CD를 도입할까?", cluster=HOMELAB)
        page = await call(client, "list_runs", limit=1)
        rest = await call(client, "list_runs", limit=1, before=page["next"])
        fitting = await call(client, "list_runs", text="TEKTON", status=["succeeded"])
        events: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            some = await call(
                client, "run_events", run_id=first["run_id"][-8:], after=after, limit=5
            )
            events += some["events"]
            after, more = some["next_after"], some["more"]
        typed = {"name": "run_id", "value": first["run_id"][:13]}
        completed = await client.complete(
            ResourceTemplateReference(uri="mas://runs/{run_id}/report"), typed
        )

    assert [run["run_id"] for run in page["runs"]] == [second["run_id"]]
    assert [run["run_id"] for run in rest["runs"]] == [first["run_id"]]
    assert [run["run_id"] for run in fitting["runs"]] == [first["run_id"]]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run_finished"
    assert second["language"] == "ko"
    assert first["run_id"] in completed.completion.values


async def test_u4_the_same_key_gives_the_same_run(tmp_path: Path) -> None:
    asked = {"question": ASK, "cluster": HOMELAB, "idempotency_key": "once"}
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        first = await call(client, "decide", **asked)
        again = await call(client, "decide", **asked)
        code, _ = await refusal(client, "decide", **{**asked, "question": "Argo CD?"})
    assert first["run_id"] == again["run_id"]
    assert code == "idempotency_conflict"


async def test_u4_a_cancelled_request_leaves_its_run_alone(tmp_path: Path) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        asking = asyncio.create_task(call(client, "decide", question=ASK, cluster=HOMELAB))
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (await call(client, "list_runs"))["runs"]:
                pass
            asking.cancel()
            await asyncio.wait((asking,))
            (run,) = await door.service.list()
            ended = await call(client, "run_status", run_id=run.id, wait_seconds=30)
    assert ended["status"] == "succeeded"


async def test_u4_a_wait_that_is_over_says_where_to_look(tmp_path: Path) -> None:
    async with open_door(tmp_path / "home") as door, Client(door.server) as client:
        asked = await call(client, "ask", text=ASK, cluster=HOMELAB, wait=False)
        assert asked["ended"] is False
        assert asked["run_id"] in asked["next_step"]
        ended = await call(client, "run_status", run_id=asked["run_id"], wait_seconds=30)
        cancelled = await call(client, "cancel", run_id=asked["run_id"])
    assert ended["ended"] is True
    assert cancelled["status"] == "succeeded", "what has ended stays as it is"


@pytest.mark.parametrize(
    "transport",
    [
        pytest.param("stdio", marks=pytest.mark.slow),
        pytest.param("http", marks=pytest.mark.e2e),
    ],
)
async def test_r7_a_call_waits_is_shown_and_is_made_once_approved(
    tmp_path: Path, transport: str
) -> None:
    with ScriptedModelServer(writing, key=KEY) as model:
        mas = mas_with_model(tmp_path / "home", model, "anthropic")
        async with asyncio.timeout(LIMIT_SECONDS):
            if transport == "stdio":
                async with over_stdio(mas) as client:
                    run_id = await _approved(client)
            else:
                with serving(mas) as running:
                    async with over_http(running.url) as client:
                        run_id = await _approved(client)

    assert (mas.home / "workspaces" / run_id / "note.txt").read_text() == "hello\n"
    async with open_door(mas.home) as door:
        entries = await door.service.audit(run_id=run_id)
    assert [one.action for one in entries] == ["call.approve", "run.start"]
    assert {one.origin for one in entries} == {
        "mcp stdio" if transport == "stdio" else "mcp 127.0.0.1"
    }


async def _approved(client: Client) -> str:
    asked = await call(client, "ask", text="Write note.txt", role="coder")
    assert asked["status"] == "awaiting_approval"
    (waiting,) = asked["waiting"]
    assert waiting["tool"] == "files.write"
    assert waiting["arguments"] == {"path": "note.txt", "content": "hello\n"}
    assert waiting["approval"] in asked["next_step"]
    run_id: str = asked["run_id"]
    answered = await call(
        client, "approve", run_id=run_id, approval=waiting["approval"], approved=True, comment="ok"
    )
    assert (answered["state"], answered["comment"]) == ("approved", "ok")
    ended = await call(client, "run_status", run_id=run_id, wait_seconds=40)
    assert ended["status"] == "succeeded", ended
    assert ended["usage"]["input_tokens"] > 0
    code, _ = await refusal(client, "approve", run_id=run_id, approved=True)
    assert code == "nothing_waits"
    return run_id


async def test_u3_a_viewer_reads_and_starts_approves_and_cancels_nothing(guarded: Serving) -> None:
    async with over_http(guarded.url, token=VIEWER) as client:
        await call(client, "list_runs")
        refused = [
            await refusal(client, "ask", text=ASK),
            await refusal(client, "decide", question=ASK),
            await refusal(client, "approve", run_id="x", approved=True),
            await refusal(client, "cancel", run_id="x"),
        ]
    assert {code for code, _ in refused} == {"forbidden"}
    assert all("operator" in said and "reader" in said for _, said in refused)


def _post(url: str, **headers: str) -> httpx.Response:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    both = {"Accept": "application/json, text/event-stream", **headers}
    return httpx.post(f"{url}/mcp", json=ping, headers=both, trust_env=False)


def test_u3_the_door_is_behind_the_guard(guarded: Serving) -> None:
    known = {"Authorization": f"Bearer {OPERATOR}"}
    assert _post(guarded.url, **known).status_code == 200
    assert _post(guarded.url).status_code == 401
    assert _post(guarded.url, Authorization="Bearer mas_wrong-token").status_code == 401
    for origin in ("https://evil.example", "null", f"{guarded.url}.evil.example"):
        assert _post(guarded.url, Origin=origin, **known).status_code == 403
    assert _post(guarded.url, Origin=guarded.url, **known).status_code == 200
    for method in ("GET", "DELETE"):
        answer = httpx.request(method, f"{guarded.url}/mcp", headers=known, trust_env=False)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.e2e
async def test_u4_any_replica_answers(tmp_path: Path) -> None:
    mas = Mas(tmp_path / "home")
    with serving(mas) as first, serving(mas) as second:
        async with over_http(first.url) as client:
            asked = await call(client, "decide", question=ASK, cluster=HOMELAB)
        async with over_http(second.url) as client:
            shown = await call(client, "run_status", run_id=asked["run_id"])
            (report,) = (await client.read_resource(asked["report_uri"])).contents
    assert shown["status"] == "succeeded"
    assert report.text == shown["report"]  # type: ignore[union-attr]
