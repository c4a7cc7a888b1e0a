"""The conversation with tools: calls, limits, circles, and models that call in their own way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from agent_worlds import WORKER, engine_of, gate_of, keys_of, role_with, submitted

from mas.agents.acting import Ended, Order, ToolLoop
from mas.agents.asking import CallLimit
from mas.agents.conversation import ABOVE
from mas.agents.speaking import JsonSpeaker, ToolSpeaker
from mas.core.calls import ToolOutput
from mas.core.errors import Permanent, Transient
from mas.core.models import ModelReply, ModelRequest, ToolCall
from mas.core.ports import Work
from mas.core.roles import Role
from mas.core.run import Run, TaskOutcome
from mas.testing.function_model import FunctionModel, Reply, calling, finishing, scripted
from mas.testing.function_tools import FunctionTools, tool


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    sources: tuple[str, ...] = ()


def tools() -> FunctionTools:
    return FunctionTools(
        tool("files.read", lambda given: f"content of {given.get('path')}"),
        tool("files.fail", lambda _: ToolOutput(text="no such file", failed=True)),
        tool("files.write", lambda _: "written", risk="write"),
    )


def order(**more: Any) -> Order[Answer]:
    more.setdefault("calls", 10)
    more.setdefault("rounds", 12)
    return Order(
        key="act",
        instructions="Act.",
        opening="the task",
        final=Answer,
        from_text=lambda text: Answer(text=text),
        **more,
    )


class Talked:
    """What came of a loop."""

    def __init__(self) -> None:
        self.ended: Ended[Answer] | None = None
        self.run: Run | None = None
        self.tools = tools()
        self.keys: list[str] = []

    @property
    def answer(self) -> str | None:
        assert self.ended is not None, self.run.failure if self.run else None
        return self.ended.value.text if self.ended.value else None


async def talked(
    model: FunctionModel,
    *,
    role: Role = WORKER,
    json: bool = False,
    limit: int = 40,
    given: FunctionTools | None = None,
    **more: Any,
) -> Talked:
    talk = Talked()
    talk.tools = given or talk.tools

    async def do(work: Work) -> TaskOutcome:
        loop = ToolLoop(
            order(**more),
            work=work,
            model=model,
            gate=gate_of(work, talk.tools, role=role, preapproved="write"),
            speaker=(JsonSpeaker if json else ToolSpeaker)(Answer),
            limit=CallLimit(limit),
        )
        talk.ended = await loop.run()
        return TaskOutcome(result=None)

    async with engine_of(do) as engine:
        talk.run = await engine.drive((await submitted(engine)).id)
        talk.keys = await keys_of(engine, talk.run.id)
    return talk


def last(request: ModelRequest) -> str:
    return request.conversation[-1].text


async def test_a2_a_model_calls_tools_reads_results_and_finishes_typed() -> None:
    model = scripted(
        [calling("files.read", {"path": "a"}), finishing(text="It says a.", sources=["a"])]
    )
    talk = await talked(model)
    assert talk.answer == "It says a."
    assert talk.keys == ["act/model/1", "act/call/1", "act/model/2"]
    assert [part.author for part in model.requests[1].conversation] == ["user", "model", "tool"]
    assert last(model.requests[1]) == "content of a"
    assert {offer.name for offer in model.requests[0].tools} >= {"files__read", "finish"}


async def test_a2_calls_of_one_reply_are_made_in_order_and_each_is_answered() -> None:
    calls = tuple(
        ToolCall(id="same", tool="files__read", arguments={"path": path}) for path in "abc"
    )
    model = scripted([ModelReply(model="", calls=calls), "Done."])
    talk = await talked(model)
    assert [call.arguments["path"] for call in talk.tools.calls] == ["a", "b", "c"]
    conversation = model.requests[1].conversation
    asked = [call.id for part in conversation for call in part.calls]
    assert len(set(asked)) == 3
    assert [part.answers for part in conversation if part.author == "tool"] == asked


async def test_a2_a_call_to_a_tool_that_is_not_there_comes_back_as_a_failed_result() -> None:
    model = scripted([calling("files.raed"), "There is no such tool."])
    talk = await talked(model)
    assert talk.answer == "There is no such tool."
    result = model.requests[1].conversation[-1]
    assert result.failed
    assert "files.read" in result.text


async def test_a2_an_answer_that_does_not_fit_goes_back_with_the_error() -> None:
    model = scripted([finishing(sources=[]), finishing(text="Now it fits.")])
    talk = await talked(model)
    assert talk.answer == "Now it fits."
    assert "missing required field `text`" in last(model.requests[1])


async def test_a2_a_model_that_finishes_beside_other_calls_has_to_read_them_first() -> None:
    both = (*calling("files.read", {"path": "a"}).calls, *finishing(text="I guess.").calls)
    model = scripted([ModelReply(model="", calls=both), finishing(text="I have read.")])
    talk = await talked(model)
    assert talk.answer == "I have read."
    assert "at the same time" in last(model.requests[1])


async def test_r12_repeated_calls_are_pointed_out_once_and_then_end_it() -> None:
    model = FunctionModel(lambda _: calling("files.read", {"path": "a"}))
    talk = await talked(model, rounds=20, calls=20)
    assert talk.run is not None
    assert talk.run.failure is not None
    assert talk.run.stop_reason == "blocked"
    assert "files.read" in talk.run.failure.message
    assert len(talk.tools.calls) == 5
    nudges = [part for part in model.requests[-1].conversation if "You repeat" in part.text]
    assert len(nudges) == 1


async def test_r12_a_model_that_takes_the_hint_goes_on() -> None:
    def reply(request: ModelRequest) -> Reply:
        if "You repeat" in last(request):
            return finishing(text="It cannot be read.")
        return calling("files.fail", {"path": "a"})

    talk = await talked(FunctionModel(reply))
    assert talk.answer == "It cannot be read."
    assert len(talk.tools.calls) == 3


async def test_r12_talk_without_a_call_is_no_work() -> None:
    model = FunctionModel(lambda _: "I will now write the file.")
    talk = await talked(model, expects_calls=True)
    assert talk.run is not None
    assert talk.run.stop_reason == "blocked"
    assert "without calling a tool" in str(talk.run.failure)
    assert len(model.requests) == 4


@pytest.mark.parametrize("json", [False, True])
async def test_a2_calls_are_bounded_and_the_model_is_told_to_finish(json: bool) -> None:
    paths = iter("abcdefgh")

    def reply(request: ModelRequest) -> Reply:
        if "No more calls" in last(request):
            return (
                {"action": None, "done": {"text": "Enough."}} if json else finishing(text="Enough.")
            )
        path = next(paths)
        if json:
            return {"action": {"tool": "files.read", "arguments": {"path": path}}, "done": None}
        return calling("files.read", {"path": path})

    talk = await talked(FunctionModel(reply), calls=3, json=json)
    assert talk.answer == "Enough."
    assert len(talk.tools.calls) == 3


async def test_a1_the_limit_of_the_role_ends_the_loop_without_an_answer() -> None:
    numbers = iter(range(99))
    model = FunctionModel(lambda _: calling("files.read", {"path": str(next(numbers))}))
    talk = await talked(model, limit=4, calls=50, rounds=50)
    assert talk.answer is None
    assert talk.ended is not None
    assert talk.ended.why == "limit"
    assert len(model.requests) == 4


async def test_q2_a_stage_that_reads_offers_and_makes_no_call_that_changes() -> None:
    model = scripted([calling("files.write", {"path": "a"}), finishing(text="I may not.")])
    talk = await talked(model, reading=True)
    assert talk.tools.calls == []
    assert "files__write" not in {offer.name for offer in model.requests[0].tools}
    assert "Only reading" in last(model.requests[1])


async def test_q2_a_role_is_offered_its_own_tools_alone() -> None:
    model = scripted([finishing(text="Done.")])
    await talked(model, role=role_with("files.read"))
    assert {offer.name for offer in model.requests[0].tools} == {"files__read", "finish"}


async def test_a5_a_model_without_tool_calls_works_through_json() -> None:
    model = scripted(
        [
            {"action": {"tool": "files.read", "arguments": {"path": "a"}}, "done": None},
            "Let me think about it.",
            {"action": {"tool": 7}},
            {"action": None, "done": {"text": "It says a.", "sources": ["a"]}},
        ]
    )
    talk = await talked(model, json=True)
    assert talk.answer == "It says a."
    assert all(request.tools == () for request in model.requests)
    assert '<data title="result of files.read">\ncontent of a\n</data>' in last(model.requests[1])
    assert "no JSON object" in last(model.requests[2])
    assert 'neither "action"' in last(model.requests[3])


async def test_d10_a_long_conversation_stays_bounded() -> None:
    numbers = iter(range(99))
    large = FunctionTools(
        tool("files.read", lambda given: f"file {given['path']}\n" + "text " * 1_500)
    )

    def reply(_: ModelRequest) -> Reply:
        number = next(numbers)
        if number == 25:
            return finishing(text="Read.")
        return calling("files.read", {"path": str(number)})

    model = FunctionModel(reply)
    talk = await talked(model, given=large, calls=30, rounds=30)
    assert talk.answer == "Read."
    sizes = [sum(len(part.text) for part in one.conversation) for one in model.requests]
    assert max(sizes) < 3.5 * ABOVE + 30_000


@pytest.mark.parametrize("dies_at", [1, 2, 3, 4])
async def test_r5_after_a_death_no_call_is_made_and_no_answer_is_paid_twice(dies_at: int) -> None:
    replies: list[Reply] = [
        calling("files.read", {"path": "a"}),
        calling("files.write", {"path": "b"}),
        calling("files.read", {"path": "c"}),
        finishing(text="Done."),
    ]
    replies.insert(dies_at - 1, Transient("The process has died."))
    model = scripted(replies)
    talk = await talked(model)
    assert talk.answer == "Done."
    assert [call.tool for call in talk.tools.calls] == ["files.read", "files.write", "files.read"]
    assert len(model.requests) == 5


async def test_a2_an_answer_in_plain_text_is_taken_where_no_call_is_missing() -> None:
    assert (await talked(scripted(["Nothing is to be done."]))).answer == "Nothing is to be done."


async def test_a5_a_reply_that_cannot_be_read_goes_back_and_is_paid_for_once() -> None:
    unreadable = Permanent("The arguments of a call are no JSON object.", code="model_nonsense")
    model = scripted([unreadable, Transient("The process has died."), finishing(text="Done.")])
    talk = await talked(model)
    assert talk.answer == "Done."
    assert "are no JSON object. Call a tool, or finish." in last(model.requests[1])
    assert len(model.requests) == 3
