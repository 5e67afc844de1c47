"""Word vectors: contestants that count a text's words, train on it, and tell how long either took.

Both read the same file, with the same sizes, one thread, and each library's own first learning rate. What is timed is
training alone; counting the words is reported beside it.
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
    """Train ours; ``value`` in words per second. The vectors go to the file ``case["out"]`` where there is one."""
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
    """The same of gensim, which reads the text in the way ``case["feed"]``."""
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
    words = sorted(counts, key=lambda word: (counts[word], word))  # our order: equal counts in alphabetical order
    vectors = KeyedVectors(words, model.wv.vectors[[model.wv.key_to_index[word] for word in words]])
    keep(case, vectors)
    return report(model.corpus_total_words, case["epochs"], (start, counted, trained), before, len(vectors))


def keep(case: dict[str, Any], vectors: KeyedVectors) -> None:
    """Write the vectors, where the case names a file for them."""
    if case.get("out"):
        write_vectors(Path(case["out"]), vectors, "binary")


def report(words: int, epochs: int, clock: tuple[float, float, float], before: float, vocabulary: int) -> dict[str, Any]:
    """A contestant's result: clock readings at the start, after counting, after training; memory in MB before it all."""
    start, counted, trained = clock
    return {
        "value": words * epochs / (trained - counted),
        "words": words,
        "vocabulary": vocabulary,
        "counting_seconds": counted - start,
        "training_seconds": trained - counted,
        "memory_mb": peak_memory() - before,
    }
