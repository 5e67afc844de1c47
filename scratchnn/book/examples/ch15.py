"""Tools of chapter 15: arrays that count calls, a device that works in the background, the tables of the benchmarks."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import scratchnn
from scratchnn import losses
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


def products_alone(shapes: list[Factors], dtype: Any) -> Callable[[], None]:
    """A function that computes matrix products of these shapes and nothing else."""
    factors = {pair: [np.ones(shape, dtype) for shape in pair] for pair in set(shapes)}
    work = [(*factors[pair], np.empty((pair[0][0], pair[1][1]), dtype)) for pair in shapes]

    def run() -> None:
        for a, b, out in work:
            np.matmul(a, b, out=out)

    return run


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


# --- machines --------------------------------------------------------------------------------------------------------


class SlowingMachine:
    """A made-up machine with a clock of its own: every job slows it down a little, as heat slows down a real one.

    Args:
        slower: by how much each job makes all later ones slower.

    Attributes:
        now: the time on its clock, in seconds.
    """

    def __init__(self, slower: float):
        self.now, self.factor, self.slower = 0.0, 1.0, slower

    def run(self, seconds: float) -> None:
        """Do a job that takes so many seconds on the cool machine."""
        self.now += seconds * self.factor
        self.factor *= 1 + self.slower


NEW_PROCESS = """
import time
import numpy as np
from scratchnn.recurrent import LSTM

rng = np.random.default_rng(0)
layer, x = LSTM(100, 100, rng=rng), rng.standard_normal((20, 35, 100), dtype=np.float32)
for _ in range(6):
    start = time.process_time()
    y, _ = layer.forward(x)
    layer.backward(y)
    layer.clear_gradients()
    print(1000 * (time.process_time() - start))
"""


def passes_of_a_new_process() -> list[float]:
    """Milliseconds of processor time of six passes, forward and backward, through an LSTM layer in a new process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", NEW_PROCESS]
    child = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [float(line) for line in child.stdout.split()]


class Device:
    """Works through a queue in the background, as a GPU does: ``launch`` returns before the work has begun."""

    def __init__(self) -> None:
        self.work: queue.Queue[Callable[[], Any]] = queue.Queue()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            job = self.work.get()
            job()
            self.work.task_done()

    def launch(self, job: Callable[[], Any]) -> None:
        """Put a job into the queue."""
        self.work.put(job)

    def synchronise(self) -> None:
        """Wait until all jobs are done."""
        self.work.join()


class Group:
    """What the blocks of one kernel share: an exchange for two steps of h, and a counter that only rises.

    Args:
        N, H: rows and units of h.
        wait_for_others: whether ``wait`` waits; without it the blocks run ahead of each other.
    """

    def __init__(self, N: int, H: int, wait_for_others: bool = True):
        self.exchange = np.zeros((2, N, H))
        self.count, self.changed, self.waits = 0, threading.Condition(), wait_for_others

    def arrive(self) -> None:
        """Raise the counter by one."""
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def wait(self, target: int) -> None:
        """Wait until the counter has reached ``target``."""
        with self.changed:
            if self.waits:
                self.changed.wait_for(lambda: self.count >= target)


# --- the benchmarks --------------------------------------------------------------------------------------------------

BENCHMARKS = Path(scratchnn.__file__).resolve().parents[1] / "benchmarks" / "README.md"


def benchmark_rows(header: str, *labels: str) -> Iterator[list[str]]:
    """Rows of a table of ``benchmarks/README.md``: its header, then the rows that begin with one of ``labels``.

    Args:
        header: what the first line of the table begins with, without the bar.
        labels: the first cells of the rows.
    """
    lines = iter(BENCHMARKS.read_text(encoding="utf-8").splitlines() if BENCHMARKS.exists() else [])
    for line in lines:
        if line.startswith(f"| {header}"):
            yield _cells(line)
            break
    for line in lines:
        if not line.startswith("|"):
            return
        if _cells(line)[0] in labels:
            yield _cells(line)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("**", "") for cell in line.strip().strip("|").split("|")]


def print_benchmark(header: str, *labels: str) -> None:
    """Print these rows in columns, or say that the folder is missing."""
    rows = list(benchmark_rows(header, *labels))
    if not rows:
        print("benchmarks/README.md is not here: it comes with the repository, not with the installed package")
        return
    titles, *body = rows
    most = (max(8, *map(len, column)) for column in zip(*body, strict=True))
    names = [textwrap.wrap(name, width, break_long_words=False) for name, width in zip(titles, most, strict=True)]
    depth = max(map(len, names))
    lines = [[("" if k < depth - len(name) else name[k - depth]) for name in names] for k in range(depth)]
    widths = [max(map(len, column)) for column in zip(*lines, *body, strict=True)]
    for first, *others in [*lines, *body]:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
