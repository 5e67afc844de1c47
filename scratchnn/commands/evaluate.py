"""``scratchnn evaluate DIR --text FILE``: the perplexity of a trained language model on a text."""

from __future__ import annotations

import argparse
import math
from typing import Any

from scratchnn.models.language_model import evaluate_text, perplexity
from scratchnn.text import read_texts, tokenize
from scratchnn.training.run_folder import RunFolder


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("evaluate", help="perplexity of a trained model on a text")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train lm")
    parser.add_argument("--text", nargs="+", required=True, metavar="FILE", help="UTF-8 text, plain or .gz")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print loss and perplexity over the whole text, read once from its start with the state carried on."""
    model, vocabulary, settings = RunFolder(args.run_folder).load_language_model()
    ids = vocabulary.encode(tokenize(read_texts(args.text), settings["level"]))
    loss, count = evaluate_text(model, ids)
    unknown = 0.0 if vocabulary.unknown is None else float((ids == vocabulary.unknown).mean())
    print(f"{count:,} {settings['level']}s predicted, {unknown:.2%} of the text <unk>")
    print(f"loss {loss:.4f} nats, {loss / math.log(2):.4f} bits per {settings['level']}, perplexity {perplexity(loss):.2f}")
    return 0
