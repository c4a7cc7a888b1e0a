"""The routes below `/api` on a real server with runs of every kind (U3, R6, R7, A4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mas.core.actors import ACCESS_ROLES
from support.api_world import ApiWorld, api_world
from support.command import CLUSTERS
from support.page_world import has_ended, is_waiting

HOMELAB = str(CLUSTERS / "homelab.json")
ASK = {"text": "Should we adopt Tekton?", "cluster": HOMELAB, "no_model": True}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    names = ("decide_en", "decide_ko", "waits", "fails")
    with api_world(tmp_path_factory.mktemp("api"), *names) as opened:
        yield opened


@pytest.fixture
def http(world: ApiWorld) -> Iterator[httpx.Client]:
    with world.client() as client:
        yield client


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is the problem that it should be."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert told["hint"]
    return told


def test_u3_a_run_is_made_followed_and_shown(world: ApiWorld, http: httpx.Client) -> None:
    made = http.post("/api/runs", json=ASK)
    assert made.status_code == 201
    address = made.headers["location"]
    assert address == f"/api/runs/{made.json()['run_id']}"
    world.page.until(made.json()["run_id"], has_ended)
    shown = http.get(address).json()
    assert shown["status"] == "succeeded"
    assert shown["request"] == ASK["text"]
    assert shown["cluster"] == "homelab.json"
    assert [task["state"] for task in shown["tasks"]] == ["succeeded"] * 3
    assert {task["id"] for task in shown["plan"]["tasks"]} == {one["id"] for one in shown["tasks"]}
    assert shown["tasks"][0]["records"][0]["key"] == "observe"
    assert shown["result"]["verdict"]
    assert shown["report"].startswith("# ")


def test_r5_a_request_that_is_sent_again_makes_no_second_run(
    world: ApiWorld, http: httpx.Client
) -> None:
    async def several() -> list[httpx.Response]:
        async with world.async_client() as client:
            key = {"Idempotency-Key": "several-at-once"}
            return await asyncio.gather(
                *(client.post("/api/runs", json=ASK, headers=key) for _ in range(8))
            )

    answers = asyncio.run(several())
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert len({one.json()["run_id"] for one in answers}) == 1
    again = http.post("/api/runs", json=ASK, headers={"Idempotency-Key": "several-at-once"})
    assert (again.status_code, again.json()["run_id"]) == (200, answers[0].json()["run_id"])
    other = {**ASK, "text": "Should we adopt Argo CD?"}
    clash = http.post("/api/runs", json=other, headers={"Idempotency-Key": "several-at-once"})
    refused(clash, 409, "idempotency_conflict")
    for key in ("", "k" * 201, "with space", "é".encode()):
        refused(
            http.post("/api/runs", json=ASK, headers={"Idempotency-Key": key}),
            422,
            "request_unfit",
        )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "request_unfit"),
        ({"text": ""}, 422, "request_unfit"),
        ({"text": "   "}, 422, "empty_request"),
        ({"text": 7}, 422, "request_unfit"),
        ({"text": "x", "unknown": 1}, 422, "request_unfit"),
        ({"text": "x", "team": "nobody"}, 422, "request_unfit"),
        ({"text": "x", "role": "nobody"}, 422, "unknown_role"),
        ({"text": "x", "after": "no-such-run"}, 422, "unknown_run"),
        ({"text": "x", "dry_run": "yes"}, 422, "request_unfit"),
        ({"text": "x", "budget": {"usd": 0}}, 422, "request_unfit"),
        ({"text": "x", "fanout": {"agents": 11}}, 422, "request_unfit"),
        ({"text": "x", "team": "decide", "role": "coder"}, 422, "wishes_clash"),
        ({"text": "x", "team": "decide", "fanout": {"agents": 2}}, 422, "wishes_clash"),
        ({"text": "x", "team": "decide", "fanout": {}}, 422, "wishes_clash"),
        ({"text": "x", "role": "coder", "fanout": {"agents": 2}}, 422, "wishes_clash"),
        ({"text": "x", "role": "coder", "fanout": {}}, 422, "wishes_clash"),
        ({"text": "x", "model": "anthropic:x", "no_model": True}, 422, "wishes_clash"),
        ({"text": "x", "fanout": {"repo": "/no/such/folder"}}, 422, "no_repository"),
        ({"text": "Tekton?", "cluster": "no-such"}, 422, "cluster_unknown"),
        ({"text": "x" * 20_001, "team": "decide"}, 422, "request_too_long"),
        ([], 422, "request_unfit"),
    ],
)
def test_q1_a_body_that_does_not_fit_is_refused_and_leaves_no_run(
    http: httpx.Client, body: Any, status: int, code: str
) -> None:
    before = http.get("/api/runs?limit=1").json()["items"][0]["run_id"]
    answer = http.post("/api/runs", json=body)
    assert answer.status_code == status, answer.text
    if code != "no_repository":  # said in the words of the repository
        assert answer.json()["code"] == code
    assert http.get("/api/runs?limit=1").json()["items"][0]["run_id"] == before


def test_u3_runs_are_listed_by_team_status_and_text(world: ApiWorld, http: httpx.Client) -> None:
    def found(query: str) -> set[str]:
        told = http.get(f"/api/runs?limit=200&{query}").json()
        return {one["run_id"] for one in told["items"]} & set(world.page.runs.values())

    named = world.page.runs
    assert found("team=fanout") == {named["pair"]}
    assert found("status=failed") == {named["fails"]}
    assert found("status=failed&status=awaiting_approval") == {named["fails"], named["waits"]}
    assert found("text=tekton 도입") == {named["decide_ko"]}
    assert found("team=decide&text=ADOPT") == {named["decide_en"]}
    for query in ("team=x", "status=x", "limit=0", "limit=201", "before=a b", "text="):
        refused(http.get(f"/api/runs?{query}"), 422, "request_unfit")


def test_u3_pages_of_runs_hold_each_run_once(http: httpx.Client) -> None:
    whole = [one["run_id"] for one in http.get("/api/runs?limit=200").json()["items"]]
    seen: list[str] = []
    address = "/api/runs?limit=2"
    while address:
        page = http.get(address)
        seen += [one["run_id"] for one in page.json()["items"]]
        assert ("next" in page.links) == (page.json()["next"] is not None)
        address = page.links["next"]["url"] if "next" in page.links else ""
    assert seen == whole


def test_u3_a_run_that_has_not_changed_is_not_sent_again(
    world: ApiWorld, http: httpx.Client
) -> None:
    first = http.get(world.run("decide_en"))
    tag = first.headers["etag"]
    same = http.get(world.run("decide_en"), headers={"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other = http.get(world.run("decide_ko"), headers={"If-None-Match": tag})
    assert other.status_code == 200
    waits = http.get(world.run("waits"))
    http.post(f"{world.run('waits')}/tell", json={"text": "Be brief."})
    changed = http.get(world.run("waits"), headers={"If-None-Match": waits.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["messages"][-1]["content"] == "Be brief."


def test_r7_a_call_is_shown_approved_and_made_once(world: ApiWorld, http: httpx.Client) -> None:
    (waiting,) = http.get("/api/approvals").json()["items"]
    address = f"{world.run('waits')}/approvals"
    assert http.get(address).json()["items"] == [waiting]
    assert (waiting["state"], waiting["tool"]) == ("waiting", "files.write")
    assert waiting["arguments"]["path"] == "note.txt"
    refused(http.post(f"{address}/a99/approve"), 404, "unknown_approval")
    one = f"{address}/{waiting['approval']}"
    with world.client("viewer") as viewer:
        refused(viewer.post(f"{one}/approve"), 403, "forbidden")
    with world.client("operator") as operator:
        said = operator.post(f"{one}/approve", json={"comment": "Go on."}).json()
    assert (said["state"], said["comment"]) == ("approved", "Go on.")
    refused(http.post(f"{one}/reject"), 409, "approval_closed")
    world.page.until(world.page.runs["waits"], has_ended)
    assert http.get("/api/approvals").json()["items"] == []
    entries = http.get("/api/audit", params={"run": world.page.runs["waits"]}).json()["items"]
    (entry,) = (one for one in entries if one["action"] == "call.approve")
    assert (entry["actor"], entry["role"], entry["subject"]) == ("operator", "operator", "a1")
    assert "127.0.0.1" in entry["origin"]


def test_r6_runs_are_steered_as_they_stand(world: ApiWorld, http: httpx.Client) -> None:
    ended = world.run("decide_en")
    refused(http.post(f"{ended}/cancel"), 409, "run_ended")
    refused(http.post(f"{ended}/resume"), 409, "run_ended")
    refused(http.post(f"{ended}/retry"), 409, "nothing_to_retry")
    refused(http.post(f"{ended}/retry", json={"task": "none"}), 404, "unknown_task")
    refused(http.post(f"{ended}/tell", json={"text": "x"}), 409, "run_ended")
    refused(http.post(f"{ended}/fork", json={"after": "none"}), 404, "unknown_step")
    refused(http.post(f"{ended}/merge"), 409, "no_branches")
    refused(http.get(f"{ended}/diff"), 409, "no_branches")
    refused(http.post("/api/runs/none/cancel"), 404, "unknown_run")
    forked = http.post(f"{ended}/fork", json={"after": "research"})
    assert forked.status_code == 201
    assert forked.headers["location"] == f"/api/runs/{forked.json()['run_id']}"
    world.page.until(forked.json()["run_id"], has_ended)
    key = {"Idempotency-Key": "fork-once"}
    forks = [http.post(f"{ended}/fork", headers=key) for _ in range(2)]
    assert [one.status_code for one in forks] == [201, 200]
    assert forks[0].json()["run_id"] == forks[1].json()["run_id"] != forked.json()["run_id"]
    assert forks[1].headers["location"] == forks[0].headers["location"]
    clash = http.post(f"{ended}/fork", json={"after": "research"}, headers=key)
    refused(clash, 409, "idempotency_conflict")
    made = http.post("/api/runs", json={"text": "Deploy a note to cancel", "team": "operate"})
    run_id = made.json()["run_id"]
    world.page.until(run_id, is_waiting)
    assert http.post(f"/api/runs/{run_id}/resume").status_code == 200
    http.post(f"/api/runs/{run_id}/cancel").raise_for_status()
    world.page.until(run_id, has_ended)
    assert http.get(f"/api/runs/{run_id}").json()["status"] == "cancelled"
    again = http.post(f"/api/runs/{run_id}/retry").json()
    assert again["status"] in ("running", "awaiting_approval")
    http.post(f"/api/runs/{run_id}/cancel").raise_for_status()
    world.page.until(run_id, has_ended)


def test_u3_a_report_is_markdown_or_json(world: ApiWorld, http: httpx.Client) -> None:
    address = f"{world.run('decide_en')}/report"
    plain = http.get(address)
    assert plain.headers["content-type"] == "text/markdown; charset=utf-8"
    told = http.get(address, headers={"Accept": "application/json"}).json()
    assert told["report"] == plain.text
    assert told["language"] == "en"
    made = http.post("/api/runs", json={"text": "Deploy a note to wait", "team": "operate"}).json()
    refused(http.get(f"/api/runs/{made['run_id']}/report"), 404, "no_report")
    http.post(f"/api/runs/{made['run_id']}/cancel").raise_for_status()


def test_f4_the_work_of_agents_is_compared_and_merged(world: ApiWorld, http: httpx.Client) -> None:
    address = world.run("pair")
    one = http.get(f"{address}/diff?agents=1").json()
    assert (one["after"], one["files"][0]["path"]) == ("agent-1", "greet.py")
    assert "+    return 1" in one["text"]
    both = http.get(f"{address}/diff?agents=1,2").json()
    assert (both["before"], both["after"]) == ("agent-1", "agent-2")
    assert http.get(f"{address}/diff?agents=1&stat=true").json()["text"] == ""
    for agents in ("0", "1,2,3", "x", "1;2", "-1"):
        refused(http.get(f"{address}/diff", params={"agents": agents}), 422, "request_unfit")
    refused(http.get(f"{address}/diff?agents=3"), 404, "unknown_agent")
    merged = http.post(f"{address}/merge", json={"agent": 1}).json()
    assert (merged["agent"], merged["moved"], merged["conflicts"]) == (1, True, [])
    clash = http.post(f"{address}/merge", json={"agent": 2}).json()
    assert (clash["how"], clash["conflicts"], clash["moved"]) == ("conflict", ["greet.py"], False)
    refused(
        http.post(f"{address}/merge", json={"agent": 1, "deliver": True}),
        409,
        "nothing_to_deliver_to",
    )
    with world.client("operator") as operator:
        refused(operator.post(f"{address}/rollback"), 403, "forbidden")
    assert set(http.post(f"{address}/rollback").json()) == {"undone", "left"}


def test_a4_memories_are_shown_saved_wiped_and_brought_back(
    world: ApiWorld, http: httpx.Client
) -> None:
    agents = {one["name"]: one for one in http.get("/api/agents").json()["items"]}
    assert agents["coder"]["memory"]["completed_tasks"]
    assert http.get("/api/agents/coder").json()["instructions"]
    refused(http.get("/api/agents/nobody"), 404, "unknown_role")
    refused(http.get("/api/agents/No%20body"), 422, "request_unfit")
    refused(http.post("/api/agents/tester-of-nothing/restore"), 404, "unknown_role")
    refused(http.post("/api/agents/frontend/restore"), 409, "no_checkpoint")
    before = http.get("/api/agents/coder").json()["memory"]
    with world.client("operator") as operator:
        (saved,) = operator.post("/api/agents/coder/checkpoint").json()["items"]
        for what in ("coder/wipe", "coder/restore", "wipe", "restore"):
            refused(operator.post(f"/api/agents/{what}"), 403, "forbidden")
    assert saved["memory"] == before
    (wiped,) = http.post("/api/agents/coder/wipe").json()["items"]
    assert (wiped["completed_tasks"], wiped["knowledge"]) == ([], before["knowledge"])
    (back,) = http.post("/api/agents/coder/restore").json()["items"]
    assert back["memory"] == before == http.get("/api/agents/coder").json()["memory"]
    assert {one["role"] for one in http.post("/api/agents/checkpoint").json()["items"]} >= {"coder"}


def test_r13_lessons_are_listed_and_removed(world: ApiWorld, http: httpx.Client) -> None:
    lessons = http.get("/api/knowledge/lessons").json()["items"]
    refused(http.delete("/api/knowledge/lessons/none"), 404, "unknown_lesson")
    for lesson in lessons:
        with world.client("operator") as operator:
            refused(operator.delete(f"/api/knowledge/lessons/{lesson['id']}"), 403, "forbidden")
        assert http.delete(f"/api/knowledge/lessons/{lesson['id']}").json() == {"id": lesson["id"]}
    assert http.get("/api/knowledge/lessons").json() == {"items": []}


def test_d4_clusters_and_the_catalog_are_looked_at(world: ApiWorld, http: httpx.Client) -> None:
    assert http.get("/api/clusters").json()["contexts"] == []
    found = http.get("/api/cluster", params={"name": HOMELAB}).json()
    assert found["tools"]
    room = http.get("/api/cluster/capacity", params={"name": HOMELAB, "tool": "tekton"}).json()
    assert room["fit"]["tool"] == "tekton"
    assert len(room["nodes"]) == found["nodes"]
    with world.client("viewer") as viewer:
        # Whoever only reads does not find out which files the server has.
        for name in (HOMELAB, "/etc/passwd", "/no/such"):
            refused(viewer.get("/api/cluster", params={"name": name}), 403, "forbidden")
    unknown = http.get("/api/cluster/capacity", params={"name": HOMELAB, "tool": "nothing"})
    refused(unknown, 404, "unknown_tool")
    tools = http.get("/api/catalog/tools?capability=ci-pipelines").json()["items"]
    assert "tekton" in {one["id"] for one in tools}
    assert http.get("/api/catalog/tools/tekton").json()["guide"]
    refused(http.get("/api/catalog/tools/none"), 404, "unknown_tool")
    refused(http.get("/api/catalog/tools?capability=none"), 422, "unknown_capability")


def test_u3_the_audit_log_is_paged_and_exported(world: ApiWorld, http: httpx.Client) -> None:
    http.post("/api/runs", json={**ASK, "dry_run": True}).raise_for_status()
    whole = http.get("/api/audit?limit=500").json()["items"]
    seen: list[Any] = []
    address = "/api/audit?limit=3"
    while address:
        page = http.get(address)
        seen += page.json()["items"]
        address = page.links["next"]["url"] if "next" in page.links else ""
    assert seen == whole
    export = http.get("/api/audit.jsonl")
    assert export.headers["content-type"].startswith("application/jsonl")
    lines = [json.loads(line) for line in export.text.splitlines()]
    assert [one["number"] for one in lines] == [one["number"] for one in whole]


def test_u3_each_operation_needs_the_role_that_its_description_names(world: ApiWorld) -> None:
    with world.client() as http:
        paths = http.get("/openapi.json").json()["paths"]
    asked = 0
    for path, operations in paths.items():
        address = path.replace("{run_id}", "none").replace("{", "").replace("}", "")
        for method, operation in operations.items():
            needed = operation.get("x-role")
            if needed is None:
                assert path in ("/health", "/ready", "/metrics"), path
                continue
            with world.client(None) as nobody:
                refused(nobody.request(method, address, json={}), 401, "no_token")
            for role in ACCESS_ROLES[: ACCESS_ROLES.index(needed)]:
                with world.client(role) as client:
                    refused(client.request(method, address, json={}), 403, "forbidden")
                    asked += 1
    assert asked > 20


def test_u3_a_client_is_told_who_it_is(world: ApiWorld, tmp_path: Path) -> None:
    for role in ACCESS_ROLES:
        with world.client(role) as http:
            told = http.get("/api/me").json()
        assert (told["name"], told["role"]) == (role, role)
    with world.client("viewer") as http:
        assert http.get("/api/doctor").json()["checks"]
