"""Pages of errors; what single errors are in Korean is in `failures`."""

from __future__ import annotations

WORDS = {
    "error.title.401": ("Sign in to see this", "로그인이 필요합니다"),
    "error.title.403": ("This is not allowed", "허용되지 않은 일입니다"),
    "error.title.404": ("Not found", "찾을 수 없습니다"),
    "error.title.405": ("This address does not do that", "이 주소에서는 할 수 없는 일입니다"),
    "error.title.408": ("It took too long", "시간이 너무 오래 걸렸습니다"),
    "error.title.409": ("This does not fit how things stand", "지금 상태와 맞지 않습니다"),
    "error.title.413": ("Too large", "너무 큽니다"),
    "error.title.421": ("Wrong address", "잘못된 주소입니다"),
    "error.title.422": ("This cannot be used", "사용할 수 없는 요청입니다"),
    "error.title.429": ("Too many tries", "시도가 너무 많습니다"),
    "error.title.500": ("Something went wrong here", "여기서 문제가 생겼습니다"),
    "error.title.503": ("Not available just now", "지금은 사용할 수 없습니다"),
    "error.code": ("Code {code}, status {status}", "코드 {code}, 상태 {status}"),
    "error.step.again": (
        "The form was too old or came from elsewhere. Go back, load the page again and send it "
        "once more.",
        "양식이 오래되었거나 다른 곳에서 왔습니다. 돌아가서 페이지를 다시 불러온 뒤 보내십시오.",
    ),
    "error.step.login": ("Sign in", "로그인"),
    "error.step.role": (
        "Ask somebody with the role, or sign in with a token that has it.",
        "권한이 있는 사람에게 부탁하거나, 그 권한이 있는 토큰으로 로그인하십시오.",
    ),
    "error.step.runs": ("See all runs", "모든 실행 보기"),
    "error.step.back": ("Go to the start page", "시작 페이지로"),
    "error.step.wait": (
        "Wait a moment and try again.",
        "잠시 기다렸다가 다시 시도하십시오.",
    ),
    "error.step.doctor": ("Open diagnostics", "진단 열기"),
}
