"""Problems of any size for ``gradcheck NAME --shape ... --directions K``: what is trained, at the shapes it is trained at.

Weights are normal with a variance of 1 / (number of inputs), so that nothing saturates at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from scratchnn import layers, losses, recurrent
from scratchnn.errors import DataError
from scratchnn.gradcheck.problems import Arrays, Problem, layer_problem, pair_problem
from scratchnn.gradcheck.registry import Case

Sizes = tuple[int, ...]
Build = Callable[..., Problem]  # from a generator and the sizes


@dataclass(frozen=True)
class Sized:
    """How to build a problem from a generator and as many sizes as ``axes`` has letters."""

    axes: str
    build: Build


def weights(rng: np.random.Generator, rows: int, *others: int) -> np.ndarray:
    """A matrix, or a bias if ``rows`` is 1 and the rest is one size, that keeps the size of what it multiplies."""
    return rng.standard_normal((rows, *others)) / math.sqrt(rows)


def recurrent_pair(
    forward: Callable, backward: Callable, blocks: int, states: tuple[str, ...], rng: np.random.Generator, *sizes: int
) -> Problem:
    """A whole-sequence pair with ``blocks`` blocks of H columns, every sequence of full length."""
    N, T, D, H = sizes
    arrays: Arrays = {"x": rng.standard_normal((N, T, D))}
    arrays |= {name: 0.5 * rng.standard_normal((N, H)) for name in states}
    arrays |= {"Wx": weights(rng, D, blocks * H), "Wh": weights(rng, H, blocks * H), "b": rng.standard_normal(blocks * H)}
    if forward is recurrent.gru_reset_after_forward:
        arrays["bh"] = rng.standard_normal(H)
    return pair_problem(forward, backward, arrays)


def sized_layer(make: Callable[..., layers.Dense | layers.LayerNorm], rng: np.random.Generator, *sizes: int) -> Problem:
    """A layer of inputs (N, D); ``make`` takes the generator and the sizes after N."""
    N, D, *_ = sizes
    problem = layer_problem(make(rng, *sizes[1:]), {"x": rng.standard_normal((N, D))})
    for name, array in problem.arrays.items():
        if array.ndim == 2 and name != "x":
            problem.arrays[name] = weights(rng, *array.shape)
    return problem


def cross_entropy(rng: np.random.Generator, N: int, T: int, V: int) -> Problem:
    """Logits (N, T, V) and targets (N, T)."""
    return pair_problem(
        losses.softmax_cross_entropy_forward,
        losses.softmax_cross_entropy_backward,
        {"logits": rng.standard_normal((N, T, V))},
        targets=rng.integers(0, V, (N, T)),
    )


R = recurrent
SIZED: dict[str, Sized] = {
    "softmax_cross_entropy": Sized("N,T,V", cross_entropy),
    "dense": Sized("N,D,H", partial(sized_layer, lambda rng, D, H: layers.Dense(D, H, rng=rng))),
    "layer-norm": Sized("N,D", partial(sized_layer, lambda rng, D: layers.LayerNorm(D))),
}
for _name, _forward, _backward, _blocks, _states in (
    ("rnn", R.rnn_forward, R.rnn_backward, 1, ("h",)),
    ("gru-simplified", R.gru_simplified_forward, R.gru_simplified_backward, 2, ("h",)),
    ("gru-reset-before", R.gru_reset_before_forward, R.gru_reset_before_backward, 3, ("h",)),
    ("gru-reset-after", R.gru_reset_after_forward, R.gru_reset_after_backward, 3, ("h",)),
    ("lstm", R.lstm_forward, R.lstm_backward, 4, ("h", "c")),
):
    SIZED[_name] = Sized("N,T,D,H", partial(recurrent_pair, _forward, _backward, _blocks, _states))


def sized_cases(names: list[str], sizes: Sizes) -> list[Case]:
    """The cases of these names at the given sizes, named ``lstm (20,35,650,650)``.

    Raises:
        DataError: for a name without a sized problem, or the wrong number of sizes.
    """
    if not names:
        raise DataError(f"--shape needs a name: {', '.join(SIZED)}")
    cases = []
    for name in names:
        if name not in SIZED:
            raise DataError(f"{name} has a fixed shape; --shape works for {', '.join(SIZED)}")
        sized = SIZED[name]
        if len(sizes) != len(sized.axes.split(",")):
            raise DataError(f"{name} takes --shape {sized.axes}, got {len(sizes)} size(s)")
        cases.append(Case(f"{name} ({','.join(map(str, sizes))})", partial(build_sized, sized, sizes)))
    return cases


def build_sized(sized: Sized, sizes: Sizes, rng: np.random.Generator) -> Problem:
    """The problem of those sizes."""
    return sized.build(rng, *sizes)
