"""``scratchnn sample DIR``: let a trained model write."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.commands.arguments import LateParser, add_run_folder, add_threads, given_settings, name_written
from scratchnn.errors import DataError
from scratchnn.tasks.trained import load


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: LateParser = commands.add_parser("sample", help="let a trained model write")
    add_run_folder(parser, lambda kind: kind.sampling)
    parser.add_argument("--prompt", default="", help="text to continue (default: the start of a line)")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the prompt and its continuation."""
    try:
        args.prompt.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"the prompt {args.prompt!r} is not UTF-8") from None
    trained = load(args.run_folder)
    settings = trained.known_kind().sampling
    options = given_settings(args, settings)
    print(trained.sample(args.prompt, **options))
    name_written(settings, options)
    return 0
