"""``classifier``: one label per text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import PaddedExamples
from scratchnn.datasets.generated.reviews import generated_reviews
from scratchnn.errors import DataError
from scratchnn.metrics import accuracy
from scratchnn.models.classifier import Classifier
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.tables import EXAMPLES, VALID, digest_of, read_pairs, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.text import END, PADDING, UNKNOWN, Vocabulary, texts_to_sequences, tokenize
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

GENERATED = 3000  # reviews
WHAT = "a text and its label"
SHOWN = 10  # labels in a message
ARCHITECTURE = ("embedding_size", "hidden_size", "cell", "layers", "bidirectional", "dropout")

Example = tuple[np.ndarray, int]  # ids, class


class ClassifierTask(Task):
    """Texts and labels, one per line with a tab between them; labels are whatever strings the file has."""

    name = "classifier"
    title = "a classifier"
    description = "Train a classifier of texts. A line of a file is a text and its label, with a tab between them."
    own = (
        EXAMPLES,
        VALID,
        Setting("--level", "level", "word", "what a token is", choices=("char", "letter", "word")),
        Setting("--vocabulary", "vocabulary_size", 10000, "largest number of distinct tokens", int, "V", least=3),
        Setting("--cell", "cell", "gru", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 64, "units in each recurrent layer", int, "H"),
        Setting("--embed", "embedding_size", 32, "size of the embedding", int, "D"),
        Setting("--layers", "layers", 1, "recurrent layers", int, "L"),
        Setting("--bidirectional", "bidirectional", False, "read in both directions", bool),
        Setting("--dropout", "dropout", 0.0, "dropout between layers", float, "P", inherited=False),
    )
    defaults: ClassVar = {"epochs": 10}
    rates: ClassVar = {"adam": 0.005}
    metric = "accuracy"
    higher_is_better = True
    shown = ("loss", "accuracy")
    part_names = ("vocabulary", "labels")
    model = Classifier

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of tokens and labels of the training part, and both parts as ids."""
        if settings["data"]:
            pairs = read_labelled(settings["data"])
        else:
            pairs = list(zip(*generated_reviews(GENERATED, seed=0), strict=True))
        train, valid = split(pairs, settings["seed"]) if settings["valid"] is None else (pairs, [])
        if settings["valid"] is not None:
            valid = read_labelled([settings["valid"]])
        tokens = (token for text, _ in train for token in tokenize(text, settings["level"]) if token != END)
        parts = parts or {
            "vocabulary": Vocabulary.build(tokens, (PADDING, UNKNOWN), settings["vocabulary_size"]),
            "labels": Vocabulary(sorted({label for _, label in train})),
        }
        if len(parts["labels"]) < 2:
            raise DataError(f"all training texts have the label {train[0][1]!r}; a classifier needs at least two labels")
        note = f"{len(train):,} texts to learn, {len(valid):,} to validate, labels {', '.join(parts['labels'].tokens)}"
        train_examples, valid_examples = (self.encode(part, settings, parts) for part in (train, valid))
        return Data(parts, train_examples, valid_examples, digest_of(train, valid), note)

    def encode(self, pairs: Sequence[tuple[str, str]], settings: Values, parts: Parts) -> list[Example]:
        """Texts as ids, labels as numbers of classes."""
        labels = parts["labels"]
        if unknown := next((label for _, label in pairs if label not in labels), None):
            known = ", ".join(labels.tokens[:SHOWN]) + (", ..." if len(labels) > SHOWN else "")
            raise DataError(
                f"the label {unknown!r} does not occur in the training part, whose labels are {known}; leave out its "
                "examples, or train with some of them"
            )
        sequences = texts_to_sequences([text for text, _ in pairs], parts["vocabulary"], settings["level"])
        return list(zip(sequences, labels.encode(label for _, label in pairs).tolist(), strict=True))

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of both vocabularies, and the architecture."""
        sizes = {"vocabulary_size": len(parts["vocabulary"]), "classes": len(parts["labels"])}
        return {**sizes, **{name: settings[name] for name in ARCHITECTURE}}

    def batches(self, train: list[Example], settings: Values, parts: Parts) -> PaddedExamples:
        """Texts of similar length side by side, in another order in each epoch."""
        sequences, classes = zip(*train, strict=True)
        return PaddedExamples(sequences, np.array(classes), settings["batch_size"], seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Example], settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats, and the share of texts whose label is right."""
        batches = self.batches(examples, settings, parts)
        total, right = 0.0, 0.0
        name = backend_name(model.parameters()[0].data)
        with model.evaluation():
            for k in range(len(batches)):
                ids, lengths, classes = (move(part, name) for part in batches.batch(0, k))
                right += accuracy(model.forward(ids, lengths).argmax(axis=-1), classes) * len(classes)
                total += float(to_numpy(model.loss((ids, lengths, classes), None)[0])) * len(classes)
        return {"loss": total / len(examples), "accuracy": right / len(examples)}

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Example]:
        """Labelled texts, by the vocabularies of a trained model."""
        return self.encode(read_labelled(files), settings, parts)

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The most probable label of each text."""
        model, labels = trained.model, trained.parts["labels"]
        name = backend_name(model.embedding.W.data)
        for ids in texts_to_sequences(list(lines), trained.parts["vocabulary"], trained.settings["level"]):
            with model.evaluation():
                logits = model.forward(move(ids[None], name), move(np.array([len(ids)]), name))
            yield labels.tokens[int(to_numpy(logits[0]).argmax())]


def read_labelled(files: Sequence[str]) -> list[tuple[str, str]]:
    """Texts and their labels; a text may be empty, a label may not."""
    pairs = read_pairs(files, WHAT)
    for text, label in pairs:
        if not label.strip():
            raise DataError(f"the text {text!r} in {', '.join(files)} has no label after its tab")
    return pairs


KIND = ClassifierTask()
