"""Pages of errors. A sentence for a code stands here where readers of Korean often meet it."""

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
    "error.code.unknown_run": ("There is no such run.", "그런 실행이 없습니다."),
    "error.code.not_found": ("There is nothing here.", "이 주소에는 아무것도 없습니다."),
    "error.code.empty_request": ("The request is empty.", "요청이 비어 있습니다."),
    "error.code.request_too_long": ("The request is too long.", "요청이 너무 깁니다."),
    "error.code.prompt_too_long": ("The request is too long.", "요청이 너무 깁니다."),
    "error.code.no_model": (
        "This needs a language model, and none is configured.",
        "이 요청에는 언어 모델이 필요한데, 설정된 모델이 없습니다.",
    ),
    "error.code.no_coder": (
        "No coder is named, and no model is configured for one.",
        "코더를 지정하지 않았고, 코더가 쓸 모델도 설정되어 있지 않습니다.",
    ),
    "error.code.unknown_coder": ("There is no such coder.", "그런 코더가 없습니다."),
    "error.code.cluster_unknown": (
        "There is neither a snapshot file nor a context of that name.",
        "그 이름의 스냅숏 파일도 컨텍스트도 없습니다.",
    ),
    "error.code.snapshot_unusable": (
        "The snapshot file cannot be used.",
        "스냅숏 파일을 사용할 수 없습니다.",
    ),
    "error.code.server_unreachable": (
        "The cluster does not answer.",
        "클러스터가 응답하지 않습니다.",
    ),
    "error.code.no_repository": ("There is no such repository.", "그런 저장소가 없습니다."),
    "error.code.not_a_repository": (
        "This is no git repository.",
        "git 저장소가 아닙니다.",
    ),
    "error.code.unknown_role": ("There is no such agent.", "그런 에이전트가 없습니다."),
    "error.code.unknown_lesson": ("There is no such lesson.", "그런 교훈이 없습니다."),
    "error.code.no_checkpoint": ("There is no checkpoint.", "체크포인트가 없습니다."),
    "error.code.forbidden": (
        "Your role does not allow this.",
        "지금 권한으로는 할 수 없는 일입니다.",
    ),
    "error.code.bad_cursor": (
        "This place in the list is not known.",
        "목록에서 알 수 없는 위치입니다.",
    ),
    "error.code.bug": (
        "Something went wrong that should not.",
        "생기지 말아야 할 문제가 생겼습니다.",
    ),
    "error.code.stopping": ("The server is stopping.", "서버가 멈추는 중입니다."),
    "error.code.too_large": ("The request is too large.", "요청이 너무 큽니다."),
    "error.code.wrong_host": (
        "The request names a host that this server does not answer for.",
        "이 서버가 응답하지 않는 호스트 이름입니다.",
    ),
}
