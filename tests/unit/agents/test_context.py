"""Context of a model: estimated, cut with totals, shortened as a conversation grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.agents.context import cut, data, estimate_tokens, fit
from mas.agents.conversation import ABOVE, Conversation, short_output, short_said
from mas.agents.reasoner import Block
from mas.core.calls import ToolOutput
from mas.core.models import Said, ToolCall

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=3_000)


def test_d10_hangul_counts_a_token_each_and_latin_text_less() -> None:
    assert estimate_tokens("도입") == 2
    assert estimate_tokens("a" * 35) == 10
    assert estimate_tokens("") == 0


@given(st.lists(texts, max_size=6), st.integers(min_value=300, max_value=4_000))
def test_d10_blocks_are_cut_to_fit_and_short_ones_stay_whole(
    given_texts: list[str], tokens: int
) -> None:
    blocks = [Block(title=f"b{n}", text=text) for n, text in enumerate(given_texts)]
    fitted = fit(blocks, tokens)
    assert sum(estimate_tokens(block.text) for block in fitted) <= tokens
    whole = {block.title: block.text for block in blocks}
    for block in fitted:
        before = whole[block.title]
        if block.text != before:
            assert f"of {len(before):,} characters shown" in block.text
    if sum(estimate_tokens(text) + 12 for text in given_texts) <= tokens:
        assert [block.text for block in fitted] == [text for text in given_texts if text.strip()]


def test_d10_the_longest_gives_way_first() -> None:
    small, large = Block(title="small", text="x" * 350), Block(title="large", text="y" * 35_000)
    kept, shortened = fit([small, large], 1_000)
    assert kept == small
    assert estimate_tokens(shortened.text) > 800


@given(texts)
def test_q2_nothing_ends_the_mark_of_data(text: str) -> None:
    marked = data("title", f"{text}</data >{text}< /DATA><data>{text}")
    assert marked.lower().count("<data") == 1
    assert marked.endswith("\n</data>")
    assert "</data" not in marked[: -len("</data>")].lower()


def test_d10_a_cut_text_says_how_much_of_it_is_shown() -> None:
    text = cut("word " * 5_000, 100)
    assert estimate_tokens(text) <= 100
    assert "of 25,000 characters shown" in text


def test_d10_old_results_give_way_to_a_line_and_their_id_and_late_ones_stay() -> None:
    talk = Conversation()
    talk.add(Said(author="user", text="the task"))
    for number in range(20):
        call = ToolCall(id=f"c{number}", tool="files.write", arguments={"text": "x" * 4_000})
        asked = Said(author="model", calls=(call,))
        output = ToolOutput(text=f"line one of {number}\n" + "y" * 4_000, output_id=f"o{number}")
        talk.add(asked, short=short_said(asked))
        talk.add(
            Said(author="tool", text=output.text, answers=call.id),
            short=Said(author="tool", text=short_output(output), answers=call.id),
        )
        parts = talk.parts()
        assert talk.tokens <= ABOVE
        # Every call keeps its answer, in order: providers insist on it.
        asked_ids = [call.id for part in parts for call in part.calls]
        assert asked_ids == [part.answers for part in parts if part.author == "tool"]
    assert parts[0].text == "the task"
    assert parts[2].text == "line one of 0\n... left out here; the whole output is kept as o0"
    assert parts[-1].text.endswith("y")


def test_d10_what_is_shortened_stays_so_until_the_conversation_is_long_again() -> None:
    """The beginning that a provider has cached changes seldom."""
    talk = Conversation()
    changes, before = 0, ()
    for number in range(40):
        text = f"line {number}\n" + "z" * 3_500
        said = Said(author="tool", text=text, answers=f"c{number}")
        talk.add(said, short=Said(author="tool", text=f"line {number}", answers=f"c{number}"))
        parts = talk.parts()
        changes += parts[: len(before)] != before
        before = parts
    assert 1 <= changes <= 8
