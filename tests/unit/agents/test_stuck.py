"""Going round in circles is seen, over the last 20 steps (R12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.agents.stuck import WINDOW, Pattern, Step, StuckDetector

A, B, C = (Step(action=name, result=f"result of {name}") for name in "abc")
E = Step(action="e", result="no such file", failed=True)
TALK = Step(action="", result="I will now run the tests.")


def seen(*steps: Step) -> Pattern | None:
    """What the last step of these completes."""
    detector = StuckDetector()
    found = None
    for step in steps:
        found = detector.add(step)
    return found.pattern if found else None


@pytest.mark.parametrize(
    ("steps", "pattern"),
    [
        ((A, A, A, A), "same_result"),
        ((A, A, A), None),
        ((A, B, A, C, A, B, A), "same_result"),
        ((E, E, E), "same_error"),
        ((E, E), None),
        ((E, A, E, B, E), "same_error"),
        ((TALK, TALK, TALK), "monologue"),
        ((TALK, TALK), None),
        ((TALK, TALK, A, TALK), None),
        ((A, B, A, B, A, B), "alternation"),
        ((B, A, B, A, B), None),
        ((A, B, A, B, A, C), None),
        ((A, A, A, A, B), None),
    ],
)
def test_r12_each_pattern_is_seen_at_its_threshold(
    steps: tuple[Step, ...], pattern: Pattern | None
) -> None:
    assert seen(*steps) == pattern


def test_r12_the_same_call_with_another_result_is_progress() -> None:
    runs = [
        Step(action="pytest", result=f"{count} failed", failed=True) for count in range(9, 0, -1)
    ]
    assert seen(*runs) is None


def test_r12_times_and_addresses_do_not_make_a_result_new() -> None:
    runs = [
        Step(
            action="pytest",
            result=f"2026-01-01T10:00:0{n}Z 3 failed in 0.{n}1s at 0x7f{n}a",
            failed=True,
        )
        for n in range(3)
    ]
    assert seen(*runs) == "same_error"


def test_r12_what_lies_further_back_than_the_window_is_forgotten() -> None:
    others = [Step(action=f"other {n}") for n in range(WINDOW)]
    assert seen(A, A, A, *others, A) is None


steps = st.builds(
    Step,
    action=st.sampled_from(["", "a", "b", "c"]),
    result=st.sampled_from(["x", "y"]),
    failed=st.booleans(),
)


@given(st.lists(steps, max_size=40))
def test_r12_what_is_seen_depends_on_the_window_alone(listed: list[Step]) -> None:
    assert seen(*listed) == seen(*listed[-WINDOW:])


@given(st.lists(st.integers(), unique=True, max_size=60))
def test_r12_steps_that_all_differ_are_never_circles(numbers: list[int]) -> None:
    detector = StuckDetector()
    assert all(detector.add(Step(action=f"step {n}")) is None for n in numbers)


@given(st.lists(steps, max_size=15), st.sampled_from([A, E, TALK]))
def test_r12_any_beginning_followed_by_one_repeated_step_is_seen(
    before: list[Step], step: Step
) -> None:
    assert seen(*before, *[step] * 4) is not None
