"""How the tasks of a plan are laid out (U3)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas.web.views.graph_folding import FOLDED_ABOVE, fold_done
from mas.web.views.graph_layout import (
    DENSE,
    ROOMY,
    Layout,
    Node,
    Size,
    lay_out,
    longest_chain,
    without_shortcuts,
)


@st.composite
def plans(draw: st.DrawFn, most: int = 40) -> tuple[Node, ...]:
    """Plans without cycles; needs may come before or behind in the list."""
    count = draw(st.integers(1, most))
    needs = [
        draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        for number in range(count)
    ]
    order = draw(st.permutations(range(count)))
    return tuple(
        Node(id=f"t{number}", needs=tuple(f"t{need}" for need in sorted(needs[number])))
        for number in order
    )


sizes = st.sampled_from((ROOMY, DENSE))


def boxes(layout: Layout) -> list[tuple[float, float, float, float]]:
    size = layout.size
    return [
        (x, y - size.height / 2, x + size.width, y + size.height / 2)
        for x, y in layout.places.values()
    ]


@settings(max_examples=40)
@given(plans(), sizes)
def test_u3_no_task_covers_another_and_all_are_within_the_picture(
    plan: tuple[Node, ...], size: Size
) -> None:
    layout = lay_out(plan, size)
    assert set(layout.places) == {node.id for node in plan}
    found = boxes(layout)
    for at, (left, top, right, bottom) in enumerate(found):
        assert min(left, top) >= 0
        assert right <= layout.width
        assert bottom <= layout.height + 1
        for other in found[at + 1 :]:
            apart = other[0] >= right or other[2] <= left
            assert apart or other[1] >= bottom - 1 or other[3] <= top + 1


@settings(max_examples=40)
@given(plans(), sizes)
def test_u3_every_line_goes_from_left_to_right(plan: tuple[Node, ...], size: Size) -> None:
    layout = lay_out(plan, size)
    for edge in layout.edges:
        assert all(one[0] < other[0] for one, other in pairwise(edge.points))
        assert edge.points[0] == (
            layout.places[edge.start][0] + size.width,
            layout.places[edge.start][1],
        )
        assert edge.points[-1] == layout.places[edge.end]
    assert len(layout.edges) == sum(len(node.needs) for node in plan)


@settings(max_examples=40)
@given(plans(), sizes)
def test_u3_no_line_runs_behind_a_task(plan: tuple[Node, ...], size: Size) -> None:
    layout = lay_out(plan, size)
    found = boxes(layout)
    for edge in layout.edges:
        # In between two curves a line goes straight through the layers that it crosses.
        for (x, y), _ in zip(edge.points[1:-1:2], edge.points[2::2], strict=True):
            for left, top, _right, bottom in found:
                assert left != x or y <= top or y >= bottom


@settings(max_examples=40)
@given(plans(), sizes)
def test_u3_equal_plans_are_drawn_alike(plan: tuple[Node, ...], size: Size) -> None:
    first = lay_out(plan, size)
    lay_out.cache_clear()
    assert lay_out(plan, size) == first


@settings(max_examples=40)
@given(plans(most=20), st.integers(0, 5), sizes)
def test_u3_a_plan_that_grows_behind_its_end_keeps_the_order_of_what_was_there(
    plan: tuple[Node, ...], more: int, size: Size
) -> None:
    before = lay_out(plan, size)
    last = before.layers[-1][0]
    names = [last, *(f"new{number}" for number in range(more))]
    longer = (*plan, *(Node(id=new, needs=(old,)) for old, new in pairwise(names)))
    after = lay_out(longer, size, before.order)
    assert after.crossings <= before.crossings
    if after.crossings < before.crossings:
        return  # it was worth it
    for old, new in zip(before.layers, after.layers, strict=False):
        kept = [name for name in new if name in old]
        assert kept == [name for name in old if name in kept]


@pytest.mark.parametrize(
    ("name", "needs", "most"),
    [
        ("a chain", {"a": "", "b": "a", "c": "b"}, 0),
        ("a diamond", {"a": "", "b": "a", "c": "a", "d": "b c"}, 0),
        ("two that cross in the plan's order", {"a": "", "b": "", "c": "b", "d": "a"}, 0),
        (
            "the plan of the design",
            {
                "t1": "", "t2": "t1", "t3": "t1", "t4": "t2", "t5": "t3", "t6": "t2", "t7": "t3",
                "t8": "t4 t6", "t9": "t5 t7", "t10": "t5 t7", "t11": "t4", "t12": "t8 t9 t11",
                "t13": "t11", "t14": "t12 t13 t10",
            },
            5,
        ),
    ],
)  # fmt: skip
def test_u3_lines_hardly_cross(name: str, needs: dict[str, str], most: int) -> None:
    plan = tuple(Node(id=one, needs=tuple(told.split())) for one, told in needs.items())
    assert lay_out(plan, ROOMY).crossings <= most, name


def test_u3_a_task_with_more_followers_than_needs_stands_next_to_its_first_follower() -> None:
    plan = (
        Node(id="a"),
        Node(id="b", needs=("a",)),
        Node(id="c", needs=("b",)),
        Node(id="late"),
        Node(id="d", needs=("c", "late")),
    )
    assert [layer for layer in lay_out(plan, ROOMY).layers if "late" in layer] == [("c", "late")]


def test_u3_an_empty_plan_is_an_empty_picture() -> None:
    assert lay_out((), ROOMY).places == {}


@settings(max_examples=40)
@given(plans(most=25))
def test_u3_what_follows_from_other_needs_is_not_drawn_and_nothing_else_is_lost(
    plan: tuple[Node, ...],
) -> None:
    needs = {node.id: node.needs for node in plan}
    kept = without_shortcuts(needs)

    def behind(name: str, among: dict[str, tuple[str, ...]]) -> set[str]:
        found = set(among[name])
        for need in among[name]:
            found |= behind(need, among)
        return found

    for name in needs:
        assert behind(name, kept) == behind(name, needs)
        for need in kept[name]:
            others = [other for other in kept[name] if other != need]
            assert not any(need in behind(other, kept) for other in others)


def test_u3_the_critical_path_is_the_longest_chain_that_is_still_open() -> None:
    plan = (
        Node(id="done"),
        Node(id="short", needs=("done",)),
        Node(id="long", needs=("done",)),
        Node(id="end", needs=("short", "long")),
    )
    seconds = {"done": 100.0, "short": 5.0, "long": 50.0, "end": 1.0}
    still_open = frozenset({"short", "long", "end"})
    assert longest_chain(plan, seconds, still_open) == {"done", "long", "end"}
    assert longest_chain(plan, seconds, frozenset()) == frozenset()


def chain(count: int, start: str = "c") -> list[Node]:
    return [Node(id=f"{start}{n}", needs=(f"{start}{n - 1}",) if n else ()) for n in range(count)]


def test_u3_a_plan_that_can_be_read_is_never_folded() -> None:
    plan = chain(FOLDED_ABOVE)
    groups = fold_done(plan, {node.id for node in plan})
    assert [group.members for group in groups] == [(node.id,) for node in plan]


def test_u3_a_chain_that_is_wholly_done_becomes_one() -> None:
    plan = [*chain(70), Node(id="last", needs=("c69",))]
    groups = fold_done(plan, {f"c{n}" for n in range(40)})
    assert groups[0].members == tuple(f"c{n}" for n in range(40))
    assert groups[1].needs == ("c0",)
    assert len(groups) == 1 + 30 + 1


def test_u3_done_tasks_beside_each_other_become_one_and_open_ones_stay() -> None:
    plan = [
        Node(id="start"),
        *(Node(id=f"p{n}", needs=("start",)) for n in range(80)),
        Node(id="end", needs=tuple(f"p{n}" for n in range(80))),
    ]
    groups = fold_done(plan, {"start", *(f"p{n}" for n in range(60))})
    assert sorted(len(group.members) for group in groups)[-1] == 60
    assert len(groups) == 1 + 1 + 20 + 1


@settings(max_examples=40)
@given(plans(), st.data())
def test_u3_folding_keeps_every_task_and_makes_no_cycle(
    plan: tuple[Node, ...], data: st.DataObject
) -> None:
    many = (*plan, *chain(FOLDED_ABOVE, "x"))
    done = data.draw(st.sets(st.sampled_from([node.id for node in many])))
    # Only what has all it needs can be done.
    needs = {node.id: node.needs for node in many}
    done = {name for name in done if all(need in done for need in needs[name])}
    groups = fold_done(many, done)
    members = [member for group in groups for member in group.members]
    assert sorted(members) == sorted(node.id for node in many)
    layout = lay_out(tuple(group.node for group in groups), DENSE)
    assert set(layout.places) == {group.id for group in groups}
    for group in groups:
        assert len(group.members) == 1 or set(group.members) <= done
