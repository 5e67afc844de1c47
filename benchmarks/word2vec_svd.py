"""``word2vec --against svd``: compares vectors by counting (PPMI and truncated SVD) with vectors by prediction."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation import evaluation_files, score, value_of
from benchmarks.processes import check_installed, run_job
from benchmarks.table import columns_of, fixed, number
from benchmarks.text import write_text
from benchmarks.word2vec import MIN_COUNT, MODELS, SIZES
from scratchnn.terminal import progress_bar
from scratchnn.text.counting import count_vectors
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.keyed_vectors import KeyedVectors

METHODS = {"svd": "PPMI and SVD", **MODELS}


def counted(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Compute vectors by counting and score them; runs in a process of its own. Pairs are also counted across line ends."""
    start = time.perf_counter()
    corpus = Corpus([case["text"]], MIN_COUNT)
    ids = np.concatenate([ids for ids, _, _ in corpus.read()])
    table = count_vectors(ids, len(corpus.vocabulary), SIZES["window"], SIZES["size"], case["seed"])
    seconds = time.perf_counter() - start
    vectors = KeyedVectors(corpus.vocabulary.tokens, table)
    return {"seconds": seconds, "scores": score(vectors, case["similarity"], case["analogies"])}


def predicted(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train vectors by word2vec and score them in the same way."""
    from benchmarks.word2vec_quality import trained

    result = trained({**case, "library": "ours"}, settings)
    return {"seconds": result["counting_seconds"] + result["training_seconds"], "scores": result["scores"]}


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Run the three methods in turn and print the table; returns what ``--json`` writes."""
    check_installed("sklearn")
    similarity, analogies = evaluation_files(options.similarity, options.analogies)
    text = Path(options.folder, "text.txt")
    words = write_text(options.text, text, max(options.words, default=None))
    case = {"similarity": similarity, "analogies": analogies, "epochs": options.epochs or 5, "seed": options.seeds[0]}
    case |= {"text": str(text), "out": str(Path(options.folder, "vectors.bin"))}
    results = {}
    for method in (bar := progress_bar(METHODS, unit="method")):
        bar.set_description_str(METHODS[method])
        function = "counted" if method == "svd" else "predicted"
        results[method] = run_job(f"benchmarks.word2vec_svd:{function}", {**case, "model": method}, settings)
    print("", *svd_table(results, words, case["epochs"]), sep="\n")
    return {"words": words, "epochs": case["epochs"], "seed": case["seed"], "methods": results}


def svd_table(results: dict[str, dict[str, Any]], words: int, epochs: int) -> Iterator[str]:
    """One line per evaluation, and one with the seconds from the text to the vectors."""
    widths = (40, 16, 16, 16)
    yield columns_of(widths, f"{words:,} words; epochs of word2vec: {epochs}", *(METHODS[method] for method in results))
    for k, part in enumerate(next(iter(results.values()))["scores"]):
        values = (fixed(value_of(result["scores"][k]), ".4f") for result in results.values())
        yield columns_of(widths, f"  {part['name']} ({part['covered']:,})", *values)
    yield columns_of(widths, "  seconds", *(number(result["seconds"]) for result in results.values()))
