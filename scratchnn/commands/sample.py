"""``scratchnn sample DIR``: let a trained model write."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.errors import DataError, whole_number
from scratchnn.tasks.trained import load


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("sample", help="let a trained language model write")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train lm")
    parser.add_argument("--prompt", default="", help="text to continue (default: the start of a line)")
    parser.add_argument("--length", type=int, default=300, metavar="M", help="tokens to draw (default: 300)")
    parser.add_argument("--temperature", type=float, default=1.0, help="below 1 is more cautious, 0 is greedy (default: 1)")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K most probable tokens")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the most probable tokens of probability P")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the prompt and its continuation."""
    whole_number(args.length, "--length")
    whole_number(args.seed, "--seed", 0)
    try:
        args.prompt.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"the prompt {args.prompt!r} is not UTF-8") from None
    trained = load(args.run_folder)
    if trained.kind is None:
        raise DataError(f"{trained.place} was saved without a kind; sample from its model in Python")
    names = ("length", "temperature", "top_k", "top_p", "seed")
    print(trained.kind.sample(trained, args.prompt, {name: getattr(args, name) for name in names}))
    return 0
