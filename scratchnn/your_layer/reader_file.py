"""The reader's own Python file: loading it, and turning what it raises into one line.

Used for the reader's layers (``check``) and for answers to the exercises (``scratchnn.book.exercises``). The line names the
file, what was called, what was raised, and the line of the reader's file where that happened:

    my_layer.py: forward raised IndexError in line 16: index 7 is out of bounds for axis 0 with size 2
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from scratchnn.errors import DataError

DECLARED = re.compile(rb"(?:[^\n]*\n)?[ \t\f]*#[^\n]*coding[:=]")  # of an encoding, in the first or second line (PEP 263)


class ReaderFileError(DataError):
    """The reader's file cannot be loaded, or what it defines cannot be used."""


def load(path: Path, template_command: str) -> ModuleType:
    """Execute the reader's file and return it as a module; it can import modules from its own folder.

    Args:
        path: the file.
        template_command: the command that prints a file to start from, for the error message if there is no such file.

    Raises:
        ReaderFileError: if there is no such file, if it is a folder, or if executing it raises anything.
    """
    if os.path.isdir(path):
        raise ReaderFileError(f"{path} is a folder; a file is needed, and {template_command} prints one to start from")
    if not os.path.isfile(path):
        raise ReaderFileError(f"no file {path}; {template_command} prints one to start from")
    module = ModuleType(f"reader_file_{path.stem}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # dataclasses, for example, look up their module here
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with blame(path, "the import"):
            exec(compile(source(path, template_command), module.__file__, "exec"), vars(module))
    finally:
        sys.path.pop(0)
    return module


def source(path: Path, template_command: str) -> bytes:
    """The file as Python reads it: UTF-8, or in the encoding that its first lines declare.

    The ``>`` of some shells writes what a command prints in another encoding: Windows PowerShell in UTF-16, which is
    recognised, and cmd in the system's own, which is not.
    """
    try:
        code = path.read_bytes()
    except OSError as error:
        raise ReaderFileError(f"cannot read {path}: {error.strerror or error}") from None
    if code.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        code = code.decode("utf-16").encode("utf-8")
    try:
        code.decode("utf-8")
    except UnicodeDecodeError as error:
        if DECLARED.match(code):
            return code
        line = 1 + code.count(b"\n", 0, error.start)
        raise ReaderFileError(
            f"{path} is not UTF-8: byte 0x{code[error.start]:02x} in line {line}; save it as UTF-8, or write a new "
            f"one with {template_command} --out FILE.py"
        ) from None
    return code


@contextmanager
def blame(path: Path, action: str, hint: Callable[[BaseException], str] | None = None) -> Iterator[None]:
    """Turn any exception of the reader's code into a ``ReaderFileError`` of one line.

    Args:
        path: the reader's file.
        action: what is running inside the ``with`` block, such as ``"forward"``.
        hint: returns advice for an exception, to be appended to the message, or ``""``.
    """
    try:
        yield
    except ReaderFileError:
        raise
    except (Exception, SystemExit) as error:  # the reader's code may raise anything
        advice = hint(error) if hint is not None else ""
        raise ReaderFileError(f"{path}: {action} raised {describe(error, str(path.resolve()))}{advice}") from None


def describe(error: BaseException, own: str) -> str:
    """Type and message of an exception, with the line of the file ``own`` if it was raised there or below."""
    if isinstance(error, SyntaxError):
        line, text = (error.lineno if error.filename == own else None), error.msg
    else:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
        line, text = lines[-1] if lines else None, str(error)
    place = "" if line is None else f" in line {line}"
    return f"{type(error).__name__}{place}: {' '.join(text.split())}"
