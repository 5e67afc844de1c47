"""Word vectors judged: WordSim-353, SimLex-999 and the Google analogies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchnn.commands.evaluate_vectors import benchmark_files
from scratchnn.word2vec import KeyedVectors, evaluate_analogies, evaluate_similarity
from scratchnn.word2vec.evaluation import AnalogyResult, SimilarityResult, read_pairs, read_questions, totals

WHOLE = ("353-ALL", "SIMLEX-999")  # parts of names in the usual folder; WordSim-353's two halves are left out


def evaluation_files(similarity: Sequence[str], analogies: str | None) -> tuple[list[str], str | None]:
    """The files given; else those in ``$SCRATCHNN_DATA/wordsim``. They are read once, so that an error comes early."""
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
    """Spearman's rho of each file, then the accuracy of semantic, syntactic and all analogies; each with its coverage.

    A value that does not exist, since too few words are known, is ``None``, as JSON has it.
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
    """The value of one of ``score``'s parts; NaN where there is none."""
    return math.nan if score["value"] is None else float(score["value"])


def short_name(path: str) -> str:
    """A file's name as people know it."""
    name = Path(path).name.removesuffix(".gz").removesuffix(".txt")
    return {"EN-WS-353-ALL": "WordSim-353", "EN-SIMLEX-999": "SimLex-999"}.get(name, name)
