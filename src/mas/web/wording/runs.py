"""Lists of runs, how each came out, and what waits for a person."""

from __future__ import annotations

WORDS = {
    "runs.title": ("Runs", "실행"),
    "runs.search": ("Search runs", "실행 검색"),
    "runs.find": ("Search", "검색"),
    "runs.status": ("Status", "상태"),
    "runs.request": ("Request and outcome", "요청과 결과"),
    "runs.team": ("Team", "팀"),
    "runs.started": ("Started", "시작"),
    "runs.duration": ("Duration", "소요 시간"),
    "runs.cost": ("Cost", "비용"),
    "runs.older": ("Older runs", "이전 실행"),
    "runs.newest": ("Newest runs", "최신 실행"),
    "runs.all": ("All runs", "모든 실행"),
    "runs.any_team": ("Every team", "모든 팀"),
    "runs.any_status": ("Every status", "모든 상태"),
    "runs.filter.open": ("Under way", "진행 중"),
    "runs.filter": ("Filter runs", "실행 거르기"),
    "runs.apply": ("Show", "보기"),
    "runs.clear": ("Show all", "모두 보기"),
    "runs.tokens": ("{count} tokens", "토큰 {count}개"),
    "runs.none.title": ("No runs yet", "아직 실행이 없습니다"),
    "runs.none.text": (
        "Runs appear here with their answer, duration and cost.",
        "실행하면 답, 소요 시간, 비용이 여기에 나타납니다.",
    ),
    "runs.none.start": ("Start the first run", "첫 실행 시작"),
    "runs.none.here": (
        "Write a request above, or take an example.",
        "위에 요청을 쓰거나 예시를 고릅니다.",
    ),
    "runs.no_match.title": ("No run fits", "맞는 실행이 없습니다"),
    "runs.no_match.text": (
        "Take away a part of the filter, or use fewer words.",
        "조건을 줄이거나 낱말을 줄여 보십시오.",
    ),
    "waiting.title": ("Waiting for you", "승인 대기"),
    "waiting.intro": (
        "Each call below is stored as it stands and is made only when you approve it.",
        "아래 호출은 이 모습 그대로 저장되어 있으며, 승인해야만 실행됩니다.",
    ),
    "waiting.none.title": ("Nothing waits for you", "기다리는 것이 없습니다"),
    "waiting.none.text": (
        "Calls that a policy wants a person for appear here, from every run.",
        "정책에 따라 사람의 승인이 필요한 호출이 모든 실행에서 모여 여기에 나타납니다.",
    ),
    "waiting.target": ("Target", "대상"),
    "waiting.effect": ("Effect", "효과"),
    "waiting.rule": ("Why it asks", "묻는 이유"),
    "waiting.run": ("Run", "실행"),
    "waiting.asked": ("Asked", "물은 시각"),
    "waiting.open": ("Look and answer", "확인하고 답하기"),
    "waiting.most": (
        "The {count} oldest are shown.",
        "가장 오래된 {count}건을 보여 줍니다.",
    ),
    "waiting.further": (
        "{count} more wait; they appear here as these are answered.",
        "{count}건이 더 기다리며, 위의 호출에 답하면 여기에 나타납니다.",
    ),
    "waiting.further.one": (
        "1 more waits; it appears here as these are answered.",
        "1건이 더 기다리며, 위의 호출에 답하면 여기에 나타납니다.",
    ),
    "risk.read": ("reads", "읽기"),
    "risk.write": ("writes", "쓰기"),
    "risk.destructive": ("destroys", "삭제·파괴"),
    "outcome.queued": ("Waits to be started.", "시작을 기다립니다."),
    "outcome.planning": ("The plan is being made.", "계획을 세우고 있습니다."),
    "outcome.between": ("Between two tasks.", "다음 작업을 준비하고 있습니다."),
    "outcome.asks": (
        "The {role} agent asks for approval: {title}",
        "{role} 에이전트가 승인을 기다립니다: {title}",
    ),
    "outcome.works": (
        "The {role} agent is at work: {title}",
        "{role} 에이전트가 작업하고 있습니다: {title}",
    ),
    "outcome.several": (
        "{count} tasks run: {roles}.",
        "작업 {count}개가 실행 중입니다: {roles}.",
    ),
    "outcome.cancelled": (
        "Cancelled. What was done until then is kept.",
        "취소되었습니다. 그때까지 한 일은 남아 있습니다.",
    ),
    "outcome.failed": ("Failed without telling why.", "이유를 남기지 않고 실패했습니다."),
    "outcome.done": ("Done.", "완료되었습니다."),
    "outcome.planned": (
        "Plan of {count} tasks; nothing was done.",
        "작업 {count}개의 계획입니다. 실행한 것은 없습니다.",
    ),
    "outcome.planned.one": (
        "Plan of {count} task; nothing was done.",
        "작업 {count}개의 계획입니다. 실행한 것은 없습니다.",
    ),
    "outcome.verdict.recommend": ("Recommended.", "권장."),
    "outcome.verdict.do_not_recommend": ("Not recommended.", "권장하지 않음."),
    "outcome.verdict.already_installed": ("Already installed.", "이미 설치됨."),
    "outcome.verdict.undetermined": ("Undetermined.", "판단 보류."),
    "outcome.first_checks": (
        "Agent {agent} ranks first: {passed} of {total} checks pass.",
        "에이전트 {agent}번이 1위입니다: 검사 {total}개 중 {passed}개를 통과했습니다.",
    ),
    "outcome.first": (
        "Agent {agent} ranks first; there was no check to run.",
        "에이전트 {agent}번이 1위입니다. 실행할 검사가 없었습니다.",
    ),
    "outcome.nobody": (
        "None of {count} agents changed anything.",
        "에이전트 {count}개 모두 변경한 것이 없습니다.",
    ),
    "outcome.nobody.one": ("The agent changed nothing.", "에이전트가 변경한 것이 없습니다."),
}
