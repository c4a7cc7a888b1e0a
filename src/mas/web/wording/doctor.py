"""The page of diagnostics."""

from __future__ import annotations

WORDS = {
    "doctor.title": ("Diagnostics", "진단"),
    "doctor.ok": ("Everything that is needed works.", "필요한 것이 모두 동작합니다."),
    "doctor.bad": (
        "{count} needed things do not work.",
        "필요한 것 중 {count}개가 동작하지 않습니다.",
    ),
    "doctor.bad.one": (
        "{count} needed thing does not work.",
        "필요한 것 중 {count}개가 동작하지 않습니다.",
    ),
    "doctor.same": (
        "The same as `mas doctor` prints. No model, cluster or other network was contacted.",
        "`mas doctor`가 출력하는 것과 같습니다. 모델, 클러스터, 다른 네트워크에는 접속하지 않았습니다.",
    ),
    "doctor.again": ("Look again", "다시 확인"),
    "doctor.works": ("Works", "동작"),
    "doctor.broken": ("Does not work", "동작하지 않음"),
    "doctor.without": ("Not there, not needed", "없음(필수 아님)"),
    "doctor.under_way": ("Runs are taken up", "실행을 이어받는 중"),
    "doctor.mend": ("What mends it", "해결 방법"),
    "doctor.group.machine": ("This machine", "이 기기"),
    "doctor.group.state": ("State and rules", "상태와 규칙"),
    "doctor.group.models": ("Models", "모델"),
    "doctor.group.cluster": ("Cluster", "클러스터"),
    "doctor.group.work": ("Work on code", "코드 작업"),
    "doctor.check.mas": ("MAS", "MAS"),
    "doctor.check.python": ("Python", "Python"),
    "doctor.check.sqlite": ("SQLite", "SQLite"),
    "doctor.check.home": ("Home folder", "홈 폴더"),
    "doctor.check.access": ("Access", "접근"),
    "doctor.check.journal": ("Journal", "저널"),
    "doctor.check.approvals": ("Approvals", "승인"),
    "doctor.check.catalog": ("Catalog of tools", "도구 카탈로그"),
    "doctor.check.cluster": ("Cluster", "클러스터"),
    "doctor.check.git": ("Git", "Git"),
    "doctor.check.sandbox": ("Sandbox", "샌드박스"),
    "doctor.check.coder": ("Coder", "코더"),
    "doctor.check.policy": ("Policy", "정책"),
    "doctor.check.agents": ("Role files", "역할 파일"),
    "doctor.check.model": ("Model", "모델"),
    "doctor.settings": ("Settings", "설정"),
    "doctor.settings.text": (
        "Each value with where it comes from: a variable, mas.toml or the default. Secrets are "
        "masked.",
        "값마다 출처가 있습니다: 환경 변수, mas.toml, 기본값. 비밀은 가려져 있습니다.",
    ),
    "doctor.setting": ("Setting", "설정"),
    "doctor.value": ("Value", "값"),
    "doctor.origin": ("Origin", "출처"),
    "doctor.set": ("Set here", "설정한 것"),
    "doctor.set.none": (
        "Nothing is set; every value is the default.",
        "설정한 것이 없습니다. 모두 기본값입니다.",
    ),
    "doctor.defaults.one": ("{count} default", "기본값 {count}개"),
    "doctor.defaults": ("{count} defaults", "기본값 {count}개"),
}
