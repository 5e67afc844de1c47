"""``parser``: a tree over the words of each sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.examples import ShuffledByWords
from scratchnn.data.sentences import character_vocabulary, unknown_rates, word_counts, word_vocabulary
from scratchnn.datasets.generated.treebank import generated_treebank
from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.inspection.attachment import attachment_table, plot_attachment
from scratchnn.inspection.tree_svg import trees_svg
from scratchnn.metrics import attachment_scores, right_arcs
from scratchnn.models.parser import Parser
from scratchnn.models.word_encoder import READERS
from scratchnn.plot import save_figure
from scratchnn.tasks.tables import EXAMPLES, VALID, digest_of, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.treebanks import Tree, as_pair, check_size, known_treebanks, read_trees
from scratchnn.text import Vocabulary
from scratchnn.text.conllu import Sentence, looks_like_conllu, parse_conllu
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

GENERATED = 3000  # sentences
WORDS = 2000  # that are parsed side by side
ARCHITECTURE = (
    "embedding_size", "character_size", "character_units", "reader", "hidden_size", "layers", "arc_size", "label_size",
    "dropout", "recurrent_dropout",
)  # fmt: skip


@dataclass
class Treebank:
    """Sentences as ids, with their trees.

    Attributes:
        sentences: N sentences.
        heads: the heads of the words of each sentence (T,); empty if there are no trees.
        labels: the labels of the arcs to them.
        ids: the same as ids, -1 for one that does not occur in the training part.
        rates: how often each word is replaced by ``<unk>`` in training, by its id; None in other parts.
    """

    sentences: Sentences
    heads: list[np.ndarray] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    ids: list[np.ndarray] = field(default_factory=list)
    rates: np.ndarray | None = None

    def targets(self) -> list[list[np.ndarray]]:
        """Heads and labels for batches, if there are trees."""
        return [self.heads, self.ids] if self.heads else []

    def true_heads(self) -> list[list[int]]:
        """The heads of each sentence as a list."""
        return [heads.tolist() for heads in self.heads]


class ParserTask(Task):
    """Sentences and their dependency trees."""

    name = "parser"
    title = "a parser"
    description = "Train a dependency parser: the head of each word, and the label of the arc to it."
    own = (
        replace(EXAMPLES, help="treebanks in CoNLL-U, or ud:en_ewt, ud:ko_kaist (default: a generated one)"),
        replace(VALID, help="validation treebank (default: that of a known treebank, else a tenth)"),
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
    prediction = (Setting("--svg", "svg", None, "draw the trees above their sentences (SVG)", metavar="FILE"),)
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
        train: Sequence[Tree] = (
            read_trees(settings["data"], "train") if settings["data"] else generated_treebank(GENERATED, seed=0)
        )
        if settings["valid"] is not None:
            valid: Sequence[Tree] = read_trees([settings["valid"]], "valid")
        elif len(settings["data"]) == 1 and settings["data"][0] in known_treebanks():
            valid = read_trees(settings["data"], "valid")
        else:
            train, valid = split(train, settings["seed"])
        forms = [words for words, _, _ in train]
        counts = word_counts(forms)
        if parts is None:
            labels = sorted({label for _, _, labels in train for label in labels})
            words = word_vocabulary(counts, settings["min_count"])
            parts = {"words": words, "characters": character_vocabulary(forms, "char"), "labels": Vocabulary(labels)}
        total = sum(map(len, forms))
        note = (
            f"{len(train):,} sentences with {total:,} words to learn, {len(valid):,} to validate, "
            f"{len(parts['labels'])} labels"
        )
        digest = digest_of(*([as_pair(tree) for tree in part] for part in (train, valid)))
        examples = self.encode(train, parts)
        examples.rates = unknown_rates(parts["words"], counts, settings["unknown"])
        return Data(parts, examples, self.encode(valid, parts), digest, note)

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
            train.targets(),
            settings["batch_size"],
            by_words=True,
            seed=settings["seed"],
            rates=train.rates,
        )

    def evaluate(self, model: Model, examples: Treebank, settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per word, and the share of words with the right head, and with the right label as well."""
        loss, heads, labels = self.parse(model, examples, settings, parts)
        return {"loss": loss, **attachment_scores(heads, labels, examples.true_heads(), examples.labels)}

    def parse(
        self, model: Model, examples: Treebank, settings: Values, parts: Parts
    ) -> tuple[float, list[list[int]], list[list[str]]]:
        """The heads and labels of the words of each sentence, as predicted, and the mean loss, 0 if there are no trees."""
        assert isinstance(model, Parser)
        batches = SentenceBatches(examples.sentences, examples.targets(), WORDS)
        lengths = examples.sentences.lengths
        heads: list[list[int]] = [[] for _ in lengths]
        labels: list[list[str]] = [[] for _ in lengths]
        name, total = backend_name(model.root.data), 0.0
        with model.evaluation():
            for places in by_words(lengths):
                batch = tuple(move(part, name) for part in batches.pick(places))
                scores, views = model.score_arcs(*batch[:5])
                if examples.heads:
                    loss, _ = model.compare(scores, model.score_labels(views, batch[5]), batch[1], *batch[5:])
                    total += float(to_numpy(loss)) * int(lengths[places].sum())
                found = zip(*map(to_numpy, model.best(scores, views, batch[1], settings["projective"])), strict=True)
                for place, (best, ids) in zip(places.tolist(), found, strict=True):
                    heads[place] = best[: lengths[place]].tolist()
                    labels[place] = parts["labels"].decode(ids[: lengths[place]])
        return total / max(int(lengths.sum()), 1), heads, labels

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Treebank:
        """Trees, by the vocabularies of a trained model."""
        return self.encode(read_trees(files, "test"), parts)

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss and attachment, a table per label; a figure by the distance to the head is saved in the run folder."""
        examples = self.examples(files, trained.settings, trained.parts)
        loss, heads, labels = self.parse(trained.model, examples, trained.settings, trained.parts)
        true_heads = examples.true_heads()
        scores = attachment_scores(heads, labels, true_heads, examples.labels)
        for name, value in {"loss": loss, **scores}.items():
            yield f"{name} {self.show(name, value)}"
        yield ""
        right = right_arcs(heads, labels, true_heads, examples.labels)
        yield from attachment_table(*right, [name for names in examples.labels for name in names])
        distances = [abs(h - d) if h else 0 for part in true_heads for d, h in enumerate(part, start=1)]
        path = Path(trained.place) / "attachment.png"
        save_figure(plot_attachment(*right, distances), path)
        yield f"attachment by distance in {path}"

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """A block of CoNLL-U for each sentence: a line with its words between white space, or a block of CoNLL-U."""
        drawing = options["svg"]
        if drawing is not None and (not drawing or os.path.exists(drawing)):
            raise DataError(f"{drawing} already exists; choose another --svg" if drawing else "--svg is empty; name a file")
        lines = list(lines)
        if looks_like_conllu(lines):
            sentences = list(parse_conllu(lines, "input"))
        else:
            sentences = [Sentence.from_forms(line.split(), "input", n) for n, line in enumerate(lines, start=1)]
        for sentence in sentences:
            check_size(sentence)
        forms = [sentence.column("form") for sentence in sentences]
        examples = Treebank(Sentences(forms, trained.parts["words"], trained.parts["characters"]))
        _, heads, labels = self.parse(trained.model, examples, trained.settings, trained.parts)
        trees = list(zip(forms, heads, labels, strict=True))
        if drawing is not None:
            write_atomically(drawing, trees_svg([tree for tree in trees if tree[0]]).encode("utf-8"))
        for sentence, (_, best, names) in zip(sentences, trees, strict=True):
            yield sentence.with_tree(best, names).text()


def by_words(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """The positions of sentences that are parsed side by side, those without words left out."""
    kept = np.flatnonzero(lengths)
    if kept.size:
        order = ShuffledByWords(lengths[kept], WORDS)
        yield from (kept[order.positions(0, k)] for k in range(len(order)))


KIND = ParserTask()
