"""Finds what reads like the name of a product that the catalog does not know (R2, D5).

In a Korean sentence any Latin word that is no ordinary one; in an English sentence a capitalised
word inside it, or the object of a verb of adopting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mas.teams.decide.names import Mention
from mas.teams.decide.roles import ENGLISH_CUE, asks, has_hangul

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.+][A-Za-z0-9]+)*")
_VERSION = re.compile(r"v\d[\w.+-]*")
_FILLER = re.compile(
    r"(?:(?:the|a|an|our|own|my|any|some|it|this|that|new|open|source|tool|called|named)\s+)*"
)
_LONGEST = 4
"""Words in a name."""

_EVERYDAY = """
a about above access actually add adopt adopted after again aks all almost along already also
although always am amd64 an and another answer any anybody anyone anything api apis app
application applications apps are argue arm arm64 around as ask asked assistant at available away
aws azure back bad bare bare-metal based be because been before behind being benefit benefits best
better between big bigger boss both bring build building builds but by cache can cannot careful
case cd change changes chart charts check choice choose ci cloud cloud-native cluster clusters
code colleague colleagues coming command company compare compared computer consider container
containers correct cost could course cpu cr crd crds cron current currently customer customers
data database databases day-to-day db decide decision deploy deployment deployments dev developer
developers devops did different disk disregard dns do docker does doing done down each earlier
easier easily ec2 edition either eks else end end-to-end engineer engineers english enough
environment eol eu evaluate even ever every everybody everyone everything exactly existing extra
fan far fast faster few finally find fine first fit for free from full further future ga gb gcp
get gi git github-hosted give given gke go going good got gpu great group ha had half has have
having he hello helm help here hi high high-availability him his home host hour hours how however
hpa http https i iac idea if ignore image images implement improve in infra infrastructure inside
install installation installed instead instructions interested internal into introduce ip is issue
it its itself job jobs json just k3s k8s keep kind know korean kubeadm kubectl kubernetes large
last lately later latest least less let lets like linux list little load local log logs long
long-term look looking lot lots lts machine machines make makes many mas master masters maybe mb
me mean memory mi might minikube mode modern month months more most move much multi-cluster
multi-tenant must mvp my myself native need needed needs never new next no node nodes none not
note nothing now of off ok okay old on on-prem on-premise once one only onto open open-source
operator opinion option options or order org os oss other our ours out output over own part pay
people per perhaps person pipeline pipelines place platform please pls plugin plz poc pod pods
point possible pr previous prod product production prompt proper provide put pv pvc qa question
quick quickly quite ram rather rbac read ready real real-time really reason reasons recommend
recommended registry release releases replace report request requests return right run running
runs saas same say scale secret security see self-hosted send server servers service services set
setup several shall she should show sidecar simple since site size small smaller so software
solution some somebody someone something soon source space sre ssd ssh ssl stack stage staging
start state still stop storage stuff such sure switch sysadmin system systems take tb tcp team
teams tell test tests than thank thanks that the their them then there these they thing things
think this those though three through time tls to today together tomorrow too tool tools top total
traffic true try two ubuntu udp ui under understand until up up-to-date upgrade url us use used
useful user users uses using usually ux value vcpu verdict version versions very via virtual vm
vms vs want wanted was way we web week weeks well well-known were what when where whether which
while who whole whom why will wise with within without wonder wondering word work worker workers
workload workloads works world worth would write yaml year years yes yet you your yours
"""
_ORDINARY = frozenset(_EVERYDAY.split())


def find_strangers(
    folded: str, lowered: str, known: Sequence[Mention], sentences: Sequence[tuple[int, int]]
) -> list[Mention]:
    """Names of unknown products, in order; `known` mentions are passed by."""
    taken = _spans(known)
    shouting = not re.search(r"[a-z]", folded)
    found: list[Mention] = []
    for start, end in sentences:
        if has_hangul(lowered, start, end):
            found += _in_korean(folded, start, end, taken)
        else:
            cues = list(ENGLISH_CUE.finditer(lowered, start, end))
            if not shouting and folded[start:end] != lowered[start:end]:
                found += _capitalised(folded, lowered, start, end, taken, _spans(cues))
            found += _objects(folded, lowered, end, cues, taken, sure=not known)
    return _without_overlaps(found)


def is_ordinary(word: str) -> bool:
    """Whether a word is no name: an everyday word, a number or a version."""
    lowered = word.lower()
    return (
        lowered in _ORDINARY
        or lowered.removesuffix("s") in _ORDINARY
        or len(word) == 1
        or _VERSION.fullmatch(lowered) is not None
        or all(part in _ORDINARY or part.isdigit() for part in re.split(r"[-.+]", lowered))
    )


def _spans(stretches: Iterable[Mention] | Iterable[re.Match[str]]) -> set[int]:
    """All positions that mentions or matches cover."""
    taken: set[int] = set()
    for one in stretches:
        bounds = (one.start, one.end) if isinstance(one, Mention) else one.span()
        taken.update(range(*bounds))
    return taken


def _words(text: str, start: int, end: int, taken: set[int]) -> Iterable[re.Match[str]]:
    for match in _WORD.finditer(text, start, end):
        if match.start() not in taken and match.end() - 1 not in taken:
            yield match


def _in_korean(folded: str, start: int, end: int, taken: set[int]) -> Iterable[Mention]:
    """Groups of Latin words, without the ordinary ones at their ends."""
    for group in _groups(folded, _words(folded, start, end, taken)):
        while group and is_ordinary(group[0].group()):
            group.pop(0)
        while group and is_ordinary(group[-1].group()):
            group.pop()
        if group:
            yield _named(folded, group[:_LONGEST])


def _capitalised(
    folded: str, lowered: str, start: int, end: int, taken: set[int], cues: set[int]
) -> Iterable[Mention]:
    """Groups of capitalised words; the first word of a sentence must have more than its capital."""
    words = [
        match
        for match in _words(folded, start, end, taken)
        if any(char.isupper() for char in match.group())
        and match.start() not in cues
        and not is_ordinary(match.group())
        and not (_opens(folded, start, match) and not _is_subject(lowered, end, match))
    ]
    for group in _groups(folded, words):
        yield _named(folded, group[:_LONGEST])


def _opens(folded: str, start: int, match: re.Match[str]) -> bool:
    return not re.search(r"\w", folded[start : match.start()])


_GOES_ON = re.compile(
    r"\s*(?:\?|$|vs\b|versus\b|or\b|instead\b|rather\b|compared\b|is\b|on\b|for\b|in\b|yes\b)"
)


def _is_subject(lowered: str, end: int, match: re.Match[str]) -> bool:
    """Whether a word at the beginning of a sentence is a name: by its letters or what follows."""
    inner = match.group()[1:]
    if any(char.isupper() or char.isdigit() for char in inner):
        return True
    return _GOES_ON.match(lowered, match.end(), end) is not None


def _objects(
    folded: str,
    lowered: str,
    end: int,
    cues: Iterable[re.Match[str]],
    taken: set[int],
    *,
    sure: bool,
) -> Iterable[Mention]:
    """Lower-case names right behind a verb of adopting; behind weaker verbs only when `sure`."""
    for cue in cues:
        weak = cue.lastgroup == "weak" or (cue.lastgroup == "stated" and asks(lowered, cue.start()))
        if cue.lastgroup not in ("strong", "by") and not (sure and weak):
            continue
        filler = _FILLER.match(lowered, _skip_space(lowered, cue.end()), end)
        begin = filler.end() if filler else cue.end()
        first = _WORD.match(folded, begin, end)
        if first is None or begin in taken or is_ordinary(first.group()):
            continue
        words = [first]
        for match in _WORD.finditer(folded, first.end(), min(end, first.end() + 60)):
            close = folded[words[-1].end() : match.start()] in (" ", "-")
            cut = match.start() in taken or is_ordinary(match.group())
            if not close or cut or ENGLISH_CUE.match(lowered, match.start()):
                break
            words.append(match)
        yield _named(folded, words[:_LONGEST])


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " `'\"“”‘’*_(":
        position += 1
    return position


def _groups(text: str, words: Iterable[re.Match[str]]) -> Iterable[list[re.Match[str]]]:
    """Words that stand next to each other."""
    group: list[re.Match[str]] = []
    for match in words:
        if group and text[group[-1].end() : match.start()] not in (" ", "-"):
            yield group
            group = []
        group.append(match)
    if group:
        yield group


def _named(text: str, group: Sequence[re.Match[str]]) -> Mention:
    start, end = group[0].start(), group[-1].end()
    return Mention(start=start, end=end, kind="unknown", id=text[start:end])


def _without_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for one in sorted(mentions, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def join_compounds(
    folded: str, known: Sequence[Mention], strangers: Sequence[Mention]
) -> list[Mention]:
    """All mentions in order, with a known tool and the stranger right behind it made one.

    `Harbor Foo` is another product; `Harbor HA` and `Istio sidecar` still are Harbor and Istio.
    """
    joined: list[Mention] = []
    for one in sorted([*known, *strangers], key=lambda one: one.start):
        last = joined[-1] if joined else None
        behind = last is not None and folded[last.end : one.start] == " "
        if last is None or last.kind != "tool" or one.kind != "unknown" or not behind:
            joined.append(one)
        elif one.id[0].isupper() and not one.id.isupper():
            name = folded[last.start : one.end]
            joined[-1] = Mention(start=last.start, end=one.end, kind="unknown", id=name)
    return joined
