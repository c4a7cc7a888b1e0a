"""What is said of places and of judging, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mas.core.language import Language
from mas.teams.fanout.checks import wording as checks
from mas.teams.fanout.checks.model import Reason

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "found.nothing": ("Nothing was changed.", "변경한 것이 없습니다."),
    "found.edited": (
        "Files that judge the work were edited ({count}): {files}.",
        "작업을 판정하는 파일 {count}개를 수정했습니다: {files}.",
    ),
    "found.checks": (
        "{passed} of {total} checks passed.",
        "검사 {total}개 중 {passed}개를 통과했습니다.",
    ),
    "found.no_checks": ("There was no check to run.", "실행할 검사가 없었습니다."),
    "found.regressions": (
        "{count} regressions against the base: {names}.",
        "기준 커밋보다 나빠진 것이 {count}개 있습니다: {names}.",
    ),
    "found.status.no_changes": (
        "The agent ended without a change of its own.",
        "에이전트가 변경 없이 끝났습니다.",
    ),
    "found.status.failed": ("The agent reported a failure.", "에이전트가 실패를 보고했습니다."),
    "found.status.error": (
        "The agent could not be run to its end.",
        "오류로 에이전트를 끝까지 실행하지 못했습니다.",
    ),
    "found.status.timeout": (
        "The agent was stopped at its time limit.",
        "제한 시간이 지나 에이전트를 중단했습니다.",
    ),
    "found.status.killed": (
        "The agent was ended from outside.",
        "에이전트가 외부에서 종료되었습니다.",
    ),
    "found.status.cancelled": ("The agent was cancelled.", "에이전트 작업이 취소되었습니다."),
    "ahead.change": (
        "Ahead of agent-{other}, which changed nothing.",
        "변경이 없는 agent-{other}보다 앞섭니다.",
    ),
    "ahead.honest": (
        "Ahead of agent-{other}, which edited files that judge its work.",
        "자신을 판정하는 파일을 수정한 agent-{other}보다 앞섭니다.",
    ),
    "ahead.checks": (
        "Ahead of agent-{other} by checks passed: {mine} of {total} against {theirs} of {their_total}.",
        "통과한 검사가 더 많아 agent-{other}보다 앞섭니다: {mine}/{total} 대 {theirs}/{their_total}.",
    ),
    "ahead.unknown": (
        "Ahead of agent-{other}, whose failed checks told nothing of single tests.",
        "실패한 검사에서 개별 테스트 결과를 알 수 없는 agent-{other}보다 앞섭니다.",
    ),
    "ahead.failed": (
        "Ahead of agent-{other} by fewer tests that failed or did not run: {mine} against {theirs}.",
        "실패하거나 실행되지 않은 테스트가 더 적어 agent-{other}보다 앞섭니다: {mine}개 대 {theirs}개.",
    ),
    "ahead.regressions": (
        "Ahead of agent-{other} by fewer regressions: {mine} against {theirs}.",
        "나빠진 것이 더 적어 agent-{other}보다 앞섭니다: {mine}개 대 {theirs}개.",
    ),
    "ahead.finished": (
        "Ahead of agent-{other}, which did not finish.",
        "작업을 마치지 못한 agent-{other}보다 앞섭니다.",
    ),
    "ahead.judge": (
        "Equal to agent-{other} by evidence; the judging model prefers this one.",
        "근거로는 agent-{other}와 같으며, 판정 모델이 이쪽을 선호합니다.",
    ),
    "ahead.size": (
        "Equal to agent-{other} by evidence; the difference is smaller: {mine} lines against {theirs}.",
        "근거로는 agent-{other}와 같으며, 변경 줄 수가 더 적습니다: {mine}줄 대 {theirs}줄.",
    ),
    "ahead.files": (
        "Equal to agent-{other} by evidence and lines; fewer files differ: {mine} against {theirs}.",
        "근거와 변경 줄 수가 agent-{other}와 같으며, 변경 파일이 더 적습니다: {mine}개 대 {theirs}개.",
    ),
    "ahead.number": (
        "Equal to agent-{other} in everything; the lower number goes first.",
        "모든 기준에서 agent-{other}와 같아 번호가 작은 쪽이 앞섭니다.",
    ),
    "judge.words": ("The judging model: {text}", "판정 모델: {text}"),
    "judge.agreed": (
        "{model} compared {agents} without their names, in two orders.",
        "{model} 모델이 {agents} 결과를 이름을 가린 채 두 가지 순서로 비교했습니다.",
    ),
    "judge.disagreed": (
        "{model} judged {agents} differently in another order, so that they count as equal.",
        "{model} 모델의 판정이 순서에 따라 달라 {agents} 결과를 같은 것으로 봅니다.",
    ),
    "judge.same": (
        "The differences of {agents} are the same, so that no model was asked.",
        "{agents}의 변경 내용이 같아 모델에 묻지 않았습니다.",
    ),
    "judge.nonsense": (
        "{model} gave no usable comparison of {agents}, so that it counts for nothing.",
        "{model} 모델이 {agents}를 제대로 비교하지 못해 반영하지 않았습니다.",
    ),
    "judge.budget": (
        "The budget had no room for comparing {agents} by a model.",
        "예산이 부족하여 {agents}를 모델로 비교하지 못했습니다.",
    ),
    "judge.failed": (
        "{agents} could not be compared by a model: {error}",
        "모델로 {agents}를 비교하지 못했습니다: {error}",
    ),
}


def say(reason: Reason, language: Language) -> str:
    """A reason of a place, a check or an edit as a sentence."""
    if reason.key not in TEXTS:
        return checks.say(reason, language)
    english, korean = TEXTS[reason.key]
    return (korean if language == "ko" else english).format(**reason.params)
