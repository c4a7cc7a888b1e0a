"""The panel of `fanout`: ranking, each agent's work, comparing and merging."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mas.app.fanout import MergedWork
from mas.core.language import Language
from mas.core.run import Run, Task
from mas.web.answers.panel import Panel
from mas.web.views.diff_lines import visible
from mas.web.views.ranking import ranking_view


def panel(
    run: Run, language: Language, tasks: Sequence[Task], merges: Sequence[MergedWork] = ()
) -> Panel | None:
    """The agents as they stand; None before the run has a plan."""
    if run.plan is None and run.result is None:
        return None
    view = ranking_view(run, tasks, language, now=datetime.now(UTC), merges=merges)
    return Panel(template="answers/fanout.html", context={"ranking": view, "shown": visible})
