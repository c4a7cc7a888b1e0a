"""What the panels of decide and fanout show, for every way in which a run can end (D5, D7, F5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.catalog.loader import load_catalog
from mas.core.capacity import Share
from mas.core.decision import Decision
from mas.core.language import Language
from mas.core.plan import Plan, TaskSpec
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.kubernetes.images import Recogniser
from mas.teams.decide.answer import answer
from mas.teams.decide.question import read_question
from mas.teams.decide.report import write_report
from mas.teams.fanout.order import Order, Origin
from mas.testing.clusters import ClusterBuilder, digest
from mas.web.answers import panel_of
from mas.web.rendering import fragment
from mas.web.views.capacity import WHOLE, Bar, bar_of, capacity_view
from mas.web.views.ranking import WORDS, ranking_view
from mas.web.wording import Wording
from support.markup import read_markup

CATALOG = load_catalog()
RECOGNISER = Recogniser(CATALOG.tools.values())
NOW = "2026-11-20T09:00:00Z"
EVIL = "<script>alert(1)</script>"
RUN = Run(
    id="20261121_100000_0a1b2c3d",
    request="Should we adopt it?",
    team="decide",
    language="en",
    status=RunStatus.SUCCEEDED,
    created_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    options={"cluster_name": "homelab", "cluster_kind": "snapshot"},
)
LANGUAGES: tuple[Language, ...] = ("en", "ko")


def world(**how: Any) -> ClusterBuilder:
    made = ClusterBuilder(**how).storage_class("local-path", default=True)
    return made.deployment("shop", "storefront", "registry.corp/shop/storefront:7")


def decided(request: str, made: ClusterBuilder | None, **changed: Any) -> Run:
    """A run that has decided a request on a cluster."""
    language: Language = changed.pop("language", "en")
    cluster = None
    if made is not None:
        cluster = digest(made.as_list(), interesting=RECOGNISER.interesting)
    question = read_question(request, CATALOG, language=language)
    decision = answer(question, cluster, CATALOG, now=NOW)
    decision = msgspec.structs.replace(decision, **changed)
    report = write_report(decision, cluster, CATALOG, language)
    return replace(
        RUN, request=request, language=language, result=msgspec.to_builtins(decision), report=report
    )


def shown(run: Run, language: Language, tasks: tuple[Task, ...] = ()) -> str:
    """The panel as HTML; anybody looks at it."""
    panel = panel_of(run, language, tasks=tasks)
    assert panel is not None
    html = fragment(language, panel.template, **panel.context)
    read_markup(html).check_harmless()
    return html


VERDICTS = {
    "recommend": ("Should we adopt cert-manager?", world(), "v-ok"),
    "do_not_recommend": ("Should we adopt Tekton?", world(cpu="100m"), "v-bad"),
    "installed": (
        "Should we adopt Gitea?",
        world().deployment("gitea", "gitea", "docker.gitea.com/gitea:1.24.2"),
        "v-note",
    ),
    "degraded": (
        "Should we adopt Gitea?",
        world().deployment("gitea", "gitea", "docker.gitea.com/gitea:1.24.2", ready=0),
        "v-wait",
    ),
    "undetermined": ("Should we adopt Tekton?", world().forbid("nodes", "pods"), "v-wait"),
    "no cluster": ("Should we adopt Tekton?", None, "v-wait"),
    "unknown tool": ("Should we adopt Frobnicator?", world(), "v-wait"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", VERDICTS)
def test_d5_every_verdict_has_its_card(kind: str, language: Language) -> None:
    request, made, css = VERDICTS[kind]
    html = shown(decided(request, made), language)
    found = read_markup(html)
    assert f'class="card verdict {css}"' in html
    (article,) = [one for one in found.all("details") if "open" in one][:1] or [{}]
    assert article, "the first evidence is not open"
    assert found.all("ol")


def test_d7_each_reason_shows_object_field_value_and_where_it_was_read() -> None:
    run = decided(*VERDICTS["do_not_recommend"][:2])
    decision = msgspec.convert(run.result, Decision)
    text = read_markup(shown(run, "en")).text
    for one in decision.evidence.values():
        assert one.object in text
        assert one.value in text
    assert "snapshot" in text
    assert "catalog" in text


def test_d5_what_is_missing_is_said_before_anything_else_where_nothing_is_decided() -> None:
    html = shown(decided(*VERDICTS["undetermined"][:2]), "en")
    text = " ".join(read_markup(html).text.split())
    assert "Undetermined" in text
    assert "Could not be read: nodes, pods" in text
    assert "? missing" in text
    assert html.index("? missing") < html.index('id="cluster"')


def test_d7_what_a_model_has_written_stands_apart_with_what_was_dropped() -> None:
    run = decided(*VERDICTS["recommend"][:2])
    told = "## Explanation\n\n*Written by m; sentences left out: 2.*\n\nIt is **needed**.\n\n"
    heading = "## " + {"en": "Conclusion"}["en"]
    from mas.teams.decide.findings import Phrase
    from mas.teams.decide.wording import say

    told = told.replace("Explanation", say(Phrase(key="page.explanation"), "en"))
    run = replace(run, report=(run.report or "").replace(heading, told + heading))
    html = shown(run, "ko")
    assert 'id="explanation"' in html
    assert "left out: 2" in html
    assert "<strong>needed</strong>" in html
    assert 'lang="en"' in html


def test_u3_no_text_of_a_decision_becomes_markup() -> None:
    run = decided(*VERDICTS["do_not_recommend"][:2])
    raw = msgspec.json.encode(run.result).decode()
    assert "Deployment" in raw or "Node/" in raw
    evil = msgspec.json.decode(raw.replace("Tekton", EVIL).replace("w-1", EVIL))
    html = shown(replace(run, result=evil, report=(run.report or "") + EVIL), "en")
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_u2_a_plan_alone_or_a_broken_result_has_no_panel() -> None:
    assert panel_of(replace(RUN, result={"plan": [], "reason": ""}), "en") is None
    assert panel_of(replace(RUN, result={"verdict": "perhaps"}), "en") is None
    assert panel_of(replace(RUN, team="build", result={}), "en") is None


def test_d4_an_older_decision_without_capacity_is_shown_all_the_same() -> None:
    run = decided(*VERDICTS["recommend"][:2])
    assert isinstance(run.result, dict)
    old = {key: value for key, value in run.result.items() if key != "capacity"}
    assert 'id="capacity"' not in shown(replace(run, result=old), "en")


AMOUNTS = st.integers(0, 2**40)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_d4_the_parts_of_a_bar_add_up(allocatable: int, requested: int, added: int) -> None:
    share = Share(allocatable=allocatable, requested=requested, added=added)
    for resource in ("cpu", "memory"):
        bar = bar_of(resource, share)  # type: ignore[arg-type]
        assert bar.used + bar.added + bar.free == WHOLE
        assert min(bar.used, bar.added, bar.free) >= 0
        assert (bar.added > 0) == (added > 0) == bool(bar.added_text)
        assert requested == 0 or bar.used > 0
        assert bar.over == (requested + added > allocatable)
        assert bar.free == 0 or not bar.over
        assert Bar.percent(bar.used).endswith("%")


def test_d4_bars_show_the_simulated_pods_and_the_numbers_as_text() -> None:
    run = decided("Should we adopt cert-manager?", world())
    decision = msgspec.convert(run.result, Decision)
    assert decision.capacity is not None
    view = capacity_view(decision.capacity, "cert-manager")
    assert view.now.fits
    assert sum(len(node.placed) for node in view.now.nodes) > 0
    assert view.without is not None
    assert view.without.lost not in [node.name for node in view.without.nodes]
    html = shown(run, "en")
    assert 'fill="url(#hatch)"' in html
    for node in view.now.nodes:
        for bar in node.bars:
            assert f"{bar.used_text} of {bar.total_text}" in html
            assert bar.over or f"{bar.free_text} free" in html


def test_d4_pods_without_a_node_are_told_with_what_keeps_them_out() -> None:
    text = read_markup(shown(decided("Should we adopt Tekton?", world(cpu="100m")), "en")).text
    assert "pods find no node" in text
    assert "too little CPU" in text


# fan-out


def outcome(number: int, status: str = "success", **more: Any) -> dict[str, Any]:
    changed = status == "success"
    return {
        "agent_id": number,
        "status": status,
        "coder": "script:/somewhere/greet.json",
        "workspace": {
            "worktree_path": f"runs/r/worktrees/agent-{number}",
            "branch_name": f"agent-{number}",
        },
        "error": None if changed else f"agent {number} has no result",
        "net_change": changed,
        "commit_count": int(changed),
        "diff_stat": {"files": 1, "additions": 2, "deletions": 1},
        "files": [{"path": "greet.py", "change": "M", "additions": 2, "deletions": 1}],
        "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.25, "seconds": 1.5},
        **more,
    }


def place(number: int, at: int | None, **more: Any) -> dict[str, Any]:
    return {"agent_id": number, "place": at, "score": 1.0, "status": "success", **more}


def fanned_out(results: list[dict[str, Any]], ranking: list[dict[str, Any]], **more: Any) -> Run:
    order = Order(agents=len(results), coders=("script:x",), origin=Origin(named="/repo", ref=None))
    return replace(
        RUN,
        team="fanout",
        options=order.to_options(),
        result={
            "run_info": {
                "run_id": RUN.id,
                "run_dir": "runs/r",
                "git_initialized": True,
                "base": {"branch": "main", "commit": "a" * 40},
            },
            "summary": {"total_agents": len(results), "successful": 0, "failed": 0},
            "results": results,
            "ranking": ranking,
            "checks": [{"id": "c", "command": "pytest -q"}],
            **more,
        },
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_f5_the_best_comes_first_with_a_sentence_for_each(language: Language) -> None:
    ranking = [place(2, 1, reasons=["All passed."]), place(1, 2, reasons=["One failed."])]
    run = fanned_out([outcome(1), outcome(2), outcome(3, "timeout")], ranking)
    view = ranking_view(run, (), language)
    assert [one.number for one in view.agents] == [2, 1, 3]
    assert view.best is not None
    assert view.best.number == 2
    text = read_markup(shown(run, language)).text
    for sentence in ("All passed.", "One failed.", "agent 3 has no result"):
        assert sentence in text


def test_f5_a_tie_shares_no_row_and_keeps_the_order_of_the_ranking() -> None:
    run = fanned_out([outcome(1), outcome(2)], [place(2, 1), place(1, 1)])
    html = shown(run, "en")
    assert html.index('id="agent-2"') < html.index('id="agent-1"')


def test_f5_where_nobody_has_changed_anything_that_is_said_and_nothing_is_merged() -> None:
    nothing = [outcome(1, "no_changes"), outcome(2, "error")]
    run = fanned_out(nothing, [place(1, None), place(2, None)])
    view = ranking_view(run, (), "en")
    assert not view.mergeable
    assert view.best is None
    html = shown(run, "en")
    assert "No agent changed anything." in html
    assert "/merge" not in html
    assert "/compare" not in html


def test_f5_a_run_that_was_never_ranked_shows_what_there_is() -> None:
    html = shown(fanned_out([outcome(1), outcome(2, "cancelled")], []), "en")
    assert "Cancelled" in html
    assert 'action="/runs/20261121_100000_0a1b2c3d/compare"' in html


def test_u2_agents_are_seen_while_they_work() -> None:
    order = Order(
        agents=3, coders=("script:x",), origin=Origin(named=None, ref=None), checks=("t",)
    )
    spec = {"role": "coder", "title": "Agent", "goal": "work"}
    began = datetime(2026, 11, 21, 10, 1, tzinfo=UTC)

    def task(name: str, state: TaskState, **more: Any) -> Task:
        return Task(run_id=RUN.id, spec=TaskSpec(id=name, **spec), state=state, **more)

    tasks = (
        task("agent-1", TaskState.SUCCEEDED, result=outcome(1)),
        task("check-1", TaskState.RUNNING, started_at=began),
        task("agent-2", TaskState.RUNNING, started_at=began),
        task("agent-3", TaskState.WAITING),
    )
    run = replace(
        RUN,
        team="fanout",
        status=RunStatus.RUNNING,
        options=order.to_options(),
        plan=Plan(reason="", tasks=()),
    )
    view = ranking_view(run, tasks, "en")
    words = [Wording("en")(one.look.word) for one in view.agents]
    assert words == ["Being checked", "Running", "Waiting"]
    assert [one.since for one in view.agents] == [began, began, None]
    html = shown(run, "en", tasks)
    assert "/merge" not in html
    assert html.count("data-since") == 2


def test_u3_no_text_of_an_agent_becomes_markup() -> None:
    evil = outcome(
        1,
        output=EVIL + "\x1b[31m",
        output_bytes=99_000,
        coder=EVIL,
        commits=[{"sha": EVIL, "subject": EVIL}],
        files=[{"path": EVIL, "change": "A"}],
        messages=[{"kind": "text", "text": EVIL}, {"kind": "denied", "text": "\u202e"}],
        notes=[EVIL],
        denied=[EVIL],
        workspace={"worktree_path": EVIL, "branch_name": EVIL},
    )
    check = {
        "id": "c",
        "command": EVIL,
        "passed": False,
        "exit_code": 1,
        "ended": "exit",
        "reason": EVIL,
        "failed_tests": [EVIL],
        "output": EVIL,
    }
    ranking = [
        place(1, 1, reasons=[EVIL], checks=[check], regressions=[EVIL], edited_checks=[EVIL])
    ]
    run = fanned_out([evil], ranking, notes=[EVIL], isolation=EVIL)
    for language in LANGUAGES:
        html = shown(run, language)
        assert "<script" not in html
        assert "U+202E" in html
        assert ">ESC<" in html


def test_u2_every_word_for_an_agent_is_there() -> None:
    for word in WORDS:
        assert Wording("ko")(word)
