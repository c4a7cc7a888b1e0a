"""The pages of a real server, as a browser without script sees them (U2, U3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from mas.app.service import Ask, Service
from mas.core.access_tokens import TOKEN_PREFIX, new_access_token
from mas.core.memory import Memory
from support.api_server import Serving, serving
from support.command import CLUSTERS, Mas
from support.page_world import in_service
from support.postgres_server import PostgresServer
from support.web_pages import EVIL, NONE, RUN, form_of, hostile_home, proof

PAGES = ("/", "/runs", "/waiting", "/agents", "/agents/coder", "/knowledge", "/doctor", "/audit")
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Mas:
    """A home that holds what nobody may believe."""
    return hostile_home(tmp_path_factory.mktemp("pages") / "home")


@pytest.fixture(scope="module")
def server(home: Mas) -> Iterator[Serving]:
    """The server on that home."""
    with serving(home) as running:
        yield running


@pytest.fixture
def browser(server: Serving) -> Iterator[httpx.Client]:
    """A browser that has been nowhere yet."""
    with server.client(**HTML) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_u2_every_page_answers_in_both_languages(
    browser: httpx.Client, path: str, lang: str
) -> None:
    answer = browser.get(path, headers={"Accept-Language": f"fr, {lang};q=0.8"})
    page = answer.text
    assert answer.status_code == 200, page
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{lang}"' in page
    assert page.count("<h1") == 1
    for needed in ("<title>", 'id="main"', 'class="skip"', "<header", "<nav", "<footer"):
        assert needed in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "Platform &lt;team&gt;" in page


@pytest.mark.parametrize("path", PAGES)
def test_u2_every_field_has_a_label_and_no_id_is_there_twice(
    browser: httpx.Client, path: str
) -> None:
    page = browser.get(path).text
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for described in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
        assert set(described.split()) <= set(ids), described
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if re.search(r'type="(?:hidden|radio|checkbox)"', field):
            continue
        found = re.search(r'\sid="([^"]+)"', field)
        assert found is not None, field
        assert f'for="{found[1]}"' in page, field


def test_u2_the_first_page_weighs_less_than_100_kb(browser: httpx.Client) -> None:
    page = browser.get("/")
    loaded = re.findall(r'(?:src|href)="(/(?:static|logo)[^"]+)"', page.text)
    assert any("mas.css" in one for one in loaded)
    weight = len(page.content)
    for address in dict.fromkeys(loaded):
        answer = browser.get(address)
        assert answer.status_code == 200
        weight += len(answer.content)
        if address.startswith("/static"):
            assert "immutable" in answer.headers["cache-control"]
    assert weight < 100_000
    outside = re.findall(r'(?:src|href|action)="((?:https?:)?//[^"]+)"', page.text)
    assert outside == []


def test_u2_a_run_is_started_by_a_plain_form_and_twice_is_once(browser: httpx.Client) -> None:
    form = form_of(
        browser,
        text="Should we adopt Tekton?\r\nSoon.",
        cluster=":snapshot",
        snapshot=str(CLUSTERS / "homelab.json"),
    )
    first = browser.post("/runs", data=form)
    assert first.status_code == 303, first.text
    assert re.fullmatch(r"/runs/\d{8}_\d{6}_[0-9a-f]{8}", first.headers["location"])
    assert browser.post("/runs", data=form).headers["location"] == first.headers["location"]
    edited = browser.post("/runs", data={**form, "text": "Should we adopt Kafka?"})
    assert edited.status_code == 303
    assert edited.headers["location"] != first.headers["location"]
    listed = browser.get("/runs", params={"q": "adopt tekton"}).text
    assert first.headers["location"] in listed
    assert edited.headers["location"] not in listed


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("snapshot", {"cluster": ":snapshot", "snapshot": "/no/such/file.json"}),
        ("snapshot", {"cluster": ":snapshot"}),
        ("text", {"text": "   "}),
        ("usd", {"budget": "own", "usd": "much"}),
        ("minutes", {"budget": "own", "minutes": "-1"}),
        ("tokens", {"budget": "own", "tokens": "nan"}),
        ("agents", {"team": "fanout", "agents": "99"}),
        ("coder", {"team": "fanout", "coder": "nobody"}),
        ("repo", {"team": "fanout", "coder": "command:true", "repo": "/no/such/folder"}),
        ("team", {"team": "<b>"}),
        ("team", {"team": "build"}),
    ],
)
def test_u2_what_cannot_be_used_comes_back_as_typed_with_the_reason_beside_it(
    browser: httpx.Client, field: str, given: dict[str, str]
) -> None:
    text = given.get("text", f"Keep <b>this</b> & that {field}")
    form = form_of(browser, **{"text": text, **given})
    before = len(re.findall('id="row-', browser.get("/runs").text))
    for lang in ("en", "ko"):
        answer = browser.post("/runs", data=form, headers={"Accept-Language": lang})
        assert answer.status_code == 422, answer.text
        page = answer.text
        if text.strip():
            assert f"Keep &lt;b&gt;this&lt;/b&gt; &amp; that {field}</textarea>" in page
        assert f'id="e-{field}"' in page
        marked = re.search(rf'<[^>]*aria-describedby="[^"]*\be-{field}\b[^"]*"[^>]*>', page)
        assert marked is not None, page
        assert 'aria-invalid="true"' in marked[0]
        for name in ("snapshot", "repo", "coder", "usd", "minutes", "tokens"):
            if name in given:
                assert f'name="{name}" value="{given[name]}"' in page
    assert len(re.findall('id="row-', browser.get("/runs").text)) == before


def test_u3_a_form_of_another_page_starts_nothing_and_says_what_to_do(
    browser: httpx.Client,
) -> None:
    form = form_of(browser, text="Should we adopt Tekton?")
    answer = browser.post("/runs", data={**form, "csrf": "x"})
    assert answer.status_code == 403
    assert "<h1>This is not allowed</h1>" in answer.text
    assert "load the page again" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_u2_a_link_fills_the_box(browser: httpx.Client) -> None:
    page = browser.get("/", params={"team": "fanout", "text": EVIL, "repo": EVIL}).text
    assert 'value="fanout" checked' in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "/?team=decide&amp;text=Should+we+adopt+Tekton%3F" in page
    assert '<a class="chip" href="/?team=auto&amp;text=Kafka' in page
    assert "Ask before you install." in page


def test_u2_a_run_fills_the_box_with_its_team_and_words(browser: httpx.Client) -> None:
    form = form_of(browser, text=f"Should we adopt {EVIL}?", team="decide", cluster=":none")
    run = browser.post("/runs", data=form).headers["location"].removeprefix("/runs/")
    page = browser.get("/", params={"like": run}).text
    assert 'value="decide" checked' in page
    assert "Should we adopt &lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert browser.get("/", params={"like": EVIL}).status_code == 200


def test_q1_a_snapshot_file_that_is_not_there_is_named(browser: httpx.Client) -> None:
    wrong = {"cluster": ":snapshot", "snapshot": "/no/such/<b>.json"}
    form = form_of(browser, text="Should we adopt Tekton?", **wrong)
    page = browser.post("/runs", data=form, headers={"Accept-Language": "en"}).text
    assert "There is no file /no/such/&lt;b&gt;.json on the server." in page
    assert "kubectl" not in page


def test_q3_a_link_brings_no_command_into_the_box(browser: httpx.Client) -> None:
    hidden = {"coder": "command:evil", "checks": "evil", "ref": "evil", "repo": "evil"}
    page = browser.get("/", params={"text": "Look", "budget": "own", "usd": "evil", **hidden}).text
    assert "Look</textarea>" in page
    assert 'value="own" selected' not in page
    # The links that switch the language keep the address, and nothing comes of it.
    fields = re.findall(r'<input type="text"[^>]*>|<textarea.*?</textarea>', page, re.DOTALL)
    assert len(fields) > 5
    assert not [one for one in fields if "evil" in one]


def test_u2_language_and_theme_are_switched_by_links_and_kept(browser: httpx.Client) -> None:
    answer = browser.get("/preferences", params={"lang": "ko", "next": "/runs?q=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?q=x")
    assert '<html lang="ko"' in browser.get("/agents").text
    browser.get("/", params={"theme": "dark", "lang": "en"})
    page = browser.get("/doctor").text
    assert '<html lang="en" data-theme="dark">' in page
    assert browser.get("/?theme=<b>&lang=xx").status_code == 200
    for cookie in browser.cookies.jar:
        assert "httponly" in {name.lower() for name in cookie._rest}


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil", "x", ""])
def test_u3_a_switch_never_leads_away_from_here(browser: httpx.Client, wanted: str) -> None:
    answer = browser.get("/preferences", params={"lang": "ko", "next": wanted})
    assert answer.headers["location"] == "/"


def test_u2_errors_are_pages_for_browsers_and_documents_for_programs(
    browser: httpx.Client,
) -> None:
    missing = browser.get("/nothing/here?x=<b>")
    assert missing.status_code == 404
    assert "<h1>Not found</h1>" in missing.text
    assert 'href="/runs"' in missing.text
    korean = browser.get("/agents/nobody", headers={"Accept-Language": "ko"})
    assert korean.status_code == 404
    assert "그런 에이전트가 없습니다." in korean.text
    cursor = browser.get("/runs?before=%00zzz")
    assert cursor.status_code in (404, 422)
    assert "<h1>" in cursor.text
    assert 'href="/agents"' in korean.text
    assert "openapi" not in missing.text
    wrong = browser.delete("/runs")
    assert wrong.status_code == 405
    assert "<h1>" in wrong.text
    assert "allow" in wrong.headers
    for accept in ("*/*", "application/json", "application/problem+json, text/html;q=0.5"):
        told = browser.get("/nothing/here", headers={"Accept": accept})
        assert told.headers["content-type"] == "application/problem+json"
        assert told.json()["code"] == "not_found"


def test_u2_an_empty_list_says_what_to_do_and_a_long_one_is_found_page_by_page(mas: Mas) -> None:
    async def many(service: Service) -> None:
        for number in range(27):
            run = await service.submit(
                Ask(text=f"Should we adopt number {number}?", no_model=True, cluster=NONE)
            )
            await service.cancel(run.id)

    with serving(mas, "--no-worker") as running, running.client(**HTML) as browser:
        for path, told in (
            ("/", "No runs yet"),
            ("/runs", "No runs yet"),
            ("/waiting", "Nothing waits for you"),
            ("/knowledge", "No lesson yet"),
            ("/audit", "No entry"),
            ("/", "No cluster was found"),
            ("/doctor", "none configured; decisions are made by rules alone"),
        ):
            assert told in browser.get(path).text, path
        in_service(mas, many)
        first = browser.get("/runs").text
        assert len(re.findall('id="row-', first)) == 25
        older = re.search(r'href="(/runs\?before=[^"]+)"', first)
        assert older is not None
        second = browser.get(older[1].replace("&amp;", "&")).text
        assert len(re.findall('id="row-', second)) == 2
        assert "Newest runs" in second
        found = browser.get("/runs", params={"q": "NUMBER 2", "team": "decide"}).text
        assert len(re.findall('id="row-', found)) == 8
        assert "No run fits" in browser.get("/runs", params={"status": "succeeded"}).text
        narrowed = browser.get("/runs", params={"status": "cancelled", "q": "adopt"}).text
        assert "status=cancelled&amp;q=adopt&amp;before=" in narrowed
        assert "Cancelled. What was done" in narrowed


def test_a4_memories_are_saved_wiped_and_restored_by_forms(
    home: Mas, browser: httpx.Client
) -> None:
    page = browser.get("/agents/coder").text
    assert "&lt;script&gt;alert(1)" in page
    assert f'href="/runs/{RUN}#task-note"' in page
    given = {"csrf": proof(page)}
    saved = browser.post("/agents/coder/checkpoint", data=given)
    assert (saved.status_code, saved.headers["location"]) == (303, "/agents/coder?done=checkpoint")
    assert "Checkpoint 1 was made." in browser.get("/agents/coder?done=checkpoint").text
    assert browser.post("/agents/coder/wipe", data={**given, "save": "1"}).status_code == 303

    async def remembered(service: Service) -> Memory:
        return (await service.agent("coder")).memory

    wiped = in_service(home, remembered)
    assert wiped.knowledge
    assert not wiped.observations
    assert not wiped.current_task
    assert browser.post("/agents/coder/restore", data=given).status_code == 303
    restored = in_service(home, remembered)
    assert restored.observations == (EVIL,), restored
    history = browser.get("/agents/coder").text
    assert "wiped a memory" in history
    assert "restored a memory" in history
    assert browser.post("/agents/checkpoint", data=given).status_code == 303
    assert browser.post("/agents/nobody/wipe", data=given).status_code == 404
    refused = browser.post("/agents/backend/restore", data=given)
    assert refused.status_code == 409
    assert "<h1>" in refused.text


def test_a1_role_files_that_cannot_be_used_are_named(browser: httpx.Client) -> None:
    page = browser.get("/agents").text
    assert "broken.md" in page
    assert "Role files that could not be used" in page
    own = browser.get("/agents/evil").text
    assert "evil.md" in own
    assert "&lt;script&gt;" in own


def test_r13_a_lesson_shows_its_evidence_and_can_be_removed(browser: httpx.Client) -> None:
    page = browser.get("/knowledge").text
    assert f'href="/runs/{RUN}#task-note"' in page
    found = re.search(r'action="(/knowledge/[^"]+/remove)"', page)
    assert found is not None
    given = {"csrf": proof(page)}
    assert browser.post(found[1], data=given).headers["location"] == "/knowledge?removed"
    assert "No lesson yet" in browser.get("/knowledge?removed").text
    assert browser.post(found[1], data=given).status_code == 404


def test_u3_the_audit_log_is_read_narrowed_and_exported(browser: httpx.Client) -> None:
    page = browser.get("/audit").text
    assert "started a run" in page
    assert 'href="/api/audit.jsonl"' in page
    assert browser.get("/api/audit.jsonl").status_code == 200
    assert "No entry" in browser.get("/audit?action=run.merge").text
    assert "No entry" in browser.get("/audit?who=nobody").text
    assert browser.get("/audit?before=99999999999999999999999").status_code == 200


def test_u2_the_logo_is_sent_so_that_nothing_in_it_runs(browser: httpx.Client) -> None:
    found = re.search(r'src="(/logo\?v=\w+)"', browser.get("/").text)
    assert found is not None
    logo = browser.get(urljoin("/", found[1]))
    assert logo.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in logo.headers["content-security-policy"]
    assert "script-src" not in logo.headers["content-security-policy"]
    assert logo.headers["x-content-type-options"] == "nosniff"


def test_u5_diagnostics_show_settings_with_their_origin(browser: httpx.Client) -> None:
    page = browser.get("/doctor").text
    assert "page.welcome_ko" in page
    assert "mas.toml" in page
    assert "<code>MAS_MODEL</code>" in page


def test_u3_a_viewer_sees_everything_and_changes_nothing(home: Mas) -> None:
    tokens = {role: f"{TOKEN_PREFIX}{role * 5}" for role in ("viewer", "admin")}
    entries = " ".join(new_access_token(role, role, one).entry for role, one in tokens.items())
    with serving(home, MAS_API_TOKENS=entries) as running:
        with running.client(**HTML) as stranger:
            sent = stranger.get("/agents")
            assert sent.status_code == 303
            assert sent.headers["location"].startswith("/login")
        with running.client(**HTML, Authorization=f"Bearer {tokens['viewer']}") as viewer:
            page = viewer.get("/").text
            assert "needs the role operator" in page
            assert re.search(r'<button class="btn primary push" disabled>', page)
            assert "This needs the role admin." in viewer.get("/agents/coder").text
            for path in ("/runs", "/agents/coder/checkpoint", "/agents/wipe"):
                refused = viewer.post(path, data={"text": "x"})
                assert refused.status_code == 403, path
                assert "<h1>" in refused.text, path
            assert viewer.get("/audit").status_code == 403
            assert 'href="/audit"' not in page


@pytest.mark.e2e
def test_q1_without_its_database_the_page_says_so_and_comes_back_by_itself(
    mas: Mas, lone_postgres_server: PostgresServer
) -> None:
    url = lone_postgres_server.fresh()
    with serving(mas, DATABASE_URL=url) as running, running.client(**HTML) as browser:
        form = form_of(browser, text="Should we adopt Tekton?")
        lone_postgres_server.stop()
        for path in ("/", "/runs", "/agents", "/nothing"):
            answer = browser.get(path)
            assert answer.status_code == (404 if path == "/nothing" else 503), path
            assert "<h1>" in answer.text
            assert 'href="/doctor"' in answer.text
        kept = browser.post("/runs", data=form)
        assert kept.status_code == 503
        assert "Should we adopt Tekton?</textarea>" in kept.text
        lone_postgres_server.start()
        assert browser.post("/runs", data=form).status_code == 303
