"""Reads a request: which tool or capability is asked about, in Korean or English (R2, D5).

In three steps, each linear in the length of the text:

1. every name in the text is found (`names`), products that nobody knows included (`strangers`);
2. each name takes a role from the words around it (`roles`): asked for, only mentioned, already
   there, or to be replaced;
3. the best role wins, a product before a capability, the first of equals. Nothing is better than
   a wrong subject: a request about an unknown product never falls back on a known one beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mas.core.language import Language, detect_language, plain
from mas.core.tools import Catalog
from mas.teams.decide.names import Mention, Names
from mas.teams.decide.roles import Cast, cast_roles
from mas.teams.decide.strangers import find_strangers, join_compounds


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a request asks.

    Exactly one of `tool`, `capability` and `unknown` is set, or none when no subject was found.
    """

    text: str
    language: Language
    tool: str | None = None
    """Id of a catalog tool."""
    capability: str | None = None
    """Id of a capability, when the request names one and no tool."""
    unknown: str | None = None
    """Name of a tool that the catalog does not know."""
    wanted: tuple[str, ...] = ()
    """Capabilities that the request mentions besides its subject: demand seen in the request."""
    others: tuple[str, ...] = ()
    """Other catalog tools that it mentions."""
    namespace: str | None = None
    """Target namespace, when the request names one."""


_READ_FIRST, _READ_LAST = 8_000, 4_000
"""Characters of a longer text that are read: people ask at its beginning or its end."""
_PIECE = re.compile(r"\S{1,200}|\s+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_NOT_NAMES = re.compile(r"https?://\S+|(?<!\S)[^\s@]{1,80}@[^\s@.]+\.\S+")
_SENTENCE_END = re.compile(
    r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bno)\.(?=\s|$)|[?!。]+(?=\W|$)|\n+"
)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_QUOTE = r"[`'\"“”‘’]?"
_NAMESPACE = re.compile(
    rf"\b(?:namespace|ns)(?:\s+(?:called|named)|\s*[:=])?\s+{_QUOTE}(?P<en>{_LABEL})(?![\w.-]*\.\w)"
    rf"|(?<![\w.-]){_QUOTE}(?P<before>{_LABEL}){_QUOTE}\s+(?:namespace|ns)\b"
    rf"|(?<!\S)(?:-n|--namespace)[\s=]+(?P<flag>{_LABEL})"
    rf"|(?<![\w.-]){_QUOTE}(?P<ko>{_LABEL}){_QUOTE}\s*(?:이?라는\s*)?네임\s?스페이스"
    rf"|네임\s?스페이스(?:는|은|를|이름은|로는)?\s*[:=]?\s*{_QUOTE}(?P<after>{_LABEL})"
)
_WITH = re.compile(r"\s+(?:with|via|through|by)\s+(?:the\s+)?")
_BY_MEANS_OF = re.compile(r"\s*(?:으로|로)\s+")
_PRESENT = r"(?:있|설치되|설치돼|깔려|돌|떠|쓰|운영)"
_THERE_ALREADY = re.compile(rf"에서?(?:는|도)?\s*(?:이미\s*)?{_PRESENT}")
_AROUND_NAMESPACE = """
the a an its into onto own our my same another new separate dedicated each which what different
one this that single every per any some other all is are for with and or where in of to we it i on
if quota quotas isolation limits limit policy policies admin level scoped please kubernetes k8s
target right there here has have should could can now only but as by from at would will called
named be via using so then
"""
_NO_NAMESPACE = frozenset(_AROUND_NAMESPACE.split())


def read_question(text: str, catalog: Catalog, *, language: Language | None = None) -> Question:
    """Find the subject of a request.

    `language` overrides what the text itself says. Never fails: a request about nothing known
    comes back without a tool and a capability.
    """
    folded = _folded(text)
    lowered = _lowered(folded)
    namespaces = list(_namespaces(lowered))
    hidden = [match.span() for match in _NOT_NAMES.finditer(lowered)]
    hidden += [span for _, span in namespaces]
    names = Names(catalog)
    known = _outside(names.find(lowered), hidden)
    known = [_as_written(one, folded) for one in known]
    sentences = list(_sentences(lowered))
    strangers = _outside(find_strangers(folded, lowered, known, sentences), hidden)
    cast = cast_roles(lowered, join_compounds(folded, known, strangers), sentences)
    subject = _subject(_with_means(cast, lowered, catalog))
    if subject is not None and subject.kind == "unknown":
        subject = names.meant_by(subject)
    tool = subject.id if subject and subject.kind == "tool" else None
    capability = subject.id if subject and subject.kind == "capability" else None
    unknown = subject.id if subject and subject.kind in ("other", "unknown") else None
    return Question(
        text=text,
        language=language or detect_language(text),
        tool=tool,
        capability=capability,
        unknown=plain(unknown, limit=60) if unknown else None,
        wanted=_ids(known, "capability", without=capability),
        others=_ids(known, "tool", without=tool),
        namespace=_target(namespaces, subject, cast, sentences),
    )


def _folded(text: str) -> str:
    """Full-width letters made plain, invisible characters gone, white space single."""
    if len(text) > _READ_FIRST + _READ_LAST:
        text = f"{text[:_READ_FIRST]}\n{text[-_READ_LAST:]}"
    # Word by word: ordering one endless run of combining marks would take quadratic time.
    words = (unicodedata.normalize("NFKC", word) for word in _PIECE.findall(text))
    readable = text if text.isascii() else _INVISIBLE.sub("", "".join(words))
    lines = (" ".join(line.split()) for line in readable.splitlines())
    return "\n".join(line for line in lines if line)


def _lowered(text: str) -> str:
    """Lower-case text of the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _as_written(mention: Mention, folded: str) -> Mention:
    """A product that is none of the catalog keeps its name as the person wrote it."""
    if mention.kind != "other":
        return mention
    name = folded[mention.start : mention.end]
    return Mention(start=mention.start, end=mention.end, kind="other", id=name, aside=mention.aside)


def _outside(mentions: Iterable[Mention], hidden: Sequence[tuple[int, int]]) -> list[Mention]:
    """Mentions that do not lie in one of the spans."""
    if not hidden:
        return list(mentions)
    covered: set[int] = set()
    for start, end in hidden:
        covered.update(range(start, end))
    return [one for one in mentions if one.start not in covered]


def _sentences(text: str) -> Iterable[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.start() > start:
            yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _ids(mentions: Iterable[Mention], kind: str, *, without: str | None) -> tuple[str, ...]:
    found = dict.fromkeys(one.id for one in mentions if one.kind == kind)
    found.pop(without or "", None)
    return tuple(found)


def _with_means(cast: Sequence[Cast], text: str, catalog: Catalog) -> list[Cast]:
    """In "backups with Velero" and "Velero로 백업" the tool is asked for like the capability."""
    found = list(cast)
    for index in range(len(found) - 1):
        one, two = found[index], found[index + 1]
        between = (text, one.mention.end, two.mention.start)
        if _WITH.fullmatch(*between) and _gives(two.mention, one.mention, catalog):
            found[index + 1] = Cast(mention=two.mention, role=one.role)
        elif _BY_MEANS_OF.fullmatch(*between) and _gives(one.mention, two.mention, catalog):
            found[index] = Cast(mention=one.mention, role=two.role)
    return found


def _gives(tool: Mention, capability: Mention, catalog: Catalog) -> bool:
    if tool.kind != "tool" or capability.kind != "capability":
        return False
    given = catalog.tools[tool.id].capabilities
    return capability.id in (*given.primary, *given.secondary)


def _subject(cast: Sequence[Cast]) -> Mention | None:
    """The name that the request is about, if any."""
    ranked = [(rank, one.mention) for one in cast if (rank := _rank(one)) is not None]
    if not ranked:
        return None
    best, subject = min(ranked, key=lambda item: (item[0], item[1].start))
    examples = {one.mention.id for one in cast if one.role == "example"}
    capability = next((one.mention for one in cast if one.mention.kind == "capability"), None)
    if capability and len(examples) > 1 and subject.id in examples and best > _FIRST:
        return capability  # "a service mesh like Istio or Linkerd" asks for no particular one
    return subject


_FIRST = 0
_RANKS = {
    ("new", "product"): _FIRST,
    ("asked", "product"): 1,
    ("example", "tool"): 2,
    ("plain", "known product"): 3,
    ("asked", "capability"): 4,
    ("plain", "capability"): 5,
    ("plain", "unknown"): 6,
    ("example", "unknown"): 7,
    ("there", "capability"): 8,
    ("there", "product"): 9,
    ("replaced", "product"): 10,
}
"""What is asked about, best first, by role and kind."""


def _rank(one: Cast) -> int | None:
    kind = one.mention.kind
    names: tuple[str, ...] = (kind,)
    if kind != "capability":
        names = (kind, "product") if kind == "unknown" else (kind, "known product", "product")
    role = "asked" if one.role == "new" and kind == "capability" else one.role
    if kind == "unknown" and role in ("there", "replaced"):
        return None  # a stranger that is not asked for is likely no product at all
    return next((_RANKS[role, name] for name in names if (role, name) in _RANKS), None)


def _namespaces(text: str) -> Iterable[tuple[str, tuple[int, int]]]:
    position = 0
    while match := _NAMESPACE.search(text, position):
        group = str(match.lastgroup)
        name = match.group(group)
        if name in _NO_NAMESPACE or name.isdigit():
            position = match.start() + 1
            continue
        position = match.end()
        if not _THERE_ALREADY.match(text, position):
            yield name, match.span(group)


def _target(
    namespaces: Sequence[tuple[str, tuple[int, int]]],
    subject: Mention | None,
    cast: Sequence[Cast],
    sentences: Sequence[tuple[int, int]],
) -> str | None:
    """The namespace for the subject: one in its own sentence, or in one without other tools."""
    if subject is None:
        return None
    for name, (position, _) in namespaces:
        low, high = next((span for span in sentences if span[0] <= position < span[1]), (0, 0))
        inside = [one.mention for one in cast if low <= one.mention.start < high]
        before = [one for one in inside if one.start < position and one.kind != "capability"]
        tools = [one for one in inside if one.kind == "tool"]
        if subject in inside and (not before or before[-1] is subject):
            return name
        if not tools:
            return name
    return None
