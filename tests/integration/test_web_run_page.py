"""The page of a run over a real server: reading, answering, steering, watching (U3, R6, R7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from mas.app.service import Ask
from mas.core.budget import Budget
from support.api_server import serving
from support.command import CLUSTERS
from support.page_world import DECIDE_EN, WAITS, PageWorld, has_ended, is_waiting, page_world

pytestmark = pytest.mark.slow

HTML = {"accept": "text/html"}
LIMIT = 100
EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    folder = tmp_path_factory.mktemp("pages")
    with page_world(folder, "decide_ko", "waits", "fails") as made:
        runs = {
            "evil": made.ask(Ask(text=f"Write {EVIL}", role="coder", approve_writes=True)),
            "twice": made.ask(Ask(text=WAITS + " once more", team="operate")),
        }
        made = replace(made, runs={**made.runs, **runs})
        made.until(runs["evil"], has_ended)
        made.until(runs["twice"], is_waiting)
        yield made


@pytest.fixture
def client(world: PageWorld) -> Iterator[httpx.Client]:
    with world.serving.client(**HTML) as made:
        yield made


def fields(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action, those that stand elsewhere too."""
    form = re.search(rf'<form([^>]*action="{re.escape(action)}"[^>]*)>(.*?)</form>', html, re.S)
    assert form is not None, action
    hidden = r'<input type="hidden" name="(\w+)" value="([^"]*)"'
    pairs = re.findall(rf"{hidden}>", form[2])
    named = re.search(r'\bid="([\w-]+)"', form[1])
    if named is not None:
        pairs += re.findall(rf'{hidden} form="{named[1]}">', html)
    return dict(pairs)


def test_u3_a_browser_gets_the_page_and_a_program_the_json_at_one_address(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['decide_ko']}"
    page = client.get(address)
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1" in page.text
    for accept in ("application/json", "*/*", ""):
        answer = httpx.get(world.url + address, headers={"accept": accept}, trust_env=False)
        assert answer.json()["status"] == "succeeded"


def test_u3_the_page_has_no_script_and_no_style_of_its_own(
    world: PageWorld, client: httpx.Client
) -> None:
    for name in ("decide_ko", "waits", "fails", "evil"):
        html = client.get(f"/runs/{world.runs[name]}").text
        assert not re.search(r"<[^>]*\s(?:style|on[a-z]+)=", html)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
        assert "<img src=x" not in html


def test_u3_what_a_request_says_stays_text(world: PageWorld, client: httpx.Client) -> None:
    html = client.get(f"/runs/{world.runs['evil']}").text
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{7*7}}" in html


def test_u2_the_page_is_there_in_both_languages(world: PageWorld, client: httpx.Client) -> None:
    address = f"/runs/{world.runs['waits']}"
    for language, approve in (("en", "Approve this call"), ("ko", "이 호출 승인")):
        html = client.get(address, params={"lang": language}).text
        assert f'<html lang="{language}"' in html
        assert approve in html


def test_u3_a_task_is_shown_with_its_steps_and_their_values(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['decide_ko']}/tasks/decide"
    html = client.get(address, params={"lang": "en"}).text
    assert html.count("<h3>") == 5
    assert "do_not_recommend" in html
    whole = re.search(r'href="(/api/runs/[^"]*/records/decide/act)"', html)
    assert whole is not None
    assert client.get(whole[1], headers={"accept": "application/json"}).status_code == 200
    assert client.get(address.replace("decide", "nothing")).status_code == 404


def test_u3_older_events_are_a_link_away_and_filters_work_without_script(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['decide_ko']}"

    def numbers(**query: object) -> list[int]:
        html = client.get(address, params={"lang": "en", **query}).text  # type: ignore[arg-type]
        return [int(one) for one in re.findall(r'id="ev-(\d+)"', html)]

    assert numbers() == sorted(numbers(), reverse=True)
    assert numbers(before_event=5) == [4, 3, 2, 1]
    assert set(numbers(kind="check")) < set(numbers())
    assert numbers(q="planning has begun") == [2]
    assert numbers(before_event=1) == []


def test_r7_an_approval_is_given_by_a_form_and_the_second_answer_learns_of_the_first(
    world: PageWorld, client: httpx.Client
) -> None:
    run_id = world.runs["twice"]
    address = f"/runs/{run_id}"
    html = client.get(address, params={"lang": "en"}).text
    form = fields(html, f"{address}/approve")
    assert form["approval"] == "a1"
    assert all(part in html for part in ("files.write", "note.txt", "hello"))

    refused = client.post(f"{address}/approve", data={**form, "csrf": "wrong"})
    assert refused.status_code == 403

    first = client.post(f"{address}/approve", data={**form, "comment": "go on"})
    assert first.status_code == 303
    assert first.headers["location"] == f"{address}?done=approved#approvals"
    second = client.post(f"{address}/reject", data=form)
    assert second.status_code == 303
    told = client.get(second.headers["location"], params={"lang": "en", "answered": "a1"}).text
    assert "This call was answered before your answer came: Approved by" in told
    assert "Your answer changed nothing." in told
    world.until(run_id, has_ended)
    shown = client.get(address, params={"lang": "en"}).text
    assert all(part in shown for part in ("Earlier answers", "go on"))


def test_r6_a_message_is_told_and_a_run_is_cancelled_and_retried_by_forms(
    world: PageWorld, client: httpx.Client
) -> None:
    run_id = world.ask(Ask(text=WAITS + " or not", team="operate"))
    address = f"/runs/{run_id}"
    world.until(run_id, is_waiting)
    html = client.get(address, params={"lang": "en"}).text
    told = client.post(
        f"{address}/tell",
        data={**fields(html, f"{address}/tell"), "text": "Be\r\nquick", "to": ""},
    )
    assert (told.status_code, told.headers["location"]) == (303, f"{address}?told=1#talked")
    assert "Be quick" in client.get(address).text

    cancelled = client.post(f"{address}/cancel", data=fields(html, f"{address}/cancel"))
    assert cancelled.status_code == 303
    world.until(run_id, has_ended)
    html = client.get(address, params={"lang": "en"}).text
    assert "The run was cancelled." in html

    again = client.post(f"{address}/retry", data=fields(html, f"{address}/retry"))
    assert again.status_code == 303
    world.until(run_id, lambda run: not has_ended(run))

    finished = f"/runs/{world.runs['decide_ko']}"
    html = client.get(finished, params={"lang": "en"}).text
    forked = client.post(f"{finished}/fork", data=fields(html, f"{finished}/fork"))
    assert forked.status_code == 303
    new = unquote(forked.headers["location"].partition("?")[0])
    assert new not in (finished, "")
    twice = client.post(f"{finished}/fork", data=fields(html, f"{finished}/fork"))
    assert twice.headers["location"] == forked.headers["location"]
    anew = fields(client.get(finished).text, f"{finished}/fork")
    other = client.post(f"{finished}/fork", data=anew)
    assert other.headers["location"] != forked.headers["location"]
    html = client.get(new, params={"lang": "en"}).text
    assert world.runs["decide_ko"] in html


def test_r6_asking_on_makes_a_run_that_knows_the_first(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['decide_ko']}"
    html = client.get(address, params={"lang": "en"}).text
    data = {**fields(html, f"{address}/ask"), "text": "And why is that?"}
    made = client.post(f"{address}/ask", data=data)
    assert made.status_code == 303
    assert address in client.get(made.headers["location"]).text
    empty = client.post(f"{address}/ask", data={**data, "text": " "})
    assert empty.status_code == 422


def test_r5_asking_on_by_one_form_sent_twice_makes_one_run_with_the_budget_of_the_first(
    world: PageWorld, client: httpx.Client
) -> None:
    budget = Budget(tokens=900_000, cost_micros=7_000_000, time=timedelta(minutes=7))
    homelab = str(CLUSTERS / "homelab.json")
    first = world.ask(Ask(text=DECIDE_EN, cluster=homelab, no_model=True, budget=budget))
    world.until(first, has_ended)
    address = f"/runs/{first}"
    html = client.get(address, params={"lang": "en"}).text
    data = {**fields(html, f"{address}/ask"), "text": "And why is that?"}

    made = [client.post(f"{address}/ask", data=data).headers["location"] for _ in range(2)]
    other = client.post(f"{address}/ask", data={**data, "text": "And when?"})
    anew = fields(client.get(address).text, f"{address}/ask")
    again = client.post(f"{address}/ask", data={**data, **anew})

    assert made[0] == made[1]
    assert len({made[0], other.headers["location"], again.headers["location"]}) == 3
    assert world.run(unquote(made[0]).removeprefix("/runs/")).budget == budget


def test_r6_a_run_that_has_ended_cannot_be_cancelled_on_the_page_either(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['decide_ko']}"
    data = fields(client.get(address).text, f"{address}/ask")
    refused = client.post(f"{address}/cancel", data=data)
    assert refused.status_code == 409
    assert "has already ended" in refused.text


def test_f5_a_rollback_says_what_was_taken_back_and_what_is_left(
    world: PageWorld, client: httpx.Client
) -> None:
    address = f"/runs/{world.runs['evil']}"
    html = client.get(address, params={"lang": "en"}).text
    answer = client.post(f"{address}/rollback", data=fields(html, f"{address}/rollback"))
    assert answer.status_code == 200
    assert "<h1>Rolled back</h1>" in answer.text
    assert "note.txt" in answer.text
    assert "<img src=x" not in answer.text


def test_u3_a_failed_run_says_why_and_what_to_do(world: PageWorld, client: httpx.Client) -> None:
    html = client.get(f"/runs/{world.runs['fails']}", params={"lang": "en"}).text
    notice = html[html.index('id="notice"') : html.index('id="answered"')]
    assert "This closes a cycle" in notice
    assert "Next step" in notice
    assert "/retry" in notice


def test_u3_what_cannot_be_done_is_an_error_page(world: PageWorld, client: httpx.Client) -> None:
    assert client.get("/runs/20000101_000000_00000000").status_code == 404
    assert client.get("/runs/20000101_000000_00000000/live").status_code == 404
    assert client.get(f"/runs/{world.runs['decide_ko']}?before_event=-1").status_code == 422


def test_u3_two_replicas_one_shows_what_the_other_does(world: PageWorld, tmp_path: Path) -> None:
    """The page is watched on a server that works on nothing."""
    run_id = world.ask(Ask(text=WAITS + " for two", team="operate"))
    with (
        serving(world.mas, "--no-worker") as other,
        other.client(**HTML) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        watching = pool.submit(watch, client, run_id)
        world.until(run_id, is_waiting)
        address = f"/runs/{run_id}"
        form = fields(client.get(address).text, f"{address}/approve")
        assert client.post(f"{address}/approve", data=form).status_code == 303
        rows, parts = watching.result(timeout=LIMIT)
        run = world.until(run_id, has_ended)
    assert rows == list(range(1, run.last_event + 1))
    assert "note.txt is written." in parts["head"]


def watch(client: httpx.Client, run_id: str) -> tuple[list[int], dict[str, str]]:
    """Follow the live page from its beginning to its end, and connect anew after each paint."""
    rows: list[int] = []
    parts: dict[str, str] = {}
    after, kind = "0", ""
    while kind != "done":
        headers = {"last-event-id": after}
        with client.stream("GET", f"/runs/{run_id}/live?lang=en", headers=headers) as stream:
            assert stream.status_code == 200
            paints = 0
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    after = value
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "paint":
                    body = json.loads(value)
                    rows += [number for number, _ in body.get("rows", [])]
                    parts |= body.get("parts", {})
                    paints += 1
                if kind == "done" or paints > 2:
                    break
    return rows, parts
