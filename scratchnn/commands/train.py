"""``scratchnn train KIND``: train a model on your own data."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scratchnn.backend.precision import PRECISIONS, chosen_precision
from scratchnn.commands.arguments import LateParser, add_settings, add_threads, given_settings
from scratchnn.errors import DataError
from scratchnn.tasks.registry import KINDS, find_kind
from scratchnn.training.run_folder import RunFolder


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("train", help="train a model on your own data")
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", parser_class=LateParser)
    for name, (_, text) in KINDS.items():
        kind_parser: LateParser = kinds.add_parser(name, help=text, allow_abbrev=False)
        kind_parser.fill = fill
    parser.set_defaults(run=run)


def fill(parser: LateParser, words: Sequence[str]) -> None:
    """Arguments of one kind: its settings, and where and on what it is trained."""
    kind = find_kind(parser.prog.rpartition(" ")[2])
    parser.description = kind.description
    add_settings(parser, kind.settings)
    out = f"runs/{kind.name}"
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where to train (default: cpu)")
    parser.add_argument("--precision", choices=PRECISIONS, help="of matrix products on a GPU (default: float32)")
    add_threads(parser)
    parser.add_argument("--out", default=out, metavar="DIR", help=f"run folder (default: {out})")
    parser.add_argument("--resume", action="store_true", help="continue the run in DIR; its settings need not be repeated")


def run(args: argparse.Namespace) -> int:
    """Train, or continue to train."""
    if args.kind is None:
        raise DataError(f"choose what to train: {', '.join(KINDS)}; see scratchnn train --help")
    kind = find_kind(args.kind)
    if args.device == "cpu" and args.precision not in (None, "float32"):
        raise DataError(f"--precision {args.precision} goes with --device gpu; products of the CPU are float32")
    with chosen_precision(args.precision):
        kind.train(given_settings(args, kind.settings), RunFolder(args.out), args.resume, args.device)
    return 0
