"""``scratchnn train KIND``: train a model; each kind has a file ``train_KIND.py``."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.commands import train_lm, train_word2vec


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("train", help="train a model on your own data")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    train_lm.add_parser(kinds)
    train_word2vec.add_parser(kinds)
