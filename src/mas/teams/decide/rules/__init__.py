"""The rules of judgement (D5): each a small named function from a situation to findings.

`ALL` lists them strongest first; a report tells its reasons in that order. A rule looks only at the
situation it is given, cites what it saw, and knows nothing of the other rules or of the verdict.
"""

from collections.abc import Callable, Iterable

from mas.teams.decide.findings import Finding
from mas.teams.decide.rules.capacity import fits_the_nodes, survives_a_lost_node
from mas.teams.decide.rules.conflict import (
    belongs_to_its_platform,
    collides_with_its_kind,
    left_over_definitions,
)
from mas.teams.decide.rules.lifecycle import project_is_cared_for
from mas.teams.decide.rules.need import demand_for_it, what_it_adds
from mas.teams.decide.rules.operations import burden_of_running_it, needs_other_tools_first
from mas.teams.decide.rules.overlap import covered_by_what_runs, degraded_rivals, retired_rivals
from mas.teams.decide.rules.storage import finds_its_storage
from mas.teams.decide.rules.version import runs_on_this_version, tested_with_this_version
from mas.teams.decide.situation import Situation

Rule = Callable[[Situation], Iterable[Finding]]

ALL: tuple[Rule, ...] = (
    project_is_cared_for,
    runs_on_this_version,
    covered_by_what_runs,
    collides_with_its_kind,
    belongs_to_its_platform,
    fits_the_nodes,
    finds_its_storage,
    survives_a_lost_node,
    left_over_definitions,
    retired_rivals,
    degraded_rivals,
    tested_with_this_version,
    what_it_adds,
    demand_for_it,
    needs_other_tools_first,
    burden_of_running_it,
)
