"""The sentences that code adds to an agent's own words, in both languages."""

from __future__ import annotations

from typing import Final

from mas.core.language import Language

_SENTENCES: Final[dict[str, dict[Language, str]]] = {
    "no_answer": {
        "en": "There is no answer: the limit of calls was reached first",
        "ko": "답변이 없습니다. 호출 한도에 먼저 도달했습니다",
    },
    "limit": {
        "en": "The limit of calls was reached before the work was finished",
        "ko": "작업을 마치기 전에 호출 한도에 도달했습니다",
    },
    "changed": {
        "en": "Things may have been changed, and the planned check looks at the answer only",
        "ko": "변경이 있었을 수 있는데, 계획된 검증은 답변만 확인합니다",
    },
    "grounded": {
        "en": "everything that the answer says was read",
        "ko": "답변의 내용이 모두 읽은 자료에 있는지 확인",
    },
    "ungrounded": {
        "en": "The answer says what was not read: {found}",
        "ko": "읽은 자료에 없는 내용이 답변에 있습니다: {found}",
    },
    "passed": {"en": "The check has passed", "ko": "검증을 통과했습니다"},
    "not_passed": {"en": "The check has not passed", "ko": "검증을 통과하지 못했습니다"},
    "done": {"en": "{count} calls made", "ko": "도구를 {count}번 호출했습니다"},
}


def say(key: str, language: Language, **params: object) -> str:
    """The sentence `key` in a language."""
    return _SENTENCES[key][language].format(**params)
