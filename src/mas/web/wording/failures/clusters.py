"""Clusters, kubeconfigs and snapshots."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "no_cluster": Said(
        "사용할 클러스터가 없습니다.",
        "kubeconfig의 컨텍스트나 스냅숏 파일의 경로를 클러스터로 지정하십시오.",
    ),
    "cluster_unknown": Said(
        "그 이름의 스냅숏 파일도 컨텍스트도 없습니다.",
        "이름과 kubeconfig를 확인하십시오.",
        "all",
    ),
    "context_missing": Said(
        "kubeconfig에 현재 컨텍스트가 없습니다.",
        "클러스터를 이름으로 지정하거나 `kubectl config use-context`로 고르십시오.",
        "all",
    ),
    "context_unknown": Said(
        "kubeconfig에 그런 컨텍스트가 없습니다.",
        "컨텍스트 이름을 확인하십시오.",
        "all",
    ),
    "kubeconfig_invalid": Said(
        "kubeconfig를 사용할 수 없습니다.",
        "`kubectl config view`로 확인해 고치거나 `KUBECONFIG`를 설정하십시오.",
    ),
    "credentials": Said(
        "컨텍스트의 인증 플러그인이 로그인 정보를 주지 못했습니다.",
        "`kubectl get nodes`로 먼저 로그인하십시오.",
    ),
    "unauthorized": Said(
        "클러스터가 이 컨텍스트의 로그인 정보를 받아들이지 않습니다.",
        "기한이 지났을 수 있습니다. 다시 로그인하고 `kubectl get nodes`로 확인하십시오.",
    ),
    "server_unreachable": Said(
        "클러스터의 API 서버가 응답하지 않습니다.",
        "클러스터와 네트워크를 확인하고 `kubectl get nodes`를 실행해 보십시오.",
    ),
    "server_answer": Said(
        "API 서버의 응답을 사용할 수 없습니다.",
        "Kubernetes API 서버의 주소인지 확인하고 다시 시도하십시오.",
    ),
    "cluster_slow": Said(
        "클러스터가 제때 응답하지 않았습니다.",
        "다시 시도하거나, `mas cluster snapshot`으로 스냅숏을 만들어 그 파일을 지정하십시오.",
    ),
    "cluster_blind": Said(
        "읽을 수 없는 객체가 있어 노드에 남은 자원을 알 수 없습니다.",
        "계정에 그 객체를 읽을 권한을 주거나, 더 큰 권한으로 스냅숏을 만드십시오.",
    ),
    "snapshot_unusable": Said(
        "스냅숏 파일을 사용할 수 없습니다.",
        "경로와 권한을 확인하십시오. `mas cluster snapshot`이 스냅숏 파일을 만듭니다.",
    ),
    "snapshot_invalid": Said(
        "스냅숏 파일의 내용을 읽을 수 없습니다.",
        "`mas cluster snapshot`으로 스냅숏을 다시 만드십시오.",
    ),
    "snapshot_unwritable": Said(
        "스냅숏 파일을 쓸 수 없습니다.",
        "다른 위치를 `-o FILE`로 지정하십시오.",
    ),
}
