"""The panel of `decide`: verdict, reasons, alternatives or guide, cluster and capacity."""

from __future__ import annotations

from mas.catalog.loader import load_catalog
from mas.core.language import Language
from mas.core.run import Run
from mas.web.answers.panel import Panel
from mas.web.views.verdict import decision_of, verdict_view


def panel(run: Run, language: Language) -> Panel | None:
    """What was decided; None while nothing is."""
    decision = decision_of(run)
    if decision is None:
        return None
    view = verdict_view(run, decision, load_catalog(), language)
    return Panel(template="answers/decide.html", context={"verdict": view})
