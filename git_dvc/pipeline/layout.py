"""Drawing a graph as text: boxes in layers while they fit, else one line a node.

A few stages are boxes, what is made above what needs it::

    +---------+  +----------+
    | raw.dvc |  | conf.dvc |
    +---------+  +----------+
         |            |
         +-----+ +----+
               | |
            +-------+
            | train |
            +-------+

A hundred would be a poster. So what is too wide or too long has a line for each node instead, in
the order of a run. A node with consumers opens a lane, which goes on until its last one; ``+`` is
where one of them joins it, ``'`` where the lane ends::

    *      prepare
    +-*    train@1
    +-|-*  train@2
    * | |  train@3
    *-'-'  collect

In both, a line that only crosses another one is drawn through it as ``-|-``. Pure: text in, text
out. Which nodes there are is ``graph.py``; labels come here safe to show.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from typing import NamedTuple

MOST_BOXES = 40
"""With more nodes than this, each is a line."""

Needs = Mapping[str, Collection[str]]
"""What makes things that a node needs, by node."""

_GAP = 2
_APART = 3  # columns between two lines that run sideways in one row
_SWEEPS = 12
_MOST_ALIGNED = 24


def draw(nodes: Sequence[str], needs: Needs, width: int) -> str:
    """Return a drawing of a graph.

    Args:
        nodes: Their labels, each once; what makes things before what needs them, as far as
            the graph has no circle.
        needs: Labels by label.
        width: Columns that there are. Lines alone may be wider.
    """
    parts = components(nodes, needs)
    if len(nodes) <= MOST_BOXES:
        drawn = [boxes(part, needs) for part in parts]
        if all(columns(line) <= width for lines in drawn for line in lines):
            return "\n".join(_packed(drawn, width))
    return "\n\n".join("\n".join(lanes(part, needs)) for part in _joined(parts))


def columns(text: str) -> int:
    """Return the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def components(nodes: Sequence[str], needs: Needs) -> list[list[str]]:
    """Return the nodes that hang together, each group in the given order."""
    near: dict[str, list[str]] = {node: [] for node in nodes}
    for node in nodes:
        for need in needs.get(node, ()):
            near[node].append(need)
            near[need].append(node)
    number: dict[str, int] = {}
    groups = 0
    for start in nodes:
        todo = [start]
        while todo:
            node = todo.pop()
            if node not in number:
                number[node] = groups
                todo += near[node]
        groups = max(number.values()) + 1
    found: list[list[str]] = [[] for _ in range(groups)]
    for node in nodes:
        found[number[node]].append(node)
    return found


def _packed(drawn: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return drawings below each other; single boxes stand in rows."""
    lines: list[str] = []
    row: list[str] = []
    for one in drawn:
        if len(one) == 3 and len(row) == 3 and columns(row[1]) + _GAP + columns(one[1]) <= width:
            row = [f"{left}{' ' * _GAP}{right}" for left, right in zip(row, one, strict=True)]
            continue
        lines += row
        row = list(one)
        if len(one) != 3:
            lines += row
            row = []
    return lines + row


def _joined(parts: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Yield groups of nodes; those that stand alone are one group, at the end."""
    alone = [part[0] for part in parts if len(part) == 1]
    yield from (list(part) for part in parts if len(part) > 1)
    if alone:
        yield alone


# -- a line a node ---------------------------------------------------------------------------


def lanes(nodes: Sequence[str], needs: Needs) -> list[str]:
    """Return a line for each node of one group, with lanes from what is made to what needs it."""
    place = {node: number for number, node in enumerate(nodes)}
    # In a circle, which only groups of stages can make, a line can go one way alone.
    inputs = {
        node: [need for need in dict.fromkeys(needs.get(node, ())) if place[need] < place[node]]
        for node in nodes
    }
    waiting = dict.fromkeys(nodes, 0)
    for node in nodes:
        for need in inputs[node]:
            waiting[need] += 1
    open_: list[str | None] = []
    closed = -1  # a column whose marker has nothing below it
    rows: list[tuple[str, str]] = []
    for node in nodes:
        joined = [open_.index(need) for need in inputs[node]]
        ends = []
        for need, column in zip(inputs[node], joined, strict=True):
            waiting[need] -= 1
            if not waiting[need]:
                ends.append(column)
        goes_on = waiting[node] > 0
        if ends:
            marker = min(ends)
        else:
            free = (n for n in count() if n != closed and (n >= len(open_) or open_[n] is None))
            marker = next(free)
        open_ += [None] * (marker + 1 - len(open_))
        rows.append((_lane_row(open_, marker, joined, ends), node))
        for column in ends:
            open_[column] = None
        open_[marker] = node if goes_on else None
        closed = -1 if goes_on else marker
        while open_ and open_[-1] is None:
            open_.pop()
    widest = max(len(row) for row, _ in rows)
    pad = widest if widest <= _MOST_ALIGNED * 2 else 0
    return [f"{row.ljust(pad)}  {node}" for row, node in rows]


def _lane_row(
    open_: Sequence[str | None], marker: int, joined: Collection[int], ends: Collection[int]
) -> str:
    first, last = min([marker, *joined]), max([marker, *joined])
    row = []
    for column, lane in enumerate(open_):
        inside = first <= column <= last
        if column == marker:
            row.append("*")
        elif column in joined:
            row.append("'" if column in ends else "+")
        elif lane is not None:
            row.append("|")
        else:
            row.append("-" if inside else " ")
        row.append("-" if first <= column < last else " ")
    return "".join(row).rstrip()


# -- boxes in layers -------------------------------------------------------------------------


class _Slot:
    """A box, or the place where a line passes through a layer.

    Attributes:
        name: The node; of a passing line the node that it comes from.
        label: What stands in the box; '' for a line.
        width: Columns.
        center: Column of its middle, an even number.
        ports: Column by name of the node whose line enters it.
    """

    __slots__ = ("center", "label", "name", "ports", "width")

    def __init__(self, name: str, label: str, width: int) -> None:
        self.name = name
        self.label = label
        self.width = width
        self.center = 0
        self.ports: dict[str, int] = {}

    @property
    def is_line(self) -> bool:
        return not self.label

    @property
    def left(self) -> int:
        return self.center - self.width // 2


class _Net(NamedTuple):
    """All lines from one slot to slots of the next layer."""

    source: _Slot
    targets: list[_Slot]

    @property
    def columns(self) -> list[int]:
        return [self.source.center, *(slot.ports[self.source.name] for slot in self.targets)]

    @property
    def span(self) -> tuple[int, int]:
        found = self.columns
        return min(found), max(found)


def boxes(nodes: Sequence[str], needs: Needs) -> list[str]:
    """Return the lines of a drawing of one group of nodes, as boxes in layers."""
    place = {node: number for number, node in enumerate(nodes)}
    inputs: dict[str, list[str]] = {node: [] for node in nodes}
    for node in nodes:
        for need in dict.fromkeys(needs.get(node, ())):
            before, after = sorted((node, need), key=place.__getitem__)
            if before != after and before not in inputs[after]:
                inputs[after].append(before)
    layers, nets = _layered(nodes, inputs)
    _untangle(layers, nets)
    _set_columns(layers, nets)
    return _painted(layers, nets)


def _layered(
    nodes: Sequence[str], inputs: Mapping[str, Sequence[str]]
) -> tuple[list[list[_Slot]], list[list[_Net]]]:
    """Return the slots by layer, and the nets below each layer."""
    outputs: dict[str, list[str]] = {node: [] for node in nodes}
    for node in nodes:
        for need in inputs[node]:
            outputs[need].append(node)
    depth: dict[str, int] = {}
    for node in nodes:
        depth[node] = max((depth[need] + 1 for need in inputs[node]), default=0)
    for node in nodes:
        if not inputs[node] and outputs[node]:  # just above what needs it
            depth[node] = min(depth[one] for one in outputs[node]) - 1
    layers: list[list[_Slot]] = [[] for _ in range(max(depth.values()) + 1)]
    slots: dict[tuple[str, int], _Slot] = {}
    for node in nodes:
        wide = max(columns(node) + 4, 2 * len(inputs[node]) + 3)
        slots[node, depth[node]] = _Slot(node, node, wide)
        layers[depth[node]].append(slots[node, depth[node]])
        deepest = max((depth[one] for one in outputs[node]), default=0)
        for level in range(depth[node] + 1, deepest):
            slots[node, level] = _Slot(node, "", 1)
            layers[level].append(slots[node, level])
    nets = []
    for level, layer in enumerate(layers[:-1]):
        here = []
        for slot in layer:
            found = [slots[one, level + 1] for one in outputs[slot.name] if depth[one] == level + 1]
            if (slot.name, level + 1) in slots:
                found.append(slots[slot.name, level + 1])
            if found:
                here.append(_Net(slot, found))
        nets.append(here)
    return layers, nets


def _neighbours(nets: Iterable[_Net]) -> tuple[dict[_Slot, list[_Slot]], dict[_Slot, list[_Slot]]]:
    """Return the slots above each slot, and below each."""
    above: dict[_Slot, list[_Slot]] = {}
    below: dict[_Slot, list[_Slot]] = {}
    for net in nets:
        for target in net.targets:
            above.setdefault(target, []).append(net.source)
            below.setdefault(net.source, []).append(target)
    return above, below


def _untangle(layers: list[list[_Slot]], nets: Sequence[Sequence[_Net]]) -> None:
    """Order each layer so that few lines cross, by the middle of their neighbours."""
    above, below = _neighbours(net for row in nets for net in row)
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        near = above if downwards else below
        for layer in layers if downwards else reversed(layers):
            rank = {slot: number for one in layers for number, slot in enumerate(one)}
            middle = {
                slot: sum(rank[other] for other in near[slot]) / len(near[slot])
                if slot in near
                else rank[slot]
                for slot in layer
            }
            layer.sort(key=middle.__getitem__)
        found = _crossings(layers, below)
        if found < fewest:
            fewest = found
            best = [list(layer) for layer in layers]
    layers[:] = best


def _crossings(layers: Sequence[Sequence[_Slot]], below: Mapping[_Slot, Sequence[_Slot]]) -> int:
    crossed = 0
    for layer, following in pairwise(layers):
        rank = {slot: number for number, slot in enumerate(following)}
        ends = [sorted(rank[one] for one in below.get(slot, ())) for slot in layer]
        for number, right in enumerate(ends):
            for left in ends[:number]:
                crossed += sum(a > b for a in left for b in right)
    return crossed


def _set_columns(layers: Sequence[Sequence[_Slot]], nets: Sequence[Sequence[_Net]]) -> None:
    """Put each slot as near to the middle of its neighbours as its layer allows."""
    above, below = _neighbours(net for row in nets for net in row)
    for layer in layers:
        _place(layer, [0.0] * len(layer), [1.0] * len(layer))
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            wanted, weights = [], []
            for slot in layer:
                others = near.get(slot, ())
                middle = sum(one.center for one in others) / len(others) if others else slot.center
                wanted.append(middle)
                straight = slot.is_line and any(one.is_line for one in others)
                weights.append(8.0 if straight else 1.0 if others else 0.1)
            _place(layer, wanted, weights)
    first = min(slot.left for layer in layers for slot in layer)
    first -= first % 2
    for layer in layers:
        for slot in layer:
            slot.center -= first


def _place(layer: Sequence[_Slot], wanted: Sequence[float], weights: Sequence[float]) -> None:
    """Set the columns nearest to those that are wanted, in order and without overlaps.

    What remains after the widths are taken off only has to grow: neighbours that want to pass
    each other are pooled at their common mean.
    """
    offsets = [0]
    for left, right in pairwise(layer):
        room = (left.width - left.width // 2) + right.width // 2 + _GAP
        offsets.append(offsets[-1] + room + room % 2)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for want, offset, weight in zip(wanted, offsets, weights, strict=True):
        mean, heavy, many = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, others = pools.pop()
            mean = (mean * heavy + other * more) / (heavy + more)
            heavy += more
            many += others
        pools.append((mean, heavy, many))
    means = [2 * round(mean / 2) for mean, _, many in pools for _ in range(many)]
    for slot, mean, offset in zip(layer, means, offsets, strict=True):
        slot.center = mean + offset


def _set_ports(nets: Sequence[_Net]) -> None:
    """Choose where lines enter the slots below: no two in a column, nor below another's start."""
    starts = {net.source.center: net.source.name for net in nets}
    entering: dict[_Slot, list[_Slot]] = {}
    for net in nets:
        for target in net.targets:
            entering.setdefault(target, []).append(net.source)
    for target, sources in entering.items():
        sources.sort(key=lambda slot: slot.center)
        first = target.center - (len(sources) - 1)
        found = [first + 2 * number for number in range(len(sources))]
        taken = any(
            starts.get(column, source.name) != source.name
            for column, source in zip(found, sources, strict=True)
        )
        if taken:  # boxes start their lines in even columns
            aside = 1 if sources[-1].center > target.center else -1
            found = [column + aside for column in found]
        target.ports = {source.name: column for source, column in zip(sources, found, strict=True)}


def _tracks(nets: Sequence[_Net]) -> dict[str, int]:
    """Return the row that each line runs sideways in, by its source; straight ones have none."""
    turning = [net for net in nets if net.span[0] != net.span[1]]
    for _ in turning:
        moved = False
        for number in range(len(turning) - 1):
            upper, lower = turning[number], turning[number + 1]
            if _cuts(lower, upper) < _cuts(upper, lower):
                turning[number : number + 2] = [lower, upper]
                moved = True
        if not moved:
            break
    rows: dict[str, int] = {}
    for number, net in enumerate(turning):
        first, last = net.span
        rows[net.source.name] = 1 + max(
            (
                rows[other.source.name]
                for other in turning[:number]
                if other.span[0] <= last + _APART and first <= other.span[1] + _APART
            ),
            default=-1,
        )
    return rows


def _cuts(upper: _Net, lower: _Net) -> int:
    """Return how often two nets cross if one turns above the other."""
    first, last = upper.span
    cut = int(first < lower.source.center < last)
    first, last = lower.span
    return cut + sum(first < column < last for column in upper.columns[1:])


def _painted(layers: Sequence[Sequence[_Slot]], nets: Sequence[Sequence[_Net]]) -> list[str]:
    lines: list[str] = []
    for level, layer in enumerate(layers):
        lines += _layer_rows(layer)
        if level < len(nets):
            _set_ports(nets[level])
            lines += _channel_rows(nets[level])
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    return [line[indent:] for line in lines]


def _layer_rows(layer: Sequence[_Slot]) -> list[str]:
    top, middle, bottom = _Row(), _Row(), _Row()
    for slot in layer:
        if slot.is_line:
            port = slot.ports[slot.name]
            top.put(port, "|")
            bottom.put(slot.center, "|")
            first, last = sorted((port, slot.center))
            middle.put(first, "|" if first == last else "+" + "-" * (last - first - 1) + "+")
        else:
            edge = f"+{'-' * (slot.width - 2)}+"
            room = slot.width - 2 - columns(slot.label)
            inside = " " * (room // 2) + slot.label + " " * (room - room // 2)
            top.put(slot.left, edge)
            middle.put(slot.left, f"|{inside}|")
            bottom.put(slot.left, edge)
    return [top.text, middle.text, bottom.text]


def _channel_rows(nets: Sequence[_Net]) -> list[str]:
    """Return the rows between two layers."""
    tracks = _tracks(nets)
    turns = max(tracks.values(), default=-1) + 1
    height = turns + 2 if turns else 1
    wide = max((net.span[1] for net in nets), default=0) + 1
    grid = [[" "] * wide for _ in range(height)]
    for net in nets:  # sideways first: a line that crosses is drawn through it
        if net.source.name in tracks:
            first, last = net.span
            row = grid[tracks[net.source.name] + 1]
            row[first : last + 1] = "-" * (last - first + 1)
    for net in nets:
        turn = tracks.get(net.source.name, -1) + 1
        start = net.source.center
        for row in grid[: turn if turn else height]:
            row[start] = "|"
        for column in net.columns[1:] if turn else ():
            for row in grid[turn + 1 :]:
                row[column] = "|"
        for column in net.columns if turn else ():
            grid[turn][column] = "+"
    return ["".join(row).rstrip() for row in grid]


class _Row:
    """A line of text that is written from left to right, by columns."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, column: int, text: str) -> None:
        self.text += " " * (column - columns(self.text)) + text
