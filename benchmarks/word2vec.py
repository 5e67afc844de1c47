"""Word vectors: the contestants count the words of a text, train on it, and report both times.

Both read the same file and use the same sizes, one thread, and the default initial learning rate of their library. The
speed is that of training alone; the time of counting the words is reported separately.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.measure import our_library, peak_memory
from scratchnn.errors import DataError
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.formats import write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors
from scratchnn.word2vec.training import SKIP_GRAM, Word2VecTrainer

SIZES: dict[str, Any] = {"size": 100, "window": 5, "negative": 5, "sample": 1e-3}
MIN_COUNT = 5
MODELS = {"skipgram": "skip-gram", "cbow": "CBOW"}
CORPUS_FILE, SENTENCES = "corpus_file", "LineSentence"  # gensim's two ways to read a file


def ours(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train ours; ``value`` is in words per second. The vectors are written to the file ``case["out"]``, if given."""
    library, synchronise = our_library(settings)
    before = peak_memory()
    start = time.perf_counter()
    corpus = Corpus([case["text"]], MIN_COUNT)
    options: dict[str, Any] = {"epochs": case["epochs"], "seed": case["seed"], "device": library, "progress": False}
    trainer = Word2VecTrainer(corpus, case["model"], **SIZES, **options)
    counted = time.perf_counter()
    vectors = trainer.fit()
    if synchronise is not None:
        synchronise()
    trained = time.perf_counter()
    keep(case, vectors)
    return report(corpus.words, case["epochs"], (start, counted, trained), before, len(vectors))


def gensim(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train gensim's; ``case["feed"]`` says how gensim reads the text."""
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    before = peak_memory()
    text = {"corpus_file": case["text"]} if case["feed"] == CORPUS_FILE else {"corpus_iterable": LineSentence(case["text"])}
    sizes = {"vector_size": SIZES["size"], **{name: SIZES[name] for name in ("window", "negative", "sample")}}
    model = Word2Vec(**sizes, min_count=MIN_COUNT, sg=int(case["model"] == SKIP_GRAM), workers=1, seed=case["seed"])
    start = time.perf_counter()
    model.build_vocab(**text)
    counted = time.perf_counter()
    if not len(model.wv):
        raise DataError(f"no word occurs {MIN_COUNT} times in {case['text']}; give a longer text")
    model.train(**text, total_words=model.corpus_total_words, total_examples=model.corpus_count, epochs=case["epochs"])
    trained = time.perf_counter()
    counts = {word: -model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key}
    words = sorted(counts, key=lambda word: (counts[word], word))  # our order: by count, equal counts alphabetically
    vectors = KeyedVectors(words, model.wv.vectors[[model.wv.key_to_index[word] for word in words]])
    keep(case, vectors)
    return report(model.corpus_total_words, case["epochs"], (start, counted, trained), before, len(vectors))


def keep(case: dict[str, Any], vectors: KeyedVectors) -> None:
    """Write the vectors if the case names a file for them."""
    if case.get("out"):
        write_vectors(Path(case["out"]), vectors, "binary")


def report(words: int, epochs: int, clock: tuple[float, float, float], before: float, vocabulary: int) -> dict[str, Any]:
    """The result of a contestant.

    Args:
        words: number of words of the text.
        epochs: passes over the text.
        clock: readings at the start, after counting, and after training, in seconds.
        before: peak memory at the start, in MB.
        vocabulary: number of different words that have a vector.
    """
    start, counted, trained = clock
    return {
        "value": words * epochs / (trained - counted),
        "words": words,
        "vocabulary": vocabulary,
        "counting_seconds": counted - start,
        "training_seconds": trained - counted,
        "memory_mb": peak_memory() - before,
    }
