"""The report of a `fanout` run: the ranking, the reasons, and how to go on (F4, F5)."""

from __future__ import annotations

from collections.abc import Iterator

from mas.core.language import Language, plain
from mas.core.run import Run
from mas.teams.fanout.answer import Answer, told_agents
from mas.teams.fanout.notes import note_in
from mas.teams.fanout.results import AgentOutcome, Placed
from mas.teams.fanout.wording import say, told_status

_SAID = 300
_COLUMNS = ("place", "agent", "status", "checks", "diff", "files", "commits", "tokens", "time")


def report_of(run: Run, answer: Answer) -> str:
    """The answer as Markdown, in the language of the request."""
    language = run.language
    return "\n".join(
        (
            f"# {plain(run.request, limit=120)}",
            "",
            _first(answer, language),
            _count(answer, language),
            "",
            *_table(answer, language),
            *_why(answer, language),
            *_said(answer, language),
            *_next(run, answer, language),
            *_notes(answer, language),
        )
    )


def _first(answer: Answer, language: Language) -> str:
    if not answer.ranking:
        return say("answer.unranked", language)
    first = answer.ranking[0]
    if first.place is None:
        return say("answer.none", language)
    reason = first.reasons[-1] if first.reasons else ""
    return say("answer.first", language, number=first.agent_id, reason=reason)


def _count(answer: Answer, language: Language) -> str:
    counts = ", ".join(
        f"{count} {told_status(status, language)}"
        for status, count in told_agents(answer.results).items()
    )
    return say("answer.count", language, total=answer.summary.total_agents, counts=counts)


def _table(answer: Answer, language: Language) -> Iterator[str]:
    yield f"## {say('heading.ranking', language)}"
    yield ""
    yield "| " + " | ".join(say(f"column.{name}", language) for name in _COLUMNS) + " |"
    yield "|" + " --- |" * len(_COLUMNS)
    by_id = {one.agent_id: one for one in answer.results}
    ranked = [one.agent_id for one in answer.ranking]
    placed = {one.agent_id: one for one in answer.ranking}
    for number in (*ranked, *(one for one in by_id if one not in placed)):
        yield _row(by_id[number], placed.get(number), language)
    yield ""


def _row(outcome: AgentOutcome, placed: Placed | None, language: Language) -> str:
    checks = placed.checks if placed else ()
    stat, usage = outcome.diff_stat, outcome.usage
    tokens = usage.input_tokens + usage.output_tokens
    cells = (
        str(placed.place) if placed and placed.place else "–",
        f"agent {outcome.agent_id} ({plain(outcome.coder.partition(':')[0], limit=20)})",
        told_status(outcome.status, language),
        say(
            "checks.of",
            language,
            passed=sum(one.passed for one in checks),
            total=len(checks),
        )
        if checks
        else "–",
        f"+{stat.additions} −{stat.deletions}",
        str(stat.files),
        str(outcome.commit_count),
        f"{tokens:,}" if tokens else "–",
        f"{usage.seconds:.1f} s",
    )
    return "| " + " | ".join(cells) + " |"


def _why(answer: Answer, language: Language) -> Iterator[str]:
    told = [one for one in answer.ranking if one.reasons]
    if not told:
        return
    yield f"## {say('heading.why', language)}"
    yield ""
    for one in told:
        reasons = " ".join(plain(reason, limit=_SAID) for reason in one.reasons)
        yield f"- agent {one.agent_id}: {reasons}"
    yield ""


def _said(answer: Answer, language: Language) -> Iterator[str]:
    yield f"## {say('heading.agents', language)}"
    yield ""
    for one in answer.results:
        said = plain(one.error or one.output, limit=_SAID) or "–"
        yield f"- agent {one.agent_id}: {said}"
    yield ""


def _next(run: Run, answer: Answer, language: Language) -> Iterator[str]:
    changed = [one.agent_id for one in answer.ranking if one.place is not None]
    if not changed:
        return
    yield f"## {say('heading.next', language)}"
    yield ""
    yield f"- {say('next.look', language)}: `mas runs diff {run.id} --agents {changed[0]}`"
    if len(changed) > 1:
        pair = f"{changed[0]},{changed[1]}"
        yield f"- {say('next.compare', language)}: `mas runs diff {run.id} --agents {pair}`"
    yield f"- {say('next.merge', language)}: `mas runs merge {run.id} --agent {changed[0]}`"
    yield ""


def _notes(answer: Answer, language: Language) -> Iterator[str]:
    prepared = answer.prepared
    if prepared is None:
        return
    yield f"## {say('heading.notes', language)}"
    yield ""
    commands = ", ".join(f"`{plain(one.command, limit=100)}`" for one in prepared.checks)
    yield f"- {say('note.checks' if commands else 'note.no_checks', language, checks=commands)}"
    if prepared.isolation:
        yield f"- {say('note.isolation', language, words=plain(prepared.isolation, limit=_SAID))}"
    for note in prepared.notes:
        yield f"- {plain(note_in(note, language), limit=_SAID)}"
    for one in answer.results:
        if one.salvaged:
            yield f"- {say('note.salvaged', language, number=one.agent_id)}"
        for note in one.notes:
            yield f"- agent {one.agent_id}: {plain(note_in(note, language), limit=_SAID)}"
    yield ""
