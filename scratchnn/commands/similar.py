"""``scratchnn similar DIR_OR_FILE WORD``: the words with the most similar vectors."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from scratchnn.commands.arguments import add_threads
from scratchnn.word2vec.formats import read_vectors

WIDTH = 40  # characters of a word that are shown; Korean characters take two columns each


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("similar", help="words with the most similar vectors")
    add_vectors(parser)
    parser.add_argument("word", metavar="WORD", help="a word that has a vector")
    add_count(parser)
    parser.set_defaults(run=run)


def add_vectors(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the vectors, and for computing with them."""
    add_threads(parser)
    parser.add_argument(
        "vectors",
        metavar="DIR_OR_FILE",
        help="run folder of train word2vec, or a file in the word2vec text or binary format or the GloVe format, or .gz",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="read only the first N words of the file")


def add_count(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the number of words to show."""
    parser.add_argument("--count", type=int, default=10, metavar="N", help="words to show (default: 10)")


def ranking(found: Iterable[tuple[str, float]]) -> Iterator[str]:
    """Lines of rank, score and word; a very long word is truncated."""
    for rank, (word, score) in enumerate(found, start=1):
        yield f"{rank:4d}  {score:7.4f}  {word if len(word) <= WIDTH else word[: WIDTH - 1] + '…'}"


def run(args: argparse.Namespace) -> int:
    """Print rank, cosine and word, one line per word."""
    vectors = read_vectors(args.vectors, args.limit)
    found = vectors.most_similar(args.word, args.count)
    print(f"nearest to {args.word!r} among {len(vectors):,} words of {vectors.vectors.shape[1]} dimensions, by cosine")
    for line in ranking(found):
        print(line)
    return 0
