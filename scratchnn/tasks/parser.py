"""``parser``: a tree over the words of each sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences, bucket_batches
from scratchnn.data.sentences import character_vocabulary, unknown_rates, word_counts, word_vocabulary
from scratchnn.datasets.generated.treebank import generated_treebank
from scratchnn.errors import DataError
from scratchnn.metrics import attachment_scores
from scratchnn.models.parser import MOST_WORDS, Parser
from scratchnn.models.word_encoder import READERS
from scratchnn.tasks.tables import EXAMPLES, VALID, digest_of, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.text import Vocabulary
from scratchnn.text.conllu import Sentence, looks_like_conllu, parse_conllu, read_sentences
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

GENERATED = 3000  # sentences
BATCH = 32  # sentences that are parsed side by side
ARCHITECTURE = (
    "embedding_size", "character_size", "character_units", "reader", "hidden_size", "layers", "arc_size", "label_size",
    "dropout", "recurrent_dropout",
)  # fmt: skip

Tree = tuple[list[str], list[int], list[str]]  # words, heads and labels


@dataclass
class Treebank:
    """Sentences as ids, with their trees.

    Attributes:
        sentences: N sentences.
        heads: the heads of the words of each sentence (T,).
        labels: the labels of the arcs to them.
        ids: the same as ids, -1 for one that does not occur in the training part.
    """

    sentences: Sentences
    heads: list[np.ndarray]
    labels: list[list[str]]
    ids: list[np.ndarray]


class ParserTask(Task):
    """Sentences and their dependency trees."""

    name = "parser"
    title = "a parser"
    description = "Train a dependency parser: the head of each word, and the label of the arc to it."
    own = (
        replace(EXAMPLES, help="treebank in CoNLL-U, or ud:NAME (default: generated)"),
        replace(VALID),
        Setting("--min-count", "min_count", 1, "words that occur less often are <unk>", int, "N"),
        Setting("--unknown", "unknown", 0.25, "a: a word that occurs n times is <unk> in a / (a + n) cases", float, "A",
                inherited=False),
        Setting("--embed", "embedding_size", 100, "size of the embedding of words", int, "D"),
        Setting("--char-embed", "character_size", 32, "size of the embedding of characters", int, "D"),
        Setting("--char-hidden", "character_units", 50, "units that read the characters of a word", int, "H"),
        Setting("--char-reader", "reader", "lstm", "what reads the characters of a word", choices=READERS),
        Setting("--hidden", "hidden_size", 200, "units of each LSTM", int, "H"),
        Setting("--layers", "layers", 2, "layers of LSTMs", int, "L"),
        Setting("--arc-size", "arc_size", 200, "numbers of a word's vector for arcs", int, "A"),
        Setting("--label-size", "label_size", 50, "numbers of a word's vector for labels", int, "B"),
        Setting("--dropout", "dropout", 0.33, "dropout between layers", float, "P", inherited=False),
        Setting("--recurrent-dropout", "recurrent_dropout", 0.33, "dropout inside the LSTMs", float, "P", inherited=False),
        Setting("--projective", "projective", False, "only trees without crossing arcs", bool, identity=False,
                inherited=False),
    )  # fmt: skip
    defaults: ClassVar = {"epochs": 20, "batch_size": 600, "clip": 5.0, "schedule": "cosine"}
    rates: ClassVar = {"adam": 0.002}
    metric = "labelled"
    higher_is_better = True
    shown = ("loss", "unlabelled", "labelled")
    part_names = ("words", "characters", "labels")
    model = Parser

    def __init__(self) -> None:
        super().__init__()
        self.settings = tuple(
            replace(setting, help="words per batch, padding counted") if setting.name == "batch_size" else setting
            for setting in self.settings
        )

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of words, characters and labels of the training part, and both parts as ids."""
        trees = read_trees(settings["data"]) if settings["data"] else generated_treebank(GENERATED, seed=0)
        if settings["valid"] is None:
            train, valid = split(trees, settings["seed"])
        else:
            train, valid = trees, read_trees([settings["valid"]])
        forms = [words for words, _, _ in train]
        counts = word_counts(forms)
        if parts is None:
            labels = sorted({label for _, _, labels in train for label in labels})
            words = word_vocabulary(counts, settings["min_count"])
            parts = {"words": words, "characters": character_vocabulary(forms, "char"), "labels": Vocabulary(labels)}
        self.rates_of_unknown = unknown_rates(parts["words"], counts, settings["unknown"])
        total = sum(map(len, forms))
        note = (
            f"{len(train):,} sentences with {total:,} words to learn, {len(valid):,} to validate, "
            f"{len(parts['labels'])} labels"
        )
        digest = digest_of(*([as_pair(tree) for tree in part] for part in (train, valid)))
        return Data(parts, self.encode(train, parts), self.encode(valid, parts), digest, note)

    def encode(self, trees: Sequence[Tree], parts: Parts) -> Treebank:
        """Words, heads and labels as numbers."""
        labels = parts["labels"]
        return Treebank(
            Sentences([words for words, _, _ in trees], parts["words"], parts["characters"]),
            [np.array(heads, dtype=np.int64) for _, heads, _ in trees],
            [names for _, _, names in trees],
            [np.array([labels.ids.get(name, -1) for name in names], dtype=np.int64) for _, _, names in trees],
        )

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of the vocabularies, and the architecture."""
        sizes = {"vocabulary_size": len(parts["words"]), "characters": len(parts["characters"])}
        return {**sizes, "labels": len(parts["labels"]), **{name: settings[name] for name in ARCHITECTURE}}

    def batches(self, train: Treebank, settings: Values, parts: Parts) -> SentenceBatches:
        """Sentences of similar length side by side, in another order in each epoch, some words replaced by ``<unk>``."""
        return SentenceBatches(
            train.sentences,
            [train.heads, train.ids],
            settings["batch_size"],
            by_words=True,
            seed=settings["seed"],
            rates=self.rates_of_unknown,
        )

    def evaluate(self, model: Model, examples: Treebank, settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per word, and the share of words with the right head, and with the right label as well."""
        loss, heads, labels = self.parse(model, examples, settings, parts)
        return {"loss": loss, **attachment_scores(heads, labels, [h.tolist() for h in examples.heads], examples.labels)}

    def parse(
        self, model: Model, examples: Treebank, settings: Values, parts: Parts
    ) -> tuple[float, list[list[int]], list[list[str]]]:
        """The mean loss of all sentences, and the heads and labels of the words of each, as predicted."""
        assert isinstance(model, Parser)
        batches = SentenceBatches(examples.sentences, [examples.heads, examples.ids], BATCH)
        lengths = examples.sentences.lengths
        found: list[tuple[list[int], list[str]]] = [([], [])] * len(lengths)
        name, total = backend_name(model.root.data), 0.0
        with model.evaluation():
            for places in bucket_batches(lengths, BATCH):
                *sentences, heads, ids = (move(part, name) for part in batches.pick(places))
                scores, views = model.score_arcs(*sentences)
                loss, _ = model.compare(scores, model.score_labels(views, heads), sentences[1], heads, ids)
                total += float(to_numpy(loss)) * int(lengths[places].sum())
                best, labels = (to_numpy(part) for part in model.best(scores, views, sentences[1], settings["projective"]))
                for row, place in enumerate(places.tolist()):
                    L = int(lengths[place])
                    found[place] = (best[row, :L].tolist(), parts["labels"].decode(labels[row, :L]))
        return total / max(int(lengths.sum()), 1), [heads for heads, _ in found], [names for _, names in found]

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Treebank:
        """Trees, by the vocabularies of a trained model."""
        return self.encode(read_trees(files), parts)

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """A block of CoNLL-U for each sentence: lines of words separated by white space, or CoNLL-U."""
        lines = list(lines)
        if looks_like_conllu(lines):
            sentences = list(parse_conllu(lines, "input"))
        else:
            sentences = [Sentence.from_forms(line.split(), "input", n) for n, line in enumerate(lines, start=1)]
        for sentence in sentences:
            check_size(sentence)
        nothing: list[Tree] = [(s.column("form"), [0] * len(s), [""] * len(s)) for s in sentences]
        _, heads, labels = self.parse(trained.model, self.encode(nothing, trained.parts), trained.settings, trained.parts)
        for sentence, tree in zip(sentences, zip(heads, labels, strict=True), strict=True):
            yield sentence.with_tree(*tree).text()


def read_trees(files: Sequence[str]) -> list[Tree]:
    """The sentences of treebanks, with their trees."""
    if not files:
        raise DataError("no data: name one or more treebanks with --data FILE")
    trees = []
    for file in files:
        for sentence in read_sentences(file):
            check_size(sentence)
            trees.append((sentence.column("form"), *sentence.tree()))
    return trees


def check_size(sentence: Sentence) -> None:
    """Raise ``DataError`` if a sentence is too long to be parsed."""
    if len(sentence) > MOST_WORDS:
        raise DataError(
            f"{sentence.source}: the sentence at line {sentence.start} has {len(sentence):,} words; a parser reads at "
            f"most {MOST_WORDS:,}, since it scores every pair of words; split the sentence"
        )


def as_pair(tree: Tree) -> tuple[str, str]:
    """A tree as two strings."""
    words, heads, labels = tree
    return " ".join(words), " ".join(f"{head}:{label}" for head, label in zip(heads, labels, strict=True))


KIND = ParserTask()
