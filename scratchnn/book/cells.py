"""Recurrent cells as a chapter writes them: pairs made of a step by the plain loop, their checks, and which inputs an
output depends on.

A step and its backward are as in ``recurrent/plain_loop.py``: flat tuples, the output first among the states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.core.nested import flatten
from scratchnn.gradcheck import check, pair_problem
from scratchnn.gradcheck.engine import numeric_gradients
from scratchnn.recurrent import LSTM, SequenceLayer
from scratchnn.recurrent.plain_loop import loop_backward, loop_forward

Step = Callable[..., tuple]
Pair = tuple[Callable[..., tuple], Callable[..., tuple]]  # forward and backward over whole sequences


def cell_pair(step: Step, step_backward: Step, states: int = 1) -> Pair:
    """Forward and backward over whole sequences, as a gradient check takes them, for a step with ``states`` states."""

    def forward(x: np.ndarray, *arrays: np.ndarray) -> tuple:
        return loop_forward(step, x, arrays[:states], arrays[states:])

    def backward(dy: np.ndarray, dstate: tuple[np.ndarray, ...], caches: list) -> tuple:
        dx, dstate, gradients = loop_backward(step_backward, dy, dstate, caches)
        return dx, *dstate, *gradients

    return forward, backward


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


def check_cell(pair: Pair, package_pair: Pair, arrays: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Print the result of the gradient check, and whether the package's pair gives the same results."""
    findings = check(pair_problem(*pair, arrays))
    right = all(finding.ok for finding in findings)
    print(f"gradient check: {len(findings)} comparisons, all right: {right}")
    print("the package gives the same:", same_results(pair, package_pair, arrays, rng))


def relative_errors(pair: Pair, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """The largest error of each array's gradient against central differences, relative to the largest entry.

    The cotangents of all outputs and of the last states are random.
    """
    problem, rng = pair_problem(*pair, arrays), np.random.default_rng(0)
    outputs, backward = problem.run(arrays)
    cotangents = [rng.standard_normal(y.shape) for y in outputs]
    gradients, numeric = backward(cotangents), numeric_gradients(problem, cotangents, "central")
    return {name: float(abs(gradients[name] - n).max() / abs(n).max()) for name, n in numeric.items()}


def print_errors(pair: Pair, arrays: dict[str, np.ndarray]) -> None:
    """Print the ``relative_errors`` of a pair, one array per line, and which of them are too large."""
    for name, error in relative_errors(pair, arrays).items():
        verdict = "below 1e-6" if error < 1e-6 else f"{error:.2f}   WRONG"
        print(f"{name:<2} {arrays[name].shape!s:<9} largest error / largest entry: {verdict}")


def lstm_layer(pair: Pair) -> type[LSTM]:
    """The package's LSTM layer, computing with a pair that a chapter made; its other parts are unchanged."""

    class OwnLSTM(LSTM):
        def run(self, x: Any, state: Any, lengths: Any, mask_h: Any, lease: Any) -> Any:
            return pair[0](x, *state, self.Wx.data, self.Wh.data, self.b.data)

        def run_backward(self, dy: Any, dstate: Any, cache: Any) -> Any:
            dx, dh, dc, *gradients = pair[1](dy, dstate, cache)
            for parameter, gradient in zip((self.Wx, self.Wh, self.b), gradients, strict=True):
                parameter.accumulate(gradient)
            return dx, (dh, dc)

    return OwnLSTM


def influence(layer: SequenceLayer, x: np.ndarray) -> np.ndarray:
    """Norms (T, T) of the gradient of the outputs at step s with respect to the input at step t, for x (1, T, D)."""
    norms = []
    for s in range(x.shape[1]):
        y, _ = layer.forward(x)
        dy = np.zeros_like(y)
        dy[:, s] = 1.0
        dx, _ = layer.backward(dy)
        norms.append(np.sqrt((dx[0] ** 2).sum(axis=-1)))  # (T,)
    return np.array(norms)
