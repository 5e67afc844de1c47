"""``few-labels``: accuracy on IMDb's test part against the number of labels, with pretrained word vectors and without.

For each number of labels and each seed, the same classifier is trained twice: its embedding starts from the vectors of
``--vectors``, or from random numbers. Everything else is equal: ``MODEL``, the texts that the seed draws, and the tenth of
them that is kept to choose the best epoch. The test part is read once per run, after training.

Each run has a process of its own with one thread. Its result is kept in ``--out`` as ``NAME.json``; the same command goes
on with the runs that are missing, and with an unfinished run where its checkpoint is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.processes import run_job
from benchmarks.results import check_same_run, kept, make_folder
from benchmarks.table import columns_of, fixed
from scratchnn.files import write_atomically
from scratchnn.inspection.texts import plot_accuracy_by_labels
from scratchnn.plot import save_figure
from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.trained import load
from scratchnn.terminal import progress_bar
from scratchnn.training.run_folder import RunFolder
from scratchnn.word2vec.formats import read_vectors

DATA = "imdb"
STARTS = {"none": "random start", "vectors": "pretrained vectors"}
MODEL = {"reader": "embedding", "vocabulary_size": 30_000, "dropout": 0.5, "lr": 0.003, "batch_size": 32}
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 3_500, 5, 60  # as many epochs as make so many steps, but within these bounds


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Train what is missing, print the table, draw the figure; returns what ``--json`` writes."""
    vectors = read_vectors(options.vectors)
    out = make_folder(options.out)
    shared = {**MODEL, "vectors": hashlib.sha256(vectors.vectors.tobytes()).hexdigest()}
    check_same_run(out, shared)
    cases = [
        {"labels": labels, "seed": seed, "start": start, "vectors": str(Path(options.vectors).absolute()), "out": str(out)}
        | {"size": vectors.vectors.shape[1]}
        for labels in options.labels
        for seed in options.seeds
        for start in STARTS
    ]
    results = {name_of(case): kept(out, name_of(case)) for case in cases}
    todo = [case for case in cases if results[name_of(case)] is None]
    if len(todo) < len(cases):
        print(f"{len(cases) - len(todo)} of {len(cases)} runs are in {out} already", flush=True)
    with progress_bar(todo, desc="training", unit="run") as bar:
        for case in bar:
            name = name_of(case)
            results[name] = run_job("benchmarks.few_labels:trained", case, {**settings, "threads": 1})
            write_atomically(out / f"{name}.json", json.dumps(results[name], indent=1).encode())
            shutil.rmtree(out / name)  # the model; its figures are kept
    print(*few_labels_table(results, options.labels, options.seeds), sep="\n")
    runs = {
        title: [accuracies(results, labels, start, options.seeds) for labels in options.labels]
        for start, title in STARTS.items()
    }
    save_figure(plot_accuracy_by_labels(options.labels, runs), out / "accuracy.png")
    print(f"figure in {out / 'accuracy.png'}")
    return {"settings": shared, "runs": results}


def trained(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train and evaluate one classifier; runs in a process of its own."""
    started = time.perf_counter()
    task, folder = find_kind("classifier"), RunFolder(Path(case["out"], name_of(case)))
    epochs = epochs_of(case["labels"])
    given = {**MODEL, "data": [DATA], "limit": case["labels"], "seed": case["seed"], "epochs": epochs}
    given |= {"patience": max(epochs // 5, 2), "embedding_size": case["size"]}
    given |= {"vectors": case["vectors"]} if case["start"] == "vectors" else {}
    task.train(given, folder, resume=True, device=settings["device"])
    return {
        "labels": case["labels"],
        "accuracy": load(folder.path).evaluate(DATA)["accuracy"],
        "seconds": time.perf_counter() - started,
    }


def epochs_of(labels: int) -> int:
    """The number of epochs with so many labels: few labels need many."""
    return min(max(STEPS * MODEL["batch_size"] // labels, LEAST_EPOCHS), MOST_EPOCHS)


def name_of(case: dict[str, Any]) -> str:
    """The name of a run and of its files."""
    return f"{case['labels']}-seed{case['seed']}-{case['start']}"


def accuracies(results: dict[str, Any], labels: int, start: str, seeds: list[int]) -> list[float]:
    """On the test part, one per seed."""
    return [results[name_of({"labels": labels, "seed": seed, "start": start})]["accuracy"] for seed in seeds]


def few_labels_table(results: dict[str, Any], counts: list[int], seeds: list[int]) -> Iterator[str]:
    """One line per number of labels: for each start, the mean, lowest and highest accuracy; and the difference of means."""
    widths = (16, 13, 16, 19, 16, 12)
    titles = [cell for title in STARTS.values() for cell in (title, "lowest, highest")]
    yield columns_of(widths, f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}", *titles, "difference")
    for labels in counts:
        cells, means = [], []
        for start in STARTS:
            values = accuracies(results, labels, start, seeds)
            means.append(statistics.fmean(values))
            cells += [fixed(means[-1], ".4f"), f"{fixed(min(values), '.4f')} {fixed(max(values), '.4f')}"]
        yield columns_of(widths, f"{labels:,} labels", *cells, fixed(means[1] - means[0], "+.4f"))
