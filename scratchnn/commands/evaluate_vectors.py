"""``scratchnn evaluate-vectors DIR_OR_FILE``: word similarity and analogy benchmarks."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scratchnn.commands.similar import add_vectors
from scratchnn.errors import DataError, whole_number
from scratchnn.word2vec.evaluation import (
    RESTRICT,
    AnalogyResult,
    SimilarityResult,
    evaluate_analogies,
    evaluate_similarity,
    read_pairs,
    read_questions,
    totals,
)
from scratchnn.word2vec.formats import read_vectors

NAME = 33  # columns for a name; the wider table then has 80
QUESTIONS = "questions-words.txt"


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "evaluate-vectors",
        help="word similarity and analogy benchmarks",
        usage="%(prog)s [-h] DIR_OR_FILE [--limit N] [--restrict N]\n"  # files first would take DIR_OR_FILE for one of them
        "           [--threads N] [--analogies FILE] [--similarity FILE [FILE ...]]",
        description="Without --similarity and --analogies, the files in $SCRATCHNN_DATA/wordsim are used: *.txt for "
        f"similarity, {QUESTIONS} (or .gz) for analogies.",
    )
    add_vectors(parser)
    parser.add_argument(
        "--similarity", nargs="+", default=[], metavar="FILE", help="lines 'word word score' (WordSim-353, SimLex-999)"
    )
    parser.add_argument("--analogies", metavar="FILE", help=f"sections ': name', lines 'a b c d' ({QUESTIONS})")
    parser.add_argument(
        "--restrict", type=int, default=RESTRICT, metavar="N", help=f"use only the first N words (default: {RESTRICT:,})"
    )
    parser.set_defaults(run=run)


def benchmark_files() -> tuple[list[Path], Path | None]:
    """The similarity files and the analogies in ``$SCRATCHNN_DATA/wordsim``."""
    data = os.environ.get("SCRATCHNN_DATA")
    if not data:
        raise DataError("no benchmarks; pass --similarity FILE or --analogies FILE, or set SCRATCHNN_DATA")
    folder = Path(data, "wordsim")
    questions = [path for path in (folder / QUESTIONS, folder / f"{QUESTIONS}.gz") if os.path.exists(path)]
    similarity = sorted(path for path in folder.glob("*.txt") if path.name != QUESTIONS)
    if not questions and not similarity:
        raise DataError(f"{folder} contains no benchmarks; pass --similarity FILE or --analogies FILE")
    return similarity, questions[0] if questions else None


def similarity_table(results: list[SimilarityResult]) -> Iterator[str]:
    """The lines of the table of Spearman's rho and coverage."""
    yield f"{'word similarity':{NAME}} {'Spearman':>9} {'pairs':>8} {'of':>8} {'covered':>9}"
    for part in results:
        share = part.covered / part.total
        yield f"{part.name[:NAME]:{NAME}} {part.rho:9.4f} {part.covered:8,} {part.total:8,} {share:9.1%}"


def analogy_table(results: list[AnalogyResult]) -> Iterator[str]:
    """The lines of the table of accuracy and coverage."""
    yield f"{'analogies (3CosAdd)':{NAME}} {'accuracy':>9} {'correct':>8} {'asked':>8} {'of':>8} {'covered':>9}"
    for part in results:
        share = part.covered / max(part.total, 1)
        counts = f"{part.correct:8,} {part.covered:8,} {part.total:8,}"
        yield f"{part.name[:NAME]:{NAME}} {part.accuracy:9.4f} {counts} {share:9.1%}"


def run(args: argparse.Namespace) -> int:
    """Print both tables, or only the one whose files were passed."""
    whole_number(args.restrict, "--restrict")
    similarity, analogies = args.similarity, args.analogies
    if not similarity and not analogies:
        similarity, analogies = benchmark_files()
    for path in similarity:
        read_pairs(path)  # report errors in these files before reading the vectors, which may take a while
    if analogies:
        read_questions(analogies)
    vectors = read_vectors(args.vectors, args.limit)
    print(f"{len(vectors):,} words of {vectors.vectors.shape[1]} dimensions")
    if similarity:
        results = [evaluate_similarity(vectors, path, args.restrict) for path in similarity]
        print("", *similarity_table(results), sep="\n")
    if analogies:
        sections = evaluate_analogies(vectors, analogies, args.restrict)
        print("", *analogy_table([*sections, *totals(sections)]), sep="\n")
    return 0
