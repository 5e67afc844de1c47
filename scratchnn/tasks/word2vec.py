"""``word2vec``: word vectors of any text, by CBOW or skip-gram with negative sampling.

The text is streamed and learned block by block, so this kind has a trainer of its own; run folder, settings, resuming and
checkpoints are those of every kind.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scratchnn.backend import to_numpy
from scratchnn.backend.arrays import load_backend
from scratchnn.errors import DataError, ScratchnnError, ScratchnnWarning
from scratchnn.files import write_atomically
from scratchnn.plot import COLOURS, label, new_figure, save_figure
from scratchnn.tasks.task import Kind
from scratchnn.tasks.trained import Trained
from scratchnn.terminal import wrapped
from scratchnn.training.history import table_of
from scratchnn.training.reports import Reports
from scratchnn.training.run_folder import RunFolder
from scratchnn.training.settings import Setting, Values, choose, other_data
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.formats import VECTORS, read_vectors, write_vectors
from scratchnn.word2vec.training import ALPHA, CHECKPOINT_EVERY, COLUMNS, MODELS, Word2VecTrainer

COLLAPSED = 0.8  # mean cosine of two words above which neighbours say little
UNTRAINED = 1.2  # times their first size, below which vectors have hardly moved
FREE = ("data", "checkpoint_every")  # what a resumed run may change; the text counts by its content, see data_digest


class Word2Vec(Kind):
    """Word vectors, saved as ``vectors.txt``."""

    name = "word2vec"
    title = "word vectors"
    description = "Train word vectors on a text, one sentence per line. Texts may be larger than memory."
    settings = (
        Setting(
            "--data",
            "data",
            None,
            "UTF-8 text, plain or .gz, words separated by spaces",
            metavar="FILE",
            many=True,
            aliases=("--text",),
            identity=False,
        ),
        Setting("--model", "model", "skipgram", "what predicts what", choices=MODELS),
        Setting("--dim", "size", 100, "dimensions of a vector", int, "D"),
        Setting("--window", "window", 5, "largest distance of a word from those around it", int, "W"),
        Setting("--negative", "negative", 5, "noise words per true word", int, "K"),
        Setting("--epochs", "epochs", 5, "passes over the text", int, "E"),
        Setting("--min-count", "min_count", 5, "leave out words that occur less often", int, "N"),
        Setting("--sample", "sample", 1e-3, "subsample words with a larger share of the text; 0: none", float, "T"),
        Setting(
            "--lr",
            "alpha",
            None,
            "first learning rate (default: cbow 0.05, skipgram 0.025)",
            float,
            above=0,
            aliases=("--alpha",),
        ),
        Setting("--block", "block", 64, "most words that make one step together", int, "B"),
        Setting("--seed", "seed", 0, "of the first vectors and all random choices", int, least=0),
        Setting(
            "--checkpoint-every",
            "checkpoint_every",
            CHECKPOINT_EVERY,
            "steps (blocks) between checkpoints",
            int,
            "STEPS",
            identity=False,
        ),
    )

    def train(self, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
        """Train, or continue to train; see ``Kind.train``."""
        with folder.locked():
            self._train(given, folder, resume, device)

    def _train(self, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
        if not resume:
            folder.check_free()
        saved = folder.settings_to_resume(self.name) if resume else {}
        settings = self.settle(given, saved, folder)
        library = "cupy" if device == "gpu" else "numpy"
        load_backend(library)  # now rather than after a long text has been counted
        if device == "gpu":
            slower = "word2vec trains faster on the CPU: its operations are too small for a GPU; leave out --device gpu"
            warnings.warn(slower, ScratchnnWarning, stacklevel=2)
        new = not os.path.exists(folder.path)
        folder.create(resume)
        try:
            trainer = prepare(settings, saved, folder, library)
            resumed = resume and trainer.resume()
        except ScratchnnError:
            if new:
                folder.discard()
            raise
        vectors = folder.path / VECTORS
        if resumed and trainer.done() and os.path.isfile(vectors):
            print(f"{folder.path}: this run is finished ({trainer.epoch} epochs); nothing to do")
            print("its learning rate has reached its end; for more --epochs, choose another --out")
            return
        corpus = trainer.corpus
        folder.save_parts({"vocabulary": corpus.vocabulary})
        folder.write_settings(settings)
        kept = corpus.counts.sum() / corpus.words
        where = f"; continuing after {trainer.words:,} words" if resumed else ""
        note = f"{corpus.words:,} words of text, {kept:.1%} of them in the vocabulary of {len(corpus.vocabulary):,}{where}"
        print(wrapped(note), flush=True)
        if resumed and trainer.done() and trainer.on_epoch is not None:
            trainer.on_epoch(trainer)  # the vectors are written last, so the reports may be missing too
        write_vectors(vectors, trainer.fit())
        print(f"vectors of {len(corpus.vocabulary):,} words in {vectors}")
        if warning := weakness(trainer):
            print(wrapped(f"warning: {warning}"), file=sys.stderr)

    def settle(self, given: Mapping[str, Any], saved: Values, folder: RunFolder) -> Values:
        """All settings of the run, checked."""
        settings: Values = {"kind": self.name, **choose(self.settings, given, saved, str(folder.path))}
        if not settings["data"]:
            raise DataError("no text: name one or more files with --data FILE ...")
        if settings["alpha"] is None:
            settings["alpha"] = ALPHA[settings["model"]]
        if not settings["sample"] >= 0:
            raise DataError(f"--sample must be 0 or more, got {settings['sample']}")
        return settings

    def load(self, folder: RunFolder, settings: Values) -> Trained:
        """The vectors as ``model``, a ``KeyedVectors``; see ``Kind.load``."""
        return Trained(read_vectors(folder.path), {}, settings, self, str(folder.path))

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Vectors are evaluated by a command of their own."""
        raise DataError(f"{trained.place} contains word vectors; use evaluate-vectors {trained.place}")

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """Vectors answer questions about words only."""
        raise DataError(f"{trained.place} contains word vectors; use similar or analogy {trained.place} WORD ...")

    def sample(self, trained: Trained, prompt: str, options: Values) -> str:
        """Vectors do not write."""
        raise DataError(f"{trained.place} contains word vectors, which do not write; use a run of train lm")


def prepare(settings: Values, saved: Values, folder: RunFolder, library: str) -> Word2VecTrainer:
    """Count the text, and make a trainer that writes to the run folder."""
    corpus = Corpus(settings["data"], settings["min_count"], folder=folder.path, progress=True)
    settings["data_digest"] = corpus.digest
    if os.path.exists(folder.checkpoint) and saved.get("data_digest", corpus.digest) != corpus.digest:
        raise other_data(KIND.settings, settings, saved, str(folder.path))

    def after_epoch(trainer: Word2VecTrainer) -> None:
        loss, speed = trainer.epoch_means(trainer.epoch)
        print(f"epoch {trainer.epoch}: {'' if loss is None else f'loss {loss:.4f}, '}{speed:,.0f} words/s", flush=True)
        table = table_of(COLUMNS, trainer.rows)
        reports.write(lambda: write_atomically(folder.history, table), lambda: plot_loss(trainer, folder))

    reports = Reports()
    names = ("epochs", "size", "window", "negative", "sample", "alpha", "block", "seed", "checkpoint_every")
    return Word2VecTrainer(
        corpus,
        settings["model"],
        **{name: settings[name] for name in names},
        device=library,
        checkpoint=folder.checkpoint,
        on_epoch=after_epoch,
        identity={name: value for name, value in settings.items() if name not in FREE},
    )


def weakness(trainer: Word2VecTrainer) -> str:
    """What is wrong with the vectors of a text that was too short for its epochs, and what helps; empty if nothing is.

    At first all vectors move in one common direction; they part later. With the defaults, 36,000 words of Shakespeare end
    with a mean cosine of 0.96 between two words; ten times the epochs bring it down to 0.27.
    """
    help_ = f"use more epochs (--epochs {10 * trainer.epochs}, in another --out) or a longer text"
    W = to_numpy(trainer.tables.W_in.data).astype(np.float64)  # (V, D)
    directions = W / np.linalg.norm(W, axis=1, keepdims=True)
    V, total = len(W), directions.sum(axis=0)
    cosine = (total @ total - V) / (V * (V - 1))  # mean over all pairs
    if cosine > COLLAPSED:
        return f"all words look alike: two vectors have a mean cosine of {cosine:.2f}; {help_}"
    size, first = math.sqrt((W * W).mean()), 0.5 / W.shape[1] / math.sqrt(3)  # root mean squares, now and at first
    if size < UNTRAINED * first:
        return f"the vectors have hardly moved from their random start, so neighbours are chance; {help_}"
    return ""


def plot_loss(trainer: Word2VecTrainer, folder: RunFolder) -> None:
    """The loss against the words read."""
    rows = [row for row in trainer.rows if row["loss"] is not None]
    figure, axes = new_figure()
    axes.plot([row["words"] for row in rows], [row["loss"] for row in rows], color=COLOURS[0], marker=".")
    label(axes, f"word2vec, {trainer.model}", "words read", "loss (nats)")
    save_figure(figure, folder.figure)


KIND = Word2Vec()
