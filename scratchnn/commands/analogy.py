"""``scratchnn analogy DIR_OR_FILE A B C``: A is to B as C is to ?"""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.commands.similar import add_count, add_vectors, ranking
from scratchnn.word2vec.formats import read_vectors
from scratchnn.word2vec.keyed_vectors import METHODS

SCORES = {"add": "cosine with b - a + c (3CosAdd)", "mul": "product and quotient of cosines (3CosMul)"}


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("analogy", help="A is to B as C is to ?")
    add_vectors(parser)
    for name in ("a", "b", "c"):
        parser.add_argument(name, metavar=name.upper(), help="a word that has a vector")
    parser.add_argument("--method", choices=METHODS, default="add", help="3CosAdd or 3CosMul (default: add)")
    add_count(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print rank, score and word, one line per word."""
    vectors = read_vectors(args.vectors, args.limit)
    found = vectors.analogy(args.a, args.b, args.c, args.count, args.method)
    print(f"{args.a} is to {args.b} as {args.c} is to ...  by {SCORES[args.method]}")
    for line in ranking(found):
        print(line)
    return 0
