"""Prose must not recommend the opposite of the verdict (D7)."""

from __future__ import annotations

import pytest
from judging import CATALOG

from mas.core.decision import Verdict
from mas.teams.decide.polarity import contradicts, stance_of

SUBJECT = ("Tekton", "Tekton Pipelines", "텍톤")
OTHERS = ("Gitea", "Gitea Actions", "Argo CD", "Flux")


def against_verdict(sentence: str, verdict: Verdict) -> bool:
    return contradicts(sentence, verdict, subject=SUBJECT, others=OTHERS)


@pytest.mark.parametrize(
    "sentence",
    [
        "Adopt Tekton immediately.",
        "Please install it now.",
        "You should adopt Tekton.",
        "Use Tekton.",
        "Tekton is highly recommended.",
        "We recommend using Tekton.",
        "The verdict is to adopt.",
        "It is a good idea to install it.",
        "Tekton 도입을 강력히 권장합니다.",
        "텍톤을 설치하세요.",
        "텍톤을 사용하세요.",
        "Tekton 사용을 추천합니다.",
        "지금 바로 도입하는 것이 좋습니다.",
        "도입해도 됩니다.",
        "원한다면 Tekton 도입을 권장합니다.",
    ],
)
def test_d7_a_recommendation_contradicts_a_refusal_and_an_open_verdict(sentence: str) -> None:
    assert against_verdict(sentence, "do_not_recommend")
    assert against_verdict(sentence, "undetermined")
    assert not against_verdict(sentence, "recommend")


@pytest.mark.parametrize(
    "sentence",
    [
        "Do not adopt Tekton.",
        "Tekton should not be installed.",
        "Avoid Tekton.",
        "Don't install it.",
        "I advise against it.",
        "Tekton 도입을 권장하지 않습니다.",
        "도입을 보류하세요.",
        "텍톤을 쓰지 마세요.",
        "설치할 필요가 없습니다.",
    ],
)
def test_d7_a_refusal_contradicts_a_recommendation(sentence: str) -> None:
    assert against_verdict(sentence, "recommend")
    assert not against_verdict(sentence, "do_not_recommend")
    assert not against_verdict(sentence, "already_installed")


@pytest.mark.parametrize(
    "sentence",
    [
        "Adopt Gitea Actions instead of Tekton.",
        "Keep using Gitea Actions.",
        "Tekton would be recommended after this change.",
        "Upgrading Kubernetes is recommended.",
        "The catalog's recommended sizing was used.",
        "Tekton 대신 Gitea Actions를 사용하면 됩니다.",
        "기존 도구를 계속 사용하면 됩니다.",
        "트리거와 대시보드는 따로 설치해야 합니다.",
        "다음과 같이 바뀌면 Tekton Pipelines 도입을 권장합니다: Gitea 사용을 그만둠.",
    ],
)
def test_d7_what_agrees_with_a_refusal_passes(sentence: str) -> None:
    assert not against_verdict(sentence, "do_not_recommend")


@pytest.mark.parametrize(
    "sentence",
    [
        "There is no need to install a separate database.",
        "Do not install Flux next to it.",
        "Install Tekton with the commands of the guide.",
        "별도의 데이터베이스를 설치할 필요가 없습니다.",
    ],
)
def test_d7_what_agrees_with_a_recommendation_passes(sentence: str) -> None:
    assert not against_verdict(sentence, "recommend")


@pytest.mark.parametrize("sentence", ["Install Tekton.", "새로 설치하세요."])
def test_d7_a_second_installation_contradicts_the_first(sentence: str) -> None:
    assert against_verdict(sentence, "already_installed")


@pytest.mark.parametrize(
    "sentence", ["Use Tekton as it is.", "이미 설치된 Tekton을 그대로 사용하세요."]
)
def test_d7_what_is_installed_may_be_used(sentence: str) -> None:
    assert not against_verdict(sentence, "already_installed")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_d7_what_the_catalog_says_of_a_tool_is_no_recommendation(language: str) -> None:
    for tool in CATALOG.tools.values():
        for text in (tool.summary, tool.operations.text):
            assert stance_of(getattr(text, language)) is None, getattr(text, language)
