"""The page of lessons."""

from __future__ import annotations

WORDS = {
    "knowledge.title": ("Knowledge", "지식"),
    "knowledge.intro": (
        "What runs that succeeded have taught. A lesson that failed more often than it helped is "
        "no longer offered to agents.",
        "성공한 실행에서 얻은 교훈입니다. 도움보다 실패가 많아진 교훈은 에이전트에게 더는 주지 않습니다.",
    ),
    "knowledge.count": ("{count} lessons", "교훈 {count}개"),
    "knowledge.count.one": ("{count} lesson", "교훈 {count}개"),
    "knowledge.kind.plan": ("plan", "계획"),
    "knowledge.kind.fix": ("fix", "해결"),
    "knowledge.about": ("About", "주제"),
    "knowledge.helped": ("Helped", "도움"),
    "knowledge.helped_text": (
        "{successes} of {total} times",
        "{total}번 중 {successes}번",
    ),
    "knowledge.unused": ("not used yet", "아직 쓰이지 않음"),
    "knowledge.retired": ("No longer offered", "더는 쓰이지 않음"),
    "knowledge.learned": ("Learned", "배운 때"),
    "knowledge.evidence": ("Evidence", "근거"),
    "knowledge.remove_open": ("Remove…", "삭제…"),
    "knowledge.remove": ("Remove lesson", "교훈 삭제"),
    "knowledge.remove.text": (
        "Agents are not offered it any more. The runs it came from are kept; it can be learned "
        "again.",
        "에이전트에게 더는 주지 않습니다. 출처가 된 실행은 남으며, 다시 배울 수 있습니다.",
    ),
    "knowledge.removed": ("The lesson was removed.", "교훈을 삭제했습니다."),
    "knowledge.none.title": ("No lesson yet", "아직 교훈이 없습니다"),
    "knowledge.none.text": (
        "When a planned run of agents succeeds, its plan and how errors were mended are kept here "
        "with their evidence.",
        "에이전트가 계획한 실행이 성공하면, 그 계획과 오류를 고친 방법이 근거와 함께 여기에 남습니다.",
    ),
    "knowledge.none.start": ("Start a run", "실행 시작"),
}
