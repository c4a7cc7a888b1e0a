"""The panel of `fanout`: ranking, each agent's work, comparing and merging."""

from __future__ import annotations

from collections.abc import Sequence

from mas.core.language import Language
from mas.core.run import Run, Task
from mas.web.answers.panel import Panel
from mas.web.views.diff_lines import visible
from mas.web.views.ranking import ranking_view


def panel(run: Run, language: Language, tasks: Sequence[Task]) -> Panel | None:
    """The agents as they stand; None before the run has a plan."""
    if run.plan is None and run.result is None:
        return None
    view = ranking_view(run, tasks, language)
    return Panel(template="answers/fanout.html", context={"ranking": view, "shown": visible})
