"""Requests and replies in the library's words, and light imports (A5)."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import ModelRequest as RequestMessage
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart

from mas.adapters.models.mapping import output_name, to_answer, to_messages, to_parameters
from mas.core.models import ModelRequest, Said, ToolCall
from mas.core.values import encode_json

SAID = st.one_of(
    st.builds(Said, author=st.just("user"), text=st.text(max_size=10)),
    st.builds(Said, author=st.just("model"), text=st.text(max_size=10)),
    st.builds(Said, author=st.just("tool"), text=st.text(max_size=10), answers=st.just("c1")),
)


def request(*said: Said, **more: Any) -> ModelRequest:
    return ModelRequest(instructions="Be brief.", conversation=said, **more)


@given(st.lists(SAID, max_size=8))
def test_a5_sides_take_turns_and_a_person_has_the_last_word(said: list[Said]) -> None:
    messages = to_messages(request(*said))
    sides = [isinstance(one, ModelResponse) for one in messages]
    assert all(one.parts for one in messages)
    assert sides[-1] is False
    assert not any(first and second for first, second in pairwise(sides))


def test_a5_a_result_goes_with_the_name_of_its_call_and_says_when_it_failed() -> None:
    call = ToolCall(id="c1", tool="files__list", arguments={"path": "src"})
    messages = to_messages(
        request(
            Said(author="model", calls=(call,)),
            Said(author="tool", text="no such folder", answers="c1", failed=True),
        )
    )
    (part,) = messages[-1].parts
    assert isinstance(messages[-1], RequestMessage)
    assert isinstance(part, ToolReturnPart)
    assert (part.tool_name, part.outcome) == ("files__list", "failed")


def test_a5_halves_of_characters_are_not_sent_and_not_stored() -> None:
    messages = to_messages(request(Said(author="user", text="a\ud800b")))
    encode_json(str(messages[0].parts[0]))
    answer = to_answer(ModelResponse(parts=[TextPart("x\udfffy")]), request())
    encode_json(answer.text)


def test_a5_the_instructions_are_the_same_prefix_in_every_way_of_asking() -> None:
    wanted = request(output={"type": "object", "properties": {}})
    for typed in ("native", "tool", "prompt"):
        parts = to_parameters(wanted, typed).instruction_parts
        assert parts is not None
        assert parts[0].content.startswith("Be brief.")


def test_a5_arguments_that_are_no_object_are_no_answer() -> None:
    for arguments in ('{"path": ', "[1]", '{"a": 1} {"b": 2}', "null", '{"a": "\\ud800"}'):
        response = ModelResponse(parts=[ToolCallPart("files__list", arguments)])
        with pytest.raises(ValueError, match="files__list"):
            to_answer(response, request())


def test_a5_a_call_without_arguments_has_none() -> None:
    for arguments in (None, "", {}, "{}"):
        response = ModelResponse(parts=[ToolCallPart("files__list", arguments)])
        assert to_answer(response, request()).calls[0].arguments == {}


def test_a5_half_an_output_is_told_as_what_is_wrong_with_it() -> None:
    wanted = request(output={"type": "object"}, output_name="Verdict")
    response = ModelResponse(parts=[ToolCallPart("Verdict", '{"tool": "tek')])
    answer = to_answer(response, wanted)
    assert (answer.output, answer.calls, answer.text) == (None, (), '{"tool": "tek')
    assert answer.problem.startswith("The JSON is not valid")


def test_a5_a_name_of_an_output_keeps_to_what_providers_take() -> None:
    assert output_name(request(output_name="Verdict[도구]/1")) == "Verdict_1"
    assert output_name(request(output_name="가나다")) == "_"
    assert len(output_name(request(output_name="x" * 200))) == 64


def test_a5_settings_and_names_of_models_load_no_library_of_a_vendor() -> None:
    code = (
        "import sys, mas.adapters.models.registry, mas.app.settings;"
        "print([m for m in ('pydantic_ai', 'anthropic', 'openai', 'httpx2', 'sqlalchemy')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
