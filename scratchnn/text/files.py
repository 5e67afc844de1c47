"""Reads text files: UTF-8, plain or gzip, with one clear error line for any other content."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from scratchnn.errors import DataError


def read_text(path: str | Path) -> str:
    """The whole file as text, with all line ends converted to line feeds. Files named ``.gz`` are unpacked."""
    path = Path(path)
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}; convert it first"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_texts(paths: list[str] | list[Path]) -> str:
    """Several files, one after the other, each ending in a line end; ``DataError`` if there is no text in them."""
    parts = [read_text(path) for path in paths]
    text = "".join(part if part.endswith("\n") or not part else part + "\n" for part in parts)
    if not text.strip():
        raise DataError(f"no text in {', '.join(map(str, paths))}")
    return text
