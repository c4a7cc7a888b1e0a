"""The page of a cluster; its capacity is told in the words of a decision."""

from __future__ import annotations

WORDS = {
    "cluster.title": ("Cluster", "클러스터"),
    "cluster.nodes": ("{count} nodes", "노드 {count}대"),
    "cluster.applications": ("{count} applications", "애플리케이션 {count}개"),
    "cluster.which": ("Cluster", "클러스터"),
    "cluster.current": ("current context", "현재 컨텍스트"),
    "cluster.name_hint": ("context or snapshot file", "컨텍스트 또는 스냅숏 파일"),
    "cluster.simulate": ("Simulate a tool", "도구 배치 시뮬레이션"),
    "cluster.no_tool": ("none", "없음"),
    "cluster.show": ("Show", "보기"),
    "cluster.unknown_tool": (
        "The catalog has no tool called {name}; the nodes are shown as they are.",
        "카탈로그에 {name} 도구가 없어 노드만 표시합니다.",
    ),
    "cluster.none": ("No cluster found", "클러스터를 찾지 못했습니다"),
    "cluster.none_text": (
        "There is no kubeconfig context, and MAS does not run inside a cluster. Build and fan-out work without one.",
        "kubeconfig 컨텍스트가 없고 MAS가 클러스터 안에서 실행되고 있지도 않습니다. 빌드와 동시 작업은 클러스터 없이도 할 수 있습니다.",
    ),
    "cluster.choose": ("No cluster is chosen", "선택된 클러스터가 없습니다"),
    "cluster.choose_text": (
        "The kubeconfig has contexts and none of them is the current one. Choose one:",
        "kubeconfig에 컨텍스트가 있지만 현재 컨텍스트가 없습니다. 하나를 고르십시오:",
    ),
    "cluster.known_snapshots": (
        "Snapshots that earlier runs have read:",
        "이전 실행이 읽은 스냅숏:",
    ),
    "cluster.away": ("{name} does not answer", "응답이 없습니다: {name}"),
    "cluster.away_text": (
        "Earlier decisions keep what they have read and stay usable.",
        "이전 판정은 그때 읽은 내용을 그대로 갖고 있어 계속 볼 수 있습니다.",
    ),
    "cluster.again": ("Try again", "다시 시도"),
    "cluster.earlier": ("Earlier decisions", "이전 판정"),
    "cluster.refused": ("Not allowed to look", "볼 권한이 없습니다"),
    "cluster.wrong": ("This cannot be read", "읽을 수 없습니다"),
    "cluster.partly": ("Not everything was read.", "일부를 읽지 못했습니다."),
    "cluster.partly_text": (
        "What is missing below may still be there.",
        "아래에 없더라도 클러스터에는 있을 수 있습니다.",
    ),
    "cluster.forbidden": ("Not allowed to look", "볼 권한이 없음"),
    "cluster.unread": ("Not in the reading", "읽은 내용에 없음"),
    "cluster.tools": ("Tools: {count}", "도구 {count}개"),
    "cluster.no_tools": (
        "No tool of the catalog was found.",
        "카탈로그의 도구가 발견되지 않았습니다.",
    ),
    "cluster.no_tools_blind": (
        "No tool of the catalog was seen in what could be read.",
        "읽은 범위에서는 카탈로그의 도구가 보이지 않았습니다.",
    ),
    "cluster.half_installed": ("Partly installed", "일부만 설치됨"),
    "cluster.fault.zero_replicas": (
        "{component} is scaled to zero",
        "{component} 복제본이 0개로 설정됨",
    ),
    "cluster.fault.not_ready": ("{component} is not ready", "{component} 준비되지 않음"),
    "cluster.fault.crash_loop": (
        "{component} keeps crashing",
        "{component} 반복해서 비정상 종료됨",
    ),
    "cluster.fault.image_pull": (
        "the image of {component} cannot be pulled",
        "{component} 이미지를 가져올 수 없음",
    ),
    "cluster.fault.missing_component": (
        "{component} is missing beside",
        "{component} 없음, 함께 있어야 할 대상",
    ),
    "cluster.remains": ("Left over", "남은 것"),
    "cluster.remains_text": (
        "not installed, but its resource definitions are there (resources seen: {resources}):",
        "설치되어 있지 않지만 리소스 정의가 남아 있습니다(리소스 {resources}개):",
    ),
    "cluster.no_capacity": (
        "What nodes and pods hold could not be read, so that nothing can be said of room.",
        "노드와 파드를 읽지 못해 남은 자리를 알 수 없습니다.",
    ),
    "cluster.decide": ("Decide about {tool}", "{tool} 도입 판단"),
    "cluster.question": ("Should we adopt {tool}?", "{tool} 도입 여부를 결정해줘"),
}
