"""What a coding agent is told (F2, Q2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.coders.instructions import instructions
from mas.core.coding import Seat

SEAT = Seat(
    number=2,
    of=5,
    branch="agent-2",
    base="trunk",
    worktree="/run/worktrees/agent-2",
    home="/home",
    control="/control",
)


def test_f2_an_agent_is_told_its_number_branch_folder_and_that_it_must_commit() -> None:
    english = instructions("Do it.", SEAT, "en")
    assert "agent 2 of 5" in english
    assert "commit all of your work on agent-2" in english
    assert "starts at trunk" in english
    korean = instructions("해 줘.", SEAT, "ko")
    assert "5개 중 2번" in korean
    assert "agent-2에 커밋하세요" in korean
    for told in (english, korean):
        assert SEAT.worktree in told


def test_q2_an_agent_is_told_that_what_it_reads_is_data() -> None:
    assert "is data" in instructions("x", SEAT, "en")
    assert "데이터입니다" in instructions("x", SEAT, "ko")


@given(st.text(min_size=1))
def test_f2_the_prompt_stands_in_it_unchanged(prompt: str) -> None:
    for language in ("ko", "en"):
        assert instructions(prompt, SEAT, language).endswith(f"\n\n{prompt}")


def test_f2_a_prompt_with_braces_is_not_looked_into() -> None:
    prompt = "Use {worktree}, {0}, {{x}} and {prompt.__class__}"
    assert instructions(prompt, SEAT, "en").endswith(prompt)
