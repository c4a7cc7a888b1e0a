"""Whole reports, as the person who asked reads them (D6). `ask` checks the form of each one."""

from __future__ import annotations

import re

import pytest
from judging import Answer, ask, check_evidence, resolve
from reading import check_form, check_language, check_sentences
from worlds import argo_cd, cluster, gitea, ingress_nginx, monitoring, tekton

from mas.teams.decide.report import code, md

KO = "Tekton 도입 여부를 결정해줘"
EN = "Should we adopt Tekton on this cluster?"


def homelab() -> Answer:
    """The canonical question on a cluster with Argo CD, Gitea and Prometheus."""
    world = cluster(version="v1.33.6")
    argo_cd(world)
    gitea(world)
    monitoring(world)
    for number in range(15):
        world.application(f"app-{number}")
    return ask(world, KO)


def test_d6_the_canonical_report_in_korean() -> None:
    report = homelab().korean
    assert report.startswith(
        "# Tekton Pipelines 도입 검토\n\n> **Tekton Pipelines 도입을 권장하지 않습니다.**"
    )
    for line in (
        "- Kubernetes 버전: v1.33.6",
        "- 노드: 3대(컨트롤 플레인 1, 워커 2), 모두 준비됨",
        "- 애플리케이션: 15개",
        "| Gitea | Git 호스팅 | `gitea` | 1.24.2 | 정상 |",
        "| Argo CD | GitOps 배포 | `argocd` | v3.1.0 | 정상 |",
        "1. **[기능 중복, 반대]**",
        "- **Gitea Actions**:",
        "- **Argo CD**:",
        "- **GitHub Actions**:",
    ):
        assert line in report
    assert report.rstrip().endswith("대안: Gitea Actions, Argo CD, GitHub Actions.")


def test_d6_the_canonical_report_in_english() -> None:
    report = homelab().english
    for line in (
        "> **Do not adopt Tekton Pipelines.**",
        "- Nodes: 3 (control plane: 1, workers: 2), all ready",
        "- Applications: 15",
        "1. **[overlap, against]**",
        "**What would change the verdict**",
    ):
        assert line in report
    assert report.rstrip().endswith("Use instead: Gitea Actions, Argo CD, GitHub Actions.")


def test_d6_tools_of_other_fields_are_named_in_one_line() -> None:
    assert re.search(r"Other tools found: .*Prometheus \(monitoring\)", homelab().english)


def test_d6_a_guide_has_sizes_installation_verification_and_a_marked_rollback() -> None:
    told = ask(cluster(), EN)
    assert "| controller | 1 | 100m | 100Mi | none | recommended |" in told.english
    titles = [step["title"] for step in told.decision["guide"]]
    assert any("Install" in title for title in titles)
    assert any("Wait until" in title for title in titles)
    assert titles[-1].startswith("Only to undo it: ")
    korean = ask(cluster(), KO).decision["guide"]
    assert korean[-1]["title"].startswith("되돌릴 때만 실행: ")


def test_d6_a_healthy_installation_has_nothing_to_do() -> None:
    world = cluster()
    tekton(world)
    told = ask(world, EN)
    assert "Nothing has to be done." in told.english
    assert "할 일이 없습니다." in told.korean


def test_d6_a_broken_installation_has_steps_to_repair_it_in_order() -> None:
    world = cluster()
    tekton(world, waiting="CrashLoopBackOff")
    told = ask(world, EN)
    assert "## How to repair it" in told.english
    assert "## 복구 방법" in told.korean
    words = [next(w for w in ("logs", "describe", "rollout") if w in one) for one in told.commands]
    assert words == ["logs", "describe", "rollout"]


def test_d6_what_could_not_be_read_is_shown() -> None:
    told = ask(cluster().forbid("ingresses"), EN)
    assert "- Could not be read: `ingresses`" in told.english
    assert "- 읽지 못한 종류: `ingresses`" in told.korean


def test_d6_nodes_out_of_service_are_counted() -> None:
    world = cluster().node("w-3", ready=False).node("w-4", cordoned=True)
    assert "not ready or cordoned: 2" in ask(world, EN).english


def test_d6_no_cluster_is_said_in_the_first_part() -> None:
    told = ask(None, EN)
    assert "- Cluster: none given" in told.english


def test_d6_a_version_that_was_inferred_is_marked() -> None:
    assert "(inferred from the kubelets)" in ask(cluster(), EN).english
    assert "inferred" not in ask(cluster().server_version("v1.35.2"), EN).english


def test_d6_the_date_of_a_retirement_is_said_as_people_say_it() -> None:
    world = cluster()
    ingress_nginx(world)
    told = ask(world, "ingress-nginx 도입?")
    assert re.search(r"20\d\d년 \d{1,2}월부터", told.text("lifecycle"))
    assert re.search(r"since [A-Z][a-z]+ 20\d\d", told.english)


def test_d7_the_report_shows_the_evidence_of_each_reason() -> None:
    told = homelab()
    for reason in told.reasons:
        for id_ in reason["evidence"][:1]:
            assert f"`{told.decision['evidence'][id_]['object']}`" in told.english


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a|b", "a\\|b"),
        ("*x* `y` [z](w) <b>", "\\*x\\* \\`y\\` \\[z\\](w) \\<b>"),
        ("two\nlines", "two lines"),
        ("\x1b[1mbold", "\\[1mbold"),
    ],
)
def test_q2_text_from_outside_is_plain_text_in_markdown(text: str, made: str) -> None:
    assert md(text) == made


def test_q2_a_code_span_cannot_be_left() -> None:
    assert code("a`b|c\nd") == "`a'b¦c d`"


# The checks themselves: each finds the mistake it is there for.

REPORT = homelab()


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace("## 결론", "## 마무리"),
        lambda text: text.replace("## 대안", "## 현재 클러스터 상태"),
        lambda text: text.replace("2. **[", "7. **["),
        lambda text: text.replace("| Gitea |", "| Gitea"),
        lambda text: text.replace("검토", "검토\x1b[31m", 1),
    ],
)
def test_the_check_of_the_form_finds_what_is_broken(broken) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AssertionError):
        check_form(broken(REPORT.korean), REPORT.decision, "ko")


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace("애플리케이션", "applications"),
        lambda text: text + "\nThis is not Korean.\n",
        lambda text: text + "\n권장하지 않음.\n",
        lambda text: text + "\n한도를 5(으)로 올립니다.\n",
    ],
)
def test_the_check_of_korean_finds_english_and_bad_endings(broken) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AssertionError):
        check_language(broken(REPORT.korean), REPORT.decision, "ko")


def test_the_check_of_sentences_finds_what_is_left_over() -> None:
    for line in ("Ends twice..", "An (empty) pair ().", "A {placeholder}.", "It is None here"):
        with pytest.raises(AssertionError):
            check_sentences(line)
    check_sentences("Fine: v1.2.3 (three nodes).")


def test_the_check_of_evidence_finds_values_that_do_not_stand_there() -> None:
    world = cluster()
    gitea(world)
    told = ask(world, EN)
    items = world.as_list()["items"]
    check_evidence(told, items)
    next(one for one in items if one["metadata"]["name"] == "gitea")["status"]["readyReplicas"] = 7
    with pytest.raises(AssertionError):
        check_evidence(told, items)


def test_paths_are_read_as_kubectl_reads_them() -> None:
    item = {"a": {"b.c/d": [{"e": True}, {"e": 1.5}]}, "n": 3}
    assert resolve(item, r"a.b\.c/d[0].e") == "true"
    assert resolve(item, r"a.b\.c/d[1].e") == "1.5"
    assert resolve(item, "n") == "3"
