"""What is said of a model's part in a decision, of follow-ups and of dry runs, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

MODEL: dict[str, Text] = {
    "page.explanation": _t("Explanation", "설명"),
    "model.written": _t(
        "Written by {model}, checked against the evidence; sentences dropped: {dropped}.",
        "작성: {model}. 근거와 대조했으며 뺀 문장은 {dropped}개입니다.",
    ),
    "model.nothing_held": _t(
        "No sentence of the explanation could be backed by evidence.",
        "근거로 뒷받침되는 설명이 남지 않았습니다.",
    ),
    "model.reason": _t("Reason {number}", "이유 {number}"),
    "model.next_steps": _t("Next steps", "다음 단계"),
    "model.disagrees": _t(
        "{model} would have decided otherwise ({opinion}). The verdict by rules stands ({verdict}).",
        "{model} 모델의 의견은 다릅니다({opinion}). 규칙에 따른 판정은 그대로입니다({verdict}).",
    ),
    "model.because": _t("Its reason", "모델이 든 이유"),
    "model.missing": _t(
        "There is no explanation by a model; the decision was made by rules.",
        "모델의 설명은 없으며, 판정은 규칙으로 했습니다.",
    ),
    "model.why": _t("What happened", "원인"),
    "model.understood": _t(
        "{model} has understood the request as a question about: {subject}. The words alone do not"
        " name it.",
        "요청 문장만으로는 대상을 알 수 없어 {model} 모델이 다음 대상으로 이해했습니다: {subject}.",
    ),
    "follow.subject": _t(
        "Follow-up of run {run}: the subject is that of the earlier request ({subject}).",
        "실행 {run}에 이어진 요청이므로 앞 요청의 대상({subject})을 기준으로 판단했습니다.",
    ),
    "planner.reason.model": _t(
        "A model has understood what the request is about: {subject}",
        "모델이 파악한 요청 대상: {subject}",
    ),
    "researcher.matters": _t(
        "{conclusion}; findings that matter for the question: {count}",
        "{conclusion}, 질문과 관련된 사실 {count}개",
    ),
    "researcher.evidence": _t("{finding} (evidence: {ids})", "{finding} (근거: {ids})"),
    "decider.explained": _t(
        "{done}; explained by {model}, sentences dropped: {dropped}",
        "{done}, 설명 작성 {model}, 뺀 문장 {dropped}개",
    ),
    "decider.unexplained": _t("{done}; without an explanation", "{done}, 설명 없음"),
    "dry.title": _t("What would be done", "실행하면 할 일"),
    "dry.reason": _t("Why these agents", "에이전트를 고른 이유"),
    "dry.task": _t("Task", "작업"),
    "dry.role": _t("Agent", "에이전트"),
    "dry.goal": _t("Goal", "목표"),
    "dry.after": _t("After", "선행 작업"),
    "dry.nothing_done": _t(
        "This was a dry run: nothing was read from the cluster, decided or changed by it.",
        "시험 실행이므로 클러스터 조사와 판정을 하지 않았고 바꾼 것도 없습니다.",
    ),
}
