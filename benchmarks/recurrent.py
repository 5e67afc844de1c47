"""``rnn``, ``gru``, ``lstm``: a layer forward and backward over whole sequences, called as in a training loop.

A step is: forward from a zero state; backward from a random gradient with respect to the outputs, which gives the gradients
with respect to the inputs and all parameters; then the gradients are cleared. PyTorch's layers are in ``recurrent_torch``,
cuDNN's, called directly with the best of its algorithms, in ``cudnn``.
Both our forms of the GRU are compared with PyTorch's, which resets after the product.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.contest import Result, Row
from benchmarks.measure import measure, our_library
from benchmarks.table import number
from scratchnn.backend import move, to_numpy
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, SequenceLayer, Stacked

OPPONENTS = ("torch", "cudnn")
SHAPES = (  # N sequences, T steps, D inputs, H units
    (20, 35, 100, 100),
    (20, 35, 200, 200),
    (20, 35, 650, 650),
    (64, 64, 256, 256),
    (128, 100, 128, 128),
    (256, 50, 512, 512),
    (32, 200, 64, 64),
)
LARGE = (128, 35, 1500, 1500)  # on a GPU only: there, Wh does not fit into the shared memories of all multiprocessors
SOME_SHAPES = ((20, 35, 200, 200), (64, 64, 256, 256))  # for most variations
QUICK_SHAPES = ((2, 3, 4, 5),)
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
VARIATIONS = {  # of each cell
    "rnn": ("",),
    "gru": ("reset after", "reset before"),
    "lstm": ("", "two directions", "two layers", "lengths", "recurrent dropout"),
}
GPU_VARIATIONS = {"rnn": ("lengths",), "gru": ("lengths",), "lstm": ()}  # more of them; the GRU resets after the product
COMPARED = {"rnn": 1, "gru": 2, "lstm": 1}  # number of variations, from the left, measured on all shapes
DROPOUT = 0.25
CUDNN = "cuDNN"  # called directly


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One section per variation of the cell, one row per shape."""
    theirs = "benchmarks.recurrent_torch:theirs" if "torch" in options.against else ""
    gpu = settings["device"] == "gpu"
    found = []
    for k, variation in enumerate(VARIATIONS[name] + (GPU_VARIATIONS[name] if gpu else ())):
        usual = SHAPES + (LARGE,) * gpu if k < COMPARED[name] else SOME_SHAPES
        for sizes in options.shapes or (QUICK_SHAPES if options.quick else usual):
            case = {"cell": name, "variation": variation, "shape": list(sizes)}
            section = f"{name}, {variation}" if variation else name
            label = ", ".join(map(str, sizes))
            found.append(Row(section, label, case, "benchmarks.recurrent:ours", theirs, flops(case)))
            if "cudnn" in options.against and k == 0:
                against = f"{section}, {CUDNN}"
                found.append(Row(against, label, case, "benchmarks.recurrent:ours", "benchmarks.cudnn:theirs", flops(case)))
    return sorted(found, key=lambda row: CUDNN in row.section)


def notes(results: Sequence[Result]) -> list[str]:
    """For each row against cuDNN: the algorithm that was its fastest, and the times of all in the last round."""
    lines = []
    for result in results:
        if CUDNN in result.row.section and result.theirs:
            last = result.theirs[-1]
            times = ", ".join(f"{name} {'-' if ms is None else number(ms)}" for name, ms in last["times"].items())
            lines.append(f"  {result.row.section.split(',')[0]} {result.row.label}: {last['algorithm']} ({times})")
    return (
        ["", "cuDNN's fastest algorithm, and the milliseconds of all; - if it does not support the shape", *lines]
        if lines
        else []
    )


def flops(case: dict[str, Any]) -> int:
    """Floating-point operations of the matrix products, forward and backward, by equation (2) of ``table``."""
    N, T, D, H = case["shape"]
    steps = int(some_lengths(N, T).sum()) if case["variation"] == "lengths" else N * T
    layers = {"two directions": D + H + D + H, "two layers": D + H + H + H}.get(case["variation"], D + H)
    return 6 * steps * layers * GATES[case["cell"]] * H


def some_lengths(N: int, T: int) -> np.ndarray:
    """Lengths (N,), uniform in 1 .. T; the same at every call."""
    return np.random.default_rng(1).integers(1, T + 1, N)


def inputs(shape: list[int], units: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (N, T, D) and a gradient with respect to the outputs (N, T, ``units``), float32; the same for both."""
    N, T, D, _ = shape
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, T, D), dtype=np.float32), rng.standard_normal((N, T, units), dtype=np.float32)


def our_layer(case: dict[str, Any]) -> SequenceLayer:
    """Our layer for a case."""
    D, H = case["shape"][2:]
    rng = np.random.default_rng(0)
    if case["cell"] == "rnn":
        return RNN(D, H, rng=rng)
    if case["cell"] == "gru":
        return GRU(D, H, rng=rng, form="reset_before" if case["variation"] == "reset before" else "reset_after")
    if case["variation"] == "two directions":
        return Bidirectional(LSTM(D, H, rng=rng), LSTM(D, H, rng=rng))
    if case["variation"] == "two layers":
        return Stacked([LSTM(D, H, rng=rng), LSTM(H, H, rng=rng)])
    return LSTM(D, H, rng=rng, recurrent_dropout=DROPOUT if case["variation"] == "recurrent dropout" else 0.0)


def ours(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time our layer."""
    library, synchronise = our_library(settings)
    layer = our_layer(case)
    layer.to(library)
    x, dy = (move(array, library) for array in inputs(case["shape"], layer.units))
    lengths = move(some_lengths(*x.shape[:2]), library) if case["variation"] == "lengths" else None

    def step() -> None:
        layer.forward(x, lengths=lengths)
        layer.backward(dy)
        layer.clear_gradients()

    return measure(step, settings, synchronise)


def error(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """How far our layer is from float64: the largest ||found - exact|| / ||exact|| of its outputs and gradients."""
    library, _ = our_library(settings)
    arrays = inputs(case["shape"], our_layer(case).units)
    exact = results_of(our_layer(case), *(array.astype(np.float64) for array in arrays), library="numpy")
    found = results_of(our_layer(case), *arrays, library=library)
    errors = [np.linalg.norm(part - right) / np.linalg.norm(right) for part, right in zip(found, exact, strict=True)]
    return {"value": float(max(errors))}


def results_of(layer: SequenceLayer, x: np.ndarray, dy: np.ndarray, library: str) -> list[np.ndarray]:
    """Outputs, gradients with respect to the inputs and to all parameters, computed in the dtype of ``x``."""
    for parameter in layer.parameters():
        parameter.data = parameter.data.astype(x.dtype)
    layer.to(library)
    y, _ = layer.forward(move(x, library))
    dx, _ = layer.backward(move(dy, library))
    return [to_numpy(array) for array in (y, dx, *(parameter.grad for parameter in layer.parameters()))]
