"""What a request says about each name in it, by the words around the name (R2, D5).

English says it before the name (`adopt X`, `next to X`), Korean behind it (`X 도입`, `X 옆에`).
Each name takes its role from the nearest such word, its *cue*; names joined by "and" share one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mas.teams.decide.names import Mention

Role = Literal["new", "asked", "example", "plain", "there", "replaced"]
"""new: what something is to be replaced by. asked: governed by a word of adopting or wanting.
example: "something like X". there: runs already, or only describes the place.
replaced: has to go."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A mention and its role."""

    mention: Mention
    role: Role


_HANGUL = re.compile(r"[가-힣]")


def has_hangul(text: str, start: int, end: int) -> bool:
    """Whether there is Hangul in a stretch of text, so that Korean grammar holds there."""
    return _HANGUL.search(text, start, end) is not None


def cast_roles(
    text: str, mentions: Sequence[Mention], sentences: Sequence[tuple[int, int]]
) -> list[Cast]:
    """The role of each mention; mentions are in order, and lie outside each other."""
    found: list[Cast] = []
    index = 0
    for start, end in sentences:
        inside: list[Mention] = []
        while index < len(mentions) and mentions[index].start < end:
            if mentions[index].start >= start:
                inside.append(mentions[index])
            index += 1
        if not inside:
            continue
        korean = has_hangul(text, start, end)
        roles = _korean(text, inside, start, end) if korean else _english(text, inside, start, end)
        found += [
            Cast(mention=one, role="there" if one.aside else role)
            for one, role in zip(inside, roles, strict=True)
        ]
    return found


# English: cues stand before the name. Longer cues come before their own beginnings.

ENGLISH_CUE = re.compile(
    r"""
    (?P<by>\b(?:be|been|being|is|get|gets|getting)\s+replaced\s+(?:with|by)\b)
    |(?P<swap>\b(?:replac(?:e|es|ing)|replacement\s+(?:of|for)|swap(?:ping)?(?:\s+out)?
        |(?:migrat\w+|switch\w*|mov(?:e|ing)|transition\w*|chang(?:e|ing)|go(?:ing)?)
        \s+(?:away\s+)?from|from)\b)
    |(?P<replaced>\b(?:instead\s+of|rather\s+than|in\s+place\s+of|in\s+lieu\s+of|away\s+from
        |alternatives?\s+(?:to|for)|get(?:ting)?\s+rid\s+of|drop(?:ping)?|retir(?:e|ing)
        |remov(?:e|ing)|ditch(?:ing)?|uninstall(?:ing)?|no\s+longer(?:\s+\w+)?|let['’]?s\s+not(?:\s+\w+)?
        |do(?:n['’]t|\s+not)\s+want(?:\s+to(?:\s+\w+)?)?)\b)
    |(?P<example>\b(?:something\s+like|such\s+as|like|e\.g\.?|for\s+example)(?:\s|(?<=[.,])))
    |(?P<stated>\b(?:we|i|they|you|team|it|cluster|there)(?:['’](?:ve|re|s))?\s+
        (?:(?:do|have|has|had|are|is|were|been|got|already|currently|now|also|just|still|only
        |mostly|both|all)\s+)*
        (?:use|uses|used|using|run|runs|running|ran|have|has|had|got|operate|rely\s+on|is|are
        |deployed|installed|adopted|introduced|chose|love|host)\b)
    |(?P<there>\b(?:already(?:\s+(?:have|has|use|uses|using|run|runs|running|installed|deployed))?
        |existing|currently|current|keep(?:ing)?(?:\s+using)?|st(?:ick|ay)(?:ing)?\s+(?:with|on)|given|thanks\s+to|next\s+to|alongside|along\s+with
        |together\s+with|besides?|in\s+addition\s+to|on\s+top\s+of|compared\s+(?:to|with)
        |in\s+front\s+of|because\s+of|integrat\w+\s+with|works?\s+with|compatible\s+with)\b)
    |(?P<strong>\b(?:adopt(?:ing)?|adoption\s+of|install(?:ing)?|installation\s+of|introduc(?:e|ing)
        |set(?:ting)?\s+up|roll(?:ing)?\s+out|bring(?:ing)?\s+in|go(?:ing)?\s+(?:with|for)
        |evaluat(?:e|ing)|deploy(?:ing)?|implement(?:ing)?|consider(?:ing)?|in\s+favou?r\s+of
        |decid(?:e|ing)\s+(?:on|about|between)|put(?:ting)?\s+in
        |(?:mov(?:e|ing)|switch(?:ing)?|migrat(?:e|ing|ion)|chang(?:e|ing)|upgrad(?:e|ing))
        \s+(?:over\s+)?to)\b)
    |(?P<weak>\b(?:us(?:e|ing)|use\s+of|add(?:ing)?|need(?:s|ed)?(?:\s+for)?|run(?:ning)?|wants?
        |ask(?:s|ed|ing)?\s+for|request(?:s|ed)?|get
        |put|have|try(?:ing)?(?:\s+out)?|pick(?:ing)?|choos(?:e|ing)(?:\s+between)?|between|compare
        |assess(?:ing)?|about|case\s+for|think(?:ing)?\s+of|benefit|value\s+(?:of|in)
        |(?:opinions?|thoughts?|views?)\s+(?:on|of|about)|point\s+(?:of|in)|worth)\b)
    |(?P<to>\b(?:with|by|to|for)\b)
    |(?P<place>\b(?:than|vs\.?|versus|over|without|on|in|into|onto|at|near|behind|as|against|inside
        |of|via|through|under)\b)
    |(?P<our>\b(?:our|my)\b)
    |(?P<end>[,;:()—]|\s[-–]\s|\b(?:so|but|because|since|if|when|while|although|though|that|which
        |where|whether|then)\b)
    """,
    re.VERBOSE,
)
_OPENING = re.compile(
    r"\W*(?:(?:so|and|but|then|ok|hi|hello)\W+)?(?:is|are|does|do|would|could|can|will|should|has"
    r"|what\s+about|how\s+about|why\s+not|why)\s+"
)
_ASKS_BEFORE = re.compile(
    r"\b(?:should|can|could|do|does|did|would|shall|must|may|might|will|if|why|how|let|lets"
    r"|whether|before|once|until)\s+$"
)
_STANDS = re.compile(
    r"\s*(?:is|are|was|has\s+been|['’]s)\s+(?:(?:already|currently|also)\s+)*(?:here|there|running"
    r"|installed|deployed|in\s+place|in\s+use|up|set\s+up|working)\b"
    r"|\s*(?:already\s+)?(?:works|runs|does|handles|covers|gives|serves|installed|running"
    r"|in\s+place|already)\b"
)
_GOES = re.compile(r"\s*(?:to\s+|is\s+to\s+)?be(?:ing)?\s+(?:replaced|removed|retired)\b")
_LIST = re.compile(r"\s*(?:,|/|&|\+|and|or|,\s*and|,\s*or)\s*(?:the\s+|a\s+|even\s+)?")

_ROLES: dict[str, Role] = {
    "by": "new",
    "swap": "replaced",
    "replaced": "replaced",
    "example": "example",
    "stated": "there",
    "there": "there",
    "strong": "asked",
    "weak": "asked",
    "to": "there",
    "place": "there",
    "our": "there",
    "end": "plain",
}


def asks(text: str, position: int) -> bool:
    """Whether the word before makes a question or wish of what begins here ("should", "if")."""
    return _ASKS_BEFORE.search(text, max(0, position - 12), position) is not None


def _english(text: str, mentions: Sequence[Mention], start: int, end: int) -> list[Role]:
    """Roles of the names in an English sentence."""
    opening = _OPENING.match(text, start, end)
    role: Role = "asked" if opening else "plain"
    swapping = False
    roles: list[Role] = []
    cues = list(ENGLISH_CUE.finditer(text, start, end))
    at = 0
    last: Mention | None = None
    for mention in mentions:
        joined = last is not None and _LIST.fullmatch(text, last.end, mention.start)
        while at < len(cues) and cues[at].start() < mention.start:
            cue, at = cues[at], at + 1
            if (
                joined
                or (opening and cue.end() <= opening.end())
                or (last and cue.start() < last.end)
            ):
                continue
            name = str(cue.lastgroup)
            if name == "our" and (swapping or role == "replaced"):
                continue
            role = _ROLES[name]
            if name == "to" and swapping:
                role, swapping = "new", False
            elif name == "swap":
                swapping = True
            elif name == "stated" and asks(text, cue.start()):
                role = "asked"
        roles.append(role)
        _look_behind(text, roles, mention, end, question=opening is not None)
        last = mention
    return roles


def _look_behind(
    text: str, roles: list[Role], mention: Mention, end: int, *, question: bool
) -> None:
    """What an English sentence says behind a name can outweigh what it says before it."""
    if _GOES.match(text, mention.end, end):
        roles[-1] = "replaced"
    elif not question and roles[-1] in ("plain", "asked") and _STANDS.match(text, mention.end, end):
        roles[-1] = "there"


# Korean: cues stand behind the name, up to the next name.

_TURN = (
    r"(?:대체|교체|전환|변경|바꾸|바꿀|바꿔|바꿨|옮기|옮길|옮겨|이전|이관|갈아|넘어가|넘어갈|마이그레이션|갈까|가자|가야"
    r"|가도|가는|정할|정해|결정|할까|할지|하자|하면|하려|하는\s*게|하는\s*것|해도|해야)"
)
_NEW = re.compile(rf"\s*(?:으로|로)\s*(?:의\s*|완전히\s*|전부\s*|다\s*)?{_TURN}")
_FROM = re.compile(r"\s*(?:을|를|에서|은|는)(?:\s+\S{1,12}){0,3}\s*")
_EXAMPLE = re.compile(r"\s*(?:이?나\s+)?(?:같은|처럼)\b")
_KOREAN_CUE = re.compile(
    r"""
    (?P<replaced>대신|말고|빼고|버리고|걷어|없애|그만\s*쓰|(?:을|를)\s*(?:대체|교체|바꾸|바꿀|제거|삭제|내리)|제거하고|삭제하고
        |(?:의\s*)?(?:대안|대체재|후속)(?:으로|로))
    |(?P<there>있는데|있으니|있지만|있고|있어서|있는\s(?!게|것|거|편)|있습니다|있음|있어[.,!]|있다[.,]|돌아가|돌고|돌리고\s*있
        |깔려|깔린|쓰는데|쓰는\s*중|쓰고\s*있|쓰고\s(?!싶)|쓰니|쓰지만|쓰던|쓰면서|쓰는\s(?!게|것|거|편)|쓴다|씁니다|써서
        |사용\s*중|사용하는데|사용하고\s(?!싶)|사용하지만|사용하니|사용합니다|사용하면서|사용하는\s(?!게|것|거|편)
        |운영\s*중|운영하고|운영하는|운영합니다|운용|이용\s*중|구동\s*중|가동\s*중
        |(?:설치|구축|도입|배포|적용|구성)\s*(?:되어|돼|된|됐|했|해\s*뒀|해\s*두|해\s*둔|해\s*놓|한\s*상태|완료|되었))
    |(?P<asked>도입|설치|채택|적용|배포|추가|구축|깔|올려|올릴|올리|얹|들여|들이|전환|갈아|붙이|붙일|넣|필요|검토|고려|써야
        |써도|써볼|써\s?보|쓸|쓰는\s*게|쓰는\s*것|쓰는\s*거|쓰면|쓰자|쓰고\s*싶|쓰려|쓰기로|하려|사용|이용|있어야|있으면|괜찮|어때|어떨|어떤가|어떻|좋|나을
        |나은|나아|낫|맞|적합|의미|가치|추천|평가|여부|할까|해야|해도)
    """,
    re.VERBOSE,
)
_PLACE = re.compile(
    rf"""
    \s*(?:환경|기반|클러스터|서버|쪽|스택)?\s*
    (?:에서는?|에는|에다가?|에(?!\s*(?:대해|대한|관해|관한))|위에|옆에|곁에|외에|이외에|전용|용(?![가-힣])|용으로
      |보다는?|처럼|만으로|(?:와|과|랑|이랑|하고)\s*(?:같이|함께|연동|붙여|맞물|조합|비교해서|비교하면|비교했을|비교해도)
      |(?:으로|로)(?:는|도)?(?!\s*{_TURN})(?=\s|$)|기반(?:의|으로)?)
    """,
    re.VERBOSE,
)
_HERE_BEFORE = re.compile(
    r"(?:기존|기존의|이미|우리|저희|사내|(?:운영|사용)\s*중인|쓰는|쓰던|쓰고\s*있는|사용하는|설치된|깔린|돌고\s*있는)\s*$"
)
_KOREAN_LIST = re.compile(r"\s*(?:와|과|랑|이랑|하고|이?나|,|및|또는|/|·|&|\+|and|or|vs\.?|대)\s*")


def _korean(text: str, mentions: Sequence[Mention], start: int, end: int) -> list[Role]:
    """Roles of the names in a Korean sentence, from the last to the first."""
    roles: list[Role] = []
    following: Mention | None = None
    for index in range(len(mentions) - 1, -1, -1):
        mention = mentions[index]
        stop = following.start if following else end
        before = mentions[index - 1].end if index else start
        role = _by_what_follows(text, mention.end, stop)
        if following is not None:
            if role == "plain" and _KOREAN_LIST.fullmatch(text, mention.end, stop):
                role = roles[-1]
            elif roles[-1] == "new" and _FROM.fullmatch(text, mention.end, stop):
                role = "replaced"
        low = max(before, mention.start - 12)
        if role == "plain" and _HERE_BEFORE.search(text[low : mention.start]):
            role = "there"
        roles.append(role)
        following = mention
    return roles[::-1]


def _by_what_follows(text: str, start: int, end: int) -> Role:
    if _NEW.match(text, start, end):
        return "new"
    if _EXAMPLE.match(text, start, end):
        return "example"
    if _PLACE.match(text, start, end):
        return "there"
    cue = _KOREAN_CUE.search(text, start, end)
    roles: dict[str, Role] = {"replaced": "replaced", "there": "there", "asked": "asked"}
    return roles[str(cue.lastgroup)] if cue else "plain"
