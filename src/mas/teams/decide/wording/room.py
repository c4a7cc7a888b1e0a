"""Sentences of what room the nodes have, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

ROOM: dict[str, Text] = {
    "capacity.fits": _t(
        "There is room for the pods of {tool} ({pods} in all; requests: CPU {cpu}, memory "
        "{memory}). The nodes that take pods ({nodes} in all) have CPU {free_cpu} and memory "
        "{free_memory} free. {notes}",
        "{tool} 파드 {pods}개를 모두 배치할 수 있습니다(요청량: CPU {cpu}, 메모리 {memory}). 파드를 받을 수 있는 노드 "
        "{nodes}대에 CPU {free_cpu}, 메모리 {free_memory} 여유가 있습니다. {notes}",
    ),
    "capacity.recommended": _t(
        "Some components ({count}) declare no requests; the catalog's recommended sizing was "
        "used for them.",
        "구성 요소 {count}개는 프로젝트가 요청량을 정해 두지 않아 카탈로그의 권장값으로 계산했습니다.",
    ),
    "capacity.no_room": _t(
        "No node has room for {pods} of the {wanted} pods of {tool} (components: {components}; "
        "the largest asks for CPU {cpu}, memory {memory}). Obstacles: {causes}. {room}",
        "{tool} 파드 {wanted}개 중 {pods}개를 배치할 노드가 없습니다(구성 요소: {components}, 가장 큰 파드의 "
        "요청량: CPU {cpu}, 메모리 {memory}). 원인: {causes}. {room}",
    ),
    "capacity.gap": _t(
        "{tool} runs on every node (components: {components}), but {pods} of {wanted} nodes have no "
        "room for its pod; there it would be missing. Obstacles: {causes}. {room}",
        "{tool} 구성 요소({components})는 노드마다 하나씩 실행되지만, 노드 {wanted}대 중 {pods}대에는 자리가 없어 "
        "그 노드에서는 빠집니다. 원인: {causes}. {room}",
    ),
    "capacity.scattered": _t(
        "In total CPU {cpu} and memory {memory} are free, but scattered over the nodes.",
        "전체 여유는 CPU {cpu}, 메모리 {memory}이지만 여러 노드에 흩어져 있습니다.",
    ),
    "capacity.nearest": _t(
        "Once the other pods are placed, node {node} has most left: CPU {cpu}, memory {memory}.",
        "나머지 파드를 배치한 뒤 여유가 가장 많은 노드는 {node}이며, CPU {cpu}, 메모리 {memory} 여유가 있습니다.",
    ),
    "capacity.quota": _t(
        "ResourceQuota {quota} in namespace {namespace} does not leave enough for {tool}: "
        "{resource} allows {hard}, {used} is used, {wanted} more would be needed.",
        "네임스페이스 {namespace}의 ResourceQuota {quota} 한도 때문에 {tool} 설치가 거부됩니다. {resource}: 한도 "
        "{hard}, 사용 중 {used}, 추가 필요량 {wanted}.",
    ),
    "capacity.undeclared": _t(
        "ResourceQuota {quota} in namespace {namespace} insists on {resource}, which the default "
        "installation does not declare for {components}. Set the recommended sizing when you "
        "install it.",
        "네임스페이스 {namespace}의 ResourceQuota {quota} 규칙에는 {resource} 값이 필요하지만 기본 설치에는 값이 없는 구성 요소가 "
        "있습니다({components}). 설치할 때 권장 크기를 지정해야 합니다.",
    ),
    "capacity.single_node": _t(
        "The cluster is a single node, so {tool} stops when that node is lost.",
        "클러스터에 노드가 하나뿐이므로 그 노드에 장애가 나면 {tool} 동작도 멈춥니다.",
    ),
    "capacity.loss_risk": _t(
        "The pods of {tool} fit only while no node is lost: without node {nodes} they find no "
        "room. This is a risk, not a refusal, because not all traffic depends on it.",
        "모든 노드가 살아 있을 때만 {tool} 파드를 배치할 수 있습니다. 장애가 나면 배치할 곳이 없어지는 노드: {nodes}. 모든 트래픽이 의존하는 도구는 "
        "아니므로 거부 사유가 아니라 위험으로 봅니다.",
    ),
    "capacity.loss_critical": _t(
        "The pods of {tool} fit only while no node is lost: without node {nodes} they find no "
        "room. All traffic would depend on it, so this refuses it.",
        "모든 노드가 살아 있을 때만 {tool} 파드를 배치할 수 있습니다. 장애가 나면 배치할 곳이 없어지는 노드: {nodes}. 모든 트래픽이 의존하는 "
        "도구이므로 도입을 권장하지 않습니다.",
    ),
    "capacity.loss_crowded": _t(
        "If node {nodes} is lost, the others have too little room for its own pods and those of "
        "{tool} together.",
        "노드 {nodes}에 장애가 나면 나머지 노드에는 그 노드의 파드와 {tool} 파드를 함께 받을 자리가 부족합니다.",
    ),
    "cause.cpu": _t(
        "not enough CPU ({where})",
        "CPU 부족({where})",
    ),
    "cause.memory": _t(
        "not enough memory ({where})",
        "메모리 부족({where})",
    ),
    "cause.pods": _t(
        "no pod slot left ({where})",
        "파드 자리 없음({where})",
    ),
    "cause.taint": _t(
        "taint {key} ({where})",
        "테인트 {key}({where})",
    ),
    "cause.cordoned": _t(
        "cordoned ({where})",
        "스케줄링 중지(cordon)({where})",
    ),
    "cause.not-ready": _t(
        "not ready ({where})",
        "준비되지 않음({where})",
    ),
    "cause.saturated": _t(
        "measured use of 90% or more ({where})",
        "실측 사용률 90% 이상({where})",
    ),
    "cause.selector": _t(
        "label {key} is missing ({where})",
        "레이블 {key} 없음({where})",
    ),
    "cause.anti-affinity": _t(
        "such a pod runs there already ({where})",
        "같은 파드가 이미 있음({where})",
    ),
    "capacity.unmeasured": _t(
        "Measured use could not be read ({kind}), so only requests were counted.",
        "실측 사용량을 읽지 못해({kind}) 요청량만으로 계산했습니다.",
    ),
    "where.many": _t(
        "{count} nodes, such as {nodes}",
        "노드 {count}대, 예: {nodes}",
    ),
    "where.named": _t(
        "{nodes}",
        "{nodes}",
    ),
}
