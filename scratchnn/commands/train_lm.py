"""``scratchnn train lm``: a language model of characters, Korean letters, or words on any text."""

from __future__ import annotations

import argparse
import hashlib
import os
from typing import Any

import numpy as np

from scratchnn.backend import move
from scratchnn.commands.settings import Setting, add_settings, check_settings, saved_settings, settle
from scratchnn.data import TokenStreams
from scratchnn.datasets import python_sources
from scratchnn.errors import CheckpointError, DataError
from scratchnn.inspection.summary import summary
from scratchnn.models.language_model import CELLS, LanguageModel, evaluate_text, model_settings, perplexity
from scratchnn.optim import SGD, Adam, Cosine, Optimizer, Plateau, Schedule, StepDecay
from scratchnn.plot import plot_history, save_figure
from scratchnn.text import LEVELS, UNKNOWN, Vocabulary, read_text, read_texts, tokenize
from scratchnn.training import Trainer
from scratchnn.training.run_folder import RunFolder

SETTINGS: list[Setting] = [
    (
        "--text",
        "text",
        [],
        {"nargs": "+", "metavar": "FILE", "help": "UTF-8 text, plain or .gz (default: Python's own sources)"},
    ),
    ("--valid", "valid", None, {"metavar": "FILE", "help": "validation text (default: the last twentieth of the text)"}),
    ("--level", "level", "char", {"choices": LEVELS, "help": "what a token is; a letter is a part of a Korean syllable"}),
    ("--vocabulary", "vocabulary_size", 10000, {"type": int, "metavar": "V", "help": "largest number of distinct tokens"}),
    ("--cell", "cell", "lstm", {"metavar": "|".join(CELLS), "help": "recurrent cell"}),
    ("--hidden", "hidden_size", 256, {"type": int, "metavar": "H", "help": "units in each recurrent layer"}),
    ("--embed", "embedding_size", None, {"type": int, "metavar": "D", "help": "size of the embedding (default: H)"}),
    ("--layers", "layers", 1, {"type": int, "metavar": "L", "help": "recurrent layers"}),
    ("--forget-bias", "forget_bias", 1.0, {"type": float, "metavar": "B", "help": "start of the LSTM's forget gate bias"}),
    ("--dropout", "dropout", 0.0, {"type": float, "metavar": "P", "help": "dropout between layers"}),
    ("--tie", "tied", False, {"action": "store_true", "help": "share embedding and output weights"}),
    ("--epochs", "epochs", 3, {"type": int, "metavar": "E", "help": "passes over the text"}),
    ("--batch", "batch_size", 32, {"type": int, "metavar": "N", "help": "streams read side by side"}),
    ("--window", "window", 64, {"type": int, "metavar": "T", "help": "steps of truncated BPTT"}),
    ("--optimizer", "optimizer", "adam", {"choices": ("adam", "sgd"), "help": "how parameters follow gradients"}),
    ("--lr", "lr", None, {"type": float, "help": "learning rate (default: adam 0.002, sgd 20)"}),
    ("--clip", "clip", 0.25, {"type": float, "metavar": "NORM", "help": "bound on the gradient's norm"}),
    (
        "--schedule",
        "schedule",
        "none",
        {"choices": ("none", "step", "plateau", "cosine"), "help": "learning rate by epoch"},
    ),
    ("--decay", "decay", 0.25, {"type": float, "help": "factor of the step and plateau schedules"}),
    ("--decay-after", "decay_after", 1, {"type": int, "metavar": "E", "help": "epochs before the step schedule sets in"}),
    ("--patience", "patience", None, {"type": int, "metavar": "E", "help": "stop after E epochs without improvement"}),
    ("--seed", "seed", 0, {"type": int, "help": "of weights and dropout masks"}),
    (
        "--checkpoint-every",
        "checkpoint_every",
        1000,
        {"type": int, "metavar": "STEPS", "help": "steps between checkpoints"},
    ),
]
NOT_PART_OF_IDENTITY = ("epochs", "text", "valid")  # the texts count by their content, see ``text_digest``
LEAST = {"vocabulary_size": 2, "seed": 0}  # for the others 1


def add_parser(kinds: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "lm", help="a language model", description="Train a language model on a text.", allow_abbrev=False
    )
    add_settings(parser, SETTINGS, "runs/lm")
    parser.set_defaults(run=run)


def lm_settings(args: argparse.Namespace, saved: dict[str, Any]) -> dict[str, Any]:
    """All settings: those given, then those of the run to resume, then defaults; checked."""

    def free(name: str) -> bool:
        return name in NOT_PART_OF_IDENTITY and not (name == "epochs" and saved.get("schedule") == "cosine")

    settings = settle(args, SETTINGS, saved, "lm", free)
    if settings["lr"] is None:
        settings["lr"] = 20.0 if settings["optimizer"] == "sgd" else 0.002
    if settings["embedding_size"] is None:
        settings["embedding_size"] = settings["hidden_size"]
    check_settings(settings, SETTINGS, LEAST)
    if not settings["clip"] > 0:
        raise DataError(f"--clip must be above 0, got {settings['clip']}")
    if settings["cell"] not in CELLS:
        raise DataError(f"unknown cell {settings['cell']!r}; choose one of {', '.join(CELLS)}")
    return settings


def split_text(text: str) -> tuple[str, str]:
    """Training and validation text: without the last twentieth, and that. Cut at a line end or a space if one is near."""
    least, most = len(text) - len(text) // 10, len(text) - len(text) // 20
    for mark in ("\n", " "):
        cut = text.rfind(mark, least, most) + 1
        if cut:
            return text[:cut], text[cut:]
    return text[:most], text[most:]


def read_corpus(settings: dict[str, Any]) -> tuple[Vocabulary, np.ndarray, np.ndarray]:
    """Vocabulary of the training text, ids of the training and of the validation text."""
    text = read_texts(settings["text"]) if settings["text"] else python_sources()
    text, valid = split_text(text) if settings["valid"] is None else (text, read_text(settings["valid"]))
    level, size = settings["level"], settings["vocabulary_size"]
    vocabulary = Vocabulary.build(tokenize(text, level), specials=(UNKNOWN,), max_size=size)
    train_ids, valid_ids = (vocabulary.encode(tokenize(part, level)) for part in (text, valid))
    return vocabulary, train_ids, valid_ids


def make_optimizer(model: LanguageModel, settings: dict[str, Any]) -> tuple[Optimizer, Schedule | None]:
    """Optimizer and schedule as named in the settings."""
    kind = SGD if settings["optimizer"] == "sgd" else Adam
    optimizer: Optimizer = kind(model.parameters(), settings["lr"])
    schedule: Schedule | None = None
    if settings["schedule"] == "step":
        schedule = StepDecay(optimizer, settings["decay"], after=settings["decay_after"])
    elif settings["schedule"] == "plateau":
        schedule = Plateau(optimizer, settings["decay"])
    elif settings["schedule"] == "cosine":
        schedule = Cosine(optimizer, settings["epochs"])
    return optimizer, schedule


def run(args: argparse.Namespace) -> int:
    """Train, or continue to train."""
    folder = RunFolder(args.out)
    if not args.resume:
        folder.check_free()
    saved = saved_settings(folder, "lm", "language model") if args.resume else {}
    settings = lm_settings(args, saved)
    vocabulary, train_ids, valid_ids = read_corpus(settings)
    batches = TokenStreams(train_ids, settings["batch_size"], settings["window"])
    if len(valid_ids) < 2:
        raise DataError("the validation text has fewer than two tokens; give a longer one with --valid FILE")
    settings["text_digest"] = hashlib.sha256(train_ids.tobytes() + valid_ids.tobytes()).hexdigest()
    if os.path.exists(folder.checkpoint) and saved.get("text_digest", settings["text_digest"]) != settings["text_digest"]:
        raise CheckpointError(f"{folder.path} was started with another text; give that one, or choose another --out")
    rng = np.random.default_rng(settings["seed"])
    model = LanguageModel(len(vocabulary), **model_settings(settings), rng=rng)
    optimizer, schedule = make_optimizer(model, settings)
    library = "cupy" if args.device == "gpu" else "numpy"
    model.to(library)

    def after_epoch(trainer: Trainer) -> None:
        row = trainer.history.rows[-1]
        print(
            f"epoch {trainer.epoch}: training perplexity {perplexity(trainer.history.epoch_loss(trainer.epoch)):.2f}, "
            f"validation perplexity {perplexity(row['validation_loss']):.2f}, lr {row['lr']:.4g}",
            flush=True,
        )
        if trainer.best_epoch == trainer.epoch:
            folder.save_model(model)
        trainer.history.write_csv(folder.history)
        save_figure(plot_history(trainer.history, "Language model"), folder.path / "loss.png")

    trainer = Trainer(
        model,
        optimizer,
        batches,
        seed=settings["seed"],
        max_norm=settings["clip"],
        schedule=schedule,
        validate=lambda: evaluate_text(model, valid_ids)[0],
        patience=settings["patience"],
        checkpoint=folder.checkpoint,
        checkpoint_every=settings["checkpoint_every"],
        on_epoch=after_epoch,
        perplexity=True,
        identity={k: v for k, v in settings.items() if k not in NOT_PART_OF_IDENTITY},
    )
    resumed = args.resume and trainer.resume()
    if resumed and trainer.done(settings["epochs"]):
        print(f"{folder.path}: this run is finished ({trainer.epoch} epochs); nothing to do")
        return 0
    folder.create(args.resume)
    vocabulary.save(folder.vocabulary)
    folder.write_settings(settings)
    where = f"continuing after {trainer.step} steps" if resumed else f"{len(batches)} steps an epoch"
    print(summary(model, move(train_ids[None, :1], library)))
    print(f"{len(train_ids):,} tokens to learn, {len(valid_ids):,} to validate, {len(vocabulary):,} distinct; {where}")
    trainer.fit(settings["epochs"])
    best = perplexity(trainer.best_loss) if trainer.best_loss is not None else float("nan")
    print(f"best validation perplexity {best:.2f} (epoch {trainer.best_epoch}); everything is in {folder.path}")
    return 0
