"""What `fanout` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.coding import AgentStatus
from mas.core.language import Language

_TEXTS: Mapping[str, tuple[str, str]] = {
    "reason": (
        "{agents} agents work on the prompt, each alone in a worktree of its own.",
        "에이전트 {agents}개가 각자의 워크트리에서 따로 작업합니다.",
    ),
    "prepare.title": ("Prepare the repository", "저장소 준비"),
    "prepare.done": ("base {branch} at {commit}", "기준 {branch}, 커밋 {commit}"),
    "agent.title": ("Agent {number} ({coder})", "에이전트 {number} ({coder})"),
    "base.title": ("Check the base", "기준 검사"),
    "check.title": ("Check agent {number}", "에이전트 {number} 검사"),
    "rank.title": ("Rank the results", "결과 순위"),
    "observe": (
        "Worktree {worktree} on branch {branch}, base {commit}.",
        "워크트리 {worktree}, 브랜치 {branch}, 기준 {commit}.",
    ),
    "thought": (
        "The coder {coder} works alone; git and the checks judge.",
        "코더 {coder}가 혼자 작업하고, 판단은 git과 검사가 합니다.",
    ),
    "problem": ("Do what the prompt asks for.", "프롬프트가 요구하는 일을 합니다."),
    "criterion": ("A net change against the base.", "기준 대비 실제 변경."),
    "planned": (
        "Run {coder} in the sandbox ({executor}), take its work in.",
        "샌드박스({executor})에서 {coder}를 실행하고 결과를 가져옵니다.",
    ),
    "salvage.timeout": ("the time was over", "시간 초과"),
    "salvage.end": ("left uncommitted at the end", "끝날 때 커밋되지 않음"),
    "salvage.cut": ("the work was interrupted", "작업이 중단됨"),
    "status.success": ("done", "완료"),
    "status.no_changes": ("finished but changed nothing", "끝났지만 변경 없음"),
    "status.failed": ("failed", "실패"),
    "status.error": ("could not be run", "실행할 수 없음"),
    "status.timeout": ("timed out", "시간 초과"),
    "status.killed": ("killed", "강제 종료됨"),
    "status.cancelled": ("cancelled", "취소됨"),
    "error.no_changes": (
        "The agent finished but changed nothing.",
        "에이전트가 끝났지만 아무것도 바꾸지 않았습니다.",
    ),
    "error.denied": (
        "The agent finished but changed nothing; it was not permitted to use {tools}.",
        "에이전트가 끝났지만 아무것도 바꾸지 않았습니다. 사용이 허용되지 않은 도구: {tools}.",
    ),
    "error.exit": (
        "The agent ended with exit code {code}.",
        "에이전트가 종료 코드 {code}(으)로 끝났습니다.",
    ),
    "error.timeout": (
        "The agent was stopped after {seconds:g} seconds.",
        "에이전트를 {seconds:g}초 뒤에 멈췄습니다.",
    ),
    "error.killed": (
        "The agent was ended by signal {signal}.",
        "에이전트가 신호 {signal}(으)로 끝났습니다.",
    ),
    "error.oom": (
        "The agent used more memory than it was allowed to.",
        "에이전트가 허용된 메모리를 넘겼습니다.",
    ),
    "error.cancelled": ("The run was cancelled.", "실행이 취소되었습니다."),
    "error.setup": (
        "The set-up command ended with exit code {code}.",
        "준비 명령이 종료 코드 {code}(으)로 끝났습니다.",
    ),
    "error.setup_timeout": (
        "The set-up command was stopped after {seconds:g} seconds.",
        "준비 명령을 {seconds:g}초 뒤에 멈췄습니다.",
    ),
    "failed.all": ("No agent did the task.", "작업을 해낸 에이전트가 없습니다."),
    "failed.all.hint": (
        "See what each agent did and why it failed.",
        "각 에이전트가 한 일과 실패한 이유를 확인하십시오.",
    ),
    "answer.first": (
        "Agent {number} ranks first: {reason}",
        "에이전트 {number}이(가) 1위입니다: {reason}",
    ),
    "answer.none": ("No agent changed anything.", "변경한 에이전트가 없습니다."),
    "answer.unranked": (
        "The results were not ranked.",
        "결과의 순위를 매기지 못했습니다.",
    ),
    "answer.count": (
        "{total} agents: {counts}. All branches are kept.",
        "에이전트 {total}개: {counts}. 모든 브랜치를 보관합니다.",
    ),
    "heading.ranking": ("Ranking", "순위"),
    "heading.why": ("Why", "이유"),
    "heading.agents": ("What the agents say", "에이전트의 말"),
    "heading.next": ("Go on", "다음 단계"),
    "heading.notes": ("Notes", "참고"),
    "column.place": ("#", "#"),
    "column.agent": ("Agent", "에이전트"),
    "column.status": ("Status", "상태"),
    "column.checks": ("Checks", "검사"),
    "column.diff": ("Diff", "변경"),
    "column.files": ("Files", "파일"),
    "column.commits": ("Commits", "커밋"),
    "column.tokens": ("Tokens", "토큰"),
    "column.time": ("Time", "시간"),
    "checks.none": ("none", "없음"),
    "checks.no_change": ("nothing to check", "검사할 변경 없음"),
    "checks.no_checks": ("no checks", "검사 없음"),
    "rank.nobody": ("nobody ranked", "순위에 오른 에이전트 없음"),
    "checks.of": ("{passed} of {total}", "{total}개 중 {passed}개"),
    "next.look": ("Look at a difference", "변경 보기"),
    "next.compare": ("Compare two agents", "두 에이전트 비교"),
    "next.merge": ("Take the winner over", "우승 결과 병합"),
    "note.salvaged": (
        "agent {number}: uncommitted work was committed for it",
        "에이전트 {number}: 커밋하지 않은 작업을 대신 커밋했습니다",
    ),
    "note.isolation": (
        "Agents and checks were isolated by: {words}.",
        "에이전트와 검사의 격리: {words}.",
    ),
    "note.checks": ("Checks: {checks}.", "검사: {checks}."),
    "note.no_checks": (
        "No checks were given or found, so that the ranking rests on the size of the changes.",
        "주어지거나 찾은 검사가 없어 변경의 크기로 순위를 정했습니다.",
    ),
}


def say(key: str, language: Language, **params: object) -> str:
    """The text of a key in one language."""
    english, korean = _TEXTS[key]
    return (korean if language == "ko" else english).format(**params)


def told_status(status: AgentStatus, language: Language) -> str:
    """A status in words."""
    return say(f"status.{status}", language)
