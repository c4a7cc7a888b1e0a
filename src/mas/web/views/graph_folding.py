"""Large plans made smaller: what is wholly done is drawn as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from mas.web.views.graph_layout import Node

FOLDED_ABOVE = 60
"""Plans with more tasks are folded."""

_SHORTEST_CHAIN = 2
_SMALLEST_BUNCH = 3


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is drawn as one: a task, or several that are done. Its id is that of the first."""

    members: tuple[str, ...]
    needs: tuple[str, ...]
    """Ids of groups."""

    @property
    def id(self) -> str:
        return self.members[0]

    @property
    def node(self) -> Node:
        return Node(id=self.id, needs=self.needs)


def fold_done(nodes: Sequence[Node], done: Set[str]) -> tuple[Group, ...]:
    """The groups of a plan, in its order.

    Small plans stay as they are. In large ones chains without branches that are wholly done become
    one, and so do done tasks that need the same and are needed by the same.
    """
    groups = {node.id: Group(members=(node.id,), needs=node.needs) for node in nodes}
    if len(nodes) > FOLDED_ABOVE:
        groups = _joined(groups, _chains(groups, done))
        groups = _joined(groups, _bunches(groups, done))
    return tuple(groups.values())


def _chains(groups: Mapping[str, Group], done: Set[str]) -> list[tuple[str, ...]]:
    followers = _followers(groups)

    def follows_alone(name: str) -> bool:
        needs = set(groups[name].needs)
        if name not in done or len(needs) != 1:
            return False
        need = needs.pop()
        return need in done and len(followers.get(need, [])) == 1

    chains = []
    for name in groups:
        if name not in done or follows_alone(name):
            continue
        chain = [name]
        while len(after := followers.get(chain[-1], [])) == 1 and follows_alone(after[0]):
            chain.append(after[0])
        if len(chain) >= _SHORTEST_CHAIN:
            chains.append(tuple(chain))
    return chains


def _bunches(groups: Mapping[str, Group], done: Set[str]) -> list[tuple[str, ...]]:
    followers = _followers(groups)
    alike: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for name, group in groups.items():
        if name in done:
            key = (frozenset(group.needs), frozenset(followers.get(name, ())))
            alike.setdefault(key, []).append(name)
    return [tuple(names) for names in alike.values() if len(names) >= _SMALLEST_BUNCH]


def _joined(groups: Mapping[str, Group], wanted: Iterable[tuple[str, ...]]) -> dict[str, Group]:
    head: dict[str, str] = {}
    for names in wanted:
        head |= dict.fromkeys(names, names[0])
    made: dict[str, Group] = {}
    for name, group in groups.items():
        own = head.get(name, name)
        needs = (head.get(need, need) for need in group.needs)
        kept = tuple(dict.fromkeys(need for need in needs if need != own))
        before = made.get(own)
        if before is None:
            made[own] = Group(members=group.members, needs=kept)
        else:
            made[own] = Group(
                members=(*before.members, *group.members),
                needs=tuple(dict.fromkeys((*before.needs, *kept))),
            )
    return made


def _followers(groups: Mapping[str, Group]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, group in groups.items():
        for need in group.needs:
            found.setdefault(need, []).append(name)
    return found
