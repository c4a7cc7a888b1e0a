"""Whether a sentence recommends or advises against something, in Korean or English (D7). Pure.

A small check for prose beside a verdict of rules. It reads plain recommendations and orders; what
would be so under another condition ("would be recommended", "바뀔 수 있습니다") is neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from mas.core.decision import Verdict

Stance = Literal["for", "against"]

_DO = (
    r"(?:adopt|install|deploy|introduce|implement|roll\s+out|move\s+to|migrate\s+to|go\s+with"
    r"|choose|pick)"
)
_DOING = r"(?:adopting|installing|deploying|introducing|implementing|rolling\s+out|moving\s+to)"
_DONE = r"(?:adopted|installed|deployed|introduced|implemented|rolled\s+out)"
_NOUN = r"(?:adoption|installation|installing\s+it|adopting\s+it)"
_VERY = r"(?:(?:very|strongly|highly|clearly|definitely|certainly|really|fully|also|now|still)\s+)*"
_ENGLISH = re.compile(
    rf"^{_VERY}(?:please\s+|just\s+|so\s+|therefore,?\s+|yes[,:]?\s+)*{_DO}\b"
    r"|\b(?:should|must|ought\s+to|can\s+safely|may\s+safely|had\s+better)\s+"
    rf"{_VERY}(?:{_DO}|be\s+{_DONE})\b"
    r"|\brecommend(?:s|ed|ing)?\s+(?:that\s+(?:you|we)\s+|to\s+|the\s+)?"
    rf"(?:{_DO}|{_DOING}|{_NOUN})\b"
    rf"|\b(?:is|are|it's)\s+{_VERY}recommended\b"
    r"|\b(?:verdict|decision|answer|conclusion|recommendation)\s+(?:is|should\s+be|:)\s*"
    rf"(?:to\s+{_DO}\b|yes\b|clear(?:ly)?\s+yes\b|{_DO}\b)"
    rf"|\b{_NOUN}\s+(?:is|makes|seems|looks)\s+{_VERY}"
    r"(?:advis|justified|worth|sense|right|safe|sensible|warranted)"
    r"|\b(?:worth|safe\s+to|sensible\s+to|good\s+idea\s+to|makes\s+sense\s+to)\s+"
    rf"(?:{_DO}|{_DOING})\b"
    r"|\bgo\s+ahead\b|\bgood\s+(?:choice|addition)\b",
    re.IGNORECASE,
)
_ENGLISH_USE = re.compile(
    r"\brecommend(?:s|ed)?\s+(?:that\s+(?:you|we)\s+use|using|to\s+use)\b", re.I
)
_ENGLISH_AGAINST = re.compile(
    r"(?:\b(?:not|never|no\s+(?:need|reason|point)\s+(?:to|in|for)|cannot|against|nor|neither"
    r"|refrain\s+from|hold\s+off(?:\s+on)?)\b|n't\b)[^.;:]{0,40}?"
    rf"\b(?:{_DO}|{_DOING}|be\s+{_DONE}|recommend(?:ed|s|ing)?|{_NOUN}|advisable|worth|justified)\b"
    rf"|\b(?:avoid|reject|skip)\s+(?:\w+\s+){{0,2}}?(?:{_DOING}|{_NOUN}|it\b|this\b|this tool)"
    rf"|\bbad\s+(?:idea|choice)\b|\badvise[sd]?\s+against\b"
    rf"|\b{_NOUN}\s+(?:is|seems)\s+(?:not|unnecessary|redundant|unwise)\b",
    re.IGNORECASE,
)
_TOOL = "THE_TOOL"
"""Stands for any name of the tool that was asked about."""
_USE_IT = re.compile(
    rf"(?:^|\b(?:should|must|please|just)\s+)(?:use|try|take)\s+{_TOOL}"
    rf"|{_TOOL}(?:을|를)?\s*(?:사용|이용)(?:하세요|하십시오|합시다|하시면)",
    re.IGNORECASE,
)
_AVOID_IT = re.compile(
    rf"\b(?:avoid|reject|skip|drop)\s+(?:the\s+)?{_TOOL}"
    rf"|{_TOOL}(?:을|를|은|는)?\s*(?:피하|쓰지\s*(?:마|말|않는)|사용하지\s*(?:마|말|않는))",
    re.IGNORECASE,
)
_KO_DO = r"(?:도입|설치|채택)"
_KO_VERY = r"(?:(?:적극|강력히|강력하게|강하게|바로|즉시|지금|꼭|반드시|우선)\s*(?:적으로\s*)?)*"
_KO_RECOMMEND = r"(?:권장|추천|권고|권)(?:합니다|한다|드립니다|됩니다|할\s*만|해요|함|입니다|이다)"
_KO_GOOD = r"(?:더\s*)?(?:좋|바람직|낫|맞|적절|타당|합리|유리)"
_KOREAN = re.compile(
    rf"{_KO_DO}(?:하는\s*것)?(?:을|를|이|도)?\s*{_KO_VERY}{_KO_RECOMMEND}"
    rf"|{_KO_DO}(?:하세요|하십시오|합시다|하시기\s*바랍니다|하시면\s*됩니다|하면\s*됩니다"
    r"|해야\s*(?:합니다|한다)|할\s*만합니다)"
    rf"|{_KO_DO}하(?:는\s*(?:것이|게|편이|쪽이)|시는\s*(?:것이|게))\s*{_KO_GOOD}"
    rf"|{_KO_DO}해도\s*(?:좋|됩니다|괜찮|안전|무방|문제가?\s*없)"
    rf"|{_KO_DO}(?:이|가|은|는)\s*(?:적절|타당|바람직|합리적|필요합니다|필요하다|적합)"
    rf"|(?:판정|결론|결정|답)(?:은|는)\s*{_KO_VERY}{_KO_DO}(?:입니다|이다|하는)"
)
_KOREAN_USE = re.compile(
    rf"(?:사용|이용)(?:하는\s*것)?(?:을|를)?\s*{_KO_VERY}{_KO_RECOMMEND}"
    rf"|(?:사용|이용)하는\s*(?:것이|게|편이)\s*{_KO_GOOD}"
)
_KOREAN_AGAINST = re.compile(
    rf"(?:{_KO_DO}|권장|추천|권고).{{0,14}}?(?:권장|추천|권고|권)(?:하|되)지\s*(?:는\s*)?않"
    r"|(?:권장|추천|권고)(?:하|되)지\s*(?:는\s*)?않|비권장|비추천"
    rf"|{_KO_DO}하지\s*(?:마|말|않는\s*(?:것|게|편)|않아야|않기)"
    rf"|{_KO_DO}(?:할|하실)?\s*(?:필요|이유|까닭)(?:가|는|도|이)?\s*없"
    rf"|{_KO_DO}(?:을|를|은|는|하는\s*것은)?\s*(?:보류|반대|피하|피해|삼가|미루|재고)"
    rf"|{_KO_DO}(?:이|가|은|는|하기에는?)?\s*(?:부적합|부적절|불필요|(?:바람직|적절|적합)하지\s*않)"
)
_NEUTRAL = re.compile(
    # what else has to be installed beside the tool, and what is there and goes on being used
    rf"(?:따로|별도로?|추가로)\s*{_KO_DO}(?:해야|하세요|하십시오|할)"
    rf"|\b(?:must|should)\s+be\s+{_DONE}\s+(?:separately|apart|first|beforehand)\b"
    r"|(?:계속|그대로|기존|현재)[^.]{0,30}?(?:사용|이용)"
    # a change after which the verdict would be another one
    rf"|(?:바뀌|해결되|충족되|확보되|확보하|그만두|제거하|올리|늘리|늘어나|생기|사라지|없어지)면"
    rf"[^.]*?{_KO_DO}(?:을|를)?\s*{_KO_RECOMMEND}",
    re.IGNORECASE,
)
_SOMETHING_ELSE = re.compile(
    rf"\b(?:{_DO}|{_DOING})\s+(?:a|an|any|anything|another|additional|separate|more|other|extra)\b"
    rf"|(?:별도|추가|다른|두\s*번째)[^.]{{0,20}}?{_KO_DO}",
    re.IGNORECASE,
)
_ABOUT_IT = re.compile(rf"\b(?:it|this|that|adopt|install|deploy)|{_KO_DO}", re.IGNORECASE)
_FORBIDDEN: dict[Verdict, frozenset[Stance]] = {
    "recommend": frozenset({"against"}),
    "do_not_recommend": frozenset({"for"}),
    "already_installed": frozenset({"for"}),
    "undetermined": frozenset({"for", "against"}),
}


def contradicts(
    sentence: str, verdict: Verdict, *, subject: Collection[str], others: Collection[str]
) -> bool:
    """Whether a sentence recommends the opposite of a verdict about `subject`.

    `subject` are all names of the tool that was asked about, `others` names of other tools: a
    sentence that names only these is about them.
    """
    rest = _without_comparison(sentence, subject)
    named = _named(subject).sub(_TOOL, rest)
    stance = stance_of(named, use=verdict != "already_installed")
    if stance is None or stance not in _FORBIDDEN[verdict]:
        return False
    if _TOOL in named:
        return True
    return not _named(others).search(rest) and _ABOUT_IT.search(rest) is not None


def stance_of(sentence: str, *, use: bool = True) -> Stance | None:
    """What a sentence plainly advises; None when it advises nothing.

    `use`: whether the advice to use something counts like the advice to adopt it.
    """
    text = " ".join(sentence.replace("*", "").replace("’", "'").split())
    text = _NEUTRAL.sub(" ", text)
    against = _SOMETHING_ELSE.sub(" ", text)
    if any(one.search(against) for one in (_KOREAN_AGAINST, _ENGLISH_AGAINST, _AVOID_IT)):
        return "against"
    if _KOREAN.search(text) or _ENGLISH.search(text):
        return "for"
    if use and any(one.search(text) for one in (_KOREAN_USE, _ENGLISH_USE, _USE_IT)):
        return "for"
    return None


def _without_comparison(sentence: str, subject: Collection[str]) -> str:
    """The sentence without what is only there to be compared with ("instead of Tekton")."""
    names = _alternation(subject)
    if not names:
        return sentence
    compared = re.compile(
        rf"\b(?:instead\s+of|rather\s+than|in\s+place\s+of)\s+(?:\w+ing\s+)?(?:{names})"
        rf"|(?:{names})(?:을|를)?\s*(?:{_KO_DO}하는\s*)?(?:대신|보다(?:는)?)",
        re.IGNORECASE,
    )
    return compared.sub(" ", sentence)


def _named(names: Collection[str]) -> re.Pattern[str]:
    found = _alternation(names)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{found})(?![A-Za-z0-9])" if found else "(?!)", re.I)


def _alternation(names: Collection[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
