"""What a hostile page, run, neighbour or visitor tries on the web face (Q2, Q3, U3)."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest

from support.api_server import Serving
from support.app_routes import SAFE, Route, app_routes
from support.hostile_runs import hostile_asks
from support.html_check import Checked, checked
from support.page_world import PageWorld, page_world
from support.web_payloads import CRLF, ELSEWHERE, ESCAPES

CANARY = "canary-7d1f"
PAGE = {"Accept": "text/html"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    """A server without tokens whose runs, cluster and repository are hostile."""
    folder = tmp_path_factory.mktemp("attacks")
    with page_world(folder, "-", more=hostile_asks) as made:
        (made.mas.home / "secret").write_text(CANARY)
        (made.mas.home / "workspace" / "secret").write_text(CANARY)
        yield made


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    """Every route that there is."""
    found = app_routes(tmp_path_factory.mktemp("routes") / "home")
    assert {Route(method="GET", path="/"), Route(method="POST", path="/runs")} <= set(found)
    return found


@dataclass(frozen=True)
class Raw:
    """An answer as it came over the wire."""

    data: bytes

    @cached_property
    def head(self) -> str:
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return {name.strip().lower(): value.strip() for name, _, value in lines}

    @property
    def body(self) -> str:
        return self.data.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


def raw(serving: Serving, method: str, target: str, *lines: str, body: str = "") -> Raw:
    """Send a request line that no client library has tidied up; streams are not read."""
    host, port = serving.url.removeprefix("http://").split(":")
    length = [f"Content-Length: {len(body)}"] if body else []
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines, *length]
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall("\r\n".join([*head, "", body]).encode())
        data = b""
        while chunk := wire.recv(65536):
            data += chunk
            if b"text/event-stream" in data and b"\r\n\r\n" in data:
                break
    return Raw(data)


def test_q3_no_path_parameter_of_any_route_leads_anywhere(
    world: PageWorld, routes: tuple[Route, ...]
) -> None:
    tried, wrong = 0, []
    for route in (one for one in routes if one.method not in ("HEAD", "OPTIONS")):
        safe = route.method in SAFE
        kind = JSON if route.path.startswith("/api") else FORM
        lines = () if safe else (f"Content-Type: {kind['Content-Type']}",)
        body = "" if safe else "{}" if kind is JSON else "x=1"
        for escape in ESCAPES:
            for target in route.filled(escape, usual="1"):
                answer = raw(world.serving, route.method, target, *lines, body=body)
                tried += 1
                if not _is_harmless(answer):
                    wrong.append(f"{route.method} {target[:100]}: {answer.head[:60]}")
    assert wrong == []
    assert tried > 200


def _is_harmless(answer: Raw) -> bool:
    """A clear refusal, a page of ours, or a redirect to one; never a fault or what lies outside."""
    return (
        answer.status != 500
        and not any(one in answer.body for one in (CANARY, "root:x:0", "Traceback"))
        and "x-injected" not in answer.headers
        and re.fullmatch(r"/(?![/\\]).*", answer.headers.get("location", "/x")) is not None
    )


def test_u3_no_route_that_changes_something_takes_a_request_of_another_page(
    world: PageWorld, routes: tuple[Route, ...]
) -> None:
    changing = [one for one in routes if one.method not in SAFE]
    assert len(changing) > 15
    before = _audited(world)
    with httpx.Client(base_url=world.url, timeout=30, trust_env=False) as http:
        proof = checked(world.url, http.get("/", headers=PAGE).text).csrf
        assert proof
        taken = [
            (route, headers, answer.status_code)
            for route in changing
            for headers, given in _foreign(world, proof)
            if (answer := _forged(http, world, route, headers, given)).status_code not in (403, 415)
        ]
    assert taken == []
    assert _audited(world) == before


def _foreign(world: PageWorld, proof: str) -> Iterator[tuple[dict[str, str], str]]:
    """Headers and proofs of requests that are not ours: forms first, then programs in a page."""
    yield {"Origin": "https://elsewhere.invalid", **FORM}, proof
    yield {"Sec-Fetch-Site": "cross-site", **FORM}, proof
    yield FORM, ""
    yield FORM, "0" * 64
    yield {"Content-Type": "text/plain"}, proof
    yield {"Origin": "null", **JSON}, proof
    yield {"Origin": world.url.replace("127.0.0.1", "127.0.0.2"), **JSON}, proof
    yield {"Sec-Fetch-Site": "same-site", **JSON}, proof


def _forged(
    http: httpx.Client, world: PageWorld, route: Route, headers: dict[str, str], proof: str
) -> httpx.Response:
    """Send it to something that is really there."""
    there = "coder" if "/agents/" in route.path else world.runs["hostile_waits"]
    body = "{}" if headers["Content-Type"] == JSON["Content-Type"] else f"csrf={proof}&text=Stolen"
    return http.request(route.method, route.plain(there), content=body, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.invalid"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Host": "elsewhere.invalid"},
    ],
)
def test_u3_no_page_of_another_origin_reads_events_or_runs(
    world: PageWorld, headers: dict[str, str]
) -> None:
    run = world.runs["hostile_decide"]
    places = (f"/api/runs/{run}/events", f"/runs/{run}/live", "/api/runs", f"/runs/{run}")
    with world.serving.client() as http:
        for place in places:
            answer = http.get(place, headers={"Accept": "text/event-stream", **headers})
            assert answer.status_code in (403, 404, 421), (place, answer.status_code)
            assert "access-control-allow-origin" not in answer.headers
            asked = http.options(
                place, headers={"Access-Control-Request-Method": "POST", **headers}
            )
            assert "access-control-allow-origin" not in asked.headers


def test_u3_no_parameter_and_no_header_ends_a_header_of_the_answer(
    world: PageWorld, routes: tuple[Route, ...]
) -> None:
    with world.serving.client() as http:
        described = http.get("/openapi.json").json()["paths"]
    named = {
        one["name"]
        for path in described.values()
        for way in path.values()
        for one in way.get("parameters", ())
        if one["in"] == "query"
    }
    names = sorted(
        named | {"next", "lang", "theme", "before", "a", "b", "file", "task", "q", "team"}
    )
    query = "&".join(f"{quote(name)}={CRLF}" for name in names)
    run = world.runs["hostile_fanout"]
    for route in routes:
        if route.method != "GET":
            continue
        for usual in (run, CRLF):
            answer = raw(
                world.serving,
                "GET",
                f"{route.plain(usual)}?{query}",
                "Accept: text/html",
                f"Last-Event-ID: 1{CRLF}",
                f"Idempotency-Key: {CRLF}",
                f"Cookie: lang={CRLF}; theme={CRLF}; mas_browser={CRLF}",
            )
            assert answer.status != 500, (route, answer.head)
            assert "x-injected" not in answer.headers, (route, answer.head)
            assert not answer.body.startswith("<b>body"), (route, answer.head)


@pytest.mark.parametrize(
    "name", ['a"\r\nX-Injected: yes\r\n;.html', 'a"; filename*=x; b="é\\.html', "\x1b[2J.svg"]
)
def test_u3_a_file_name_ends_no_header_and_is_saved_and_not_shown(
    world: PageWorld, name: str
) -> None:
    folder = world.mas.home / "workspace" / "runs" / "run_names" / "worktrees"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("<script>pwn(1)</script>")
    answer = raw(world.serving, "GET", f"/workspace/runs/run_names/worktrees/{quote(name)}")
    assert answer.status == (404 if "\n" in name else 200), answer.head
    assert "x-injected" not in answer.headers
    if answer.status == 200:
        assert re.fullmatch(
            r"attachment(; filename\*?=[^\x00-\x1f]+)*", answer.headers["content-disposition"]
        )
        assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_u3_no_address_to_come_back_to_leads_elsewhere(world: PageWorld, next_page: str) -> None:
    with world.serving.client(**PAGE) as http:
        answers = [
            http.get("/preferences", params={"next": next_page, "theme": "dark"}),
            http.get("/login", params={"next": next_page}),
        ]
    for answer in answers:
        assert answer.status_code == 303, answer.text
        place = answer.headers["location"]
        assert re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f]*", place), place
        assert urlsplit(urljoin(world.url, place)).netloc == urlsplit(world.url).netloc


@pytest.mark.parametrize("language", ["en", "ko"])
def test_q2_hostile_text_is_text_on_every_page(world: PageWorld, language: str) -> None:
    """All kinds of pages that can be reached from the start and from runs, by their links."""
    with world.serving.client(**PAGE) as http:
        http.cookies.set("lang", language)
        pages = _crawled(http, world)
    faults = {place: page.faults for place, page in pages.items() if page.faults}
    assert faults == {}
    assert any("pwn(1)" in "".join(page.text) for page in pages.values())
    for run in world.runs.values():
        assert f"/runs/{run}" in pages, sorted(pages)


def _crawled(http: httpx.Client, world: PageWorld) -> dict[str, Checked]:
    todo = [f"{world.url}/", *(f"{world.url}/runs/{run}" for run in world.runs.values())]
    pages: dict[str, Checked] = {}
    seen: Counter[str] = Counter()
    while todo:
        url = todo.pop(0)
        parts = urlsplit(url)
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        # Many differ in a name or a number alone.
        kind = re.sub(r"=[^&]*", "=", re.sub(r"/agents/\w+|/tasks/.*|\d+", "N", place))
        most = len(world.runs) if place.count("/") == 2 else 2
        if place in pages or seen[kind] >= most or place.startswith(("/preferences", "/api/")):
            continue
        seen[kind] += 1
        answer = http.get(url)
        assert answer.status_code == 200, (place, answer.status_code, answer.text[:300])
        _assert_protected(answer)
        kind = answer.headers["content-type"].partition(";")[0]
        if kind != "text/html":
            assert kind in ("text/plain", "application/json", "application/jsonl"), place
            continue
        page = pages[place] = checked(url, answer.text)
        todo += page.links
    assert len(pages) > 15
    return pages


def _assert_protected(answer: httpx.Response) -> None:
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert answer.headers["cache-control"] == "no-store"


def test_q2_what_an_address_says_is_text_on_the_page_that_answers(
    world: PageWorld, routes: tuple[Route, ...]
) -> None:
    payload = "\"'--></title></textarea></script><svg onload=pwn(1)><img src=x onerror=pwn(2)>"
    names = ("q", "before", "team", "status", "file", "task", "a", "b", "text", "next", "kind")
    with world.serving.client(**PAGE) as http:
        # Streams do not end.
        for route in (one for one in routes if not one.path.endswith(("/live", "/events"))):
            for usual in (world.runs["hostile_fanout"], quote(payload, safe="")):
                if route.method != "GET":
                    continue
                answer = http.get(route.plain(usual), params=dict.fromkeys(names, payload))
                assert answer.status_code != 500, (route, answer.text[:300])
                if "text/html" in answer.headers.get("content-type", ""):
                    assert checked(world.url, answer.text).faults == [], route


def _audited(world: PageWorld) -> str:
    """What was noted that somebody has done."""
    with world.serving.client() as http:
        return http.get("/api/audit").raise_for_status().text
