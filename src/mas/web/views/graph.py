"""The tasks of a run as picture and as list. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median

from mas.core.language import Language, plain
from mas.core.run import Task, TaskState
from mas.teams.planned.orchestrator import PLAN_TASK
from mas.web.formats import duration
from mas.web.views.faults import Told, told_failure
from mas.web.views.graph_folding import Group, fold_done
from mas.web.views.graph_layout import (
    DENSE,
    ROOMY,
    Edge,
    Layout,
    Node,
    lay_out,
    longest_chain,
    without_shortcuts,
)
from mas.web.views.names import css_id, task_address
from mas.web.views.statuses import Look, task_look
from mas.web.wording import Wording

ROOMY_UP_TO = 24
"""Tasks of a picture with two lines each."""

_GOING_ON = (TaskState.RUNNING, TaskState.AWAITING)
_LATIN_EM, _WIDE_EM = 0.56, 1.0
_TITLE_PX = 12
_UNKNOWN_SECONDS = 60.0
"""What a task is thought to take while none has been measured."""


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """One task, or several that are done, as drawn. `x` and `y` are its upper left corner."""

    id: str
    """Of the element."""
    href: str
    css: str
    icon: str
    x: int
    y: int
    title: str
    """As much as fits."""
    more: str
    """The second line, before the time; dense pictures have none."""
    since: datetime | None
    took: str
    label: str
    """All of it, for the tip and for screen readers."""
    needs: str
    """Numbers of the nodes it needs, for the keys of the picture."""


@dataclass(frozen=True, kw_only=True)
class GraphEdge:
    """A line as drawn."""

    css: str
    path: str


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """A task in the list."""

    id: str
    href: str
    look: Look
    asks: bool
    title: str
    role: str
    after: str
    """Titles of what it needs."""
    since: datetime | None
    """Start of what is still going on."""
    took: str
    critical: bool
    failure: Told | None
    """Why it has failed or was skipped."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The picture and the list of the same tasks."""

    width: int
    height: int
    dense: bool
    node_width: int
    node_height: int
    label: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    rows: tuple[TaskRow, ...]
    order: tuple[str, ...]
    """Of the picture; hand it in as `start` when the plan has grown."""
    shape: int
    """Another one when anything stands elsewhere: then the picture has to be drawn anew."""


def graph_of(
    tasks: Sequence[Task], *, language: Language, now: datetime, start: tuple[str, ...] = ()
) -> Graph:
    """Picture and list of a run's tasks, which are in the order of its plan.

    `start` is `order` of an earlier picture of the same run.
    """
    t = Wording(language)
    nodes = nodes_of(tasks)
    done = {task.id for task in tasks if task.state is TaskState.SUCCEEDED}
    groups = fold_done(nodes, done)
    dense = len(groups) > ROOMY_UP_TO
    drawn = lay_out(tuple(group.node for group in groups), DENSE if dense else ROOMY, start)
    critical = critical_tasks(tasks, nodes, now=now)
    painter = _Painter(
        tasks={task.id: task for task in tasks},
        groups=groups,
        drawn=drawn,
        dense=dense,
        critical=critical,
        language=language,
        now=now,
    )
    return Graph(
        width=drawn.width,
        height=drawn.height,
        dense=dense,
        node_width=drawn.size.width,
        node_height=drawn.size.height,
        label=t("graph.label", tasks=len(tasks), layers=len(drawn.layers)),
        nodes=painter.nodes(),
        edges=painter.edges(),
        rows=tuple(painter.row(task) for task in tasks),
        order=drawn.order,
        shape=hash((tuple(drawn.places.items()), groups)),
    )


class _Painter:
    """What all parts of one picture need."""

    def __init__(
        self,
        *,
        tasks: Mapping[str, Task],
        groups: tuple[Group, ...],
        drawn: Layout,
        dense: bool,
        critical: frozenset[str],
        language: Language,
        now: datetime,
    ) -> None:
        self._tasks = tasks
        self._groups = groups
        self._drawn = drawn
        self._dense = dense
        self._critical = critical
        self._language = language
        self._t = Wording(language)
        self._now = now

    def nodes(self) -> tuple[GraphNode, ...]:
        numbers = {group.id: str(at) for at, group in enumerate(self._groups)}
        return tuple(self._node(group, numbers) for group in self._groups)

    def _node(self, group: Group, numbers: Mapping[str, str]) -> GraphNode:
        task = self._tasks[group.id]
        look = task_look(task.state)
        x, y = self._drawn.places[group.id]
        size = self._drawn.size
        folded = len(group.members) > 1
        if folded:
            title = self._t("graph.folded", count=len(group.members))
            names = ", ".join(plain(self._tasks[one].spec.title) for one in group.members)
            label = plain(f"{title}: {names}", limit=300)
            more, took, since = "", "", None
            href = f"?view=list#{css_id('task', group.id)}"
        else:
            title = plain(task.spec.title) or task.id
            word, took = self._word(task), self._took(task)
            role = plain(task.role, limit=40)
            since = task.started_at if task.state in _GOING_ON else None
            more = role if took else f"{role} · {word}"
            label = ", ".join(part for part in (title, role, word, "" if since else took) if part)
            if task.id in self._critical:
                label = f"{label}, {self._t('graph.on_critical')}"
            href = task_address(task.run_id, task.id)
        return GraphNode(
            id=css_id("n", group.id),
            href=href,
            css=_CSS[look.kind],
            icon=_ICONS[look.kind],
            x=round(x),
            y=round(y - size.height / 2),
            title=fitted(title, size.width - (28 if self._dense else 32)),
            more=fitted(more, size.width - 34 - _width(f" · {took}" if took else "", 11), em=11),
            since=since,
            took=took,
            label=label,
            needs=" ".join(numbers[need] for need in group.needs if need in numbers),
        )

    def edges(self) -> tuple[GraphEdge, ...]:
        """The lines, from the faintest to the strongest: later ones are drawn above."""
        made = [(self._edge_css(edge), _path(edge)) for edge in self._drawn.edges]
        made.sort(key=lambda one: "crit" in one[0])
        return tuple(GraphEdge(css=css, path=path) for css, path in made)

    def _edge_css(self, edge: Edge) -> str:
        start, end = self._tasks[edge.start], self._tasks[edge.end]
        if edge.start in self._critical and edge.end in self._critical:
            css = "e crit"
        else:
            css = "e done" if start.state is TaskState.SUCCEEDED else "e"
        waits = end.state in (TaskState.WAITING, TaskState.READY, TaskState.SKIPPED)
        return f"{css} todo" if waits else css

    def row(self, task: Task) -> TaskRow:
        needed = (self._tasks[need] for need in task.spec.depends_on if need in self._tasks)
        going_on = task.state in _GOING_ON
        failed = task.state in (TaskState.FAILED, TaskState.SKIPPED)
        return TaskRow(
            id=css_id("task", task.id),
            href=task_address(task.run_id, task.id),
            look=task_look(task.state),
            asks=task.state is TaskState.AWAITING,
            title=plain(task.spec.title) or task.id,
            role=plain(task.role, limit=60),
            after=plain(", ".join(one.spec.title for one in needed), limit=300),
            since=task.started_at if going_on else None,
            took=self._took(task),
            critical=task.id in self._critical,
            failure=told_failure(task.failure, self._language, limit=300)
            if failed and task.failure
            else None,
        )

    def _word(self, task: Task) -> str:
        asks = task.state is TaskState.AWAITING
        return self._t("status.agent_asks" if asks else task_look(task.state).word)

    def _took(self, task: Task) -> str:
        took = time_of(task, now=self._now)
        return "" if took is None else duration(took, self._language)


_CSS: Mapping[str, str] = {
    "ok": "ok", "run": "run", "wait": "wait", "bad": "bad", "off": "off", "skip": "off",
    "stop": "off",
}  # fmt: skip
_ICONS: Mapping[str, str] = {
    "ok": "ok", "run": "run", "wait": "wait", "bad": "bad", "off": "queued", "skip": "skip",
    "stop": "stop",
}  # fmt: skip


def time_of(task: Task, *, now: datetime) -> timedelta | None:
    """How long the latest attempt has taken or takes; None: there has not been any."""
    if task.started_at is None or task.state in (TaskState.WAITING, TaskState.READY):
        return None
    end = task.finished_at if task.state.ended else now
    return None if end is None else max(end - task.started_at, timedelta())


def nodes_of(tasks: Sequence[Task]) -> tuple[Node, ...]:
    """The tasks as nodes. Drawn are the needs that do not follow from others; tasks that a planning
    task has made stand behind it."""
    planner = PLAN_TASK if any(task.id == PLAN_TASK for task in tasks[:1]) else None
    needs = {task.id: task.spec.depends_on for task in tasks}
    if planner is not None and len(tasks) > 1:
        needs = {one: told or ((planner,) if one != planner else ()) for one, told in needs.items()}
    kept = without_shortcuts(needs)
    return tuple(Node(id=task.id, needs=kept[task.id]) for task in tasks)


def critical_tasks(
    tasks: Sequence[Task], nodes: Sequence[Node], *, now: datetime
) -> frozenset[str]:
    """The longest chain that is still to be done, by what tasks of the same role have taken."""
    measured: dict[str, list[float]] = {}
    for task in tasks:
        took = time_of(task, now=now)
        if took is not None and task.state is TaskState.SUCCEEDED:
            measured.setdefault(task.role, []).append(took.total_seconds())
    all_of_them = [one for times in measured.values() for one in times]
    usual = median(all_of_them) if all_of_them else _UNKNOWN_SECONDS
    seconds = {}
    for task in tasks:
        took = time_of(task, now=now)
        so_far = 0.0 if took is None else took.total_seconds()
        expected = median(measured[task.role]) if task.role in measured else usual
        # What takes longer than usual will hardly end at once.
        seconds[task.id] = so_far if task.state.ended else max(expected - so_far, expected / 10, 1)
    still_open = frozenset(task.id for task in tasks if not task.state.ended)
    return longest_chain(nodes, seconds, still_open)


def _path(edge: Edge) -> str:
    """One curve for each gap between layers, and a straight line through what is between."""
    points = edge.points
    (x, y) = points[0]
    text = f"M{x:.0f} {y:.0f}"
    for at in range(1, len(points), 2):
        (end_x, end_y) = points[at]
        half = (end_x - x) / 2
        text += f"C{x + half:.0f} {y:.0f} {end_x - half:.0f} {end_y:.0f} {end_x:.0f} {end_y:.0f}"
        if at + 1 < len(points):
            (x, y) = points[at + 1]
            text += f"H{x:.0f}"
    return text


@lru_cache(maxsize=4096)
def fitted(text: str, pixels: float, *, em: float = _TITLE_PX) -> str:
    """As much of a line as fits, by an estimate of its width."""
    if _width(text, em) <= pixels:
        return text
    kept, used = [], 0.0
    for sign in text:
        used += _width(sign, em)
        if used > pixels - 0.8 * em:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def _width(text: str, em: float) -> float:
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return em * (wide * _WIDE_EM + (len(text) - wide) * _LATIN_EM)
