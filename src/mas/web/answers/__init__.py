"""What a run has answered, as a panel of its page: one file for each team that has its own.

Called by the run page; a panel is a template and what it shows. Other teams have no panel: their
report says it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mas.app.fanout import MergedWork
from mas.core.language import Language
from mas.core.run import Run, Task
from mas.web.answers import decide, fanout
from mas.web.answers.panel import Panel

__all__ = ["Panel", "panel_of"]


def panel_of(
    run: Run,
    language: Language,
    *,
    tasks: Sequence[Task] = (),
    merges: Sequence[MergedWork] = (),
) -> Panel | None:
    """The panel of a run for a reader; None where there is nothing of its own to show.

    Args:
        language: The reader's; what the run has written stays in its own.
        tasks: Of the run: what agents of `fanout` do before there is a result.
        merges: Of the run, the latest first.
    """
    if run.team == "decide":
        return decide.panel(run, language)
    if run.team == "fanout":
        return fanout.panel(run, language, tasks, merges)
    return None
