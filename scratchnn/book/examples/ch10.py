"""The treebank of chapter 10 as numbers, and the few lines that train a parser on it and read its answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.sentences import character_vocabulary, word_counts, word_vocabulary
from scratchnn.datasets.generated.treebank import Tree, generated_treebank
from scratchnn.models.parser import Parser
from scratchnn.optim import Adam, Cosine
from scratchnn.structured import chu_liu_edmonds, eisner
from scratchnn.tasks.parser import ParserTask
from scratchnn.tasks.trained import Trained, train
from scratchnn.text import Vocabulary
from scratchnn.training import Trainer


class Treebank:
    """Training and test trees of the generated treebank, and the vocabularies of the training part.

    Args:
        train, test: numbers of sentences.

    Attributes:
        train, test: words, heads and labels of each sentence.
        words, characters, labels: vocabularies.
    """

    def __init__(self, train: int, test: int):
        trees = generated_treebank(train + test, seed=0)
        self.train, self.test = trees[:train], trees[train:]
        forms = [words for words, _, _ in self.train]
        self.words = word_vocabulary(word_counts(forms))
        self.characters = character_vocabulary(forms, "char")
        self.labels = Vocabulary(sorted({name for _, _, names in trees for name in names}))

    def batches(self, trees: Sequence[Tree], batch_size: int, seed: int = 0) -> SentenceBatches:
        """Batches of words, lengths, forms, characters, sizes, heads and ids of labels."""
        sentences = Sentences([words for words, _, _ in trees], self.words, self.characters)
        heads = [np.array(heads, dtype=np.int64) for _, heads, _ in trees]
        labels = [self.labels.encode(names).astype(np.int64) for _, _, names in trees]
        return SentenceBatches(sentences, [heads, labels], batch_size, seed=seed)

    def batch(self, trees: Sequence[Tree]) -> tuple[np.ndarray, ...]:
        """All trees as one batch."""
        return self.batches(trees, len(trees)).pick(np.arange(len(trees)))


def fit(
    model: Model,
    bank: Treebank,
    epochs: int,
    seed: int = 0,
    limit: int | None = None,
    on_epoch: Callable[[Trainer], None] | None = None,
) -> list[float]:
    """Train with Adam, at a falling rate, on the training part or its first ``limit`` sentences; the loss per epoch."""
    optimizer = Adam(model.parameters(), 0.01)
    trainer = Trainer(
        model,
        optimizer,
        bank.batches(bank.train[:limit], 16, seed),
        schedule=Cosine(optimizer, epochs),
        seed=seed,
        max_norm=5.0,
        on_epoch=on_epoch,
        progress=False,
    )
    history = trainer.fit(epochs)
    return [history.epoch_loss(epoch) for epoch in range(1, epochs + 1)]


def parse(model: Parser, bank: Treebank, sentences: Sequence[Sequence[str]]) -> list[Tree]:
    """The words, heads and labels of the best trees of sentences."""
    *inputs, _, _ = bank.batch([(list(words), [0] * len(words), ["punct"] * len(words)) for words in sentences])
    with model.evaluation():
        scores, views = model.score_arcs(*inputs)
        heads, ids = model.best(scores, views, inputs[1])
    return [
        (list(words), best[: len(words)].tolist(), bank.labels.decode(names[: len(words)]))
        for words, best, names in zip(sentences, heads, ids, strict=True)
    ]


def web_treebank(greedy: Callable[[np.ndarray], np.ndarray], faults: Callable[[np.ndarray], list[str]]) -> None:
    """Train a parser on the English Web Treebank; print its scores, and what the greedy choice of heads does to them."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train("parser", Path(folder) / "run", data="ud:en_ewt", valid="ud:en_ewt:valid")
        scores = trained.evaluate("ud:en_ewt:test")
        print(f"unlabelled attachment {scores['unlabelled']:.4f}, labelled {scores['labelled']:.4f}")
        print_greedy(trained, greedy, faults)


def print_greedy(
    trained: Trained, greedy: Callable[[np.ndarray], np.ndarray], faults: Callable[[np.ndarray], list[str]]
) -> None:
    """Print the share of right heads, and of results that are no tree, for each search on the English Web Treebank."""
    assert isinstance(trained.kind, ParserTask)
    examples = trained.kind.examples(["ud:en_ewt:test"], trained.settings, trained.parts)
    searches = {"greedy": greedy, "Eisner": eisner, "Chu-Liu/Edmonds": chu_liu_edmonds}
    right, broken = dict.fromkeys(searches, 0), dict.fromkeys(searches, 0)
    with trained.model.evaluation():
        for places in examples.sentences.by_length(2000):
            batch = examples.sentences.pick(places)
            scores, _ = trained.model.score_arcs(*batch)
            for place, S, T in zip(places, scores, batch[1], strict=True):
                for name, search in searches.items():
                    heads = search(S[: T + 1, : T + 1].astype(np.float64))
                    right[name] += int((heads == examples.heads[place]).sum())
                    broken[name] += bool(faults(heads))
    for name in searches:
        words, count = int(examples.sentences.lengths.sum()), len(examples.sentences)
        print(f"{name}: heads right {right[name] / words:.4f}, no tree {broken[name] / count:.2%} of {count:,} sentences")
