"""Reading the members of a .tar.gz one after the other, in memory: nothing is unpacked, so no name can lead anywhere.

Python's ``tarfile`` makes an object of each member, with dates and owners, which takes most of its time where members are
many and small. Name, kind and size are all that is needed here. The header of a member is 512 bytes (POSIX.1-1988, ustar):

    0 .. 99 name      124 .. 135 size, octal      156 kind, "0" or NUL for a file      345 .. 499 what goes before the name

then the content, filled up with zeros to a multiple of 512 bytes. A header of zeros ends the archive.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from scratchnn.errors import DataError

RECORD = 512


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the archive whose name is ``wanted``, in the archive's order."""
    try:
        with gzip.open(path) as file:
            while any(header := file.read(RECORD)):
                size = int(header[124:136].strip(b"\0 "), 8)
                content = file.read(-(-size // RECORD) * RECORD)
                if len(content) < size:
                    raise EOFError("its last member is cut off")
                if header[156:157] in b"0\0":
                    prefix = header[345:500] if header[257:263] == b"ustar\0" else b""  # GNU keeps other things there
                    name = "/".join(_text(part) for part in (prefix, header[:100]) if part.strip(b"\0"))
                    if wanted(name):
                        yield name, content[:size]
            while file.read(1 << 20):  # to the end, where gzip's checksum is
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is not a whole .tar.gz archive ({error}); remove it and fetch it again") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
