"""Files that are either complete or absent: written under a temporary name, then renamed in one step."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from scratchnn.errors import DataError

TEMPORARY = ".part"  # end of the name of a file that is being written


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to, in any number of pieces, that gets its name at the end: no reader, and no crash, sees a part."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")  # its own in each process
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the bytes are on the disk before the name points to them
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # the folder itself may not be writable
            temporary.unlink(missing_ok=True)  # exists only after an error


def remove_unfinished(folder: Path, name: str = "*") -> None:
    """Remove what killed processes left of the file ``name``, or of all files; call it where no other process writes."""
    for file in folder.glob(f".{name}{TEMPORARY}"):
        with suppress(OSError):
            file.unlink()


def check_new_file(path: str, flag: str) -> None:
    """Raise ``DataError`` unless ``path``, the value of an option, is free and in a folder; call it before long work."""
    if not path:
        raise DataError(f"{flag} is empty; name a file")
    if path.endswith(".gz"):
        raise DataError(f"{path} would not be packed; choose an {flag} without .gz")
    if os.path.lexists(path):
        raise DataError(f"{path} already exists; choose another {flag}")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise DataError(f"cannot write {path}: there is no folder {os.path.dirname(path)}; make it first")


def same_place(path: str, other: str) -> bool:
    """Whether two names, neither of which has to exist, are those of one file."""
    return os.path.realpath(path) == os.path.realpath(other)


def write_atomically(path: str | Path, data: bytes | memoryview) -> None:
    """Write ``data`` so that a reader, or a crash at any moment, finds the old file or the new one, never a part."""
    with atomic_file(path) as file:
        file.write(data)
