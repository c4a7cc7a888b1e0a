"""Fan-out: coders, repositories, checks, and what becomes of the agents' branches."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "bad_agent_count": Said(
        "에이전트 수를 사용할 수 없습니다.",
        "1에서 10 사이의 수를 지정하십시오.",
    ),
    "bad_task_seconds": Said(
        "작업 시간 한도를 사용할 수 없습니다.",
        "0보다 크고 일주일을 넘지 않는 초 단위 시간을 지정하십시오.",
    ),
    "no_coder": Said(
        "코더를 지정하지 않았고, 코더가 쓸 모델도 설정되어 있지 않습니다.",
        "코더(`claude`, `mas`, `codex`, `gemini`, `opencode`, `aider`, `mini-swe-agent`, "
        "`script:FILE`, `command:ARGV`)를 지정하거나 `MAS_CODER`나 `MAS_MODEL`을 설정하십시오.",
        "nothing",
    ),
    "unknown_coder": Said("그런 코더가 없습니다.", "아래 코더 중에서 고르십시오.", "all"),
    "coder_missing": Said(
        "코더가 쓰는 프로그램이 설치되어 있지 않습니다.",
        "프로그램을 설치하거나 전체 경로를 지정하십시오.",
        "all",
    ),
    "bad_coder": Said(
        "코더를 그대로 사용할 수 없습니다.",
        "`command:PROGRAM ARGUMENTS`처럼 적고 따옴표를 모두 닫으십시오. 코더 `mas`는 실행기 "
        "`local`에서만 동작합니다.",
    ),
    "bad_script": Said(
        "코더 스크립트를 사용할 수 없습니다.",
        "`script:FILE`처럼 JSON 파일을 지정하십시오. 형식은 `docs/coders.md`에 있습니다.",
    ),
    "bad_setup": Said(
        "준비 명령을 사용할 수 없습니다.",
        "`npm ci` 같은 명령을 적고 따옴표를 닫거나, 비워 두십시오. 셸은 쓰지 않습니다.",
    ),
    "setup_failed": Said(
        "준비 명령이 실패했습니다.",
        "준비 명령의 출력을 확인하고 고치십시오.",
        "all",
    ),
    "bad_check": Said(
        "검사 명령을 사용할 수 없습니다.",
        "`pytest -q` 같은 명령을 한 줄에 하나씩 적고 따옴표를 닫으십시오. 셸은 쓰지 않습니다.",
    ),
    "no_repository": Said(
        "그런 저장소가 없습니다.",
        "경로를 확인하거나, 비워 두고 새 저장소로 시작하십시오.",
    ),
    "not_a_repository": Said(
        "git 저장소가 아닙니다.",
        "그 폴더에서 `git init`과 커밋을 하거나, 다른 폴더를 지정하거나, 비워 두십시오.",
    ),
    "bad_repository": Said(
        "저장소의 이름이나 주소를 사용할 수 없습니다.",
        "폴더, 또는 `https`, `ssh`, `git`, `file` 주소나 `git@host:path`를 지정하십시오.",
    ),
    "unsupported_repository": Said(
        "지원하지 않는 형식의 저장소입니다.",
        "그 저장소에서 `git fsck`를 실행해 보고, git의 보통 형식(`sha1`)을 사용하십시오.",
    ),
    "incomplete_repository": Said(
        "저장소에 커밋의 객체가 일부 없습니다.",
        "그 저장소에서 `git fsck`를 실행하고 빠진 것을 가져오십시오.",
    ),
    "repository_unreachable": Said(
        "그 주소에서 저장소를 가져올 수 없습니다.",
        "주소를 확인하고, `git ls-remote`가 묻는 것 없이 되는지 확인하십시오.",
    ),
    "unknown_ref": Said(
        "그런 브랜치, 태그, 커밋이 없습니다.",
        "저장소에 있는 이름을 지정하십시오.",
        "all",
    ),
    "no_run_repository": Said(
        "이 실행의 저장소가 없습니다.",
        "지웠거나, 아직 만들지 않았거나, 다른 기기에 있습니다. 필요하면 새로 실행하십시오.",
    ),
    "folder_not_empty": Said("폴더가 비어 있지 않습니다.", "새 폴더를 지정하십시오."),
    "not_permitted": Said(
        "에이전트의 파일을 그 사용자에게 줄 수 없습니다.",
        "MAS를 그 사용자나 root로 실행하십시오.",
    ),
    "no_git": Said(
        "이 기기에 git이 없습니다.",
        "git 2.38 이상을 설치하십시오. 예: `apt-get install git`.",
        "nothing",
    ),
    "git_too_old": Said(
        "git이 너무 오래되었습니다.",
        "git 2.38 이상을 설치하고 PATH의 앞에 두십시오.",
    ),
    "git_failed": Said(
        "git 명령이 실패했습니다.",
        "디스크가 가득 찼는지 확인하고 다시 시도하십시오.",
    ),
    "no_branches": Said(
        "이 실행에는 에이전트의 브랜치가 없습니다.",
        "팀 “동시 작업”의 실행을 고르십시오.",
    ),
    "bad_agents": Said(
        "그렇게 비교할 수 없습니다.",
        "하나를 골라 기준과 비교하거나, 둘을 골라 서로 비교하십시오.",
    ),
    "no_ranking": Said(
        "이 실행에는 가장 나은 에이전트가 없습니다.",
        "에이전트를 번호로 고르십시오.",
    ),
    "agent_branch": Said(
        "에이전트가 한 일을 보관하는 브랜치라서 대상이 될 수 없습니다.",
        "기준 브랜치에 병합하거나, 다른 이름의 브랜치를 먼저 만드십시오.",
    ),
    "bad_branch": Said(
        "브랜치 이름으로 쓸 수 없습니다.",
        "`mas/run_1`처럼 적으십시오.",
    ),
    "branch_exists": Said(
        "그 저장소에 같은 이름의 브랜치가 다른 커밋으로 이미 있습니다.",
        "그 브랜치의 이름을 바꾸거나 지우거나, 다른 이름을 지정하십시오.",
    ),
    "branch_moved": Said(
        "그사이에 브랜치가 옮겨졌습니다.",
        "브랜치를 확인한 뒤 다시 병합하십시오.",
    ),
    "not_delivered": Said(
        "내 저장소에 브랜치를 만들지 못했습니다.",
        "그 저장소에 쓸 권한이 있는지, 막고 있는 브랜치가 없는지 확인하십시오.",
    ),
    "nothing_to_deliver_to": Said(
        "이 실행에는 이 기기에 있는 내 저장소가 없어 브랜치를 만들 곳이 없습니다.",
        "필요한 곳에서 `git fetch`로 실행의 저장소를 가져오십시오.",
        "all",
    ),
    "all_failed": Said(
        "작업을 해낸 에이전트가 없습니다.",
        "실행 페이지에서 각 에이전트의 내용을 확인하십시오.",
        "nothing",
    ),
    "no_changes": Said(
        "에이전트가 끝났지만 아무것도 바꾸지 않았습니다.",
        "에이전트의 내용을 확인하고, 요청을 더 분명하게 적으십시오.",
    ),
    "timeout": Said(
        "에이전트가 시간 한도를 넘어 멈췄습니다.",
        "시간 한도를 늘리거나 일을 더 작게 나누십시오.",
    ),
    "killed": Said(
        "에이전트의 프로세스가 밖에서 끝났습니다.",
        "메모리 한도를 확인하고 다시 시도하십시오.",
    ),
    "cancelled": Said(
        "실행이 취소되었습니다.",
        "다시 시도하거나 새로 요청하십시오.",
        "nothing",
    ),
}
