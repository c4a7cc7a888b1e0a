"""Sentences of findings, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

REASONS: dict[str, Text] = {
    # health: the tool is here
    "health.healthy": _t(
        "{tool} {version} already runs in namespace {namespace} and is healthy ({object}).",
        "{tool} {version}: 네임스페이스 {namespace}에 이미 설치되어 정상으로 동작하고 있습니다({object}).",
    ),
    "health.unknown": _t(
        "{tool} {version} is installed in namespace {namespace}, but nothing that could be read "
        "tells whether it is healthy ({object}).",
        "{tool} {version}: 네임스페이스 {namespace}에 설치되어 있지만, 읽을 수 있는 정보만으로는 정상인지 알 수 "
        "없습니다({object}).",
    ),
    "health.in_bundle": _t(
        "{installed} in namespace {namespace} brings {tool} with it, but {tool} itself does not "
        "run: mend that installation instead of adding a second one ({object}).",
        "네임스페이스 {namespace}에 설치된 {installed} 구성에 {tool}도 포함되지만 실행되고 있지 않습니다({object}). 새로 설치하지 "
        "말고 기존 설치를 고쳐야 합니다.",
    ),
    "health.unseen_in_bundle": _t(
        "{installed} in namespace {namespace} usually brings {tool} with it; what could be read "
        "does not tell whether it runs ({object}).",
        "네임스페이스 {namespace}에 설치된 {installed} 구성에는 보통 {tool}도 포함되지만, 읽을 수 있는 "
        "정보만으로는 실행 중인지 알 수 없습니다({object}).",
    ),
    "fault.zero_replicas": _t(
        "{tool} is installed in namespace {namespace}, but {object} ({component}) is scaled to "
        "zero replicas.",
        "{tool}: 네임스페이스 {namespace}에 설치되어 있지만 {object}({component})의 복제본 수가 0입니다.",
    ),
    "fault.not_ready": _t(
        "{tool} is installed in namespace {namespace}, but {object} ({component}) has no ready "
        "replica.",
        "{tool}: 네임스페이스 {namespace}에 설치되어 있지만 {object}({component})에 준비된 복제본이 없습니다.",
    ),
    "fault.crash_loop": _t(
        "{tool} is installed in namespace {namespace}, but {object} ({component}) does not stay "
        "up: {value}.",
        "{tool}: 네임스페이스 {namespace}에 설치되어 있지만 {object}({component})의 컨테이너가 계속 종료됩니다"
        "({value}).",
    ),
    "fault.image_pull": _t(
        "{tool} is installed in namespace {namespace}, but {object} ({component}) cannot pull its "
        "image {image}: {value}.",
        "{tool}: 네임스페이스 {namespace}에 설치되어 있지만 {object}({component})에서 이미지 {image} 받기에 "
        "실패했습니다({value}).",
    ),
    "fault.missing_component": _t(
        "{tool} is installed in namespace {namespace}, but its component {component} is missing "
        "(seen: {object}).",
        "{tool}: 네임스페이스 {namespace}에 설치되어 있지만 필수 구성 요소 하나가 없습니다({component}). 확인한 객체: {object}.",
    ),
    # lifecycle
    "lifecycle.abandoned": _t(
        "{tool} gets no security updates any more (since {since}): {what}. "
        "Its successor: {successors}.",
        "{tool} 프로젝트는 {since}부터 보안 업데이트가 없습니다. {what}. 후속 도구: {successors}.",
    ),
    "lifecycle.maintenance": _t(
        "{tool} is only maintained: {what}.",
        "{tool} 프로젝트는 유지 보수만 이루어지고 있습니다. {what}.",
    ),
    "lifecycle.installed": _t(
        "{tool} runs here, but its project gets no security updates any more (since {since}): "
        "{what}. Plan the move to its successor: {successors}.",
        "{tool}: 현재 사용 중이지만 프로젝트의 보안 업데이트가 {since}부터 중단되었습니다. {what}. 후속 도구로 "
        "옮길 계획이 필요합니다: {successors}.",
    ),
    "lifecycle.replaces": _t(
        "{old} in namespace {namespace} gives {capability} today, but its project gets no security "
        "updates any more (since {since}); {tool} can take its place.",
        "네임스페이스 {namespace}의 {old} 설치가 현재 {capability} 기능을 맡고 있지만 프로젝트의 보안 업데이트가 "
        "{since}부터 중단되었습니다. {tool} 도입으로 대체할 수 있습니다.",
    ),
    # version
    "version.below": _t(
        "The control plane runs Kubernetes {version}, but {tool} {release} needs at least "
        "{minimum}.",
        "컨트롤 플레인의 Kubernetes 버전은 {version}이지만, {tool} {release} 실행에는 최소 {minimum} 버전이 "
        "필요합니다.",
    ),
    "version.ok": _t(
        "Kubernetes {version} meets the minimum of {tool} {release} ({minimum}).",
        "Kubernetes {version}: {tool} {release}의 최소 버전({minimum})을 충족합니다.",
    ),
    "version.untested": _t(
        "{tool} publishes tests with Kubernetes {tested}; {version} is not among them.",
        "{tool} 프로젝트가 시험한 Kubernetes 버전은 {tested}이며, {version} 버전은 여기에 없습니다.",
    ),
    # overlap
    "overlap.covered": _t(
        "What {tool} would bring ({capabilities}) is already there, in good health: {by}.",
        "{tool} 도입으로 얻을 기능({capabilities})을 이미 정상으로 제공하는 도구가 있습니다: {by}.",
    ),
    "overlap.partly": _t(
        "A part of what {tool} would bring ({capabilities}) is already there: {by}. "
        "Still missing: {missing}.",
        "{tool} 도입으로 얻을 기능 가운데 일부({capabilities})는 이미 있습니다: {by}. 아직 없는 기능: {missing}.",
    ),
    "overlap.degraded": _t(
        "{other} in namespace {namespace} would give {capabilities}, but does not at present "
        "({object}); mending it may be less work than a new tool.",
        "네임스페이스 {namespace}의 {other} 설치도 제공할 수 있는 기능({capabilities})이지만 지금은 제대로 동작하지 "
        "않습니다({object}). 새 도구를 들이는 것보다 고치는 편이 간단할 수 있습니다.",
    ),
    "overlap.by_feature": _t(
        "{features} ({tool} in namespace {namespace})",
        "{features}(네임스페이스 {namespace}의 {tool})",
    ),
    "overlap.by_tool": _t("{tool} in namespace {namespace}", "네임스페이스 {namespace}의 {tool}"),
    # conflict
    "conflict.second": _t(
        "{other} in namespace {namespace} already provides {capability}; a second provider such as "
        "{tool} would collide with it.",
        "네임스페이스 {namespace}의 {other} 설치가 이미 {capability} 기능을 맡고 있습니다. {tool} 설치 시 두 도구가 "
        "충돌합니다.",
    ),
    "conflict.node_network": _t(
        "The nodes already use the pod network {network} (node {node}); a second one such as "
        "{tool} would collide with it.",
        "노드가 이미 파드 네트워크 {network} 위에서 동작합니다(노드 {node}). {tool} 설치 시 두 네트워크가 충돌합니다.",
    ),
    "conflict.unknown_network": _t(
        "Node {node} is ready, so a pod network is at work that could not be identified; "
        "check that {tool} takes its place and does not run beside it.",
        "노드 {node} 상태가 준비됨이므로 식별하지 못한 파드 네트워크가 이미 동작하고 있습니다. {tool} 설치 전에 "
        "기존 네트워크를 대체하는지 확인해야 합니다.",
    ),
    "conflict.platform_balancer": _t(
        "Services already get addresses from the platform's load balancer ({service} has "
        "{address}); {tool} would compete for the same Services.",
        "플랫폼의 로드 밸런서가 이미 Service 주소를 할당하고 있습니다({service}: {address}). {tool} 설치 시 같은 "
        "Service를 두고 충돌합니다.",
    ),
    "conflict.platform": _t(
        "{tool} works on nodes of {platform} only, but node {node} belongs to {provider}.",
        "{tool}: {platform} 노드에서만 동작하지만 노드 {node}의 제공자는 {provider}입니다.",
    ),
    "conflict.platform_untold": _t(
        "{tool} works on nodes of {platform} only, and no node says that it belongs there "
        "({node}): make sure before you install it.",
        "{tool}: {platform} 노드에서만 동작하지만 노드 정보로는 {platform} 노드인지 알 수 없습니다({node}). 설치 전에 "
        "확인해야 합니다.",
    ),
    "conflict.left_over": _t(
        "Custom resource definitions of {tool} are left in the cluster without a controller "
        "({count} in all, such as {example}). This is no working installation; they must be "
        "removed or taken over first.",
        "{tool}의 CRD가 컨트롤러 없이 남아 있습니다(모두 {count}개, 예: {example}). 동작하는 설치가 아니므로 먼저 제거하거나 새 설치가 "
        "이어받게 해야 합니다.",
    ),
    "conflict.left_over_used": _t(
        "Custom resource definitions of {tool} are left in the cluster without a controller "
        "({count} in all, such as {example}), and nobody acts on the resources made from them "
        "({resources} in all). They must be removed or taken over first.",
        "{tool}의 CRD가 컨트롤러 없이 남아 있고(모두 {count}개, 예: {example}) 이 CRD로 만든 리소스 {resources}개도 아무도 "
        "처리하지 않습니다. 먼저 제거하거나 새 설치가 이어받게 해야 합니다.",
    ),
    # storage
    "storage.none": _t(
        "{tool} keeps data on volumes, but the cluster has no StorageClass.",
        "{tool}: 데이터를 보관할 볼륨이 필요하지만 클러스터에 StorageClass가 없습니다.",
    ),
    "storage.static_only": _t(
        "{tool} keeps data on volumes, but no StorageClass here creates any ({classes}) and no "
        "volume is free.",
        "{tool}: 데이터를 보관할 볼륨이 필요하지만 볼륨을 만들어 주는 StorageClass가 없고(있는 클래스: {classes}) 남는 볼륨도 없습니다.",
    ),
    "storage.default": _t(
        "{tool} can keep its data on the default StorageClass {storage_class}.",
        "{tool} 데이터는 기본 StorageClass {storage_class}에 저장할 수 있습니다.",
    ),
    "storage.no_default": _t(
        "{tool} keeps data on volumes, and no StorageClass is the default: name one in its "
        "settings ({classes}).",
        "{tool}: 데이터를 보관할 볼륨이 필요하지만 기본 StorageClass가 없습니다. 설정에서 직접 지정해야 합니다({classes}).",
    ),
    # operations
    "operations.low": _t(
        "{tool} is easy to run (components: {workloads}, custom resource definitions: {crds}). "
        "{upkeep}.",
        "{tool} 운영 부담은 작습니다(구성 요소 {workloads}개, CRD {crds}개). {upkeep}.",
    ),
    "operations.medium": _t(
        "{tool} adds some work (components: {workloads}, custom resource definitions: {crds}). "
        "{upkeep}.",
        "{tool} 운영에는 어느 정도 일이 따릅니다(구성 요소 {workloads}개, CRD {crds}개). {upkeep}.",
    ),
    "operations.high": _t(
        "{tool} is demanding to learn and to run (components: {workloads}, custom resource "
        "definitions: {crds}). {upkeep}.",
        "{tool} 학습과 운영에 부담이 큽니다(구성 요소 {workloads}개, CRD {crds}개). {upkeep}.",
    ),
    "operations.requires": _t(
        "{tool} needs {capability} first, and nothing healthy here gives it. "
        "Candidates: {candidates}.",
        "{tool} 설치 전에 {capability} 기능이 필요하지만 이 클러스터에는 정상으로 제공하는 도구가 없습니다. 후보: "
        "{candidates}.",
    ),
    # gain and need
    "gain.missing": _t(
        "{tool} brings what nothing healthy here gives: {capabilities}.",
        "현재 클러스터에서 정상으로 제공되지 않는 기능을 {tool} 도입으로 얻습니다: {capabilities}.",
    ),
    "gain.missing_extras": _t(
        "{tool} brings what nothing healthy here gives: {capabilities}. It would also add: "
        "{extras}.",
        "현재 클러스터에서 정상으로 제공되지 않는 기능을 {tool} 도입으로 얻습니다: {capabilities}. 함께 얻는 기능: {extras}.",
    ),
    "gain.replaces": _t(
        "{tool} gives {capabilities} with security updates, unlike what gives it today.",
        "{tool} 도입으로 보안 업데이트가 계속되는 도구에서 {capabilities} 기능을 얻습니다.",
    ),
    "gain.extras": _t(
        "Only {tool} would add: {capabilities}.",
        "{tool} 도입으로만 새로 얻는 기능: {capabilities}.",
    ),
    "need.seen": _t(
        "The demand for {tool} is there: {seen}.",
        "{tool} 수요가 확인되었습니다: {seen}.",
    ),
    "need.none": _t(
        "No demand was seen, neither in the request nor in the cluster. {pays}.",
        "요청과 클러스터 어디에서도 수요가 확인되지 않았습니다. {pays}.",
    ),
    "need.asked": _t(
        "the request names {what}",
        "요청에 적힌 기능({what})",
    ),
    "signal.ingresses": _t(
        "Ingress objects ({count})",
        "Ingress {count}개",
    ),
    "signal.ingresses-with-tls": _t(
        "Ingress objects with TLS ({count})",
        "TLS를 사용하는 Ingress {count}개",
    ),
    "signal.load-balancers-pending": _t(
        "Services of type LoadBalancer that wait for an address ({count})",
        "주소를 기다리는 LoadBalancer 유형의 Service {count}개",
    ),
    "signal.claims": _t(
        "volume claims that hold data ({count})",
        "데이터를 담은 볼륨 요청(PVC) {count}개",
    ),
    "signal.claims-pending": _t(
        "volume claims that wait for storage ({count})",
        "스토리지를 기다리는 볼륨 요청(PVC) {count}개",
    ),
    "signal.autoscalers": _t(
        "HorizontalPodAutoscalers ({count})",
        "HorizontalPodAutoscaler {count}개",
    ),
    "signal.cron-jobs": _t(
        "CronJobs ({count})",
        "CronJob {count}개",
    ),
    "signal.network-policies": _t(
        "NetworkPolicies ({count})",
        "NetworkPolicy {count}개",
    ),
    "signal.services": _t(
        "Services ({count})",
        "Service {count}개",
    ),
    "signal.applications": _t(
        "applications ({count})",
        "애플리케이션 {count}개",
    ),
    "signal.replaced": _t("{old} has to be replaced", "{old} 교체 필요"),
    "signal.resources": _t(
        "custom resources of it that wait for a controller ({count})",
        "컨트롤러를 기다리는 사용자 정의 리소스 {count}개",
    ),
    "chosen.covers": _t(
        "The request asks for {capability}; {tool} gives it here.",
        "요청한 {capability} 기능: 이 클러스터에서는 {tool} 설치가 맡고 있습니다.",
    ),
    "chosen.best": _t(
        "The request asks for {capability} and names no tool: {tool} was chosen as the first in "
        "the catalog's order of preference that suits this cluster (others: {others}).",
        "요청은 {capability} 기능만 지정했으므로 카탈로그의 우선순위에서 이 클러스터에 맞는 첫 번째 도구인 {tool} "
        "기준으로 판단했습니다(다른 후보: {others}).",
    ),
    "chosen.first": _t(
        "The request asks for {capability} and names no tool: {tool} was judged as the catalog's "
        "first choice, because none would be recommended here (others: {others}).",
        "요청은 {capability} 기능만 지정했습니다. 이 클러스터에 권장할 수 있는 도구가 없어 카탈로그의 첫 번째 "
        "도구인 {tool} 기준으로 판단했습니다(다른 후보: {others}).",
    ),
    "chosen.only": _t(
        "The request asks for {capability} and names no tool: {tool} is the one that the catalog "
        "knows for it.",
        "요청은 {capability} 기능만 지정했으며, 카탈로그에서 이 기능을 제공하는 도구는 {tool}입니다.",
    ),
    # gaps
    "gap.no_cluster": _t(
        "There is no cluster to look at: no kubeconfig context, no in-cluster account and no "
        "snapshot file was given.",
        "살펴볼 클러스터가 없습니다. kubeconfig 컨텍스트, 클러스터 내부 계정, 스냅숏 파일 가운데 주어진 것이 없습니다.",
    ),
    "gap.unknown_tool": _t(
        "The catalog does not know {name}, so there are no facts to decide by. Add a file for it "
        "to the catalog; CONTRIBUTING.md explains the format.",
        "카탈로그에 {name} 정보가 없어 판단할 근거가 없습니다. 카탈로그에 도구 파일을 추가하십시오. 형식은 "
        "CONTRIBUTING.md에 있습니다.",
    ),
    "gap.no_subject": _t(
        "The request names no tool and no capability that the catalog knows. Name one (`mas "
        "catalog list` shows all), or add a file for it to the catalog.",
        "요청에서 카탈로그가 아는 도구나 기능을 찾지 못했습니다. 도구 이름을 적거나(`mas catalog list`로 전체 확인) "
        "카탈로그에 도구 파일을 추가하십시오.",
    ),
    "gap.no_nodes": _t(
        "The cluster data holds no node, which is too little to decide on.",
        "클러스터 데이터에 노드가 없어 판단하기에 부족합니다.",
    ),
    "gap.no_workloads": _t(
        "The cluster data holds no workload of any kind, which is too little to decide on.",
        "클러스터 데이터에 워크로드가 하나도 없어 판단하기에 부족합니다.",
    ),
    "gap.presence": _t(
        "{kind} could not be read, so {tool} may already be installed unseen: permission to list "
        "{kind} is missing.",
        "{kind} 목록을 읽지 못해 {tool} 설치 여부를 확정할 수 없습니다. {kind} 조회 권한이 필요합니다.",
    ),
    "gap.rival": _t(
        "{kind} could not be read, so something that gives the same or collides may run unseen: "
        "permission to list {kind} is missing.",
        "{kind} 목록을 읽지 못해 같은 기능을 제공하거나 충돌하는 도구가 있는지 알 수 없습니다. {kind} 조회 권한이 "
        "필요합니다.",
    ),
    "gap.capacity": _t(
        "{kind} could not be read, so nobody can tell whether the pods of {tool} find room: "
        "permission to list {kind} is missing.",
        "{kind} 목록을 읽지 못해 {tool} 파드를 배치할 수 있는지 알 수 없습니다. {kind} 조회 권한이 필요합니다.",
    ),
    "gap.size_untold": _t(
        "No node tells what it can allocate (status.allocatable), so nobody can tell whether the "
        "pods of {tool} find room: read the {kind} in full.",
        "노드에 할당 가능한 자원(status.allocatable) 정보가 없어 {tool} 파드를 배치할 수 있는지 알 수 없습니다. "
        "{kind} 정보를 빠짐없이 읽어야 합니다.",
    ),
    "gap.quota": _t(
        "{kind} could not be read, and namespace {namespace} may have a quota that refuses {tool}: "
        "permission to list {kind} is missing.",
        "{kind} 목록을 읽지 못했고 네임스페이스 {namespace}에 {tool} 설치를 거부하는 할당량이 있을 수 있습니다. "
        "{kind} 조회 권한이 필요합니다.",
    ),
    "gap.storage": _t(
        "{kind} could not be read, but {tool} keeps data on volumes: permission to list {kind} is "
        "missing.",
        "{tool} 실행에는 데이터 볼륨이 필요하지만 {kind} 목록을 읽지 못했습니다. {kind} 조회 권한이 필요합니다.",
    ),
    "gap.version": _t(
        "The Kubernetes version is not known, but {tool} needs at least {minimum}: permission to "
        "list {kind} is missing.",
        "Kubernetes 버전을 알 수 없지만 {tool} 실행에는 최소 {minimum} 버전이 필요합니다. {kind} 조회 권한이 "
        "필요합니다.",
    ),
    "gap.health": _t(
        "{other} in namespace {namespace} would cover this, but the data does not tell whether "
        "it is healthy ({object}): read its status and the {kind} as well.",
        "네임스페이스 {namespace}의 {other} 설치가 이 기능을 맡을 수 있지만 정상인지 알 수 없습니다({object}). 상태 정보와 {kind} "
        "목록도 읽어야 합니다.",
    ),
    "gap.version_untold": _t(
        "The Kubernetes version is not known, but {tool} needs at least {minimum}: the data "
        "names neither a server version nor a kubelet version.",
        "Kubernetes 버전을 알 수 없지만 {tool} 실행에는 최소 {minimum} 버전이 필요합니다. 데이터에 서버 버전도 kubelet 버전도 없습니다.",
    ),
}
