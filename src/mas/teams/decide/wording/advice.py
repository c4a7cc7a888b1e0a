"""Sentences of alternatives, changes and guides, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

ADVICE: dict[str, Text] = {
    "alternative.here": _t(
        "Keep using {by}: it already covers {capabilities}.",
        "이미 제공되는 기능({capabilities})을 계속 사용하면 됩니다: {by}.",
    ),
    "alternative.companion": _t(
        "{tool} in namespace {namespace} goes with it and takes care of {capability}.",
        "함께 쓸 도구로, {capability} 기능은 네임스페이스 {namespace}의 {tool} 설치가 맡고 있습니다.",
    ),
    "alternative.keep": _t(
        "Keep {tool} in namespace {namespace}, or remove it before you change.",
        "네임스페이스 {namespace}의 {tool} 설치를 계속 사용합니다. 바꾸려면 먼저 제거해야 합니다.",
    ),
    "alternative.keep_network": _t(
        "Keep {network}, the pod network that the nodes already use.",
        "노드가 이미 사용하는 파드 네트워크 {network} 구성을 그대로 사용합니다.",
    ),
    "alternative.successor": _t(
        "Use {tool} instead of {old}. {summary}.",
        "{old} 대신 {tool} 사용을 권장합니다. {summary}.",
    ),
    "alternative.successor_here": _t(
        "Use {tool}, which already runs in namespace {namespace}, instead of {old}.",
        "{old} 대신 네임스페이스 {namespace}에 이미 설치된 {tool} 사용을 권장합니다.",
    ),
    "alternative.fits": _t(
        "{tool} serves the same purpose and fits this cluster. {summary}.",
        "{tool}: 같은 목적에 쓸 수 있고 이 클러스터에 설치할 수 있습니다. {summary}.",
    ),
    "counterfactual.retired": _t(
        "No change to the cluster is enough, because the project of {tool} is no longer cared for. "
        "Besides, this would be needed: {changes}.",
        "{tool} 프로젝트가 더는 관리되지 않으므로 클러스터를 바꾸어도 도입을 권장하지 않습니다. 이와 별도로 필요한 변경: "
        "{changes}.",
    ),
    "counterfactual": _t(
        "{tool} would be recommended after this change: {changes}.",
        "다음과 같이 바뀌면 {tool} 도입을 권장합니다: {changes}.",
    ),
    "change.upgrade": _t(
        "upgrade the control plane from {version} to at least {minimum}",
        "컨트롤 플레인을 {version}에서 최소 {minimum} 버전으로 업그레이드",
    ),
    "change.storage": _t(
        "set up a StorageClass that provisions volumes and make it the default",
        "볼륨을 자동으로 만들어 주는 StorageClass를 마련하고 기본값으로 지정",
    ),
    "change.more_room": _t(
        "make room for its pods on the nodes", "노드에 파드를 배치할 자리를 확보"
    ),
    "change.quota": _t("raise {lines}", "{lines}"),
    "change.quota_line": _t(
        "{resource} of ResourceQuota {quota} in namespace {namespace} to {to}",
        "네임스페이스 {namespace}의 ResourceQuota {quota}에서 {resource} 한도 상향(최소 {to})",
    ),
    "change.declare": _t(
        "set requests and limits for {components}", "구성 요소({components})의 요청량과 한도를 지정"
    ),
    "change.uncordon": _t("uncordon node {node}", "노드 {node}의 스케줄링 중지(cordon)를 해제"),
    "change.free": _t("free {amount} on node {node}", "노드 {node}에서 {amount} 확보"),
    "change.add-node": _t(
        "add one node of the size of {node} ({amount})",
        "노드 {node} 크기({amount})의 노드 1대 추가",
    ),
    "change.add-nodes": _t(
        "add {count} nodes of the size of {node} ({amount})",
        "노드 {node} 크기({amount})의 노드 {count}대 추가",
    ),
    "change.memory": _t("memory {memory}", "메모리 {memory}"),
    "change.pods": _t("room for one more pod (slots to free: {count})", "파드 자리 {count}개"),
    "change.rival": _t(
        "{tools} is given up or can no longer meet the need",
        "{tools} 사용을 그만두거나, 이 도구로 더는 요구를 충족할 수 없음",
    ),
    "change.platform": _t(
        "the present provider is taken out of service", "현재 그 기능을 맡은 구성의 사용을 중단"
    ),
    "change.readable": _t(
        "and what could not be read ({kinds}) speaks not against it",
        "아울러 읽지 못한 정보({kinds})에 걸림돌이 없음",
    ),
    "guide.rollback": _t("Only to undo it: {title}", "되돌릴 때만 실행: {title}"),
    "guide.left_over": _t(
        "Look at the custom resource definitions of {tool} that were left behind",
        "남아 있는 {tool} CRD 확인",
    ),
    "guide.default_class": _t(
        "Make StorageClass {storage_class} the default (or name it in the chart's values)",
        "StorageClass {storage_class} 기본값 지정(또는 차트 값에서 직접 지정)",
    ),
    "guide.scale_up": _t("Scale {object} up again", "{object} 복제본 수 복구"),
    "guide.read_logs": _t(
        "Read why {object} stopped last time", "{object}의 직전 종료 원인 로그 확인"
    ),
    "guide.describe": _t(
        "Look at the state and events of {object}", "{object}의 상태와 이벤트 확인"
    ),
    "guide.check_image": _t(
        "Check name, tag and pull secret of image {image}",
        "이미지 {image}의 이름, 태그, 인증 정보 확인",
    ),
    "guide.missing": _t(
        "Look for the missing component {component}, then run the same installation again",
        "누락된 구성 요소 {component} 확인 후 같은 방법으로 다시 설치",
    ),
    "guide.verify_repair": _t("Check that {tool} is ready again", "{tool} 복구 확인"),
    "guide.grant": _t(
        "Let the account read {kinds} (then bind the role to it)",
        "계정에 {kinds} 조회 권한 부여(이후 역할 바인딩 필요)",
    ),
    "guide.snapshot": _t(
        "Take a snapshot with sufficient rights and decide on that",
        "충분한 권한으로 스냅숏을 만든 뒤 다시 판단",
    ),
    "guide.give_cluster": _t(
        "Name a context or a snapshot file",
        "컨텍스트 또는 스냅숏 파일 지정",
    ),
    "guide.catalog": _t("See what the catalog knows", "카탈로그에 있는 도구 확인"),
}
