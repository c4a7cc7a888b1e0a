"""What the checks of `mas doctor` have found, in Korean, by the code of a check.

Each is a sentence and what mends it. In English the page shows the words of `mas doctor` itself.
Checks that ended with an error are told by its code (`failures`).
"""

from __future__ import annotations

from collections.abc import Mapping

_NOT_CONTACTED = "접속하지 않았습니다"

KOREAN: Mapping[str, tuple[str, str]] = {
    "python": ("{version}, 위치 {path}", "Python 3.11 이상을 설치하십시오."),
    "home_default": ("{home} (기본값)", ""),
    "home_set": ("{home} (`MAS_HOME`)", ""),
    "home_closed": (
        "{home} 폴더에 쓸 수 없습니다.",
        "`MAS_HOME`에 쓸 수 있는 폴더를 설정하십시오.",
    ),
    "journal_elsewhere": (f"데이터베이스에 있습니다({_NOT_CONTACTED}).", ""),
    "journal_none": ("아직 없습니다. 첫 실행이 만듭니다.", ""),
    "journal": ("{database}, 끝나지 않은 실행 {unfinished}개", ""),
    "journal_left": (
        "{database}, 끝나지 않은 실행 {unfinished}개. 그중 {alone}개는 아무도 맡고 있지 않습니다.",
        "`mas runs resume {run}`",
    ),
    "journal_left_more": (
        "{database}, 끝나지 않은 실행 {unfinished}개. 그중 {alone}개는 아무도 맡고 있지 않습니다.",
        "`mas runs resume {run}`. 나머지 {more}개도 같습니다.",
    ),
    "approvals": (
        "호출 {count}개가 사람의 승인을 기다립니다. 가장 오래된 것: "
        "`mas runs approve {run} {approval}`",
        "",
    ),
    "catalog": ("도구 {count}개", ""),
    "cluster_none": (
        "kubeconfig의 컨텍스트도 클러스터 안의 계정도 없습니다.",
        "스냅숏을 지정하십시오: `mas ask TEXT --cluster FILE`",
    ),
    "cluster_live": (f"컨텍스트 {{name}} ({_NOT_CONTACTED})", ""),
    "cluster_snapshot": ("스냅숏 {name}", ""),
    "model_none": (
        "설정된 모델이 없습니다. 판단은 규칙만으로 합니다.",
        "`MAS_MODEL`에 모델(예: `anthropic:claude-sonnet-5-5`)을, 그 제공자의 변수에 키를 "
        "설정하십시오.",
    ),
    "model_with_key": (f"{{name}}, 주소 {{address}}, {{key}} 설정됨 ({_NOT_CONTACTED})", ""),
    "model_without_key": (f"{{name}}, 주소 {{address}}, 키 없음 ({_NOT_CONTACTED})", ""),
    "sandbox_bubblewrap": ("bubblewrap으로 격리합니다.", ""),
    "sandbox_landlock": ("Landlock으로 격리합니다.", ""),
    "sandbox_own_user": ("별도의 사용자로 격리합니다.", ""),
    "sandbox_none": (
        "격리하지 않습니다. 명령은 이 사용자가 할 수 있는 모든 일을 할 수 있습니다.",
        "",
    ),
    "policy": ("규칙 {count}개. 읽기는 바로 실행하고 나머지는 승인을 요청합니다.", ""),
    "agents": ("역할 {count}개", ""),
    "access_none": ("토큰이 없습니다. 서버는 이 기기 안에서 온 요청에만 응답합니다.", ""),
    "access": ("토큰: {roles}", ""),
}
