"""What stands around every page."""

from __future__ import annotations

WORDS = {
    "nav.main": ("Main", "주 메뉴"),
    "nav.skip": ("Skip to content", "본문으로 건너뛰기"),
    "nav.start": ("Start", "시작"),
    "nav.runs": ("Runs", "실행"),
    "nav.agents": ("Agents", "에이전트"),
    "nav.knowledge": ("Knowledge", "지식"),
    "nav.cluster": ("Cluster", "클러스터"),
    "nav.doctor": ("Diagnostics", "진단"),
    "nav.waiting": ("{count} waiting for you", "승인 대기 {count}건"),
    "foot.local": (
        "MAS runs on this machine. Nothing on this page comes from another network.",
        "MAS는 이 기기에서 실행됩니다. 이 페이지는 다른 네트워크에서 아무것도 가져오지 않습니다.",
    ),
}
