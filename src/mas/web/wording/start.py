"""The start page: the request box and the newest runs."""

from __future__ import annotations

WORDS = {
    "start.title": ("What should the agents do?", "에이전트가 무엇을 하면 될까요?"),
    "start.request": ("Request", "요청"),
    "start.placeholder": (
        "Ask a question, name a change, or describe what to build. Korean or English.",
        "질문하거나, 바꿀 것을 말하거나, 만들 것을 설명합니다. 한국어나 영어로 씁니다.",
    ),
    "start.team": ("Team", "팀"),
    "start.hint.auto": (
        "MAS chooses the team and says why.",
        "MAS가 팀을 고르고 이유를 알려 줍니다.",
    ),
    "start.hint.decide": (
        "Reads the cluster. Changes nothing.",
        "클러스터를 읽기만 합니다. 아무것도 바꾸지 않습니다.",
    ),
    "start.hint.operate": (
        "Shows a plan, then asks before each change.",
        "계획을 보여 주고, 바꿀 때마다 먼저 묻습니다.",
    ),
    "start.hint.build": (
        "Works in one workspace; each task builds on the ones before.",
        "한 작업 공간에서 작업하며, 각 작업은 앞선 작업 위에서 진행됩니다.",
    ),
    "start.hint.fanout": (
        "Each agent works alone on its own branch. You choose the winner.",
        "에이전트마다 자기 브랜치에서 따로 작업합니다. 무엇을 쓸지는 직접 고릅니다.",
    ),
    "start.submit": ("Start run", "실행 시작"),
    "start.needs_operator": (
        "Starting a run needs the role operator; you can look at everything here.",
        "실행을 시작하려면 운영 권한이 필요합니다. 조회는 모두 할 수 있습니다.",
    ),
    "start.agents": ("Agents, 1 to 10", "에이전트 수, 1~10"),
    "start.cluster": ("Cluster", "클러스터"),
    "start.cluster.current": ("{name} (current context)", "{name}(현재 컨텍스트)"),
    "start.cluster.context": ("{name} (kubeconfig)", "{name}(kubeconfig)"),
    "start.cluster.inside": ("The cluster MAS runs in", "MAS가 실행되는 클러스터"),
    "start.cluster.snapshot": ("Snapshot file…", "스냅숏 파일…"),
    "start.cluster.none": ("None", "없음"),
    "start.cluster.problem": (
        "The kubeconfig cannot be used; `mas doctor` and Diagnostics say why.",
        "kubeconfig를 사용할 수 없습니다. 이유는 진단 페이지에 있습니다.",
    ),
    "start.cluster.nothing": (
        "No cluster was found. Decisions need a snapshot file; the other teams work without one.",
        "클러스터를 찾지 못했습니다. 도입 판단에는 스냅숏 파일이 필요하고, 다른 팀은 없어도 됩니다.",
    ),
    "start.snapshot": ("Path of the snapshot file on the server", "서버에 있는 스냅숏 파일 경로"),
    "start.repo": ("Repository", "저장소"),
    "start.repo.hint": (
        "Path or URL; empty for a new one. In Auto it chooses Fan-out.",
        "경로나 URL입니다. 비우면 새로 만듭니다. 자동에서는 동시 작업을 고릅니다.",
    ),
    "start.coder": ("Coder", "코더"),
    "start.coder.hint": (
        "Empty: the one of the settings. Also script:FILE, command:ARGV.",
        "비우면 설정값을 씁니다. script:FILE, command:ARGV도 됩니다.",
    ),
    "start.checks": ("Checks, one command a line", "검사, 한 줄에 명령 하나"),
    "start.checks.hint": (
        "Empty: found in the repository.",
        "비우면 저장소에서 찾습니다.",
    ),
    "start.ref": ("Branch, tag or commit", "브랜치, 태그, 커밋"),
    "start.more": ("Coder, checks and branch", "코더, 검사, 브랜치"),
    "start.budget": ("Budget, stops cleanly when reached", "예산, 도달하면 안전하게 멈춤"),
    "start.budget.settings": ("As set: {limits}", "설정값: {limits}"),
    "start.budget.small": ("$1, 10 minutes", "$1, 10분"),
    "start.budget.middle": ("$5, 30 minutes", "$5, 30분"),
    "start.budget.large": ("$20, 2 hours", "$20, 2시간"),
    "start.budget.own": ("Set each limit…", "한도 직접 설정…"),
    "start.budget.usd": ("Dollars", "달러"),
    "start.budget.minutes": ("Minutes", "분"),
    "start.budget.tokens": ("Tokens", "토큰"),
    "start.budget.own.hint": ("An empty limit is none.", "비운 한도는 없는 것으로 봅니다."),
    "start.budget.tokens_text": ("{count} tokens", "토큰 {count}개"),
    "start.try": ("Try", "예시"),
    "start.examples": ("Examples", "예시"),
    "start.recent": ("Recent runs", "최근 실행"),
    "start.fault.number": (
        "Give a number above 0, or leave it empty.",
        "0보다 큰 수를 입력하거나 비워 두십시오.",
    ),
    "start.fault.agents": ("Give a number from 1 to 10.", "1에서 10 사이의 수를 입력하십시오."),
    "start.fault.snapshot": (
        "Name the snapshot file, or choose another cluster.",
        "스냅숏 파일을 입력하거나 다른 클러스터를 고르십시오.",
    ),
    "start.fault.no_snapshot": (
        "There is no file {path} on the server.",
        "서버에 파일이 없습니다: {path}",
    ),
    "start.fault.team": ("Choose one of the teams.", "팀 중 하나를 고르십시오."),
    "start.fault.title": ("The run was not started.", "실행을 시작하지 않았습니다."),
    "start.example.1": (
        "Should we adopt Tekton on this cluster?",
        "이 클러스터에 Tekton을 도입해야 할까요?",
    ),
    "start.example.2": ("Do we need a service mesh?", "서비스 메시가 필요할까요?"),
    "start.example.3": ("Audit our network policies", "네트워크 정책을 점검해 줘"),
    "start.example.4": ("Build a Flask + React app", "Flask와 React로 앱을 만들어 줘"),
    "start.example.5": (
        "Add rate limiting to the public API",
        "공개 API에 요청 수 제한을 추가해 줘",
    ),
}
