"""``scratchnn train word2vec``: word vectors of any text, by CBOW or skip-gram with negative sampling."""

from __future__ import annotations

import argparse
import os
from typing import Any

from scratchnn.backend.arrays import load_backend
from scratchnn.commands.settings import Setting, add_settings, check_settings, saved_settings, settle
from scratchnn.errors import CheckpointError, DataError, ScratchnnError
from scratchnn.plot import COLOURS, label, new_figure, save_figure
from scratchnn.training.history import write_rows
from scratchnn.training.run_folder import RunFolder
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.formats import VECTORS, write_vectors
from scratchnn.word2vec.training import ALPHA, COLUMNS, MODELS, Word2VecTrainer

SETTINGS: list[Setting] = [
    ("--text", "text", None, {"nargs": "+", "metavar": "FILE", "help": "UTF-8 text, plain or .gz, words apart by spaces"}),
    ("--model", "model", "skipgram", {"choices": MODELS, "help": "what predicts what"}),
    ("--dim", "size", 100, {"type": int, "metavar": "D", "help": "numbers a word"}),
    ("--window", "window", 5, {"type": int, "metavar": "W", "help": "largest distance of a word from those around it"}),
    ("--negative", "negative", 5, {"type": int, "metavar": "K", "help": "noise words that a true word is told from"}),
    ("--epochs", "epochs", 5, {"type": int, "metavar": "E", "help": "passes over the text"}),
    ("--min-count", "min_count", 5, {"type": int, "metavar": "N", "help": "leave out words that occur less often"}),
    ("--sample", "sample", 1e-3, {"type": float, "metavar": "T", "help": "thin out words of a larger share; 0: none"}),
    ("--alpha", "alpha", None, {"type": float, "help": "first learning rate (default: cbow 0.05, skipgram 0.025)"}),
    ("--block", "block", 64, {"type": int, "metavar": "B", "help": "words that make one step together, at most"}),
    ("--seed", "seed", 0, {"type": int, "help": "of the first vectors and all random choices"}),
    (
        "--checkpoint-every",
        "checkpoint_every",
        60.0,
        {"type": float, "metavar": "SECONDS", "help": "time between checkpoints"},
    ),
]
NOT_PART_OF_IDENTITY = ("text", "checkpoint_every")  # the text counts by its content, see ``text_digest``
LEAST = {"seed": 0}  # for the others 1


def add_parser(kinds: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "word2vec",
        help="word vectors",
        description="Train word vectors on a text, one sentence a line. Texts may be larger than memory.",
        allow_abbrev=False,
    )
    add_settings(parser, SETTINGS, "runs/word2vec")
    parser.set_defaults(run=run)


def word2vec_settings(args: argparse.Namespace, saved: dict[str, Any]) -> dict[str, Any]:
    """All settings: those given, then those of the run to resume, then defaults; checked."""
    settings = settle(args, SETTINGS, saved, "word2vec", lambda name: name in NOT_PART_OF_IDENTITY)
    check_settings(settings, SETTINGS, LEAST)
    if not settings["text"]:
        raise DataError("no text: name one or more files with --text FILE ...")
    settings["alpha"] = ALPHA[settings["model"]] if settings["alpha"] is None else settings["alpha"]
    for flag, name in (("--alpha", "alpha"), ("--checkpoint-every", "checkpoint_every")):
        if not settings[name] > 0:
            raise DataError(f"{flag} must be above 0, got {settings[name]}")
    if not settings["sample"] >= 0:
        raise DataError(f"--sample must be 0 or more, got {settings['sample']}")
    return settings


def run(args: argparse.Namespace) -> int:
    """Train, or continue to train."""
    folder = RunFolder(args.out)
    if not args.resume:
        folder.check_free()
    saved = saved_settings(folder, "word2vec", "run of word2vec") if args.resume else {}
    settings = word2vec_settings(args, saved)
    library = "cupy" if args.device == "gpu" else "numpy"
    load_backend(library)  # better now than after a long text has been counted
    new = not os.path.exists(folder.path)
    folder.create(args.resume)
    try:
        trainer = prepare(settings, saved, folder, library)
        resumed = args.resume and trainer.resume()
    except ScratchnnError:
        if new:
            folder.path.rmdir()
        raise
    vectors = folder.path / VECTORS
    if resumed and trainer.done() and os.path.exists(vectors):
        print(f"{folder.path}: this run is finished ({trainer.epoch} epochs); nothing to do")
        return 0
    corpus = trainer.corpus
    corpus.vocabulary.save(folder.vocabulary)
    folder.write_settings(settings)
    kept = corpus.counts.sum() / corpus.words
    where = f"; continuing after {trainer.words:,} words" if resumed else ""
    print(f"{corpus.words:,} words of text, {kept:.1%} of them in the vocabulary of {len(corpus.vocabulary):,}{where}")
    write_vectors(vectors, trainer.fit())
    print(f"vectors of {len(corpus.vocabulary):,} words in {vectors}")
    return 0


def prepare(settings: dict[str, Any], saved: dict[str, Any], folder: RunFolder, library: str) -> Word2VecTrainer:
    """Count the text, and make a trainer that writes to the run folder."""
    corpus = Corpus(settings["text"], settings["min_count"], folder=folder.path, progress=True)
    settings["text_digest"] = corpus.digest
    if os.path.exists(folder.checkpoint) and saved.get("text_digest", corpus.digest) != corpus.digest:
        raise CheckpointError(f"{folder.path} was started with another text; give that one, or choose another --out")

    def after_epoch(trainer: Word2VecTrainer) -> None:
        row = trainer.rows[-1]
        loss = "" if row["loss"] is None else f"loss {row['loss']:.4f}, "
        print(f"epoch {trainer.epoch}: {loss}{row['words_per_second']:,.0f} words/s", flush=True)
        write_rows(folder.history, COLUMNS, trainer.rows)
        plot_loss(trainer, folder)

    return Word2VecTrainer(
        corpus,
        settings["model"],
        **{name: settings[name] for _, name, _, _ in SETTINGS if name not in ("text", "model", "min_count")},
        device=library,
        checkpoint=folder.checkpoint,
        on_epoch=after_epoch,
        identity={k: v for k, v in settings.items() if k not in NOT_PART_OF_IDENTITY},
    )


def plot_loss(trainer: Word2VecTrainer, folder: RunFolder) -> None:
    """The loss against the words read."""
    rows = [row for row in trainer.rows if row["loss"] is not None]
    figure, axes = new_figure()
    axes.plot([row["words"] for row in rows], [row["loss"] for row in rows], color=COLOURS[0], marker=".")
    label(axes, f"word2vec, {trainer.model}", "words read", "loss (nats)")
    save_figure(figure, folder.path / "loss.png")
