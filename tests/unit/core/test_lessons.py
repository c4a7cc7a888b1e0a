"""Finding the lessons that fit a request or an error (R13)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.core.lessons import Lesson, fitting, likeness

TEXTS = st.text(alphabet="ab c.-_0가나다 ", max_size=25)


def lesson(id_: str, about: str, *, successes: int = 0, failures: int = 0) -> Lesson:
    return Lesson(
        id=id_,
        kind="plan",
        team="operate",
        about=about,
        text="do it",
        evidence=("r/t/k",),
        successes=successes,
        failures=failures,
    )


LESSONS = st.lists(
    st.builds(
        lesson,
        st.uuids().map(str),
        TEXTS,
        successes=st.integers(0, 3),
        failures=st.integers(0, 3),
    ),
    max_size=8,
)


@given(TEXTS, TEXTS)
def test_r13_likeness_is_a_share_and_the_same_from_both_sides(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, other) == likeness(other, one)


@given(TEXTS)
def test_r13_a_text_is_wholly_like_itself_in_any_case_and_order(text: str) -> None:
    expected = 1.0 if likeness(text, text) else 0.0
    assert likeness(text, text) == expected
    assert likeness(text, text.upper()) == expected
    assert likeness(" ".join(reversed(text.split())), text) == expected


def test_r13_texts_without_words_are_like_nothing() -> None:
    assert likeness("", "") == likeness("...", "...") == likeness("?!", "deploy") == 0.0


def test_r13_korean_particles_do_not_hide_that_two_requests_are_alike() -> None:
    one = "웹 서버를 배포해줘"
    other = "웹 서버의 배포가 필요해"

    assert likeness(one, other) > 0.2
    assert likeness(one, "보안 그룹을 점검해줘") < likeness(one, other)


def test_r13_the_best_fitting_lessons_come_first_and_strangers_not_at_all() -> None:
    lessons = [
        lesson("l1", "audit the security groups"),
        lesson("l2", "deploy a web application"),
        lesson("l3", "deploy the web application with monitoring"),
    ]

    found = fitting(lessons, "deploy a web application with monitoring", most=5)
    assert [one.id for one in found] == ["l3", "l2"]
    assert [one.id for one in fitting(lessons, "deploy a web application")] == ["l2", "l3"]
    assert fitting(lessons, "우리 팀은 어디에 돈을 쓰나") == ()


def test_r13_of_equally_fitting_lessons_the_one_that_helped_more_comes_first() -> None:
    lessons = [
        lesson("l1", "deploy web"),
        lesson("l2", "deploy web", successes=3, failures=1),
        lesson("l3", "deploy web", successes=3),
        lesson("l4", "deploy web", successes=1, failures=2),
    ]

    assert [one.id for one in fitting(lessons, "deploy web", most=9)] == ["l3", "l2", "l1"]


@given(LESSONS, TEXTS, st.integers(0, 4))
def test_r13_what_is_offered_is_bounded_sorted_and_has_not_failed_more_than_helped(
    lessons: list[Lesson], text: str, most: int
) -> None:
    found = fitting(lessons, text, most=most)

    assert len(found) <= most
    assert all(one.failures <= one.successes for one in found)
    rates = [likeness(one.about, text) for one in found]
    assert rates == sorted(rates, reverse=True)
    assert fitting(reversed(lessons), text, most=most) == found
