"""What a model is shown of a decision, and what it may therefore say (D7, D10).

The pack stays below `PACK_TOKENS` whatever the size of the cluster, and states totals where it is
cut. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mas.agents.context import cut, estimate_tokens
from mas.agents.reasoner import Block
from mas.core.decision import Alternative, ClusterState, Decision, Existing, Reason, Step
from mas.core.language import plain
from mas.core.tools import Catalog
from mas.teams.decide.consulting import within

PACK_TOKENS = 2_800
"""All blocks together, titles included, as `estimate_tokens` counts."""

_BLOCK_TOKENS = 15
_EVIDENCE_OF_ONE_REASON = 4
_REASON = 900
"""Characters of one reason."""
_QUESTION, _EARLIER, _PERSON, _FINDINGS = 200, 600, 200, 250
_STATE, _OPTIONS, _CHANGE, _STEPS = 300, 300, 150, 250


@dataclass(frozen=True, kw_only=True)
class Around:
    """What else a model hears: words, which carry nothing that it may repeat as a fact."""

    request: str
    findings: tuple[str, ...] = ()
    """What an earlier agent found to matter in the cluster."""
    told: tuple[str, ...] = ()
    """What a person has said to the running agents."""
    earlier_request: str = ""
    earlier_report: str = ""
    """Of the run that this one follows."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Blocks for a model, and the texts of them that are facts."""

    blocks: tuple[Block, ...]
    facts: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """The estimated size of all blocks."""
        return sum(
            estimate_tokens(block.title + block.text) + _BLOCK_TOKENS for block in self.blocks
        )


def pack_of(decision: Decision, catalog: Catalog, around: Around) -> Pack:
    """Everything that a model needs to explain a decision, in at most `PACK_TOKENS`.

    The reasons take what the rest leaves.
    """
    name = decision.tool.name or "-"
    facts = [
        _block("verdict by rules", [f"{decision.verdict} ({name})", *_health(decision)], 80),
        _block("what would change the verdict", [decision.counterfactual or ""], _CHANGE),
        _block("alternatives", map(_option, decision.alternatives), _OPTIONS),
        _block("guide", map(_step, decision.guide), _STEPS),
        _block("cluster", _state(decision.cluster, catalog), _STATE),
    ]
    words = [
        _block("request", [_one_line(around.request)], _QUESTION),
        _block("the person also says", map(_one_line, around.told), _PERSON),
        _block("what an agent found to matter", map(_one_line, around.findings), _FINDINGS),
        *_earlier(around),
    ]
    known = Pack(blocks=(*_kept(facts), *_kept(words)), facts=())
    reasons = _block(
        "reasons of the rules, with their evidence",
        _reasons(decision),
        PACK_TOKENS - known.tokens - 2 * _BLOCK_TOKENS,
    )
    told = _kept([reasons, *facts])
    return Pack(
        blocks=(*_kept(words[:1]), *told, *_kept(words[1:])),
        facts=tuple(block.text for block in told),
    )


def _block(title: str, lines: Iterable[str], tokens: int) -> Block:
    every = [line for line in lines if line]
    return Block(title=title, text=within(every, tokens))


def _kept(blocks: Iterable[Block]) -> tuple[Block, ...]:
    return tuple(block for block in blocks if block.text)


def _one_line(text: str) -> str:
    return plain(text, limit=2_000)


def _health(decision: Decision) -> tuple[str, ...]:
    return (f"health: {decision.health}",) if decision.health else ()


def _reasons(decision: Decision) -> Iterable[str]:
    for number, reason in enumerate(decision.reasons, start=1):
        text = plain(reason.text, limit=_REASON)
        yield f"{number}. [{reason.kind}, {reason.stance}] {text}"
        yield from _evidence(decision, reason)


def _evidence(decision: Decision, reason: Reason) -> Iterable[str]:
    cited: Sequence[str] = [id_ for id_ in reason.evidence if id_ in decision.evidence]
    for id_ in cited[:_EVIDENCE_OF_ONE_REASON]:
        one = decision.evidence[id_]
        yield f"   {id_}: {plain(one.object)} {plain(one.field)} = {plain(one.value)}"
    if len(cited) > _EVIDENCE_OF_ONE_REASON:
        yield f"   (evidence in all: {len(cited):,})"


def _option(one: Alternative) -> str:
    return f"- {plain(one.name)}: {_one_line(one.text)}"


def _step(one: Step) -> str:
    return f"- {_one_line(one.title)}: `{plain(one.command)}`"


def _state(state: ClusterState, catalog: Catalog) -> Iterable[str]:
    nodes = state.nodes
    yield f"Kubernetes {plain(state.version or 'unknown')}"
    yield f"nodes: {nodes.total}, control plane: {nodes.control_plane}, workers: {nodes.workers}"
    yield f"applications: {state.applications}"
    yield f"tool installations: {len(state.existing)}"
    # One line a tool: hundreds of installations of one must not hide that another is there.
    for tool, every in _by_tool(state.existing).items():
        one = every[0]
        told = f"{plain(one.version or '-')} in {plain(one.namespace)}: {one.health}"
        more = f" (installations in all: {len(every):,})" if len(every) > 1 else ""
        yield f"- {catalog.tools[tool].name} {told}{more}"


def _by_tool(existing: Iterable[Existing]) -> dict[str, list[Existing]]:
    found: dict[str, list[Existing]] = {}
    for one in existing:
        found.setdefault(one.tool, []).append(one)
    return found


def _earlier(around: Around) -> tuple[Block, ...]:
    if not around.earlier_report:
        return ()
    request = plain(around.earlier_request, limit=200)
    text = cut(f"{request}\n{around.earlier_report.strip()}", _EARLIER)
    return (Block(title="report of the run before (may be out of date)", text=text),)
