"""Random arrays for a recurrent cell, and the comparison of a cell written in a chapter with the package's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratchnn.gradcheck.problems import flatten

Pair = tuple[Callable[..., tuple], Callable[..., tuple]]  # forward and backward over whole sequences


def cell_arrays(
    rng: np.random.Generator, blocks: int, states: int = 1, N: int = 3, T: int = 5, D: int = 3, H: int = 4
) -> dict[str, np.ndarray]:
    """Random inputs, first states, weights and biases by name; the weights have ``blocks`` times H columns."""
    arrays = {"x": rng.standard_normal((N, T, D))}
    arrays |= {name: rng.standard_normal((N, H)) for name in ("h0", "c0")[:states]}
    shapes = {"Wx": (D, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}
    return arrays | {name: 0.5 * rng.standard_normal(shape) for name, shape in shapes.items()}


def same_results(pair: Pair, package_pair: Pair, arrays: dict[str, np.ndarray], rng: np.random.Generator) -> bool:
    """Whether both pairs give the same outputs, states and gradients, for random gradients of all outputs and states.

    ``pair`` takes and returns its states as a tuple, even a single one; in the package a single state is an array.
    """
    *outputs, cache = pair[0](*arrays.values())
    *package_outputs, package_cache = package_pair[0](*arrays.values())
    dy, *dstate = [rng.standard_normal(array.shape) for array in flatten(outputs)]
    gradients = pair[1](dy, tuple(dstate), cache)
    package_dstate = dstate[0] if len(dstate) == 1 else tuple(dstate)
    package_gradients = package_pair[1](dy, package_dstate, package_cache)
    both = zip(flatten([outputs, gradients]), flatten([package_outputs, package_gradients]), strict=True)
    return all(np.allclose(ours, theirs, rtol=0, atol=1e-12) for ours, theirs in both)
