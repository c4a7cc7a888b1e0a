"""The conversation in which a model calls tools until a stage is done (A2, R12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from mas.agents import prompts
from mas.agents.asking import CallLimit, ask
from mas.agents.conversation import Conversation, short_output, short_said
from mas.agents.gate import Gate, was_made
from mas.agents.offering import offered
from mas.agents.schema import to_answer
from mas.agents.speaking import Heard, Speaker
from mas.agents.stuck import Repetition, Step, Stuck, StuckDetector, nudge
from mas.core.calls import ToolOutput, ToolSpec
from mas.core.models import Model, Said, ToolCall
from mas.core.plan import Risk
from mas.core.ports import Work
from mas.core.values import encode_json

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Order(Generic[T]):
    """What a loop is to do, and how far it may go."""

    key: str
    """Key of the stage; records are `KEY/model/N` and `KEY/call/N`."""
    instructions: str
    opening: str
    """The context that the conversation begins with."""
    final: type[T]
    """What the loop ends with; `from_text` makes it of a reply without any call."""
    from_text: Callable[[str], T]
    calls: int
    """Tool calls that may be made."""
    rounds: int
    """Model calls that may be made."""
    reading: bool = False
    """Only calls that change nothing."""
    expects_calls: bool = False
    """Text alone is no answer before a call was made."""
    max_output_tokens: int = 4_000


@dataclass(frozen=True, kw_only=True)
class Made:
    """One call of the loop. `made`: the tool was reached, whatever came of it."""

    key: str
    call: ToolCall
    risk: Risk
    output: ToolOutput
    made: bool

    @property
    def may_have_changed(self) -> bool:
        """Whether the world may be another one after it."""
        return self.made and self.risk != "read"


@dataclass(frozen=True, kw_only=True)
class Ended(Generic[T]):
    """How a loop has ended: `value` is None where a limit came before an answer."""

    value: T | None
    made: tuple[Made, ...]
    why: Literal["done", "limit"]


class ToolLoop(Generic[T]):
    """One stage's conversation with a model.

    Calls of one reply are made one after the other, so that their records have the same keys in
    every attempt.
    """

    def __init__(
        self,
        order: Order[T],
        *,
        work: Work,
        model: Model,
        gate: Gate,
        speaker: Speaker,
        limit: CallLimit,
    ) -> None:
        self._order = order
        self._work = work
        self._model = model
        self._gate = gate
        self._speaker = speaker
        self._limit = limit
        self._talk = Conversation()
        self._made: list[Made] = []
        self._detector = StuckDetector()
        self._nudged = False
        self._told_limit = False

    @property
    def made(self) -> tuple[Made, ...]:
        """The calls so far, also after the loop has ended with an error."""
        return tuple(self._made)

    async def run(self) -> Ended[T]:
        """Talk until the model finishes, or a limit is reached.

        Raises:
            Stuck: It repeats itself, also after it was told so.
            MasError: As `Model.ask` and `Gate.call`.
        """
        self._talk.add(Said(author="user", text=self._order.opening))
        every = await self._gate.specs(reading=self._order.reading)
        specs = offered(every, self._order.opening)
        for number in range(1, self._order.rounds + 1):
            if self._limit.left <= 0:
                break
            heard = await self._ask(number, specs)
            value = await self._follow(heard)
            if value is not None:
                return self._ended(value, "done")
        return self._ended(None, "limit")

    async def _ask(self, number: int, specs: tuple[ToolSpec, ...]) -> Heard:
        out_of_calls = len(self._made) >= self._order.calls
        if out_of_calls and not self._told_limit:
            self._told_limit = True
            self._tell(prompts.NO_CALLS_LEFT)
        request = self._speaker.request(
            self._order.instructions,
            self._talk.parts(),
            () if out_of_calls else tuple(spec.offer() for spec in specs),
            self._order.max_output_tokens,
        )
        reply = await ask(
            self._work,
            f"{self._order.key}/model/{number}",
            self._model,
            request,
            limit=self._limit,
            on_text=self._work.live if self._speaker.streams else None,
        )
        heard = self._speaker.hear(reply, number)
        self._talk.add(heard.said, short=short_said(heard.said) if heard.calls else None)
        if reply.stop == "length" and not heard.calls and heard.final is None:
            return Heard(said=heard.said, problem=prompts.CUT_OFF)
        return heard

    async def _follow(self, heard: Heard) -> T | None:
        """Do what a reply asks for; the answer, when it is there."""
        if heard.calls:
            await self._make(heard.calls)
            if heard.final is not None:
                self._answer(heard.final, prompts.FINISH_ALONE, failed=True)
            return None
        if heard.final is not None:
            return self._finished(heard.final)
        return self._spoken(heard)

    async def _make(self, calls: tuple[ToolCall, ...]) -> None:
        repetition: Repetition | None = None
        for call in calls:
            if len(self._made) >= self._order.calls:
                self._answer(call, prompts.NO_CALLS_LEFT, failed=True)
                continue
            made = await self._one(call)
            self._made.append(made)
            self._talk.add(
                self._speaker.result(call, made.output.text, failed=made.output.failed),
                short=self._speaker.result(
                    call, short_output(made.output), failed=made.output.failed
                ),
            )
            repetition = self._detector.add(_step(made)) or repetition
        self._notice(repetition)

    async def _one(self, call: ToolCall) -> Made:
        key = f"{self._order.key}/call/{len(self._made) + 1}"
        call = self._gate.named(call)
        assessed = self._gate.assess(call)
        output = await self._gate.call(self._work, key, call, reading=self._order.reading)
        return Made(
            key=key,
            call=call,
            risk=assessed.risk if assessed else "read",
            output=output,
            made=was_made(output),
        )

    def _finished(self, final: ToolCall) -> T | None:
        try:
            return to_answer(dict(final.arguments), self._order.final)
        except ValueError as exc:
            error = f"{exc}."
        self._answer(final, prompts.mend(error), failed=True)
        self._notice(
            self._detector.add(Step(action=f"finish {_text(final)}", result=error, failed=True))
        )
        return None

    def _spoken(self, heard: Heard) -> T | None:
        """A reply without any call: the answer, or talk that leads nowhere."""
        problem = heard.problem
        if not problem and not heard.said.text.strip():
            problem = prompts.EMPTY
        if not problem and self._order.expects_calls and not self._made:
            problem = prompts.NO_CALL_YET
        if not problem:
            return self._order.from_text(heard.said.text.strip())
        repetition = self._detector.add(Step(action="", result=problem))
        if repetition is None:
            self._tell(f"{problem} Call a tool, or finish." if heard.problem else problem)
        self._notice(repetition)
        return None

    def _notice(self, repetition: Repetition | None) -> None:
        """Tell the model once that it repeats itself, then end it."""
        if repetition is None:
            return
        if self._nudged:
            raise Stuck(repetition)
        self._nudged = True
        self._tell(nudge(repetition))

    def _answer(self, call: ToolCall, text: str, *, failed: bool) -> None:
        self._talk.add(self._speaker.result(call, text, failed=failed))

    def _tell(self, text: str) -> None:
        self._talk.add(Said(author="user", text=text))

    def _ended(self, value: T | None, why: Literal["done", "limit"]) -> Ended[T]:
        return Ended(value=value, made=self.made, why=why)


def _step(made: Made) -> Step:
    return Step(
        action=f"{made.call.tool} {_text(made.call)}",
        result=made.output.text,
        failed=made.output.failed,
    )


def _text(call: ToolCall) -> str:
    """Arguments in an order of their own, so that the same call is written the same."""
    ordered = dict(sorted(call.arguments.items()))
    return encode_json(ordered).decode(errors="replace")
