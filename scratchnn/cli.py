r"""The command line: ``python -m scratchnn COMMAND``. Each command lives in a file of ``scratchnn.commands``.

What is printed may contain any character, and a terminal or a pipe may have an encoding without it (cp949, cp1252, ASCII).
Such a character is printed as its escape, ``\uc655``, rather than as an error or a question mark. Files are always UTF-8.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import warnings
from contextlib import suppress
from typing import TextIO

from scratchnn import __version__
from scratchnn.backend.threads import chosen_threads
from scratchnn.commands.arguments import LateParser, Parser
from scratchnn.errors import ScratchnnError, ScratchnnWarning

COMMANDS = [
    "tour",
    "gradcheck",
    "exercise",
    "learn",
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
TOO_LARGE = ("array is too big", "Maximum allowed dimension exceeded")  # NumPy's ValueErrors for sizes beyond an address


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each module adds its own through ``add_parser``."""
    parser = Parser(prog="scratchnn", description=(sys.modules["scratchnn"].__doc__ or "").strip())
    parser.add_argument("--version", action="version", version=f"scratchnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=LateParser)
    for name in COMMANDS:
        importlib.import_module(f"scratchnn.commands.{name}").add_parser(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status.

    Returns:
        0; 1 if a check failed; 2 for bad input, or if the output cannot be written; 130 when interrupted; 141 if the
        program that reads the output has ended.
    """
    prepare_streams()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            args = build_parser().parse_args(arguments)
            with chosen_threads(getattr(args, "threads", None), "--threads"):
                status: int = args.run(args)
        sys.stdout.flush()
        return status
    except ScratchnnError as error:
        return complain(f"error: {error}")
    except (MemoryError, OverflowError) as error:
        return complain(f"error: not enough memory; use smaller sizes ({error})")
    except ValueError as error:
        if not str(error).startswith(TOO_LARGE):
            raise
        return complain(f"error: not enough memory; use smaller sizes ({error})")
    except BrokenPipeError:  # the program that read our output has ended, for instance ``| head``
        discard(sys.stdout)
        return 141
    except OSError as error:  # without the name of a file: of the output, as on a full disk
        if error.filename is not None:
            raise
        discard(sys.stdout)
        return complain(f"error: cannot write the output: {error.strerror or error}")
    except KeyboardInterrupt:
        return complain("\ninterrupted", 130)


def prepare_streams() -> None:
    """Print what the encoding of a stream lacks as an escape; what is printed to a closed stream is discarded."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (open until the end)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """One line for a warning about the user's files; Python's usual text, with its place, for any other."""
    if issubclass(category, ScratchnnWarning):
        complain(f"warning: {message}")
    else:
        complain(warnings.formatwarning(message, category, filename, lineno).rstrip("\n"))


def complain(text: str, status: int = 2) -> int:
    """Print to stderr, which may be full or closed; returns ``status``."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)
    return status


def discard(stream: TextIO) -> None:
    """Send what is still to be printed nowhere, or Python complains when it flushes at its end."""
    with suppress(OSError):  # a stream without a file number, in a test or a notebook
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
