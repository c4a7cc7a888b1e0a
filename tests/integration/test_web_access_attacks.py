"""What is tried on a server that asks for tokens: guessing, forging, taking over (Q3, U3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from support.api_server import Serving, serving
from support.app_routes import SAFE, Route, app_routes
from support.command import Mas
from support.html_check import checked
from support.web_payloads import ELSEWHERE

PAGE = {"Accept": "text/html"}
JSON = {"Content-Type": "application/json"}
ROLES = ("viewer", "operator", "admin")


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A server with tokens."""

    serving: Serving
    tokens: dict[str, str]

    @contextmanager
    def logged_in(self, role: str) -> Iterator[httpx.Client]:
        """A browser after its login."""
        url = self.serving.url
        with httpx.Client(base_url=url, headers=PAGE, timeout=30, trust_env=False) as http:
            form = checked(url, http.get("/login").text)
            http.post("/login", data={"token": self.tokens[role], "csrf": form.csrf})
            assert "mas_session" in http.cookies
            yield http


def new_token(home: Path, role: str) -> dict[str, str]:
    """A token and its entry, as the command makes them."""
    made: dict[str, str] = Mas(home)("token", "new", role, "--role", role, "--json").json
    return made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that three people may use, each in a role of its own."""
    home = tmp_path_factory.mktemp("guarded")
    made = {role: new_token(home / "made", role) for role in ROLES}
    tokens = {role: one["token"] for role, one in made.items()}
    entries = [one["entry"] for one in made.values()]
    with serving(Mas(home / "home"), MAS_API_TOKENS=" ".join(entries)) as running:
        yield Guarded(serving=running, tokens=tokens)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    """Every route that there is."""
    return app_routes(tmp_path_factory.mktemp("routes") / "home")


def test_u3_a_proof_of_one_browser_is_none_of_another(guarded: Guarded) -> None:
    with guarded.logged_in("admin") as one, guarded.logged_in("admin") as other:
        proof = checked(guarded.serving.url, other.get("/").text).csrf
        assert proof
        answer = one.post("/runs", data={"csrf": proof, "request": "Stolen"})
    assert answer.status_code == 403


def test_u3_guessing_tokens_gets_slow_and_never_works(tmp_path: Path) -> None:
    made = new_token(tmp_path / "made", "admin")
    token, entry = made["token"], made["entry"]
    with serving(Mas(tmp_path / "home"), MAS_API_TOKENS=entry) as running:
        with httpx.Client(base_url=running.url, headers=PAGE, trust_env=False) as http:
            proof = checked(running.url, http.get("/login").text).csrf
            guesses = [token[:-1], token + "0", token.upper(), "", entry, entry.rpartition("-")[2]]
            guesses += [f"mas_{number:043d}" for number in range(30)]
            seen = [http.post("/login", data={"token": one, "csrf": proof}) for one in guesses]
            right = http.post("/login", data={"token": token, "csrf": proof})
        assert {one.status_code for one in seen} == {401, 422, 429}
        assert all("mas_session" not in one.headers.get("set-cookie", "") for one in seen)
        assert seen[-1].status_code == 429
        assert int(seen[-1].headers["retry-after"]) >= 1
        assert right.status_code == 429, "who guesses is not told when the guess was right"
        assert all(token not in one.text for one in seen)
        with running.client(Authorization=f"Bearer {token}") as http:
            assert http.get("/api/runs").status_code == 200, "a right token is not shut out"


def test_u3_cookies_are_out_of_reach_of_scripts_and_of_other_sites(guarded: Guarded) -> None:
    with httpx.Client(base_url=guarded.serving.url, headers=PAGE, trust_env=False) as http:
        first = http.get("/login")
        proof = checked(guarded.serving.url, first.text).csrf
        login = http.post("/login", data={"token": guarded.tokens["viewer"], "csrf": proof})
        session = http.cookies["mas_session"]
        again = http.post(
            "/logout", data={"csrf": checked(guarded.serving.url, http.get("/").text).csrf}
        )
        http.cookies.set("mas_session", session)
        assert http.get("/").status_code == 303, "a session that was ended is none any more"
    cookies = [*first.headers.get_list("set-cookie"), *login.headers.get_list("set-cookie")]
    assert {one.partition("=")[0] for one in cookies} >= {"mas_session"}
    for one in (*cookies, *again.headers.get_list("set-cookie")):
        parts = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"httponly", "path=/"} <= parts
        assert parts & {"samesite=lax", "samesite=strict"}
        assert not any(part.startswith("domain") for part in parts)
    assert guarded.tokens["viewer"] not in "".join(cookies)


def test_u3_a_session_that_somebody_else_has_chosen_is_not_taken_over(guarded: Guarded) -> None:
    with httpx.Client(base_url=guarded.serving.url, headers=PAGE, trust_env=False) as http:
        chosen = "A" * 43
        http.cookies.set("mas_session", chosen)
        proof = checked(guarded.serving.url, http.get("/login").text).csrf
        login = http.post("/login", data={"token": guarded.tokens["viewer"], "csrf": proof})
        assert login.status_code == 303
        assert f"mas_session={chosen}" not in login.headers["set-cookie"]


def test_u3_a_role_may_do_what_it_may_on_every_route(
    guarded: Guarded, routes: tuple[Route, ...]
) -> None:
    """A viewer changes nothing, however it is asked for; nobody reads nothing."""
    open_to_all = {"/health", "/ready", "/login", "/logout", "/preferences", "/logo"}
    url = guarded.serving.url
    with guarded.logged_in("viewer") as http, httpx.Client(base_url=url, trust_env=False) as nobody:
        proof = checked(url, http.get("/").text).csrf
        for route in routes:
            if route.path in open_to_all or route.path.startswith("/static"):
                continue
            refused = nobody.request(route.method, route.plain("x"))
            assert refused.status_code == 401, (route, refused.status_code)
            if route.method in SAFE or route.path.startswith("/mcp"):
                continue
            page = not route.path.startswith(("/api", "/orchestrate"))
            answer = (
                http.request(route.method, route.plain("x"), data={"csrf": proof, "request": "x"})
                if page
                else http.request(
                    route.method,
                    route.plain("x"),
                    content="{}",
                    headers={**JSON, "X-CSRF-Token": proof},
                )
            )
            assert answer.status_code == 403, (route, answer.status_code, answer.text[:200])


def test_u3_no_login_leads_elsewhere(guarded: Guarded) -> None:
    url = guarded.serving.url
    with httpx.Client(base_url=url, headers=PAGE, trust_env=False) as http:
        for wanted in ELSEWHERE:
            http.cookies.clear()
            form = checked(url, http.get("/login", params={"next": wanted}).text)
            fields = {"token": guarded.tokens["viewer"], "csrf": form.csrf, "next": wanted}
            answer = http.post("/login", data=fields)
            assert answer.status_code == 303, answer.text
            place = answer.headers["location"]
            assert re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f]*", place), place
            assert urlsplit(urljoin(url, place)).netloc == urlsplit(url).netloc
