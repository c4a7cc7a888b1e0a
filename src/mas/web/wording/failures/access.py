"""Who may come in, from where, and with what: guard, tokens, addresses, bodies."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "no_token": Said(
        "이 서버의 접근 토큰이 필요합니다.",
        "토큰으로 로그인하십시오. 토큰은 서버 관리자가 `mas token new`로 만듭니다.",
        "nothing",
    ),
    "wrong_token": Said(
        "이 서버에 없는 토큰입니다.",
        "서버 관리자에게 토큰을 요청하십시오. 관리자는 `mas token new NAME`으로 만듭니다.",
        "nothing",
    ),
    "too_many_attempts": Said(
        "잘못된 토큰이 너무 많이 들어왔습니다.",
        "잠시 기다렸다가 다시 시도하십시오.",
        "nothing",
    ),
    "forbidden": Said(
        "권한이 없어 할 수 없는 일입니다.",
        "그 권한이 있는 사람에게 부탁하거나, 권한이 있는 토큰이나 계정을 사용하십시오.",
    ),
    "csrf": Said(
        "이 양식은 세션보다 오래되었거나 다른 페이지에서 왔습니다.",
        "돌아가서 페이지를 다시 불러온 뒤 보내십시오.",
        "nothing",
    ),
    "cross_site": Said(
        "다른 출처의 페이지가 보낸 요청입니다.",
        "MAS 페이지를 직접 열거나 접근 토큰을 보내십시오.",
        "nothing",
    ),
    "wrong_host": Said(
        "이 서버가 응답하지 않는 호스트 이름입니다.",
        "`http://localhost`나 `http://127.0.0.1`로 여십시오. `MAS_API_TOKENS`가 있으면 다른 "
        "이름에도 응답하며, 그 이름은 `MAS_ALLOWED_HOSTS`에 적습니다.",
        "nothing",
    ),
    "open_behind_proxy": Said(
        "프록시를 거쳐 온 요청인데, 이 서버에는 접근 토큰이 없어 누구나 모든 일을 할 수 있게 됩니다.",
        "`MAS_API_TOKENS`를 설정하십시오. `mas token new`가 넣을 항목을 만듭니다.",
        "nothing",
    ),
    "no_api_token": Said(
        "다른 기기에서 닿는 주소인데 접근 토큰이 없습니다.",
        "`MAS_API_TOKENS`를 설정하거나 127.0.0.1에서 받으십시오.",
    ),
    "bad_address": Said(
        "그 주소와 포트에서 요청을 받을 수 없습니다.",
        "이 기기의 다른 IP 주소나 다른 포트를 `--host`와 `--port`로 지정하십시오.",
    ),
    "former_token": Said(
        "MAS_API_TOKEN은 더 사용하지 않습니다. 이제 토큰마다 이름과 권한이 있습니다.",
        "`mas token new NAME --role admin`으로 토큰을 만들어 `MAS_API_TOKENS`에 항목을 넣고, "
        "`MAS_API_TOKEN`은 지우십시오.",
        "nothing",
    ),
    "bad_tokens": Said(
        "접근 토큰 항목을 사용할 수 없습니다.",
        "`mas token new NAME --role operator`가 출력하는 항목을 그대로 넣으십시오. 이름과 토큰은 "
        "항목마다 달라야 합니다.",
    ),
    "bad_token_name": Said(
        "토큰 이름으로 쓸 수 없습니다.",
        "영문자, 숫자, `.` `_` `@` `-`로 1~64자인 이름을 지정하십시오.",
    ),
    "bad_token_role": Said(
        "그런 권한이 없습니다.",
        "`viewer`, `operator`, `admin` 중 하나를 지정하십시오.",
        "nothing",
    ),
    "not_found": Said(
        "이 주소에는 아무것도 없습니다.",
        "주소를 확인하거나 시작 페이지에서 찾으십시오.",
        "nothing",
    ),
    "wrong_method": Said(
        "이 주소에서는 할 수 없는 요청입니다.",
        "시작 페이지에서 링크나 버튼으로 다시 하십시오.",
    ),
    "request_unfit": Said(
        "요청의 값이 맞지 않습니다.",
        "값을 확인해 다시 보내십시오. 주소마다 받는 값은 `/openapi.json`에 있습니다.",
    ),
    "user_error": Said(
        "이 요청은 사용할 수 없습니다.",
        "값을 확인해 다시 보내십시오.",
    ),
    "bad_json": Said(
        "본문이 올바른 JSON이 아닙니다.",
        "JSON 객체를 UTF-8로 보내십시오.",
        "nothing",
    ),
    "not_json": Said(
        "본문을 JSON으로 다룰 수 없습니다.",
        "`Content-Type: application/json`으로 JSON을 보내십시오.",
    ),
    "too_large": Said(
        "요청이 너무 큽니다.",
        "더 짧게 보내십시오. 파일은 저장소에 두십시오.",
    ),
    "slow_body": Said(
        "요청 본문이 제때 오지 않았습니다.",
        "다시 보내십시오.",
        "nothing",
    ),
    "bad_idempotency_key": Said(
        "중복 방지 키를 사용할 수 없습니다.",
        "공백 없이 보이는 ASCII 문자 1~200자로 지정하십시오.",
        "nothing",
    ),
    "idempotency_conflict": Said(
        "이 중복 방지 키는 다른 요청에 이미 쓰였습니다.",
        "페이지를 다시 불러온 뒤 보내십시오. 요청마다 다른 키를 써야 합니다.",
        "nothing",
    ),
    "stopping": Said(
        "서버가 멈추는 중입니다.",
        "서버가 다시 시작되면 다시 시도하십시오. 이미 받은 실행은 남아 있습니다.",
    ),
    "too_many_streams": Said(
        "실시간으로 보고 있는 페이지가 이미 너무 많습니다.",
        "새 소식은 페이지를 다시 불러와 확인하십시오.",
    ),
    "not_painted": Said(
        "페이지를 최신으로 유지할 수 없습니다.",
        "페이지를 다시 불러오십시오.",
        "nothing",
    ),
    "events_unreadable": Said(
        "지금은 이벤트를 읽을 수 없습니다.",
        "잠시 뒤 페이지를 다시 불러오십시오.",
        "nothing",
    ),
    "unreadable": Said(
        "운영 체제가 MAS에 읽기를 허용하지 않습니다.",
        "파일 소유자가 권한을 바꿔야 합니다.",
        "nothing",
    ),
    "workspace_unreadable": Said(
        "작업 공간을 읽을 수 없습니다.",
        "작업 공간 폴더와 그 권한을 확인하십시오.",
    ),
    "bug": Said(
        "생기지 말아야 할 문제가 생겼습니다.",
        "자세한 내용은 서버 로그에 있습니다. 로그와 함께 알려 주십시오.",
    ),
    "error": Said(
        "일을 하다가 MAS나 이 기기에서 오류가 생겼습니다.",
        "오류의 내용과 서버 로그를 확인하십시오.",
    ),
    "refused": Said(
        "허용되지 않아 하지 않았습니다.",
        "정책이나 권한을 확인하십시오.",
    ),
    "unavailable": Said(
        "지금은 필요한 것에 닿을 수 없습니다.",
        "잠시 뒤 다시 시도하십시오.",
    ),
}
