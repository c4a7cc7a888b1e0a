"""Puts pods on nodes: as the scheduler would spread them, then tighter, then by search.

Choices depend on one node at a time and on names, never on sums over all nodes. So a node that
no choice fell on can vanish without changing any choice.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field

from mas.kubernetes.capacity import rules
from mas.kubernetes.capacity.model import PodDemand
from mas.kubernetes.cluster import Node

BYTES_PER_MILLICORE = 4 * 2**30 // 1000
"""Weighs CPU against memory where one number must compare them: 4 GiB a core, a common node."""

_SEARCH_PODS = 48
_SEARCH_LOOKS = 60_000
"""Bounds of the search: pods in all, and nodes looked at (about 50 ms)."""


class Ground:
    """The nodes of one simulation in the order of their names, and which demand may go where."""

    def __init__(self, nodes: Sequence[Node], demands: Sequence[PodDemand]) -> None:
        self.nodes = nodes
        self.demands = demands
        found: dict[object, list[int]] = {}
        for demand in demands:
            if _place_rules(demand) not in found:
                found[_place_rules(demand)] = [
                    at for at, node in enumerate(nodes) if rules.obstacle(node, demand) is None
                ]
        self.admitted = [found[_place_rules(demand)] for demand in demands]

    def keeping(self, keep: Callable[[int, PodDemand], bool]) -> Ground:
        """The same ground with replicas admitted only where `keep` says so."""
        other = copy(self)
        other.admitted = [
            nodes if demand.per_node else [at for at in nodes if keep(at, demand)]
            for demand, nodes in zip(self.demands, self.admitted, strict=True)
        ]
        return other


def _place_rules(demand: PodDemand) -> object:
    """All that `rules.obstacle` looks at; components of a tool mostly share it."""
    return demand.per_node, tuple(sorted(demand.node_selector.items())), demand.tolerates


class Room:
    """What is left on each node of a ground; changes as pods are put there."""

    def __init__(self, cpu: list[int], memory: list[int], slots: list[int]) -> None:
        self.cpu = cpu
        self.memory = memory
        self.slots = slots

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> Room:
        return cls(
            [node.allocatable.cpu - node.requested.cpu for node in nodes],
            [node.allocatable.memory - node.requested.memory for node in nodes],
            [rules.slots(node) - node.requested.pods for node in nodes],
        )

    def copy(self) -> Room:
        return Room(self.cpu.copy(), self.memory.copy(), self.slots.copy())

    def takes(self, at: int, demand: PodDemand) -> bool:
        """True when one more such pod fits; a request of zero fits even on an overfull node."""
        return (
            self.slots[at] > 0
            and (not demand.cpu or self.cpu[at] >= demand.cpu)
            and (not demand.memory or self.memory[at] >= demand.memory)
        )

    def put(self, at: int, demand: PodDemand, pods: int = 1) -> None:
        """Account for `pods` more (or fewer) such pods on the node."""
        self.cpu[at] -= pods * demand.cpu
        self.memory[at] -= pods * demand.memory
        self.slots[at] -= pods


@dataclass(kw_only=True)
class Attempt:
    """One way of placing: for each demand the node of each pod, and what found none."""

    room: Room
    hosts: list[list[int]]
    unplaced: list[int] = field(default_factory=list)
    """Per demand, how many pods found no node; for per-node demands always 0."""
    missing: list[list[int]] = field(default_factory=list)
    """Per demand, the nodes that miss their per-node pod."""

    @property
    def lacking(self) -> int:
        return sum(self.unplaced) + sum(len(nodes) for nodes in self.missing)


def size(cpu: int, memory: int) -> int:
    """One number for an amount of both resources."""
    return cpu * BYTES_PER_MILLICORE + memory


def attempts(ground: Ground) -> Iterator[Attempt]:
    """Ways of placing all pods, the likeliest first; ends after one that places all.

    Per-node pods have no choice and go first.
    """
    base = daemons(ground)
    by_size = _by_size(ground)
    narrow_first = _narrow_first(ground, by_size)
    for order, choose in ((by_size, _spread), (by_size, _tight), (narrow_first, _tight)):
        attempt = _place(ground, base, order, choose)
        yield attempt
        if not sum(attempt.unplaced):
            return
    found = _search(ground, base, narrow_first)
    if found is not None:
        yield found


def _by_size(ground: Ground) -> list[int]:
    """The replicated demands, largest pods first."""
    replicated = [at for at, demand in enumerate(ground.demands) if not demand.per_node]

    def rank(at: int) -> tuple[int, str]:
        demand = ground.demands[at]
        return -size(demand.cpu, demand.memory), demand.component

    return sorted(replicated, key=rank)


def _narrow_first(ground: Ground, by_size: Sequence[int]) -> list[int]:
    """Those with the least choice of nodes before the others."""

    def rank(at: int) -> tuple[bool, bool]:
        demand = ground.demands[at]
        return not demand.node_selector, not demand.spread

    return sorted(by_size, key=rank)


def daemons(ground: Ground) -> Attempt:
    """Places the per-node pods on every node that admits them and has room."""
    room = Room.of(ground.nodes)
    count = len(ground.demands)
    attempt = Attempt(
        room=room,
        hosts=[[] for _ in range(count)],
        unplaced=[0] * count,
        missing=[[] for _ in range(count)],
    )
    for number, demand in enumerate(ground.demands):
        if not demand.per_node:
            continue
        admitted = set(ground.admitted[number])
        for at, node in enumerate(ground.nodes):
            if at in admitted and room.takes(at, demand):
                room.put(at, demand)
                attempt.hosts[number].append(at)
            elif rules.wants_daemon(node, demand):
                attempt.missing[number].append(at)
    return attempt


Choose = Callable[[Node, Room, int, PodDemand, int], tuple[int, int]]
"""Rank of a node for one more pod, lowest first: node, room, its index, demand, own pods there."""


def _spread(node: Node, room: Room, at: int, demand: PodDemand, own: int) -> tuple[int, int]:
    """Fewest pods of the same component, then the largest free share."""
    limit = node.allocatable
    cpu = (room.cpu[at] - demand.cpu) * 1000 // limit.cpu if limit.cpu else 0
    memory = (room.memory[at] - demand.memory) * 1000 // limit.memory if limit.memory else 0
    return own, -(cpu + memory)


def _tight(node: Node, room: Room, at: int, demand: PodDemand, own: int) -> tuple[int, int]:
    """The least that stays free."""
    del node, demand, own
    return size(max(0, room.cpu[at]), max(0, room.memory[at])), 0


def _place(ground: Ground, base: Attempt, order: Sequence[int], choose: Choose) -> Attempt:
    room = base.room.copy()
    hosts = [list(nodes) for nodes in base.hosts]
    unplaced = [0] * len(ground.demands)
    for number in order:
        demand = ground.demands[number]
        own: dict[int, int] = {}
        heap = [
            (choose(ground.nodes[at], room, at, demand, 0), at)
            for at in ground.admitted[number]
            if demand.replicas and room.takes(at, demand)
        ]
        heapq.heapify(heap)
        while heap and len(hosts[number]) < demand.replicas:
            _, at = heapq.heappop(heap)
            room.put(at, demand)
            hosts[number].append(at)
            own[at] = own.get(at, 0) + 1
            # Room only shrinks here, so a node that no longer takes the pod never will again.
            if not demand.spread and room.takes(at, demand):
                rank = choose(ground.nodes[at], room, at, demand, own[at])
                heapq.heappush(heap, (rank, at))
        unplaced[number] = demand.replicas - len(hosts[number])
    return Attempt(room=room, hosts=hosts, unplaced=unplaced, missing=base.missing)


def _search(ground: Ground, base: Attempt, order: Sequence[int]) -> Attempt | None:
    """Looks for a placement of all pods by trying; None when there is none within the bounds."""
    pods = [number for number in order for _ in range(ground.demands[number].replicas)]
    if len(pods) > _SEARCH_PODS:
        return None
    room = base.room.copy()
    open_to = {
        number: [
            at for at in ground.admitted[number] if base.room.takes(at, ground.demands[number])
        ]
        for number in set(pods)
    }
    if any(not nodes for nodes in open_to.values()) or _too_much(ground, room, pods, open_to):
        return None
    chosen = _Search(ground=ground, room=room, pods=pods, open_to=open_to).run()
    if chosen is None:
        return None
    hosts = [list(nodes) for nodes in base.hosts]
    for number, at in zip(pods, chosen, strict=True):
        hosts[number].append(at)
    unplaced = [0] * len(ground.demands)
    return Attempt(room=room, hosts=hosts, unplaced=unplaced, missing=base.missing)


def _too_much(
    ground: Ground, room: Room, pods: Sequence[int], open_to: dict[int, list[int]]
) -> bool:
    """True when even the sums say no."""
    nodes = {at for number in set(pods) for at in open_to[number]}
    wanted = [ground.demands[number] for number in pods]
    return (
        len(pods) > sum(room.slots[at] for at in nodes)
        or sum(d.cpu for d in wanted) > sum(max(0, room.cpu[at]) for at in nodes)
        or sum(d.memory for d in wanted) > sum(max(0, room.memory[at]) for at in nodes)
    )


@dataclass(kw_only=True)
class _Search:
    """Depth first over pods; of nodes in the same state only the first is tried.

    Pods of one component are interchangeable, so each goes no earlier than the one before it.
    """

    ground: Ground
    room: Room
    pods: Sequence[int]
    open_to: dict[int, list[int]]
    looks: int = _SEARCH_LOOKS
    chosen: list[int] = field(default_factory=list)

    def run(self) -> list[int] | None:
        self._masks = {at: 0 for nodes in self.open_to.values() for at in nodes}
        for number, nodes in self.open_to.items():
            for at in nodes:
                self._masks[at] |= 1 << number
        return self.chosen if self._next(0) else None

    def _next(self, depth: int) -> bool:
        if depth == len(self.pods):
            return True
        number = self.pods[depth]
        demand, room = self.ground.demands[number], self.room
        again = depth > 0 and self.pods[depth - 1] == number
        start = self.chosen[-1] + demand.spread if again else 0
        seen: set[tuple[int, int, int, int]] = set()
        for at in self.open_to[number]:
            if at < start:
                continue
            self.looks -= 1
            if self.looks < 0:
                return False
            state = (room.cpu[at], room.memory[at], room.slots[at], self._masks[at])
            if state in seen or not room.takes(at, demand):
                continue
            seen.add(state)
            room.put(at, demand)
            self.chosen.append(at)
            if self._next(depth + 1):
                return True
            self.chosen.pop()
            room.put(at, demand, -1)
        return False
