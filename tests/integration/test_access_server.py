"""Tokens, sessions and forms through a real server (Q3, U3)."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from mas.app.diagnosis import diagnose
from mas.app.settings import load_settings
from support.api_server import Serving, serving
from support.app_routes import SAFE, app_routes
from support.command import Mas

HTML = {"Accept": "text/html"}


class People:
    """Tokens as `mas token new` makes them."""

    def __init__(self, mas: Mas) -> None:
        self.tokens: dict[str, str] = {}
        self.entries: dict[str, str] = {}
        for name, role in (("alice", "operator"), ("bob", "viewer"), ("carol", "admin")):
            made = mas("token", "new", name, "--role", role, "--json").json
            self.tokens[name], self.entries[name] = made["token"], made["entry"]

    @property
    def setting(self) -> str:
        return " ,\n".join(self.entries.values())

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@pytest.fixture(scope="module")
def mas_home(tmp_path_factory: pytest.TempPathFactory) -> Mas:
    return Mas(tmp_path_factory.mktemp("access") / "home")


@pytest.fixture(scope="module")
def people(mas_home: Mas) -> People:
    return People(mas_home)


@pytest.fixture(scope="module")
def server(mas_home: Mas, people: People) -> Iterator[Serving]:
    with serving(mas_home, MAS_API_TOKENS=people.setting) as running:
        yield running


def field(page: httpx.Response, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def log_in(http: httpx.Client, token: str, wanted: str = "/") -> httpx.Response:
    page = http.get("/login", params={"next": wanted}, headers=HTML)
    form = {"csrf": field(page, "csrf"), "next": field(page, "next"), "token": token}
    return http.post("/login", data=form, headers=HTML)


def test_u3_a_new_token_is_shown_once_with_its_entry(mas: Mas) -> None:
    out = mas("token", "new", "alice", "--role", "operator").out
    token = re.search(r"mas_[A-Za-z0-9_-]{43}\b", out)
    assert token is not None
    assert re.search(r"alice:operator:sha256-[0-9a-f]{64}", out)
    assert out.count(token[0]) == 1
    assert not mas.home.exists(), "nothing is kept"
    assert "viewer, operator, admin" in mas("token", "new", "a", "--role", "root").refused(2)
    assert "1 to 64" in mas("token", "new", "a:b").refused(2)


def test_u3_somebody_logs_in_goes_on_and_logs_out(server: Serving, people: People) -> None:
    with server.client() as http:
        start = http.get("/runs?status=failed", headers=HTML)
        assert start.status_code == 303
        page = http.get(start.headers["location"], headers=HTML)
        assert page.status_code == 200
        assert field(page, "next") == "/runs?status=failed"
        assert "alice" not in page.text
        entered = log_in(http, people.tokens["alice"], "/runs?status=failed")
        assert entered.status_code == 303
        assert entered.headers["location"] == "/runs?status=failed"
        cookie = entered.headers["set-cookie"]
        assert re.match(
            r"mas_session=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax$", cookie
        )
        here = http.get("/", headers=HTML)
        assert here.status_code == 200
        assert "alice" in here.text
        assert http.get("/login", headers=HTML).status_code == 303
        refused = http.post("/logout", headers=HTML, data={"csrf": "x"})
        assert refused.status_code == 403, refused.text
        old = http.cookies["mas_session"]
        gone = http.post("/logout", headers=HTML, data={"csrf": field(here, "csrf")})
        assert (gone.status_code, gone.headers["location"]) == (303, "/login")
        assert "mas_session" not in http.cookies
        http.cookies.set("mas_session", old)
        assert http.get("/api/runs").status_code == 401


def test_u3_a_wrong_token_is_said_beside_its_field_in_both_languages(
    server: Serving,
) -> None:
    for language, sentence in (
        ("en", "does not know this token"),
        ("ko", "이 서버에 없는 토큰입니다"),
    ):
        with server.client(**{"Accept-Language": language}) as http:
            answer = log_in(http, "mas_<script>alert(1)</script>")
        assert answer.status_code == 401
        assert sentence in answer.text
        assert f'<html lang="{language}"' in answer.text
        assert 'aria-describedby="token-hint token-error"' in answer.text
        assert 'id="token-error"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert "alert(1)" not in answer.text
        assert "mas_session" not in answer.headers.get("set-cookie", "")


def test_u3_an_empty_login_says_what_is_missing(server: Serving) -> None:
    with server.client() as http:
        answer = log_in(http, "  ")
    assert answer.status_code == 422
    assert "Enter your access token" in answer.text


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX-Bad: 1", "/login"],
)
def test_u3_the_login_leads_nowhere_else(server: Serving, people: People, wanted: str) -> None:
    with server.client() as http:
        entered = log_in(http, people.tokens["bob"], wanted)
        again = http.get("/login", params={"next": wanted}, headers=HTML)
    for answer in (entered, again):
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "x-bad" not in answer.headers


def test_u3_a_session_that_was_planted_is_not_taken_over(server: Serving, people: People) -> None:
    with server.client() as http:
        http.cookies.set("mas_session", "A" * 43)
        assert log_in(http, people.tokens["alice"]).status_code == 303
        assert "A" * 43 not in {cookie.value for cookie in http.cookies.jar if cookie.domain}
        http.cookies.clear()
        http.cookies.set("mas_session", "A" * 43)
        assert http.get("/api/runs").status_code == 401


def test_u3_a_form_of_another_page_does_nothing(server: Serving, people: People) -> None:
    with server.client() as http:
        log_in(http, people.tokens["alice"])
        proof = field(http.get("/", headers=HTML), "csrf")
        form = {"request": "Should we adopt Tekton?", "text": "Should we adopt Tekton?"}
        refused = [
            http.post("/runs", data=form),
            http.post("/runs", data={**form, "csrf": "0" * 64}),
            http.post(
                "/runs", data={**form, "csrf": proof}, headers={"Origin": "https://evil.test"}
            ),
            http.post("/runs", data={**form, "csrf": proof}, headers={"Origin": "null"}),
            http.post(
                "/runs", data={**form, "csrf": proof}, headers={"Sec-Fetch-Site": "cross-site"}
            ),
            http.post("/api/runs", json={}, headers={"Origin": "https://evil.test"}),
            http.get("/api/runs", headers={"Sec-Fetch-Site": "cross-site"}),
            http.get("/api/runs/x/events", headers={"Origin": "https://evil.test"}),
        ]
        assert [answer.status_code for answer in refused] == [403] * len(refused)
        page = http.post("/runs", data=form, headers=HTML)
        assert page.status_code == 403
        assert page.headers["content-type"].startswith("text/html")
        assert http.get("/api/runs").json().get("runs", []) == []


def test_u3_a_viewer_changes_nothing_at_any_address(
    server: Serving, people: People, tmp_path: Path
) -> None:
    routes = [one for one in app_routes(tmp_path / "home") if one.method not in SAFE]
    own = {"/login", "/logout", "/mcp"}
    assert len(routes) > 20
    with server.client(**people.bearer("bob")) as http:
        for route in routes:
            if route.path in own:
                continue
            answer = http.request(route.method, route.plain(), json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), route
        assert http.get("/api/audit").status_code == 403
        assert http.get("/api/runs").status_code == 200


def raw(server: Serving, *lines: str) -> str:
    """An answer to a request that no client library has tidied up."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        return b"".join(iter(lambda: wire.recv(65536), b"")).decode("utf-8", "replace")


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /%0d%0aX-Bad:%201 HTTP/1.1", "Host: localhost"),
        ("GET /runs?a=%0d%0aX-Bad:%201 HTTP/1.1", "Host: localhost"),
        ("GET //evil.test/%2e%2e HTTP/1.1", "Host: localhost"),
        ("GET http://evil.test/runs HTTP/1.1", "Host: localhost"),
        ("GET /runs HTTP/1.1", "Host: localhost", "Cookie: mas_session=a\tb; mas_browser=%0d%0a"),
        ("GET /runs HTTP/1.1", "Host: localhost", "Host: evil.test"),
        ("GET /runs HTTP/1.1", "Host: evil.test/x"),
        ("GET /runs HTTP/1.1", "Host: a@evil.test"),
        ("GET /runs HTTP/1.1",),
        ("GET /runs HTTP/1.0",),
        ("GET /runs HTTP/1.1", "Host: localhost", "Authorization: Bearer \xff\xfe"),
        ("GET /runs HTTP/1.1", "Host: localhost", "X-Forwarded-For: 127.0.0.1"),
    ],
)
def test_u3_no_header_of_a_request_gets_into_an_answer(server: Serving, lines: tuple[str]) -> None:
    answer = raw(server, *lines, "Accept: text/html")
    head = answer.partition("\r\n\r\n")[0].lower()
    assert re.match(r"http/1.1 (303|400|401|421) ", head), head
    assert "x-bad" not in head.replace("%0d%0ax-bad", "").replace("%250d%250ax-bad", "")
    location = re.search(r"location: (\S+)", head)
    assert location is None or location[1].startswith("/login")
    assert "runs" not in answer.partition("\r\n\r\n")[2] or " 4" in head[:14]


@pytest.mark.slow
def test_u3_sessions_hold_on_all_servers_and_end_with_their_token(
    server: Serving, people: People, mas_home: Mas
) -> None:
    with server.client() as http:
        log_in(http, people.tokens["alice"])
        session = http.cookies["mas_session"]
        proof = field(http.get("/", headers=HTML), "csrf")
    with (
        serving(mas_home, "--no-worker", MAS_API_TOKENS=people.setting) as second,
        second.client() as http,
    ):
        http.cookies.set("mas_session", session)
        page = http.get("/", headers=HTML)
        assert page.status_code == 200
        assert field(page, "csrf") == proof
    left = f"{people.entries['bob']} {people.entries['carol']}"
    with (
        serving(mas_home, "--no-worker", MAS_API_TOKENS=left) as third,
        third.client() as http,
    ):
        http.cookies.set("mas_session", session)
        assert http.get("/api/runs").status_code == 401


def test_u3_the_audit_log_has_logins_and_refusals_and_no_token(
    server: Serving, people: People
) -> None:
    with server.client() as http:
        log_in(http, "mas_not-a-token")
        log_in(http, people.tokens["carol"])
        answer = http.get("/api/audit")
        http.cookies.clear()
    assert answer.status_code == 200, answer.text
    assert "session.login" in answer.text
    assert "session.refused" in answer.text
    assert '"carol"' in answer.text
    assert "page 127.0.0.1" in answer.text
    for secret in (*people.tokens.values(), "not-a-token"):
        assert secret not in answer.text


def until_refused(guess: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to guesses up to the first that is not looked at. The wait begins with a second,
    within which a busy machine may not come to the next guess; each further one doubles it."""
    answers: list[httpx.Response] = []
    while len(answers) < 12 and (not answers or answers[-1].status_code != 429):
        answers.append(guess())
    assert answers[-1].status_code == 429
    return answers


@pytest.mark.slow
def test_u3_guessing_ends_in_waiting(mas_home: Mas, people: People) -> None:
    with (
        serving(mas_home, "--no-worker", MAS_API_TOKENS=people.setting) as running,
        running.client() as http,
    ):
        page = http.get("/login", headers=HTML)
        form = {"csrf": field(page, "csrf"), "token": "mas_guess"}
        answers = until_refused(lambda: http.post("/login", data=form, headers=HTML))
        assert [answer.status_code for answer in answers[:6]] == [401] * 6
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert "Too many wrong tokens" in answers[-1].text
        # More wrong ones make the wait longer than any pause of this machine.
        for _ in range(10):
            right = http.post(
                "/login", data={**form, "token": people.tokens["alice"]}, headers=HTML
            )
            if right.status_code == 429:
                break
            until_refused(lambda: http.post("/login", data=form, headers=HTML))
        assert right.status_code == 429, "it is not looked at"
        bearer = {"Authorization": "Bearer mas_guess"}
        wrongs = until_refused(lambda: http.get("/api/runs", headers=bearer))
        assert [wrong.status_code for wrong in wrongs[:6]] == [401] * 6, "counted apart"
        wrong = wrongs[-1]
        assert wrong.headers["content-type"] == "application/problem+json"
        assert http.get("/api/runs", headers=people.bearer("alice")).status_code == 200


async def test_u5_the_doctor_says_how_access_is_set_and_no_digest(
    people: People, tmp_path: Path
) -> None:
    entry, token = people.entries["alice"], people.tokens["alice"]
    (tmp_path / "tokens").write_text(entry)
    for variable, value, said in (
        ("MAS_API_TOKENS", entry, "tokens for 1 operator"),
        ("MAS_API_TOKENS_FILE", str(tmp_path / "tokens"), "tokens for 1 operator"),
        ("MAS_API_TOKENS", token, "is a token itself"),
        ("MAS_API_TOKEN", token, "not used any more"),
        ("MAS_ALLOWED_HOSTS", "mas.example", "loopback only"),
    ):
        settings = load_settings({"MAS_HOME": str(tmp_path / "home"), variable: value})
        checks = await diagnose(settings)
        (access,) = (check for check in checks if check.name == "access")
        assert said in access.found
        assert access.ok or access.mend
        assert token not in repr(checks)
        assert entry.rpartition("-")[2] not in repr(checks)


def test_u3_a_refusal_is_seen_also_while_a_body_is_on_its_way(server: Serving) -> None:
    with server.client() as http:
        for size in (10, 100_000, 1_500_000):
            answer = http.post("/api/runs", content=b" " * size, headers={"Cookie": "a=b"})
            assert answer.status_code == 401
