"""Asks about a built cluster, and holds every answer against what must always be true of one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import reading

from mas.catalog.loader import load_catalog
from mas.core.language import Language
from mas.core.tools import Catalog
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.images import Recogniser
from mas.teams.decide.answer import answer, contract
from mas.teams.decide.question import read_question
from mas.teams.decide.report import write_report
from mas.testing.clusters import ClusterBuilder, digest

CATALOG = load_catalog()
RECOGNISER = Recogniser(CATALOG.tools.values())
LANGUAGES: tuple[Language, ...] = ("en", "ko")
NOW = "2026-11-20T09:00:00Z"
NO_OBJECTS = {"Catalog", "Snapshot", "Request", "Cluster"}
"""Kinds of evidence that is no object of the cluster."""
GROUNDED = {"overlap", "health", "capacity", "version"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A decision as `--json` prints it, with its report in both languages."""

    decision: dict[str, Any]
    english: str
    korean: str

    @property
    def verdict(self) -> str:
        return str(self.decision["verdict"])

    @property
    def health(self) -> str | None:
        return self.decision["health"]

    @property
    def tool(self) -> str | None:
        return self.decision["tool"]["id"]

    @property
    def reasons(self) -> list[dict[str, Any]]:
        return self.decision["reasons"]

    def kinds(self, stance: str | None = None) -> list[str]:
        """Kinds of the reasons in their order."""
        return [one["kind"] for one in self.reasons if stance in (None, one["stance"])]

    def text(self, kind: str, stance: str | None = None) -> str:
        """All reasons of a kind, as one text."""
        return " ".join(
            one["text"]
            for one in self.reasons
            if one["kind"] == kind and stance in (None, one["stance"])
        )

    def cited(self, kind: str) -> list[tuple[str, str, str]]:
        """(object, field, value) of everything that reasons of a kind cite."""
        return [
            (entry["object"], entry["field"], entry["value"])
            for one in self.reasons
            if one["kind"] == kind
            for entry in (self.decision["evidence"][id_] for id_ in one["evidence"])
        ]

    def objects(self, kind: str) -> set[str]:
        """Objects that reasons of a kind cite."""
        return {object_ for object_, _, _ in self.cited(kind)}

    @property
    def alternatives(self) -> list[str]:
        """Ids of the alternatives, names of the hosted ones."""
        return [one["tool"] or one["name"] for one in self.decision["alternatives"]]

    @property
    def commands(self) -> list[str]:
        return [one["command"] for one in self.decision["guide"]]

    @property
    def counterfactual(self) -> str:
        return self.decision["counterfactual"] or ""

    @property
    def existing(self) -> dict[tuple[str, str], str]:
        """Health by tool and namespace."""
        return {
            (one["tool"], one["namespace"]): one["health"]
            for one in self.decision["cluster"]["existing"]
        }


def read(world: ClusterBuilder) -> Cluster:
    """The digest of a built cluster."""
    return digest(world.as_list(), interesting=RECOGNISER.interesting)


def ask(
    world: ClusterBuilder | None,
    request: str,
    *,
    language: Language | None = None,
    catalog: Catalog = CATALOG,
    hostile: bool = False,
) -> Answer:
    """Decide, write the report in both languages, and check all that must always hold.

    `hostile`: names from the cluster may hold anything, so only the form of the report is checked
    and not its language.
    """
    items = world.as_list()["items"] if world else []
    cluster = read(world) if world else None
    return ask_about(cluster, items, request, language=language, catalog=catalog, hostile=hostile)


def ask_about(
    cluster: Cluster | None,
    items: list[dict[str, Any]],
    request: str,
    *,
    language: Language | None = None,
    catalog: Catalog = CATALOG,
    hostile: bool = False,
) -> Answer:
    """As `ask`, for a digest and the objects that it was made of."""
    question = read_question(request, catalog, language=language)
    decisions, reports = {}, {}
    for spoken in LANGUAGES:
        made = answer(replace(question, language=spoken), cluster, catalog, now=NOW)
        decisions[spoken] = json.loads(json.dumps(contract(made)))
        reports[spoken] = write_report(made, cluster, catalog, spoken)
    told = {
        spoken: Answer(decision=decisions[spoken], english=reports["en"], korean=reports["ko"])
        for spoken in LANGUAGES
    }
    for one in told.values():
        check_contract(one)
        check_evidence(one, items)
    check_same_facts(told["en"], told["ko"])
    for spoken, report in reports.items():
        reading.check_form(report, decisions[spoken], spoken)
        if not hostile:
            reading.check_language(report, decisions[spoken], spoken)
    return told[question.language]


def check_contract(told: Answer) -> None:
    """What each verdict carries (D5, C)."""
    decision = told.decision
    assert told.reasons, "a verdict without a reason"
    kinds = told.kinds()
    if told.verdict == "recommend":
        assert "gain" in told.kinds("for")
        assert "need" in kinds
        assert told.commands, "a recommendation without a guide"
        assert not told.alternatives
    if told.verdict == "do_not_recommend":
        assert told.reasons[0]["stance"] == "against"
        assert not told.commands
        refusals = {"version", "capacity", "storage"} & set(told.kinds("against"))
        first = told.reasons[0]["kind"]
        if first in refusals and "lifecycle" not in told.kinds("against"):
            assert told.counterfactual
    else:
        assert decision["counterfactual"] is None
        assert not told.alternatives
    if told.verdict == "already_installed":
        assert told.health in ("healthy", "degraded", "unknown")
        assert "health" in kinds
        assert (told.health == "healthy") == (not told.commands)
    else:
        assert told.health is None
    if told.verdict == "undetermined":
        assert told.commands, "an undetermined verdict that does not say what to do"
    for command in told.commands:
        assert "\n" not in command
        assert not re.search(r"[\x00-\x1f\x7f]", command)


def check_evidence(told: Answer, items: list[dict[str, Any]]) -> None:
    """Each reason cites what truly stands in the cluster (D7)."""
    evidence = told.decision["evidence"]
    there = {_object_name(item): item for item in items}
    cited: set[str] = set()
    for reason in told.reasons:
        assert reason["evidence"], f"no evidence: {reason}"
        assert len(set(reason["evidence"])) == len(reason["evidence"])
        assert set(reason["evidence"]) <= set(evidence)
        cited |= set(reason["evidence"])
        real = [evidence[id_] for id_ in reason["evidence"] if _is_real(evidence[id_])]
        if told.verdict in ("do_not_recommend", "already_installed") and (
            reason["kind"] in GROUNDED
        ):
            assert real, f"no object of the cluster behind: {reason}"
    assert cited == set(evidence), "evidence that nobody cites"
    for entry in evidence.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["read_at"])
        if not _is_real(entry):
            continue
        item = there.get(entry["object"])
        assert item is not None, f"{entry['object']} is not in the list"
        if " " in entry["field"]:
            continue  # computed: no path has a space
        assert resolve(item, entry["field"]) == entry["value"], entry


def _is_real(entry: dict[str, str]) -> bool:
    return entry["object"].split("/", 1)[0] not in NO_OBJECTS


def _object_name(item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    where = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']}/{where}{metadata['name']}"


_STEP = re.compile(r"(?P<name>(?:[^.\[\\]|\\.)+)|\[(?P<index>\d+)\]")


def resolve(item: Any, path: str) -> str:
    """What stands at a kubectl-style path, printed as kubectl prints it."""
    value = item
    for step in _STEP.finditer(path):
        if step["index"] is not None:
            value = value[int(step["index"])]
        else:
            value = value[re.sub(r"\\(.)", r"\1", step["name"])]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def check_same_facts(english: Answer, korean: Answer) -> None:
    """Only the words differ between the languages."""

    def bare(decision: dict[str, Any]) -> dict[str, Any]:
        return {
            **decision,
            "reasons": [{**one, "text": ""} for one in decision["reasons"]],
            "alternatives": [(one["tool"], one["name"]) for one in decision["alternatives"]],
            "guide": [one["command"] for one in decision["guide"]],
            "counterfactual": bool(decision["counterfactual"]),
        }

    assert bare(english.decision) == bare(korean.decision)
