"""``classifier``: one label per text, or several."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.core import Model
from scratchnn.data import PaddedExamples
from scratchnn.errors import DataError
from scratchnn.inspection.texts import plot_confusion
from scratchnn.metrics import confusion_matrix
from scratchnn.models.classifier import OUTPUTS, POOLINGS, READERS, Classifier
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.class_scores import decide, figures, logits_of, targets_of
from scratchnn.tasks.label_table import score_table
from scratchnn.tasks.labelled import Columns, Pairs, read_labelled, read_unlabelled
from scratchnn.tasks.pretrained import Initial, check_known, start_from_body, start_from_vectors, with_words_of
from scratchnn.tasks.report_figure import saved
from scratchnn.tasks.table_files import Listed, is_table
from scratchnn.tasks.tables import EXAMPLES, GENERATED, VALID, digest_of, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.text_tokens import LEVELS, tokens_of
from scratchnn.tasks.trained import Trained
from scratchnn.terminal import wrapped
from scratchnn.text import END, PADDING, UNKNOWN, Vocabulary
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values
from scratchnn.word2vec.formats import read_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

SHOWN = 10  # labels in a message
ARCHITECTURE = (
    "embedding_size", "hidden_size", "reader", "pooling", "output", "cell", "layers", "bidirectional", "stride", "dropout",
    "frozen",
)  # fmt: skip
SOURCES = "labelled texts: .csv, .tsv, .jsonl, lines with a tab, a folder per label, or imdb, nsmc (default: generated)"

Example = tuple[np.ndarray, Any]  # ids; a class, or 0 and 1 for each label (K,)


class ClassifierTask(Task):
    """Texts and their labels, which are whatever strings the data has."""

    name = "classifier"
    title = "a classifier"
    description = "Train a classifier of texts: one label per text, or several."
    own = (
        replace(EXAMPLES, help=SOURCES, metavar="DATA"),
        replace(VALID, metavar="DATA"),
        Setting("--text-column", "text_column", None, "column of texts (default: guessed)", metavar="NAME", identity=False),
        Setting(
            "--label-column", "label_column", None, "column of labels (default: guessed)", metavar="NAME", identity=False
        ),
        Setting("--limit", "limit", None, "use N labelled texts, drawn by the seed", int, "N", least=2, identity=False),
        Setting("--balance", "balance", False, "let all classes count the same", bool, inherited=False),
        Setting("--level", "level", "plain", "what a token is; plain: a word in lower case", choices=LEVELS),
        Setting(
            "--max-length", "max_length", 400, "tokens of a text: the first and last", int, "T", least=2, inherited=False
        ),
        Setting("--ngrams", "ngrams", 1, "largest number of adjacent tokens that make one more token", int, "N"),
        Setting("--vocabulary", "vocabulary_size", 10000, "largest number of distinct tokens", int, "V", least=3),
        Setting(
            "--reader",
            "reader",
            "recurrent",
            f"layers after the embedding: {', '.join(READERS)}",
            metavar="READER",
            choices=READERS,
        ),
        Setting("--cell", "cell", "gru", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 64, "units in each recurrent layer or convolution", int, "H"),
        Setting("--embed", "embedding_size", 32, "size of the embedding", int, "D"),
        Setting("--layers", "layers", 1, "recurrent layers", int, "L"),
        Setting("--bidirectional", "bidirectional", False, "read in both directions", bool),
        Setting("--kernels", "kernel_sizes", ["3"], "kernel size of each convolution", metavar="K", many=True),
        Setting("--stride", "stride", 1, "stride of the convolutions", int, "S"),
        Setting("--pooling", "pooling", None, "from steps to a text (default: last, max or mean)", choices=POOLINGS),
        Setting("--output", "output", "softmax", "what reads the logits", choices=OUTPUTS),
        Setting("--separator", "separator", ",", "between the labels of a text, with --output multilabel", inherited=False),
        Setting("--dropout", "dropout", 0.0, "dropout between layers", float, "P", inherited=False),
        Setting(
            "--vectors",
            "vectors",
            None,
            "file or run with word vectors to start from; their size is D",
            metavar="PATH",
        ),
        Setting("--body", "body", None, "language model to start from; its sizes are D, H and L", metavar="DIR"),
        Setting("--freeze", "frozen", False, "keep the embedding as it is", bool, inherited=False),
    )
    prediction = (Setting("--json", "json", False, "JSON with the probability of each label", bool),)
    defaults: ClassVar = {"epochs": 10}
    rates: ClassVar = {"adam": 0.005}
    metric = "accuracy"
    higher_is_better = True
    shown = ("loss", "accuracy")
    part_names = ("vocabulary", "labels")
    model = Classifier

    def complete(self, settings: Values) -> None:
        """The usual pooling of the reader, unless another is given; kernel sizes are whole numbers."""
        if settings["pooling"] is None:
            usual = {"recurrent": "last", "conv": "max", "conv-recurrent": "last", "embedding": "mean"}
            settings["pooling"] = usual[settings["reader"]]
        if settings["balance"] and settings["output"] == "multilabel":
            raise DataError("--balance needs one label per text; leave it out with --output multilabel")
        for size in settings["kernel_sizes"]:
            if not size.isdecimal() or int(size) < 1:
                raise DataError(f"--kernels must be whole numbers of 1 or more, got {size!r}")

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of tokens and labels of the training part, and both parts as ids."""
        columns = Columns(settings["text_column"], settings["label_column"])
        train, valid = self.read_parts(settings, columns)
        settings["text_column"], settings["label_column"] = columns.text, columns.label
        initial: Initial = {}
        vectors: KeyedVectors | None = None  # stays None with a run to start from, whose parameters contain them
        brought_by = "--body" if settings["body"] is not None else None  # what the vocabulary comes from, if not the texts
        brought_by = "--from" if parts is not None else brought_by
        if parts is None:
            if settings["body"] is not None:
                initial, vocabulary, note = start_from_body(settings)
                columns.notes.append(note)
            else:
                tokens = (token for text, _ in train for token in tokens_of(text, settings) if token != END)
                vocabulary = Vocabulary.build(tokens, (PADDING, UNKNOWN), settings["vocabulary_size"])
                if settings["vectors"] is not None:
                    vectors = read_vectors(settings["vectors"])
                    vocabulary = with_words_of(vectors, vocabulary, settings["vocabulary_size"])
            labels = sorted({label for _, joined in train for label in labels_of(joined, settings)})
            parts = {"vocabulary": vocabulary, "labels": Vocabulary(labels)}
        if len(parts["labels"]) < 2:
            found = f"the label {parts['labels'].tokens[0]!r}" if len(parts["labels"]) else "no label"
            found += ", or none" if is_multilabel(settings) and len(parts["labels"]) else ""
            raise DataError(f"all training texts have {found}; a classifier needs at least two labels")
        train_examples, valid_examples = (self.encode(part, settings, parts) for part in (train, valid))
        if brought_by is not None:
            check_known([ids for ids, _ in train_examples], parts["vocabulary"], brought_by)
        if vectors is not None:
            initial, note = start_from_vectors(settings, vectors, parts["vocabulary"], (ids for ids, _ in train_examples))
            columns.notes.append(note)
        settings["class_weights"] = balanced(train_examples, parts) if settings["balance"] else None
        shown = ", ".join(parts["labels"].tokens[:SHOWN]) + (", ..." if len(parts["labels"]) > SHOWN else "")
        note = f"{len(train):,} texts to learn, {len(valid):,} to validate, labels {shown}"
        notes = "\n".join([*columns.notes, note])
        return Data(parts, train_examples, valid_examples, digest_of(train, valid), notes, initial)

    def read_parts(self, settings: Values, columns: Columns) -> tuple[Pairs, Pairs]:
        """Training and validation part: as given, else a tenth is cut off by the seed."""
        several = is_multilabel(settings)
        pairs = read_labelled(settings["data"] or [GENERATED], columns, "train", several)
        if settings["limit"] is not None and settings["limit"] < len(pairs):
            order = np.random.default_rng(seed_from(settings["seed"], 3)).permutation(len(pairs))
            pairs = [pairs[place] for place in sorted(order[: settings["limit"]])]
        if settings["valid"] is not None:
            return pairs, read_labelled([settings["valid"]], columns, "train", several)
        train, valid = split(pairs, settings["seed"])
        seen = {label for _, joined in train for label in labels_of(joined, settings)}
        known = [seen.issuperset(labels_of(joined, settings)) for _, joined in valid]
        if any(known):  # the few texts of a rare label are for training
            train += [pair for pair, usable in zip(valid, known, strict=True) if not usable]
            valid = [pair for pair, usable in zip(valid, known, strict=True) if usable]
        return train, valid

    def encode(self, pairs: Pairs, settings: Values, parts: Parts) -> list[Example]:
        """Texts as ids, labels as numbers of classes, or as 0 and 1 for each label."""
        labels = parts["labels"]
        sets = [labels_of(joined, settings) for _, joined in pairs]
        if unknown := next((label for one in sets for label in one if label not in labels), None):
            known = ", ".join(labels.tokens[:SHOWN]) + (", ..." if len(labels) > SHOWN else "")
            raise DataError(
                f"the label {unknown!r} does not occur in the training part, whose labels are {known}; leave out its "
                "examples, or train with some of them"
            )
        sequences = self.sequences([text for text, _ in pairs], settings, parts)
        if not is_multilabel(settings):
            return list(zip(sequences, labels.encode(one[0] for one in sets).tolist(), strict=True))
        targets = np.zeros((len(sets), len(labels)), dtype=np.float32)
        for row, one in zip(targets, sets, strict=True):
            row[labels.encode(one)] = 1
        return list(zip(sequences, targets, strict=True))

    def sequences(self, texts: Sequence[str], settings: Values, parts: Parts) -> list[np.ndarray]:
        """The ids of each text."""
        return [parts["vocabulary"].encode(tokens_of(text, settings)) for text in texts]

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of both vocabularies, and the architecture."""
        sizes = {"vocabulary_size": len(parts["vocabulary"]), "classes": len(parts["labels"])}
        chosen = {name: settings[name] for name in ARCHITECTURE if name in settings}
        kernels = [int(size) for size in settings.get("kernel_sizes", ["3"])]
        return {**sizes, **chosen, "kernel_sizes": kernels, "class_weights": settings.get("class_weights")}

    def batches(self, train: list[Example], settings: Values, parts: Parts) -> PaddedExamples:
        """Texts of similar length side by side, in another order in each epoch."""
        sequences, targets = zip(*train, strict=True)
        return PaddedExamples(sequences, np.array(targets), settings["batch_size"], seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Example], settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats, and the share of texts whose label is right (whose labels all are right, if several)."""
        assert isinstance(model, Classifier)
        return figures(model, logits_of(model, [ids for ids, _ in examples]), targets_of(examples))

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Example]:
        """Labelled texts, by the vocabularies of a trained model; a known set that is named without a part is its test."""
        return self.encode(read_labelled(files, columns_of(settings), "test", is_multilabel(settings)), settings, parts)

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss, accuracy, a table per label; the confusion matrix is saved in the run folder if a text has one label."""
        columns = columns_of(trained.settings)
        pairs = read_labelled(files, columns, "test", is_multilabel(trained.settings))
        yield from map(wrapped, columns.notes)
        examples = self.encode(pairs, trained.settings, trained.parts)
        labels, targets = trained.parts["labels"].tokens, targets_of(examples)
        logits = logits_of(trained.model, [ids for ids, _ in examples])
        for name, value in figures(trained.model, logits, targets).items():
            yield f"{name} {self.show(name, value)}"
        predicted = decide(trained.model, logits)
        yield ""
        yield from score_table(predicted, targets, labels)
        if targets.ndim == 1:
            path = Path(trained.place) / "confusion.png"
            figure = plot_confusion(confusion_matrix(predicted, targets, len(labels)), labels)
            yield saved(figure, path, "confusion matrix")

    def read_input(self, trained: Trained, file: str) -> list[str]:
        """One text per line; of a table, the texts of its rows."""
        if not is_table(file):
            return super().read_input(trained, file)
        columns = columns_of(trained.settings)
        texts = read_unlabelled(file, columns)
        print(*map(wrapped, columns.notes), sep="\n", end="\n" if columns.notes else "", file=sys.stderr)
        return texts

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The most probable label of each text, or all that are probable; with ``json``, the probabilities too.

        A JSON line has the column names of a table of labelled texts, so that training can read the answers.
        """
        model, labels = trained.model, trained.parts["labels"].tokens
        texts = list(lines)
        sequences = self.sequences(texts, trained.settings, trained.parts)
        if not sequences:
            return
        several = model.config["output"] == "multilabel"
        logits = logits_of(model, sequences)
        probabilities = model.probabilities(logits)
        for text, row, decided in zip(texts, probabilities, decide(model, logits), strict=True):
            chosen = [label for label, yes in zip(labels, decided, strict=True) if yes] if several else [labels[decided]]
            if options["json"]:
                answer = {"labels": chosen} if several else {"label": chosen[0]}
                shown = {label: round(float(p), 6) for label, p in zip(labels, row, strict=True)}
                yield json.dumps({"text": text, **answer, "probabilities": shown}, ensure_ascii=False)
            else:
                yield trained.settings.get("separator", ",").join(chosen)


def columns_of(settings: Values) -> Columns:
    """The columns of the table that a run was trained on, if it was one."""
    return Columns(settings.get("text_column"), settings.get("label_column"), of_run=True)


def is_multilabel(settings: Values) -> bool:
    """Whether a text may have several labels, or none."""
    return settings.get("output") == "multilabel"


def labels_of(joined: str, settings: Values) -> list[str]:
    """The labels in a field: one, or several in a list or between separators."""
    if not is_multilabel(settings):
        return [str(joined)]
    if isinstance(joined, Listed):  # whatever the separator, which may be in a label
        return [label for label in joined.entries if label]
    return [label.strip() for label in joined.split(settings["separator"]) if label.strip()]


def balanced(examples: list[Example], parts: Parts) -> list[float]:
    """For each class, N / (K n_k): all K classes that occur count the same; the mean over the texts is 1."""
    counts = np.bincount([target for _, target in examples], minlength=len(parts["labels"]))
    return (len(examples) / (np.count_nonzero(counts) * np.maximum(counts, 1))).tolist()


KIND = ClassifierTask()
