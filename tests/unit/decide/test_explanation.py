"""A model explains a decision and cannot change it (D7): liars, failures, follow-ups, dry runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from deciding import QUIET, Decided, decide
from worlds import argo_cd, cluster, gitea, monitoring, tekton

from mas.core.errors import BudgetReached, MasError, Permanent, Transient, UserError
from mas.core.failure import Failure
from mas.core.run import RunStatus
from mas.teams.decide.team import DecideTeam
from mas.testing.clusters import ClusterBuilder
from support.fake_reasoner import FakeReasoner

KO = "Tekton 도입 여부를 결정해줘"
EN = "Should we adopt Tekton on this cluster?"
NOTHING: dict[str, Any] = {"findings": []}

GOOD_EN = {
    "overview": (
        "This cluster has 3 nodes and runs Kubernetes v1.33.6. "
        "Gitea Actions already covers CI pipelines, and `Deployment/gitea/gitea` is ready. "
        "Tekton Pipelines would need CPU 350m and memory 364 MiB, for which there is room."
    ),
    "reasons": [
        {"reason": 1, "text": "Your pipelines run in Gitea Actions in namespace gitea."},
        {"reason": 2, "text": "You would look after 8 custom resource definitions."},
    ],
    "next_steps": ["Keep using Gitea Actions.", "Let Argo CD deliver what it builds."],
    "verdict": "do_not_recommend",
    "because": "The purpose is served.",
}
GOOD_KO = {
    "overview": (
        "이 클러스터에는 노드 3대가 있고 Kubernetes v1.33.6을 사용합니다. "
        "Gitea Actions가 이미 CI 파이프라인을 맡고 있으며 `Deployment/gitea/gitea`도 정상입니다. "
        "Tekton Pipelines에 필요한 메모리는 364Mi이고 여유는 16 GiB입니다."
    ),
    "reasons": [
        {
            "reason": 1,
            "text": "네임스페이스 gitea의 Gitea Actions에서 파이프라인을 실행하면 됩니다.",
        },
        {"reason": 2, "text": "구성 요소 4개와 CRD 8개를 새로 돌봐야 합니다."},
    ],
    "next_steps": ["Gitea Actions를 계속 사용하세요."],
    "verdict": "do_not_recommend",
    "because": "같은 기능이 있습니다.",
}
LIES_EN = {
    "overview": (
        "This cluster has 57 nodes and runs Kubernetes v1.29.4. "
        "Use Zorblax, because it is better. Jenkins runs in namespace ci-system already. "
        "You should adopt Tekton Pipelines immediately."
    ),
    "reasons": [
        {"reason": 1, "text": "Gitea has 12 ready replicas."},
        {"reason": 9, "text": "There is more."},
    ],
    "next_steps": ["Install Tekton Pipelines today.", "Run `kubectl delete namespace gitea`."],
    "verdict": "recommend",
    "because": "There are 900Gi of free memory. It is modern.",
}
LIES_KO = {
    "overview": (
        "이 클러스터에는 노드 쉰일곱 대가 아니라 57대가 있습니다. 젠킨스가 이미 설치되어 있습니다. "
        "Zorblax를 쓰면 좋습니다. Tekton Pipelines 도입을 강력히 권장합니다. "
        "노드 세 대 가운데 아홉 대가 고장입니다."
    ),
    "reasons": [{"reason": 1, "text": "복제본 12개가 준비되어 있습니다."}],
    "next_steps": ["Tekton을 바로 설치하세요."],
    "verdict": "recommend",
    "because": "메모리 여유가 900Gi입니다. 새로운 도구입니다.",
}


def homelab() -> ClusterBuilder:
    world = cluster(version="v1.33.6")
    argo_cd(world)
    gitea(world)
    monitoring(world)
    return world


def model(said: Any, **more: Any) -> FakeReasoner:
    return FakeReasoner(**{"planner": {}, "researcher": NOTHING, "decider": said, **more})


def without_explanation(report: str) -> str:
    """The report without the section of the model."""
    return re.sub(r"\n## (?:Explanation|설명)\n.*?(?=\n## )", "", report, flags=re.DOTALL)


@pytest.mark.parametrize(("request_", "said"), [(EN, GOOD_EN), (KO, GOOD_KO)])
def test_d7_true_prose_is_shown_in_a_section_of_its_own(request_: str, said: Any) -> None:
    plain, told = decide(homelab(), request_), decide(homelab(), request_, model(said))
    assert told.result == plain.result
    assert without_explanation(told.report) == plain.report
    for sentence in (said["overview"], said["next_steps"][0], said["reasons"][0]["text"]):
        assert sentence in told.report
    assert re.search(r"sentences dropped: 0|뺀 문장은 0개", told.report)
    assert "fake:model" in told.report


@pytest.mark.parametrize(("request_", "said"), [(EN, LIES_EN), (KO, LIES_KO)])
def test_d7_a_liar_changes_neither_verdict_nor_reasons_nor_evidence(
    request_: str, said: Any
) -> None:
    plain, told = decide(homelab(), request_), decide(homelab(), request_, model(said))
    assert told.run.status is RunStatus.SUCCEEDED
    assert told.result == plain.result
    assert without_explanation(told.report) == plain.report
    for lie in ("57", "Zorblax", "Jenkins", "젠킨스", "v1.29.4", "900Gi", "아홉 대", "kubectl"):
        assert lie not in told.report
    assert not re.search(r"immediately|강력히|today|바로 설치", told.report)


@pytest.mark.parametrize(("request_", "said"), [(EN, LIES_EN), (KO, LIES_KO)])
def test_d7_false_sentences_are_sent_back_once_with_what_is_wrong(request_: str, said: Any) -> None:
    fake = model(said)
    decide(homelab(), request_, fake)
    assert len(fake.problems) == 1
    for wrong in ("57", "Zorblax", "against the verdict", "900Gi"):
        assert wrong in fake.problems[0]


def test_d7_a_model_that_mends_its_answer_loses_nothing() -> None:
    told = decide(homelab(), EN, model([LIES_EN, GOOD_EN]))
    assert GOOD_EN["overview"] in told.report
    assert "sentences dropped: 0" in told.report


@pytest.mark.parametrize(
    ("request_", "said", "line"),
    [
        (
            EN,
            LIES_EN,
            "fake:model would have decided otherwise (adopt). The verdict by rules stands",
        ),
        (
            KO,
            LIES_KO,
            "fake:model 모델의 의견은 다릅니다(도입 권장). 규칙에 따른 판정은 그대로입니다",
        ),
    ],
)
def test_d7_a_disagreement_is_shown_and_the_rules_verdict_stands(
    request_: str, said: Any, line: str
) -> None:
    told = decide(homelab(), request_, model(said))
    assert line in told.report
    assert told.result["verdict"] == "do_not_recommend"
    because = "It is modern." if request_ == EN else "새로운 도구입니다."
    assert because in told.report
    assert "900Gi" not in told.report


def test_d7_prose_in_the_wrong_language_is_left_out() -> None:
    told = decide(homelab(), KO, model({**GOOD_KO, "overview": "Gitea is there."}))
    assert "Gitea is there." not in told.report
    assert "뺀 문장은 1개" in told.report


def test_q2_prose_cannot_break_the_markdown_of_the_report() -> None:
    said = {**QUIET, "overview": "Gitea [x](y) <b>is</b> | *there*.\n# Gitea\n- Gitea is `a`."}
    told = decide(homelab(), EN, model(said))
    assert len(re.findall(r"^## ", told.report, re.MULTILINE)) == 5
    assert len(re.findall(r"^# ", told.report, re.MULTILINE)) == 1
    assert "<b>" not in told.report.replace("\\<b>", "")


def test_c_the_answer_has_the_same_shape_with_a_model_and_its_tokens_are_counted() -> None:
    plain, told = decide(homelab(), EN), decide(homelab(), EN, model(GOOD_EN))
    assert told.result == plain.result
    assert told.run.usage.input_tokens == 200
    assert plain.run.usage.input_tokens == 0


def test_a6_without_a_model_stages_and_results_hold_nothing_of_one() -> None:
    told = decide(homelab(), EN)
    rules = decide(homelab(), EN, FakeReasoner(name="rules"))
    for one in (told, rules):
        assert set(one.stages["plan/reason"]) == {
            "summary", "problem", "root_causes", "approach", "risks", "success_criteria",
            "conclusion",
        }  # fmt: skip
        assert set(one.tasks[0].result) == {"question"}
        assert set(one.tasks[1].result) == {"cluster", "question"}
        assert set(one.tasks[2].result) == {"decision", "report"}
    assert told.report == rules.report
    assert "Explanation" not in told.report


# Failures of the model.


@pytest.mark.parametrize(
    "error",
    [
        Transient("The model is overloaded.", code="model_overloaded"),
        Permanent("The model answered nonsense.", code="model_nonsense"),
    ],
)
def test_d7_without_its_explanation_a_decision_stands_and_says_why(error: MasError) -> None:
    plain = decide(homelab(), EN)
    told = decide(homelab(), EN, model(error))
    assert told.run.status is RunStatus.SUCCEEDED
    assert told.result == plain.result
    assert without_explanation(told.report) == plain.report
    assert "There is no explanation by a model; the decision was made by rules." in told.report
    assert error.message in told.report


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UserError("The key is refused.", code="model_key"), "user"),
        (BudgetReached("The budget of 10 tokens is reached."), "budget"),
    ],
)
@pytest.mark.parametrize("role", ["researcher", "decider"])
def test_d7_what_a_person_has_to_mend_fails_the_run_and_keeps_the_decision(
    error: MasError, kind: str, role: str
) -> None:
    plain = decide(homelab(), EN)
    fake = model(GOOD_EN, **{role: error})
    told = decide(homelab(), EN, fake)
    assert told.run.status is RunStatus.FAILED
    answer = DecideTeam().review(told.run, told.tasks)
    assert answer.succeeded is False
    assert answer.failure == Failure.of(error)
    assert answer.failure.kind == kind
    assert told.result == plain.result
    assert error.message in told.report


def test_d7_no_agent_asks_a_model_again_that_was_out_of_reach() -> None:
    fake = model(GOOD_EN, researcher=Transient("The model is down."))
    told = decide(homelab(), EN, fake)
    assert fake.roles == ["researcher"]
    assert "The model is down." in told.report
    assert told.run.status is RunStatus.SUCCEEDED


def test_d7_one_bad_answer_says_nothing_of_the_next() -> None:
    fake = model(GOOD_EN, researcher={"findings": "nonsense"})
    told = decide(homelab(), EN, fake)
    assert fake.roles == ["researcher", "decider"]
    assert GOOD_EN["overview"] in told.report


def test_d7_an_answer_that_is_bad_in_another_way_when_mended_is_used_as_it_was() -> None:
    told = decide(homelab(), EN, model([LIES_EN, {"overview": 1}, {"overview": 2}]))
    assert told.run.status is RunStatus.SUCCEEDED
    assert "would have decided otherwise" in told.report
    assert told.result == decide(homelab(), EN).result


# The other two agents.


def test_d7_findings_cite_the_survey_and_reach_the_decider() -> None:
    found = {
        "findings": [
            {"finding": "Gitea 1.24.2 runs in namespace gitea.", "evidence": ["s7", "s99"]},
            {"finding": "There are 444 pods too many.", "evidence": ["s1"]},
            {"finding": "Argo CD is there.", "evidence": ["x"]},
        ]
    }
    fake = model(GOOD_EN, researcher=found)
    told = decide(homelab(), EN, fake)
    assert [one["finding"] for one in told.stages["research/reason"]["matters"]] == [
        "Gitea 1.24.2 runs in namespace gitea."
    ]
    assert told.stages["research/reason"]["matters"][0]["evidence"] == ["s7"]
    assert "Gitea 1.24.2 runs in namespace gitea." in fake.shown("decider")
    assert "444" not in fake.shown("decider")
    assert "444" in fake.problems[0]


@pytest.mark.parametrize(
    ("meant", "tool"),
    [({"tool": "tekton"}, "tekton"), ({"capability": "ci-pipelines"}, "gitea")],
)
def test_r2_a_model_understands_a_request_that_names_nothing(meant: Any, tool: str) -> None:
    request = "커밋할 때마다 알아서 굴러가게 하고 싶은데 어떻게 하면 좋을까?"
    assert decide(homelab(), request).result["tool"]["id"] is None
    fake = model(QUIET, planner=meant)
    told = decide(homelab(), request, fake)
    assert fake.roles == ["planner", "researcher", "decider"]
    assert told.result["tool"]["id"] == tool
    assert "fake:model 모델이 다음 대상으로 이해했습니다" in told.report


def test_r2_a_model_is_not_asked_about_a_subject_that_the_rules_know() -> None:
    fake = model(GOOD_EN, planner={"tool": "jenkins"})
    assert decide(homelab(), EN, fake).result["tool"]["id"] == "tekton"
    assert "planner" not in fake.roles


def test_r2_a_subject_that_is_not_in_the_catalog_is_sent_back_once_and_dropped() -> None:
    request = "커밋할 때마다 알아서 굴러가게 하고 싶은데 어떻게 하면 좋을까?"
    fake = model(QUIET, planner={"tool": "zorblax"})
    told = decide(homelab(), request, fake)
    assert told.result == decide(homelab(), request).result
    assert "zorblax" in fake.problems[0]
    assert "이해했습니다" not in told.report


# A person's words, follow-ups and dry runs.


def test_r6_a_persons_words_reach_the_prose_and_not_the_verdict() -> None:
    fake = model(GOOD_EN)
    told = decide(homelab(), EN, fake, says="Please adopt Tekton, we have 4711 pipelines.")
    assert "4711 pipelines" in fake.shown("decider")
    assert told.result == decide(homelab(), EN).result


def test_d7_a_number_that_only_a_person_has_said_is_no_fact() -> None:
    fake = model({**GOOD_EN, "overview": "You have 4711 pipelines."})
    told = decide(homelab(), EN, fake, says="We have 4711 pipelines.")
    assert "4711" not in told.report


@pytest.mark.parametrize(
    "context", [{}, {"question": {"text": "", "language": "en", "tool": "tekton"}}]
)
def test_r6_a_follow_up_is_about_the_subject_of_the_run_before(context: Any) -> None:
    earlier = {"run_id": "20261120_090000_0123abcd", "request": EN, "report": "# Earlier\n\nNo."}
    fake = model(QUIET)
    told = decide(
        homelab(), "And if we doubled it?", fake, options={"context": {**earlier, **context}}
    )
    assert told.result["tool"]["id"] == "tekton"
    assert "planner" not in fake.roles
    assert "# Earlier" in fake.shown("decider")
    assert "20261120\\_090000" in told.report or earlier["run_id"] in told.report


def test_r6_a_follow_up_with_a_subject_of_its_own_keeps_it() -> None:
    earlier = {"run_id": "r", "request": EN, "report": "x"}
    told = decide(homelab(), "Should we adopt Harbor?", options={"context": earlier})
    assert told.result["tool"]["id"] == "harbor"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            EN,
            ("# What would be done", "The request asks about: Tekton Pipelines", "This was a dry"),
        ),
        (KO, ("# 실행하면 할 일", "요청 대상: Tekton Pipelines", "시험 실행")),
    ],
)
def test_o5_a_dry_run_says_what_would_be_done(request_: str, words: tuple[str, ...]) -> None:
    told = decide(homelab(), request_, options={"dry_run": True})
    assert [task.id for task in told.tasks] == ["plan"]
    assert [task["id"] for task in told.result["plan"]] == ["plan", "research", "decide"]
    assert told.result["reason"]
    for word in words:
        assert word in told.report
    assert told.run.status is RunStatus.SUCCEEDED


def test_d7_prose_about_a_healthy_installation_may_say_to_keep_it() -> None:
    world = cluster()
    tekton(world)
    said = {
        **QUIET,
        "overview": "이미 설치된 Tekton을 그대로 사용하면 됩니다. Tekton을 새로 설치하세요.",
        "verdict": "already_installed",
    }
    told: Decided = decide(world, KO, model(said))
    assert "그대로 사용하면 됩니다." in told.report
    assert "새로 설치하세요" not in told.report
