"""``waiting``: everything else that a user waits for; ``tour``: the first command of the README.

There are no opponents. The times are those of starting a process, reading a text, making batches, saving and loading a
model, and reading data sets. Long operations run once per round, short ones are repeated within it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.measure import measure
from benchmarks.text import write_text
from scratchnn.data import bucket_batches, pad_sequences
from scratchnn.datasets import imdb, load_imdb, load_nsmc
from scratchnn.datasets.folder import find
from scratchnn.errors import DataError
from scratchnn.models.classifier import Classifier
from scratchnn.models.language_model import LanguageModel
from scratchnn.tasks.trained import save
from scratchnn.text import PADDING, UNKNOWN, Vocabulary, read_text, tokenize
from scratchnn.training.checkpoint import load_arrays, save_arrays
from scratchnn.word2vec.corpus import Corpus

OPPONENTS: tuple[str, ...] = ()
COMMANDS = {
    "python, nothing else": ["-c", "pass"],
    "import scratchnn": ["-c", "import scratchnn"],
    "import models and training": ["-c", "import scratchnn.models.language_model, scratchnn.training.trainer"],
    "scratchnn --help": ["-m", "scratchnn", "--help"],
}
QUICK_WORDS = 2_000
REVIEWS, QUICK_REVIEWS = 25_000, 100
MODEL, QUICK_MODEL = (10_000, 650), (50, 4)  # words; embedding and hidden size of the saved model
CLASSIFIER = (10_000, 64)

DATA_SETS: dict[str, tuple[Callable[[str], object], str, list[str]]] = {
    "IMDb": (load_imdb, "imdb", [imdb.PUBLISHED.name, "aclImdb"]),
    "NSMC": (load_nsmc, "nsmc", ["ratings_train.txt", "ratings_train.txt.gz"]),
}
TEXTS = {  # operations on a text, and their labels
    "counting": "for word2vec,",
    "tokenising": "split into words,",
    "vocabulary": "split, counted,",
    "encoding": "words to ids,",
}


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per operation."""
    if name == "tour":
        return [Row("tour", "scratchnn tour", {}, "benchmarks.waiting:tour")]
    found = [Row(name, label, {"arguments": argv}, "benchmarks.waiting:command") for label, argv in COMMANDS.items()]
    text = Path(options.folder, "waiting.txt")
    words = write_text(options.text, text, QUICK_WORDS if options.quick else max(options.words, default=None))
    for kind, label in TEXTS.items():
        case = {"kind": kind, "text": str(text)}
        found.append(Row(name, f"{label} {words:,} words", case, "benchmarks.waiting:reading"))
    run = Path(options.folder, "classifier")
    save_classifier(run, *(QUICK_MODEL if options.quick else CLASSIFIER))
    argv = ["-m", "scratchnn", "predict", str(run), "the film was good"]
    found.append(Row(name, "scratchnn predict, one line", {"arguments": argv}, "benchmarks.waiting:command"))
    reviews = QUICK_REVIEWS if options.quick else REVIEWS
    found.append(Row(name, f"batches of {reviews:,} reviews", {"reviews": reviews}, "benchmarks.waiting:batching"))
    V, H = QUICK_MODEL if options.quick else MODEL
    for kind in ("save", "load"):
        model = {"kind": kind, "vocabulary": V, "size": H, "file": str(Path(options.folder, "checkpoint.npz"))}
        found.append(Row(name, f"{kind} a model, V {V:,}, H {H}", model, "benchmarks.waiting:checkpoint"))
    return found + [
        Row(name, f"load {label}, train", {"set": label}, "benchmarks.waiting:loading") for label in data_sets()
    ]


def save_classifier(folder: Path, V: int, H: int) -> None:
    """A run folder with a classifier of V words and H units."""
    parts = {"vocabulary": Vocabulary([PADDING, UNKNOWN, *map(str, range(V - 2))]), "labels": Vocabulary(["neg", "pos"])}
    model = Classifier(V, 2, embedding_size=H, hidden_size=H, rng=np.random.default_rng(0))
    save(folder, model, parts, kind="classifier", level="plain")


def data_sets() -> list[str]:
    """Names of the ``DATA_SETS`` that are in the data folder; prints a line for each missing one."""
    found = []
    for label, (_, dataset, names) in DATA_SETS.items():
        try:
            find(dataset, names)
        except DataError as error:
            print(f"{label} is left out: {error}")
            continue
        found.append(label)
    return found


def loading(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time reading the training part of a data set."""
    load, _, _ = DATA_SETS[case["set"]]
    return once(lambda: load("train"))


def command(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time a new Python process with these arguments."""
    return measure(lambda: run_python(case["arguments"]), settings)


def tour(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time the tour, written to an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        return once(lambda: run_python(["-m", "scratchnn", "tour", "--out", str(Path(folder, "tour"))]))


def run_python(arguments: list[str]) -> None:
    """Run Python and wait until it ends; its output is discarded."""
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def once(call: Callable[[], object]) -> dict[str, Any]:
    """The time of one call, in milliseconds."""
    start = time.perf_counter()
    call()
    return {"value": 1000 * (time.perf_counter() - start), "repeats": 1}


def reading(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time one of ``TEXTS``; the results of earlier operations that it needs are not timed."""
    path = case["text"]
    if case["kind"] == "counting":
        return once(lambda: Corpus([path]))
    text = read_text(path)
    if case["kind"] == "tokenising":
        return once(lambda: list(tokenize(text, "word")))
    if case["kind"] == "vocabulary":
        return once(lambda: Vocabulary.build(tokenize(text, "word")))
    tokens = list(tokenize(text, "word"))
    vocabulary = Vocabulary.build(tokens)
    return once(lambda: vocabulary.encode(tokens))


def batching(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time one epoch of padded batches of 64 sequences of similar length; lengths are distributed as in reviews."""
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(5.2, 0.65, case["reviews"])).astype(np.int64) + 1  # median 182, mean 225
    sequences = [np.ones(length, dtype=np.int32) for length in lengths]

    def epoch() -> None:
        for batch in bucket_batches(lengths, 64, rng):
            pad_sequences([sequences[k] for k in batch])

    return measure(epoch, settings)


def checkpoint(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time writing or reading the parameters of a language model."""
    V, H = case["vocabulary"], case["size"]
    model = LanguageModel(V, embedding_size=H, hidden_size=H, rng=np.random.default_rng(0))
    save = partial(save_arrays, case["file"], model.state_dict(), {})
    if case["kind"] == "save":
        return measure(save, settings)
    save()
    return measure(lambda: model.load_state_dict(load_arrays(case["file"])[0]), settings)
