"""What the page of a run shows, from plain data (U3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import get_args

import pytest
from markupsafe import escape

from mas.core.audit import AuditEntry
from mas.core.budget import Budget
from mas.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    EffectIntended,
    Event,
    EventBody,
    MessageSent,
    PlanExtended,
    PlannedTask,
    ReopenedTask,
    RunCancelRequested,
    RunFinished,
    RunForked,
    RunPlanned,
    RunPlanning,
    RunQueued,
    RunReopened,
    TaskAwaiting,
    TaskCancelled,
    TaskDelegated,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.failure import Failure
from mas.core.language import Language
from mas.core.messages import Message
from mas.core.run import RunStatus, TaskState
from mas.core.usage import Usage
from mas.web.live.difference import looks
from mas.web.live.picture import Reader, event_rows, paint
from mas.web.live.sight import Sight
from mas.web.views.approvals import approvals_of
from mas.web.views.events import KINDS, Names, row_of
from mas.web.views.graph import fitted, graph_of
from mas.web.views.lanes import lanes_of
from mas.web.views.names import css_id
from mas.web.views.run_notices import notices_of
from mas.web.views.run_view import head_of
from mas.web.views.time_axis import Span, TimeAxis
from mas.web.views.usage import used
from support.run_details import (
    RUN,
    at,
    make_approval,
    make_detail,
    make_record,
    make_task,
    sixty_tasks,
)

NOW = at(100)
EVIL = "<img src=x onerror=alert(1)>\"'</script>{{7*7}}"
WHY = Failure(kind="permanent", code="broken", message=f"It broke {EVIL}", hint=f"Mend {EVIL}")
PLANNED = (PlannedTask(id="build", role="backend", title=f"Build {EVIL}"),)

BODIES: tuple[EventBody, ...] = (
    RunQueued(team="build", language="en"),
    RunPlanning(),
    RunPlanned(tasks=PLANNED, reason=EVIL),
    RunPlanned(tasks=PLANNED),
    RunCancelRequested(),
    RunForked(source=EVIL, after=EVIL),
    RunForked(source="x"),
    RunReopened(tasks=(ReopenedTask(id="build"),)),
    RunFinished(status=RunStatus.SUCCEEDED, stop_reason="done"),
    RunFinished(status=RunStatus.SUCCEEDED, stop_reason="done", partial=True),
    RunFinished(status=RunStatus.FAILED, stop_reason="error", failure=WHY),
    RunFinished(status=RunStatus.FAILED, stop_reason="error"),
    RunFinished(status=RunStatus.FAILED, stop_reason="budget", failure=WHY),
    RunFinished(status=RunStatus.FAILED, stop_reason="blocked", failure=WHY),
    RunFinished(status=RunStatus.CANCELLED, stop_reason="cancelled"),
    TaskStarted(task="build", attempt=1, worker="w"),
    TaskStarted(task="build", attempt=2, worker="w"),
    *(
        TaskRecorded(task="build", attempt=1, key=key, kind="stage", summary=EVIL)
        for key in ("observe", "reason.2", "plan", "act", "validate", "own")
    ),
    TaskRecorded(task="build", attempt=1, key="act/1", kind="model_call", summary=EVIL),
    TaskRecorded(task="build", attempt=1, key="act/2", kind="action", summary=EVIL),
    TaskRecorded(task="build", attempt=1, key="wipe.2", kind="action"),
    EffectIntended(task="build", attempt=1, key="act/2", summary=EVIL),
    TaskSucceeded(task="build", attempt=1, summary=EVIL),
    TaskSucceeded(task="build", attempt=1),
    TaskRetrying(task="build", attempt=1, failure=WHY, delay_seconds=2),
    *(
        TaskReturned(task="build", attempt=1, reason=reason)
        for reason in ("shutdown", "lost", "answered", EVIL)
    ),
    TaskFailed(task="build", attempt=1, failure=WHY),
    TaskFailed(task="build", attempt=1, failure=WHY, reported=True),
    TaskSkipped(task="unknown", cause="build"),
    TaskCancelled(task="build"),
    TaskAwaiting(task="build", attempt=1),
    TaskDelegated(task="build", attempt=1, needs=("unknown",)),
    PlanExtended(by="build", tasks=PLANNED),
    ApprovalRequested(task="build", approval="a1", tool="t", target=EVIL, risk="write"),
    ApprovalRequested(task="build", approval="a1", tool="t", target="", risk="write"),
    ApprovalDecided(task="build", approval="a1", approved=True),
    ApprovalDecided(task="build", approval="a1", approved=True, comment=EVIL),
    ApprovalDecided(task="build", approval="a1", approved=False),
    ApprovalDecided(task="build", approval="a1", approved=False, comment=EVIL),
    *(
        MessageSent(message=1, sender=sender, recipient=to, intent=intent, content=EVIL)
        for sender, to, intent in (
            ("build", "all", "hand_off"),
            ("person", "build", "tell"),
            ("build", "unknown", "request_info"),
            ("build", "x", "provide_result"),
            ("build", "x", "report_blocked"),
            ("build", "x", "request_help"),
        )
    ),
)
NAMES = Names(roles={"build": "backend"}, titles={"build": f"Build {EVIL}"})


def told(body: EventBody, number: int = 1) -> Event:
    return Event(run_id=RUN, number=number, at=NOW, body=body)


def sight(detail: object, *audit: AuditEntry) -> Sight:
    return Sight(detail=detail, audit=audit, now=NOW)  # type: ignore[arg-type]


def everything(picture: object) -> str:
    parts = [*picture.parts.values(), *picture.inner.values()]  # type: ignore[attr-defined]
    lists = [html for one in picture.lists.values() for html in one.values()]  # type: ignore[attr-defined]
    return "".join([*parts, *lists])


def assert_harmless(html: str) -> None:
    assert "<img" not in html
    assert "</script" not in html
    assert "onerror=alert(1)>" not in html
    assert not re.search(r"<[^>]* (style|on\w+)=", html), "inline style or script"
    assert "<script" not in html
    assert "49" not in html or "{{7*7}}" in html


def test_r9_every_kind_of_event_has_a_sentence() -> None:
    kinds = {type(body) for body in BODIES}
    assert kinds == set(get_args(EventBody))


def test_u2_what_a_model_has_read_and_written_is_told_with_its_unit() -> None:
    body = TaskRecorded(
        task="build", attempt=1, key="ask", kind="model_call", seconds=2.5,
        summary="anthropic:claude-sonnet-5 1,288 in, 70 out",
    )  # fmt: skip
    said = {lang: str(row_of(told(body), NAMES, lang).text) for lang in ("en", "ko")}
    model = "<code>anthropic:claude-sonnet-5</code>"
    assert said["en"] == f"{model} answered in 2.5 s: 1,288 tokens read, 70 written"
    assert said["ko"] == f"{model} 모델이 2.5초 만에 응답, 입력 토큰 1,288개, 출력 토큰 70개"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_u2_events_are_told_in_the_readers_language_and_text_in_them_stays_text(
    language: Language,
) -> None:
    for body in BODIES:
        row = row_of(told(body), NAMES, language)
        assert row.kind in KINDS
        assert row.text.striptags()
        assert "{" not in row.text.striptags().replace("{{7*7}}", "")
    html = "".join(text for _, text in event_rows([told(one) for one in BODIES], NAMES, language))
    assert_harmless(html)
    assert str(escape("<img src=x onerror=alert(1)>")) in html


def test_r9_a_row_says_who_and_can_be_found_by_its_number() -> None:
    [(number, html)] = event_rows([told(BODIES[15], 7)], NAMES, "en")
    assert number == 7
    assert 'id="ev-7"' in html
    assert 'data-kind="action"' in html
    assert ">backend<" in html


@pytest.mark.parametrize("language", ["en", "ko"])
def test_u3_nothing_that_a_run_holds_becomes_markup(language: Language) -> None:
    detail = make_detail(
        [
            make_task("plan", title=EVIL, role=EVIL, state=TaskState.SUCCEEDED, goal=EVIL),
            make_task(EVIL, "plan", title=EVIL, state=TaskState.RUNNING, start=5),
            make_task("bad", "plan", title=EVIL, state=TaskState.FAILED, failure=WHY),
            make_task("skipped", "bad", title=EVIL, state=TaskState.SKIPPED, failure=WHY),
            make_task("asks", title=EVIL, state=TaskState.AWAITING, start=5),
        ],
        records=[make_record(EVIL, "observe", summary=EVIL)],
        approvals=[
            make_approval(1, "asks", target=EVIL, arguments={EVIL: EVIL, "deep": {"a": [EVIL]}}),
            make_approval(2, "asks", state="rejected", comment=EVIL, decided=9),
        ],
        messages=[
            Message(
                number=1,
                sender=EVIL,
                recipient=EVIL,
                intent="tell",
                content=EVIL,
                at=NOW.isoformat(),
            )
        ],
        request=EVIL + "\n\nsecond line " * 30,
        report=f"# {EVIL}\n\n{EVIL} [x](javascript:alert(1))",
        options={"cluster": EVIL, "context": {"run_id": EVIL, "request": EVIL, "report": EVIL}},
        failure=WHY,
        status=RunStatus.FAILED,
        stop_reason="error",
        usage=Usage(input_tokens=10, cost_micros=5),
    )
    for role in ("viewer", "operator", "admin"):
        picture = paint(sight(detail), Reader(language=language, role=role))
        html = everything(picture)
        assert_harmless(html)
        assert 'href="javascript' not in html


@pytest.mark.parametrize("language", ["en", "ko"])
def test_u3_sixty_tasks_fit_into_forty_kilobytes_and_all_are_in_the_list(
    language: Language,
) -> None:
    title = (
        "{number}번째 화면과 그 자료를 만들기" if language == "ko" else "Write the page {number}"
    )
    detail = make_detail(sixty_tasks(title))
    picture = paint(sight(detail), Reader(language=language, role="operator"))
    svg = picture.parts["graph"]
    assert len(svg.encode()) < 40_000
    assert svg.count('class="n ') == 60
    assert len(picture.lists["tasks"]) == 60
    assert 'class="dense"' in svg


def test_u3_a_status_repaints_a_task_and_never_moves_it() -> None:
    before = sixty_tasks()
    after = tuple(
        make_task(task.id, *task.spec.depends_on, state=TaskState.SUCCEEDED, title=task.spec.title)
        for task in before
    )
    one, other = (graph_of(tasks, language="en", now=NOW) for tasks in (before, after))
    assert one.shape == other.shape
    assert [(node.x, node.y) for node in one.nodes] == [(node.x, node.y) for node in other.nodes]


def test_u3_a_text_is_cut_by_how_wide_it_is() -> None:
    assert fitted("short", 100) == "short"
    assert fitted("a" * 100, 100).endswith("…")
    assert len(fitted("a" * 100, 100)) > 1.6 * len(fitted("가" * 100, 100))


def test_u3_the_plan_stands_before_what_it_has_planned() -> None:
    graph = graph_of(
        [make_task("plan", state=TaskState.SUCCEEDED), make_task("a"), make_task("b", "a")],
        language="en",
        now=NOW,
    )
    x = {node.id: node.x for node in graph.nodes}
    assert x["n-plan"] < x["n-a"] < x["n-b"]


def test_u3_ids_of_elements_are_as_different_as_names() -> None:
    names = ["a b", "a_b", "a:20:b", "a/b", "가", "a", "A"]
    assert len({css_id("task", name) for name in names}) == len(names)
    assert not re.search(r"\s", "".join(css_id("task", name) for name in names))


def test_a2_a_lane_shows_the_stage_that_is_going_on_and_the_call() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.RUNNING, role="backend", start=10)],
        records=[
            make_record("a", "observe", end=12),
            make_record("a", "reason", end=13),
            make_record("a", "plan", end=14),
            make_record("a", "act/1", kind="action", end=15, summary="files.write note.txt"),
        ],
    )
    [lane] = lanes_of(detail, language="en", now=NOW).lanes
    assert [mark.css for mark in lane.stages] == ["done", "done", "done", "cur", ""]
    assert lane.stages_label == "Stage 4 of 5: Act"
    assert (lane.doing, lane.is_code) == ("files.write note.txt", True)
    assert lane.since == at(10)
    assert lane.task == "a"


def test_a2_a_new_round_begins_behind_what_was_seen() -> None:
    stages = ["observe", "reason", "plan", "act", "validate", "reason.2"]
    detail = make_detail(
        [make_task("a", state=TaskState.RUNNING)],
        records=[make_record("a", key, end=n + 1) for n, key in enumerate(stages)],
    )
    [lane] = lanes_of(detail, language="en", now=NOW).lanes
    assert [mark.css for mark in lane.stages] == ["done", "done", "cur", "", ""]


def test_a2_a_task_that_failed_shows_where() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.FAILED, failure=WHY)],
        records=[make_record("a", "observe")],
    )
    [lane] = lanes_of(detail, language="en", now=NOW).lanes
    assert [mark.css for mark in lane.stages] == ["done", "fail", "", "", ""]
    assert lane.look.kind == "bad"


def test_r7_waiting_for_a_person_is_folded_with_its_length() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.AWAITING, start=0)],
        records=[make_record("a", "observe", end=5)],
        approvals=[make_approval(1, "a", asked=6)],
    )
    lanes = lanes_of(detail, language="en", now=at(3600))
    [fold] = lanes.folds
    assert fold.length.total_seconds() == 3600 - 6
    [lane] = lanes.lanes
    work, wait = lane.bars
    assert (work.css, wait.css) == ("g-ok", "g-wait")
    assert work.width > 900
    assert lane.look.kind == "wait"


def test_u3_an_axis_keeps_its_order_and_its_ends() -> None:
    whole = Span(start=at(0), end=at(1000))
    axis = TimeAxis(whole, [Span(start=at(0), end=at(10)), Span(start=at(900), end=at(910))])
    assert [fold.length.total_seconds() for fold in axis.folds] == [890]
    places = [axis.x(at(second)) for second in (-5, 0, 5, 10, 500, 900, 950, 1000, 2000)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0.0, 1000.0)


def test_r7_an_answer_says_who_gave_it_and_when() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.RUNNING)],
        approvals=[make_approval(1, "a", state="approved", decided=20, comment="go on")],
    )
    entry = AuditEntry(
        number=1,
        at=at(20),
        actor="kim",
        role="operator",
        origin="page",
        action="call.approve",
        run_id=RUN,
        subject="a1",
    )
    [answer] = approvals_of(detail, [entry]).answered
    assert (answer.who, answer.at, answer.comment) == ("kim", at(20), "go on")


def test_r7_the_exact_call_is_shown_and_hidden_signs_are_written_out() -> None:
    evil = "rm -rf \u202e/tmp\u200b\x1b[0m\nsecond"
    detail = make_detail(
        [make_task("a", state=TaskState.AWAITING)],
        approvals=[make_approval(1, "a", arguments={"command": evil, "spec": {"replicas": 3}})],
    )
    [one] = approvals_of(detail).waiting
    command, spec = one.arguments
    assert command.value == "rm -rf \\u202e/tmp\\u200b\\u001b[0m\nsecond"
    assert spec.value == '{\n  "replicas": 3\n}'
    assert one.cut == 0


def test_r7_only_operators_get_buttons_and_admins_alone_roll_back() -> None:
    waits = make_detail(
        [make_task("a", state=TaskState.AWAITING)], approvals=[make_approval(1, "a")]
    )
    ended = make_detail(
        [make_task("a", state=TaskState.FAILED, failure=WHY)],
        status=RunStatus.FAILED,
        stop_reason="error",
        failure=WHY,
    )
    forms = {
        role: everything(paint(sight(waits), Reader(language="en", role=role)))
        + everything(paint(sight(ended), Reader(language="en", role=role)))
        for role in ("viewer", "operator", "admin")
    }
    for action in ("approve", "reject", "cancel", "retry", "fork", "tell", "ask"):
        assert f"/{action}" in forms["operator"]
    assert "<button" not in forms["viewer"]
    assert "/rollback" in forms["admin"]
    assert "/rollback" not in forms["operator"]


@pytest.mark.parametrize(
    ("run", "title", "step"),
    [
        ({"status": RunStatus.FAILED, "stop_reason": "error", "failure": WHY}, "It broke", "retry"),
        (
            {
                "status": RunStatus.FAILED,
                "stop_reason": "budget",
                "budget": Budget(cost_micros=5_000_000),
            },
            "Stopped at the budget of $5.",
            "again",
        ),
        ({"status": RunStatus.CANCELLED, "stop_reason": "cancelled"}, "was cancelled", "retry"),
        ({"status": RunStatus.SUCCEEDED, "partial": True}, "did not succeed", "retry"),
        ({"cancel_requested_at": NOW}, "is stopping", "none"),
    ],
)
def test_u3_what_went_wrong_is_said_with_the_next_step(
    run: dict[str, object], title: str, step: str
) -> None:
    detail = make_detail(
        [
            make_task("a", state=TaskState.SUCCEEDED),
            make_task("b", state=TaskState.FAILED, failure=WHY),
        ],
        **run,
    )
    [notice] = notices_of(detail, "en")
    assert title in notice.title
    assert notice.step == step


def test_r12_an_agent_that_was_stuck_and_began_anew_is_shown() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.RUNNING, role="testing")],
        records=[make_record("a", "wipe.2", kind="action")],
    )
    [notice] = notices_of(detail, "en")
    assert notice.title == "testing was stuck, its memory was wiped."


def test_r8_a_meter_stands_where_there_is_a_limit() -> None:
    detail = make_detail(
        usage=Usage(input_tokens=400, cost_micros=1_840_000), budget=Budget(cost_micros=5_000_000)
    )
    cost, tokens = used(detail.run, language="en", now=NOW)
    assert (cost.text, cost.of, cost.most) == ("$1.84", "$5", 5.0)
    assert cost.label == "Cost, $1.84 of $5"
    assert tokens.most is None


def test_r6_a_follow_up_shows_what_was_asked_and_answered_before() -> None:
    context = {"run_id": "before", "request": "Should we?", "report": "# R\n\nNo, not now."}
    head = head_of(make_detail(options={"context": context}), language="en", now=NOW)
    [turn] = head.before
    assert (turn.request, turn.answer, turn.href) == ("Should we?", "No, not now.", "/runs/before")


def test_u3_a_long_request_is_a_short_heading_with_all_of_it_one_click_away() -> None:
    head = head_of(make_detail(request="word " * 200), language="en", now=NOW)
    assert len(head.title) <= 180
    assert head.request == ("word " * 200).strip()


def test_u3_the_same_moment_later_looks_the_same() -> None:
    """Else every watcher would be sent everything again and again."""
    detail = make_detail(sixty_tasks())
    later = Sight(detail=detail, audit=(), now=datetime(2026, 11, 21, 10, 1, 47, tzinfo=UTC))
    reader = Reader(language="en", role="operator")
    one = looks(paint(sight(detail), reader, drawn_at=NOW))
    other = looks(paint(later, reader, drawn_at=NOW))
    assert {name for name in one if one[name] != other[name]} == set()
