"""Scores of word vectors on WordSim-353, SimLex-999 and the Google analogies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchnn.commands.evaluate_vectors import benchmark_files
from scratchnn.word2vec import KeyedVectors, evaluate_analogies, evaluate_similarity
from scratchnn.word2vec.evaluation import AnalogyResult, SimilarityResult, read_pairs, read_questions, totals

WHOLE = ("353-ALL", "SIMLEX-999")  # parts of file names; the two halves of WordSim-353 are left out


def evaluation_files(similarity: Sequence[str], analogies: str | None) -> tuple[list[str], str | None]:
    """The given files; if none are given, those in ``$SCRATCHNN_DATA/wordsim``.

    Each file is read once, so that a damaged file is reported before training.
    """
    if not similarity and not analogies:
        found, questions = benchmark_files()
        similarity = [str(path) for path in found if any(part in path.name.upper() for part in WHOLE)]
        analogies = None if questions is None else str(questions)
    for path in similarity:
        read_pairs(path)
    if analogies:
        read_questions(analogies)
    return [str(path) for path in similarity], analogies


def score(vectors: KeyedVectors, similarity: Sequence[str], analogies: str | None) -> list[dict[str, Any]]:
    """Spearman's rho for each file, then the accuracy on semantic, syntactic and all analogies, each with its coverage.

    A value is None if too few words are in the vocabulary to compute it.
    """
    scores: list[tuple[str, float, SimilarityResult | AnalogyResult]] = [
        (short_name(path), part.rho, part)
        for path, part in ((path, evaluate_similarity(vectors, path)) for path in similarity)
    ]
    if analogies:
        parts = totals(evaluate_analogies(vectors, analogies))
        scores += [(f"analogies, {part.name}", part.accuracy, part) for part in parts]
    return [
        {"name": name, "value": None if math.isnan(value) else value, "covered": part.covered, "total": part.total}
        for name, value, part in scores
    ]


def value_of(score: dict[str, Any]) -> float:
    """The value of one entry of ``score``; NaN if it is None."""
    return math.nan if score["value"] is None else float(score["value"])


def short_name(path: str) -> str:
    """The usual name of an evaluation file."""
    name = Path(path).name.removesuffix(".gz").removesuffix(".txt")
    return {"EN-WS-353-ALL": "WordSim-353", "EN-SIMLEX-999": "SimLex-999"}.get(name, name)
