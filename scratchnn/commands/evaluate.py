"""``scratchnn evaluate DIR --data FILE``: how good a trained model is on labelled data."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.commands.arguments import LateParser, add_run_folder, add_threads, given_settings
from scratchnn.errors import DataError
from scratchnn.tasks.task import Task
from scratchnn.tasks.trained import checked, load


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: LateParser = commands.add_parser(
        "evaluate",
        help="how good a trained model is on labelled data",
        # DIR after the files would be taken for one of them
        usage="%(prog)s [-h] [--threads N] DIR --data FILE [FILE ...]",
    )
    add_run_folder(parser, lambda kind: kind.evaluation)
    parser.add_argument("--data", "--text", nargs="+", default=[], metavar="FILE", help="labelled data, or a text for lm")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures of the data."""
    trained = load(args.run_folder)
    kind = trained.known_kind()
    if not args.data and isinstance(kind, Task):
        raise DataError("no data: name one or more files with --data FILE")
    trained.settings |= checked("evaluate", kind, kind.evaluation, given_settings(args, kind.evaluation))
    with trained.threads():
        for line in kind.report(trained, args.data):
            print(line)
    return 0
