"""The pieces of a run's page as HTML, each with the id of its element."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from mas.app.listening import listens
from mas.app.service import RunDetail
from mas.core.actors import AccessRole, Actor
from mas.core.events import Event
from mas.core.language import Language, plain
from mas.core.run import TaskState
from mas.http.caller import Caller
from mas.web.answers import panel_of
from mas.web.formats import duration
from mas.web.live.sight import Sight
from mas.web.rendering import environment, fragment
from mas.web.views.approvals import OpenApproval, approvals_of
from mas.web.views.events import EventRow, Names, row_of
from mas.web.views.graph import Graph, graph_of
from mas.web.views.lanes import lanes_of
from mas.web.views.markdown import to_html
from mas.web.views.messages import messages_of
from mas.web.views.run_notices import notices_of
from mas.web.views.run_view import head_of
from mas.web.views.statuses import run_look
from mas.web.views.usage import used
from mas.web.wording import Wording

_PARTS = "run/parts.html"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The page of a run at one moment."""

    parts: Mapping[str, Markup]
    """Elements by id."""
    lists: Mapping[str, Mapping[str, Markup]]
    """Id of an element → its children by id, in order."""
    inner: Mapping[str, Markup]
    """Elements within the part `graph`, by id."""
    shape: int
    """Another one when the part `graph` has to be drawn anew as a whole."""
    order: tuple[str, ...]
    """Of the graph, for the next picture."""
    last_event: int
    ended: bool
    says: str
    """How it stands, in a sentence for those who do not see it."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """Id of each call that waits → a sentence that says so."""
    has_panel: bool = False


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whom a picture is for: all who read one language and may do the same see the same."""

    language: Language
    role: AccessRole

    @property
    def caller(self) -> Caller:
        """Stands for them in templates. Forms get what proves them in the page itself."""
        return Caller(actor=Actor(name="", role=self.role, origin=""), csrf="")


def paint(
    sight: Sight,
    reader: Reader,
    *,
    caller: Caller | None = None,
    start: tuple[str, ...] = (),
    drawn_at: datetime | None = None,
    panel: bool = True,
) -> Picture:
    """Make the pieces of a run's page.

    Args:
        sight: The run.
        reader: Whom they are for.
        caller: The one reader of a page; None: anybody like `reader`.
        start: `order` of the picture before.
        drawn_at: To when bars of time reach; None: to now.
        panel: Whether the answer of the team is made, too.
    """
    painter = _Painter(sight, reader, caller or reader.caller)
    graph = graph_of(sight.detail.tasks, language=reader.language, now=sight.now, start=start)
    inner = painter.inner(graph)
    lanes, axis = painter.lanes(drawn_at or sight.now)
    answer = painter.panel() if panel else None
    asking = painter.approvals.waiting
    run = sight.detail.run
    parts = {
        "head": painter.head(),
        "budget": painter.macro("budget", used=painter.used()),
        "notice": painter.notice(),
        "answered": painter.answered(),
        "panel": painter.panel_html(answer),
        "report": painter.report(has_panel=answer is not None),
        "graph": painter.macro("graph", graph=graph, inner=inner),
        "axis": axis,
        "tell": painter.tell(),
        "ask": painter.macro("ask", ended=run.status.ended, run_id=run.id, who=painter.who),
    }
    return Picture(
        parts=parts,
        lists={
            "approvals": {f"approval-{one.id}": painter.approval(one) for one in asking},
            "tasks": {row.id: painter.macro("task", row=row) for row in graph.rows},
            "lanes": lanes,
            "messages": painter.messages(),
        },
        inner=inner,
        shape=graph.shape,
        order=graph.order,
        last_event=run.last_event,
        ended=run.status.ended,
        says=painter.says(),
        asks={one.id: painter.t("live.say.asks", role=one.role) for one in asking},
        has_panel=answer is not None,
    )


def _macro(language: Language, macro_name: str, /, **context: object) -> Markup:
    """A piece by its macro. Safe as HTML: a template has escaped what was put in."""
    # Kept by the template: it needs nothing of a request, and there are many pieces.
    module = environment(language).get_template(_PARTS).module
    return Markup(getattr(module, macro_name)(**context))  # noqa: S704


class _Painter:
    """What the pieces of one picture need."""

    def __init__(self, sight: Sight, reader: Reader, who: Caller) -> None:
        self.sight = sight
        self.detail: RunDetail = sight.detail
        self.language = reader.language
        self.who = who
        self.t = Wording(reader.language)
        self.approvals = approvals_of(sight.detail, sight.audit)
        self._head = head_of(sight.detail, language=reader.language, now=sight.now)

    def macro(self, macro_name: str, /, **context: object) -> Markup:
        """A piece by its macro. Safe as HTML: a template has escaped what was put in."""
        return _macro(self.language, macro_name, **context)

    def head(self) -> Markup:
        return self.macro("head", head=self._head, who=self.who)

    def used(self) -> object:
        return used(self.detail.run, language=self.language, now=self.sight.now)

    def notice(self) -> Markup:
        return self.macro(
            "notice",
            notices=notices_of(self.detail, self.language),
            run_id=self.detail.run.id,
            who=self.who,
            can_retry=self._head.can_retry,
        )

    def answered(self) -> Markup:
        # Calls that wait show the answers before them beside their own form.
        shown = () if self.approvals.waiting else self.approvals.answered
        return self.macro("answered", answers=shown)

    def approval(self, one: OpenApproval) -> Markup:
        return self.macro("approval", one=one, run_id=self.detail.run.id, who=self.who)

    def panel(self) -> object:
        return panel_of(
            self.detail.run, self.language, tasks=self.detail.tasks, merges=self.sight.merges
        )

    def panel_html(self, panel: object) -> Markup:
        template = getattr(panel, "template", None)
        context = getattr(panel, "context", {})
        html = fragment(
            self.language,
            "run/panel.html",
            **{**context, "panel": template, "caller": self.who, "run": self.detail.run},
        )
        return Markup(html)  # noqa: S704 - a template has escaped what was put in

    def report(self, *, has_panel: bool) -> Markup:
        run = self.detail.run
        text = without_request(run.report or "", run.request)
        return self.macro(
            "report",
            html=to_html(text) if text.strip() else "",
            folded=has_panel,
            language=run.language,
            run_id=run.id,
        )

    def tell(self) -> Markup:
        run = self.detail.run
        open_ = {task.role for task in self.detail.tasks if not task.state.ended}
        roles = {role for role in open_ if listens(run, role)}
        told = sorted(roles) if run.status.under_way and not self._head.stopping else []
        return self.macro("tell", roles=told, run_id=run.id, who=self.who)

    def lanes(self, until: datetime) -> tuple[dict[str, Markup], Markup]:
        lanes = lanes_of(self.detail, language=self.language, now=until)
        folded = [duration(fold.length, self.language) for fold in lanes.folds]
        made = {one.id: self.macro("lane", one=one) for one in lanes.lanes}
        return made, self.macro("axis", lanes=lanes, folded=folded)

    def messages(self) -> dict[str, Markup]:
        said = messages_of(self.detail, self.language)
        return {f"message-{one.number}": self.macro("message", one=one) for one in said}

    def inner(self, graph: Graph) -> dict[str, Markup]:
        size = {"dense": graph.dense, "width": graph.node_width, "height": graph.node_height}
        nodes = {one.id: self.macro("node", one=one, **size) for one in graph.nodes}
        return {**nodes, "graph-edges": self.macro("edges", graph=graph)}

    def says(self) -> str:
        run, tasks = self.detail.run, self.detail.tasks
        if run.status.ended:
            return self.t("live.say.ended", status=self.t(run_look(run).word))
        done = sum(task.state is TaskState.SUCCEEDED for task in tasks)
        return self.t("live.say", done=done, total=len(tasks)) if tasks else ""


def without_request(report: str, request: str) -> str:
    """A report without the request as its heading, which stands on the page already."""
    first, _, rest = report.lstrip().partition("\n")
    told = plain(first.removeprefix("# "), limit=1000).rstrip("…")
    return (
        rest if first.startswith("# ") and plain(request, limit=1000).startswith(told) else report
    )


def event_html(row: EventRow, language: Language) -> Markup:
    """A row of the stream of events."""
    return _macro(language, "event", row=row)


def event_rows(
    events: Iterable[Event], names: Names, language: Language
) -> list[tuple[int, Markup]]:
    """Rows of events by number, in their order."""
    return [
        (event.number, event_html(row_of(event, names, language), language)) for event in events
    ]
