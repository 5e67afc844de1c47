"""``parser``: an epoch of a dependency parser, and how many sentences it parses per second.

An epoch is ``BATCHES`` batches of sentences of similar length, those of ``benchmarks.tagger``, each word with a head. For
each: the vectors of the words, two bidirectional LSTMs, biaffine scores of arcs, scores of the labels at the heads, both
losses; their backward passes; clipping by norm; Adam; reading the loss. PyTorch gets the same batches and the same model.

Parsing has no opponent, since PyTorch has no search for trees: vectors, LSTMs, arc scores, the best tree of each sentence
on the CPU, and the best label of each arc, by Eisner's algorithm or by that of Chu, Liu and Edmonds.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks import tagger
from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move, to_numpy
from scratchnn.models.parser import Parser

OPPONENTS = ("torch",)
Case = dict[str, Any]

# N sentences per batch, longest sentence, D and H of the words, D and H of the characters, labels, words
SIZES, QUICK_SIZES = (32, 60, 100, 200, 32, 50, 40, 10_000), (2, 5, 3, 4, 2, 3, 5, 30)
VIEWS, QUICK_VIEWS = (200, 50), (5, 4)  # A and B
BATCHES, QUICK_BATCHES = 8, 2
LAYERS = 2
SEARCHES = {"Eisner": True, "Chu-Liu/Edmonds": False}  # whether the trees are projective
LR, MAX_NORM = 0.002, 5.0


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """An epoch, and one row per search."""
    theirs = "benchmarks.parser_torch:theirs" if "torch" in options.against else ""
    sizes, views = (QUICK_SIZES, QUICK_VIEWS) if options.quick else (SIZES, VIEWS)
    N, _, D, H, D_c, H_c, K, _ = sizes
    A, B = views
    count = QUICK_BATCHES if options.quick else BATCHES
    case = {"sizes": list(sizes), "views": list(views), "batches": count}
    made = batches(case)
    steps, letters = (sum(int(batch[k].sum()) for batch in made) for k in (1, 4))
    pairs = sum(len(batch[0]) * (batch[0].shape[1] + 1) ** 2 for batch in made)
    lstms = 8 * H * (D + 2 * H_c + H) + (LAYERS - 1) * 8 * H * (2 * H + H)
    products = steps * (lstms + 4 * H * (A + B) + A * A + K * B * B) + pairs * A + letters * 8 * H_c * (D_c + H_c)
    text = f"{LAYERS} BiLSTMs, biaffine, {count} x {N}, {D}, {H}"
    found = [Row("parser", text, case, "benchmarks.parser:ours", theirs, 6 * products)]
    for search, projective in SEARCHES.items():
        asked = {**case, "projective": projective}
        found.append(Row("parser, trees", search, asked, "benchmarks.parser:trees", unit="sentences/s"))
    return found


def batches(case: Case) -> list[tuple[np.ndarray, ...]]:
    """Sentences, heads and labels; each word has some other position as its head."""
    rng = np.random.default_rng(1)
    made = []
    for *sentences, labels in tagger.batches(case):
        lengths = sentences[1]
        words = np.arange(1, labels.shape[1] + 1)
        heads = (words + rng.integers(1, lengths[:, None] + 1, labels.shape)) % (lengths[:, None] + 1)
        made.append((*sentences, np.where(words <= lengths[:, None], heads, 0), labels))
    return made


def model_of(case: Case) -> Parser:
    """Our parser."""
    _, _, D, H, D_c, H_c, K, V = case["sizes"]
    A, B = case["views"]
    words = {"embedding_size": D, "character_size": D_c, "character_units": H_c}
    rng = np.random.default_rng(0)
    return Parser(V + 1, 28, K, **words, hidden_size=H, layers=LAYERS, arc_size=A, label_size=B, rng=rng)


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our epoch."""
    library, synchronise = our_library(settings)
    model = model_of(case)
    model.to(library)
    moved = [tuple(move(part, library) for part in batch) for batch in batches(case)]
    return measure(adam_epoch(model, lambda: moved, LR, MAX_NORM), settings, synchronise)


def trees(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """The speed of our parsing, in sentences per second."""
    library, synchronise = our_library(settings)
    model = model_of(case)
    model.to(library).evaluate()
    moved = [tuple(move(part, library) for part in batch[:5]) for batch in batches(case)]

    def parse() -> None:
        for words, lengths, *spelled in moved:
            scores, views = model.score_arcs(words, lengths, *spelled)
            to_numpy(model.best(scores, views, lengths, case["projective"])[1])

    found = measure(parse, settings, synchronise)
    return {**found, "value": 1000 * sum(len(batch[0]) for batch in moved) / found["value"]}
