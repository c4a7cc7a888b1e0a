"""What a person may wish for at once, and how long and large it may be (R1, R7, R8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.app import bounds
from mas.app.asking import Ask, budget_of, check_comment, check_wishes
from mas.app.fanout import FanoutAsk
from mas.core.errors import UserError

TWO = FanoutAsk(agents=2)


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (Ask(text="x", team="decide", role="coder"), "coder"),
        (Ask(text="x", team="fanout", role="coder"), "fanout"),
        (Ask(text="x", role="coder", fanout=TWO), "coder"),
        (Ask(text="x", team="decide", fanout=TWO), "decide"),
        (Ask(text="x", team=" Build ", fanout=FanoutAsk(repo="/srv/shop")), "build"),
        (Ask(text="x", model="anthropic:x", no_model=True), "model"),
    ],
)
def test_r1_wishes_of_which_only_one_can_be_met_are_refused(ask: Ask, named: str) -> None:
    with pytest.raises(UserError, match=named) as told:
        check_wishes(ask)
    assert told.value.code == "wishes_clash"
    assert told.value.hint


@pytest.mark.parametrize(
    "ask",
    [
        Ask(text="x"),
        Ask(text="x", fanout=FanoutAsk(repo=".")),
        Ask(text="x", team="Fanout", fanout=TWO, no_model=True),
        Ask(text="x", role="coder", model="anthropic:x", after="run"),
        Ask(text="x", team="decide", cluster="here", no_model=True),
        # Who is told that there is no such team needs no second reason.
        Ask(text="x", team="nobody", fanout=TWO),
    ],
)
def test_r1_wishes_that_go_together_are_taken(ask: Ask) -> None:
    check_wishes(ask)


def test_r7_a_comment_is_text_of_at_most_2000_characters() -> None:
    assert check_comment("") == ""
    assert check_comment("a\r\n" * 1000) == "a\n" * 1000
    with pytest.raises(UserError, match="2,001 characters, and 2,000") as told:
        check_comment("x" * (bounds.LONGEST_COMMENT + 1))
    assert told.value.code == "comment_too_long"
    with pytest.raises(UserError, match="not valid text") as told:
        check_comment("half a character: \ud83d")
    assert told.value.code == "comment_not_text"


@given(
    tokens=st.integers(1, bounds.MOST_TOKENS),
    usd=st.floats(0, bounds.MOST_USD, exclude_min=True),
    seconds=st.floats(0, bounds.MOST_SECONDS, exclude_min=True),
)
def test_r8_a_limit_above_nothing_is_one_that_the_journal_can_hold(
    tokens: int, usd: float, seconds: float
) -> None:
    found = budget_of(tokens=tokens, usd=usd, seconds=seconds)
    assert found.tokens == tokens
    assert found.cost_micros is not None
    assert 0 < found.cost_micros < 2**63
    assert found.time is not None
    assert timedelta(0) < found.time <= timedelta(weeks=100)
