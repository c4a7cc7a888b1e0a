"""Where the tasks of a plan stand in the picture: layers from left to right. Pure.

1. A task's layer is its longest way from a start. One with more followers than needs is pulled
   right, next to its first follower.
2. An edge over several layers gets a thin stand-in in each, so that nothing runs behind a task.
3. Sweeps sort each layer by the mean place of its neighbours. The order with the fewest crossings
   wins; ties keep the order that was there, so equal plans are drawn alike.
4. Sweeps pull each task to the mean height of its neighbours; overlaps are pushed apart evenly.

All depends on the plan alone: a task that changes its state never moves.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

STAND_IN_HEIGHT = 8
SWEEPS = 16
HEIGHT_SWEEPS = 24
MOST_CELLS = 1500
"""Above so many tasks and stand-ins fewer sweeps are made: the picture has to be there soon."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A task: what it needs is drawn to the left of it."""

    id: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Size:
    """Measures in pixels: of a task, of the room between layers and between tasks of one."""

    width: int
    height: int
    across: int
    between: int


ROOMY = Size(width=160, height=44, across=42, between=14)
"""Two lines, up to 24 tasks."""
DENSE = Size(width=124, height=26, across=34, between=8)
"""One line."""
_MARGIN = 7
_TOP = 6


@dataclass(frozen=True, kw_only=True)
class Edge:
    """From one task to one that needs it. `points` are left ends and right ends of what it goes
    through, in turn: (x, y) where it leaves, where it enters, and so on."""

    start: str
    end: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The picture. A task's place is its left edge and its middle."""

    width: int
    height: int
    size: Size
    places: Mapping[str, tuple[float, float]]
    layers: tuple[tuple[str, ...], ...]
    """Tasks from left to right, in each from top to bottom."""
    edges: tuple[Edge, ...]
    crossings: int
    order: tuple[str, ...]
    """Of all there is, stand-ins included; hand it in as `start` when the plan has grown."""


@lru_cache(maxsize=128)
def lay_out(nodes: tuple[Node, ...], size: Size, start: tuple[str, ...] = ()) -> Layout:
    """Lay out a plan without cycles.

    Args:
        nodes: In the order of the plan; ids are different, needs are among them.
        size: How large things are.
        start: `order` of an earlier picture: what was there is begun with in that order.
    """
    if not nodes:
        return Layout(
            width=0, height=0, size=size, places={}, layers=(), edges=(), crossings=0, order=()
        )
    grid = _Grid(nodes, start)
    grid.sort()
    heights = _Heights(grid, size)
    heights.settle()
    return heights.drawn()


_Cell = int
"""A task, or the stand-in of an edge: tasks come first and are numbered as in the plan."""


class _Grid:
    """Layers of cells, and which is beside which."""

    def __init__(self, nodes: Sequence[Node], start: Sequence[str]) -> None:
        self.tasks = len(nodes)
        self.names = [node.id for node in nodes]
        """Of the cells; those of stand-ins say between which tasks they stand, and where."""
        number = {name: index for index, name in enumerate(self.names)}
        needs = [[number[need] for need in node.needs if need in number] for node in nodes]
        layer = _layers(needs)
        self.left: list[list[_Cell]] = [[] for _ in nodes]
        self.right: list[list[_Cell]] = [[] for _ in nodes]
        self.chains: list[list[_Cell]] = []
        self.columns: list[list[_Cell]] = [[] for _ in range(max(layer) + 1)]
        for one in range(len(nodes)):
            self.columns[layer[one]].append(one)
        for one in range(len(nodes)):
            for need in needs[one]:
                self._chain(need, one, layer)
        before = {name: place for place, name in enumerate(start)}
        for column in self.columns:
            column.sort(key=lambda cell: before.get(self.names[cell], len(before)))

    def _chain(self, start: _Cell, end: _Cell, layer: Sequence[int]) -> None:
        chain = [start]
        for between in range(layer[start] + 1, layer[end]):
            stand_in = len(self.left)
            self.names.append(f"{self.names[start]}\0{self.names[end]}\0{between}")
            self.left.append([])
            self.right.append([])
            self.columns[between].append(stand_in)
            chain.append(stand_in)
        chain.append(end)
        for one, other in pairwise(chain):
            self.right[one].append(other)
            self.left[other].append(one)
        self.chains.append(chain)

    def sort(self) -> None:
        """Bring each layer into the order with the fewest crossings that is found."""
        sweeps = max(2, min(SWEEPS, SWEEPS * MOST_CELLS // max(len(self.left), 1)))
        best = [column[:] for column in self.columns]
        self.crossings = self._crossings()
        for sweep in range(sweeps):
            if not self.crossings:
                break
            rightward = sweep % 2 == 0
            beside = self.left if rightward else self.right
            count = len(self.columns)
            for at in range(1, count) if rightward else range(count - 2, -1, -1):
                fixed = self.columns[at - 1 if rightward else at + 1]
                place = {cell: index for index, cell in enumerate(fixed)}
                self._sort_column(self.columns[at], beside, place)
            found = self._crossings()
            if found < self.crossings:
                self.crossings, best = found, [column[:] for column in self.columns]
        self.columns = best

    @staticmethod
    def _sort_column(
        column: list[_Cell], beside: Sequence[Sequence[_Cell]], place: Mapping[_Cell, int]
    ) -> None:
        wanted = {
            cell: _mean([place[other] for other in beside[cell]], otherwise=index)
            for index, cell in enumerate(column)
        }
        column.sort(key=wanted.__getitem__)

    def _crossings(self) -> int:
        """Pairs of edges between neighbouring layers that cross."""
        count = 0
        for column, following in pairwise(self.columns):
            place = {cell: index for index, cell in enumerate(following)}
            seen: list[int] = []
            for cell in column:
                ends = sorted(place[other] for other in self.right[cell])
                count += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return count


def _layers(needs: Sequence[Sequence[int]]) -> list[int]:
    """The layer of each task: its longest way from a start, then pulled right where it helps."""
    followers: list[list[int]] = [[] for _ in needs]
    for one, needed in enumerate(needs):
        for need in needed:
            followers[need].append(one)
    layer = [0] * len(needs)
    unmet = [len(needed) for needed in needs]
    free = [one for one, count in enumerate(unmet) if count == 0]
    for one in free:
        for follower in followers[one]:
            layer[follower] = max(layer[follower], layer[one] + 1)
            unmet[follower] -= 1
            if unmet[follower] == 0:
                free.append(follower)
    for one in sorted(range(len(needs)), key=lambda one: -layer[one]):
        # Only where that shortens more edges than it makes longer.
        if len(followers[one]) > len(needs[one]):
            layer[one] = min(layer[follower] for follower in followers[one]) - 1
    return layer


def _mean(values: Sequence[float], *, otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


class _Heights:
    """How high each cell stands."""

    def __init__(self, grid: _Grid, size: Size) -> None:
        self._grid = grid
        self._size = size
        self._tall = [
            size.height if cell < grid.tasks else STAND_IN_HEIGHT for cell in range(len(grid.left))
        ]
        self._y = [0.0] * len(grid.left)
        for column in grid.columns:
            at = 0.0
            for cell in column:
                self._y[cell] = at + self._tall[cell] / 2
                at += self._tall[cell] + size.between

    def settle(self) -> None:
        """Pull all to their neighbours, and leave room between them."""
        count = len(self._grid.columns)
        cells = len(self._y)
        sweeps = max(4, min(HEIGHT_SWEEPS, HEIGHT_SWEEPS * MOST_CELLS // max(cells, 1)))
        for sweep in range(sweeps):
            for at in range(count) if sweep % 2 == 0 else range(count - 1, -1, -1):
                self._pull(self._grid.columns[at])

    def _pull(self, column: Sequence[_Cell]) -> None:
        wanted = []
        for cell in column:
            beside = [*self._grid.left[cell], *self._grid.right[cell]]
            wanted.append(_mean([self._y[other] for other in beside], otherwise=self._y[cell]))
        for cell, y in zip(column, self._apart(column, wanted), strict=True):
            self._y[cell] = y

    def _apart(self, column: Sequence[_Cell], wanted: Sequence[float]) -> list[float]:
        """The nearest heights to those wanted that keep order and distance.

        Cells that would overlap are joined to a block that stands at the mean of its wishes: the
        pool of adjacent violators, exact and in one pass.
        """
        offsets = [0.0]
        for one, other in pairwise(column):
            gap = (self._tall[one] + self._tall[other]) / 2 + self._size.between
            offsets.append(offsets[-1] + gap)
        blocks: list[tuple[float, int]] = []
        for wish, offset in zip(wanted, offsets, strict=True):
            total, size = wish - offset, 1
            while blocks and blocks[-1][0] / blocks[-1][1] >= total / size:
                before, count = blocks.pop()
                total, size = total + before, size + count
            blocks.append((total, size))
        places = [total / size for total, size in blocks for _ in range(size)]
        return [place + offset for place, offset in zip(places, offsets, strict=True)]

    def drawn(self) -> Layout:
        """The picture with all heights counted from its top."""
        grid, size = self._grid, self._size
        top = min(y - tall / 2 for y, tall in zip(self._y, self._tall, strict=True))
        bottom = max(y + tall / 2 for y, tall in zip(self._y, self._tall, strict=True))
        at = {cell: index for index, column in enumerate(grid.columns) for cell in column}

        def place(cell: _Cell) -> tuple[float, float]:
            return (
                _MARGIN + at[cell] * (size.width + size.across),
                round(self._y[cell] - top + _TOP, 1),
            )

        count = len(grid.columns)
        return Layout(
            width=count * size.width + (count - 1) * size.across + 2 * _MARGIN,
            height=round(bottom - top) + 2 * _TOP,
            size=size,
            places={name: place(cell) for cell, name in enumerate(grid.names[: grid.tasks])},
            layers=tuple(
                tuple(grid.names[cell] for cell in column if cell < grid.tasks)
                for column in grid.columns
            ),
            edges=tuple(self._edge(chain, place) for chain in grid.chains),
            crossings=grid.crossings,
            order=tuple(grid.names[cell] for column in grid.columns for cell in column),
        )

    def _edge(self, chain: Sequence[_Cell], place: Callable[[_Cell], tuple[float, float]]) -> Edge:
        points: list[tuple[float, float]] = []
        for cell in chain:
            x, y = place(cell)
            points += [(x, y), (x + self._size.width, y)]
        names = self._grid.names
        return Edge(start=names[chain[0]], end=names[chain[-1]], points=tuple(points[1:-1]))


def longest_chain(
    nodes: Iterable[Node], seconds: Mapping[str, float], open_tasks: frozenset[str]
) -> frozenset[str]:
    """The tasks of the longest chain that is still to be done, with those done before it.

    Args:
        nodes: In any order; needs that are not among them do not count.
        seconds: How long each open task will still take, and each other one has taken.
        open_tasks: Those that have not ended; none: there is no such chain.
    """
    known = {node.id: node for node in nodes}
    # What is open counts first, what is done decides between equals.
    length: dict[str, tuple[float, float]] = {}
    before: dict[str, str | None] = {}
    for name in _in_order(known):
        needs = [need for need in known[name].needs if need in known]
        longest = max(needs, key=length.__getitem__, default=None)
        ahead, behind = length[longest] if longest is not None else (0.0, 0.0)
        own = seconds.get(name, 0.0)
        is_open = name in open_tasks
        length[name] = (ahead + own * is_open, behind + own * (not is_open))
        before[name] = longest
    ends = [name for name in known if name in open_tasks]
    at: str | None = max(ends, key=length.__getitem__, default=None)
    chain: set[str] = set()
    while at is not None:
        chain.add(at)
        at = before[at]
    return frozenset(chain)


def without_shortcuts(needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The needs that do not follow from others: who needs b, which needs a, has no line to a."""
    nodes = {name: Node(id=name, needs=needed) for name, needed in needs.items()}
    bit = {name: 1 << at for at, name in enumerate(nodes)}
    behind: dict[str, int] = {}
    kept: dict[str, tuple[str, ...]] = dict.fromkeys(nodes, ())
    for name in _in_order(nodes):
        known = [need for need in dict.fromkeys(needs[name]) if need in nodes]
        further = 0
        for need in known:
            further |= behind[need]
        kept[name] = tuple(need for need in known if not further & bit[need])
        behind[name] = further
        for need in known:
            behind[name] |= bit[need]
    return kept


def _in_order(known: Mapping[str, Node]) -> list[str]:
    """Each task behind all that it needs."""
    unmet = {name: sum(need in known for need in node.needs) for name, node in known.items()}
    followers: dict[str, list[str]] = {}
    for name, node in known.items():
        for need in node.needs:
            followers.setdefault(need, []).append(name)
    free = [name for name, count in unmet.items() if count == 0]
    for name in free:
        for follower in followers.get(name, ()):
            unmet[follower] -= 1
            if unmet[follower] == 0:
                free.append(follower)
    return free
