"""The page of the agents: what they are, what they remember."""

from __future__ import annotations

WORDS = {
    "agents.title": ("Agents", "에이전트"),
    "agents.count": (
        "{count} roles, {working} at work",
        "역할 {count}개, 실행 중 {working}개",
    ),
    "agents.asking": ("{count} ask you", "승인을 기다리는 에이전트 {count}개"),
    "agents.asking.one": ("{count} asks you", "승인을 기다리는 에이전트 {count}개"),
    "agents.roles": ("Roles", "역할"),
    "agents.all": ("All agents", "모든 에이전트"),
    "agents.role": ("Agent", "에이전트"),
    "agents.status": ("Status", "상태"),
    "agents.works_on": ("Works on", "하는 일"),
    "agents.memory": ("Memory", "기억"),
    "agents.saved": ("Checkpoint", "체크포인트"),
    "agents.knows": (
        "{knowledge} knowledge, {observations} observations, {reasoning} reasoning",
        "지식 {knowledge}, 관찰 {observations}, 추론 {reasoning}",
    ),
    "agents.nothing": ("nothing", "없음"),
    "agents.empty": ("empty", "비어 있음"),
    "agents.checkpoint": ("Checkpoint", "체크포인트"),
    "agents.checkpoint_all": ("Checkpoint all", "모두 체크포인트"),
    "agents.restore": ("Restore", "복원"),
    "agents.restore_open": ("Restore…", "복원…"),
    "agents.restore_all": ("Restore all", "모두 복원"),
    "agents.restore_all_open": ("Restore all…", "모두 복원…"),
    "agents.restore.text": (
        "Brings memory back exactly as checkpoint {number} holds it. "
        "What was remembered since is lost.",
        "체크포인트 {number}의 기억을 그대로 되살립니다. 그 뒤에 기억한 것은 사라집니다.",
    ),
    "agents.restore_all.text": (
        "Brings back the latest checkpoint of every agent that has one. "
        "What was remembered since is lost.",
        "체크포인트가 있는 모든 에이전트를 마지막 체크포인트로 되돌립니다. "
        "그 뒤에 기억한 것은 사라집니다.",
    ),
    "agents.restore.saved": ("Saved", "저장 시각"),
    "agents.no_checkpoint": ("There is no checkpoint yet.", "아직 체크포인트가 없습니다."),
    "agents.wipe": ("Wipe {name}", "{name} 지우기"),
    "agents.wipe_open": ("Wipe…", "지우기…"),
    "agents.wipe_all": ("Wipe {count} agents", "에이전트 {count}개 지우기"),
    "agents.wipe_all.one": ("Wipe {count} agent", "에이전트 {count}개 지우기"),
    "agents.wipe_all_open": ("Wipe all…", "모두 지우기…"),
    "agents.wipe.cleared": ("Cleared", "지워지는 것"),
    "agents.wipe.kept": ("Kept", "남는 것"),
    "agents.wipe.cleared_text": (
        "current task, {completed} completed tasks, {observations} observations, "
        "{reasoning} reasoning.",
        "현재 작업, 완료한 작업 {completed}개, 관찰 {observations}개, 추론 {reasoning}개.",
    ),
    "agents.wipe.kept_text": (
        "role, {knowledge} pieces of knowledge.",
        "역할, 지식 {knowledge}개.",
    ),
    "agents.wipe.all_text": (
        "Clears current task, completed tasks, observations and reasoning of {count} agents. "
        "Roles and knowledge are kept. Runs go on.",
        "에이전트 {count}개의 현재 작업, 완료한 작업, 관찰, 추론을 지웁니다. "
        "역할과 지식은 남고, 실행은 계속됩니다.",
    ),
    "agents.wipe.all_text.one": (
        "Clears current task, completed tasks, observations and reasoning of {count} agent. "
        "Roles and knowledge are kept. Runs go on.",
        "에이전트 {count}개의 현재 작업, 완료한 작업, 관찰, 추론을 지웁니다. "
        "역할과 지식은 남고, 실행은 계속됩니다.",
    ),
    "agents.wipe.save_first": ("Make a checkpoint first", "먼저 체크포인트 만들기"),
    "agents.done.checkpoint": (
        "Checkpoint {number} was made.",
        "{number}번 체크포인트를 만들었습니다.",
    ),
    "agents.done.checkpoints": (
        "{count} checkpoints were made.",
        "체크포인트를 {count}개 만들었습니다.",
    ),
    "agents.done.checkpoints.one": (
        "{count} checkpoint was made.",
        "체크포인트를 {count}개 만들었습니다.",
    ),
    "agents.done.restore": ("Memory was restored.", "기억을 복원했습니다."),
    "agents.done.wipe": (
        "Memory was wiped; knowledge is kept.",
        "기억을 지웠습니다. 지식은 남아 있습니다.",
    ),
    "agents.done.nothing": (
        "No agent has anything stored; nothing was changed.",
        "저장된 것이 있는 에이전트가 없어 바꾼 것이 없습니다.",
    ),
    "agents.built_in": ("Built in", "기본 제공"),
    "agents.own": ("From the file", "파일"),
    "agents.no_role": (
        "There is no role file of this name any more; only its memory is left.",
        "이 이름의 역할 파일이 더는 없습니다. 기억만 남아 있습니다.",
    ),
    "agents.on": ("on", "작업:"),
    "agents.blocked": ("Blocked on", "막힌 이유"),
    "agents.model": ("Model", "모델"),
    "agents.model.default": ("the configured one", "설정된 모델"),
    "agents.tools": ("Tools", "도구"),
    "agents.tools.all": ("every tool", "모든 도구"),
    "agents.tools.none": ("none", "없음"),
    "agents.expertise": ("Expertise", "전문 분야"),
    "agents.team": ("Team", "팀"),
    "agents.team.all": ("every team", "모든 팀"),
    "agents.limits": ("Limits", "한도"),
    "agents.limit.calls": ("{count} model calls a task", "작업당 모델 호출 {count}회"),
    "agents.limit.tokens": ("{count} tokens", "토큰 {count}개"),
    "agents.limit.cost": ("${count}", "${count}"),
    "agents.limit.concurrent": ("{count} at once", "동시에 {count}개"),
    "agents.updated": ("Memory changed", "기억이 바뀐 때"),
    "agents.never": ("never", "없음"),
    "agents.instructions": ("Instructions", "지침"),
    "agents.part": ("Part of memory", "기억의 부분"),
    "agents.knowledge": ("Knowledge", "지식"),
    "agents.observations": ("Observations", "관찰"),
    "agents.reasoning": ("Reasoning", "추론"),
    "agents.completed": ("Completed", "완료한 작업"),
    "agents.part.none": ("Nothing is remembered here yet.", "아직 기억한 것이 없습니다."),
    "agents.current": ("Last began", "마지막으로 시작한 작업"),
    "agents.from_run": ("run {run}", "실행 {run}"),
    "agents.problems": (
        "Role files that could not be used",
        "사용하지 못한 역할 파일",
    ),
    "agents.notes": ("Left out of role files", "역할 파일에서 제외한 것"),
    "agents.problems.mend": (
        "Correct each file, or move it out of the folder. The other roles work.",
        "파일을 고치거나 폴더 밖으로 옮기십시오. 다른 역할은 그대로 동작합니다.",
    ),
    "agents.line": ("line {line}", "{line}행"),
}
