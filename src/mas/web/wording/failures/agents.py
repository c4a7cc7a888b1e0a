"""Roles, memories, policies and tool servers."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "no_checkpoint": Said(
        "이 에이전트의 체크포인트가 없습니다.",
        "에이전트 페이지에서 먼저 체크포인트를 만드십시오.",
    ),
    "no_agent_named": Said(
        "에이전트를 지정하지 않았습니다.",
        "에이전트 하나를 고르거나 모두를 고르십시오.",
        "nothing",
    ),
    "bad_role": Said(
        "역할 파일에 잘못이 있어 그 역할을 사용하지 않습니다.",
        "파일을 고치거나, 지우고 기본 역할을 사용하십시오.",
    ),
    "file_unusable": Said(
        "파일을 사용할 수 없습니다.",
        "파일을 고치거나 옮기십시오.",
    ),
    "policy_invalid": Said(
        "정책 파일에 잘못이 있습니다.",
        "파일을 고치십시오. 읽을 수 없는 정책으로는 아무 일도 하지 않습니다. 형식은 "
        "`docs/policy.md`에 있습니다.",
    ),
    "mcp_config": Said(
        "MCP 서버 설정에 잘못이 있습니다.",
        "`mcp.json`을 고치십시오.",
        "all",
    ),
    "mcp_disabled": Said(
        "그 MCP 서버는 꺼져 있습니다.",
        "`mcp.json`에서 `disabled`를 지우십시오.",
    ),
    "mcp_server": Said(
        "MCP 서버를 사용할 수 없습니다.",
        "`MAS_HOME`의 `logs/`를 확인하십시오.",
    ),
    "unknown_mcp_server": Said(
        "그런 MCP 서버가 없습니다.",
        "`mcp.json`에 있는 이름을 쓰십시오.",
        "all",
    ),
}
