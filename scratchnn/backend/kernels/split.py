"""How the work of a step is split over a device, chosen by an estimate of the clock cycles that a step takes.

``split.cuh`` and ``product.cuh`` explain the names. The estimate was fitted to 676 measured splits of three cells at seven
shapes on an H200; the split that it chose was 5 % slower than the best of those measured, in the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import product as combinations

from scratchnn.backend.kernels import cells
from scratchnn.backend.kernels.cards import Card

BARRIER = 3000  # cycles for meeting and handing on; the barrier alone takes 1500 to 1900
L2 = 4700  # bytes per cycle, all multiprocessors together
REGISTERS = {4: 160, 8: 128, 16: 64}  # sums that a lane may have, by warps; with 16, half as many backward
IDLE = {4: 2.19, 8: 1.73, 16: 1.34}  # the fewer warps, the more cycles without an instruction that is ready
ROWS = 160  # at most, in a group: so that a lane's sums fit into registers


@dataclass(frozen=True)
class Frame:
    """What the products of a step have in common: sizes of the problem, of a group and of a block."""

    N: int
    H: int
    G: int
    R: int
    RP: int
    S: int
    U: int
    WARPS: int


@dataclass(frozen=True)
class Lanes:
    """How one product is split over the warps and lanes of a block."""

    PARTS: int
    K: int
    KP: int
    KW: int
    KC: int
    CHUNKS: int
    C: int
    CP: int
    STAGES: int
    WK: int
    WC: int
    LK: int
    LR: int
    LC: int
    TM: int
    TN: int
    ROUND: int
    MADE: int
    ROWS: int
    scratch: int  # floats of shared memory for copies and partial sums

    @property
    def fixed(self) -> int:
        """Floats of shared memory for the weights and for what the block makes."""
        return self.KP * self.C + self.MADE

    def source(self, name: str) -> str:
        """The constants as ``product.cuh`` expects them."""
        numbers = ", ".join(f"{key} = {value}" for key, value in asdict(self).items() if key.isupper())
        return f"struct {name} {{ static constexpr int {numbers}; }};\n"


@dataclass(frozen=True)
class Split:
    """A split of all products of a step. ``shared`` is in bytes, ``exchange`` in numbers."""

    frame: Frame
    lanes: tuple[Lanes, ...]
    shared: int
    exchange: int
    cycles: float

    def blocks(self, N: int) -> int:
        """Blocks that N rows need; at most as many rows as the split was made for."""
        return -(-N // self.frame.R) * self.frame.S

    def source(self) -> str:
        """The constants as the kernels expect them."""
        numbers = ", ".join(f"{key} = {value}" for key, value in asdict(self.frame).items() if key not in "NG")
        products = (lanes.source(name) for name, lanes in zip(("First", "Second"), self.lanes, strict=False))
        return f"constexpr int {numbers};\n" + "".join(products)


def up(a: int, b: int) -> int:
    """``a`` rounded up to a multiple of ``b``."""
    return -(-a // b) * b


@cache
def best_split(N: int, H: int, cell: str, backward: bool, card: Card) -> Split | None:
    """The split with the fewest estimated cycles; None if Wh does not fit on the device."""
    return min(splits(N, H, cell, backward, card), key=lambda split: split.cycles, default=None)


def splits(N: int, H: int, cell: str, backward: bool, card: Card) -> Iterator[Split]:
    """For each number of groups, blocks and warps, the best split that fits."""
    for frame, rooms in frames(N, H, cell, backward, card):
        parts = zip(cells.CELLS[cell].products(backward), rooms, strict=True)
        cycles = partial(estimate, frame)
        best = [min(all_lanes(frame, part, backward, room), key=cycles, default=None) for part, room in parts]
        split = combine(frame, [lanes for lanes in best if lanes], cell, card) if all(best) else None
        if split is not None:
            yield split


def frames(N: int, H: int, cell: str, backward: bool, card: Card) -> Iterator[tuple[Frame, list[int]]]:
    """Numbers of groups, blocks and warps, with the shared memory for each product, in floats."""
    spec = cells.CELLS[cell]
    for G in range(1, min(N, card.multiprocessors) + 1):
        R = -(-N // G)
        if -(-N // R) != G or up(R, 4) > ROWS:
            continue
        for S in range(1, min(card.multiprocessors // G, H) + 1):
            U = -(-H // S)
            least = [part.parts * H * up(part.results * U, 4) for part in spec.products(backward)]
            room = _limit(card) - up(spec.unit * U, 4) - sum(least)
            if -(-H // U) == S and room >= 0:
                for warps in REGISTERS:
                    yield Frame(N, H, G, R, up(R, 4), S, U, warps), [room + own for own in least]


def combine(frame: Frame, lanes: list[Lanes], cell: str, card: Card) -> Split | None:
    """The split with these lanes for each product; None if they do not fit together."""
    fixed = up(cells.CELLS[cell].unit * frame.U, 4) + sum(part.fixed for part in lanes)
    shared = fixed + max(frame.R * frame.U, *(part.scratch for part in lanes))
    if shared > _limit(card):
        return None
    exchange = frame.G * 2 * max(part.ROWS for part in lanes) * frame.RP
    return Split(frame, tuple(lanes), 4 * shared, exchange, sum(estimate(frame, part) for part in lanes))


def _limit(card: Card) -> int:
    """Floats of shared memory that a block may use, with a little to spare."""
    return card.shared // 4 - 64


def all_lanes(frame: Frame, part: cells.Product, backward: bool, room: int) -> Iterator[Lanes]:
    """The ways to split one product over warps and lanes within ``room`` floats of shared memory."""
    RP, warps, C = frame.RP, frame.WARPS, up(part.results * frame.U, 4)
    most = REGISTERS[warps] // (2 if backward and warps == 16 else 1)
    for TM, TN, WC in combinations((4, 8, 12, 16, 20), (4, 8, 12, 16), (1, 2, 4, 8, 16)):
        if RP % TM == 0 and C % (TN * WC) == 0 and warps >= WC and most >= TM * TN and RP // TM * (C // TN // WC) <= 32:
            yield from _lanes(frame, part, room, C, TM, TN, WC)


def _lanes(frame: Frame, part: cells.Product, room: int, C: int, TM: int, TN: int, WC: int) -> Iterator[Lanes]:
    """The ways to split the k's, with these sizes of a lane's sums."""
    RP, S, U, warps = frame.RP, frame.S, frame.U, frame.WARPS
    K, CP = part.parts * frame.H, C + 4
    LR, LC = RP // TM, C // TN // WC
    WK, LK = warps // WC, 32 // (LR * LC)
    if WK * LK * 2 > K:
        LK = max(1, K // (2 * WK))
    for per_lane in (1, 2, 4, 8):  # k's of a lane in a chunk
        KC = LK * per_lane
        KW = up(-(-K // WK), KC)
        KP, CHUNKS = WK * KW, KW // KC
        MADE = max(part.parts * U, KP) * RP if S == 1 else up(part.parts * U * (RP + 1), 4)
        rest = room - KP * C - MADE
        if rest < RP * CP * LK:
            continue
        STAGES = min(CHUNKS, rest // (KC * RP * warps), 8) if S > 1 else 1
        if S > 1 and min(CHUNKS, 2) > STAGES:
            continue
        ROUND = min(WK * LK, rest // (RP * CP) // LK * LK)
        scratch = max(STAGES * KC * RP * warps if S > 1 else 0, ROUND * RP * CP)
        rows = max(part.parts * S * U, KP)
        yield Lanes(
            part.parts, K, KP, KW, KC, CHUNKS, C, CP, STAGES, WK, WC, LK, LR, LC, TM, TN, ROUND, MADE, rows, scratch
        )


def estimate(frame: Frame, lanes: Lanes) -> float:
    """Clock cycles of one product, with the barrier after it."""
    G, R, RP, S, warps = frame.G, frame.R, frame.RP, frame.S, frame.WARPS
    KP, KC, TM, TN, LK, KS = lanes.KP, lanes.KC, lanes.TM, lanes.TN, lanes.LK, lanes.WK * lanes.LK
    iterations = KP / lanes.WK / LK
    copying = lanes.CHUNKS * (26 + KC * RP / 4 / 32 * 6) if S > 1 else 0
    issue = warps / 4 * (iterations * (TM * TN + (TM + TN) * 0.56) + copying) * IDLE[warps]
    reading = TM / 4 * max(2.5, lanes.LR * LK / 8) + TN / 4 * max(2.5, lanes.LC * LK / 8)
    shared = warps * iterations * reading  # reads of shared memory
    traffic = KP * RP * 4 * lanes.WC * (max(G * S / L2, 1 / 64) + 1 / 33) if S > 1 else 0  # from the second-level cache
    partial = 1.85 * KS * (RP + R) * lanes.C * 4 / 128 + -(-KS // lanes.ROUND) * 41  # adding partial sums
    meeting = BARRIER + 13 * S if S > 1 else 100
    return max(issue, shared, traffic) + 0.37 * min(issue, shared) + partial + meeting + 100 + R
