"""``scratchnn evaluate DIR --data FILE``: how good a trained model is on labelled data."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.commands.arguments import add_threads
from scratchnn.errors import DataError
from scratchnn.tasks.task import Task
from scratchnn.tasks.trained import load


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "evaluate",
        help="how good a trained model is on labelled data",
        # DIR after the files would be taken for one of them
        usage="%(prog)s [-h] [--threads N] DIR --data FILE [FILE ...]",
    )
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train")
    parser.add_argument("--data", "--text", nargs="+", default=[], metavar="FILE", help="labelled data, or a text for lm")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures of the data."""
    trained = load(args.run_folder)
    kind = trained.known_kind()
    if not args.data and isinstance(kind, Task):
        raise DataError("no data: name one or more files with --data FILE")
    with trained.threads():
        for line in kind.report(trained, args.data):
            print(line)
    return 0
