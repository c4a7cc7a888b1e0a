"""Executors: isolation on this machine, Docker, Jobs of a cluster, and their commands."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "unknown_executor": Said(
        "그런 실행기가 없습니다.",
        "`local`, `docker`, `kubernetes` 중에서 고르십시오.",
    ),
    "no_isolation": Said(
        "이 기기에서는 에이전트의 명령을 격리할 수 없습니다.",
        "bubblewrap을 설치하거나 다른 실행기를 쓰십시오. 격리 없이 실행하려면 `--unsafe-local`을 "
        "지정하십시오.",
    ),
    "no_docker": Said(
        "Docker 엔진을 사용할 수 없습니다.",
        "Docker를 설치해 시작하고 이 사용자를 `docker` 그룹에 넣거나, `--executor local`을 쓰십시오.",
    ),
    "docker_failed": Said(
        "Docker 엔진이 작업에 실패했습니다.",
        "엔진의 로그를 확인하고 다시 실행하십시오.",
    ),
    "no_image": Said(
        "컨테이너 이미지를 사용할 수 없습니다.",
        "이미지를 빌드하거나 가져오십시오. 만드는 방법은 `deploy/images/agent`에 있습니다.",
        "all",
    ),
    "no_folder": Said(
        "명령이 쓸 폴더가 없거나 실행기에서 보이지 않습니다.",
        "실행의 폴더를 쓰고, `WORKSPACE_LOCAL`과 `WORKSPACE_PATH` 설정을 확인하십시오.",
    ),
    "no_program": Said(
        "실행할 프로그램이 없습니다.",
        "프로그램을 설치하거나, 이름과 PATH를 확인하십시오.",
    ),
    "no_process": Said(
        "프로세스를 시작할 수 없습니다.",
        "기기의 메모리와 프로세스 수를 확인하십시오.",
    ),
    "bad_command": Said(
        "명령을 그대로 실행할 수 없습니다.",
        "명령을 고치십시오.",
        "all",
    ),
    "command_lost": Said(
        "명령이 결과를 알리지 않은 채 밖에서 끝났습니다.",
        "메모리가 모자라지 않았는지 확인하고 다시 실행하십시오.",
    ),
    "name_taken": Said(
        "같은 이름의 컨테이너나 Job이 이미 있습니다.",
        "그것을 확인해 지우거나 이름을 바꾸십시오.",
    ),
    "no_claim": Said(
        "작업 공간의 볼륨을 사용할 수 없습니다.",
        "`WORKSPACE_LOCAL`을 볼륨이 마운트된 위치로 설정하고, `deploy/kubernetes/agents`를 적용하십시오.",
    ),
    "no_room": Said(
        "작업을 시작할 자리가 없습니다.",
        "클러스터나 디스크에 자리를 만들거나, 에이전트의 수와 한도를 줄이십시오.",
    ),
    "bad_job": Said(
        "클러스터가 명령의 Job을 받아들이지 않습니다.",
        "Kubernetes 실행기의 설정을 확인하십시오.",
    ),
    "job_stays": Said(
        "지운 Job의 파드가 제때 없어지지 않았습니다.",
        "노드가 응답하는지 `kubectl get nodes`로 확인하십시오.",
    ),
}
