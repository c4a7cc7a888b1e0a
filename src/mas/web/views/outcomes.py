"""One sentence for how a run has ended or stands, so that nobody has to open it for that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mas.core.language import Language, plain
from mas.core.overview import WorkingTask
from mas.core.run import Run, RunStatus, RunSummary, TaskState
from mas.web.views.faults import told_failure
from mas.web.wording import Wording

LONGEST = 300
"""Characters; a row shows two lines of it."""

_VERDICTS = ("recommend", "do_not_recommend", "already_installed", "undetermined")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A sentence and the language that it is in; empty: there is nothing to tell."""

    text: str
    language: Language


def outcome_of(
    run: RunSummary, *, reader: Language, working: Sequence[WorkingTask] = ()
) -> Outcome:
    """The sentence for a run. `working` are its tasks that run or wait for a person.

    What a run has answered is told in its own language, how it stands in the reader's.
    """
    if not run.status.ended:
        return Outcome(text=_standing(run, Wording(reader), working), language=reader)
    if run.status is RunStatus.CANCELLED:
        return Outcome(text=Wording(reader)("outcome.cancelled"), language=reader)
    told = _answer(run, reader) if isinstance(run, Run) else None
    if run.status is RunStatus.SUCCEEDED or (told is not None and run.team == "fanout"):
        told = told or Outcome(text=Wording(reader)("outcome.done"), language=reader)
        return Outcome(text=plain(told.text, limit=LONGEST), language=told.language)
    return _failed(run, reader)


def _standing(run: RunSummary, t: Wording, working: Sequence[WorkingTask]) -> str:
    asking = [task for task in working if task.state is TaskState.AWAITING]
    at_work = [task for task in working if task.state is not TaskState.AWAITING]
    if asking:
        title = plain(asking[0].title, limit=120)
        return t("outcome.asks", role=asking[0].role, title=title)
    if len(at_work) == 1:
        title = plain(at_work[0].title, limit=160)
        return t("outcome.works", role=at_work[0].role, title=title)
    if at_work:
        roles = ", ".join(dict.fromkeys(task.role for task in at_work))
        return t("outcome.several", count=len(at_work), roles=plain(roles, limit=120))
    if run.status is RunStatus.QUEUED:
        return t("outcome.queued")
    return t("outcome.planning") if run.status is RunStatus.PLANNING else t("outcome.between")


def _failed(run: RunSummary, reader: Language) -> Outcome:
    if run.failure is None:
        return Outcome(text=Wording(reader)("outcome.failed"), language=reader)
    told = told_failure(run.failure, reader, limit=LONGEST)
    return Outcome(text=told.sentence, language=told.language)


def _answer(run: Run, reader: Language) -> Outcome | None:
    """What the run has answered, in one sentence; None: nothing.

    What it says itself is in its own language, what is counted here in the reader's.
    """
    result: Any = run.result
    t = Wording(reader)
    if isinstance(result, Mapping):
        if "verdict" in result:
            return Outcome(text=_verdict(result, Wording(run.language)), language=run.language)
        if "ranking" in result and "results" in result:
            return Outcome(text=_ranking(result, t), language=reader)
        if "plan" in result:
            count = len(_items(result["plan"]))
            return Outcome(text=t("outcome.planned", count=count), language=reader)
        for key in ("summary", "output", "answer"):
            if isinstance(result.get(key), str) and result[key].strip():
                return Outcome(text=first_sentence(result[key]), language=run.language)
    sentence = first_sentence(run.report or "")
    return Outcome(text=sentence, language=run.language) if sentence else None


def _verdict(result: Mapping[str, Any], t: Wording) -> str:
    verdict = str(result["verdict"])
    word = t(f"outcome.verdict.{verdict}") if verdict in _VERDICTS else verdict
    reasons = _items(result.get("reasons"))
    against = verdict == "do_not_recommend"
    speaking = [one for one in reasons if (one.get("stance") == "against") == against]
    first = str((speaking or reasons or [{}])[0].get("text", ""))
    return f"{word} {first_sentence(first)}".strip()


def _ranking(result: Mapping[str, Any], t: Wording) -> str:
    results = _items(result["results"])
    placed = [one for one in _items(result["ranking"]) if one.get("place") is not None]
    if not placed:
        changed = any(one.get("net_change") is True for one in results)
        return t("outcome.unranked" if changed else "outcome.nobody", count=len(results))
    first = min(placed, key=lambda one: one["place"])
    checks = _items(first.get("checks"))
    if not checks:
        return t("outcome.first", agent=first.get("agent_id"))
    passed = sum(one.get("passed") is True for one in checks)
    return t("outcome.first_checks", agent=first["agent_id"], passed=passed, total=len(checks))


def _items(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [one for one in value if isinstance(one, Mapping)]


def first_sentence(markdown: str) -> str:
    """The first words of a text that are a sentence: headings, tables and code are passed by."""
    fenced = False
    for line in markdown.splitlines():
        text = line.strip()
        if text.startswith("```"):
            fenced = not fenced
        elif text and not fenced and not text.startswith(("#", "|", "---", "<")):
            return plain(text.lstrip("->* ").replace("**", "").replace("`", ""), limit=LONGEST)
    return ""
