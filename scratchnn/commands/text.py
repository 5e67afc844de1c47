"""``scratchnn text imdb``: a data set as one plain text, a document a line, to learn word vectors from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from scratchnn.datasets import load_imdb, load_nsmc, load_ptb, plain_words
from scratchnn.errors import DataError
from scratchnn.files import atomic_file


def imdb_lines(folder: str | None, download: bool) -> Iterator[str]:
    """All reviews as lower-case words: train, test, and those without a label."""
    for split in ("train", "test", "unsup"):
        yield from map(plain_words, load_imdb(split, folder, download)[0])


def nsmc_lines(folder: str | None, download: bool) -> Iterator[str]:
    """All documents that are not empty, as they stand: train and test."""
    for split in ("train", "test"):
        yield from filter(None, (" ".join(document.split()) for document in load_nsmc(split, folder, download)[0]))


def ptb_lines(folder: str | None, download: bool) -> Iterator[str]:
    """The training text, without the spaces at both ends of a line."""
    if download:
        raise DataError("the Penn Treebank is licensed and cannot be fetched; put ptb.train.txt into the --data folder")
    yield from map(str.strip, load_ptb("train", folder).splitlines())


KINDS = {
    "imdb": (imdb_lines, "100,000 film reviews, lower-case words"),
    "nsmc": (nsmc_lines, "200,000 Korean film reviews, words as they stand"),
    "ptb": (ptb_lines, "training text of the Penn Treebank"),
}


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("text", help="write a data set as plain text, for word vectors")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, (_, what) in KINDS.items():
        one = kinds.add_parser(kind, help=what, description=f"Write the {what}, a line each.", allow_abbrev=False)
        one.add_argument(
            "--data", metavar="FOLDER", help="where the data set lies (default: SCRATCHNN_DATA, else the cache)"
        )
        one.add_argument("--download", action="store_true", help="fetch it where it is not there")
        one.add_argument("--out", default=f"{kind}.txt", metavar="FILE", help=f"the text (default: {kind}.txt)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the lines, all of them or none."""
    out = Path(args.out)
    if os.path.exists(out):
        raise DataError(f"{out} already exists; choose another --out")
    if out.suffix == ".gz":
        raise DataError(f"{out} is to be a plain text; leave .gz out of its name")
    lines = words = 0
    with atomic_file(out) as file, tqdm(desc=args.kind, unit="line", disable=None, ncols=100, nrows=20) as bar:
        for line in KINDS[args.kind][0](args.data, args.download):
            file.write(line.encode("utf-8") + b"\n")
            lines += 1
            words += len(line.split())
            bar.update()
    print(f"{lines:,} lines, {words:,} words in {out}")
    return 0
