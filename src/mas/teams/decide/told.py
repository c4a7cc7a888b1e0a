"""The parts of a report that tell what was not decided by rules: a model's prose, or its absence.

Without a model and without an earlier run there is nothing of it, and the report is the rules' own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mas.core.decision import Decision
from mas.core.failure import Failure
from mas.core.language import Language
from mas.teams.decide.explanation import Explanation
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.markdown import md, prose
from mas.teams.decide.wording import say


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a report tells besides the decision."""

    subject: str = ""
    understood_by: str = ""
    """The model that found the subject."""
    follows: str = ""
    """The run whose subject is asked about again."""
    explanation: Explanation | None = None
    failure: Failure | None = None
    """Why there is no explanation although a model is configured."""


NOTHING_TOLD = Told()


def lines_of_subject(told: Told, language: Language) -> Iterable[str]:
    """Where the subject comes from when the request does not name it; stands under the verdict."""
    if told.understood_by:
        yield _say(language, "model.understood", model=told.understood_by, subject=told.subject)
    elif told.follows:
        yield _say(language, "follow.subject", run=told.follows, subject=told.subject)


def lines_of_explanation(told: Told, decision: Decision, language: Language) -> Iterable[str]:
    """The section of the model below its heading; empty when no model was to explain anything."""
    if told.explanation is not None:
        yield from _explanation(told.explanation, decision, language)
    elif told.failure is not None:
        why = f"{told.failure.message} {told.failure.hint}".strip()
        yield _say(language, "model.missing")
        yield ""
        yield f"{_say(language, 'model.why')}: {md(why)}"


def _explanation(one: Explanation, decision: Decision, language: Language) -> Iterable[str]:
    yield f"*{_say(language, 'model.written', model=one.by, dropped=one.dropped)}*"
    if one.overview:
        yield from ("", _paragraph(one.overview))
    elif not one.notes and not one.steps:
        yield from ("", _say(language, "model.nothing_held"))
    if one.notes:
        yield ""
    for note in one.notes:
        yield f"- **{_say(language, 'model.reason', number=note.reason)}**: {prose(note.text)}"
    if one.steps:
        yield from ("", f"**{_say(language, 'model.next_steps')}**:", "")
        yield from (f"- {_paragraph(step)}" for step in one.steps)
    if one.opinion is not None:
        yield ""
        told = _say(
            language,
            "model.disagrees",
            model=one.by,
            opinion=Phrase(key=f"verdict.word.{one.opinion.verdict}"),
            verdict=Phrase(key=f"verdict.word.{decision.verdict}"),
        )
        because = prose(one.opinion.because)
        yield f"{told} {_say(language, 'model.because')}: {because}" if because else told


def _paragraph(text: str) -> str:
    """Prose at the beginning of a line, where some signs would begin a list or a heading."""
    made = prose(text)
    return f"\\{made}" if made[:1] in "#>+-=~" and made else made


def _say(language: Language, key: str, **params: Param) -> str:
    return md(say(Phrase(key=key, params=params), language))
