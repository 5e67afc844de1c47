"""``tagger``: an epoch of a tagger of words, with and without a CRF, and the speed of its answers.

An epoch is ``BATCHES`` batches of sentences of similar length. For each: the vectors of the words, a bidirectional LSTM
over the characters of each distinct form, a bidirectional LSTM over the sentence, output layer, CRF or softmax
cross-entropy; their backward passes; clipping by norm; Adam; reading the loss. PyTorch gets the same batches, so it reads
each form once as well, packs them for its LSTMs, has a CRF that takes one step per token for all sentences, and sparse
gradients of the embeddings with its ``SparseAdam``, as ours has rows. An answer is the best tags of a sentence.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move, to_numpy
from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.sentences import character_vocabulary, word_counts, word_vocabulary
from scratchnn.models.tagger import Tagger

OPPONENTS = ("torch",)
Case = dict[str, Any]
Batch = tuple[np.ndarray, ...]

# N sentences per batch, longest sentence, D and H of the words, D and H of the characters, tags, words
SIZES, QUICK_SIZES = (32, 60, 100, 100, 25, 25, 17, 10_000), (2, 5, 3, 4, 2, 3, 5, 30)
BATCHES, QUICK_BATCHES = 8, 2
LR, MAX_NORM = 0.001, 5.0


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per output, and one for the answers."""
    theirs = "benchmarks.tagger_torch:theirs" if "torch" in options.against else ""
    sizes = QUICK_SIZES if options.quick else SIZES
    N, _, D, H, D_c, H_c, *_ = sizes
    count = QUICK_BATCHES if options.quick else BATCHES
    found = []
    for output, label in (("crf", "BiLSTM and CRF"), ("softmax", "BiLSTM"), ("answers", "answers")):
        case = {"output": output, "sizes": list(sizes), "batches": count}
        made = batches(case)
        steps, letters = (sum(int(batch[k].sum()) for batch in made) for k in (1, 4))
        products = steps * 16 * H * (D + 2 * H_c + H) + letters * 16 * H_c * (D_c + H_c)
        flops = (1 if output == "answers" else 3) * products
        text = f"{label}, {count} x {N}, {D}, {H}"
        found.append(Row("tagger", text, case, "benchmarks.tagger:ours", theirs, flops))
    return found


def batches(case: Case) -> list[Batch]:
    """Batches of ``SentenceBatches``: lengths like those of news, words by Zipf's law, frequent words shorter."""
    N, T, *_, K, V = case["sizes"]
    rng = np.random.default_rng(0)
    count = N * case["batches"]
    lengths = np.clip(np.exp(rng.normal(np.log(0.2 * T), 0.8, count)), 1, T).astype(int)
    alphabet = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    sizes = np.clip(rng.poisson(2 + 0.7 * np.log(np.arange(1, V))), 1, 20)
    forms = ["".join(rng.choice(alphabet, size)) for size in sizes]
    chance = 1 / np.arange(1, V)
    sentences = [[forms[k] for k in rng.choice(V - 1, length, p=chance / chance.sum())] for length in lengths]
    words, characters = word_vocabulary(word_counts([forms])), character_vocabulary([forms], "char")
    tags = [rng.integers(0, K, length) for length in lengths]
    made = SentenceBatches(Sentences(sentences, words, characters), [tags], N)
    return [made.batch(0, k) for k in range(len(made))]


def model_of(case: Case) -> Tagger:
    """Our tagger."""
    _, _, D, H, D_c, H_c, K, V = case["sizes"]
    sizes = {"embedding_size": D, "hidden_size": H, "character_size": D_c, "character_units": H_c}
    output = "softmax" if case["output"] == "softmax" else "crf"
    return Tagger(V + 1, 28, K, **sizes, output=output, rng=np.random.default_rng(0))


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our epoch, or our answers."""
    library, synchronise = our_library(settings)
    model = model_of(case)
    model.to(library)
    moved = [tuple(move(part, library) for part in batch) for batch in batches(case)]
    if case["output"] == "answers":
        model.evaluate()

        def answer() -> None:
            for *inputs, _ in moved:
                to_numpy(model.decode(model.forward(*inputs), inputs[1]))

        return measure(answer, settings, synchronise)
    return measure(adam_epoch(model, lambda: moved, LR, MAX_NORM), settings, synchronise)
