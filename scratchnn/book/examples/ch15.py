"""Tools of chapter 15: arrays that count calls, buffers, data, packed rows, what results have to be, a network to train."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn import losses
from scratchnn.book.cells import Pair
from scratchnn.layers import Dense
from scratchnn.optim import Adam, clip_by_norm

Factors = tuple[tuple[int, ...], tuple[int, ...]]  # the shapes of both factors of a matrix product

# --- counting --------------------------------------------------------------------------------------------------------


FREE = (np.split, np.empty_like)  # views, and memory that nothing is written to


class Counted(np.ndarray):
    """An array that counts the array operations it takes part in; views, such as slices and transposes, are not counted.

    ``calls`` counts operations by name; ``products`` has the shapes of both factors of each matrix product.
    """

    calls: ClassVar[Counter[str]] = Counter()
    products: ClassVar[list[Factors]] = []

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        self.calls[ufunc.__name__] += 1
        if ufunc is np.matmul:
            self.products.append((inputs[0].shape, inputs[1].shape))
        if out:
            options["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        return out[0] if out else _counted(result)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function not in FREE:
            self.calls[function.__name__] += 1
        result = function(*map(_plain, arguments), **{key: _plain(value) for key, value in options.items()})
        return [_counted(part) for part in result] if isinstance(result, list) else _counted(result)

    def copy(self, order: Any = "C") -> Any:
        """A copy, which is one operation."""
        self.calls["copy"] += 1
        return super().copy(order)

    def __setitem__(self, key: Any, value: Any) -> None:
        mine = self.view(np.ndarray)
        to = mine[key]
        if not isinstance(value, np.ndarray) or to.ctypes.data != value.ctypes.data:  # else the end of mine[key] += ...
            self.calls["copy"] += 1
        mine[key] = _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def _counted(value: Any) -> Any:
    return np.asarray(value).view(Counted)


def count_calls(run: Callable[..., Any], *arrays: np.ndarray) -> tuple[int, list[Factors]]:
    """The number of array operations in ``run(*arrays)``, and the shapes of the factors of its matrix products."""
    Counted.calls.clear()
    Counted.products.clear()
    run(*map(_counted, arrays))
    return sum(Counted.calls.values()), list(Counted.products)


def counted(pair: Pair, arrays: list, cotangents: list) -> tuple[int, list[Factors]]:
    """``count_calls`` of ``results``."""
    return count_calls(lambda *all: results(pair, all[:6], all[6:]), *arrays, *cotangents)


def products_alone(shapes: list[Factors], dtype: Any) -> Callable[[], None]:
    """A function that computes matrix products of these shapes and nothing else."""
    factors = {pair: [np.ones(shape, dtype) for shape in pair] for pair in set(shapes)}
    work = [(*factors[pair], np.empty((pair[0][0], pair[1][1]), dtype)) for pair in shapes]

    def run() -> None:
        for a, b, out in work:
            np.matmul(a, b, out=out)

    return run


class Buffers:
    """All arrays that a pass over x (N, T, D) with H units writes to."""

    def __init__(self, x: np.ndarray, H: int):
        N, T, D = x.shape

        def new(*shape: int) -> np.ndarray:
            return np.empty_like(x, shape=shape)

        self.x, self.dx = new(T, N, D), new(T, N, D)
        self.from_x, self.da = new(T, N, 4 * H), new(T, N, 4 * H)
        self.h, self.c, self.tanh_c = new(T + 1, N, H), new(T + 1, N, H), new(T, N, H)
        self.gates, self.slopes, self.slope_c = new(4, T, N, H), new(4, T, N, H), new(T, N, H)
        self.from_h, self.spare = new(N, 4 * H), new(N, H)


# --- data ------------------------------------------------------------------------------------------------------------


def lstm_arrays(N: int, T: int, D: int, H: int, dtype: Any = np.float32, seed: int = 0) -> tuple[list, list]:
    """Inputs, first state and weights [x, h0, c0, Wx, Wh, b] of an LSTM, and cotangents [dy, dh, dc]."""
    rng = np.random.default_rng(seed)
    shapes = [(N, T, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,), (N, T, H), (N, H), (N, H)]
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    arrays[3] /= np.sqrt(D).astype(dtype)
    arrays[4] /= np.sqrt(H).astype(dtype)
    return arrays[:6], arrays[6:]


def adding(rng: np.random.Generator, N: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (N, T, 2) of a number and a mark, and the sum of the two marked numbers (N, 1)."""
    numbers, marks = rng.random((N, T)), np.zeros((N, T))
    places = np.argsort(rng.random((N, T)), axis=1)[:, :2]
    np.put_along_axis(marks, places, 1, axis=1)
    x = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return x, (numbers * marks).sum(axis=1, keepdims=True).astype(np.float32)


def pack(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Padded (N, T, D) to packed rows (P, D): step after step, within a step the longest sequence first."""
    n, t = _places(lengths)
    return x[n, t]


def unpack(rows: np.ndarray, lengths: np.ndarray, T: int) -> np.ndarray:
    """Packed rows (P, D) to padded (N, T, D), zero in the padding."""
    x = np.zeros((len(lengths), T, rows.shape[1]), dtype=rows.dtype)
    x[_places(lengths)] = rows
    return x


def _places(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sequence and step (P,) of each packed row."""
    order = np.argsort(-lengths, kind="stable")
    t, rank = np.nonzero(lengths[order] > np.arange(lengths.max(initial=0))[:, None])
    return order[rank], t


# --- results ---------------------------------------------------------------------------------------------------------


def results(pair: Pair, arrays: Sequence, cotangents: Sequence, *more: Any) -> tuple:
    """Outputs, last state and all gradients of a pair (forward, backward), as one tuple; ``more`` goes to forward."""
    y, state, cache = pair[0](*arrays, *more)
    return y, *state, *pair[1](cotangents[0], tuple(cotangents[1:]), cache)


def apart(ours: tuple, theirs: tuple) -> float:
    """The largest difference between two tuples of arrays."""
    return max(float(abs(one - two).max()) for one, two in zip(ours, theirs, strict=True))


def one_by_one(results: Callable[..., tuple], arrays: list, cotangents: list, lengths: np.ndarray) -> tuple:
    """What ``results(arrays, cotangents)`` of each sequence alone gives, put together: y, h, c, dx, dh0, dc0, dWx, dWh, db.

    Args:
        results: forward and backward of an LSTM without padding.
        arrays, cotangents: as ``lstm_arrays`` returns them, padded.
        lengths: number of real steps of each sequence (N,).
    """
    (x, h0, c0, *weights), (dy, dh, dc) = arrays, cotangents
    y, dx, parts = np.zeros_like(dy), np.zeros_like(x), []
    for n, length in enumerate(lengths):
        one = slice(n, n + 1)
        given = [x[one, :length], h0[one], c0[one], *weights], [dy[one, :length], dh[one], dc[one]]
        y[one, :length], h, c, dx[one, :length], *gradients = results(*given)
        parts.append((h, c, *gradients))
    h, c, dh0, dc0, *of_weights = zip(*parts, strict=True)
    together = [np.concatenate(part) for part in (h, c, dh0, dc0)]
    return y, *together[:2], dx, *together[2:], *map(sum, of_weights)


def learn_difference(cell: Callable[..., Any], seed: int, steps: int = 500) -> np.ndarray:
    """Losses of a network that reads two sequences with one layer, and predicts the difference of their marked sums."""
    rng = np.random.default_rng(seed)
    layer, output = cell(2, 16, rng=rng, return_sequences=False), Dense(32, 1, rng=rng)
    optimizer, history = Adam([*layer.parameters(), *output.parameters()], 0.01), []
    for _ in range(steps):
        (x1, sum1), (x2, sum2) = adding(rng, 32, 10), adding(rng, 32, 10)
        h1, _ = layer.forward(x1)
        h2, _ = layer.forward(x2)
        y = output.forward(np.concatenate([h1, h2], axis=1))  # two of (N, H) -> (N, 1)
        L, cache = losses.mean_squared_error_forward(y, sum1 - sum2)
        dh1, dh2 = np.split(output.backward(losses.mean_squared_error_backward(1.0, cache)), 2, axis=1)
        layer.backward(dh2)  # the last call first
        layer.backward(dh1)
        clip_by_norm(optimizer.parameters, 1.0)
        optimizer.step()
        layer.clear_gradients()
        output.clear_gradients()
        history.append(float(L))
    return np.array(history)


def right_if_called_twice(
    forward: Callable[..., Any], backward: Callable[..., tuple], arrays: list, cotangents: list
) -> bool:
    """Whether two calls of ``forward``, then two of ``backward``, give the gradients of two separate passes."""
    both = arrays, [-arrays[0], *arrays[1:]]  # with other inputs
    dy, *dstate = cotangents
    separate = [backward(dy, tuple(dstate), forward(*given)[2]) for given in both]
    caches = [forward(*given)[2] for given in both]
    together = [backward(dy, tuple(dstate), cache) for cache in reversed(caches)][::-1]
    pairs = zip(sum(separate, ()), sum(together, ()), strict=True)
    return all(np.allclose(one, two, rtol=0, atol=1e-12) for one, two in pairs)
