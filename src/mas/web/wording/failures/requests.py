"""What somebody asks for: the request itself, its team, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "empty_request": Said(
        "요청이 비어 있습니다.",
        "원하는 일을 적으십시오. 예: “Tekton을 도입해야 합니까?”",
        "nothing",
    ),
    "request_too_long": Said("요청이 너무 깁니다.", "더 짧게 적으십시오."),
    "request_not_text": Said(
        "요청에 글자로 읽을 수 없는 부분이 있습니다.",
        "UTF-8 글자로만 적으십시오.",
        "nothing",
    ),
    "comment_too_long": Said(
        "의견이 너무 깁니다.",
        "더 짧게 적으십시오. 호출은 여전히 승인을 기다립니다.",
    ),
    "comment_not_text": Said(
        "의견에 글자로 읽을 수 없는 부분이 있습니다.",
        "UTF-8 글자로만 적으십시오.",
        "nothing",
    ),
    "prompt_too_long": Said(
        "요청이 너무 길어 코더의 명령 인수에 담을 수 없습니다.",
        "코더 명령에 `{prompt}` 대신 요청을 담은 파일인 `{prompt_file}`을 쓰십시오.",
    ),
    "bad_prompt": Said(
        "요청에 영 문자(NUL)가 있어 프로그램 인수로 넘길 수 없습니다.",
        "그 문자를 지우거나, 코더 명령이 `{prompt_file}`을 읽게 하십시오.",
        "nothing",
    ),
    "wishes_clash": Said(
        "함께 쓸 수 없는 조건이 있습니다.",
        "둘 중 하나를 빼십시오. 에이전트 수, 저장소, 검사는 팀 “동시 작업”에서만 쓸 수 있습니다.",
    ),
    "unknown_team": Said(
        "그런 팀이 없습니다.",
        "`decide`, `operate`, `build`, `fanout` 중에서 고르거나 자동으로 두십시오.",
    ),
    "unknown_role": Said(
        "그런 에이전트가 없습니다.",
        "에이전트 목록에서 이름을 확인하십시오.",
    ),
    "budget": Said(
        "예산으로는 다음 단계를 할 수 없습니다.",
        "더 큰 예산으로 다시 시작하십시오. 지금까지 한 일은 남아 있습니다.",
    ),
    "bad_cursor": Said(
        "목록에 없는 위치입니다.",
        "첫 페이지부터 다시 보십시오.",
        "nothing",
    ),
    "unknown_lesson": Said(
        "그런 교훈이 없습니다.",
        "교훈 목록에서 확인하십시오.",
    ),
    "unknown_tool": Said(
        "카탈로그에 그런 도구가 없습니다.",
        "`mas catalog list`로 도구 이름을 확인하십시오.",
    ),
    "catalog_invalid": Said(
        "도구 카탈로그를 사용할 수 없습니다.",
        "카탈로그 파일을 고치십시오. 형식은 `CONTRIBUTING.md`에 있습니다.",
    ),
}
