"""Headings, labels and closing sentences of the report, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

PAGE: dict[str, Text] = {
    "page.title": _t("Should this cluster adopt {tool}?", "{tool} 도입 검토"),
    "page.title_unknown": _t("Adoption review", "도입 검토"),
    "page.state": _t("Current cluster state", "현재 클러스터 상태"),
    "page.recommendation": _t("Recommendation and reasons", "권고와 이유"),
    "page.alternatives": _t("Alternatives", "대안"),
    "page.guide": _t("Implementation guide", "도입 가이드"),
    "page.repair": _t("How to repair it", "복구 방법"),
    "page.next": _t("What to do next", "다음에 할 일"),
    "page.find_out": _t("How to find out", "확인 방법"),
    "page.conclusion": _t("Conclusion", "결론"),
    "page.cluster": _t("Cluster", "클러스터"),
    "page.snapshot": _t("{name} (snapshot file, read {at})", "{name}(스냅숏 파일, 읽은 시각 {at})"),
    "page.live": _t("{name} (live, read {at})", "{name}(실시간 조회, 읽은 시각 {at})"),
    "page.no_cluster": _t("none given", "주어지지 않음"),
    "page.version": _t("Kubernetes version", "Kubernetes 버전"),
    "page.version_inferred": _t(
        "{version} (inferred from the kubelets)", "{version}(kubelet에서 추정)"
    ),
    "page.version_unknown": _t("unknown", "알 수 없음"),
    "page.nodes": _t("Nodes", "노드"),
    "page.node_counts": _t(
        "{total} (control plane: {control}, workers: {workers})",
        "{total}대(컨트롤 플레인 {control}, 워커 {workers})",
    ),
    "page.nodes_unready": _t(
        "{counts}; not ready or cordoned: {unready}",
        "{counts}, 준비되지 않았거나 중지된 노드 {unready}대",
    ),
    "page.nodes_ready": _t("{counts}, all ready", "{counts}, 모두 준비됨"),
    "page.applications": _t("Applications", "애플리케이션"),
    "page.application_count": _t("{count}", "{count}개"),
    "page.unread": _t("Could not be read", "읽지 못한 종류"),
    "page.nothing": _t("nothing", "없음"),
    "page.nothing_to_do": _t("Nothing has to be done.", "할 일이 없습니다."),
    "page.no_alternative": _t(
        "No alternative would do better here.", "이 클러스터에 더 나은 대안이 없습니다."
    ),
    "page.same_field": _t("Tools in the same field:", "같은 분야의 도구:"),
    "page.no_same_field": _t(
        "No tool in the same field was found.", "같은 분야의 도구는 발견되지 않았습니다."
    ),
    "page.other_tools": _t("Other tools found: {tools}.", "그 밖에 발견된 도구: {tools}."),
    "page.tool": _t("Tool", "도구"),
    "page.purpose": _t("Purpose", "하는 일"),
    "page.namespace": _t("Namespace", "네임스페이스"),
    "page.tool_version": _t("Version", "버전"),
    "page.health": _t("Health", "상태"),
    "page.evidence": _t("Evidence", "근거"),
    "page.changes_when": _t("What would change the verdict", "판정이 바뀌는 조건"),
    "page.sizes": _t("Sizes to plan for", "필요한 크기"),
    "page.component": _t("Component", "구성 요소"),
    "page.replicas": _t("Replicas", "복제본"),
    "page.cpu": _t("CPU request", "CPU 요청"),
    "page.memory": _t("Memory request", "메모리 요청"),
    "page.volumes": _t("Volumes", "볼륨"),
    "page.basis": _t("Basis", "근거"),
    "page.declared": _t("declared by the project", "프로젝트 선언값"),
    "page.recommended": _t("recommended", "권장값"),
    "page.per_node": _t("one per node", "노드마다 1개"),
    "page.none_needed": _t("none", "없음"),
    "page.install": _t("Steps", "순서"),
    "page.list": _t("{items}", "{items}"),
    "page.for": _t("for", "찬성"),
    "page.against": _t("against", "반대"),
    "health.word.healthy": _t("healthy", "정상"),
    "health.word.degraded": _t("degraded", "비정상"),
    "health.word.unknown": _t("unknown", "알 수 없음"),
    "kind.overlap": _t("overlap", "기능 중복"),
    "kind.capacity": _t("capacity", "용량"),
    "kind.version": _t("version", "버전"),
    "kind.conflict": _t("conflict", "충돌"),
    "kind.lifecycle": _t("lifecycle", "프로젝트 상태"),
    "kind.storage": _t("storage", "스토리지"),
    "kind.permission": _t("permission", "권한"),
    "kind.health": _t("health", "상태"),
    "kind.operations": _t("operations", "운영"),
    "kind.need": _t("need", "수요"),
    "kind.gain": _t("gain", "이득"),
    "verdict.word.recommend": _t("adopt", "도입 권장"),
    "verdict.word.do_not_recommend": _t("do not adopt", "도입 비권장"),
    "verdict.word.already_installed": _t("already installed", "이미 설치됨"),
    "verdict.word.undetermined": _t("undetermined", "판단 보류"),
    "verdict.recommend": _t("Adopt {tool}.", "{tool} 도입을 권장합니다."),
    "verdict.do_not_recommend": _t("Do not adopt {tool}.", "{tool} 도입을 권장하지 않습니다."),
    "verdict.already_installed": _t(
        "{tool} is already installed and healthy.",
        "{tool}: 이미 설치되어 정상으로 동작하고 있습니다.",
    ),
    "verdict.already_degraded": _t(
        "{tool} is already installed, but needs repair.",
        "{tool}: 이미 설치되어 있지만 복구가 필요합니다.",
    ),
    "verdict.already_unknown": _t(
        "{tool} is already installed; whether it is healthy is not known.",
        "{tool}: 이미 설치되어 있지만 상태는 알 수 없습니다.",
    ),
    "verdict.undetermined": _t(
        "This cannot be decided yet for {tool}.", "{tool} 도입 여부를 아직 판단할 수 없습니다."
    ),
    "verdict.undetermined_unknown": _t("This cannot be decided yet.", "아직 판단할 수 없습니다."),
    "conclusion.recommend": _t(
        "Adopt {tool}: it fits this cluster and gives what is missing.",
        "{tool} 도입을 권장합니다. 이 클러스터에 설치할 수 있고 없는 기능을 채워 줍니다.",
    ),
    "conclusion.do_not_recommend": _t(
        "Do not adopt {tool}: {why}.", "{tool} 도입을 권장하지 않습니다: {why}."
    ),
    "conclusion.with_alternative": _t(
        "Do not adopt {tool}: {why}. Use instead: {options}.",
        "{tool} 도입을 권장하지 않습니다: {why}. 대안: {options}.",
    ),
    "conclusion.already_installed": _t(
        "Nothing to install: {tool} is there and healthy.",
        "새로 설치할 것이 없습니다. {tool}: 이미 정상으로 동작하고 있습니다.",
    ),
    "conclusion.already_degraded": _t(
        "Repair the {tool} that is there; do not install a second one.",
        "새로 설치하지 말고 이미 있는 {tool} 설치를 복구해야 합니다.",
    ),
    "conclusion.already_unknown": _t(
        "Check the {tool} that is there; do not install a second one.",
        "새로 설치하지 말고 이미 있는 {tool} 설치의 상태를 확인해야 합니다.",
    ),
    "conclusion.undetermined": _t(
        "Close the gaps named above, then ask again.",
        "위에서 말한 부족한 정보를 채운 뒤 다시 판단해야 합니다.",
    ),
    "why.overlap": _t("its purpose is already served", "같은 기능이 이미 있습니다"),
    "why.capacity": _t(
        "there is not enough room to run it safely", "안전하게 배치할 자리가 부족합니다"
    ),
    "why.version": _t("the Kubernetes version is too old", "Kubernetes 버전이 너무 낮습니다"),
    "why.conflict": _t("it would collide with what runs", "기존 구성과 충돌합니다"),
    "why.lifecycle": _t("its project is retired", "프로젝트가 종료되었습니다"),
    "why.storage": _t("there is no storage for it", "사용할 스토리지가 없습니다"),
}
