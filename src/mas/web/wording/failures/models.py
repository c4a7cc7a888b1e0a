"""Models: their settings, their answers, and the gateway that agents reach them by."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "no_model": Said(
        "이 일에는 언어 모델이 필요한데, 설정된 모델이 없습니다.",
        "`MAS_MODEL`이나 `mas.toml`의 `[models]`에 모델을 설정하고 제공자의 키를 넣으십시오. "
        "빠진 것은 진단 페이지에서 볼 수 있습니다.",
    ),
    "missing_extra": Said(
        "설정한 기능에 필요한 라이브러리가 설치되어 있지 않습니다.",
        "아래 명령으로 설치하십시오.",
        "all",
    ),
    "model_setting": Said(
        "모델 설정이 맞지 않습니다.",
        "모델 이름, 제공자의 키, 프록시와 인증서 설정을 확인하십시오.",
        "all",
    ),
    "model_key": Said(
        "모델 제공자가 키를 요구하거나 받아들이지 않습니다.",
        "이 모델을 쓸 수 있는 키를 설정하십시오.",
        "all",
    ),
    "model_quota": Said(
        "모델 계정에 쓸 수 있는 금액이 남아 있지 않습니다.",
        "금액을 충전하거나 한도를 올리거나, 다른 모델을 고르십시오.",
    ),
    "model_unknown": Said(
        "그 주소에 그런 모델이 없습니다.",
        "모델 이름과 주소를 확인하십시오.",
        "all",
    ),
    "model_unreachable": Said(
        "모델에 연결할 수 없습니다.",
        "네트워크와 주소를 확인하거나 `models.fallbacks`를 설정하십시오.",
        "all",
    ),
    "model_timeout": Said(
        "모델이 제때 응답하지 않았습니다.",
        "다시 시도하거나, `models.timeout_seconds`를 늘리거나 `models.fallbacks`를 설정하십시오.",
    ),
    "model_overloaded": Said(
        "모델에 요청이 몰렸거나 호출 수가 제한되었습니다.",
        "잠시 기다리거나, `models.fallbacks`를 설정하거나, 동시에 하는 작업 수(`limits.slots`)를 "
        "줄이십시오.",
    ),
    "model_too_large": Said(
        "요청이 모델이 받을 수 있는 크기를 넘습니다.",
        "더 큰 컨텍스트를 가진 모델을 고르거나, 한 번에 더 적게 요청하십시오.",
    ),
    "model_refused": Said(
        "모델이 대답을 거부했습니다.",
        "다른 말로 요청하거나 다른 모델을 고르십시오.",
    ),
    "model_rejected": Said(
        "모델이 요청을 받아들이지 않았습니다.",
        "다른 모델을 고르거나, 모델이 한 말을 알려 주십시오.",
    ),
    "model_nonsense": Said(
        "모델의 답을 쓸 수 없습니다.",
        "더 나은 모델을 고르거나, 주소가 모델 서버의 것인지 확인하십시오.",
        "all",
    ),
    "call_limit": Said(
        "작업이 역할에 허용된 모델 호출을 모두 썼습니다.",
        "역할 파일의 `limits.calls`를 늘리거나, 한 번에 더 적게 요청하십시오.",
    ),
    "coder_model": Said(
        "코더와 모델의 프로토콜이 다릅니다.",
        "코더의 프로토콜을 쓰는 모델이나 엔드포인트를 고르십시오.",
        "all",
    ),
    "no_gateway": Said(
        "명령에 보여 줄 모델 게이트웨이 소켓이 없습니다.",
        "게이트웨이를 먼저 시작하거나, 네트워크를 `none`으로 하십시오.",
        "nothing",
    ),
    "no_gateway_host": Said(
        "파드가 모델을 쓰려면 이 MAS에 닿는 주소가 필요한데, 설정되어 있지 않습니다.",
        "`fanout.gateway_host`(`MAS_GATEWAY_HOST`)에 파드에서 닿는 주소를 넣으십시오. 예: MAS의 "
        "파드 IP.",
        "nothing",
    ),
    "gateway_address": Said(
        "모델 게이트웨이가 그 주소나 소켓에서 요청을 받을 수 없습니다.",
        "다른 주소나 포트를, 소켓이라면 다른 MAS가 쓰지 않는 자기 폴더의 짧은 경로를 고르십시오.",
    ),
    "exchanges_unreadable": Said(
        "모델과 주고받은 기록을 읽을 수 없습니다.",
        "에이전트 하나의 기록이 있는 폴더를 지정하십시오.",
    ),
    "exchanges_unwritable": Said(
        "모델 호출을 기록할 폴더를 사용할 수 없습니다.",
        "폴더의 권한과 남은 공간을 확인하십시오.",
    ),
}
