"""``scratchnn data``: lists, downloads and checks data sets; writes one as plain text, for word vectors."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterator
from typing import Any

from scratchnn.datasets.folder import data_folder
from scratchnn.datasets.registry import DataSet, data_set, data_sets
from scratchnn.errors import DataError
from scratchnn.files import atomic_file, check_new_file
from scratchnn.terminal import progress_bar

COLUMNS = 80
INDENT = 11  # columns of a label in ``data list``
EPILOG = """
    python -m scratchnn data list                      what is known and here
    python -m scratchnn data fetch imdb                download it
    python -m scratchnn data verify                    read and check them
    python -m scratchnn data text imdb --out imdb.txt  a text for train word2vec
"""


def add_parser(commands: Any) -> None:
    """Arguments of the command and its four verbs."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "data",
        help="list, download and check data sets",
        description="List, download and check data sets; write one as plain text.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument("--data", metavar="FOLDER", help="the data folder (default: SCRATCHNN_DATA, else the user's cache)")

    one = verbs.add_parser("list", parents=[folder], help="all known data sets, and whether they are here")
    one.set_defaults(run=run_list)
    one = verbs.add_parser("fetch", parents=[folder], help="download a data set into the data folder")
    one.add_argument("name", metavar="NAME", help="a name from data list")
    one.set_defaults(run=run_fetch)
    one = verbs.add_parser("verify", parents=[folder], help="read data sets and check that they are whole")
    one.add_argument("names", metavar="NAME", nargs="*", help="names from data list (default: all)")
    one.set_defaults(run=run_verify)
    one = verbs.add_parser("text", parents=[folder], help="write a data set as plain text, one document per line")
    old = commands.add_parser("text", parents=[folder], description="The older name of data text.", allow_abbrev=False)
    old.add_argument("--download", action="store_true", help="download the data set if it is missing")
    for both in (one, old):
        both.add_argument("name", metavar="NAME", help="a name from data list, or one of its parts: imdb:unsup")
        both.add_argument("--out", metavar="FILE", help="the text file to write (default: NAME.txt)")
        both.set_defaults(run=run_text, download=False)


def listing(known: list[DataSet], folder: str | None) -> Iterator[str]:
    """Lines of at most 80 columns; the data folder is on a line of its own, as its name may be longer."""
    place = data_folder(folder)
    yield "Data sets are looked for in the folder"
    yield f"  {place}"
    yield "and in its sub-folder NAME. To change it, use --data FOLDER or SCRATCHNN_DATA."
    for dataset in known:
        yield f"\n{dataset.name:{INDENT}}{dataset.about}"
        yield from labelled("licence", dataset.licence)
        yield from labelled("source", dataset.source)
        for part, file in dataset.files.items():
            path = dataset.existing(part, folder)
            if path is not None:
                text = f"here: {os.path.relpath(path, place)}"
            elif file.published is not None:
                text = f"missing: {file.names[0]}, {file.published.size / 1e6:.0f} MB to download"
            else:
                text = f"missing: {' or '.join(file.names)}, to be put there by hand"
            yield from labelled(part, text)
    yield "\nGenerated data sets need no files; see scratchnn.datasets.generated."


def labelled(label: str, text: str) -> list[str]:
    """``text`` after a label, wrapped."""
    first = f"  {label} ".ljust(INDENT)
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def run_list(args: argparse.Namespace) -> int:
    """Print what is known."""
    print(*listing(list(data_sets().values()), args.data), sep="\n")
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    """Download the files that are missing."""
    for path, new in data_set(args.name).fetch(args.data):
        print(f"{path} {'downloaded, size and SHA-256 as published' if new else 'is already there'}", flush=True)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Print one line per data set; the status is 1 if one is damaged."""
    states = set()
    for dataset in [data_set(name) for name in args.names] or data_sets().values():
        state, text = dataset.verify(args.data)
        print(f"{state:8} {dataset.name}: {text}", flush=True)
        states.add(state)
    return int("damaged" in states)


def run_text(args: argparse.Namespace) -> int:
    """Write all lines, or nothing."""
    name, _, part = args.name.partition(":")
    dataset = data_set(name)
    if dataset.lines is None:
        texts = [name for name, known in data_sets().items() if known.lines is not None]
        raise DataError(f"{dataset.name} cannot be written as plain text; choose from {', '.join(texts)}")
    if part and part not in dataset.parts:
        known = ", ".join(f"{name}:{one}" for one in dataset.parts)
        raise DataError(f"{name} has no part {part!r}; choose {f'from {known}' if known else name}")
    path = f"{args.name.replace(':', '-')}.txt" if args.out is None else args.out
    check_new_file(path, "--out")
    lines = words = 0
    with atomic_file(path) as file:
        if args.download:
            list(dataset.fetch(args.data))
        found = dataset.lines(args.data, part) if part else dataset.lines(args.data)
        for line in progress_bar(found, desc=dataset.name, unit="line"):
            file.write(line.encode("utf-8") + b"\n")
            lines += 1
            words += len(line.split())
    print(f"{lines:,} lines, {words:,} words in {path}")
    return 0
