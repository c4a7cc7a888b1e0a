"""Counting tokens on the high side (R8)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.models.estimate import most_input_tokens, tokens_of
from mas.core.models import ModelRequest, Said, ToolOffer


@given(one=st.text(max_size=200), two=st.text(max_size=200))
def test_r8_more_text_is_never_fewer_tokens(one: str, two: str) -> None:
    assert tokens_of(one + two) >= max(tokens_of(one), tokens_of(two))


def test_r8_hangul_is_a_token_each_and_letters_three_a_token() -> None:
    assert tokens_of("도입여부") == 4
    assert tokens_of("abcdef") == 2
    assert tokens_of("12{}") == 2
    assert tokens_of("🙂") == 3
    assert tokens_of("") == 0


def test_r8_everything_that_is_sent_counts() -> None:
    said = Said(author="user", text="hello")
    plain = ModelRequest(instructions="Be brief.", conversation=(said,))
    tool = ToolOffer(name="files__list", description="Lists files.", schema={"type": "object"})
    with_tools = ModelRequest(instructions="Be brief.", conversation=(said,), tools=(tool,))
    typed = ModelRequest(instructions="Be brief.", conversation=(said,), output={"type": "object"})
    longer = ModelRequest(instructions="Be brief.", conversation=(said, said))
    fewest = most_input_tokens(plain)
    assert all(most_input_tokens(one) > fewest for one in (with_tools, typed, longer))
