"""Calls that wait for a person, and how they were answered."""

from __future__ import annotations

WORDS = {
    "approval.title": ("Approve one call?", "호출 하나를 승인합니까?"),
    "approval.from": ("{role}, task “{title}”, since", "{role}, 작업 “{title}”, 요청 시각"),
    "approval.tool": ("Tool", "도구"),
    "approval.target": ("Target", "대상"),
    "approval.effect": ("Effect", "영향"),
    "approval.undo": ("Undo", "되돌리기"),
    "approval.undo.read": ("Changes nothing.", "아무것도 바꾸지 않습니다."),
    "approval.undo.write": (
        "Rollback of this run takes it back where that is possible, and lists what stays.",
        "이 실행을 되돌리면 가능한 범위에서 되돌리고, 남는 것은 목록으로 보여 줍니다.",
    ),
    "approval.undo.destructive": (
        "May not be undone. What it removes can be gone for good.",
        "되돌리지 못할 수 있습니다. 지운 것은 복구되지 않을 수 있습니다.",
    ),
    "approval.why": ("Why you", "승인이 필요한 이유"),
    "approval.arguments": ("Arguments, {count}", "인자 {count}개"),
    "approval.no_arguments": ("It has no arguments.", "인자가 없습니다."),
    "approval.cut": (
        "{count} characters do not fit here. Read all of it before you approve:",
        "{count}자가 여기에 들어가지 않습니다. 승인하기 전에 모두 읽으십시오:",
    ),
    "approval.whole": ("the whole call", "호출 전체"),
    "approval.comment": ("Comment for the agent", "에이전트에게 남길 의견"),
    "approval.placeholder": (
        "For example: use the namespace dev-shop",
        "예: 네임스페이스 dev-shop을 쓰십시오",
    ),
    "approval.approve": ("Approve this call", "이 호출 승인"),
    "approval.reject": ("Reject", "거부"),
    "approval.exactly": (
        "Approving runs exactly these arguments. If the agent changes one, it asks again.",
        "승인하면 이 인자 그대로 실행합니다. 에이전트가 하나라도 바꾸면 다시 묻습니다.",
    ),
    "approval.needs_operator": (
        "Answering needs the role operator; you can read everything here.",
        "답하려면 운영 권한이 필요합니다. 내용은 모두 볼 수 있습니다.",
    ),
    "approval.earlier": ("Earlier answers, {count}", "이전 답 {count}건"),
    "approval.approved": ("Approved", "승인"),
    "approval.rejected": ("Rejected", "거부"),
    "approval.withdrawn": ("Withdrawn: the task ended without it", "철회: 답 없이 작업이 끝남"),
    "approval.by": ("by {name}", "{name}"),
    "approval.elsewhere": (
        "This call was answered before your answer came: {state} by {name}.",
        "보낸 답보다 먼저 처리된 호출입니다: {name} {state}.",
    ),
    "approval.elsewhere.unknown": (
        "This call was answered before your answer came: {state}.",
        "보낸 답보다 먼저 처리된 호출입니다: {state}.",
    ),
    "approval.elsewhere.kept": (
        "Your answer changed nothing.",
        "보낸 답은 반영되지 않았습니다.",
    ),
    "approval.sending": ("Sending…", "보내는 중…"),
}
