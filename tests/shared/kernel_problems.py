"""Random problems for the recurrent kernels, and their results: of the kernels, emulated, and of the array path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from unittest import mock

import numpy as np
from emulated import EmulatedDevice
from recurrent_cases import CELLS

from scratchnn.backend.kernels import backward_on, cells, forward_on, launches
from scratchnn.backend.kernels.split import all_lanes, combine, frames

NAMES = {name: name.replace("-", "_") for name in CELLS}  # of the kernels, by those of recurrent_cases
assert set(NAMES.values()) == set(cells.CELLS)


@dataclass(frozen=True)
class Problem:
    """Random float32 arrays for one cell, and a random split of the work.

    Attributes:
        blocks: per group, at least; with 0 Wh does not fit, and the steps are launched one by one.
        lengths: one per row, or None.
        groups: at least.
        most: cells of a thread, at least.
        ring: whether copies of later chunks of a product must reuse the memory of earlier ones.
        rounds: whether partial sums meet in as little memory as possible, and so in as many rounds.
        multiprocessors: of the pretended GPU.
        seed: of everything that is random.
    """

    cell: str
    N: int
    T: int
    D: int
    H: int
    blocks: int
    lengths: tuple[int, ...] | None = None
    mask: bool = False
    groups: int = 1
    most: int = 1
    ring: bool = False
    rounds: bool = False
    multiprocessors: int = 6
    seed: int = 0

    def draw(self):
        """Arrays by name, lengths, mask, and the gradients with respect to the outputs and the final states."""
        rng = np.random.default_rng([self.seed, self.N, self.H])
        arrays = CELLS[self.cell].arrays(rng, self.N, self.T, self.D, self.H, "float32")
        for name in ("Wx", "Wh"):
            arrays[name] *= np.float32(len(arrays[name]) ** -0.5)
        lengths = None if self.lengths is None else np.array(self.lengths)
        mask = (rng.random((self.N, self.H)) < 0.7).astype("f") / np.float32(0.7) if self.mask else None
        shapes = [(self.N, self.T, self.H), *[(self.N, self.H)] * len(CELLS[self.cell].states)]
        dy, *dstates = (rng.standard_normal(shape).astype("f") for shape in shapes)
        return arrays, lengths, mask, dy, dstates

    def exact(self, dtype="d"):
        """All results of the array path, in float64 unless ``dtype`` says otherwise, by name."""
        arrays, lengths, mask, dy, dstates = self.draw()
        case, wide = CELLS[self.cell], {name: array.astype(dtype) for name, array in arrays.items()}
        y, last, cache = case.forward(wide, lengths, None if mask is None else mask.astype(dtype))
        gradients = case.backward(dy.astype(dtype), tuple(part.astype(dtype) for part in dstates), cache)
        seen = np.concatenate([wide["h0"][:, None], y[:, :-1]], axis=1) * (1 if mask is None else mask[:, None])
        seen[:, 1:][self.padded()[:, 1:]] = 0  # the first step sees the first state of every row
        return self.named(y, last, gradients.values()) | self.factors(seen, np.zeros_like(y))

    def padded(self):
        """Which steps (N, T) are beyond the end of their row."""
        lengths = np.full(self.N, self.T) if self.lengths is None else np.array(self.lengths)
        return np.arange(self.T) >= lengths[:, None]

    def factors(self, seen, kept):
        """What dWh is a product with, by name: ``seen``; with two products k_t too, which is zero at padded steps."""
        two = cells.CELLS[NAMES[self.cell]].two_products
        return {"seen": seen} | ({"k at padded steps": kept[self.padded()]} if two else {})

    def kernels(self, device=None, asarray=None, random=True):
        """All results of the kernels, by name, and the splits that were used, None for step by step.

        Args:
            device: a pretended GPU if None.
            asarray: makes an array of the device; not needed for a pretended GPU.
            random: whether the split is random; the best one otherwise.
        """
        arrays, lengths, mask, dy, dstates = self.draw()
        device = device or self.device()
        asarray = asarray or device.asarray

        def put(array, sign=1):
            return None if array is None else asarray(sign * array.astype(device.dtype))

        case = CELLS[self.cell]
        with self.random_splits() if random else nullcontext([]) as used:
            for sign in (-1, 1):  # the second time, the exchange and the sums contain what other numbers have left
                states, weights = ([put(arrays[name]) for name in names] for names in (case.states, case.weights))
                x, counts = put(arrays["x"], sign), None if lengths is None else asarray(lengths)
                y, last, cache = forward_on(device, NAMES[self.cell], x, states, weights, counts, put(mask))
                dx, first, gradients = backward_on(device, put(dy, sign), [put(part, sign) for part in dstates], cache)
        found = {name: array.get() for name, array in self.named(y, last, [dx, *first, *gradients]).items()}
        return found | self.factors(cache.seen.get(), None if cache.kept is None else cache.kept.get()), used

    def named(self, y, last, gradients):
        """The results by name."""
        case = CELLS[self.cell]
        found = {"y": y} | {f"last {name}": part for name, part in zip(case.states, last, strict=True)}
        return found | {f"d{name}": part for name, part in zip(case.names, gradients, strict=True)}

    def allows(self, frame):
        """Whether a split has enough groups, blocks and cells of a thread."""
        found = frame.G, frame.S, cells_of_thread(frame)
        return all(a >= b for a, b in zip(found, (self.groups, self.blocks, self.most), strict=True))

    def device(self, **options):
        """A pretended GPU."""
        return EmulatedDevice(self.multiprocessors, 64 * 1024 if self.blocks else 0, seed=self.seed, **options)

    @contextmanager
    def random_splits(self) -> Iterator[list]:
        """Inside the block kernels are made anew, with a random split of at least ``blocks`` blocks per group."""
        rng, used = np.random.default_rng(self.seed), []

        def choose(*problem):
            used.append(random_split(rng, self, *problem) if self.blocks else None)
            return used[-1]

        with mock.patch.multiple(launches, best_split=choose, _made={}):
            yield used


def cells_of_thread(frame):
    """How many cells (units of one row) a thread has at most."""
    return -(-frame.R * frame.U // (32 * frame.WARPS))


def random_split(rng, wanted, N, H, cell, backward, card):
    """A random split as the problem ``wanted`` asks for, within a random amount of shared memory."""
    while True:
        small = replace(card, shared=int(np.exp(rng.uniform(np.log(1500), np.log(8000 if wanted.ring else card.shared)))))
        found = [split for split in frames(N, H, cell, backward, small) if wanted.allows(split[0])]
        if found:
            frame, rooms = found[rng.integers(len(found))]
            parts = zip(cells.CELLS[cell].products(backward), rooms, strict=True)
            lanes = [list(all_lanes(frame, part, backward, room)) for part, room in parts]
            if wanted.ring:
                rings = [[part for part in some if part.CHUNKS > part.STAGES > 1] for some in lanes]
                if not any(rings):
                    continue
                lanes = [some or others for some, others in zip(rings, lanes, strict=True)]
            if wanted.rounds:
                lanes = [[with_most_rounds(frame, part) for part in some] for some in lanes]
            chosen = [some[rng.integers(len(some))] for some in lanes if some]
            split = combine(frame, chosen, cell, small) if len(chosen) == len(lanes) else None
            if split is not None:
                return split


def with_most_rounds(frame, part):
    """The same lanes, with memory for the partial sums of one k of each warp."""
    copies = part.STAGES * part.KC * frame.RP * frame.WARPS if frame.S > 1 else 0
    return replace(part, ROUND=part.LK, scratch=max(copies, part.LK * frame.RP * part.CP))


def worst_error(found, exact):
    """The largest ||found - exact|| / ||exact|| of all results, and its name; NaN counts as infinite."""
    errors = {}
    for name, right in exact.items():
        error = np.linalg.norm(found[name] - right) / max(float(np.linalg.norm(right)), 1e-30)
        errors[name] = float(error) if np.isfinite(error) else np.inf
    worst = max(errors, key=errors.__getitem__)
    return errors[worst], worst


def some_problems(cell):
    """Problems of tiny random sizes, one of each kind."""
    rng = np.random.default_rng(len(cell))

    def size(low, high):
        return int(rng.integers(low, high + 1))

    def uneven(N, T):
        lengths = rng.permutation(np.concatenate([[0, T, T], rng.integers(1, T + 1, N - 3)]))
        return tuple(int(length) for length in lengths)

    N, T = size(5, 9), size(3, 5)
    return {
        "one block": Problem(cell, size(3, 6), size(2, 4), 3, size(6, 11), blocks=1, multiprocessors=3),
        "lengths and mask": Problem(cell, N, T, 3, size(5, 9), 1, uneven(N, T), True, multiprocessors=2),
        "several blocks": (several := Problem(cell, N, T, 2, size(9, 14), 2, uneven(N, T), True, groups=2, seed=1)),
        "many chunks": Problem(cell, size(2, 3), 3, 4, size(24, 30), 2, ring=True, seed=2),
        "step by step": Problem(cell, N, T, 3, size(5, 9), 0, uneven(N, T), True),
        "no steps": replace(several, lengths=(0,) * N),
        "several cells": Problem(cell, 12, 3, 2, 11, 1, most=2, rounds=True, multiprocessors=1, seed=10),
    }
