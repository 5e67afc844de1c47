"""``parser``: a tree over the words of each sentence.

The best of all trees is searched (Chu-Liu/Edmonds), or with ``--projective`` the best of those without crossing arcs
(Eisner). All trees are the default because treebanks contain some that a projective search can never find: 1.5 % of the
sentences in the validation part of EWT have crossing arcs, so that there the two searches score nearly the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.examples import ShuffledByWords
from scratchnn.data.sentences import unknown_rates, word_counts
from scratchnn.files import check_new_file, write_atomically
from scratchnn.inspection.attachment import attachment_table, plot_attachment
from scratchnn.inspection.tree_svg import trees_svg
from scratchnn.metrics import attachment_scores, right_arcs
from scratchnn.models.parser import Parser
from scratchnn.tasks.pretrained import Initial
from scratchnn.tasks.report_figure import saved
from scratchnn.tasks.tables import EXAMPLES, GENERATED, VALID, digest_of, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.treebanks import Tree, as_pair, check_size, read_trees
from scratchnn.tasks.word_settings import check_word_dropout, word_parts, word_settings
from scratchnn.text import Vocabulary
from scratchnn.text.conllu import Sentence, looks_like_conllu, parse_conllu
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

WORDS = 2000  # that are parsed side by side
ARCHITECTURE = (
    "embedding_size", "character_size", "character_units", "reader", "frozen", "hidden_size", "layers", "arc_size",
    "label_size", "dropout", "recurrent_dropout",
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
        replace(EXAMPLES, help="treebanks in CoNLL-U, or ud:en_ewt, ud:ko_kaist (default: generated)", metavar="DATA"),
        replace(VALID, metavar="DATA"),
        *word_settings(character_size=32, character_units=50),
        Setting("--hidden", "hidden_size", 200, "units of an LSTM, in each direction", int, "H"),
        Setting("--layers", "layers", 2, "layers of LSTMs", int, "L"),
        Setting("--arc-size", "arc_size", 200, "numbers of a word's vector for arcs", int, "A"),
        Setting("--label-size", "label_size", 50, "numbers of a word's vector for labels", int, "B"),
        Setting("--dropout", "dropout", 0.33, "dropout between layers", float, "P", inherited=False),
        Setting("--recurrent-dropout", "recurrent_dropout", 0.2, "dropout inside the LSTMs", float, "P", inherited=False),
        Setting("--projective", "projective", False, "only trees without crossing arcs", bool, identity=False,
                inherited=False),
        Setting("--vectors", "vectors", None, "file or run with word vectors to start from; their size is D",
                metavar="PATH"),
        Setting("--freeze", "frozen", False, "keep the vectors of words as they are", bool, inherited=False),
    )  # fmt: skip
    prediction = (Setting("--svg", "svg", None, "draw the trees above their sentences (SVG)", metavar="FILE"),)
    defaults: ClassVar = {"epochs": 20, "batch_size": 400, "clip": 5.0, "schedule": "cosine"}
    rates: ClassVar = {"adam": 0.004}
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

    def complete(self, settings: Values) -> None:
        """The probability of <unk> needs a number of 0 or more."""
        check_word_dropout(settings)

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of words, characters and labels of the training part, and both parts as ids."""
        trees = read_trees(settings["data"] or [GENERATED], "train")
        if settings["valid"] is None:
            train, valid = split(trees, settings["seed"])
        else:
            train, valid = trees, read_trees([settings["valid"]], "valid")
        forms = [words for words, _, _ in train]
        counts = word_counts(forms)
        initial: Initial = {}
        notes: list[str] = []
        if parts is None:
            parts, initial, notes = word_parts(forms, counts, settings)
            parts["labels"] = Vocabulary(sorted({label for _, _, names in train for label in names}))
        counted = f"{sum(map(len, forms)):,} words"
        notes.append(
            f"{len(train):,} sentences ({counted}) to learn, {len(valid):,} to validate, {len(parts['labels'])} labels"
        )
        digest = digest_of(*([as_pair(tree) for tree in part] for part in (train, valid)))
        examples = self.encode(train, settings, parts)
        examples.rates = unknown_rates(parts["words"], counts, settings["word_dropout"])
        return Data(parts, examples, self.encode(valid, settings, parts), digest, "\n".join(notes), initial)

    def encode(self, trees: Sequence[Tree], settings: Values, parts: Parts) -> Treebank:
        """Words, heads and labels as numbers."""
        labels = parts["labels"]
        return Treebank(
            self.sentences([words for words, _, _ in trees], settings, parts),
            [np.array(heads, dtype=np.int64) for _, heads, _ in trees],
            [names for _, _, names in trees],
            [np.array([labels.ids.get(name, -1) for name in names], dtype=np.int64) for _, _, names in trees],
        )

    def sentences(self, forms: Sequence[Sequence[str]], settings: Values, parts: Parts) -> Sentences:
        """The ids of words and characters."""
        return Sentences(forms, parts["words"], parts["characters"], settings.get("spelling", "char"))

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of the vocabularies, and the architecture."""
        sizes = {"vocabulary_size": len(parts["words"]), "characters": len(parts["characters"])}
        return {
            **sizes,
            "labels": len(parts["labels"]),
            **{name: settings[name] for name in ARCHITECTURE if name in settings},
        }

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

    def first_batch(self, batches: Any) -> tuple[np.ndarray, ...]:
        """One sentence, with its characters."""
        first: tuple[np.ndarray, ...] = batches.pick(batches.order.positions(0, 0)[:1])
        return first

    def evaluate(self, model: Model, examples: Treebank, settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per word, and the share of words with the right head, and with the right label as well."""
        loss, heads, labels = self.parse(model, examples, settings, parts)
        return {"loss": loss, **attachment_scores(heads, labels, examples.true_heads(), examples.labels)}

    def parse(
        self, model: Model, examples: Treebank, settings: Values, parts: Parts
    ) -> tuple[float, list[list[int]], list[list[str]]]:
        """The heads and labels of the words of each sentence, as predicted, and the mean loss, 0 if there are no trees."""
        assert isinstance(model, Parser)
        if not len(examples.sentences):
            return 0.0, [], []
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
                found = zip(
                    *map(to_numpy, model.best(scores, views, batch[1], settings.get("projective", False))), strict=True
                )
                for place, (best, ids) in zip(places.tolist(), found, strict=True):
                    heads[place] = best[: lengths[place]].tolist()
                    labels[place] = parts["labels"].decode(ids[: lengths[place]])
        return total / max(int(lengths.sum()), 1), heads, labels

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Treebank:
        """Trees, by the vocabularies of a trained model."""
        return self.encode(read_trees(files, "test"), settings, parts)

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss and attachment, a table per label; a figure by the distance to the head is saved in the run folder."""
        examples = self.examples(files, trained.settings, trained.parts)
        loss, heads, labels = self.parse(trained.model, examples, trained.settings, trained.parts)
        true_heads = examples.true_heads()
        scores = attachment_scores(heads, labels, true_heads, examples.labels)
        for name, value in {"loss": loss, **scores}.items():
            yield f"{name} {self.show(name, value)}"
        if new := Counter(name for names in examples.labels for name in names if name not in trained.parts["labels"]):
            yield f"{new.total():,} of the labels did not occur in training, such as {min(new)}; they count as wrong"
            yield "the loss is that of the other labels"
        yield ""
        right = right_arcs(heads, labels, true_heads, examples.labels)
        yield from attachment_table(*right, [name for names in examples.labels for name in names])
        distances = [abs(h - d) if h else 0 for part in true_heads for d, h in enumerate(part, start=1)]
        path = Path(trained.place) / "attachment.png"
        yield saved(plot_attachment(*right, distances), path, "attachment by distance")

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """A block of CoNLL-U for each sentence: a line with its words between white space, or a block of CoNLL-U."""
        drawing = options["svg"]
        if drawing is not None:
            check_new_file(drawing, "--svg")
        lines = list(lines)
        if looks_like_conllu(lines):
            sentences = list(parse_conllu(lines, "input"))
        else:
            sentences = [Sentence.from_forms(line.split(), "input", n) for n, line in enumerate(lines, start=1)]
        for sentence in sentences:
            check_size(sentence)
        forms = [sentence.column("form") for sentence in sentences]
        examples = Treebank(self.sentences(forms, trained.settings, trained.parts))
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
