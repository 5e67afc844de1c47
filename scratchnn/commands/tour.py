"""``scratchnn tour``: in at most three minutes, what this package is about.

Every backward pass is checked; a character LSTM learns real English, the language reference that every Python carries; the
gradient's way back through time is measured. Figures, samples and a summary are left in a folder.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.data import TokenStreams
from scratchnn.datasets import python_manual
from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.gradcheck.engine import LIMITS
from scratchnn.gradcheck.registry import select
from scratchnn.gradcheck.report import check_cases, family_table, plot_findings
from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.models.language_model import LanguageModel, evaluate_text, perplexity
from scratchnn.optim import Adam
from scratchnn.plot import plot_gradient_norms, plot_history, save_figure
from scratchnn.recurrent import GRU, LSTM, RNN
from scratchnn.tasks.lm import continue_text
from scratchnn.text import UNKNOWN, Vocabulary
from scratchnn.training import Trainer
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
    parser: argparse.ArgumentParser = commands.add_parser("tour", help="see it work, in three minutes at most")
    parser.add_argument("--out", default="tour", metavar="DIR", help="folder for figures and summary (default: tour)")
    parser.set_defaults(run=run)


def samples(model: LanguageModel, vocabulary: Vocabulary) -> list[str]:
    """One continuation of each prompt, the same draws every time."""
    rng = np.random.default_rng(0)
    return [continue_text(model, vocabulary, "char", p, SAMPLE_LENGTH, rng, temperature=0.7) for p in PROMPTS]


def learn(folder: RunFolder) -> dict[str, Any]:
    """Train the character LSTM; returns what the summary tells of it."""
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
    """Gradient norms through 100 steps of each cell as initialised, relative to the last step."""
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
    """The summary as Markdown, with the figures in place."""
    blocks = [
        "# A tour of scratchnn",
        f"Took {seconds:.0f} seconds. The figures lie beside this file.",
        "## 1. Checking every backward pass",
        "Central differences and the complex step against every gradient written out by hand; the limits are "
        + " and ".join(f"{limit:.0e} ({method})" for method, limit in LIMITS.items())
        + ".",
        f"```\n{table}\n```",
        "![largest relative errors](gradcheck.png)",
        "## 2. A character LSTM learns Python's language reference",
        f"{learned['characters']:,} characters of Python's language reference, {learned['distinct']} distinct, one LSTM "
        f"of {SETTINGS['hidden_size']} units, {EPOCHS} epochs. Validation perplexity (how many characters it is torn "
        f"between): {learned['untrained']:.1f} before training, {learned['trained']:.2f} after.",
        "![loss and perplexity](learning.png)",
    ]
    for (before, after), prompt in zip(learned["samples"], PROMPTS, strict=True):
        blocks.append(f"Prompt `{prompt}`, before training:\n\n```\n{before}\n```\n\nafter:\n\n```\n{after}\n```")
    reach = ", ".join(f"{name} {values[50]:.0e}" for name, values in norms.items())
    blocks += [
        "More of it: `python -m scratchnn sample " + str(path.parent / "model") + ' --prompt "The " --temperature 0.7`',
        "## 3. The gradient's way back through time",
        f"What is left of the gradient 50 steps back, in networks as initialised: {reach}. The cell state of the LSTM "
        "passes it on through a product with the forget gate alone; the RNN multiplies by a matrix and a slope below 1.",
        "![gradient norm through time](gradient_through_time.png)",
    ]
    write_atomically(path, ("\n\n".join(blocks) + "\n").encode("utf-8"))


def run(args: argparse.Namespace) -> int:
    """Check, learn, measure, and write it all down; the status is 1 where a gradient check fails."""
    out = Path(args.out)
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file, not a folder")
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
    print(f"validation perplexity {learned['untrained']:.1f} before training, {learned['trained']:.2f} after; it writes:")
    for before, after in learned["samples"]:
        print(f"  before: {before!r:.80}\n  after:  {after!r:.80}")

    print("\n3. The gradient's way back through time")
    norms = flow()
    for name, values in norms.items():
        print(f"  {name:<5} {values[10]:.1e} of it is left after 10 steps, {values[50]:.1e} after 50")
    save_figure(plot_gradient_norms(norms), out / "gradient_through_time.png")

    write_summary(out / "summary.md", table, learned, norms, time.perf_counter() - start)
    print(f"\nDone in {time.perf_counter() - start:.0f} seconds. Figures, samples and summary.md are in {out}/")
    return 0 if all(finding.ok for _, finding in findings) else 1
