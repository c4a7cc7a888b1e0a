"""Errors, faults of forms and checks as somebody reads them who reads Korean (U2, U5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mas.testing.models import Fault, ScriptedModelServer
from support.api_server import Serving, serving
from support.command import Mas
from support.scripted_home import mas_with_model
from support.web_pages import form_of

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "ko"}
_ENGLISH = re.compile(r"\b(the|a|an|is|are|there|no|not|this|of|with|and|to|has)\b", re.IGNORECASE)
_MARKED = re.compile(r'<(p|span|dd|li|strong)\b[^>]* lang="en"[^>]*>.*?</\1>', re.DOTALL)
_CODE = re.compile(r"<(code|option|script|datalist)\b.*?</\1>", re.DOTALL)


@pytest.fixture(scope="module")
def mas(tmp_path_factory: pytest.TempPathFactory) -> Mas:
    """A home with a role file that cannot be used, and no model or cluster."""
    made = Mas(tmp_path_factory.mktemp("korean") / "home")
    (made.home / "agents").mkdir(parents=True)
    (made.home / "agents" / "broken.md").write_text("---\nname: [\n---\n", encoding="utf-8")
    made.environment["KUBECONFIG"] = str(made.home / "kubeconfig")
    return made


@pytest.fixture(scope="module")
def server(mas: Mas) -> Iterator[Serving]:
    """The server on that home."""
    with serving(mas) as running:
        yield running


@pytest.fixture
def browser(server: Serving) -> Iterator[httpx.Client]:
    """A browser whose person reads Korean."""
    with server.client(**HTML) as client:
        yield client


def main_of(page: str) -> str:
    """What stands in the page itself, without its frame."""
    assert '<html lang="ko"' in page
    found = re.search(r"<main\b.*?</main>", page, re.DOTALL)
    assert found is not None, page
    return found[0]


def unmarked(html: str) -> str:
    """The words of a page that are not marked as English and are no commands or paths."""
    words = re.sub(r"<[^>]+>", " ", _CODE.sub(" ", _MARKED.sub(" ", html)))
    return re.sub(r"\S*/\S*", " ", words)


def assert_korean(html: str) -> None:
    """No English sentence stands there as if it were Korean."""
    words = unmarked(html)
    assert not _ENGLISH.findall(words), words


@pytest.mark.parametrize(
    ("path", "said", "step"),
    [
        ("/runs/20261121_100000_00000000", "그런 실행이 없습니다.", "실행 목록에서"),
        ("/runs?before=zzz", "목록에 없는 위치입니다.", "첫 페이지부터"),
        ("/agents/nobody", "그런 에이전트가 없습니다.", "에이전트 목록에서"),
        ("/nothing/here", "이 주소에는 아무것도 없습니다.", "시작 페이지에서"),
    ],
)
def test_u2_the_page_of_an_error_says_what_and_what_next_in_korean(
    browser: httpx.Client, path: str, said: str, step: str
) -> None:
    page = main_of(browser.get(path).text)
    assert said in page
    assert step in page
    assert_korean(page)


def test_u2_a_value_that_only_the_english_sentence_names_stands_below_and_is_marked(
    browser: httpx.Client,
) -> None:
    page = main_of(browser.get("/runs/20261121_100000_00000000").text)
    (marked,) = (found[0] for found in _MARKED.finditer(page))
    assert "20261121_100000_00000000" in marked


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": " "}, "요청이 비어 있습니다."),
        ({"text": "Run it", "team": "build"}, "설정된 모델이 없습니다."),
        (
            {"text": "Fix it", "team": "fanout", "repo": "/no/such/folder", "coder": "script:x"},
            "없습니다.",
        ),
        (
            {"text": "Fix it", "team": "fanout", "coder": "nobody"},
            "그런 코더가 없습니다.",
        ),
        (
            {"text": "Tekton?", "cluster": ":snapshot", "snapshot": "/no/such.json"},
            "파일",
        ),
        ({"text": "Tekton?", "budget": "own", "usd": "much"}, "수"),
    ],
)
def test_u2_a_fault_of_the_request_box_is_told_in_korean(
    browser: httpx.Client, fields: dict[str, str], said: str
) -> None:
    answer = browser.post("/runs", data=form_of(browser, **fields))
    assert answer.status_code in (422, 503), answer.text
    page = main_of(answer.text)
    fault = re.findall(r'<p class="error".*?</p>|<div class="notice is-bad".*?</div>', page)
    assert any(said in one for one in fault), fault
    for one in fault:
        assert_korean(one)


def test_d1_a_cluster_that_cannot_be_read_is_told_in_korean(browser: httpx.Client) -> None:
    none = main_of(browser.get("/cluster").text)
    assert "사용할 클러스터가 없습니다." in none
    wrong = main_of(browser.get("/cluster", params={"name": "/no/such.json"}).text)
    assert "그 이름의 스냅숏 파일도 컨텍스트도 없습니다." in wrong
    assert "/no/such.json" in wrong
    for page in (none, wrong):
        assert_korean(page.split("<form")[0])


def test_u5_the_page_of_diagnostics_is_in_korean_with_its_values(
    browser: httpx.Client, mas: Mas
) -> None:
    page = main_of(browser.get("/doctor").text)
    assert str(mas.home) in page
    for said in (
        "설정된 모델이 없습니다.",
        "kubeconfig의 컨텍스트도 클러스터 안의 계정도 없습니다.",
        "역할 파일에 잘못이 있어 그 역할을 사용하지 않습니다.",
        "토큰이 없습니다.",
    ):
        assert said in page, said
    assert_korean(page.partition('<h2 id="g-settings">')[0])
    marked = " ".join(found[0] for found in _MARKED.finditer(page))
    assert "broken.md" in marked


def test_u5_the_command_and_the_english_page_say_what_they_said(server: Serving, mas: Mas) -> None:
    printed = mas("doctor").out
    assert not re.search("[가-힣]", printed)
    with server.client(**{**HTML, "Accept-Language": "en"}) as client:
        page = client.get("/doctor").text
    assert "none configured; decisions are made by rules alone" in page
    assert "none configured; decisions are made by rules alone" in printed


def test_u2_a_run_that_failed_says_why_in_korean_on_each_of_its_pages(tmp_path: Path) -> None:
    with ScriptedModelServer([Fault(kind="status", status=401)] * 9) as model:
        mas = mas_with_model(tmp_path / "home", model, "anthropic")
        done = mas("agents", "run", "coder", "note.txt", "--yes", "--json")
        assert done.json["status"] == "failed"
        (run,) = mas.runs()
        with serving(mas) as running, running.client(**HTML) as client:
            rows = main_of(client.get("/runs").text)
            page = main_of(client.get(f"/runs/{run['run_id']}").text)
            address = re.search(rf'href="(/runs/{run["run_id"]}/tasks/[^"?#]+)', page)
            assert address is not None
            task = main_of(client.get(address[1]).text)
    said = "모델 제공자가 키를 요구하거나 받아들이지 않습니다."
    step = "이 모델을 쓸 수 있는 키를 설정하십시오."
    for shown in (page, task):
        assert said in shown
        assert step in shown
        marked = [found[0] for found in _MARKED.finditer(shown)]
        assert any("SCRIPTED_KEY" in one for one in marked), marked
    assert said in rows
    # The report below is of the run, in its own language.
    notice = page.partition('id="notice"')[2].partition("</div></div>")[0]
    for words in map(unmarked, (rows, notice, task)):
        assert "is refused" not in words
