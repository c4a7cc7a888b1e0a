"""Small parts of the pages: what a client prefers, memories, checks, settings of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from mas.agents.roles.loader import LoadedRoles
from mas.app.agents import AgentStatus
from mas.app.diagnosis import Check
from mas.app.page_settings import Example
from mas.app.settings import load_settings
from mas.app.settings_file import Setting
from mas.core.errors import UserError
from mas.core.lessons import Lesson
from mas.core.memory import Memory
from mas.core.overview import WorkingTask
from mas.core.run import TaskState
from mas.web.accepts import prefers_page
from mas.web.health import health_from
from mas.web.rendering import environment, fragment, preferred_language
from mas.web.views.agent_cards import cards_of, to_entry
from mas.web.views.checkup import groups_of, settings_of, to_looked
from mas.web.views.lessons import cards_of as lesson_cards
from mas.web.views.lessons import to_proof

RUN = "20261101_101010_0a1b2c3d"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.9, application/problem+json;q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("text/event-stream", False),
    ],
)
def test_u2_pages_are_for_those_who_prefer_them(accept: str, page: bool) -> None:
    assert prefers_page(Headers({"accept": accept})) is page


@pytest.mark.parametrize(
    ("wished", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-US,ko;q=0.9", "en"),
        ("en;q=0.1, ko;q=0.2", "ko"),
        ("fr, de", "en"),
        ("", "en"),
        ("ko;q=abc", "ko"),
    ],
)
def test_u2_the_browser_says_which_language(wished: str, language: str) -> None:
    assert preferred_language(Headers({"accept-language": wished})) == language


def test_u2_a_fragment_is_a_macro_or_a_template_in_one_language() -> None:
    told = fragment("ko", "parts/icons.html#status", kind="ok", text="<완료>")
    assert told.startswith('<span class="status ok">')
    assert "&lt;완료&gt;" in told
    assert 'id="i-stuck"' in fragment("en", "parts/sprite.html")
    assert environment("en") is not environment("ko")


def test_a4_what_is_remembered_leads_to_its_run() -> None:
    entry = to_entry(f"{RUN}/t1: seen\nand noted")
    assert (entry.run, entry.task, entry.text) == (RUN, "t1", "seen\nand noted")
    assert to_entry("javascript:alert(1)/x: y").run == ""


def test_a4_an_agent_that_asks_goes_before_one_that_works() -> None:
    memory = Memory(role="left", observations=("a", "b"), current_task=f"{RUN}/t1")
    tasks = (
        WorkingTask(run_id=RUN, id="a", role="left", title="A", state=TaskState.RUNNING),
        WorkingTask(run_id=RUN, id="b", role="left", title="B", state=TaskState.AWAITING),
    )
    (card,) = cards_of((AgentStatus(memory=memory),), LoadedRoles(roles={}), {"left": tasks})
    assert card.role is None
    assert card.kind == "wait"
    assert card.working[0].id == "b"
    assert card.shown_part == "observations"
    assert not card.is_empty
    assert [one.text for one in card.parts[1].entries] == ["b", "a"]
    assert card.current is not None
    assert card.current.run == RUN
    assert card.checkpoint is None


def test_r13_evidence_leads_to_the_task_that_shows_it() -> None:
    assert to_proof(f"{RUN}/t1/act/3").href == f"/runs/{RUN}#task-t1"
    assert to_proof("//evil").href == ""
    lesson = Lesson(
        id="l1", kind="fix", team="build", about="a", text="b", evidence=(RUN,), failures=1
    )
    (card,) = lesson_cards((lesson,))
    assert card.retired
    assert card.used == 1
    assert card.proofs[0].href == f"/runs/{RUN}"


def test_u5_what_mas_works_without_is_no_fault() -> None:
    missing = Check(name="cluster", ok=False, found="none", mend="Give one.", needed=False)
    broken = Check(name="home", ok=False, found="not writable", mend="Set MAS_HOME.")
    unknown = Check(name="something new", ok=True, found="x")
    assert to_looked(missing, "en").kind == "off"
    assert to_looked(broken, "en").kind == "bad"
    assert health_from((missing,)).icon == "ok"
    assert health_from((missing, broken)).values == {"count": 1}
    groups = {group.name: group.checks for group in groups_of((missing, broken, unknown), "en")}
    assert len(groups["machine"]) == 2
    assert groups["machine"][1].word == ""
    open_runs = Check(name="journal", ok=False, found="2 runs", mend="mas resume", needed=False)
    assert to_looked(open_runs, "en").told.hint == ""
    assert to_looked(open_runs, "en").kind == "run"
    changed, defaults = settings_of(
        (
            Setting(name="a", value="1", origin="mas.toml"),
            Setting(name="b", value="2", origin="default"),
        )
    )
    assert (len(changed), len(defaults)) == (1, 1)


def test_p5_the_page_has_settings_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mas.toml").write_text(
        '[page]\nname = "Ours"\nlogo = "l.svg"\nlanguage = "ko"\nwelcome_ko = "안녕하십니까"\n'
        'examples = ["decide: A?", "note: this", " "]\n'
    )
    page = load_settings({"MAS_HOME": str(tmp_path), "MAS_PAGE_WELCOME_EN": "Hello."}).page
    assert (page.name, page.language, page.logo) == ("Ours", "ko", tmp_path / "l.svg")
    assert page.welcome == {"en": "Hello.", "ko": "안녕하십니까"}
    assert page.examples == (Example(text="A?", team="decide"), Example(text="note: this"))
    variable = {"MAS_HOME": str(tmp_path), "MAS_PAGE_EXAMPLES": "build: B\nC"}
    assert [one.team for one in load_settings(variable).page.examples] == ["build", "auto"]
    assert load_settings({"MAS_HOME": str(tmp_path / "none")}).page.language is None
    for name, value in (("MAS_PAGE_LOGO", "a.js"), ("MAS_PAGE_LANGUAGE", "fr")):
        with pytest.raises(UserError):
            load_settings({"MAS_HOME": str(tmp_path), name: value})
