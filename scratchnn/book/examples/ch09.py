"""Data that chapter 9 makes up, and the few lines that turn tagged sentences into batches and back.

Sentences about persons (PER), places (LOC) and organisations (ORG). What a name is, is said in one of three places:

    left        They moved to Tolek last year .          the words before the name
    right       Tolek shares fell on Monday .            the words after it
    spelling    Few had heard of Mardaburg .             nothing around it; its ending

In sentences of the first two kinds, a name may have the ending of any type: a surname can be the name of a town, and a firm
can be named after either.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences, normal_form
from scratchnn.data.sentences import character_vocabulary, unknown_rates, word_counts, word_vocabulary
from scratchnn.datasets.folder import existing
from scratchnn.errors import DataError
from scratchnn.optim import Adam
from scratchnn.tasks.label_table import entity_table
from scratchnn.tasks.tag_answers import find_tags
from scratchnn.tasks.task import Task
from scratchnn.tasks.trained import train
from scratchnn.text import Vocabulary, schemes
from scratchnn.training import Trainer
from scratchnn.word2vec import KeyedVectors
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.training import Word2VecTrainer

TAGS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]  # in IOB2
TYPES = ("LOC", "ORG", "PER")
ONSETS = tuple("b d f g k l m n p r s t v".split())
VOWELS = tuple("a e i o u".split())
ENDINGS = {"LOC": ("burg", "ton", "ville"), "ORG": ("ex", "ix", "oco"), "PER": ("ek", "ini", "son")}
TEMPLATES = {
    "left": (
        ("PER", "Mr {} was late again ."),
        ("PER", "On {day} we met Mrs {} ."),
        ("LOC", "They moved to {} last year ."),
        ("LOC", "On {day} it rained in {} ."),
        ("ORG", "She works for {} ."),
        ("ORG", "A spokesman of {} was late again ."),
    ),
    "right": (
        ("PER", "{} said that it was late ."),
        ("PER", "{} , who was born on a {day} , smiled ."),
        ("LOC", "{} has a new railway station ."),
        ("LOC", "{} , which lies by the sea , is full of tourists ."),
        ("ORG", "{} shares fell on {day} ."),
        ("ORG", "{} has hired forty people ."),
    ),
    "spelling": (
        ("", "{} was in the news on {day} ."),
        ("", "Few had heard of {} ."),
        ("", "All of them spoke about {} again ."),
    ),
}
DAYS = ("Monday", "Tuesday", "Friday", "Sunday")
LONGER = {  # with another name in the second gap
    "LOC": ("New {}", "Port {}", "{} on Sea", "{} and {}"),
    "ORG": ("{} Motors", "Bank of {}", "{} and Sons", "{} and {}", "University of New {}"),
    "PER": ("{} {}", "{} of {}"),
}

Tagged = tuple[list[str], list[str]]  # words and tags
Namer = Callable[[str, bool, np.random.Generator], str]  # a name of a type; whether its ending tells the type


# --- sentences -------------------------------------------------------------------------------------------------------


def news(count: int, seed: int, kind: str = "", namer: Namer | None = None) -> list[Tagged]:
    """Sentences and the tags of their words.

    Args:
        count: number of sentences.
        seed: of all choices.
        kind: of evidence, one of ``TEMPLATES``; all in turn if empty.
        namer: makes the names; ``invented`` if None.
    """
    rng = np.random.default_rng(seed)
    kinds = [kind] if kind else list(TEMPLATES)
    return [_sentence(kinds[n % len(kinds)], rng, namer or invented) for n in range(count)]


def _sentence(kind: str, rng: np.random.Generator, namer: Namer) -> Tagged:
    """One sentence whose evidence is of this kind."""
    type_, template = TEMPLATES[kind][rng.integers(len(TEMPLATES[kind]))]
    type_ = type_ or TYPES[rng.integers(3)]
    name = namer(type_, kind == "spelling", rng)
    if kind != "spelling" and rng.integers(2) == 0:
        longer = LONGER[type_][rng.integers(len(LONGER[type_]))]
        name = longer.format(name, namer(type_, False, rng))
    words: list[str] = []
    tags: list[str] = []
    for part in template.split():
        if part == "{}":
            words += name.split()
            tags += [f"B-{type_}"] + [f"I-{type_}"] * (len(name.split()) - 1)
        else:
            words.append(part.format(day=DAYS[rng.integers(len(DAYS))]))
            tags.append("O")
    return words, tags


def invented(type_: str, telling: bool, rng: np.random.Generator) -> str:
    """A new name; its ending is one of its type if ``telling``, else one of any type."""
    endings = ENDINGS[type_ if telling else TYPES[rng.integers(3)]]
    syllables = [ONSETS[rng.integers(len(ONSETS))] + VOWELS[rng.integers(5)] for _ in range(1 + rng.integers(2))]
    onset = ONSETS[rng.integers(len(ONSETS))]
    return ("".join(syllables) + onset + endings[rng.integers(3)]).capitalize()


def gazetteer(names: int, seed: int = 0) -> Namer:
    """A namer with a fixed list of ``names`` names for each type, whose endings say nothing."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < 3 * names:
        found[invented("LOC", False, rng)] = None
    lists = {type_: list(found)[k * names : (k + 1) * names] for k, type_ in enumerate(TYPES)}
    return lambda type_, telling, rng: lists[type_][rng.integers(names)]


# --- sentences as numbers --------------------------------------------------------------------------------------------


@dataclass
class Names:
    """Training and test sentences, and the vocabularies of the training part.

    Attributes:
        train, test: sentences with their tags.
        more: further words in lower case that have a vector, though no training sentence contains them.
        min_count: a rarer word is ``<unk>``, so that its characters have to say what it is.
    """

    train: list[Tagged]
    test: list[Tagged]
    more: Sequence[str] = ()
    min_count: int = 2

    def __post_init__(self) -> None:
        forms = [words for words, _ in self.train]
        self.counts = word_counts(forms)
        self.words = word_vocabulary(self.counts, self.min_count, self.more)
        self.characters = character_vocabulary(forms, "char")
        self.tags = Vocabulary(TAGS)
        self.sentences = Sentences(forms, self.words, self.characters)

    def targets(self, tagged: Sequence[Tagged]) -> list[np.ndarray]:
        """The ids of the tags of each sentence (T,)."""
        return [self.tags.encode(tags).astype(np.int64) for _, tags in tagged]

    def batches(self, seed: int, batch_size: int = 16) -> SentenceBatches:
        """The training part in batches, rare words sometimes replaced by ``<unk>``."""
        rates = unknown_rates(self.words, self.counts, 1.0)
        return SentenceBatches(self.sentences, [self.targets(self.train)], batch_size, seed=seed, rates=rates)

    def batch(self, tagged: Sequence[Tagged]) -> tuple[np.ndarray, ...]:
        """Sentences as one batch: words, lengths, forms, characters, sizes, tags."""
        sentences = Sentences([words for words, _ in tagged], self.words, self.characters)
        return SentenceBatches(sentences, [self.targets(tagged)], len(tagged)).pick(np.arange(len(tagged)))

    def tags_of(self, ids: np.ndarray, lengths: np.ndarray) -> list[list[str]]:
        """Ids (N, T) as the tags of each sentence."""
        return [self.tags.decode(row[:length]) for row, length in zip(ids, lengths, strict=True)]


def fit(model: Model, names: Names, epochs: int, seed: int = 0, lr: float = 0.01) -> list[float]:
    """Train with Adam; the mean loss of each epoch."""
    trainer = Trainer(model, Adam(model.parameters(), lr), names.batches(seed), seed=seed, max_norm=5.0, progress=False)
    history = trainer.fit(epochs)
    return [history.epoch_loss(epoch) for epoch in range(1, epochs + 1)]


def vectors_of(tagged: Sequence[Tagged], size: int, seed: int = 0) -> KeyedVectors:
    """Word vectors of the words in lower case, trained by CBOW on the sentences; their tags are not used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text("".join(" ".join(map(normal_form, words)) + "\n" for words, _ in tagged), encoding="utf-8")
        corpus = Corpus([path], min_count=1)
        trainer = Word2VecTrainer(corpus, "cbow", epochs=10, size=size, window=3, sample=0.0, seed=seed, progress=False)
        return trainer.fit()


# --- the full run ----------------------------------------------------------------------------------------------------

NEWS: dict[str, Any] = {"data": "conll2003", "valid": "conll2003:valid", "batch_size": 16, "schedule": "cosine"}
GLOVE = ("glove.6B.50d.txt", "glove.6B.50d.txt.gz", "glove.6B.50d.subset.txt.gz")


def newspaper(lr: float, lr_of_few: float) -> None:
    """CoNLL-2003 with a CRF and token by token; then 500 sentences of it, with GloVe vectors and without: test scores.

    Args:
        lr, lr_of_few: learning rates for all sentences, and for 500.
    """
    vectors = existing("glove", GLOVE)
    if vectors is None:
        raise DataError(f"no GloVe vectors; put {GLOVE[0]} into the folder that SCRATCHNN_DATA names")
    for output in ("crf", "softmax"):
        print(f"all sentences, {output}")
        print_test_scores(epochs=20, lr=lr, output=output)
    for seed in (0, 1, 2):
        for name, path in {"none": None, "GloVe": str(vectors)}.items():
            few: dict[str, Any] = {
                "limit": 500,
                "epochs": 12,
                "lr": lr_of_few,
                "embedding_size": 50,
                "seed": seed,
                "vectors": path,
            }
            print(f"500 sentences, seed {seed}, vectors {name}")
            print_test_scores(**few)


def print_test_scores(**settings: Any) -> None:
    """Train a tagger with these settings, and print its scores per type on the test part."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train("tagger", Path(folder) / "run", **NEWS, **settings)
    assert isinstance(trained.kind, Task)
    test = trained.kind.examples(["conll2003:test"], trained.settings, trained.parts)
    _, predicted = find_tags(trained.model, test, trained.parts)
    print_scores(predicted, [one.tags for one in test.tagged])


def print_scores(predicted: Sequence[list[str]], true: Sequence[list[str]]) -> None:
    """Print precision, recall and F1 of whole names, per type and over all types."""
    print(*entity_table(*([schemes.entities(tags) for tags in part] for part in (predicted, true))), sep="\n")
