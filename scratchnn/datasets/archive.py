"""Reads the files in a .tar.gz one after the other, in memory. Nothing is unpacked, so no member name can be misused.

Python's ``tarfile`` makes an object for each member, with dates and owners, which takes most of its time if there are many
small members. Only name, type and size are needed here. The header of a member is 512 bytes (POSIX.1-1988, ustar):

    0 .. 99 name      124 .. 135 size, octal      156 type, "0" or NUL for a file      345 .. 499 prefix of the name

It is followed by the content, padded with zeros to a multiple of 512 bytes. A header of zeros ends the archive.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from scratchnn.errors import DataError

RECORD = 512


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file whose name is ``wanted``, in the archive's order; ``DataError`` if it is damaged."""
    try:
        with gzip.open(path) as file:
            while any(header := file.read(RECORD)):
                size = int(header[124:136].strip(b"\0 "), 8)
                if size < 0:
                    raise ValueError("a member of negative size")
                content = file.read(-(-size // RECORD) * RECORD)
                if len(content) < size:
                    raise EOFError("its last member is truncated")
                if header[156:157] in b"0\0":
                    prefix = header[345:500] if header[257:263] == b"ustar\0" else b""  # other use in GNU tar
                    name = "/".join(_text(part) for part in (prefix, header[:100]) if part.strip(b"\0"))
                    if wanted(name):
                        yield name, content[:size]
            while file.read(1 << 20):  # gzip's checksum is at the end
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError) as error:  # of a size that is no size
        raise DataError(f"{path} is not a complete .tar.gz archive ({error}); remove it and download it again") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
