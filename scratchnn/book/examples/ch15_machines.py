"""Machines of chapter 15: one that slows down, a new process, a device that works in the background, blocks that wait for
each other; and the tables of the benchmarks.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import scratchnn


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


def contest(order: str, slower: float = 0.01) -> dict[str, list[float]]:
    """Seconds of A and B, which do the same job in this order, such as "ABBA", on a machine that slows down."""
    machine = SlowingMachine(slower)
    times: dict[str, list[float]] = {name: [] for name in sorted(set(order))}
    for name in order:
        start = machine.now
        machine.run(1.0)
        times[name].append(machine.now - start)
    return times


def written_twice(numbers: int, times: int = 5) -> list[tuple[float, float]]:
    """Milliseconds of processor time to write float32 numbers into fresh memory, and into the same memory again."""
    measured = []
    for _ in range(times):
        memory = np.empty(numbers, dtype=np.float32)
        stamps = [time.process_time()]
        for _ in range(2):
            memory.fill(1)
            stamps.append(time.process_time())
        measured.append((1000 * (stamps[1] - stamps[0]), 1000 * (stamps[2] - stamps[1])))
        del memory  # before the next is asked for
    return measured


def most_memory(run: Callable[..., Any], *arguments: Any) -> int:
    """The largest number of bytes that ``run(*arguments)`` has at one time."""
    tracemalloc.start()
    run(*arguments)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


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

    def launch(self, block: Callable[..., None], S: int, *arguments: Any) -> None:
        """Run ``block(s, S, group, *arguments)`` for s = 0 .. S - 1: at the same time, or, without waiting, in turn."""
        threads = [threading.Thread(target=block, args=(s, S, self, *arguments)) for s in range(S)]
        for thread in threads:
            thread.start()
            if not self.waits:
                thread.join()
        for thread in threads:
            thread.join()


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
    most = (max(7, *map(len, column)) for column in zip(*body, strict=True))
    names = [textwrap.wrap(name, width, break_long_words=False) for name, width in zip(titles, most, strict=True)]
    depth = max(map(len, names))
    lines = [[("" if k < depth - len(name) else name[k - depth]) for name in names] for k in range(depth)]
    widths = [max(map(len, column)) for column in zip(*lines, *body, strict=True)]
    for first, *others in [*lines, *body]:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
