"""The prose of a model beside a decision of rules, sentence by sentence held against it (D7). Pure.

A sentence with a number, version or name that no evidence carries, in the wrong language, or that
recommends the opposite of the verdict is sent back once and then left out. The verdict, its
reasons and their evidence are the rules' and are not touched by anything here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from mas.agents.reasoner import Question as Asking
from mas.core.decision import Decision, Verdict
from mas.core.grounding import Facts, sentences, ungrounded
from mas.core.language import Language, detect_language, plain
from mas.core.tools import Catalog
from mas.teams.decide.consulting import SentBackOnce, tool_names
from mas.teams.decide.pack import Pack
from mas.teams.decide.polarity import contradicts

_MOST_SENTENCES = {"overview": 6, "reason": 3, "step": 2, "because": 3}
_MOST_STEPS = 5
_INSTRUCTIONS = """\
Rules have decided whether this cluster should adopt a tool. Their verdict, reasons and evidence
stand as they are. Explain them to the person who asked, who is no Kubernetes expert:
- `overview`: 3 to 6 sentences: what was found in this cluster, and why the verdict follows.
- `reasons`: for each numbered reason, what it means for this person, in 1 or 2 sentences; refer to
  it by its number in `reason`.
- `next_steps`: 1 to 5 things to do next that agree with the verdict, one sentence each.
- `verdict`: your own opinion; it may differ, and is then shown beside the rules' verdict.
- `because`: why, in 1 or 2 sentences.
Each sentence is checked by code. It is removed when it holds a number, version, tool or object name
that does not stand in the data, or recommends the opposite of the rules' verdict. So copy numbers
with their units and names as they stand there, calculate nothing, write names of objects in
backticks, and no commands, links, headings or lists. If the person asks for something, answer it in
the overview as far as the evidence goes."""


class ReasonNote(msgspec.Struct, frozen=True, kw_only=True):
    """What one reason means; `reason` is its number in the report."""

    reason: int
    text: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A model's explanation, as it was answered."""

    overview: str
    reasons: tuple[ReasonNote, ...]
    next_steps: tuple[str, ...]
    verdict: Verdict
    because: str


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What the model would have decided, where that differs from the rules."""

    verdict: Verdict
    because: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation of which every sentence has passed."""

    by: str
    """`provider:name` of the model."""
    overview: str
    notes: tuple[ReasonNote, ...]
    steps: tuple[str, ...]
    opinion: Opinion | None = None
    dropped: int = 0
    """Sentences that were left out."""


@dataclass(frozen=True, kw_only=True)
class Checker:
    """Tells what is wrong with a sentence about a decision."""

    decision: Decision
    language: Language
    facts: Facts
    subject: frozenset[str]
    others: frozenset[str]

    @classmethod
    def of(cls, decision: Decision, pack: Pack, catalog: Catalog, language: Language) -> Checker:
        """The checker for the prose about a decision, of which the model has seen `pack`."""
        names = tool_names(catalog)
        subject = {decision.tool.name or "", *names.get(decision.tool.id or "", ())} - {""}
        others = {name for id_, given in names.items() if id_ != decision.tool.id for name in given}
        others |= {one.name for one in decision.alternatives}
        return cls(
            decision=decision,
            language=language,
            facts=Facts((*pack.facts, decision.tool.name or ""), names=names),
            subject=frozenset(subject),
            others=frozenset(others - subject),
        )

    def wrong(self, sentence: str, *, opinion: bool = False) -> str:
        """What is wrong with a sentence, in words; empty when nothing is.

        An `opinion` may differ from the verdict.
        """
        strange = ungrounded(sentence, self.facts)
        if strange:
            return f"in no evidence: {', '.join(strange[:5])}"
        if self.language == "ko" and detect_language(sentence) != "ko":
            return "not in Korean"
        if self.language == "en" and detect_language(sentence) != "en":
            return "not in English"
        if not opinion and contradicts(
            sentence, self.decision.verdict, subject=self.subject, others=self.others
        ):
            return f"against the verdict {self.decision.verdict}"
        return ""


def asking_to_explain(decision: Decision, pack: Pack, checker: Checker) -> Asking[Explained]:
    """The question to a model for its explanation of a decision."""

    def problems(explained: Explained) -> Iterable[str]:
        for place, sentence, opinion in _every_sentence(explained, decision):
            if wrong := checker.wrong(sentence, opinion=opinion):
                yield f"{place}: {plain(sentence, limit=120)!r} is {wrong}."
        for note in explained.reasons:
            if not _is_reason(note, decision):
                yield f"reasons: there is no reason {note.reason}."

    return Asking(
        key="act",
        instructions=_INSTRUCTIONS,
        context=pack.blocks,
        answer=Explained,
        check=SentBackOnce(problems),
        max_output_tokens=2_000,
    )


def checked(explained: Explained, by: str, decision: Decision, checker: Checker) -> Explanation:
    """The explanation without the sentences that do not hold."""
    sieve = _Sieve(checker)
    overview = sieve.pass_(explained.overview, "overview")
    notes: dict[int, ReasonNote] = {}
    for note in explained.reasons:
        text = sieve.pass_(note.text, "reason") if _is_reason(note, decision) else ""
        if text and note.reason not in notes:
            notes[note.reason] = ReasonNote(reason=note.reason, text=text)
        elif not _is_reason(note, decision):
            sieve.dropped += len(sentences(note.text))
    steps = tuple(sieve.pass_(step, "step") for step in explained.next_steps[:_MOST_STEPS])
    opinion = None
    if explained.verdict != decision.verdict:
        because = sieve.pass_(explained.because, "because", opinion=True)
        opinion = Opinion(verdict=explained.verdict, because=because)
    return Explanation(
        by=by,
        overview=overview,
        notes=tuple(notes[number] for number in sorted(notes)),
        steps=tuple(step for step in steps if step),
        opinion=opinion,
        dropped=sieve.dropped,
    )


class _Sieve:
    """Lets pass what holds, and counts what does not."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self.dropped = 0

    def pass_(self, text: str, place: str, *, opinion: bool = False) -> str:
        every = sentences(text.replace("**", "").replace("__", ""))
        kept = [one for one in every if not self._checker.wrong(one, opinion=opinion)]
        self.dropped += len(every) - len(kept)
        return " ".join(kept[: _MOST_SENTENCES[place]])


def _is_reason(note: ReasonNote, decision: Decision) -> bool:
    return 1 <= note.reason <= len(decision.reasons)


def _every_sentence(explained: Explained, decision: Decision) -> Iterable[tuple[str, str, bool]]:
    """Each sentence with its place, and whether it belongs to the model's own opinion."""
    for one in sentences(explained.overview):
        yield "overview", one, False
    for note in explained.reasons:
        for one in sentences(note.text):
            yield f"reason {note.reason}", one, False
    for step in explained.next_steps:
        for one in sentences(step):
            yield "next_steps", one, False
    if explained.verdict != decision.verdict:
        for one in sentences(explained.because):
            yield "because", one, True
