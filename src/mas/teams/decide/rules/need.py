"""What would be gained, and who asks for it?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.teams.decide.findings import Finding, Param, Phrase
from mas.teams.decide.rules.overlap import missing, uncovered_extras
from mas.teams.decide.situation import Situation


def what_it_adds(situation: Situation) -> Iterable[Finding]:
    """Capabilities that are missing here; when the purpose is covered, the extras alone."""
    lacking, extras = missing(situation), uncovered_extras(situation)
    if not lacking and not extras:
        return
    replaced = [id_ for id_ in lacking if situation.inventory.giving(id_)]
    if replaced:
        key = "gain.replaces"
    elif lacking:
        key = "gain.missing_extras" if extras else "gain.missing"
    else:
        key = "gain.extras"
    wanted = lacking or extras
    yield Finding(
        key=key,
        params={
            "tool": situation.tool.name,
            "capabilities": situation.capability_names(wanted),
            "extras": situation.capability_names(extras),
        },
        kind="gain",
        stance="for",
        evidence=(
            *(
                situation.cite_count(f"healthy tools that give {id_}", 0)
                for id_ in wanted[:4]
                if id_ not in replaced
            ),
            situation.cite_catalog(
                "capabilities.primary" if lacking else "capabilities.secondary",
                ", ".join(wanted),
            ),
        ),
    )


def demand_for_it(situation: Situation) -> Iterable[Finding]:
    """Which demand was seen in the request or the cluster; none seen is said, too."""
    if not missing(situation):
        return
    seen, evidence = _seen_in_the_cluster(situation)
    asked = _named_in_the_request(situation)
    if asked:
        seen = (Phrase(key="need.asked", params={"what": situation.capability_names(asked)}), *seen)
        evidence = (
            situation.book.cite("Request/text", "capability named", ", ".join(asked)),
            *evidence,
        )
    if seen:
        yield Finding(
            key="need.seen",
            params={"tool": situation.tool.name, "seen": seen},
            kind="need",
            stance="for",
            evidence=evidence,
        )
        return
    yield Finding(
        key="need.none",
        params={"tool": situation.tool.name, "pays": situation.tool.pays_when},
        kind="need",
        stance="against",
        evidence=(situation.book.cite("Request/text", "demand named", "none"),),
    )


def _named_in_the_request(situation: Situation) -> tuple[str, ...]:
    question, tool = situation.question, situation.tool
    named = {question.capability, *question.wanted}
    given = (*tool.capabilities.primary, *tool.capabilities.secondary)
    return tuple(id_ for id_ in given if id_ in named)


def _seen_in_the_cluster(
    situation: Situation,
) -> tuple[tuple[Param, ...], tuple[str, ...]]:
    """Signals of the asked capabilities that are not zero, with the first object of each."""
    seen: list[Param] = []
    evidence: list[str] = []
    for capability in missing(situation):
        for signal in situation.catalog.capabilities[capability].demand:
            sample = situation.cluster.counts.get(signal)
            if not sample or not sample.count:
                continue
            seen.append(Phrase(key=f"signal.{signal}", params={"count": sample.count}))
            evidence.append(situation.cite_count(signal.replace("-", " "), sample.count))
            if sample.first:
                name = sample.first.rsplit("/", 1)[-1]
                evidence.append(situation.book.cite(sample.first, "metadata.name", name))
        for rival in situation.inventory.giving(capability):
            seen.append(Phrase(key="signal.replaced", params={"old": rival.tool.name}))
            evidence.append(situation.cite_image(rival))
    left = situation.inventory.left_over.get(situation.tool.id)
    if left and left.resources:
        seen.append(Phrase(key="signal.resources", params={"count": left.resources}))
        evidence.append(
            situation.book.cite(
                f"CustomResourceDefinition/{left.names[0]}", "metadata.name", left.names[0]
            )
        )
    return tuple(seen), tuple(evidence)
