"""``scratchnn predict DIR``: the answers of a trained model, one line for each line of input."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scratchnn.commands.arguments import (
    WRITTEN,
    LateParser,
    add_run_folder,
    add_threads,
    given_settings,
    name_written,
)
from scratchnn.errors import DataError
from scratchnn.files import atomic_file, check_new_file, same_place
from scratchnn.tasks.trained import Trained, load
from scratchnn.text.files import split_lines


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: LateParser = commands.add_parser(
        "predict",
        help="the answers of a trained model, one per line",
        epilog="predict DIR --help lists the options of that run",
    )
    add_run_folder(parser, lambda kind: kind.prediction)
    parser.add_argument(
        "texts", nargs="*", default=[], metavar="TEXT", help="lines of input (default: --data, else standard input)"
    )
    parser.add_argument(
        "--data", metavar="FILE", help="input, one line each, or a table (.csv, .tsv, .jsonl); plain or .gz"
    )
    parser.add_argument("--out", metavar="FILE", help="where to write the answers (default: standard output)")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answers, or write them to a file, all of them or none."""
    if args.texts and args.data is not None:
        raise DataError("give the input as TEXT or in a file with --data, not both")
    if args.out is not None:
        check_new_file(args.out, "--out")
    trained = load(args.run_folder)
    settings = trained.known_kind().prediction
    options = given_settings(args, settings)
    for setting in settings:
        also = options[setting.name] if setting.metavar in WRITTEN else None
        if also is not None and args.out is not None and same_place(also, args.out):
            raise DataError(f"{setting.flag} and --out are the same file, {args.out}; choose another --out")
    answers = trained.predict(input_lines(args, trained), **options)
    if args.out is None:
        for answer in answers:
            print(answer)
        name_written(settings, options)
        return 0
    with atomic_file(Path(args.out)) as file:
        file.writelines(f"{answer}\n".encode("utf-8", "backslashreplace") for answer in answers)
    print(f"{len(answers):,} lines in {args.out}")
    name_written(settings, options)
    return 0


def input_lines(args: argparse.Namespace, trained: Trained) -> Iterable[str]:
    """The lines of input, without their ends."""
    if args.texts:
        return list(args.texts)
    if args.data is not None:
        return trained.known_kind().read_input(trained, args.data)
    if sys.stdin is None:
        raise DataError("no input: standard input is closed; give TEXT or --data FILE")
    try:
        return split_lines(sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError("standard input is not UTF-8; convert it first") from None
