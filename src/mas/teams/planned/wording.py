"""What the planned teams say, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.language import Language

_TEXTS: Mapping[str, tuple[str, str]] = {
    "plan.title": ("Plan the work", "작업 계획"),
    "plan.goal": (
        "Split the request into tasks for the agents that are needed.",
        "요청을 필요한 에이전트의 작업으로 나눕니다.",
    ),
    "plan.criterion": ("The plan passes the plan check.", "계획이 계획 검사를 통과합니다."),
    "plan.reason": ("The orchestrator plans first.", "오케스트레이터가 먼저 계획합니다."),
    "review.title": ("Sum up the results", "결과 종합"),
    "review.goal": (
        "Read the results of all tasks and write the answer to the request. Say plainly what "
        "failed. Do nothing else.",
        "모든 작업의 결과를 읽고 요청에 대한 답을 씁니다. 실패한 것은 분명히 말합니다. 다른 일은 하지 않습니다.",
    ),
    "solo.reason": ("One agent was asked for by name.", "에이전트 하나를 이름으로 지정했습니다."),
    "observe": (
        "The request, {lessons} lessons, {roles} roles.",
        "요청, 교훈 {lessons}개, 역할 {roles}개.",
    ),
    "reason": ("The request needs a plan of tasks.", "요청에는 작업 계획이 필요합니다."),
    "approach": (
        "The model drafts, the rules of the plan check judge.",
        "모델이 초안을 쓰고 계획 검사의 규칙이 판정합니다.",
    ),
    "planned": ("{count} tasks: {tasks}", "작업 {count}개: {tasks}"),
    "planned.one": ("1 task: {tasks}", "작업 1개: {tasks}"),
    "agreed": ("The plan stands.", "계획이 확정되었습니다."),
    "dry": ("The plan is shown and not carried out.", "계획을 보여 주고 실행하지 않습니다."),
    "valid": ("The plan can be carried out.", "계획을 실행할 수 있습니다."),
    "heading.plan": ("Plan", "계획"),
    "heading.results": ("Results", "결과"),
    "heading.open": ("What did not work", "되지 않은 것"),
    "dry.note": (
        "Nothing was done (`--dry-run`). Ask again without it to carry the plan out.",
        "아무것도 실행하지 않았습니다(`--dry-run`). 실행하려면 이 옵션 없이 다시 요청하십시오.",
    ),
    "after": ("after {tasks}", "{tasks} 다음"),
    "column.task": ("Task", "작업"),
    "column.role": ("Agent", "에이전트"),
    "column.risk": ("Risk", "위험"),
    "column.needs": ("After", "선행 작업"),
    "state.succeeded": ("done", "완료"),
    "state.failed": ("failed", "실패"),
    "state.skipped": ("skipped", "건너뜀"),
    "state.cancelled": ("cancelled", "취소"),
}


def say(key: str, language: Language, **params: object) -> str:
    """The text of a key in one language."""
    english, korean = _TEXTS[key]
    return (korean if language == "ko" else english).format(**params)
