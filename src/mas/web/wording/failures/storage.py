"""The database, the home folder and the settings."""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures.said import Said

KOREAN: Mapping[str, Said] = {
    "no_home": Said(
        "MAS의 상태를 둘 홈 폴더가 없습니다.",
        "`MAS_HOME`에 쓸 수 있는 폴더를 설정하십시오.",
    ),
    "bad_setting": Said(
        "설정 값을 사용할 수 없습니다.",
        "설정을 고치십시오. 모든 설정은 `docs/configuration.md`에 있습니다.",
        "all",
    ),
    "bad_database_url": Said(
        "DATABASE_URL이 데이터베이스의 주소가 아닙니다.",
        "PostgreSQL 주소로 고치거나, 지우고 파일 하나에 보관하십시오.",
    ),
    "store_bug": Said(
        "데이터베이스를 다루다가 MAS의 결함이 드러났습니다.",
        "서버 로그와 함께 알려 주십시오.",
    ),
    "store_busy": Said(
        "데이터베이스가 바쁩니다.",
        "다시 시도하십시오. 계속되면 멈춘 mas 프로세스나 PostgreSQL의 `max_connections`를 "
        "확인하십시오.",
    ),
    "store_closed": Said(
        "데이터베이스를 열 수 없습니다.",
        "`MAS_HOME`의 권한이나 데이터베이스 사용자의 권한을 확인하십시오.",
    ),
    "store_damaged": Said(
        "데이터베이스가 손상되었습니다.",
        "복사본에서 되살리거나, 옮겨 두고 빈 데이터베이스로 시작하십시오.",
    ),
    "store_encoding": Said(
        "이 데이터베이스는 모든 언어의 글자를 담지 못합니다.",
        "`createdb --encoding UTF8 --template template0 NAME`으로 새로 만드십시오.",
    ),
    "store_foreign": Said(
        "MAS의 데이터베이스가 아닙니다.",
        "파일을 옮기거나, `MAS_HOME`이나 `DATABASE_URL`을 다른 곳으로 설정하십시오.",
    ),
    "store_full": Said(
        "디스크가 가득 찼습니다.",
        "공간을 비운 뒤 `mas runs resume`으로 이어서 하십시오.",
    ),
    "store_io": Said(
        "데이터베이스의 디스크가 제대로 응답하지 않습니다.",
        "디스크를 확인하거나, 다른 디스크의 폴더를 `MAS_HOME`으로 설정하십시오.",
    ),
    "store_login": Said(
        "데이터베이스 서버가 연결을 받아들이지 않습니다.",
        "`DATABASE_URL`의 사용자와 비밀번호, 서버의 `pg_hba.conf`와 `sslmode`를 확인하십시오.",
    ),
    "store_missing": Said(
        "그런 데이터베이스가 없습니다.",
        "`createdb`로 만들거나 `DATABASE_URL`을 확인하십시오.",
    ),
    "store_read_only": Said(
        "데이터베이스가 읽기 전용입니다.",
        "쓸 수 있는 폴더를 `MAS_HOME`으로, 쓸 수 있는 서버와 사용자를 `DATABASE_URL`로 설정하십시오.",
    ),
    "store_too_new": Said(
        "더 새로운 MAS가 만든 데이터베이스입니다.",
        "그 버전의 MAS를 설치하거나, 다른 데이터베이스를 사용하십시오.",
    ),
    "store_unreachable": Said(
        "데이터베이스가 응답하지 않습니다.",
        "서버가 실행 중이고 여기서 닿는지 확인한 뒤 `mas runs resume`으로 이어서 하십시오.",
    ),
}
