"""The command line: ``python -m scratchnn COMMAND``. Each command lives in a file of ``scratchnn.commands``."""

from __future__ import annotations

import argparse
import importlib
import sys

from scratchnn import __version__
from scratchnn.errors import ScratchnnError

COMMANDS = ["gradcheck", "train", "sample", "evaluate"]


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each module adds its own through ``add_parser``."""
    parser = argparse.ArgumentParser(prog="scratchnn", description=(sys.modules["scratchnn"].__doc__ or "").strip())
    parser.add_argument("--version", action="version", version=f"scratchnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"scratchnn.commands.{name}").add_parser(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 where a check failed, 2 for bad input, 130 when interrupted."""
    args = build_parser().parse_args(arguments)
    try:
        return args.run(args)
    except ScratchnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, for instance ``| head``
        return 141
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
