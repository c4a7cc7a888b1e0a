"""What reaches a model is small at any size of the cluster, and states totals (D10)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from judging import CATALOG, NOW, read
from worlds import argo_cd, cluster, gitea, monitoring

from mas.agents.context import estimate_tokens
from mas.core.decision import Decision
from mas.core.grounding import ungrounded
from mas.core.language import Language
from mas.kubernetes.cluster import Amount, Cluster, Node, Quota, StorageClass
from mas.teams.decide.answer import answer, survey
from mas.teams.decide.explanation import Checker
from mas.teams.decide.pack import Around, Pack, pack_of
from mas.teams.decide.question import read_question
from mas.teams.decide.report import write_report
from mas.teams.decide.survey import Survey, survey_of

LIMIT = 3_000
LONG = "설명이 아주 긴 문장입니다. " * 2_000
LOUD = Around(
    request=LONG,
    findings=(LONG,) * 20,
    told=(LONG,) * 20,
    earlier_request=LONG,
    earlier_report=LONG,
)


@cache
def small() -> Cluster:
    world = cluster(version="v1.33.6")
    argo_cd(world)
    gitea(world)
    monitoring(world)
    return read(world)


@cache
def huge() -> Cluster:
    """5,000 nodes, a tool in hundreds of namespaces, thousands of quotas and classes."""
    base = small()
    pattern = base.nodes[-1]
    nodes = tuple(
        replace_node(pattern, f"ip-10-{number // 250}-{number % 250}.region.compute.internal")
        for number in range(5_000)
    )
    many = tuple(
        change(one, namespace=f"team-{number:04d}")
        for number in range(400)
        for one in base.workloads
    )
    return change(
        base,
        nodes=nodes,
        workloads=many,
        pod_count=150_000,
        quotas=tuple(
            Quota(namespace=f"team-{n:04d}", name="q" * 50, hard={"cpu": "1", "memory": "1Gi"})
            for n in range(4_000)
        ),
        storage_classes=tuple(StorageClass(name=f"class-{n}" * 5) for n in range(500)),
    )


def replace_node(node: Node, name: str) -> Node:
    return change(node, name=name, requested=Amount(cpu=1, memory=1, pods=1))


def change(one, **what):  # type: ignore[no-untyped-def]
    import msgspec

    return msgspec.structs.replace(one, **what)


def decided(where: Cluster, request: str, language: Language = "en") -> Decision:
    question = replace(read_question(request, CATALOG), language=language)
    return answer(question, where, CATALOG, now=NOW)


def packed(where: Cluster, around: Around, language: Language = "en") -> Pack:
    return pack_of(decided(where, "Tekton?", language), CATALOG, around)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("around", [Around(request="Tekton?"), LOUD], ids=["quiet", "loud"])
def test_d10_a_pack_is_small_at_any_size(language: Language, around: Around) -> None:
    for where in (small(), huge()):
        pack = packed(where, around, language)
        assert pack.tokens <= LIMIT
        assert sum(estimate_tokens(b.title + b.text) for b in pack.blocks) <= pack.tokens


def test_d10_a_pack_states_totals_where_it_is_cut() -> None:
    text = "\n".join(block.text for block in packed(huge(), Around(request="Tekton?")).blocks)
    assert "nodes: 5000" in text
    assert "tool installations: 2000" in text
    assert "Gitea 1.24.2 in team-0000: healthy (installations in all: 400)" in text
    assert "(evidence in all: 800)" in text


def test_d10_a_pack_of_a_small_cluster_is_whole() -> None:
    decision = decided(small(), "Tekton?")
    pack = pack_of(decision, CATALOG, Around(request="Tekton?"))
    text = "\n".join(block.text for block in pack.blocks)
    for reason in decision.reasons:
        assert reason.text in text
    for one in decision.alternatives:
        assert one.text in text
    assert decision.counterfactual
    assert decision.counterfactual in text
    assert "e3: Deployment/gitea/gitea status.readyReplicas = 1" in text
    assert " more" not in text


def test_d7_words_of_people_are_shown_and_are_no_facts() -> None:
    around = Around(request="We have 4711 nodes.", told=("4712",), earlier_report="4713")
    pack = packed(small(), around)
    shown = "\n".join(block.text for block in pack.blocks)
    for number in ("4711", "4712", "4713"):
        assert number in shown
        assert number not in "\n".join(pack.facts)


@pytest.mark.parametrize("where", [small, huge])
def test_d10_a_survey_is_small_at_any_size(where) -> None:  # type: ignore[no-untyped-def]
    lines = surveyed(where())
    assert estimate_tokens(lines.text) <= LIMIT
    assert list(lines.lines)[:2] == ["s1", "s2"]


def test_d10_a_survey_states_totals_where_it_is_cut() -> None:
    text = surveyed(huge()).text
    assert "Gitea 1.24.2" in text
    for total in ("nodes: 5000", "tool installations: 2,000", "of 5,000", "of 4,000"):
        assert total in text


def surveyed(where: Cluster) -> Survey:
    return survey_of(where, survey(where, CATALOG))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("tool", ["tekton", "harbor", "istio", "velero", "prometheus", "argo-cd"])
def test_d7_what_the_rules_say_themselves_passes_the_check(tool: str, language: Language) -> None:
    """A model that repeats the rules word for word must not be called a liar."""
    decision = decided(small(), f"{CATALOG.tools[tool].name} adoption?", language)
    pack = pack_of(decision, CATALOG, Around(request="?"))
    checker = Checker.of(decision, pack, CATALOG, language)
    for reason in decision.reasons:
        assert checker.wrong(reason.text) == "", reason.text
    for one in decision.alternatives:
        assert not ungrounded(one.text, checker.facts), one.text
    assert write_report(decision, small(), CATALOG, language)
