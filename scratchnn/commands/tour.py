"""``scratchnn tour``: what this package is about, in at most three minutes.

The tour checks every backward pass, trains a character LSTM on real English (the language reference that comes with every
Python), and measures how gradients decay on their way back through time. It writes figures, samples and a summary to a
folder.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import threads_for
from scratchnn.commands.arguments import add_threads
from scratchnn.data import TokenStreams
from scratchnn.datasets import python_manual
from scratchnn.files import write_atomically
from scratchnn.gradcheck.engine import LIMITS
from scratchnn.gradcheck.figure import plot_findings
from scratchnn.gradcheck.registry import select
from scratchnn.gradcheck.report import check_cases, family_of, family_table
from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.models.language_model import LanguageModel, evaluate_text, perplexity
from scratchnn.optim import Adam
from scratchnn.plot import plot_gradient_norms, save_figure
from scratchnn.recurrent import GRU, LSTM, RNN
from scratchnn.tasks.lm import continue_text
from scratchnn.text import UNKNOWN, Vocabulary
from scratchnn.training import Trainer
from scratchnn.training.figure import plot_history
from scratchnn.training.run_folder import RunFolder

PROMPTS = ("The ", "If the ", "A class ")
SETTINGS: dict[str, Any] = {
    "kind": "lm",
    "level": "char",
    "cell": "lstm",
    "embedding_size": 128,
    "hidden_size": 128,
    "layers": 1,
    "forget_bias": 1.0,
    "dropout": 0.0,
    "tied": False,
}
SAMPLE_LENGTH = 160
EPOCHS = 6


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("tour", help="see the package at work, in at most three minutes")
    parser.add_argument(
        "--out", default="tour", metavar="DIR", help="folder for the figures and the summary (default: tour)"
    )
    add_threads(parser)
    parser.set_defaults(run=run)


def samples(model: LanguageModel, vocabulary: Vocabulary) -> list[str]:
    """One continuation of each prompt, drawn from a generator with a fixed seed."""
    rng = np.random.default_rng(0)
    return [continue_text(model, vocabulary, "char", p, SAMPLE_LENGTH, rng, temperature=0.7) for p in PROMPTS]


def learn(folder: RunFolder) -> dict[str, Any]:
    """Train the character LSTM; returns the figures and samples for the summary."""
    text = python_manual()
    cut = text.rfind("\n", 0, len(text) * 19 // 20) + 1
    vocabulary = Vocabulary.build(text[:cut], specials=(UNKNOWN,))
    train_ids, valid_ids = vocabulary.encode(text[:cut]), vocabulary.encode(text[cut:])
    sizes = {k: v for k, v in SETTINGS.items() if k not in ("kind", "level")}
    model = LanguageModel(len(vocabulary), **sizes, rng=np.random.default_rng(0))
    before = samples(model, vocabulary)
    untrained = perplexity(evaluate_text(model, valid_ids)[0])
    trainer = Trainer(
        model,
        Adam(model.parameters(), 0.004),
        TokenStreams(train_ids, 32, 64),
        max_norm=0.25,
        validate=lambda: model.figures(evaluate_text(model, valid_ids)[0]),
        record_every=20,
    )
    trainer.fit(EPOCHS)
    folder.create(resume=True)
    folder.write_settings(SETTINGS)
    folder.save_parts({"vocabulary": vocabulary})
    folder.save_model(model, {"vocabulary": vocabulary})
    return {
        "history": trainer.history,
        "characters": len(train_ids),
        "distinct": len(vocabulary),
        "untrained": untrained,
        "trained": trainer.history.rows[-1]["validation_perplexity"],
        "samples": list(zip(before, samples(model, vocabulary), strict=True)),
    }


def flow() -> dict[str, np.ndarray]:
    """Gradient norms through 100 steps of each cell at initialisation, relative to the last step."""
    rng = np.random.default_rng(0)
    N, T, H = 8, 100, 64
    x = rng.standard_normal((N, T, H)).astype(np.float32)
    dh = rng.standard_normal((N, H)).astype(np.float32)
    found = {}
    for cell in (RNN, GRU, LSTM):
        layer = cell(H, H, rng=rng)
        norms = gradient_norms(layer, x, (dh, np.zeros_like(dh)) if cell is LSTM else dh)
        found[cell.__name__] = norms / norms[0]
    return found


def write_summary(path: Path, table: str, learned: dict[str, Any], norms: dict[str, np.ndarray], seconds: float) -> None:
    """Write the summary as Markdown, with the figures in place."""
    blocks = [
        "# A tour of scratchnn",
        f"This tour took {seconds:.0f} seconds. Its figures are in the same folder as this file.",
        "## 1. Checking every backward pass",
        "Every gradient was derived by hand and is compared here with central differences and with the complex step. The "
        "largest relative error allowed is " + " and ".join(f"{limit:.0e} ({m})" for m, limit in LIMITS.items()) + ".",
        f"```\n{table}\n```",
        "![The largest relative error of each array](gradcheck.png)",
        "## 2. A character LSTM learns Python's language reference",
        f"One LSTM of {SETTINGS['hidden_size']} units learns from {learned['characters']:,} characters of the "
        f"reference ({learned['distinct']} distinct) in {EPOCHS} epochs. The validation perplexity, the effective "
        f"number of characters that the model chooses between, is {learned['untrained']:.1f} before training and "
        f"{learned['trained']:.2f} after it.",
        "![Loss and perplexity](learning.png)",
    ]
    for (before, after), prompt in zip(learned["samples"], PROMPTS, strict=True):
        blocks.append(f"Prompt `{prompt}`, before training:\n\n```\n{before}\n```\n\nafter training:\n\n```\n{after}\n```")
    reach = ", ".join(f"{name} {values[50]:.0e}" for name, values in norms.items())
    blocks += [
        "For more text: `python -m scratchnn sample " + str(path.parent / "model") + ' --prompt "The " --temperature 0.7`',
        "## 3. The gradient on its way back through time",
        f"The fraction of the gradient norm that remains after 50 steps back, at initialisation: {reach}. The cell state "
        "of the LSTM scales the gradient with the forget gate alone; the RNN multiplies it by a matrix and by slopes "
        "below 1. The inputs are random numbers of size 1, which make these slopes small; with small inputs an untrained "
        "RNN keeps its gradient and loses it while it learns, as chapter 6 of the book shows.",
        "![The gradient norm through time](gradient_through_time.png)",
    ]
    write_atomically(path, ("\n\n".join(blocks) + "\n").encode("utf-8"))


def run(args: argparse.Namespace) -> int:
    """Check, train, measure, and write the results; the status is 1 if a gradient check fails."""
    with threads_for(0):  # all products of the tour are small
        return tour(Path(args.out))


def tour(out: Path) -> int:
    """The three parts, with their results in the folder ``out``; returns the exit status."""
    RunFolder(out).create(resume=True)
    start = time.perf_counter()

    print("1. Checking every backward pass")
    findings = check_cases(select([]))
    table = family_table(findings)
    print(table)
    write_atomically(out / "gradcheck.txt", (table + "\n").encode("utf-8"))
    save_figure(plot_findings(findings), out / "gradcheck.png")

    print("\n2. A character LSTM learns Python's language reference")
    learned = learn(RunFolder(out / "model"))
    save_figure(plot_history(learned["history"], "Character LSTM"), out / "learning.png")
    print(f"validation perplexity {learned['untrained']:.1f} before training, {learned['trained']:.2f} after it; samples:")
    for before, after in learned["samples"]:
        print(f"  before: {before!r:.70}\n  after:  {after!r:.70}")

    print("\n3. The gradient on its way back through time")
    norms = flow()
    for name, values in norms.items():
        print(f"  {name:<5} {values[10]:.1e} of the norm remains after 10 steps, {values[50]:.1e} after 50")
    save_figure(plot_gradient_norms(norms), out / "gradient_through_time.png")

    write_summary(out / "summary.md", table, learned, norms, time.perf_counter() - start)
    print(f"\nDone in {time.perf_counter() - start:.0f} seconds. The figures and summary.md are in {out}/")
    failed = dict.fromkeys(family_of(case) for case, finding in findings if not finding.ok)
    if failed:
        print(f"A gradient check fails; for details: python -m scratchnn gradcheck {' '.join(failed)}")
    return 1 if failed else 0
