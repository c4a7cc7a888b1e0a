"""Plans are directed graphs without cycles, and every fault is named with its place (R3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.plan import BadPlan, Plan, TaskSpec, check_plan, dependents_of, doomed_by

ROLES = {"planner", "researcher"}


def spec(name: str, *needs: str, role: str = "planner") -> TaskSpec:
    return TaskSpec(id=name, role=role, title=name, depends_on=needs)


def places(*tasks: TaskSpec) -> list[str]:
    with pytest.raises(BadPlan) as caught:
        check_plan(Plan(tasks=tasks), roles=ROLES)
    return [problem.place for problem in caught.value.problems]


def test_r3_a_diamond_is_accepted() -> None:
    plan = Plan(tasks=(spec("a"), spec("b", "a"), spec("c", "a"), spec("d", "b", "c")))

    check_plan(plan, roles=ROLES)


def test_r3_an_empty_plan_is_refused() -> None:
    assert places() == ["tasks"]


def test_r3_an_unknown_role_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(BadPlan) as caught:
        check_plan(Plan(tasks=(spec("a"), spec("b", role="poet"))), roles=ROLES)

    (problem,) = caught.value.problems
    assert problem.place == "tasks[1].role"
    assert "poet" in problem.message
    assert "planner, researcher" in problem.message


def test_r3_a_dangling_dependency_is_refused_at_its_place() -> None:
    assert places(spec("a"), spec("b", "a", "ghost")) == ["tasks[1].depends_on[1]"]


def test_r3_a_dependency_that_is_named_twice_is_refused_at_its_place() -> None:
    assert places(spec("a"), spec("b", "a", "a")) == ["tasks[1].depends_on[1]"]


def test_r3_a_duplicate_id_is_refused_at_its_second_place() -> None:
    assert places(spec("a"), spec("b"), spec("a")) == ["tasks[2].id"]


def test_r3_an_empty_id_is_refused() -> None:
    assert places(spec(" ")) == ["tasks[0].id"]


def test_r3_a_cycle_is_refused_with_its_way_round() -> None:
    with pytest.raises(BadPlan) as caught:
        check_plan(
            Plan(tasks=(spec("a"), spec("b", "a", "d"), spec("c", "b"), spec("d", "c"))),
            roles=ROLES,
        )

    (problem,) = caught.value.problems
    assert problem.place == "tasks[1].depends_on[1]"
    assert "b → d → c → b" in problem.message


def test_r3_a_task_that_needs_itself_is_a_cycle() -> None:
    assert places(spec("a", "a")) == ["tasks[0].depends_on[0]"]


def test_r3_all_faults_are_reported_at_once() -> None:
    assert places(spec("a", "ghost"), spec("a", role="poet"), spec("x", "y"), spec("y", "x")) == [
        "tasks[1].id",
        "tasks[1].role",
        "tasks[0].depends_on[0]",
        "tasks[2].depends_on[0]",
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(min_value=1, max_value=7))
    names = [f"t{index}" for index in range(size)]
    return Plan(
        tasks=tuple(
            spec(name, *draw(st.lists(st.sampled_from(names), unique=True, max_size=3)))
            for name in draw(st.permutations(names))
        )
    )


def has_cycle(plan: Plan) -> bool:
    """By brute force: some task can be reached from itself."""
    needs = {task.id: set(task.depends_on) for task in plan.tasks}
    reached = {name: set(direct) for name, direct in needs.items()}
    for _ in needs:
        for further in reached.values():
            further.update(*(needs[name] for name in further))
    return any(name in further for name, further in reached.items())


@given(graphs())
def test_r3_a_plan_is_accepted_exactly_when_it_has_no_cycle(plan: Plan) -> None:
    try:
        check_plan(plan, roles=ROLES)
    except BadPlan:
        assert has_cycle(plan)
    else:
        assert not has_cycle(plan)


@given(graphs())
def test_r3_the_place_of_a_cycle_points_into_the_plan(plan: Plan) -> None:
    try:
        check_plan(plan, roles=ROLES)
    except BadPlan as bad:
        (problem,) = bad.problems
        index, position = (int(part.split("]")[0]) for part in problem.place.split("[")[1:])
        assert f"{plan.tasks[index].id} → {plan.tasks[index].depends_on[position]}" in (
            problem.message
        )


@given(graphs(), st.data())
def test_r4_a_dead_task_dooms_exactly_those_that_need_it_by_any_way(
    plan: Plan, data: st.DataObject
) -> None:
    dead = data.draw(st.sampled_from([task.id for task in plan.tasks]))
    needs = {task.id: task.depends_on for task in plan.tasks}
    dependents = dependents_of((name, need) for name, listed in needs.items() for need in listed)

    doomed = dict(doomed_by(dead, dependents))

    lost = {dead}
    for _ in needs:
        lost |= {name for name, listed in needs.items() if lost & set(listed)}
    assert set(doomed) | {dead} == lost
    assert all(cause in needs[name] for name, cause in doomed.items())
