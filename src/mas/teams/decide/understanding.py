"""The subject of a request where its words name none: from the run before, or by a model (R6, D7).

What the rules have found is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from mas.agents.reasoner import Block
from mas.agents.reasoner import Question as Asking
from mas.core.tools import Catalog
from mas.core.values import JsonValue
from mas.teams.decide.consulting import SentBackOnce
from mas.teams.decide.question import Question, read_question

_INSTRUCTIONS = """\
A person asks whether a Kubernetes cluster should adopt something. The words of the request name
nothing that the catalog knows. Say what is meant, as an id of the lists below:
- `tool`, when the request can only mean this one tool;
- else `capability`, when it describes a need that this capability serves;
- null for both, when it means a product that is not in the list, or nothing that you are sure of.
A wrong subject is worse than none."""
_SHOWN = 3_000
"""Characters of the request that are shown."""


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes a request to be about."""

    tool: str | None = None
    capability: str | None = None


def asking_what_is_meant(question: Question, catalog: Catalog) -> Asking[Meant]:
    """The question to a model for the subject of a request in which the rules found none."""

    def problems(meant: Meant) -> Iterable[str]:
        if meant.tool and meant.tool not in catalog.tools:
            yield f"`tool`: {meant.tool!r} is no id of the list of tools."
        if meant.capability and meant.capability not in catalog.capabilities:
            yield f"`capability`: {meant.capability!r} is no id of the list of capabilities."

    tools = ", ".join(f"{tool.id} ({tool.name})" for tool in catalog.tools.values())
    return Asking(
        key="reason",
        instructions=(
            f"{_INSTRUCTIONS}\n\nTools: {tools}\n\nCapabilities: {', '.join(catalog.capabilities)}"
        ),
        context=(Block(title="request", text=question.text[:_SHOWN]),),
        answer=Meant,
        check=SentBackOnce(problems),
        max_output_tokens=300,
    )


def understood(question: Question, meant: Meant, catalog: Catalog) -> Question | None:
    """The question with the subject that the model named; None when it named nothing known."""
    if meant.tool in catalog.tools:
        return replace(question, tool=meant.tool, capability=None, unknown=None)
    if meant.capability in catalog.capabilities:
        return replace(question, tool=None, capability=meant.capability, unknown=None)
    return None


def has_subject(question: Question) -> bool:
    """Whether the request names something, known or not."""
    return bool(question.tool or question.capability or question.unknown)


def earlier_run(options: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """What a follow-up knows of the run before: `run_id`, `request`, `report`; empty otherwise."""
    context = options.get("context")
    return context if isinstance(context, Mapping) else {}


def earlier_question(options: Mapping[str, JsonValue], catalog: Catalog) -> Question | None:
    """What the run before was about; None when this is no follow-up or that had no subject."""
    context = earlier_run(options)
    if not context:
        return None
    try:
        question = msgspec.convert(context.get("question"), Question)
    except msgspec.ValidationError:
        question = read_question(str(context.get("request") or ""), catalog)
    known = question.tool is None or question.tool in catalog.tools
    known = known and (question.capability is None or question.capability in catalog.capabilities)
    return question if known and has_subject(question) else None


def about_the_same(question: Question, earlier: Question) -> Question:
    """A request that names nothing itself, asked about the subject of the one before."""
    return replace(
        question,
        tool=earlier.tool,
        capability=earlier.capability,
        unknown=earlier.unknown,
        namespace=question.namespace or earlier.namespace,
    )
