"""The command line: ``python -m scratchnn COMMAND``. Each command lives in a file of ``scratchnn.commands``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from scratchnn import __version__
from scratchnn.commands.arguments import LateParser, Parser
from scratchnn.errors import ScratchnnError

COMMANDS = [
    "tour",
    "gradcheck",
    "exercise",
    "train",
    "sample",
    "evaluate",
    "predict",
    "similar",
    "analogy",
    "evaluate_vectors",
    "data",
    "doctor",
]


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each module adds its own through ``add_parser``."""
    parser = Parser(prog="scratchnn", description=(sys.modules["scratchnn"].__doc__ or "").strip())
    parser.add_argument("--version", action="version", version=f"scratchnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=LateParser)
    for name in COMMANDS:
        importlib.import_module(f"scratchnn.commands.{name}").add_parser(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 if a check failed, 2 for bad input, 130 when interrupted."""
    args = build_parser().parse_args(arguments)
    try:
        status = args.run(args)
        sys.stdout.flush()
        return status
    except ScratchnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"error: not enough memory; use smaller sizes ({error})", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the program that read our output has ended, for instance ``| head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at its end
        return 141
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
