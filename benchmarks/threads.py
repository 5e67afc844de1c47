"""``threads``: training with one and with several threads, alone and beside a busy process; ``busy-tour``: the tour.

Each contestant is a process of its own, with its number of threads in the environment. It trains a model for a fixed
number of steps after one that warms up, and reports the mean time of a step, because the steps that another program delays
count, too. It also reports a digest of the parameters: if it is the same for both numbers of threads, so are the bits of
the results. The busy process is a loop in Python, started before the contestant and ended after it.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks.classifier import our_epoch
from benchmarks.language_model import our_step
from benchmarks.processes import run_job
from benchmarks.table import columns_of, number, times
from scratchnn.backend import to_numpy
from scratchnn.backend.threads import LARGE
from scratchnn.errors import DataError
from scratchnn.terminal import progress_bar
from scratchnn.training.products import product_size

WIDTHS = (31, 8, 7, 5, 8, 7, 5, 8, 4, 6)


class Training(NamedTuple):
    """A model to train: what is printed, the contestant's case, and the number of steps, about a second and a half."""

    label: str
    case: dict[str, Any]
    steps: int


def language_model(N: int, T: int, H: int, V: int, steps: int) -> Training:
    """H units, embeddings of the same size, V tokens."""
    kind = "letters" if V <= 100 else "words"
    return Training(f"lm {N}x{T}, H {H}, {V:,} {kind}", {"shape": [N, T, H, H], "vocabulary": V}, steps)


def classifier(reader: str, units: int, steps: int) -> Training:
    """Texts like film reviews; a step is an epoch of eight batches."""
    label = f"classifier, {'BiLSTM' if reader == 'recurrent' else 'Conv1D'}, H {units}"
    return Training(label, {"reader": reader, "sizes": [32, 400, 100, units, 10_000], "batches": 8}, steps)


TRAININGS = [
    language_model(32, 64, 64, 100, 100),
    language_model(32, 64, 128, 100, 40),
    language_model(32, 64, 256, 100, 15),
    language_model(20, 35, 650, 100, 6),
    language_model(20, 35, 128, 10_000, 16),
    language_model(20, 35, 650, 10_000, 3),
    classifier("recurrent", 64, 2),
    classifier("conv", 128, 4),
]
QUICK = [language_model(2, 3, 4, 9, 1), Training("conv", {"reader": "conv", "sizes": [2, 9, 3, 4, 30], "batches": 1}, 1)]


def training(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Mean milliseconds of a step, a digest of the parameters after all steps, and the size of the products."""
    step, model = our_step(case, "numpy") if "shape" in case else our_epoch(case, "numpy")
    step()  # warms up
    start = time.perf_counter()
    for _ in range(case["steps"]):
        step()
    milliseconds = 1000 * (time.perf_counter() - start) / case["steps"]
    digest = hashlib.sha256(b"".join(to_numpy(p.data).tobytes() for p in model.parameters())).hexdigest()
    size = product_size(model, case["shape" if "shape" in case else "sizes"][0])
    return {"value": milliseconds, "digest": digest, "size": None if math.isinf(size) else size}


@contextmanager
def busy_process() -> Iterator[None]:
    """Another program that uses a whole core, inside the ``with`` block."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def measured(function: str, case: dict[str, Any], settings: dict[str, Any], busy: bool) -> dict[str, Any]:
    """Run a contestant, alone or beside a busy process."""
    if not busy:
        return run_job(function, case, settings)
    with busy_process():
        return run_job(function, case, settings)


def run(options: argparse.Namespace, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure what is named, print its table, and return all measurements."""
    if options.threads < 2:
        raise DataError("--threads must be 2 or more here: it is compared with one thread")
    return busy_tour(options, settings) if options.names == ["busy-tour"] else table(options, settings)


def table(options: argparse.Namespace, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The table of ``threads``: every model, alone and beside a busy process, with one thread and with several."""
    counts, trainings = (1, options.threads), QUICK if options.quick else TRAININGS
    conditions = [(busy, count) for busy in (False, True) for count in counts]
    found: dict[str, dict[Any, list[dict[str, Any]]]] = {t.label: {key: [] for key in conditions} for t in trainings}
    with progress_bar(total=options.rounds * len(trainings) * len(conditions), unit="process") as bar:
        for round_number in range(options.rounds):
            for one in trainings:
                for busy, count in conditions[:: -1 if round_number % 2 else 1]:
                    bar.set_description_str(f"{one.label}, {count}{', busy' if busy else ''}")
                    case = {**one.case, "steps": one.steps}
                    of_run = {**settings, "threads": count}
                    found[one.label][busy, count].append(measured("benchmarks.threads:training", case, of_run, busy))
                    bar.update()
    print(f"cpu, milliseconds per training step (per epoch of a classifier), medians over {options.rounds} round(s)")
    print(*lines(found, counts), sep="\n")
    return [
        {"model": label, "busy": busy, "threads": count, "rounds": rounds}
        for label, by_condition in found.items()
        for (busy, count), rounds in by_condition.items()
    ]


def lines(found: dict[str, dict[Any, list[dict[str, Any]]]], counts: tuple[int, int]) -> Iterator[str]:
    """The lines of the table. ``gain`` is the time with one thread over that with several."""
    threads = ("1 thread", f"{counts[1]} thr.", "gain")
    yield columns_of(WIDTHS, "", "alone", "", "", "busy", "", "", "products", "", "")
    yield columns_of(WIDTHS, "", *threads, *threads, "million", "rule", "bits")
    for label, by_condition in found.items():
        cells = []
        for busy in (False, True):
            one, several = (statistics.median(part["value"] for part in by_condition[busy, count]) for count in counts)
            cells += [number(one), number(several), times(one / several)]
        results = [part for rounds in by_condition.values() for part in rounds]
        size = results[0]["size"]
        bits = "same" if len({part["digest"] for part in results}) == 1 else "differ"
        large = size is None or size >= LARGE
        yield columns_of(WIDTHS, label, *cells, "-" if size is None else number(size / 1e6), "all" if large else "1", bits)


def busy_tour(options: argparse.Namespace, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Seconds of ``scratchnn tour`` beside a busy process: with several threads, as before the rule, and by the rule."""
    found = []
    for label, count in ((f"{options.threads} threads", options.threads), ("by the rule", None)):
        rounds = [
            measured("benchmarks.waiting:tour", {}, {**settings, "threads": count}, busy=True)["value"]
            for _ in range(options.rounds)
        ]
        print(f"tour beside a busy process, {label}: {statistics.median(rounds) / 1000:.0f} s", flush=True)
        found.append({"threads": count, "rounds": rounds})
    return found
