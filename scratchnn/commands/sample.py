"""``scratchnn sample DIR``: let a trained language model continue a prompt."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from scratchnn.decoding import generate
from scratchnn.errors import DataError, whole_number
from scratchnn.models.language_model import LanguageModel
from scratchnn.text import END, Vocabulary, join_tokens, tokenize
from scratchnn.training.run_folder import RunFolder


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("sample", help="let a trained language model write")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train lm")
    parser.add_argument("--prompt", default="", help="text to continue (default: the start of a line)")
    parser.add_argument("--length", type=int, default=300, metavar="M", help="tokens to draw (default: 300)")
    parser.add_argument("--temperature", type=float, default=1.0, help="below 1 bolder, 0 greedy (default: 1)")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K most probable tokens")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the tokens that hold probability P")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    parser.set_defaults(run=run)


def continue_text(
    model: LanguageModel,
    vocabulary: Vocabulary,
    level: str,
    prompt: str,
    length: int,
    rng: np.random.Generator,
    **options: Any,
) -> str:
    """The prompt and ``length`` drawn tokens, as text; an empty prompt stands for the start of a line."""
    start = END if level == "word" else "\n"
    tokens = list(tokenize(prompt, level)) or [start]
    if level == "word" and len(tokens) > 1 and not prompt.endswith("\n"):
        tokens.pop()  # the end of the line, which the prompt is to go on without
    if not any(token in vocabulary for token in tokens):
        what = f"no token of the prompt {prompt!r}" if prompt else "no start of a line; give it a --prompt"
        raise DataError(f"the model knows {what}")
    ids = vocabulary.encode(tokens)
    avoid = [] if vocabulary.unknown is None else [vocabulary.unknown]
    drawn = generate(model, ids, length, rng, avoid=avoid, **options)
    shown = tokens if prompt else []
    return join_tokens([*shown, *vocabulary.decode(drawn)], level)


def run(args: argparse.Namespace) -> int:
    """Print the prompt and its continuation."""
    whole_number(args.length, "--length")
    whole_number(args.seed, "--seed", 0)
    try:
        args.prompt.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"the prompt {args.prompt!r} is not UTF-8") from None
    model, vocabulary, settings = RunFolder(args.run_folder).load_language_model()
    rng = np.random.default_rng(args.seed)
    options = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}
    print(continue_text(model, vocabulary, settings["level"], args.prompt, args.length, rng, **options))
    return 0
