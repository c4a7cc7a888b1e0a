"""What an agent has read, found again in the records of its calls: the facts of its answer (D7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mas.agents.acting import Made
from mas.agents.agent_records import Answer, CallNote
from mas.agents.context import first_line
from mas.core.calls import ToolOutput
from mas.core.errors import Bug
from mas.core.ports import Work
from mas.core.stages import ActionTaken
from mas.core.values import JsonValue, encode_json

_SAID = 400
_OUTPUT_SHOWN = 300
_ECHOES = frozenset({"echo", "printf"})


async def recall(work: Work, key: str) -> JsonValue:
    """The value of a step that has been recorded, in this attempt or an earlier one."""

    async def gone() -> object:
        raise Bug(f"Step {key} of task {work.task.id} was never done.")

    return await work.record(key, "action", gone)


async def read_texts(work: Work, notes: Iterable[CallNote]) -> tuple[str, ...]:
    """What the calls have shown: their outputs, and of those that succeeded also what they name.

    Of failed ones only the output of a command counts; everything else repeats what was asked.
    """
    texts: list[str] = []
    for note in notes:
        output = msgspec.convert(await recall(work, note.key), ToolOutput)
        if not output.failed and not note.echoes:
            texts += [note.said, output.text]
        elif output.exit_code is not None and not note.echoes:
            texts.append(output.text)
    return tuple(texts)


def notes_of(made: Sequence[Made]) -> tuple[CallNote, ...]:
    """What a stage's record holds of its calls; those that never reached a tool are left out."""
    return tuple(
        CallNote(
            key=one.key,
            said=_said(one),
            changed=one.may_have_changed,
            echoes=_echoes(one),
        )
        for one in made
        if one.made
    )


def taken(made: Made) -> ActionTaken:
    """A call as the record of the act stage shows it."""
    return ActionTaken(
        action=_said(made),
        success=not made.output.failed,
        output=first_line(made.output.text, _OUTPUT_SHOWN),
    )


def with_real_sources(answer: Answer, texts: Iterable[str]) -> Answer:
    """The answer with those of its sources that occur in what was read or handed in."""
    whole = "\n".join(texts)
    real = tuple(source for source in answer.sources if source.strip() and source in whole)
    return msgspec.structs.replace(answer, sources=real)


def _said(made: Made) -> str:
    arguments = " ".join(
        f"{name}={value if isinstance(value, str) else encode_json(value).decode()}"
        for name, value in made.call.arguments.items()
    )
    return f"{made.call.tool} {arguments}"[:_SAID]


def _echoes(made: Made) -> bool:
    """Whether a command says no more than what it was told to say."""
    argv = next((value for value in made.call.arguments.values() if isinstance(value, list)), [])
    return bool(argv) and str(argv[0]).rpartition("/")[2] in _ECHOES
