"""``word2vec``: words per second of skip-gram and CBOW, compared with gensim with one worker."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contest import Result, Row
from benchmarks.processes import run_job
from benchmarks.text import write_text
from benchmarks.word2vec import CORPUS_FILE, MODELS, SENTENCES
from scratchnn.errors import DataError

OPPONENTS = ("gensim",)
QUICK_WORDS = 20_000
TRIAL_WORDS = 1_000_000  # the beginning of the text, on which gensim's two ways of reading it are compared


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per model and length of text; the texts are written to ``options.folder``."""
    found = []
    feeds = faster_feeds(options, settings) if "gensim" in options.against else {}
    for count in options.words or [QUICK_WORDS if options.quick else None]:
        text = Path(options.folder, f"text-{count or 'all'}.txt")
        words = write_text(options.text, text, count)
        if words < (count or 0):
            raise DataError(f"{options.text or 'the Python manual'} has {words:,} words, fewer than {count:,}")
        for model, label in MODELS.items():
            case = {"text": str(text), "model": model, "epochs": options.epochs or 1, "seed": options.seeds[0]}
            theirs = "benchmarks.word2vec:gensim" if feeds else ""
            case |= {"feed": feeds[model]} if feeds else {}
            label = f"{label}, {words:,} words"
            found.append(
                Row("word2vec, one thread", label, case, "benchmarks.word2vec:ours", theirs, unit="words/s", threads=1)
            )
    return found


def faster_feeds(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, str]:
    """For each model, the faster of gensim's two ways of reading the text, by one epoch on its beginning with each."""
    text = Path(options.folder, "trial.txt")
    write_text(options.text, text, min([QUICK_WORDS if options.quick else TRIAL_WORDS, *options.words]))
    feeds = {}
    for model, label in MODELS.items():
        case = {"text": str(text), "model": model, "epochs": 1, "seed": 0}
        speed = {
            feed: run_job("benchmarks.word2vec:gensim", {**case, "feed": feed}, {**settings, "threads": 1})["value"]
            for feed in (CORPUS_FILE, SENTENCES)
        }
        feeds[model] = max(speed, key=lambda feed: speed[feed])
        speeds = ", ".join(f"{feed} {value:,.0f} words/s" for feed, value in speed.items())
        print(f"gensim, {label}: {speeds}; timed by {feeds[model]}", flush=True)
    return feeds


def notes(results: Sequence[Result]) -> Iterator[str]:
    """The lines below the table: time of counting the words, and memory."""
    yield ""
    yield "besides training (medians)                   counting words, s         peak memory above start, MB"
    for result in results:
        for side, rounds in (("ours", result.ours), ("theirs", result.theirs)):
            if rounds:
                counting, memory = (
                    statistics.median(part[key] for part in rounds) for key in ("counting_seconds", "memory_mb")
                )
                yield f"  {result.row.label + ', ' + side:40} {counting:19.2f} {memory:35,.0f}"
