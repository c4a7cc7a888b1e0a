"""Finds the names of tools and capabilities in a text, in one pass whose time grows with it (R2).

A text is seen as *atoms*: runs of Hangul, and runs of any other letters and digits. A name is one
or more atoms with no more than a space, dash, dot, slash, colon or bracket between them, so
`Argo CD`, `ArgoCD` and `argo-cd` are one name, and `Tekton을` is a name with a particle behind it.
The longest name wins. What merely contains a name (`하버드`, `vaulted`, `harbor.example.com`) is
none, and what goes on after a name (`Prometheus Adapter`, `harbor-exporter`) is another product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mas.core.tools import Catalog

Kind = Literal["tool", "capability", "other", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A name in a text.

    `id` is that of a tool or capability. For `other` (a product that goes by the name of a known
    one) and `unknown` it is the name as it stands in the text.
    """

    start: int
    end: int
    kind: Kind
    id: str
    aside: bool = False
    """True when it only describes something else (`Prometheus-compatible`)."""


_ATOM = re.compile(r"[가-힣]+|[^\W_가-힣]+")
_GAP = re.compile(r"\s?[-_/]\s?|[.:]|\s*\(?")
_MAX_ATOMS = 7

_PARTICLE = (
    "으로부터|이라는|이라고|이란|이랑|이나|이나마|이든|이면|이고|인가|인데|인지|이라도|으로는|으로도|으로|로는"
    "|로도|로|에서는|에서도|에서|에게|에는|에도|에다가|에다|에|까지도|까지는|까지|부터|처럼|보다는|보다|대신에"
    "|대신|같은|같이|하고|하나|말고|만으로|만|라는|라고|라도|라면|란|랑|나|든|야|을|를|은|는|이|가|의|와|과|도|용"
    "|등|및|인|요|쯤|께|씨|급|쪽|형"
)
_VERB = (
    "도입|설치|적용|채택|사용|배포|추가|검토|필요|구축|교체|전환|변경|대체|이전|운영|연동|활용|평가|비교|추천|고려"
    "|써|쓰|쓸|쓴|씁|깔|올려|올릴|올리|넣|있|없|괜찮|어때|어떤|어떨|좋|낫|나을|맞|여부|해야|할까|할지|환경|기반|서버|관련"
)
_ENDING = re.compile(rf"(?:{_PARTICLE})?(?:{_PARTICLE})?$|(?:{_PARTICLE})?(?:{_VERB})")
"""What may follow a Hangul name inside its word: particles, or a verb written without a space."""
_VERB_ENDING = re.compile(
    r"(?:을|를|은|는|이|가|도)?(?:도입|설치|적용|채택|추가|필요|구축|써야|쓸까|깔까)"
)

_SPELLINGS = (
    ("operator", "오퍼레이터"),
    ("adapter", "어댑터"),
    ("dashboard", "대시보드"),
    ("server", "서버"),
    ("stack", "스택"),
    ("controller", "컨트롤러"),
    ("exporter", "익스포터"),
    ("workflows", "워크플로우"),
    ("workflows", "워크플로"),
    ("rollouts", "롤아웃"),
    ("actions", "액션"),
    ("runner", "러너"),
    ("registry", "레지스트리"),
    ("mesh", "메시"),
)
"""Words that a Korean request writes in either script: `Prometheus 오퍼레이터`."""

_NOUNS = (
    "exporter exporters adapter plugin plugins connector operator sdk cli client bridge webhook"
    " 익스포터 어댑터 플러그인 커넥터 오퍼레이터 클라이언트"
)
_ANOTHER_PRODUCT = frozenset(_NOUNS.split())
_ADJECTIVES = "based like style compatible native powered related backed managed free only first"
_DESCRIBES = frozenset(_ADJECTIVES.split())
_VERSION = re.compile(r"v?\d+(?:\.\d+|\.x)*")


class Names:
    """All names of a catalog, ready to be looked up."""

    def __init__(self, catalog: Catalog) -> None:
        self._names: dict[str, tuple[Kind, str]] = {}
        for capability in catalog.capabilities.values():
            names = {
                capability.id,
                capability.name.en,
                capability.name.ko,
                *capability.aliases,
            }
            self._add(names, "capability", capability.id)
        for tool in catalog.tools.values():
            self._add(tool.not_aliases, "other", "")
        for tool in catalog.tools.values():
            self._add({tool.id, tool.name, *tool.aliases}, "tool", tool.id)
        self._beginnings = {name[:end] for name in self._names for end in range(1, len(name) + 1)}

    def _add(self, names: Iterable[str], kind: Kind, id_: str) -> None:
        for name in names:
            key = squash(name)
            self._names[key] = (kind, id_)
            for spelling in _other_script(key):
                if self._names.get(spelling, ("other", ""))[0] != "tool":
                    self._names[spelling] = (kind, id_)

    def find(self, text: str) -> list[Mention]:
        """All names in a text, in order. `text` is lower-case already."""
        atoms = [match.span() for match in _ATOM.finditer(text)]
        found: list[Mention] = []
        index = 0
        while index < len(atoms):
            hit = self._longest(text, atoms, index) or self._inside(text, atoms[index])
            if hit is None:
                index += 1
                continue
            whole = _as_it_goes_on(text, hit)
            if whole is not None:
                found.append(whole)
            end = (whole or hit).end
            while index < len(atoms) and atoms[index][0] < end:
                index += 1
        return found

    def meant_by(self, stranger: Mention) -> Mention:
        """The tool whose long name a stranger misses by one letter, else the stranger itself.

        Short names are left alone: Falcon and Gitee are products of their own.
        """
        wanted = squash(stranger.id)
        close = {
            id_
            for name, (kind, id_) in self._names.items()
            if kind == "tool" and _one_slip_apart(wanted, name)
        }
        if len(close) != 1:
            return stranger
        return Mention(start=stranger.start, end=stranger.end, kind="tool", id=close.pop())

    def _longest(self, text: str, atoms: list[tuple[int, int]], first: int) -> Mention | None:
        """The longest name that begins with the atom `first`."""
        start = atoms[first][0]
        if text[start : min(start + 2, atoms[first][1])] not in self._beginnings:
            return None
        joined = ""
        best: Mention | None = None
        for index in range(first, min(first + _MAX_ATOMS, len(atoms))):
            begin, end = atoms[index]
            if index > first and not _GAP.fullmatch(text, atoms[index - 1][1], begin):
                break
            for spelling, stop in self._readings(joined, text[begin:end]):
                known = self._names.get(spelling)
                if known:
                    kind, id_ = known
                    stop += begin
                    best = Mention(start=start, end=stop, kind=kind, id=id_ or text[start:stop])
                    break
            joined += text[begin:end]
            if joined not in self._beginnings:
                break
        return best

    def _readings(self, before: str, word: str) -> Iterable[tuple[str, int]]:
        """Spellings that a name with this last word may have, and where in the word it ends."""
        if not is_hangul(word[0]):
            yield before + word, len(word)
            if word.endswith("ies"):
                yield before + word[:-3] + "y", len(word)
            if word.endswith("es"):
                yield before + word[:-2], len(word)
            if word.endswith("s"):
                yield before + word[:-1], len(word)
            return
        longest = 0
        while longest < len(word) and before + word[: longest + 1] in self._beginnings:
            longest += 1
        for end in range(longest, 0, -1):
            if _ENDING.match(word, end):
                yield before + word[:end], end

    def _inside(self, text: str, atom: tuple[int, int]) -> Mention | None:
        """A Hangul name inside a request without spaces; only a verb of adopting proves it."""
        begin, end = atom
        word = text[begin : min(end, begin + 60)]
        if not is_hangul(word[0]):
            return None
        for start in range(1, len(word) - 3):
            stop = start
            while stop < len(word) and word[start : stop + 1] in self._beginnings:
                stop += 1
            for cut in range(stop, start + 1, -1):
                known = self._names.get(word[start:cut])
                if known and known[1] and _VERB_ENDING.match(word, cut):
                    return Mention(start=begin + start, end=begin + cut, kind=known[0], id=known[1])
        return None


def squash(name: str) -> str:
    """A name without what may stand between its words."""
    return "".join(_ATOM.findall(name.lower()))


_LONG = 7
"""Letters that a name must have for a slip of one to be forgiven."""


def _one_slip_apart(one: str, two: str) -> bool:
    """Whether two long names differ by one letter added, left out, wrong, or by two swapped."""
    if min(len(one), len(two)) < _LONG or abs(len(one) - len(two)) > 1 or one[0] != two[0]:
        return False
    same = 0
    while same < min(len(one), len(two)) and one[same] == two[same]:
        same += 1
    rest, other = one[same:], two[same:]
    swapped = rest[:2] == other[:2][::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def is_hangul(char: str) -> bool:
    """Whether a character is a Hangul syllable."""
    return "가" <= char <= "힣"


def _other_script(key: str) -> Iterable[str]:
    """The same name with its common noun in the other script."""
    for latin, hangul in _SPELLINGS:
        if key.endswith(latin) and key != latin:
            yield key.removesuffix(latin) + hangul
        elif key.endswith(hangul) and key != hangul:
            yield key.removesuffix(hangul) + latin


def _as_it_goes_on(text: str, hit: Mention) -> Mention | None:
    """A hit with what is written right before and behind it.

    None when it is a part of an address or file name.
    """
    before = text[hit.start - 1 : hit.start]
    after = text[hit.end : hit.end + 1]
    following = _ATOM.match(text, hit.end + 1) if after else None
    if before in ("@", ".") or (after == "@" and following):
        return None
    if hit.kind not in ("tool", "other"):
        return hit
    if after == "." and following and not is_hangul(text[hit.end + 1]):
        return None
    if after in ("-", "_") and following and not is_hangul(text[hit.end + 1]):
        if following.group() in _DESCRIBES:
            return _changed(hit, aside=True)
        if not _VERSION.fullmatch(following.group()):
            return _another(text, hit.start, _end_of_compound(text, hit.end))
    if before in ("-", "_") and hit.start > 1 and _ATOM.match(text, hit.start - 2):
        return _another(text, _start_of_compound(text, hit.start), hit.end)
    return _with_common_noun(text, hit)


def _with_common_noun(text: str, hit: Mention) -> Mention | None:
    """`Harbor exporter` is not Harbor, and `the tempo of` is an ordinary word."""
    gap = _GAP.match(text, hit.end)
    following = _ATOM.match(text, gap.end()) if gap else None
    if following is None or hit.kind != "tool":
        return hit
    word = following.group()
    if word == "of":
        return None
    if is_hangul(word[0]):
        noun = next((one for one in _ANOTHER_PRODUCT if word.startswith(one)), "")
        if noun and _ENDING.match(word, len(noun)):
            return _another(text, hit.start, following.start() + len(noun))
    elif word in _ANOTHER_PRODUCT:
        return _another(text, hit.start, following.end())
    return hit


_COMPOUND = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_COMPOUND_MAX = 64


def _end_of_compound(text: str, end: int) -> int:
    rest = _COMPOUND.match(text, end + 1, end + _COMPOUND_MAX)
    return rest.end() if rest else end


def _start_of_compound(text: str, start: int) -> int:
    low = max(0, start - _COMPOUND_MAX)
    while start > low and re.match(r"[a-z0-9_-]", text[start - 1]):
        start -= 1
    return start


def _another(text: str, start: int, end: int) -> Mention:
    return Mention(start=start, end=end, kind="other", id=text[start:end])


def _changed(hit: Mention, *, aside: bool) -> Mention:
    return Mention(start=hit.start, end=hit.end, kind=hit.kind, id=hit.id, aside=aside)
