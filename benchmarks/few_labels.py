"""``few-labels``: accuracy on IMDb's test part against the number of labels, with pretrained word vectors and without.

For each number of labels and each seed, the same classifier is trained twice: its embedding starts from the vectors of
``--vectors`` and is kept as it is, or it starts from random numbers and is learned. Everything else is equal: ``MODEL``,
the texts, which the seed draws, and a fixed number of epochs with a cosine schedule. All labels are used for training; no
epoch is chosen, since a tenth of 200 texts is too few to choose by. The test part is read once per run, after training.

Each run has a process of its own with one thread. Its result is kept in ``--out`` as ``NAME.json``; the same command goes
on with the runs that are missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import run_job
from benchmarks.results import check_same_run, kept, make_folder
from benchmarks.table import columns_of, fixed
from scratchnn.files import write_atomically
from scratchnn.inspection.texts import plot_accuracy_by_labels
from scratchnn.models.classifier import Classifier
from scratchnn.plot import save_figure
from scratchnn.tasks.classifier import KIND as TASK
from scratchnn.terminal import progress_bar
from scratchnn.training import Trainer
from scratchnn.training.settings import choose, make_optimizer
from scratchnn.word2vec.formats import read_vectors

TITLES = {"none": "random start", "vectors": "pretrained vectors"}
STARTS: dict[str, dict[str, Any]] = {"none": {}, "vectors": {"frozen": True}}  # settings of each start
BATCH = 32
MODEL = {  # settings of both; picked on training reviews that are not among the labelled ones
    "reader": "embedding", "pooling": "attention", "max_length": 200, "vocabulary_size": 30_000, "dropout": 0.3,
    "lr": 0.005, "batch_size": BATCH, "schedule": "cosine",
}  # fmt: skip
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 1_500, 3, 100  # as many epochs as make so many steps, but within these bounds


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Train what is missing, print the table, draw the figure; returns what ``--json`` writes."""
    vectors = read_vectors(options.vectors)
    out = make_folder(options.out)
    shared = {
        **MODEL,
        **STARTS,
        "steps": [STEPS, LEAST_EPOCHS, MOST_EPOCHS],
        "vectors": hashlib.sha256(vectors.vectors.tobytes()).hexdigest(),
    }
    check_same_run(out, shared)
    cases = [
        {"labels": labels, "seed": seed, "start": start, "data": "imdb", "test": "imdb:test"}
        | {"vectors": str(Path(options.vectors).absolute()), "size": vectors.vectors.shape[1]}
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
    print(*few_labels_table(results, options.labels, options.seeds), sep="\n")
    runs = {
        title: [accuracies(results, labels, start, options.seeds) for labels in options.labels]
        for start, title in TITLES.items()
    }
    save_figure(plot_accuracy_by_labels(options.labels, runs), out / "accuracy.png")
    print(f"figure in {out / 'accuracy.png'}")
    return {"settings": shared, "runs": results}


def trained(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train and evaluate one classifier; runs in a process of its own."""
    started = time.perf_counter()
    given = {**MODEL, **STARTS[case["start"]], "data": [case["data"]], "limit": case["labels"], "seed": case["seed"]}
    given |= {"epochs": epochs_of(case["labels"]), "embedding_size": case["size"]}
    given |= {"vectors": case["vectors"]} if case["start"] == "vectors" else {}
    values = choose(TASK.settings, given, {}, "few-labels")
    TASK.complete(values)
    data = TASK.read(values)
    model = Classifier.from_config(TASK.config(values, data.parts), np.random.default_rng(case["seed"]))
    model.load_state_dict({**model.state_dict(), **data.initial})
    optimizer, schedule = make_optimizer(model, values)
    batches = TASK.batches(data.train + data.valid, values, data.parts)
    Trainer(model, optimizer, batches, seed=case["seed"], max_norm=values["clip"], schedule=schedule).fit(values["epochs"])
    figures = TASK.evaluate(model, TASK.examples([case["test"]], values, data.parts), values, data.parts)
    return {"accuracy": figures["accuracy"], "seconds": time.perf_counter() - started}


def epochs_of(labels: int) -> int:
    """The number of epochs with so many labels: few labels need many."""
    return min(max(STEPS * BATCH // labels, LEAST_EPOCHS), MOST_EPOCHS)


def name_of(case: dict[str, Any]) -> str:
    """The name of a run and of its files."""
    return f"{case['labels']}-seed{case['seed']}-{case['start']}"


def accuracies(results: dict[str, Any], labels: int, start: str, seeds: list[int]) -> list[float]:
    """On the test part, one per seed."""
    return [results[name_of({"labels": labels, "seed": seed, "start": start})]["accuracy"] for seed in seeds]


def few_labels_table(results: dict[str, Any], counts: list[int], seeds: list[int]) -> Iterator[str]:
    """One line per number of labels: for each start, the mean, lowest and highest accuracy; and the difference of means."""
    widths = (16, 13, 16, 19, 16, 12)
    titles = [cell for title in TITLES.values() for cell in (title, "lowest, highest")]
    yield columns_of(widths, f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}", *titles, "difference")
    for labels in counts:
        cells, means = [], []
        for start in STARTS:
            values = accuracies(results, labels, start, seeds)
            means.append(statistics.fmean(values))
            cells += [fixed(means[-1], ".4f"), f"{fixed(min(values), '.4f')} {fixed(max(values), '.4f')}"]
        yield columns_of(widths, f"{labels:,} labels", *cells, fixed(means[1] - means[0], "+.4f"))
